package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/examples/bookshop/internal/journal"
	"example.com/landfall/examples/bookshop/internal/schema"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

// Options say what to audit.
type Options struct {
	Journals []*journal.Journal
	// Wait is how long orders of the runs may take to be fulfilled before the
	// audit begins; 0 does not wait.
	Wait time.Duration
}

// auditor collects what it finds.
type auditor struct {
	tx     pgx.Tx
	result Result
	tried  map[string]journal.Entry
	found  map[string]int      // how often each order is in the database
	last   map[string]position // per customer
}

// position is where a customer's last order stands.
type position struct {
	sequence, number int64
}

// Run audits the database at conn. Violations are in the result; an error
// means that there is none.
func Run(ctx context.Context, conn *pgx.Conn, opts Options) (Result, error) {
	a := &auditor{tried: map[string]journal.Entry{}, found: map[string]int{}, last: map[string]position{}}
	a.result.Violations = []Violation{} // an empty list in JSON, not null
	if err := a.read(opts.Journals); err != nil {
		return Result{}, err
	}
	if err := settle(ctx, conn, a.result.Runs, opts.Wait); err != nil {
		return Result{}, err
	}
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, conn, options, func(tx pgx.Tx) error {
		a.tx = tx
		if err := a.orders(ctx); err != nil {
			return err
		}
		a.missing(opts.Journals)
		if err := a.stock(ctx); err != nil {
			return err
		}
		return a.numbering(ctx)
	})
	a.result.Customers = len(a.last)
	a.result.OK = len(a.result.Violations) == 0
	return a.result, schema.Trouble(err, "audit the database", "")
}

// read takes the journals in. The same run twice is refused: two generators
// under one name would accuse each other.
func (a *auditor) read(journals []*journal.Journal) error {
	seen := map[string]bool{}
	for _, j := range journals {
		if seen[j.Run] {
			return trouble.Of(trouble.Invalid, "read journals", j.Run, fmt.Errorf("two journals of one run"))
		}
		seen[j.Run] = true
		a.result.Runs = append(a.result.Runs, j.Run)
		a.result.Truncated += j.Truncated
		a.result.Tried += len(j.Entries)
		for _, e := range j.Entries {
			a.tried[e.ID] = e
			switch e.Outcome {
			case journal.Accepted:
				a.result.Accepted++
			case journal.Refused:
				a.result.Refused++
			default:
				a.result.Unknown++
			}
		}
	}
	return nil
}

// settle waits until no order of the runs is owed to the queue, or until wait
// is over; what is left then is counted as queued.
func settle(ctx context.Context, conn *pgx.Conn, runs []string, wait time.Duration) error {
	deadline := time.Now().Add(wait)
	for wait > 0 {
		var owed int64
		err := conn.QueryRow(ctx, `SELECT count(*) FROM shop.outbox JOIN shop.orders USING (order_no) WHERE `+ofRuns, runs).Scan(&owed)
		if err != nil {
			return schema.Trouble(err, "count queued orders", "")
		}
		if owed == 0 || time.Now().After(deadline) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	return nil
}

// ofRuns is true for the orders of the runs in $1: the run's name, a dash, a
// number. The number matters, because "r1-b" is another run than "r1". The
// names hold nothing that LIKE reads in its own way; the generator sees to it.
const ofRuns = `EXISTS (SELECT FROM unnest($1::text[]) AS run
	WHERE client_order_id LIKE run || '-%' AND substr(client_order_id, length(run) + 2) ~ '^[0-9]+$')`

func (a *auditor) violate(kind Kind, order, format string, args ...any) {
	a.result.Violations = append(a.result.Violations, Violation{kind, order, fmt.Sprintf(format, args...)})
}

// missing reports accepted orders that are not in the database, in the order
// of the journals.
func (a *auditor) missing(journals []*journal.Journal) {
	for _, j := range journals {
		for _, e := range j.Entries {
			if e.Outcome == journal.Accepted && a.found[e.ID] == 0 {
				a.violate(Lost, e.ID, "accepted (customer %s, number %d of theirs), and not in the database", e.Customer, e.Sequence)
			}
		}
	}
}

// stock holds the count on hand of every book against its movements.
func (a *auditor) stock(ctx context.Context) error {
	rows, err := a.tx.Query(ctx, `SELECT book_id, coalesce(s.on_hand, 0), coalesce(m.moved, 0)
		FROM shop.stock s FULL JOIN (SELECT book_id, sum(quantity)::bigint AS moved FROM shop.stock_movement GROUP BY book_id) m USING (book_id)
		ORDER BY book_id`)
	if err != nil {
		return err
	}
	var book, onHand, moved int64
	_, err = pgx.ForEachRow(rows, []any{&book, &onHand, &moved}, func() error {
		a.result.StockBooks++
		if onHand != moved {
			a.violate(Stock, "", "book %d: %d on hand, but the movements sum to %d", book, onHand, moved)
		}
		return nil
	})
	return err
}

// numbered are the columns whose numbers are given out while the shop serves.
func numbered() [][2]string {
	return [][2]string{
		{"orders", "order_no"}, {"customer", "customer_id"}, {"outbox", "outbox_id"},
		{"ledger_entry", "entry_id"}, {"stock_movement", "movement_id"},
	}
}

// numbering looks whether the next numbers are free. A sequence that was not
// carried along in a migration starts over and hands numbers out twice, and
// that of an identity column, which nobody sees, most of all.
func (a *auditor) numbering(ctx context.Context) error {
	for _, n := range numbered() {
		table, column := n[0], n[1]
		var sequence *string
		// The numbers of orders come from a sequence of their own.
		err := a.tx.QueryRow(ctx, `SELECT CASE $1 WHEN 'shop.orders' THEN 'shop.order_number' ELSE pg_get_serial_sequence($1, $2) END`, "shop."+table, column).Scan(&sequence)
		if err != nil {
			return err
		}
		if sequence == nil {
			a.violate(Numbering, "", "%s.%s has no sequence any more", table, column)
			continue
		}
		var next, highest int64
		// A sequence that was set, and not asked since, gives out the number it
		// stands at (is_called, "CREATE SEQUENCE" in the PostgreSQL manual).
		err = a.tx.QueryRow(ctx, fmt.Sprintf(`SELECT s.last_value + s.is_called::int, coalesce((SELECT max(%s) FROM shop.%s), 0) FROM %s s`, column, table, *sequence)).Scan(&next, &highest)
		if err != nil {
			return err
		}
		if next <= highest {
			a.violate(Numbering, "", "the next number of %s.%s is %d, but %d is in use", table, column, next, highest)
		}
	}
	return nil
}
