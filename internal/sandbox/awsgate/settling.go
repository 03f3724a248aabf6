package awsgate

import (
	"context"
	"sync"
	"time"
)

// settling are the calls whose answer is on its way and whose record is not
// written yet. The zero value is ready.
type settling struct {
	mu    sync.Mutex
	calls map[chan struct{}]struct{}
}

// settleFor bounds the wait for a call whose client reads its answer slowly.
const settleFor = 2 * time.Second

// begin registers a call; the returned function, which may be called twice,
// ends it.
func (s *settling) begin() func() {
	done := make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls == nil {
		s.calls = map[chan struct{}]struct{}{}
	}
	s.calls[done] = struct{}{}
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.calls, done)
		close(done)
	})
}

// wait returns when every call that is settling now has settled.
func (s *settling) wait(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleFor)
	defer cancel()
	s.mu.Lock()
	waiting := make([]chan struct{}, 0, len(s.calls))
	for done := range s.calls {
		waiting = append(waiting, done)
	}
	s.mu.Unlock()
	for _, done := range waiting {
		select {
		case <-done:
		case <-ctx.Done():
			return
		}
	}
}
