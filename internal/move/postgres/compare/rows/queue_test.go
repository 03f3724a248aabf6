package rows

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// meeting lets the first through, and those after it once two have come.
type meeting struct {
	mu     sync.Mutex
	calls  int
	opened chan struct{}
}

func (m *meeting) applied(ctx context.Context, _ pg.LSN) error {
	m.mu.Lock()
	m.calls++
	n := m.calls
	if n == 3 {
		close(m.opened)
	}
	m.mu.Unlock()
	if n == 1 {
		return nil
	}
	select {
	case <-m.opened:
		return nil
	case <-ctx.Done():
		return fault.Of(fault.Timeout, "wait for another", "", ctx.Err())
	}
}

// Small tables that differ while changes flow wait for the target together, and not
// one after the other.
func TestTablesOfABatchWaitTogether(t *testing.T) {
	t.Parallel()
	source, target, sides := two(t)
	for i := range 6 {
		for _, s := range []*side{source, target} {
			s.exec(fmt.Sprintf("CREATE TABLE public.t%d (a int PRIMARY KEY); INSERT INTO public.t%d SELECT generate_series(1, 10)", i, i))
		}
	}
	target.exec("DELETE FROM public.t1 WHERE a = 3; DELETE FROM public.t4 WHERE a = 5")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	m := &meeting{opened: make(chan struct{})}
	tables, err := Compare(ctx, sides, Options{Jobs: 2, Applied: m.applied})
	if err != nil || len(tables) != 6 {
		t.Fatal(len(tables), err)
	}
	for _, one := range tables {
		if want := map[bool]Verdict{true: Different, false: Equal}[one.Name.Name == "t1" || one.Name.Name == "t4"]; one.Verdict != want {
			t.Error(show(one))
		}
	}
}

func TestQueue(t *testing.T) {
	t.Parallel()
	q := newQueue([][]pair{{{why: "a"}, {why: "b"}}}, nil)
	some, ok := q.take()
	if !ok || len(some) != 2 {
		t.Fatal(some)
	}
	waits := make(chan []pair)
	go func() {
		some, _ := q.take()
		waits <- some
	}()
	q.done(some[1:])
	if got := <-waits; len(got) != 1 || got[0].why != "b" {
		t.Fatal(got)
	}
	go func() {
		_, ok := q.take()
		waits <- map[bool][]pair{true: {{}}, false: nil}[ok]
	}()
	q.done(nil)
	if got := <-waits; got != nil {
		t.Error("there was more")
	}
	q = newQueue([][]pair{{{}}}, nil)
	q.close()
	if _, ok := q.take(); ok {
		t.Error("a closed queue hands out")
	}
}
