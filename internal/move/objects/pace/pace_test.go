package pace_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/move/objects/pace"
)

// serve simulates a service: each request takes the time that serve says for so
// many at once, for as long as the simulated time lasts.
func serve(t *testing.T, g *pace.Gate, workers int, lasts time.Duration, took func(inside int) time.Duration) {
	ctx, cancel := context.WithTimeout(t.Context(), lasts)
	defer cancel()
	var mu sync.Mutex
	inside := 0
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for g.Enter(ctx) == nil {
				mu.Lock()
				inside++
				pause := took(inside)
				mu.Unlock()
				time.Sleep(pause)
				mu.Lock()
				inside--
				mu.Unlock()
				g.Leave(0)
			}
		})
	}
	all.Wait()
}

// A service that answers as fast however many there are gets as many as allowed;
// one that has a ceiling gets about as many as reach it.
func TestGateFindsOutHowManyPay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		wide := pace.NewGate(0, time.Now)
		serve(t, wide, 300, time.Minute, func(int) time.Duration { return 20 * time.Millisecond })
		if wide.Limit() != 256 {
			t.Errorf("a wide service is asked %d times at once", wide.Limit())
		}
		narrow := pace.NewGate(0, time.Now)
		serve(t, narrow, 300, time.Minute, func(inside int) time.Duration {
			// 40 at once bring all that there is.
			return time.Duration(max(1, float64(inside)/40) * float64(20*time.Millisecond))
		})
		if n := narrow.Limit(); n < 20 || n > 100 {
			t.Errorf("a narrow service is asked %d times at once", n)
		}
	})
}

func TestSlowedHalves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := pace.NewGate(0, time.Now)
		g.Slowed("target")
		g.Slowed("target")
		if g.Limit() != 8 || g.Why() != "throttled by the target" {
			t.Errorf("limit %d, %q", g.Limit(), g.Why())
		}
		for range 10 {
			time.Sleep(2 * time.Second)
			g.Slowed("source")
		}
		if g.Limit() != 2 {
			t.Errorf("limit %d, want the least", g.Limit())
		}
		time.Sleep(time.Minute)
		if g.Why() != "" {
			t.Errorf("still %q", g.Why())
		}
		fixed := pace.NewGate(5, time.Now)
		fixed.Slowed("target")
		if fixed.Limit() != 5 {
			t.Errorf("a fixed limit became %d", fixed.Limit())
		}
	})
}

func TestGateKeepsItsLimitAndPauses(t *testing.T) {
	t.Parallel()
	g := pace.NewGate(2, time.Now)
	for range 2 {
		if err := g.Enter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() { gone <- g.Enter(ctx) }()
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("a third got in: %v", err)
	}
	g.Pause()
	g.Leave(0)
	let := make(chan error)
	go func() { let <- g.Enter(t.Context()) }()
	if g.Why() != "paused" {
		t.Errorf("why is %q", g.Why())
	}
	g.Resume()
	if err := <-let; err != nil {
		t.Error(err)
	}
	g.Leave(0)
	g.Leave(0)
}

// Whatever is taken and given back, no more is out than is allowed, and nobody
// waits for ever.
func TestBuffersStayWithinTheirBound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const limit = 1 << 20
		b := pace.NewBuffers(limit)
		sizes := rapid.SliceOfN(rapid.IntRange(0, 3<<19), 1, 60).Draw(t, "sizes")
		var mu sync.Mutex
		out, alone := 0, 0
		var all sync.WaitGroup
		for _, size := range sizes {
			all.Go(func() {
				buf, err := b.Get(t.Context(), size)
				if err != nil || len(buf) != size {
					t.Errorf("got %d bytes, %v", len(buf), err)
					return
				}
				mu.Lock()
				out, alone = out+size, alone+1
				if out > limit && alone > 1 {
					t.Errorf("%d bytes are out", out)
				}
				mu.Unlock()
				mu.Lock()
				out, alone = out-size, alone-1
				mu.Unlock()
				b.Put(buf)
			})
		}
		all.Wait()
	})
}

func TestBuffersGiveUpWithTheirCaller(t *testing.T) {
	t.Parallel()
	b := pace.NewBuffers(1 << 12)
	first, err := b.Get(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Get(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	b.Put(first)
	if _, err := b.Get(t.Context(), 1<<12); err != nil {
		t.Error(err)
	}
}

func TestBucketBoundsTheRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b pace.Bucket
		if err := b.Take(t.Context(), 1e12); err != nil || b.Bound() {
			t.Errorf("an empty bucket bounds: %v", err)
		}
		b.Set(100)
		began := time.Now()
		for range 10 {
			if err := b.Take(t.Context(), 50); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took < 4700*time.Millisecond || took > 5*time.Second {
			t.Errorf("500 at 100 a second took %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.Take(ctx, 1000); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// Whoever gives up keeps no place: a gate is used by one pass after another, and
// most of its workers end with an error when a pass is broken off.
func TestGateKeepsNoPlaceForThoseWhoGaveUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := pace.NewGate(4, time.Now)
		var all sync.WaitGroup
		for n := range 200 {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n%40)*time.Millisecond)
				defer cancel()
				for g.Enter(ctx) == nil {
					time.Sleep(3 * time.Millisecond)
					g.Leave(0)
				}
			})
		}
		all.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for range 4 {
			if err := g.Enter(ctx); err != nil {
				t.Fatalf("a place is lost: %v", err)
			}
		}
	})
}
