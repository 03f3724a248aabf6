package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.com/landfall/examples/bookshop/internal/order"
	"example.com/landfall/examples/bookshop/internal/schema"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

// Order is an order as the database holds it.
type Order struct {
	ID          string        `json:"id"`
	Number      int64         `json:"number"`
	Content     order.Content `json:"content"`
	Titles      []string      `json:"titles"` // of the lines' books
	Hash        string        `json:"hash"`
	Status      string        `json:"status"`
	TotalCents  int64         `json:"totalCents"`
	PlacedAt    time.Time     `json:"placedAt"`
	FulfilledAt *time.Time    `json:"fulfilledAt,omitempty"`
}

// Place accepts an order, or finds that it was accepted before. created is
// false in the second case.
//
// Errors wrap order.ErrInvalid, ErrDifferent, ErrSequenceTaken or
// ErrOutOfStock when the order is refused for good. Otherwise the kind
// matters: trouble.Unknown means that the commit got no answer and the caller
// has to ask again with the same id; any other kind that nothing was written.
func (s *Store) Place(ctx context.Context, id string, content order.Content) (placed Order, created bool, err error) {
	if err := errors.Join(order.CheckID(id), content.Check()); err != nil {
		return Order{}, false, err
	}
	err = s.write(ctx, "place order", id, func(tx pgx.Tx) error {
		var err error
		created, err = place(ctx, tx, id, content)
		return err
	})
	switch {
	case schema.Constraint(err) == "orders_customer_seq":
		return Order{}, false, fmt.Errorf("%w: %d", order.ErrSequenceTaken, content.Sequence)
	case schema.Constraint(err) == "stock_not_negative":
		return Order{}, false, order.ErrOutOfStock
	case err != nil:
		return Order{}, false, err
	}
	placed, err = s.Order(ctx, id)
	if err != nil {
		// The id is in the database, from this call or an earlier one; with
		// which content is what could not be read.
		return Order{}, created, trouble.Of(trouble.Unknown, "read back order", id, err)
	}
	if placed.Hash != content.Hash() {
		return Order{}, false, order.ErrDifferent
	}
	return placed, created, nil
}

func place(ctx context.Context, tx pgx.Tx, id string, content order.Content) (created bool, err error) {
	total, err := totalCents(ctx, tx, content)
	if err != nil {
		return false, err
	}
	var customer int64
	// The second arm finds the customer when the insert met an existing row.
	err = tx.QueryRow(ctx, `WITH added AS (
			INSERT INTO customer (handle) VALUES ($1) ON CONFLICT (handle) DO NOTHING RETURNING customer_id)
		SELECT customer_id FROM added UNION ALL SELECT customer_id FROM customer WHERE handle = $1 LIMIT 1`,
		content.Customer).Scan(&customer)
	if errors.Is(err, pgx.ErrNoRows) {
		// Another transaction committed the row after this statement's
		// snapshot was taken; the next statement sees it.
		err = tx.QueryRow(ctx, "SELECT customer_id FROM customer WHERE handle = $1", content.Customer).Scan(&customer)
	}
	if err != nil {
		return false, err
	}
	hash, err := hex.DecodeString(content.Hash())
	if err != nil {
		return false, trouble.Of(trouble.Internal, "decode hash", "", err)
	}
	var number int64
	// A concurrent insert of the same id makes this statement wait until the
	// other transaction ends, so one of the two sees the other's row.
	err = tx.QueryRow(ctx, `INSERT INTO orders (client_order_id, customer_id, customer_seq, content_sha256, total_cents)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT (client_order_id) DO NOTHING RETURNING order_no`,
		id, customer, content.Sequence, hash, total).Scan(&number)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, placeDetails(ctx, tx, number, id, content)
}

// totalCents prices the order, and refuses books that are not in the catalogue.
func totalCents(ctx context.Context, tx pgx.Tx, content order.Content) (int64, error) {
	books, quantities := columns(content)
	var total, known int64
	err := tx.QueryRow(ctx, `SELECT coalesce(sum(b.price_cents::bigint * l.quantity), 0)::bigint, count(*)
		FROM unnest($1::bigint[], $2::int[]) AS l (book_id, quantity) JOIN book b USING (book_id)`,
		books, quantities).Scan(&total, &known)
	if err == nil && known != int64(len(books)) {
		return 0, fmt.Errorf("%w: %d of %d books are not in the catalogue", order.ErrInvalid, int64(len(books))-known, len(books))
	}
	return total, err
}

func placeDetails(ctx context.Context, tx pgx.Tx, number int64, id string, content order.Content) error {
	books, quantities := columns(content)
	batch := &pgx.Batch{} // one round trip instead of four
	batch.Queue(`INSERT INTO order_line (order_no, line_no, book_id, quantity, unit_price_cents)
		SELECT $1, l.line_no, l.book_id, l.quantity, b.price_cents
		FROM unnest($2::bigint[], $3::int[]) WITH ORDINALITY AS l (book_id, quantity, line_no) JOIN book b USING (book_id)`,
		number, books, quantities)
	// In the order of the books, so that two orders lock stock rows in the
	// same order and cannot deadlock.
	batch.Queue(`INSERT INTO stock_movement (book_id, order_no, quantity)
		SELECT l.book_id, $1, -l.quantity FROM unnest($2::bigint[], $3::int[]) AS l (book_id, quantity) ORDER BY l.book_id`,
		number, books, quantities)
	batch.Queue("INSERT INTO order_event (order_no, kind) VALUES ($1, 'accepted')", number)
	batch.Queue("INSERT INTO outbox (order_no, message) VALUES ($1, jsonb_build_object('orderId', $2::text))", number, id)
	return tx.SendBatch(ctx, batch).Close()
}

func columns(content order.Content) (books []int64, quantities []int32) {
	for _, line := range content.Lines {
		books = append(books, line.BookID)
		quantities = append(quantities, int32(line.Quantity)) // at most order.MaxQuantity
	}
	return books, quantities
}

// Order returns the order with the client's id; trouble.NotFound without one.
func (s *Store) Order(ctx context.Context, id string) (Order, error) {
	rows, err := s.pool.Query(ctx, `SELECT o.order_no, c.handle, o.customer_seq, encode(o.content_sha256, 'hex'),
			o.status::text, o.total_cents, o.placed_at, o.fulfilled_at, l.book_id, l.quantity, b.title
		FROM orders o JOIN customer c USING (customer_id) JOIN order_line l USING (order_no) JOIN book b USING (book_id)
		WHERE o.client_order_id = $1 ORDER BY l.line_no`, id)
	if err != nil {
		return Order{}, schema.Trouble(err, "read order", id)
	}
	o := Order{ID: id}
	var line order.Line
	var title string
	_, err = pgx.ForEachRow(rows, []any{&o.Number, &o.Content.Customer, &o.Content.Sequence, &o.Hash,
		&o.Status, &o.TotalCents, &o.PlacedAt, &o.FulfilledAt, &line.BookID, &line.Quantity, &title}, func() error {
		o.Titles = append(o.Titles, title)
		o.Content.Lines = append(o.Content.Lines, line)
		return nil
	})
	if err != nil {
		return Order{}, schema.Trouble(err, "read order", id)
	}
	if len(o.Content.Lines) == 0 {
		return Order{}, trouble.Of(trouble.NotFound, "read order", id, nil)
	}
	return o, nil
}

// InvoiceTemplate returns the text of the invoice form, a large object.
func (s *Store) InvoiceTemplate(ctx context.Context, name string) (string, error) {
	var body []byte
	err := s.pool.QueryRow(ctx, "SELECT lo_get(body) FROM invoice_template WHERE name = $1", name).Scan(&body)
	return string(body), schema.Trouble(err, "read invoice template", name)
}

// committed tells a commit that was refused (rolled back for sure) from one
// whose answer was lost (unknown).
func committed(err error, op, resource string) error {
	if err == nil {
		return nil
	}
	if _, answered := errors.AsType[*pgconn.PgError](err); answered || errors.Is(err, pgx.ErrTxCommitRollback) {
		return err
	}
	return trouble.Of(trouble.Unknown, op, resource, err)
}
