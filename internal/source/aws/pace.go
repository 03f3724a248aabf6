package aws

import (
	"context"
	"math"
	"sync"
	"time"
)

// pace keeps the calls to one service in one region of one account below a
// share of the account's rate, so that the workload's own calls still pass. It
// is a token bucket (AWS's own throttling is one) and a window of calls in
// flight; both give way by half when the service says that it is too much, and
// come back step by step when it does not.
//
// Invariants: never more than window calls in flight; never more than
// burst + rate*t calls begin within any time t.
type pace struct {
	now func() time.Time

	mu       sync.Mutex
	limit    rate    // never exceeded
	rate     float64 // now, at most limit.perSecond
	tokens   float64
	filled   time.Time // when tokens was true
	paused   time.Time // nothing begins before
	window   float64
	widest   int
	inFlight int
	lastCut  time.Time
	pause    time.Duration
	streak   int // throttled calls in a row
	freed    chan struct{}
}

// rate is how many calls a service takes: perSecond for long, burst at once.
// A rate without perSecond has no known limit.
type rate struct{ perSecond, burst float64 }

const (
	firstWindow = 4
	// slowest is the part of the rate below which giving way does not go.
	slowest = 1.0 / 64
	// comeBack is the part of the rate that each good answer gives back.
	comeBack = 1.0 / 50
	// longestPause bounds a pause after throttled calls.
	longestPause = 20 * time.Second
)

// newPace returns a pace for a limit and a number of calls in flight. pause is
// that after a throttled call; it doubles with each in a row.
func newPace(limit rate, widest int, pause time.Duration, now func() time.Time) *pace {
	if limit.perSecond > 0 {
		limit.burst = max(limit.burst, 1)
	}
	widest = max(widest, 1)
	return &pace{now: now, limit: limit, rate: limit.perSecond, tokens: limit.burst, filled: now(),
		window: float64(min(firstWindow, widest)), widest: widest, pause: pause, freed: make(chan struct{})}
}

// begin waits until a call may be made, and returns when that is. Each begin
// without an error needs an end.
func (p *pace) begin(ctx context.Context) (time.Time, error) {
	for {
		p.mu.Lock()
		if p.inFlight < int(p.window) {
			p.inFlight++
			wait := p.reserve()
			p.mu.Unlock()
			return p.sleep(ctx, wait)
		}
		freed := p.freed
		p.mu.Unlock()
		select {
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		case <-freed:
		}
	}
}

// reserve takes a token and says how long until it is there.
func (p *pace) reserve() time.Duration {
	now := p.now()
	wait := max(p.paused.Sub(now), 0)
	if p.limit.perSecond <= 0 {
		return wait
	}
	p.tokens = min(p.limit.burst, p.tokens+now.Sub(p.filled).Seconds()*p.rate)
	p.filled = now
	p.tokens--
	if p.tokens < 0 {
		wait = max(wait, time.Duration(-p.tokens/p.rate*float64(time.Second)))
	}
	return wait
}

func (p *pace) sleep(ctx context.Context, wait time.Duration) (time.Time, error) {
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	if err := ctx.Err(); err != nil {
		p.mu.Lock()
		p.release()
		p.mu.Unlock()
		return time.Time{}, err
	}
	return p.now(), nil
}

// release lets the next call in. The caller holds the lock.
func (p *pace) release() {
	p.inFlight--
	close(p.freed)
	p.freed = make(chan struct{})
}

// end takes note of how the call that began at the time went. after is what
// the service asked to wait, 0 when it did not say.
func (p *pace) end(began time.Time, throttled bool, after time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.release()
	if !throttled {
		p.streak = 0
		p.window = min(float64(p.widest), p.window+1/p.window)
		p.rate = min(p.limit.perSecond, p.rate+p.limit.perSecond*comeBack)
		return
	}
	now := p.now()
	if after > 0 {
		p.paused = later(p.paused, now.Add(after))
	}
	// The calls that were in flight together tell the same news: only one of
	// them counts.
	if began.Before(p.lastCut) {
		return
	}
	p.lastCut = now
	p.window = max(1, p.window/2)
	p.rate = max(p.limit.perSecond*slowest, p.rate/2)
	p.tokens = min(p.tokens, 0)
	pause := time.Duration(math.Min(float64(longestPause), float64(p.pause)*math.Pow(2, float64(p.streak))))
	p.streak = min(p.streak+1, 10)
	p.paused = later(p.paused, now.Add(pause))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
