package probe_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/meter"
	"example.com/landfall/internal/meter/probe"
)

func parse(t *testing.T, text string) []probe.Target {
	t.Helper()
	list, err := probe.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// send runs the options and gives the baseline.
func send(t *testing.T, o probe.Options, resources ...inventory.Resource) kpi.Baseline {
	t.Helper()
	m, err := probe.New(o)
	if err != nil {
		t.Fatal(err)
	}
	a, err := m.Query(t.Context(), meter.Request{Resources: resources})
	if err != nil {
		t.Fatal(err)
	}
	return kpi.Build(a.Measurements, a.Unmeasured, a.Inputs)
}

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

// wait takes a time as the service's own work would.
func wait(r *http.Request, d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.Context().Done():
	}
}

func one(t *testing.T, b *kpi.Baseline, metric kpi.Metric) kpi.KPI {
	t.Helper()
	for _, k := range b.KPIs {
		if k.Metric == metric {
			return k
		}
	}
	t.Fatalf("no %s in %d KPIs", metric, len(b.KPIs))
	return kpi.KPI{}
}

func statistic(t *testing.T, k kpi.KPI, s kpi.Statistic) float64 {
	t.Helper()
	v, ok := k.Value(s)
	if !ok {
		t.Fatalf("no %s of %s: %s", s, k.Metric, k.Unknown)
	}
	return v.Value
}

// One request in ten takes 150 ms longer: the percentiles tell it. The service
// cannot be faster than its delays, so the lower bounds are strict; this
// machine may be slow, so the upper ones are not.
func TestAKnownDistributionIsRecovered(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		d := 10 * time.Millisecond
		if n.Add(1)%10 == 0 {
			d = 160 * time.Millisecond
		}
		wait(r, d)
		_, _ = io.WriteString(w, "ok")
	})
	b := send(t, probe.Options{Targets: parse(t, server.URL+"/books/17"), Rate: 50, Duration: 4 * time.Second, Arrivals: probe.Constant})
	k := one(t, &b, kpi.Latency)
	p50, p95 := statistic(t, k, kpi.P50), statistic(t, k, kpi.P95)
	if p50 < 0.010 || p50 > 0.150 || p95 < 0.160 || statistic(t, k, kpi.Min) < 0.010 {
		t.Errorf("p50 %v, p95 %v, values %+v", p50, p95, k.Values)
	}
	if k.Samples != 200 || k.Source != kpi.Probe || k.Window.To.Sub(k.Window.From) != 4*time.Second || !strings.HasSuffix(k.Subject.Name, "/books/{n}") {
		t.Errorf("%d samples of %+v in %v", k.Samples, k.Subject, k.Window)
	}
	if got := statistic(t, one(t, &b, kpi.Throughput), kpi.Mean); got != 50 {
		t.Errorf("throughput %v", got)
	}
	if first := one(t, &b, kpi.FirstByteLatency); statistic(t, first, kpi.Min) < 0.010 {
		t.Errorf("first byte after %+v", first.Values)
	}
	if c := one(t, &b, kpi.ConnectLatency); c.Samples < 1 || c.Samples > 200 {
		t.Errorf("%d connections", c.Samples)
	}
}

// A server that stalls for a second makes every request that falls due in it
// late, and the percentiles must show so. A loop that waits for answers would
// have sent one request in that second.
func TestAStallShowsInThePercentiles(t *testing.T) {
	t.Parallel()
	const stall = time.Second
	var began atomic.Int64
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		began.CompareAndSwap(0, time.Now().UnixNano())
		since := time.Since(time.Unix(0, began.Load()))
		if since > stall && since < 2*stall {
			wait(r, 2*stall-since)
		}
	})
	b := send(t, probe.Options{Targets: parse(t, server.URL), Rate: 100, Duration: 4 * time.Second, Arrivals: probe.Constant, Allow: true, Seed: 1})
	k := one(t, &b, kpi.Latency)
	slow := int64(0)
	p75, _ := k.Distribution.Percentile(75)
	for percent := 100.0; percent > 0; percent-- {
		if v, _ := k.Distribution.Percentile(percent); v > 0.2 {
			slow++
		}
	}
	// A quarter of the requests fell into the stall, 80 % of them waited longer
	// than 200 ms.
	if slow < 15 || statistic(t, k, kpi.P90) < 0.5 || p75 > 0.9 || k.Samples != 400 {
		t.Errorf("%d %% are slow, p75 %v, p90 %v, %d samples", slow, p75, statistic(t, k, kpi.P90), k.Samples)
	}
}

// With one place, whatever falls due while a request is on the way is counted
// as dropped.
func TestWhatCannotBeSentIsCounted(t *testing.T) {
	t.Parallel()
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { wait(r, 250*time.Millisecond) })
	b := send(t, probe.Options{Targets: parse(t, server.URL), Rate: 40, Duration: 2 * time.Second, Arrivals: probe.Constant, MaxInFlight: 1})
	dropped, sent := statistic(t, one(t, &b, kpi.Dropped), kpi.Total), statistic(t, one(t, &b, kpi.Throughput), kpi.Total)
	if sent < 1 || sent > 9 || sent+dropped != 80 {
		t.Errorf("%v sent, %v dropped of 80", sent, dropped)
	}
}

func TestErrorsByClass(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/500":
			w.WriteHeader(http.StatusInternalServerError)
		case "/404":
			w.WriteHeader(http.StatusNotFound)
		case "/cut":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "short")
		case "/broken":
			panic(http.ErrAbortHandler)
		case "/moved":
			http.Redirect(w, r, "/404", http.StatusFound)
		default:
			_, _ = io.WriteString(w, "welcome")
		}
	})
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // each refused handshake is a line
	secure.StartTLS()
	t.Cleanup(secure.Close)
	list := parse(t, fmt.Sprintf(`[{url: %[1]s/500, name: five}, {url: %[1]s/404, name: four}, {url: %[1]s/cut, name: cut}, {url: %[1]s/broken, name: broken},
		{url: %[1]s/moved, name: moved}, {url: %[1]s/404, name: wanted, status: "404"}, {url: %[1]s/, name: other status, status: 3xx}, {url: %[1]s/, name: text, match: "wel+come"}, {url: %[1]s/, name: no text, match: goodbye},
		{url: %[2]s/, name: closed}, {url: %[3]s/, name: untrusted}, {url: "http://nowhere.invalid/", name: nobody}]`, server.URL, closed, secure.URL))
	b := send(t, probe.Options{Targets: list, Rate: 50, Duration: 3 * time.Second})
	want := map[string]string{"five": "5xx", "four": "4xx", "cut": "answer cut short", "broken": "connection broken", "moved": "", "wanted": "", "other status": "unexpected status", "text": "",
		"no text": "answer without the expected text", "closed": "connection refused", "untrusted": "TLS", "nobody": "name not resolved"}
	for name, class := range want {
		k, ok := b.Find(kpi.Subject{Kind: kpi.Flow, ID: cloud.ResourceID(name)}, kpi.ErrorRate, "")
		if !ok {
			t.Errorf("%s: never sent", name)
			continue
		}
		notes := ""
		for _, e := range k.Evidence {
			notes += e.Note + "; "
		}
		rate, four := statistic(t, k, kpi.Mean), class == "4xx"
		if class != "" && !strings.Contains(notes, "class \""+class+"\"") || strings.Count(notes, "class") > 1 || (class == "" || four) != (rate == 0) || rate != 0 && rate != 1 {
			t.Errorf("%s: error rate %v, %s; want %q", name, rate, notes, class)
		}
		latency, _ := b.Find(k.Subject, kpi.Latency, "")
		_, known := latency.Value(kpi.P50)
		if answered := class != "connection refused" && class != "TLS" && class != "name not resolved" && class != "connection broken"; known != answered {
			t.Errorf("%s: latency known %v: %s", name, known, latency.Unknown)
		}
	}
}

// A request that timed out took that long at least, and counts as that slow.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { wait(r, time.Minute) })
	b := send(t, probe.Options{Targets: parse(t, server.URL), Rate: 10, Duration: time.Second, Timeout: 200 * time.Millisecond, Arrivals: probe.Constant})
	if k := one(t, &b, kpi.ErrorRate); statistic(t, k, kpi.Total) != 10 || !strings.Contains(fmt.Sprint(k.Evidence), `10 of class "time-out"`) {
		t.Errorf("%+v, %v", k.Values, k.Evidence)
	}
	if k := one(t, &b, kpi.Latency); k.Samples != 10 || statistic(t, k, kpi.Min) < 0.2 {
		t.Errorf("latency %+v", k.Values)
	}
}

func TestTLSPhasesAndAuthorities(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	t.Cleanup(server.Close)
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	b := send(t, probe.Options{Targets: parse(t, server.URL), Rate: 20, Duration: time.Second, WarmUp: 0, TLS: &tls.Config{RootCAs: pool}})
	if k := one(t, &b, kpi.TLSLatency); k.Samples < 1 || statistic(t, k, kpi.Max) <= 0 {
		t.Errorf("handshakes: %+v", k)
	}
	if rate := statistic(t, one(t, &b, kpi.ErrorRate), kpi.Mean); rate != 0 {
		t.Errorf("error rate %v", rate)
	}
}

// The warm-up is sent and not counted; weights choose; headers and bodies
// arrive, and are nowhere in the result.
func TestWarmUpWeightsAndSecrets(t *testing.T) {
	t.Parallel()
	var a, c, wrong atomic.Int64
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("Authorization") != "Bearer hush" || r.URL.RawQuery != "key=hush" || r.Method == http.MethodPost && string(body) != "pin=hush" {
			wrong.Add(1)
		}
		if r.URL.Path == "/a" {
			a.Add(1)
		} else {
			c.Add(1)
		}
	})
	list := parse(t, fmt.Sprintf(`requests:
  - {url: "%[1]s/a?key=hush", headers: {Authorization: Bearer hush}, weight: 9}
  - {url: "%[1]s/c?key=hush", method: post, headers: {Authorization: Bearer hush}, body: pin=hush, weight: 1}
  - {url: "%[1]s/never", weight: 0}`, server.URL))
	resource := inventory.Resource{ID: "arn:alb", Aliases: []string{"127.0.0.1"}}
	b := send(t, probe.Options{Targets: list, Rate: 50, Duration: 2 * time.Second, WarmUp: time.Second, Arrivals: probe.Constant, Unsafe: true}, resource)
	if wrong.Load() != 0 || a.Load()+c.Load() != 150 || a.Load() < 110 || c.Load() < 3 {
		t.Errorf("%d of a, %d of c, %d wrong", a.Load(), c.Load(), wrong.Load())
	}
	counted := 0.0
	for _, k := range b.KPIs {
		if k.Metric == kpi.Throughput {
			counted += statistic(t, k, kpi.Total)
		}
		if k.Subject.Front != "arn:alb" {
			t.Errorf("front is %q", k.Subject.Front)
		}
	}
	if counted != 100 {
		t.Errorf("%v requests counted, want 100", counted)
	}
	raw, err := json.Marshal(b)
	if err != nil || strings.Contains(string(raw), "hush") || strings.Contains(string(raw), "never") {
		t.Errorf("a secret, or what was not sent, is in the result: %v", err)
	}
}

func TestSafeDefaults(t *testing.T) {
	t.Parallel()
	url := parse(t, "http://127.0.0.1:1/")
	post := parse(t, "POST http://127.0.0.1:1/orders?token=hush")
	for name, c := range map[string]struct {
		o    probe.Options
		want fault.Kind
	}{
		"a high rate":             {probe.Options{Targets: url, Rate: 51, Duration: time.Second}, fault.Refused},
		"a method that changes":   {probe.Options{Targets: post, Rate: 1, Duration: time.Second}, fault.Refused},
		"nothing to send":         {probe.Options{Rate: 1, Duration: time.Second}, fault.Usage},
		"no rate":                 {probe.Options{Targets: url, Duration: time.Second}, fault.Usage},
		"no duration":             {probe.Options{Targets: url, Rate: 1}, fault.Usage},
		"too many requests":       {probe.Options{Targets: url, Rate: 90_000, Duration: 23 * time.Hour, Allow: true}, fault.Usage},
		"arrivals of no known":    {probe.Options{Targets: url, Rate: 1, Duration: time.Second, Arrivals: "bursts"}, fault.Usage},
		"a negative bound":        {probe.Options{Targets: url, Rate: 1, Duration: time.Second, MaxInFlight: -1}, fault.Usage},
		"a high rate, allowed":    {probe.Options{Targets: url, Rate: 51, Duration: time.Second, Allow: true}, ""},
		"a change, allowed":       {probe.Options{Targets: post, Rate: 1, Duration: time.Second, Unsafe: true}, ""},
		"a target without an url": {probe.Options{Targets: []probe.Target{{Weight: 1, Method: "GET"}}, Rate: 1, Duration: time.Second}, fault.Usage},
	} {
		_, err := probe.New(c.o)
		if got := fault.KindOf(err); got != c.want || c.want == fault.Refused && fault.HintOf(err) == "" || err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v (%s), want %s", name, err, got, c.want)
		}
	}
}

func TestCancelledHalfWay(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	server := serve(t, func(http.ResponseWriter, *http.Request) { cancel() })
	m, err := probe.New(probe.Options{Targets: parse(t, server.URL), Rate: 1, Duration: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if a, err := m.Query(ctx, meter.Request{}); !fault.Is(err, fault.Canceled) || len(a.Measurements) != 0 {
		t.Errorf("%v, %d measurements", err, len(a.Measurements))
	}
}
