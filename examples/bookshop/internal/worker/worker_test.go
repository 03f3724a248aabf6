package worker_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/examples/bookshop/internal/metrics"
	"example.com/landfall/examples/bookshop/internal/order"
	"example.com/landfall/examples/bookshop/internal/queue"
	"example.com/landfall/examples/bookshop/internal/shoptest"
	"example.com/landfall/examples/bookshop/internal/store"
	"example.com/landfall/examples/bookshop/internal/trouble"
	"example.com/landfall/examples/bookshop/internal/worker"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// crooked is a queue in memory that misbehaves on demand as real ones do. The
// real ones run in the end-to-end test; here what matters is when they fail.
type crooked struct {
	mu      sync.Mutex
	waiting []queue.Message
	buried  []string
	sendErr error
	// lost: Send fails although the messages are in the queue.
	lost bool
}

var _ queue.Queue = (*crooked)(nil)

func (q *crooked) Send(_ context.Context, bodies []string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.sendErr == nil || q.lost {
		for _, b := range bodies {
			q.waiting = append(q.waiting, queue.Message{ID: b, Body: b, Receives: 0})
		}
	}
	return q.sendErr
}

// Receive leaves the messages where they are: whatever is not deleted comes
// again at once, the hardest case of at-least-once.
func (q *crooked) Receive(_ context.Context, limit int, _ queue.Wait) ([]queue.Message, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(limit, len(q.waiting))
	for i := range q.waiting[:n] {
		q.waiting[i].Receives++
	}
	return slices.Clone(q.waiting[:n]), nil
}

func (q *crooked) Delete(_ context.Context, m queue.Message) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = slices.DeleteFunc(q.waiting, func(w queue.Message) bool { return w.ID == m.ID })
	return nil
}

func (q *crooked) Bury(ctx context.Context, m queue.Message) error {
	q.mu.Lock()
	q.buried = append(q.buried, m.Body)
	q.mu.Unlock()
	return q.Delete(ctx, m)
}

func (q *crooked) Check(context.Context) error { return nil }

func newWorker(s *store.Store, q queue.Queue) *worker.Worker {
	return worker.New(worker.Options{Store: s, Queue: q, Metrics: metrics.New("test"), Now: time.Now,
		Resend: time.Nanosecond, Pause: 5 * time.Millisecond, Poll: time.Millisecond})
}

func newShop(t *testing.T) *store.Store {
	t.Helper()
	return shoptest.Store(t, shoptest.Stocked(t, testkit.Postgres(t).URL(), 20))
}

func place(t *testing.T, s *store.Store, id string, sequence int64) {
	t.Helper()
	if _, _, err := s.Place(t.Context(), id, order.Content{Customer: "ada", Sequence: sequence, Lines: []order.Line{{BookID: 1, Quantity: 1}}}); err != nil {
		t.Fatal(err)
	}
}

func status(t *testing.T, s *store.Store, id string) string {
	t.Helper()
	o, err := s.Order(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return o.Status
}

// A process that dies between the claim and the send, or between the send and
// anything after it: the next one sends again, and the order is fulfilled once.
func TestCrashAroundTheSend(t *testing.T) {
	t.Parallel()
	s, q := newShop(t), &crooked{}
	place(t, s, "c-1", 1)
	// Died after the claim: the letter is marked as sent and was not.
	if _, err := s.Claim(t.Context(), 10, time.Hour); err != nil {
		t.Fatal(err)
	}
	next := newWorker(s, q)
	if n, err := next.Relay(t.Context()); n != 1 || err != nil {
		t.Fatalf("the next relay sent %d, %v", n, err)
	}
	// Died after the send: the same letter goes out again.
	if n, err := next.Relay(t.Context()); n != 1 || err != nil {
		t.Fatalf("the relay after that sent %d, %v", n, err)
	}
	if n, err := next.FulfilBatch(t.Context()); n != 2 || err != nil {
		t.Fatalf("worked off %d, %v", n, err)
	}
	if got := status(t, s, "c-1"); got != "fulfilled" || len(q.waiting) != 0 {
		t.Errorf("the order is %s, %d messages left", got, len(q.waiting))
	}
	if owed, err := s.Owed(t.Context()); owed != 0 || err != nil {
		t.Errorf("owed %d, %v", owed, err)
	}
}

// A send that fails, with or without the messages having got through.
func TestSendTrouble(t *testing.T) {
	t.Parallel()
	for _, lost := range []bool{false, true} {
		s, q := newShop(t), &crooked{sendErr: errors.New("no answer"), lost: lost}
		w := worker.New(worker.Options{Store: s, Queue: q, Metrics: metrics.New("test"), Now: time.Now, Resend: time.Hour})
		place(t, s, "s-1", 1)
		if _, err := w.Relay(t.Context()); err == nil {
			t.Fatal("a failed send went unnoticed")
		}
		q.sendErr = nil
		// Given back: it goes out again now, not after the hour.
		if n, err := w.Relay(t.Context()); n != 1 || err != nil {
			t.Fatalf("sent %d, %v", n, err)
		}
		if _, err := w.FulfilBatch(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := status(t, s, "s-1"); got != "fulfilled" {
			t.Errorf("lost %v: the order is %s", lost, got)
		}
	}
}

func TestPoisonIsBuriedAfterAFewReceives(t *testing.T) {
	t.Parallel()
	s, q := newShop(t), &crooked{}
	w := newWorker(s, q)
	poison := []string{"not json", `{"orderId":"no such order"}`, `{"orderId":"nobody-placed-this"}`}
	if err := q.Send(t.Context(), poison); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := w.FulfilBatch(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(q.buried) != 0 {
		t.Errorf("buried %q before the last receive", q.buried)
	}
	if _, err := w.FulfilBatch(t.Context()); err != nil {
		t.Fatal(err)
	}
	slices.Sort(q.buried)
	slices.Sort(poison)
	if !slices.Equal(q.buried, poison) || len(q.waiting) != 0 {
		t.Errorf("buried %q, %d left", q.buried, len(q.waiting))
	}
}

// Behind a fence nothing is received, so that no delivery is used up.
func TestAFenceUsesUpNoDeliveries(t *testing.T) {
	t.Parallel()
	server := testkit.Postgres(t)
	url := shoptest.Stocked(t, server.URL(), 20)
	s, q := shoptest.Store(t, url), &crooked{}
	w := newWorker(s, q)
	place(t, s, "f-1", 1)
	if _, err := w.Relay(t.Context()); err != nil {
		t.Fatal(err)
	}
	admin := shoptest.Connect(t, server.URL())
	fence := func(state string) {
		shoptest.Exec(t, admin, "ALTER DATABASE "+server.Database+" SET default_transaction_read_only = "+state)
		shoptest.Exec(t, admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	}
	fence("on")
	testkit.Eventually(t, 20*time.Second, func() error {
		if _, err := w.FulfilBatch(t.Context()); !trouble.Is(err, trouble.ReadOnly) {
			return fmt.Errorf("behind the fence: %v", err)
		}
		return nil
	})
	if q.waiting[0].Receives != 0 {
		t.Errorf("received %d times behind the fence", q.waiting[0].Receives)
	}
	fence("off")
	testkit.Eventually(t, 20*time.Second, func() error { _, err := w.FulfilBatch(t.Context()); return err })
	if got := status(t, s, "f-1"); got != "fulfilled" {
		t.Errorf("after the fence the order is %s", got)
	}
}

// Any interleaving of orders, relays, failing relays, receives and duplicated
// messages ends with every order fulfilled exactly once.
func TestEveryInterleavingFulfilsOnce(t *testing.T) {
	t.Parallel()
	url := shoptest.Stocked(t, testkit.Postgres(t).URL(), 20)
	s, conn := shoptest.Store(t, url), shoptest.Connect(t, url)
	total := int64(0)
	rapid.Check(t, func(rt *rapid.T) {
		q := &crooked{}
		w := newWorker(s, q)
		for range rapid.IntRange(3, 12).Draw(rt, "steps") {
			switch rapid.IntRange(0, 4).Draw(rt, "step") {
			case 0, 1:
				total++
				place(t, s, fmt.Sprintf("i-%d", total), total)
			case 2:
				_, _ = w.Relay(t.Context()) // it may fail; the end of the test tells
			case 3:
				q.sendErr, q.lost = errors.New("no answer"), rapid.Bool().Draw(rt, "lost")
				_, _ = w.Relay(t.Context())
				q.sendErr = nil
			case 4:
				_, _ = w.FulfilBatch(t.Context())
			}
		}
		for range 100 {
			if owed, err := s.Owed(t.Context()); err == nil && owed == 0 && len(q.waiting) == 0 {
				break
			}
			_, _ = w.Relay(t.Context())
			_, _ = w.FulfilBatch(t.Context())
		}
		if len(q.buried) > 0 {
			rt.Fatalf("buried %v", q.buried)
		}
	})
	done := shoptest.Value[int64](t, conn, `SELECT count(*) FROM shop.orders o WHERE client_order_id LIKE 'i-%' AND status = 'fulfilled'
		AND (SELECT count(*) FROM shop.ledger_entry e WHERE e.order_no = o.order_no) = 2`)
	if done != total {
		t.Errorf("%d of %d orders were fulfilled once", done, total)
	}
}

// Run does all of it by itself, wakes up on a nudge, and ends when told.
func TestRun(t *testing.T) {
	t.Parallel()
	s, q := newShop(t), &crooked{}
	w := newWorker(s, q)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); w.Run(ctx) }()
	place(t, s, "r-1", 1)
	w.Nudge()
	testkit.Eventually(t, 20*time.Second, func() error {
		if got := status(t, s, "r-1"); got != "fulfilled" {
			return fmt.Errorf("the order is %s", got)
		}
		return nil
	})
	cancel()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Fatal("Run does not end")
	}
}
