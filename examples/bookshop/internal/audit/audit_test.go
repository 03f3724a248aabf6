package audit_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/examples/bookshop/internal/audit"
	"example.com/landfall/examples/bookshop/internal/journal"
	"example.com/landfall/examples/bookshop/internal/order"
	"example.com/landfall/examples/bookshop/internal/schema"
	"example.com/landfall/examples/bookshop/internal/shoptest"
	"example.com/landfall/examples/bookshop/internal/stock"
	"example.com/landfall/examples/bookshop/internal/store"
	"example.com/landfall/examples/bookshop/internal/trouble"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// scene is a shop with a run of twelve orders by three customers: all
// accepted, the last two still queued; and in the journal one refused order
// and two of unknown outcome, one of which arrived.
type scene struct {
	conn    *pgx.Conn
	journal *journal.Journal
}

func place(t *testing.T, s *store.Store, e *journal.Entry) {
	t.Helper()
	c := order.Content{Customer: e.Customer, Sequence: e.Sequence, Lines: []order.Line{{BookID: 4 + e.Sequence, Quantity: 2}, {BookID: 3, Quantity: 1}}}
	e.Hash = c.Hash()
	if _, _, err := s.Place(t.Context(), e.ID, c); err != nil {
		t.Fatal(err)
	}
}

func newScene(t *testing.T) *scene {
	t.Helper()
	url, j := newDatabase(t)
	return open(t, url, j)
}

func open(t *testing.T, url string, j *journal.Journal) *scene {
	t.Helper()
	conn := shoptest.Connect(t, url)
	shoptest.Exec(t, conn, "SET search_path = shop, public")
	return &scene{conn, j}
}

// newDatabase sets the scene and leaves no connection open, so that the
// database can be a template for others.
func newDatabase(t *testing.T) (string, *journal.Journal) {
	t.Helper()
	url := shoptest.Owned(t, testkit.Postgres(t).URL())
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := schema.Apply(t.Context(), conn, time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := stock.Rows(t.Context(), conn, stock.Options{Books: 20, Orders: 10, Seed: 1}, time.Now()); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	j := &journal.Journal{Run: "r1"}
	for i := range 12 {
		e := journal.Entry{ID: fmt.Sprintf("r1-%08d", i), Customer: fmt.Sprintf("r1-c%d", i%3), Sequence: int64(i/3 + 1), Attempts: 1, Outcome: journal.Accepted}
		place(t, s, &e)
		if i < 10 {
			if _, err := s.Fulfil(t.Context(), e.ID); err != nil {
				t.Fatal(err)
			}
		}
		j.Entries = append(j.Entries, e)
	}
	arrived := journal.Entry{ID: "r1-00000012", Customer: "r1-c9", Sequence: 1, Outcome: journal.Unknown}
	place(t, s, &arrived)
	j.Entries = append(j.Entries, arrived,
		journal.Entry{ID: "r1-00000013", Customer: "r1-c8", Sequence: 1, Hash: "ff", Outcome: journal.Unknown},
		journal.Entry{ID: "r1-00000014", Customer: "r1-c7", Sequence: 1, Hash: "ff", Outcome: journal.Refused})
	return url, j
}

func (s *scene) audit(t *testing.T) audit.Result {
	t.Helper()
	result, err := audit.Run(t.Context(), s.conn, audit.Options{Journals: []*journal.Journal{s.journal}})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestNothingWrong(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	shoptest.Exec(t, s.conn, "SET default_transaction_read_only = on") // an audit works behind a fence
	r := s.audit(t)
	want := audit.Result{OK: true, Tried: 15, Accepted: 12, Refused: 1, Unknown: 2, Found: 13, Confirmed: 12, Arrived: 1, Fulfilled: 10, Queued: 3, Customers: 4, StockBooks: 20}
	want.Runs, want.Violations = r.Runs, r.Violations
	if fmt.Sprintf("%+v", r) != fmt.Sprintf("%+v", want) || len(r.Violations) != 0 {
		t.Errorf("got  %+v\nwant %+v", r, want)
	}
	var text bytes.Buffer
	if err := r.Text(&text); err != nil || !strings.Contains(text.String(), "no order was lost") {
		t.Errorf("text: %v\n%s", err, &text)
	}
}

// Every kind of damage is done to a database for real, constraints and
// triggers out of the way as they may be after a bad copy, and must be found
// as what it is and on the order it was done to.
func TestEveryKindOfDamageIsFound(t *testing.T) {
	t.Parallel()
	url, j := newDatabase(t)
	const o = "(SELECT order_no FROM orders WHERE client_order_id = 'r1-00000004')"
	erase := func(id string) string {
		n := "(SELECT order_no FROM orders WHERE client_order_id = '" + id + "')"
		return "DELETE FROM ledger_entry WHERE order_no = " + n + "; UPDATE stock SET on_hand = on_hand - (SELECT coalesce(sum(quantity), 0) FROM stock_movement m WHERE m.book_id = stock.book_id AND order_no = " + n + ");" +
			"DELETE FROM stock_movement WHERE order_no = " + n + "; DELETE FROM orders WHERE client_order_id = '" + id + "'"
	}
	for _, c := range []struct {
		name   string
		damage string
		kind   audit.Kind
		order  string
	}{
		{"an order is lost", erase("r1-00000004"), audit.Lost, "r1-00000004"},
		{"an order is doubled", `ALTER TABLE orders DROP CONSTRAINT orders_client_order_id, DROP CONSTRAINT orders_customer_seq;
			INSERT INTO orders (client_order_id, customer_id, customer_seq, content_sha256, status, total_cents, fulfilled_at)
			SELECT client_order_id, customer_id, customer_seq, content_sha256, status, total_cents, fulfilled_at FROM orders WHERE order_no = ` + o, audit.Doubled, "r1-00000004"},
		{"a quantity is changed", "UPDATE order_line SET quantity = 9 WHERE line_no = 1 AND order_no = " + o, audit.Changed, "r1-00000004"},
		{"a book is changed", "UPDATE order_line SET book_id = 17 WHERE line_no = 1 AND order_no = " + o, audit.Changed, "r1-00000004"},
		{"a line is lost", "DELETE FROM order_line WHERE line_no = 2 AND order_no = " + o, audit.Changed, "r1-00000004"},
		{"all lines are lost", "DELETE FROM order_line WHERE order_no = " + o, audit.Changed, "r1-00000004"},
		{"lines are swapped", "UPDATE order_line SET line_no = 9 - line_no WHERE order_no = " + o, audit.Changed, "r1-00000004"},
		{"the customer is another", "UPDATE orders SET customer_id = (SELECT customer_id FROM customer WHERE handle = 'r1-c9'), customer_seq = 40 WHERE order_no = " + o, audit.Changed, "r1-00000004"},
		{"the customer is lost", `ALTER TABLE orders DROP CONSTRAINT orders_customer_id_fkey; DELETE FROM customer WHERE handle = 'r1-c1'`, audit.Changed, "r1-00000004"},
		{"the stored hash is changed", "UPDATE orders SET content_sha256 = sha256('x') WHERE order_no = " + o, audit.Changed, "r1-00000004"},
		{"the total is changed", "UPDATE orders SET total_cents = total_cents + 1 WHERE order_no = " + o, audit.Changed, "r1-00000004"},
		{"a refused order exists", "UPDATE orders SET client_order_id = 'r1-00000014' WHERE order_no = " + o, audit.Revived, "r1-00000014"},
		{"an order nobody tried", "UPDATE orders SET client_order_id = 'r1-99999999' WHERE order_no = " + o, audit.Foreign, "r1-99999999"},
		{"two orders are swapped", `ALTER TABLE orders DROP CONSTRAINT orders_client_order_id, DROP CONSTRAINT orders_customer_seq;
			UPDATE orders a SET client_order_id = b.client_order_id, customer_seq = b.customer_seq, content_sha256 = b.content_sha256
			FROM orders b WHERE (a.client_order_id, b.client_order_id) IN (('r1-00000001', 'r1-00000004'), ('r1-00000004', 'r1-00000001'));
			UPDATE order_line l SET book_id = l.book_id + CASE client_order_id WHEN 'r1-00000001' THEN -1 ELSE 1 END FROM orders u WHERE u.order_no = l.order_no AND line_no = 1 AND client_order_id IN ('r1-00000001', 'r1-00000004')`, audit.Reordered, "r1-00000001"},
		{"a status is set back", "UPDATE orders SET status = 'accepted', fulfilled_at = NULL WHERE order_no = " + o, audit.Unsettled, "r1-00000004"},
		{"the queue forgot an order", "DELETE FROM outbox WHERE order_no = (SELECT order_no FROM orders WHERE client_order_id = 'r1-00000011')", audit.Unsettled, "r1-00000011"},
		{"an order was given up", "UPDATE orders SET status = 'dead' WHERE client_order_id = 'r1-00000011'", audit.Unsettled, "r1-00000011"},
		{"booked twice", "ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_once; INSERT INTO ledger_entry (order_no, account, amount) SELECT order_no, account, amount FROM ledger_entry WHERE order_no = " + o, audit.Misbooked, "r1-00000004"},
		{"not booked", "DELETE FROM ledger_entry WHERE order_no = " + o, audit.Misbooked, "r1-00000004"},
		{"booked with another amount", "UPDATE ledger_entry SET amount = amount * 2 WHERE order_no = " + o, audit.Misbooked, "r1-00000004"},
		{"an event is lost", "DELETE FROM order_event WHERE kind = 'fulfilled' AND order_no = " + o, audit.Misbooked, "r1-00000004"},
		{"an event is doubled", "INSERT INTO order_event (order_no, kind) SELECT order_no, kind FROM order_event WHERE kind = 'accepted' AND order_no = " + o, audit.Misbooked, "r1-00000004"},
		{"a movement is lost", "DELETE FROM stock_movement WHERE book_id = 3 AND order_no = " + o, audit.Stock, "r1-00000004"},
		{"a movement is doubled", "INSERT INTO stock_movement (book_id, order_no, quantity) SELECT book_id, order_no, quantity FROM stock_movement WHERE order_no = " + o, audit.Stock, "r1-00000004"},
		{"the stock is changed", "UPDATE stock SET on_hand = on_hand + 1 WHERE book_id = 11", audit.Stock, ""},
		{"a stock row is lost", "DELETE FROM stock WHERE book_id = 11", audit.Stock, ""},
		{"the sequence starts over", "SELECT setval('order_number', 1000, false)", audit.Numbering, ""},
		{"the sequence gives the last number again", "SELECT setval('order_number', (SELECT max(order_no) FROM orders), false)", audit.Numbering, ""},
		{"an identity column starts over", "ALTER TABLE customer ALTER customer_id RESTART", audit.Numbering, ""},
		{"an identity column becomes a plain one", "ALTER TABLE ledger_entry ALTER entry_id DROP IDENTITY", audit.Numbering, ""},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			s := open(t, shoptest.Copied(t, url), j)
			shoptest.Exec(t, s.conn, c.damage)
			r := s.audit(t)
			if r.OK || !slices.ContainsFunc(r.Violations, func(v audit.Violation) bool { return v.Kind == c.kind && v.Order == c.order }) {
				t.Fatalf("not found as %s of %q: %+v", c.kind, c.order, r.Violations)
			}
			var text bytes.Buffer
			if err := r.Text(&text); err != nil || !strings.Contains(text.String(), "VIOLATION   "+string(c.kind)) {
				t.Errorf("text: %v\n%s", err, &text)
			}
		})
	}
}

// Damage that a sloppier audit would only see in part.
func TestLossIsReportedWithoutNoise(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.journal.Entries = append(s.journal.Entries, journal.Entry{ID: "r1-00000077", Customer: "r1-c1", Sequence: 9, Outcome: journal.Accepted})
	r := s.audit(t)
	if len(r.Violations) != 1 || r.Violations[0].Kind != audit.Lost || r.Confirmed != 12 {
		t.Errorf("got %+v", r)
	}
}

func TestWaitEndsWhenNothingIsQueued(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	url := s.conn.Config().ConnString()
	fulfiller := shoptest.Store(t, url)
	done := make(chan error, 1)
	go func() {
		for _, id := range []string{"r1-00000010", "r1-00000011", "r1-00000012"} {
			if _, err := fulfiller.Fulfil(context.WithoutCancel(t.Context()), id); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	r, err := audit.Run(t.Context(), s.conn, audit.Options{Journals: []*journal.Journal{s.journal}, Wait: time.Minute})
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err != nil || !r.OK || r.Queued != 0 || r.Fulfilled != 13 {
		t.Errorf("got %+v, %v", r, err)
	}
}

// "r1-b" is another run than "r1", though its ids begin with the same letters.
func TestRunsWithNamesAlikeAreKeptApart(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	shoptest.Exec(t, s.conn, `INSERT INTO customer (handle) VALUES ('other');
		INSERT INTO orders (client_order_id, customer_id, customer_seq, content_sha256, total_cents)
		SELECT 'r1-b-00000001', customer_id, 1, sha256('x'), 1 FROM customer WHERE handle = 'other'`)
	if r := s.audit(t); !r.OK || r.Found != 13 {
		t.Errorf("got %+v", r)
	}
}

func TestTheSameRunTwiceIsRefused(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	_, err := audit.Run(t.Context(), s.conn, audit.Options{Journals: []*journal.Journal{s.journal, s.journal}})
	if !trouble.Is(err, trouble.Invalid) {
		t.Errorf("got %v, want invalid", err)
	}
}
