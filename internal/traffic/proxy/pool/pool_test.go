package pool_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/traffic/proxy/pool"
	"example.com/landfall/internal/traffic/proxy/rules"
)

// clock is one that the test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// config returns the settings of a side as a file would give them.
func config(t *testing.T, more string, urls ...string) rules.Side {
	t.Helper()
	var quoted []string
	for _, u := range urls {
		quoted = append(quoted, fmt.Sprintf("%q", u))
	}
	r, err := rules.Parse("x", fmt.Appendf(nil, `schemaVersion: 1
listeners: [{name: a, address: ":1"}]
sides:
  a: {endpoints: [%s]%s}
  b: {endpoints: ["http://b:1"]}
routes: [{name: a, side: a}]
`, strings.Join(quoted, ","), more))
	if err != nil {
		t.Fatal(err)
	}
	return r.Sides["a"]
}

func side(t *testing.T, o pool.Options) *pool.Side {
	t.Helper()
	o.Name, o.Log = "a", slog.New(slog.DiscardHandler)
	if o.Now == nil {
		o.Now = time.Now
	}
	s, err := pool.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Retire)
	return s
}

// server answers with the status of the moment and counts.
type server struct {
	url    string
	status atomic.Int64
	seen   atomic.Int64
}

func serve(t *testing.T) *server {
	t.Helper()
	s := &server{}
	s.status.Store(200)
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.seen.Add(1)
		w.WriteHeader(int(s.status.Load()))
	}))
	t.Cleanup(h.Close)
	s.url = h.URL
	return s
}

func send(t *testing.T, s *pool.Side) (int, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://shop.example/", nil)
	if err != nil {
		t.Fatal(err)
	}
	call := &pool.Call{}
	defer call.Release()
	res, err := s.Send(req, call)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

// An endpoint that fails in a row is out, for longer each time, and never more
// of a side than its share.
func TestEjectionHasAShareAndAnEnd(t *testing.T) {
	t.Parallel()
	bad, good := serve(t), serve(t)
	c := &clock{at: time.Unix(1000, 0)}
	ejected := 0
	s := side(t, pool.Options{Config: config(t, ", ejection: {failures: 3, time: 10s}", bad.url, good.url), Now: c.now, Ejected: func(string) { ejected++ }})
	bad.status.Store(500)
	for range 20 {
		if _, err := send(t, s); err != nil {
			t.Fatal(err)
		}
	}
	if bad.seen.Load() != 3 || ejected != 1 {
		t.Errorf("%d requests to the bad one, %d ejections", bad.seen.Load(), ejected)
	}
	good.status.Store(500)
	for range 20 {
		if status, err := send(t, s); err != nil || status != 500 {
			t.Fatal(status, err)
		}
	}
	if ejected != 1 {
		t.Error("both endpoints are out: more than the share")
	}
	good.status.Store(200)
	c.pass(11 * time.Second)
	before := bad.seen.Load()
	for range 20 {
		if _, err := send(t, s); err != nil {
			t.Fatal(err)
		}
	}
	if bad.seen.Load() != before+3 || ejected != 2 {
		t.Errorf("back: %d more requests, %d ejections", bad.seen.Load()-before, ejected)
	}
	c.pass(11 * time.Second)
	if _, err := send(t, s); err != nil || s.Conditions()[0].OutUntil == nil {
		t.Errorf("the second time is not longer: %+v %v", s.Conditions(), err)
	}
	bad.status.Store(200)
	c.pass(10 * time.Second)
	before = bad.seen.Load()
	for range 20 {
		if _, err := send(t, s); err != nil {
			t.Fatal(err)
		}
	}
	if bad.seen.Load() == before {
		t.Error("the mended one never comes back")
	}
}

func TestHealthChecksTakeOutAndBringBack(t *testing.T) {
	t.Parallel()
	one, other := serve(t), serve(t)
	one.status.Store(503)
	s := side(t, pool.Options{Config: config(t, ", health: {path: /up, interval: 5ms, rise: 2, fall: 2, statuses: [200]}", one.url, other.url)})
	s.Start(t.Context())
	healthy := func(want ...bool) {
		t.Helper()
		testkit.Eventually(t, time.Minute, func() error {
			for i, c := range s.Conditions() {
				if !c.Checked || c.Healthy != want[i] {
					return fmt.Errorf("%+v", c)
				}
			}
			return nil
		})
	}
	healthy(false, true)
	one.status.Store(200)
	healthy(true, true)
	other.status.Store(204) // no good one of the list
	healthy(true, false)
	one.status.Store(500)
	healthy(false, false)
	if _, err := send(t, s); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a dead side: %v", err)
	}
}

// What stays as it is keeps its connections and its state; what is known of an
// endpoint survives a change of the side around it.
func TestASideThatStaysIsTheSame(t *testing.T) {
	t.Parallel()
	bad, good := serve(t), serve(t)
	bad.status.Store(500)
	first := side(t, pool.Options{Config: config(t, ", ejection: {failures: 1}", bad.url, good.url)})
	for range 4 {
		if _, err := send(t, first); err != nil {
			t.Fatal(err)
		}
	}
	if same := side(t, pool.Options{Config: config(t, ", ejection: {failures: 1}", bad.url, good.url), Previous: first}); same != first {
		t.Error("an equal side is another one")
	}
	changed := side(t, pool.Options{Config: config(t, ", ejection: {failures: 1}, timeouts: {connect: 1s}", bad.url, good.url), Previous: first})
	if changed == first || changed.Conditions()[0].OutUntil == nil || changed.Conditions()[1].OutUntil != nil {
		t.Errorf("what was known is lost: %+v", changed.Conditions())
	}
	if _, err := pool.New(pool.Options{Name: "a", Config: config(t, ", tls: {caFile: /nowhere.pem}", "https://127.0.0.1:1"), Now: time.Now}); !fault.Is(err, fault.NotFound) {
		t.Errorf("authorities that are not there: %v", err)
	}
}

func TestConnectionsHaveABoundAndLoadIsSpread(t *testing.T) {
	t.Parallel()
	entered, gate := make(chan string, 10), make(chan struct{})
	var urls []string
	for i := range 2 {
		h := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			entered <- fmt.Sprint(i)
			<-gate
		}))
		t.Cleanup(h.Close)
		urls = append(urls, h.URL)
	}
	s := side(t, pool.Options{Config: config(t, ", connections: {max: 2, idle: 1}", urls...)})
	var over sync.WaitGroup
	seen := map[string]int{}
	for range 4 {
		over.Go(func() {
			if _, err := send(t, s); err != nil {
				t.Error(err)
			}
		})
		seen[<-entered]++
	}
	if seen["0"] != 2 || seen["1"] != 2 {
		t.Errorf("%v", seen)
	}
	if _, err := send(t, s); !fault.Is(err, fault.Unavailable) {
		t.Errorf("one too many: %v", err)
	}
	close(gate)
	over.Wait()
	if _, err := send(t, s); err != nil {
		t.Error(err)
	}
}

func TestARateIsBounded(t *testing.T) {
	t.Parallel()
	c := &clock{at: time.Unix(1000, 0)}
	s := side(t, pool.Options{Config: config(t, ", rate: {perSecond: 2, burst: 3}", "http://a:1"), Now: c.now})
	admitted := func() (n int) {
		for s.Admit() {
			n++
		}
		return n
	}
	if got := admitted(); got != 3 {
		t.Errorf("%d at once", got)
	}
	c.pass(time.Second)
	if got := admitted(); got != 2 {
		t.Errorf("%d after a second", got)
	}
}

func TestGRPCIsToldByItsType(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]bool{"application/grpc": true, "application/grpc+proto": true, "application/grpc;x": true, "application/grpc-web": false, "application/json": false, "": false} {
		if got := pool.IsGRPC(http.Header{"Content-Type": {kind}}); got != want {
			t.Errorf("%q: %t", kind, got)
		}
	}
}
