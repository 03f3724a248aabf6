package pace

import (
	"context"
	"sync"
	"time"
)

const (
	// first and most are how many are let in at the beginning and at most.
	first = 16
	most  = 256
	least = 2
	// window is how long a rate is measured before it is judged.
	window = 500 * time.Millisecond
	// rest is for how many windows a number that brought nothing is not tried
	// again.
	rest = 10
	// better is by how much the rate must rise with the number.
	better = 1.04
	// slowFor is how long a request to slow down counts once.
	slowFor = time.Second
)

// Gate lets so many work at once. The zero value is not usable: NewGate.
type Gate struct {
	now func() time.Time

	mu      sync.Mutex
	limit   int
	most    int
	fixed   bool
	inside  int
	waiting []chan struct{}
	paused  bool

	// One window of measuring.
	began time.Time
	work  float64
	full  bool
	// rate of the window before, with the limit that it had before the last step.
	rate   float64
	before int
	hold   int

	slowed   time.Time
	slowedBy string
}

// NewGate lets requests in; 0 finds out how many are good.
func NewGate(requests int, now func() time.Time) *Gate {
	g := &Gate{now: now, limit: first, most: most, began: now()}
	if requests > 0 {
		g.Fix(requests)
	}
	return g
}

// Fix sets the number for good; 0 finds it out from now on.
func (g *Gate) Fix(requests int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fixed = requests > 0
	if g.fixed {
		g.limit, g.most = requests, requests
	} else {
		g.limit, g.most = first, most
	}
	g.wake()
}

// Enter waits for a place. With an error there is none to leave.
func (g *Gate) Enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g.mu.Lock()
	if !g.paused && g.inside < g.limit && len(g.waiting) == 0 {
		g.inside++
		g.mu.Unlock()
		return nil
	}
	g.full = true
	place := make(chan struct{})
	g.waiting = append(g.waiting, place)
	g.mu.Unlock()
	select {
	case <-place:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, other := range g.waiting {
		if other == place {
			g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
			return ctx.Err()
		}
	}
	// The place was given in the same moment.
	g.inside--
	g.wake()
	return ctx.Err()
}

// Leave gives the place back, with what was moved in it.
func (g *Gate) Leave(bytes int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.full = g.full || g.inside >= g.limit
	g.inside--
	// A request costs about as much time as 64 KiB.
	g.work += 1 + float64(bytes)/(64<<10)
	if now := g.now(); now.Sub(g.began) >= window {
		g.judge(now)
	}
	g.wake()
}

// wake lets in whom there is a place for. The lock is held.
func (g *Gate) wake() {
	for len(g.waiting) > 0 && g.inside < g.limit && !g.paused {
		close(g.waiting[0])
		g.waiting = g.waiting[1:]
		g.inside++
	}
}

// judge ends a window. The lock is held.
func (g *Gate) judge(now time.Time) {
	rate := g.work / now.Sub(g.began).Seconds()
	full := g.full
	g.began, g.work, g.full = now, 0, false
	if g.fixed || !full {
		return
	}
	stepped := g.before != 0
	switch {
	case g.hold > 0:
		g.hold--
	case stepped && rate < g.rate*better:
		// More at once brought nothing: back, and leave it for a while.
		g.limit, g.before, g.hold = g.before, 0, rest
	default:
		g.before = g.limit
		g.limit = min(g.limit+max(2, g.limit/4), g.most)
	}
	g.rate = rate
}

// Slowed halves the number, once a second at most. The drivers call it when a
// service, "source" or "target", asks to slow down.
func (g *Gate) Slowed(side string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	g.slowedBy = side
	if now.Sub(g.slowed) < slowFor {
		return
	}
	g.slowed = now
	if !g.fixed {
		g.limit, g.before, g.hold = max(g.limit/2, least), 0, rest
	}
}

// Pause lets nobody in any more; those inside go on.
func (g *Gate) Pause() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.paused = true
}

// Resume ends a pause.
func (g *Gate) Resume() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.paused = false
	g.wake()
}

// Limit is how many are let in at present.
func (g *Gate) Limit() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.limit
}

// Why says what slows the work at present: "paused", "throttled by the target",
// "" for nothing.
func (g *Gate) Why() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.paused:
		return "paused"
	case g.slowedBy != "" && g.now().Sub(g.slowed) < 10*slowFor:
		return "throttled by the " + g.slowedBy
	}
	return ""
}
