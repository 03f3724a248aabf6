package aws

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// runAt makes calls at the pace until the time is over, each of the length, and
// returns when each began.
func runAt(t *testing.T, p *pace, workers int, long, over time.Duration, throttled func(n int64) bool) []time.Time {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), over)
	defer cancel()
	var mu sync.Mutex
	var begun []time.Time
	var inFlight, most, calls atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for {
				at, err := p.begin(ctx)
				if err != nil {
					return
				}
				mu.Lock()
				begun = append(begun, at)
				mu.Unlock()
				if now := inFlight.Add(1); now > most.Load() {
					most.Store(now)
				}
				time.Sleep(long)
				inFlight.Add(-1)
				p.end(at, throttled(calls.Add(1)), 0)
			}
		})
	}
	all.Wait()
	if int(most.Load()) > p.widest {
		t.Errorf("%d calls in flight, want at most %d", most.Load(), p.widest)
	}
	return begun
}

func never(int64) bool { return false }

// In no window of time do more calls begin than the burst and the rate allow.
func TestPaceStaysBelowItsShare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limit := rate{perSecond: 10, burst: 20}
		begun := runAt(t, newPace(limit, 16, time.Second, time.Now), 32, 50*time.Millisecond, time.Minute, never)
		if len(begun) < 600 {
			t.Errorf("%d calls in a minute, want the rate to be used: at least 600", len(begun))
		}
		for i := range begun {
			for j := i; j < len(begun); j++ {
				span := begun[j].Sub(begun[i]).Seconds()
				if most := limit.burst + limit.perSecond*span + 1; float64(j-i+1) > most {
					t.Fatalf("%d calls began within %.2fs, want at most %.1f", j-i+1, span, most)
				}
			}
		}
	})
}

// A pace without a limit is as fast as its window lets it be.
func TestPaceWithoutALimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := runAt(t, newPace(rate{}, 16, time.Second, time.Now), 32, 10*time.Millisecond, 10*time.Second, never)
		if len(begun) < 15_000 { // 16 at once, 100 a second each
			t.Errorf("%d calls, want about 16,000", len(begun))
		}
	})
}

// A service that takes five calls a second and refuses the rest: the pace
// comes down to about that, and goes up again when the service does.
func TestPaceGivesWayAndComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(rate{perSecond: 100, burst: 100}, 16, 100*time.Millisecond, time.Now)
		var mu sync.Mutex
		tokens, filled := 5.0, time.Now()
		refused := 0
		strict := func(int64) bool {
			mu.Lock()
			defer mu.Unlock()
			tokens = min(5, tokens+5*time.Since(filled).Seconds())
			filled = time.Now()
			if tokens < 1 {
				refused++
				return true
			}
			tokens--
			return false
		}
		begun := runAt(t, p, 32, 20*time.Millisecond, 2*time.Minute, strict)
		if good := len(begun) - refused; good < 300 || refused > len(begun)/2 {
			t.Errorf("%d answered and %d refused of %d; want more than half of what the service takes, and few refused", good, refused, len(begun))
		}
		after := runAt(t, p, 32, 20*time.Millisecond, time.Minute, never)
		if len(after) < 4000 {
			t.Errorf("%d calls in the minute after, want the rate back: at least 4,000", len(after))
		}
	})
}

// What the service asks to wait is waited by all.
func TestPaceWaitsAsAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(rate{perSecond: 100, burst: 100}, 4, time.Millisecond, time.Now)
		first, err := p.begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p.end(first, true, 7*time.Second)
		second, err := p.begin(t.Context())
		if err != nil || second.Sub(first) < 7*time.Second || second.Sub(first) > 8*time.Second {
			t.Errorf("the next call began after %s, %v; want 7s", second.Sub(first), err)
		}
		p.end(second, false, 0)
	})
}

// Calls that were in flight together and are all refused are one piece of news.
func TestPaceCountsOneStormOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(rate{perSecond: 64, burst: 64}, 8, time.Millisecond, time.Now)
		p.window = 8
		var began []time.Time
		for range 8 {
			at, err := p.begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			began = append(began, at)
		}
		time.Sleep(time.Millisecond)
		for _, at := range began {
			p.end(at, true, 0)
		}
		if p.window != 4 || p.rate != 32 || p.inFlight != 0 {
			t.Errorf("window %v, rate %v, %d in flight; want 4, 32, 0", p.window, p.rate, p.inFlight)
		}
	})
}

func TestPaceEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPace(rate{perSecond: 0.001, burst: 1}, 1, time.Second, time.Now)
		at, err := p.begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := p.begin(ctx); !errors.Is(err, context.DeadlineExceeded) { // waits for the window
			t.Errorf("full window: %v", err)
		}
		p.end(at, false, 0)
		late, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := p.begin(late); !errors.Is(err, context.DeadlineExceeded) { // waits for the bucket
			t.Errorf("empty bucket: %v", err)
		}
		if p.inFlight != 0 {
			t.Errorf("%d in flight", p.inFlight)
		}
	})
}

func TestRates(t *testing.T) {
	t.Parallel()
	for _, s := range services() {
		if r := rateOf(s.name); r.perSecond <= 0 || r.burst < 1 {
			t.Errorf("%s: %+v", s.name, r)
		}
	}
	if rateOf("nobody-knows") != defaultRate() || rateOf("ec2").perSecond != 20 {
		t.Error("rates are not what the table says")
	}
}
