package audit

import (
	"context"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/examples/bookshop/internal/journal"
	"example.com/landfall/examples/bookshop/internal/order"
)

// found is one order as its rows in all tables say it.
type found struct {
	id, customer, hash, status        string
	number, sequence, total           int64
	books                             []int64
	quantities                        []int64
	lineCents                         int64
	ledgerRows, ledgerCents, ledgerUp int64 // rows, their sum, the receivable; cents
	accepted, fulfilled               int64 // events
	moved                             bool  // the stock movements equal the lines
	owed                              bool  // there is an outbox row
}

// The joins are LEFT and the sub-selects count, so that an order with missing
// or extra rows elsewhere is seen rather than left out.
const ordersQuery = `SELECT o.client_order_id, o.order_no, coalesce(c.handle, ''), o.customer_seq,
	encode(o.content_sha256, 'hex'), o.status::text, o.total_cents,
	coalesce(l.books, '{}'), coalesce(l.quantities, '{}'), coalesce(l.cents, 0),
	(SELECT count(*) FROM shop.ledger_entry e WHERE e.order_no = o.order_no),
	(SELECT coalesce(sum(e.amount) * 100, 0)::bigint FROM shop.ledger_entry e WHERE e.order_no = o.order_no),
	(SELECT coalesce(sum(e.amount) * 100, 0)::bigint FROM shop.ledger_entry e WHERE e.order_no = o.order_no AND e.account = 'receivable'),
	(SELECT count(*) FROM shop.order_event v WHERE v.order_no = o.order_no AND v.kind = 'accepted'),
	(SELECT count(*) FROM shop.order_event v WHERE v.order_no = o.order_no AND v.kind = 'fulfilled'),
	coalesce(l.sold, '{}') = coalesce((SELECT array_agg(m.book_id || ':' || -m.quantity ORDER BY m.book_id, m.quantity)
		FROM shop.stock_movement m WHERE m.order_no = o.order_no), '{}'),
	EXISTS (SELECT FROM shop.outbox b WHERE b.order_no = o.order_no)
FROM shop.orders o
LEFT JOIN shop.customer c USING (customer_id)
LEFT JOIN LATERAL (
	SELECT array_agg(book_id ORDER BY line_no) AS books, array_agg(quantity::bigint ORDER BY line_no) AS quantities,
		sum(line_cents)::bigint AS cents, array_agg(book_id || ':' || quantity ORDER BY book_id, quantity) AS sold
	FROM shop.order_line WHERE order_no = o.order_no) l ON true
WHERE ` + ofRuns + `
ORDER BY o.order_no, o.client_order_id`

// orders compares every order of the runs.
func (a *auditor) orders(ctx context.Context) error {
	rows, err := a.tx.Query(ctx, ordersQuery, a.result.Runs)
	if err != nil {
		return err
	}
	var f found
	_, err = pgx.ForEachRow(rows, []any{&f.id, &f.number, &f.customer, &f.sequence, &f.hash, &f.status, &f.total,
		&f.books, &f.quantities, &f.lineCents, &f.ledgerRows, &f.ledgerCents, &f.ledgerUp, &f.accepted, &f.fulfilled,
		&f.moved, &f.owed}, func() error {
		a.order(f)
		return nil
	})
	return err
}

func (a *auditor) order(f found) {
	a.result.Found++
	a.found[f.id]++
	if n := a.found[f.id]; n > 1 {
		a.violate(Doubled, f.id, "in the database %d times, again as number %d", n, f.number)
		return
	}
	a.content(f)
	a.position(f)
	a.settled(f)
	if !f.moved {
		a.violate(Stock, f.id, "its stock movements are not its lines")
	}
}

// content compares an order with what the journal says of it.
func (a *auditor) content(f found) {
	entry, tried := a.tried[f.id]
	if !tried {
		a.violate(Foreign, f.id, "in the database as number %d, and in no journal", f.number)
		return
	}
	if entry.Outcome == journal.Refused {
		a.violate(Revived, f.id, "refused, and in the database as number %d", f.number)
	}
	if entry.Outcome == journal.Unknown {
		a.result.Arrived++
	}
	switch hash := f.content().Hash(); {
	case hash != entry.Hash:
		a.violate(Changed, f.id, "its rows have the content hash %.12s, the client sent %.12s", hash, entry.Hash)
	case f.hash != entry.Hash:
		a.violate(Changed, f.id, "the hash stored with it is %.12s, the client sent %.12s", f.hash, entry.Hash)
	case f.total != f.lineCents:
		a.violate(Changed, f.id, "its total is %d cents, its lines sum to %d", f.total, f.lineCents)
	case entry.Outcome == journal.Accepted:
		a.result.Confirmed++
	}
}

// content rebuilds what the client sent from the rows.
func (f found) content() order.Content {
	content := order.Content{Customer: f.customer, Sequence: f.sequence}
	for i, book := range f.books {
		content.Lines = append(content.Lines, order.Line{BookID: book, Quantity: int(f.quantities[i])})
	}
	return content
}

// position looks whether a customer's orders got their numbers in the order
// in which the customer placed them. Rows come in the order of the numbers.
func (a *auditor) position(f found) {
	last, before := a.last[f.customer]
	if before && f.sequence <= last.sequence {
		a.violate(Reordered, f.id, "customer %s: order %d of theirs got number %d, behind order %d with number %d",
			f.customer, f.sequence, f.number, last.sequence, last.number)
	}
	a.last[f.customer] = position{max(f.sequence, last.sequence), f.number}
}

// settled looks whether an order was fulfilled exactly once, or waits for it.
func (a *auditor) settled(f found) {
	if f.accepted != 1 {
		a.violate(Misbooked, f.id, "%d events say that it was accepted", f.accepted)
	}
	switch f.status {
	case "fulfilled":
		a.result.Fulfilled++
		if f.ledgerRows != 2 || f.ledgerCents != 0 || f.ledgerUp != f.total || f.fulfilled != 1 || f.owed {
			a.violate(Misbooked, f.id, "fulfilled with %d ledger rows that sum to %d cents, %d receivable of %d, %d events, queued: %t",
				f.ledgerRows, f.ledgerCents, f.ledgerUp, f.total, f.fulfilled, f.owed)
		}
	case "accepted":
		if f.ledgerRows != 0 || f.fulfilled != 0 {
			a.violate(Misbooked, f.id, "not fulfilled, but %d ledger rows and %d events say so", f.ledgerRows, f.fulfilled)
		}
		if !f.owed {
			a.violate(Unsettled, f.id, "accepted, not fulfilled, and not queued either")
			return
		}
		a.result.Queued++
	default:
		a.violate(Unsettled, f.id, "given up: its status is %q", f.status)
	}
}
