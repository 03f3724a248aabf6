package dns

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mdns "github.com/miekg/dns"
)

type sourceFunc func(ctx context.Context) ([]Zone, error)

func (f sourceFunc) Zones(ctx context.Context) ([]Zone, error) { return f(ctx) }

// clock is moved by hand.
type clock struct{ nanos atomic.Int64 }

func (c *clock) now() time.Time { return time.Unix(1_700_000_000, c.nanos.Load()) }

func (c *clock) advance(d time.Duration) { c.nanos.Add(int64(d)) }

var errDown = errors.New("down")

// flaky is a source that can be down, slow, and that counts.
type flaky struct {
	reads atomic.Int64
	down  atomic.Bool
	// slow blocks a reading until it is closed or the reading is given up.
	slow atomic.Pointer[chan struct{}]
}

func (f *flaky) Zones(ctx context.Context) ([]Zone, error) {
	n := f.reads.Add(1)
	if gate := f.slow.Load(); gate != nil {
		select {
		case <-*gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if f.down.Load() {
		return nil, errDown
	}
	return []Zone{{ID: "Z", Name: "example.", Sets: []RecordSet{set("n.example.", "TXT", uint32(n), `"x"`)}}}, nil
}

func flakyServer(t *testing.T) (*Server, *flaky, *clock) {
	t.Helper()
	f, c := &flaky{}, &clock{}
	s := newServer(Options{Zones: f, Now: c.now, MaxStale: 10 * time.Second})
	t.Cleanup(s.end)
	return s, f, c
}

// generation is the number of the reading that an answer comes from; 0 for
// SERVFAIL.
func generation(t *testing.T, s *Server) int {
	t.Helper()
	m := s.reply(t.Context(), question("n.example.", "TXT"), mdns.MaxMsgSize)
	if m.Rcode == mdns.RcodeServerFailure {
		return 0
	}
	if len(m.Answer) != 1 {
		t.Fatal(show(m))
	}
	return int(m.Answer[0].Header().Ttl)
}

func TestZonesAreReadAtMostOnceASecond(t *testing.T) {
	t.Parallel()
	s, f, c := flakyServer(t)
	for _, step := range []struct {
		advance time.Duration
		want    int
	}{{0, 1}, {999 * time.Millisecond, 1}, {time.Millisecond, 2}, {0, 2}, {time.Hour, 3}} {
		c.advance(step.advance)
		if got := generation(t, s); got != step.want {
			t.Errorf("after %s more: reading %d, want %d", step.advance, got, step.want)
		}
	}
	if f.reads.Load() != 3 {
		t.Errorf("read %d times", f.reads.Load())
	}
}

// A source that goes down: the last answer for a while, then SERVFAIL, then
// the new answer when it is back; and it is not asked more often meanwhile.
func TestStaleAnswersAreBounded(t *testing.T) {
	t.Parallel()
	s, f, c := flakyServer(t)
	if generation(t, s) != 1 {
		t.Fatal("no first answer")
	}
	f.down.Store(true)
	for range 5 {
		c.advance(1900 * time.Millisecond)
		for range 3 {
			if got := generation(t, s); got != 1 {
				t.Fatalf("reading %d, want the stale one", got)
			}
		}
	}
	if got := f.reads.Load(); got != 6 {
		t.Errorf("read %d times in five steps, want 6", got)
	}
	c.advance(600 * time.Millisecond)
	if got := generation(t, s); got != 0 {
		t.Errorf("reading %d after the bound, want SERVFAIL", got)
	}
	f.down.Store(false)
	c.advance(time.Second)
	if got := generation(t, s); got == 0 {
		t.Error("still SERVFAIL when the source is back")
	}
}

func TestNeverReachedIsServfail(t *testing.T) {
	t.Parallel()
	f := &flaky{}
	f.down.Store(true)
	s := newServer(Options{Zones: f, Hosts: shopHosts(t)})
	t.Cleanup(s.end)
	if got := generation(t, s); got != 0 {
		t.Errorf("reading %d", got)
	}
	// Names that need no zone are answered all the same.
	m := s.reply(t.Context(), question("front-1.us-east-1.elb.amazonaws.com.", "A"), mdns.MaxMsgSize)
	if m.Rcode != mdns.RcodeSuccess || len(m.Answer) != 1 {
		t.Errorf("a host: %s", show(m))
	}
}

// While a reading hangs, questions get the older answer; without one they wait
// only as long as their own time lasts.
func TestSlowSource(t *testing.T) {
	t.Parallel()
	s, f, c := flakyServer(t)
	if generation(t, s) != 1 {
		t.Fatal("no first answer")
	}
	gate := make(chan struct{})
	f.slow.Store(&gate)
	c.advance(time.Second)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if got := generation(t, s); got != 1 {
				t.Errorf("reading %d, want the older one", got)
			}
		})
	}
	wait.Wait()
	if got := f.reads.Load(); got != 2 {
		t.Errorf("%d readings at once, want one", got-1)
	}
	close(gate)

	fresh := newServer(Options{Zones: sourceFunc(func(ctx context.Context) ([]Zone, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})})
	t.Cleanup(fresh.end)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if m := fresh.reply(ctx, question("n.example.", "TXT"), mdns.MaxMsgSize); m.Rcode != mdns.RcodeServerFailure {
		t.Errorf("without any reading: %s", show(m))
	}
}
