package stock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/examples/bookshop/internal/schema"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

// Options say what to fill the shop with.
type Options struct {
	Books  int    `json:"books"`
	Orders int    `json:"orders"`
	Seed   uint64 `json:"seed"`
}

// Check returns an error that names the option that is out of bounds.
func (o Options) Check() error {
	if o.Books < 1 || o.Books > 1_000_000 || o.Orders < 0 || o.Orders > 5_000_000 {
		return trouble.Of(trouble.Usage, "stock the shop", "", fmt.Errorf("%d books and %d orders: want 1 to 1000000 and 0 to 5000000", o.Books, o.Orders))
	}
	return nil
}

// Rows fills the tables in one transaction. It returns false, and changes
// nothing, when the shop was filled with the same options before; with other
// options it is trouble.Conflict.
func Rows(ctx context.Context, conn *pgx.Conn, opts Options, now time.Time) (filled bool, err error) {
	if err := opts.Check(); err != nil {
		return false, err
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		before, found, err := stocked(ctx, tx)
		if err != nil || found {
			return sameStock(err, before, opts)
		}
		g, err := generate(opts, now)
		if err != nil {
			return trouble.Of(trouble.Internal, "generate rows", "", err)
		}
		filled = true
		if err := copyAll(ctx, tx, g); err != nil {
			return err
		}
		return finish(ctx, tx, opts, now)
	})
	if err == nil && filled {
		// Otherwise the first minutes would be planned without statistics.
		_, err = conn.Exec(ctx, "ANALYZE shop.book, shop.book_author, shop.author, shop.stock, shop.orders, shop.order_line, shop.customer")
	}
	return filled && err == nil, schema.Trouble(err, "stock the shop", "")
}

// stocked takes a lock that a second `bookshop stock` waits for, and reads
// what the shop was filled with.
func stocked(ctx context.Context, tx pgx.Tx) (before Options, found bool, err error) {
	if _, err := tx.Exec(ctx, "LOCK TABLE shop.setting IN EXCLUSIVE MODE"); err != nil {
		return Options{}, false, err
	}
	var text []byte
	err = tx.QueryRow(ctx, "SELECT value FROM shop.setting WHERE name = 'stock'").Scan(&text)
	if errors.Is(err, pgx.ErrNoRows) {
		return Options{}, false, nil
	}
	if err != nil {
		return Options{}, false, err
	}
	return before, true, json.Unmarshal(text, &before)
}

func sameStock(err error, before, now Options) error {
	if err == nil && before != now {
		return trouble.Of(trouble.Conflict, "stock the shop", "",
			fmt.Errorf("it was stocked with %d books, %d orders, seed %d: use the same, or another database", before.Books, before.Orders, before.Seed))
	}
	return err
}

// copyAll copies the tables, those that are referred to first.
func copyAll(ctx context.Context, tx pgx.Tx, g *rows) error {
	// COPY in binary needs the enum's own type on the wire.
	for _, name := range []string{"shop.book_format", "shop.order_status"} {
		kind, err := tx.Conn().LoadType(ctx, name)
		if err != nil {
			return err
		}
		tx.Conn().TypeMap().RegisterType(kind)
	}
	for _, table := range []struct {
		name    string
		columns []string
		rows    [][]any
	}{
		{"category", []string{"category_id", "name"}, g.categories},
		{"publisher", []string{"publisher_id", "name"}, g.publishers},
		{"author", []string{"author_id", "given", "family"}, g.authors},
		{"book", []string{"book_id", "isbn", "title", "subtitle", "publisher_id", "category_id", "format", "published_on", "price_cents", "subjects", "details"}, g.books},
		{"book_author", []string{"book_id", "author_id", "position"}, g.bookAuthors},
		{"customer", []string{"customer_id", "handle"}, g.customers},
		{"orders", []string{"order_no", "client_order_id", "customer_id", "customer_seq", "content_sha256", "status", "total_cents", "placed_at", "fulfilled_at"}, g.orders},
		{"order_line", []string{"order_no", "line_no", "book_id", "quantity", "unit_price_cents"}, g.lines},
		{"order_event", []string{"order_no", "occurred_at", "kind"}, g.events},
		{"ledger_entry", []string{"order_no", "account", "amount", "entered_at"}, g.ledger},
		{"stock_movement", []string{"book_id", "order_no", "quantity", "moved_at"}, g.movements},
	} {
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{"shop", table.name}, table.columns, pgx.CopyFromRows(table.rows)); err != nil {
			return schema.Trouble(err, "fill table", table.name)
		}
	}
	return nil
}

// finish moves the sequences behind the numbers that were given out, and
// writes down what the shop was filled with.
func finish(ctx context.Context, tx pgx.Tx, opts Options, now time.Time) error {
	note, err := json.Marshal(opts)
	if err != nil {
		return trouble.Of(trouble.Internal, "encode options", "", err)
	}
	batch := &pgx.Batch{}
	for _, s := range sequences() {
		table, column := s[0], s[1]
		batch.Queue(fmt.Sprintf("SELECT setval(pg_get_serial_sequence('shop.%s', '%s'), greatest((SELECT max(%s) FROM shop.%s), 1))", table, column, column, table))
	}
	batch.Queue("SELECT setval('shop.order_number', greatest((SELECT max(order_no) FROM shop.orders), 1000))")
	batch.Queue("SELECT shop.ensure_event_months($1, $2)", schema.Month(now, 0), schema.Month(now, 2))
	batch.Queue("REFRESH MATERIALIZED VIEW shop.best_seller")
	batch.Queue("INSERT INTO shop.setting (name, value) VALUES ('stock', $1)", note)
	return tx.SendBatch(ctx, batch).Close()
}

// sequences gives each table whose numbers are given out by generate, and its
// identity column.
func sequences() [][2]string {
	return [][2]string{
		{"category", "category_id"}, {"publisher", "publisher_id"}, {"author", "author_id"}, {"book", "book_id"}, {"customer", "customer_id"},
	}
}
