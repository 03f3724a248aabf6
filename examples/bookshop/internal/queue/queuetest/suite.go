package queuetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"example.com/landfall/examples/bookshop/internal/queue"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

// Under is what the suite needs to know of a driver.
type Under struct {
	Queue  queue.Queue
	Dead   queue.Queue // receives from the dead-letter queue
	Absent queue.Queue // a queue that does not exist
}

// Suite runs all behaviours. They share the queue, one after the other, and
// each leaves it empty.
func Suite(t *testing.T, u Under) {
	t.Run("SendAndReceive", func(t *testing.T) { sendAndReceive(t, u.Queue) })
	t.Run("ComesBack", func(t *testing.T) { comesBack(t, u.Queue) })
	t.Run("DeleteTwice", func(t *testing.T) { deleteTwice(t, u.Queue) })
	t.Run("Bury", func(t *testing.T) { bury(t, u) })
	t.Run("Empty", func(t *testing.T) { empty(t, u.Queue) })
	t.Run("Absent", func(t *testing.T) { absent(t, u.Absent) })
}

// collect receives and deletes until n messages came.
func collect(t *testing.T, q queue.Queue, n int) []queue.Message {
	t.Helper()
	var all []queue.Message
	for deadline := time.Now().Add(30 * time.Second); len(all) < n; {
		messages, err := q.Receive(t.Context(), queue.MaxBatch, queue.Wait{Poll: time.Second, Hide: 30 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range messages {
			if err := q.Delete(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, messages...)
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d messages came", len(all), n)
		}
	}
	return all
}

func send(t *testing.T, q queue.Queue, bodies ...string) {
	t.Helper()
	if err := q.Send(t.Context(), bodies); err != nil {
		t.Fatal(err)
	}
}

func sendAndReceive(t *testing.T, q queue.Queue) {
	want := []string{`{"orderId": "a<b>&\"c\""}`, "two\nlines", "ünïcode", "x", "plain"}
	for i := range 4 {
		want = append(want, fmt.Sprintf("%d", i))
	}
	send(t, q, want...)
	var got []string
	for _, m := range collect(t, q, len(want)) {
		if got = append(got, m.Body); m.Receives != 1 || m.ID == "" {
			t.Errorf("%+v: want an id and one receive", m)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("received %q, want %q", got, want)
	}
	if err := q.Send(t.Context(), nil); err != nil {
		t.Errorf("sending nothing: %v", err)
	}
	if err := q.Check(t.Context()); err != nil {
		t.Errorf("check: %v", err)
	}
}

// A message that is not deleted is hidden first, then comes back with a count.
func comesBack(t *testing.T, q queue.Queue) {
	send(t, q, "again")
	first, err := q.Receive(t.Context(), 1, queue.Wait{Poll: 5 * time.Second, Hide: time.Second})
	if err != nil || len(first) != 1 {
		t.Fatalf("first receive: %v, %v", first, err)
	}
	back := collect(t, q, 1)
	if back[0].ID != first[0].ID || back[0].Receives != 2 || back[0].Body != "again" {
		t.Errorf("came back as %+v, was %+v", back[0], first[0])
	}
}

func deleteTwice(t *testing.T, q queue.Queue) {
	send(t, q, "once")
	m := collect(t, q, 1)[0]
	if err := q.Delete(t.Context(), m); err != nil {
		t.Errorf("deleting what is gone: %v", err)
	}
}

func bury(t *testing.T, u Under) {
	send(t, u.Queue, "poison")
	got, err := u.Queue.Receive(t.Context(), 1, queue.Wait{Poll: 5 * time.Second, Hide: 30 * time.Second})
	if err != nil || len(got) != 1 {
		t.Fatalf("receive: %v, %v", got, err)
	}
	if err := u.Queue.Bury(t.Context(), got[0]); err != nil {
		t.Fatal(err)
	}
	if dead := collect(t, u.Dead, 1); dead[0].Body != "poison" {
		t.Errorf("the dead-letter queue has %+v", dead)
	}
}

func empty(t *testing.T, q queue.Queue) {
	if got, err := q.Receive(t.Context(), 10, queue.Wait{Hide: time.Second}); err != nil || len(got) != 0 {
		t.Errorf("an empty queue gave %v, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	began := time.Now()
	_, err := q.Receive(ctx, 10, queue.Wait{Poll: 15 * time.Second, Hide: time.Second})
	if took := time.Since(began); !trouble.Is(err, trouble.Canceled) || took > 10*time.Second {
		t.Errorf("a cancelled receive gave %v after %s", err, took)
	}
}

func absent(t *testing.T, q queue.Queue) {
	if err := q.Check(t.Context()); !trouble.Is(err, trouble.NotFound) {
		t.Errorf("check of an absent queue: %v", err)
	}
	if err := q.Send(t.Context(), []string{"x"}); !trouble.Is(err, trouble.NotFound) {
		t.Errorf("send to an absent queue: %v", err)
	}
	if _, err := q.Receive(t.Context(), 1, queue.Wait{Hide: time.Second}); !trouble.Is(err, trouble.NotFound) {
		t.Errorf("receive from an absent queue: %v", err)
	}
}
