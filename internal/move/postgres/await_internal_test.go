package postgres

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"example.com/landfall/internal/move/postgres/pg"
)

// Whoever comes while a wait is under way shares the next one with all others.
func TestWaitersShareARound(t *testing.T) {
	t.Parallel()
	const others = 50
	began, release := make(chan struct{}), make(chan struct{})
	var asked []pg.LSN
	a := &awaiting{wait: func(_ context.Context, at pg.LSN) error {
		if asked = append(asked, at); len(asked) == 1 {
			close(began)
			<-release
		}
		return nil
	}}
	var all sync.WaitGroup
	wait := func(at pg.LSN) {
		all.Go(func() {
			if err := a.await(t.Context(), at); err != nil {
				t.Error(err)
			}
		})
	}
	wait(1)
	<-began
	for i := range others {
		wait(pg.LSN(2 + i))
	}
	for joined := false; !joined; {
		a.mu.Lock()
		joined = a.wanted == others+1
		a.mu.Unlock()
		runtime.Gosched()
	}
	close(release)
	all.Wait()
	if len(asked) > 3 || asked[0] != 1 || asked[len(asked)-1] != others+1 {
		t.Errorf("%d rounds for %d waiters: %v", len(asked), others+1, asked)
	}
	if err := a.await(t.Context(), others); err != nil || len(asked) > 3 {
		t.Errorf("what is reached was asked for: %v", err)
	}
}

// An error ends the wait of the one who asked; who does not wait any more leaves.
func TestWaitersTryForThemselves(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	began, release := make(chan struct{}), make(chan struct{})
	n := 0
	a := &awaiting{wait: func(context.Context, pg.LSN) error {
		if n++; n > 1 {
			return nil
		}
		close(began)
		<-release
		return broken
	}}
	var all sync.WaitGroup
	all.Go(func() {
		if err := a.await(t.Context(), 5); !errors.Is(err, broken) {
			t.Error(err)
		}
	})
	<-began
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := a.await(gone, 6); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	all.Go(func() {
		if err := a.await(t.Context(), 7); err != nil {
			t.Error(err)
		}
	})
	close(release)
	all.Wait()
}
