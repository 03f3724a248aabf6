package dns

import (
	"context"
	"sync"
	"time"

	"example.com/landfall/internal/fault"
)

const (
	// refreshEvery is how old zones may be before they are read again.
	refreshEvery = time.Second
	// refreshWithin bounds one reading.
	refreshWithin = 3 * time.Second
	// stalePatience is how long a question waits for a reading when there is
	// an older answer to give.
	stalePatience = 500 * time.Millisecond
	// defaultMaxStale is how long zones are used that could not be read again.
	defaultMaxStale = 30 * time.Second
)

// zoneCache holds the zones as they were read last.
type zoneCache struct {
	source   ZoneSource
	now      func() time.Time
	maxStale time.Duration
	// trouble is told what of a reading could not be used.
	trouble func(words []string)
	life    context.Context
	wait    *sync.WaitGroup

	mu sync.Mutex
	// index was read at fetched; a reading was last begun at tried and gave err.
	index          *index
	fetched, tried time.Time
	err            error
	// busy is closed when the reading that is under way ends; nil without one.
	busy chan struct{}
}

// get returns the zones, read again when they are too old. Many may call it;
// one reading serves them all.
func (c *zoneCache) get(ctx context.Context) (*index, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if c.index != nil && now.Sub(c.fetched) < refreshEvery {
		return c.index, nil
	}
	if c.busy == nil && (c.tried.IsZero() || now.Sub(c.tried) >= refreshEvery) && c.life.Err() == nil {
		c.tried, c.busy = now, make(chan struct{})
		c.wait.Go(c.read)
	}
	if c.busy != nil {
		c.await(ctx, c.busy)
	}
	return c.usable()
}

// await waits for a reading, with the lock released.
func (c *zoneCache) await(ctx context.Context, done <-chan struct{}) {
	patience := refreshWithin
	if c.index != nil && c.now().Sub(c.fetched) < c.maxStale {
		patience = stalePatience
	}
	c.mu.Unlock()
	defer c.mu.Lock()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// usable returns what is there, if it is not too old.
func (c *zoneCache) usable() (*index, error) {
	if c.index != nil && c.now().Sub(c.fetched) < c.maxStale {
		return c.index, nil
	}
	if c.err != nil {
		return nil, c.err
	}
	return nil, fault.Newf(fault.Timeout, "read hosted zones: no answer yet")
}

// read reads the zones once.
func (c *zoneCache) read() {
	ctx, cancel := context.WithTimeout(c.life, refreshWithin)
	defer cancel()
	zones, err := c.source.Zones(ctx)
	var idx *index
	var words []string
	if err == nil {
		idx, words = newIndex(zones)
	}
	c.mu.Lock()
	if err == nil {
		c.index, c.fetched = idx, c.now()
	}
	c.err = err
	close(c.busy)
	c.busy = nil
	c.mu.Unlock()
	if err != nil {
		words = []string{err.Error()}
	}
	c.trouble(words)
}
