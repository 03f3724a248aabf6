package postgres

import (
	"context"
	"sync"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// awaiting waits until the other side has everything up to a place in the log, for
// callers that come at the same time: wait is called by one at a time. Those who
// come meanwhile wait together for the last of their places, so that a round of many
// tables costs no more than that of one.
type awaiting struct {
	wait func(ctx context.Context, at pg.LSN) error

	mu sync.Mutex
	// reached is there, wanted is the last place that somebody waits for.
	reached, wanted pg.LSN
	// under is closed when the wait that is under way has ended; nil for none.
	under chan struct{}
}

func (a *awaiting) await(ctx context.Context, at pg.LSN) error {
	for {
		others, done := a.join(at)
		switch {
		case done:
			return nil
		case others == nil:
			if err := a.lead(ctx); err != nil {
				return err
			}
			continue
		}
		select {
		case <-others:
		case <-ctx.Done():
			return fault.Wrap(context.Cause(ctx), "wait for the other side", "")
		}
	}
}

// join reports whether the place is reached, or what to wait for; nil is to lead.
func (a *awaiting) join(at pg.LSN) (others chan struct{}, done bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if at <= a.reached {
		return nil, true
	}
	a.wanted = max(a.wanted, at)
	if a.under == nil {
		a.under = make(chan struct{})
		return nil, false
	}
	return a.under, false
}

// lead waits for everybody. An error is the caller's own: the others try again.
func (a *awaiting) lead(ctx context.Context) error {
	a.mu.Lock()
	wanted := a.wanted
	a.mu.Unlock()
	err := a.wait(ctx, wanted)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil {
		a.reached = wanted
	}
	close(a.under)
	a.under = nil
	return err
}
