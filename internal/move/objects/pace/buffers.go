package pace

import (
	"context"
	"math/bits"
	"sync"
)

const (
	// smallest and largest are the sizes of buffers that are kept for others.
	smallest = 12
	largest  = 24
)

// Buffers bounds the memory of bodies, and uses it again and again.
type Buffers struct {
	mu      sync.Mutex
	limit   int64
	used    int64 // given out
	idle    int64 // kept
	free    [largest + 1][][]byte
	waiting []*waiter
}

type waiter struct {
	size  int64
	ready chan struct{}
}

// NewBuffers bounds them to so many bytes together.
func NewBuffers(limit int64) *Buffers { return &Buffers{limit: limit} }

// class is the power of two that a size is rounded up to; sizes above the
// largest stay as they are.
func class(size int) (power int, bytes int64) {
	if size <= 1<<smallest {
		return smallest, 1 << smallest
	}
	power = bits.Len(uint(size - 1))
	if power > largest {
		return power, int64(size)
	}
	return power, 1 << power
}

// Get waits for memory and returns a buffer of the size. One that is larger than
// all memory is given when nothing else is in use.
func (b *Buffers) Get(ctx context.Context, size int) ([]byte, error) {
	_, bytes := class(size)
	b.mu.Lock()
	if len(b.waiting) > 0 || !b.fits(bytes) {
		w := &waiter{bytes, make(chan struct{})}
		b.waiting = append(b.waiting, w)
		b.mu.Unlock()
		if err := b.wait(ctx, w); err != nil {
			return nil, err
		}
		b.mu.Lock()
	} else {
		b.used += bytes
	}
	buf := b.take(size)
	b.mu.Unlock()
	if buf == nil {
		buf = make([]byte, bytes)
	}
	return buf[:size], nil
}

func (b *Buffers) fits(bytes int64) bool { return b.used+bytes <= b.limit || b.used == 0 }

func (b *Buffers) wait(ctx context.Context, w *waiter) error {
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, other := range b.waiting {
		if other == w {
			b.waiting = append(b.waiting[:i], b.waiting[i+1:]...)
			b.wake()
			return ctx.Err()
		}
	}
	b.used -= w.size
	b.wake()
	return ctx.Err()
}

// take finds a kept buffer, or makes room for a new one. The lock is held.
func (b *Buffers) take(size int) []byte {
	power, bytes := class(size)
	if power <= largest {
		if n := len(b.free[power]); n > 0 {
			buf := b.free[power][n-1]
			b.free[power] = b.free[power][:n-1]
			b.idle -= bytes
			return buf
		}
	}
	for p := largest; p >= smallest && b.used+b.idle > b.limit; p-- {
		for len(b.free[p]) > 0 && b.used+b.idle > b.limit {
			b.free[p] = b.free[p][:len(b.free[p])-1]
			b.idle -= 1 << p
		}
	}
	return nil
}

// Put gives a buffer back.
func (b *Buffers) Put(buf []byte) {
	power, bytes := class(cap(buf))
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= bytes
	if power <= largest {
		b.free[power] = append(b.free[power], buf[:cap(buf)])
		b.idle += bytes
	}
	b.wake()
}

func (b *Buffers) wake() {
	for len(b.waiting) > 0 && b.fits(b.waiting[0].size) {
		b.used += b.waiting[0].size
		close(b.waiting[0].ready)
		b.waiting = b.waiting[1:]
	}
}
