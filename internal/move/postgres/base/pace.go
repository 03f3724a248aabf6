package base

import (
	"context"
	"sync"
	"time"

	"example.com/landfall/internal/move/postgres/pg"
)

// pace bounds the bytes of all copies together, and stops them for a while.
type pace struct {
	mu      sync.Mutex
	rate    float64 // bytes per second, 0 for any
	free    time.Time
	resumed chan struct{} // nil unless paused; closed to go on
}

func newPace(bytesPerSecond int64) *pace { return &pace{rate: float64(bytesPerSecond)} }

func (p *pace) set(bytesPerSecond int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate = float64(bytesPerSecond)
	p.free = time.Time{}
}

func (p *pace) pause(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case on && p.resumed == nil:
		p.resumed = make(chan struct{})
	case !on && p.resumed != nil:
		close(p.resumed)
		p.resumed = nil
	}
}

// slowed says why it is slower than it could be, "" for no reason.
func (p *pace) slowed() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.resumed != nil:
		return "paused"
	case p.rate > 0:
		return "limited"
	}
	return ""
}

// take waits until so many bytes may pass.
func (p *pace) take(ctx context.Context, bytes int) error {
	for {
		p.mu.Lock()
		resumed := p.resumed
		if resumed == nil {
			wait := p.book(bytes)
			p.mu.Unlock()
			return pg.Sleep(ctx, wait)
		}
		p.mu.Unlock()
		select {
		case <-resumed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// book returns how long to wait for bytes that may pass one after the other.
func (p *pace) book(bytes int) time.Duration {
	if p.rate <= 0 {
		return 0
	}
	now := time.Now()
	if p.free.Before(now) {
		p.free = now
	}
	wait := p.free.Sub(now)
	p.free = p.free.Add(time.Duration(float64(bytes) / p.rate * float64(time.Second)))
	return wait
}
