package pace

import (
	"context"
	"sync"
	"time"
)

// burst is how much of a second's worth may come at once after a rest.
const burst = 250 * time.Millisecond

// Bucket bounds a rate. The zero value bounds nothing.
type Bucket struct {
	mu   sync.Mutex
	rate float64
	// free is when all that was taken is paid off.
	free time.Time
}

// Set changes the rate per second; 0 bounds nothing.
func (b *Bucket) Set(rate float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rate, b.free = rate, time.Time{}
}

// Take takes n out and waits till they are due.
func (b *Bucket) Take(ctx context.Context, n float64) error {
	b.mu.Lock()
	if b.rate <= 0 {
		b.mu.Unlock()
		return nil
	}
	now := time.Now()
	if earliest := now.Add(-burst); b.free.Before(earliest) {
		b.free = earliest
	}
	b.free = b.free.Add(time.Duration(n / b.rate * float64(time.Second)))
	due := b.free.Sub(now)
	b.mu.Unlock()
	if due <= 0 {
		return nil
	}
	timer := time.NewTimer(due)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Bound reports whether there is a rate.
func (b *Bucket) Bound() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rate > 0
}
