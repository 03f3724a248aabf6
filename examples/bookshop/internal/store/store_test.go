package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"example.com/landfall/examples/bookshop/internal/order"
	"example.com/landfall/examples/bookshop/internal/shoptest"
	"example.com/landfall/examples/bookshop/internal/store"
	"example.com/landfall/examples/bookshop/internal/trouble"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// shop returns a stocked shop: its store and a connection beside it.
func shop(t *testing.T) (*store.Store, *pgx.Conn) {
	t.Helper()
	url := shoptest.Stocked(t, testkit.Postgres(t).URL(), 60)
	return shoptest.Store(t, url), shoptest.Connect(t, url)
}

func content(customer string, sequence int64, books ...int64) order.Content {
	c := order.Content{Customer: customer, Sequence: sequence}
	for _, b := range books {
		c.Lines = append(c.Lines, order.Line{BookID: b, Quantity: 1})
	}
	return c
}

func TestPlace(t *testing.T) {
	t.Parallel()
	s, conn := shop(t)
	before := shoptest.Value[int64](t, conn, "SELECT on_hand FROM shop.stock WHERE book_id = 5")
	first, created, err := s.Place(t.Context(), "o-1", content("ada", 1, 9, 5, 7))
	if err != nil || !created {
		t.Fatalf("place: %v, created %v", err, created)
	}
	if first.Status != "accepted" || first.TotalCents == 0 || first.Content.Hash() != content("ada", 1, 9, 5, 7).Hash() {
		t.Errorf("placed %+v", first)
	}
	again, created, err := s.Place(t.Context(), "o-1", content("ada", 1, 9, 5, 7))
	if err != nil || created || again.Number != first.Number {
		t.Errorf("the same again: %+v, created %v, %v", again, created, err)
	}
	if after := shoptest.Value[int64](t, conn, "SELECT on_hand FROM shop.stock WHERE book_id = 5"); after != before-1 {
		t.Errorf("stock went from %d to %d, want one less", before, after)
	}
	for what, c := range map[string]struct {
		id      string
		content order.Content
		want    error
	}{
		"another content": {"o-1", content("ada", 1, 9, 5), order.ErrDifferent},
		"another order":   {"o-1", content("ada", 2, 9, 5, 7), order.ErrDifferent},
		"sequence taken":  {"o-2", content("ada", 1, 3), order.ErrSequenceTaken},
		"unknown book":    {"o-3", content("ada", 3, 4711), order.ErrInvalid},
		"bad id":          {"o 4", content("ada", 4, 1), order.ErrInvalid},
		"bad content":     {"o-5", content("ada", 0, 1), order.ErrInvalid},
	} {
		if _, _, err := s.Place(t.Context(), c.id, c.content); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", what, err, c.want)
		}
	}
	if n := shoptest.Value[int](t, conn, "SELECT count(*) FROM shop.orders WHERE client_order_id LIKE 'o-%'"); n != 1 {
		t.Errorf("%d orders in the database, want 1", n)
	}
	if _, err := s.Order(t.Context(), "nobody"); !trouble.Is(err, trouble.NotFound) {
		t.Errorf("an order that is not there gave %v", err)
	}
}

func TestOutOfStockLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	s, conn := shop(t)
	shoptest.Exec(t, conn, "INSERT INTO shop.stock_movement (book_id, quantity) SELECT book_id, -on_hand FROM shop.stock WHERE book_id = 5")
	if _, _, err := s.Place(t.Context(), "o-1", content("ada", 1, 4, 5)); !errors.Is(err, order.ErrOutOfStock) {
		t.Fatalf("got %v, want out of stock", err)
	}
	if n := shoptest.Value[int](t, conn, `SELECT (SELECT count(*) FROM shop.customer WHERE handle = 'ada') +
		(SELECT count(*) FROM shop.outbox) + (SELECT count(*) FROM shop.orders WHERE client_order_id = 'o-1')`); n != 0 {
		t.Errorf("%d rows of a refused order are left", n)
	}
}

// However many clients send the same id at once, with the same or another
// content: exactly one order exists afterwards, exactly one call created it,
// those with its content got it, and the others were told of the difference.
func TestSameIDAtTheSameTime(t *testing.T) {
	t.Parallel()
	s, conn := shop(t)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		id, customer := fmt.Sprintf("p-%d", round), fmt.Sprintf("c%d", round)
		senders := rapid.IntRange(2, 6).Draw(rt, "senders")
		variants := rapid.SliceOfN(rapid.Int64Range(1, 2), senders, senders).Draw(rt, "variants")
		type result struct {
			placed  store.Order
			created bool
			err     error
		}
		results := make([]result, senders)
		var wait sync.WaitGroup
		for i, v := range variants {
			wait.Go(func() {
				r := &results[i]
				r.placed, r.created, r.err = s.Place(t.Context(), id, content(customer, v, 10+v, 20))
			})
		}
		wait.Wait()
		stored, err := s.Order(t.Context(), id)
		if err != nil {
			rt.Fatal(err)
		}
		created := 0
		for i, r := range results {
			if r.created {
				created++
			}
			same := content(customer, variants[i], 10+variants[i], 20).Hash() == stored.Hash
			if same && (r.err != nil || r.placed.Number != stored.Number) || !same && !errors.Is(r.err, order.ErrDifferent) {
				rt.Fatalf("sender %d (same content: %v) got %+v", i, same, r)
			}
		}
		if created != 1 {
			rt.Fatalf("%d calls created the order", created)
		}
	})
	if n := shoptest.Value[int](t, conn, `SELECT count(*) FROM shop.stock s
		WHERE on_hand <> (SELECT sum(quantity) FROM shop.stock_movement m WHERE m.book_id = s.book_id)`); n != 0 {
		t.Errorf("the stock of %d books is not the sum of its movements", n)
	}
}

// A fence is set with ALTER DATABASE and felt by new sessions only, so the
// test fences and unfences as an operator would: setting, then ending sessions.
func TestFenceAndUnfence(t *testing.T) {
	t.Parallel()
	server := testkit.Postgres(t)
	url := shoptest.Stocked(t, server.URL(), 20)
	s, admin := shoptest.Store(t, url), shoptest.Connect(t, server.URL())
	place := func(id string, sequence int64) error {
		_, _, err := s.Place(t.Context(), id, content("ada", sequence, 1))
		return err
	}
	if err := place("f-1", 1); err != nil {
		t.Fatal(err)
	}
	fence := func(state string) {
		shoptest.Exec(t, admin, "ALTER DATABASE "+pgx.Identifier{server.Database}.Sanitize()+" SET default_transaction_read_only = "+state)
	}
	fence("on")
	shoptest.Exec(t, admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	testkit.Eventually(t, 20*time.Second, func() error {
		if err := place("f-2", 2); !trouble.Is(err, trouble.ReadOnly) {
			return fmt.Errorf("behind the fence: %v, want read-only", err)
		}
		return nil
	})
	if err := s.Writable(t.Context()); !trouble.Is(err, trouble.ReadOnly) {
		t.Errorf("writable: %v", err)
	}
	if _, err := s.Book(t.Context(), 1); err != nil {
		t.Errorf("a reader is stopped by the fence: %v", err)
	}
	fence("off") // no session is ended: the store has to notice by itself
	testkit.Eventually(t, 20*time.Second, func() error { return place("f-3", 3) })
	if _, err := s.Order(t.Context(), "f-2"); !trouble.Is(err, trouble.NotFound) {
		t.Errorf("the order refused at the fence is there: %v", err)
	}
}

func TestReconnects(t *testing.T) {
	t.Parallel()
	server := testkit.Postgres(t)
	s := shoptest.Store(t, shoptest.Stocked(t, server.URL(), 20))
	admin := shoptest.Connect(t, server.URL())
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	shoptest.Exec(t, admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	testkit.Eventually(t, 20*time.Second, func() error { return s.Check(t.Context()) })
	unreachable, err := store.Open(t.Context(), store.Options{URL: "postgres://x:y@127.0.0.1:1/z"})
	if err != nil {
		t.Fatal(err)
	}
	defer unreachable.Close()
	if err := unreachable.Check(t.Context()); !trouble.Is(err, trouble.Unavailable) {
		t.Errorf("a database that is not there gave %v", err)
	}
	if _, err := store.Open(t.Context(), store.Options{URL: "postgres://x:%zz"}); !trouble.Is(err, trouble.Usage) {
		t.Errorf("a broken URL gave %v", err)
	}
}

func TestOutboxLease(t *testing.T) {
	t.Parallel()
	s, conn := shop(t)
	for i := range int64(3) {
		if _, _, err := s.Place(t.Context(), fmt.Sprintf("l-%d", i), content("ada", i+1, i+1)); err != nil {
			t.Fatal(err)
		}
	}
	claim := func(limit int, resend time.Duration) []store.Letter {
		letters, err := s.Claim(t.Context(), limit, resend)
		if err != nil {
			t.Fatal(err)
		}
		return letters
	}
	first := claim(2, time.Hour)
	if len(first) != 2 || first[0].Body != `{"orderId": "l-0"}` {
		t.Fatalf("claimed %+v", first)
	}
	if rest := claim(10, time.Hour); len(rest) != 1 {
		t.Errorf("claimed %+v, want the third alone", rest)
	}
	if none := claim(10, time.Hour); len(none) != 0 {
		t.Errorf("claimed %+v twice", none)
	}
	if err := s.Unclaim(t.Context(), first[:1]); err != nil {
		t.Fatal(err)
	}
	if back := claim(10, time.Hour); len(back) != 1 || back[0] != first[0] {
		t.Errorf("after giving back: %+v", back)
	}
	if all := claim(10, 0); len(all) != 3 {
		t.Errorf("after the resend interval: %+v, want all three", all)
	}
	if _, err := s.Fulfil(t.Context(), "l-0"); err != nil {
		t.Fatal(err)
	}
	if owed, err := s.Owed(t.Context()); err != nil || owed != 2 {
		t.Errorf("owed %d, %v, want 2", owed, err)
	}
	shoptest.Exec(t, conn, "UPDATE shop.outbox SET attempts = 50")
	if none := claim(10, 0); len(none) != 0 {
		t.Errorf("claimed %+v beyond the last attempt", none)
	}
}

// Ten deliveries at once: one fulfils, two ledger rows, no more.
func TestFulfilOnce(t *testing.T) {
	t.Parallel()
	s, conn := shop(t)
	if _, _, err := s.Place(t.Context(), "f-1", content("ada", 1, 1, 2)); err != nil {
		t.Fatal(err)
	}
	firsts := make(chan bool, 10)
	var wait sync.WaitGroup
	for range 10 {
		wait.Go(func() {
			first, err := s.Fulfil(t.Context(), "f-1")
			if err != nil {
				t.Error(err)
			}
			firsts <- first
		})
	}
	wait.Wait()
	close(firsts)
	count := 0
	for first := range firsts {
		if first {
			count++
		}
	}
	rows := shoptest.Value[int](t, conn, "SELECT count(*) FROM shop.ledger_entry JOIN shop.orders USING (order_no) WHERE client_order_id = 'f-1'")
	sum := shoptest.Value[int](t, conn, "SELECT sum(amount)::int FROM shop.ledger_entry JOIN shop.orders USING (order_no) WHERE client_order_id = 'f-1'")
	if count != 1 || rows != 2 || sum != 0 {
		t.Errorf("%d calls fulfilled it, %d ledger rows, sum %d", count, rows, sum)
	}
	if err := s.GiveUp(t.Context(), "f-1", "test"); err != nil {
		t.Fatal(err)
	}
	if o, err := s.Order(t.Context(), "f-1"); err != nil || o.Status != "fulfilled" || o.FulfilledAt == nil {
		t.Errorf("giving up a fulfilled order changed it: %+v, %v", o, err)
	}
	if _, err := s.Fulfil(t.Context(), "nobody"); !trouble.Is(err, trouble.NotFound) {
		t.Errorf("fulfilling nothing gave %v", err)
	}
}

func TestGiveUp(t *testing.T) {
	t.Parallel()
	s, conn := shop(t)
	if _, _, err := s.Place(t.Context(), "g-1", content("ada", 1, 1)); err != nil {
		t.Fatal(err)
	}
	if err := s.GiveUp(t.Context(), "g-1", "poison"); err != nil {
		t.Fatal(err)
	}
	first, err := s.Fulfil(t.Context(), "g-1")
	status := shoptest.Value[string](t, conn, "SELECT status::text FROM shop.orders WHERE client_order_id = 'g-1'")
	if first || err != nil || status != "dead" {
		t.Errorf("after giving up: fulfilled %v, %v, status %s", first, err, status)
	}
}

func TestCatalogue(t *testing.T) {
	t.Parallel()
	s, conn := shop(t)
	last, err := s.Books(t.Context(), 3)
	if err != nil || last.Pages != 3 || last.Total != 60 || len(last.Books) != 12 || last.Books[0].ID != 49 {
		t.Errorf("last page: %+v, %v", last, err)
	}
	if beyond, err := s.Books(t.Context(), 4); err != nil || len(beyond.Books) != 0 {
		t.Errorf("page after the last: %+v, %v", beyond, err)
	}
	book, err := s.Book(t.Context(), 7)
	if err != nil || book.Title == "" || book.Authors == "" || book.OnHand == 0 || book.Pages == 0 {
		t.Errorf("book 7: %+v, %v", book, err)
	}
	shoptest.Exec(t, conn, "UPDATE shop.book SET title = 'Lighthouse 100% Keepers', subtitle = NULL WHERE book_id = 7")
	for _, query := range []string{"lighthouse 100%", "  KEEPERS ", "lighthousse keepers"} {
		found, err := s.Search(t.Context(), query)
		if err != nil || len(found) == 0 || found[0].ID != 7 {
			t.Errorf("search %q: %v, %v", query, found, err)
		}
	}
	if found, err := s.Search(t.Context(), "zzzz%zzzz"); err != nil || len(found) != 0 {
		t.Errorf("a percent sign is a wildcard: %v, %v", found, err)
	}
	best, err := s.BestSellers(t.Context(), 5)
	if err != nil || len(best) != 5 {
		t.Errorf("best sellers: %v, %v", best, err)
	}
	if newest, err := s.Newest(t.Context(), 4); err != nil || len(newest) != 4 || newest[0].Published.Before(newest[3].Published) {
		t.Errorf("newest: %v, %v", newest, err)
	}
	if text, err := s.InvoiceTemplate(t.Context(), "standard"); err != nil || len(text) < 100 {
		t.Errorf("invoice template: %q, %v", text, err)
	}
	if done, err := s.Upkeep(t.Context(), time.Now()); err != nil || !done {
		t.Errorf("upkeep: %v, %v", done, err)
	}
}
