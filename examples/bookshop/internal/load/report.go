package load

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"example.com/landfall/examples/bookshop/internal/journal"
)

// Summary is the result of a run, as printed in JSON. Times are milliseconds.
type Summary struct {
	Run             string                  `json:"run"`
	Seconds         float64                 `json:"seconds"`
	RatePerSecond   float64                 `json:"ratePerSecond"` // asked for
	Sent            int64                   `json:"sent"`
	OK              int64                   `json:"ok"`
	Failed          map[string]int64        `json:"failed"` // by class
	Latency         Latency                 `json:"latency"`
	Routes          map[Route]*RouteSummary `json:"routes"`
	Addresses       map[string]int64        `json:"addresses"` // answers by peer address
	Orders          OrderSummary            `json:"orders"`
	LargestInFlight int64                   `json:"largestInFlight"`
}

// RouteSummary is the part of one route.
type RouteSummary struct {
	Sent    int64   `json:"sent"`
	OK      int64   `json:"ok"`
	Latency Latency `json:"latency"`
}

// Latency holds percentiles in milliseconds, from when a request was due.
type Latency struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// OrderSummary counts orders by outcome. Retried counts second and later
// attempts.
type OrderSummary struct {
	Accepted int64 `json:"accepted"`
	Refused  int64 `json:"refused"`
	Unknown  int64 `json:"unknown"`
	Retried  int64 `json:"retried"`
}

// ok is the class of a request that was answered as it should be.
const ok = ""

// report collects results. It is safe for concurrent use.
type report struct {
	mu      sync.Mutex
	sum     Summary
	all     *hdrhistogram.Histogram // microseconds
	routes  map[Route]*hdrhistogram.Histogram
	recent  *hdrhistogram.Histogram // since the last progress line
	sentNow int64
	flying  int64
}

func newReport(run string, rate float64) *report {
	r := &report{all: newHistogram(), recent: newHistogram(), routes: map[Route]*hdrhistogram.Histogram{}}
	r.sum = Summary{Run: run, RatePerSecond: rate, Failed: map[string]int64{}, Routes: map[Route]*RouteSummary{}, Addresses: map[string]int64{}}
	for _, route := range Routes() {
		r.routes[route] = newHistogram()
		r.sum.Routes[route] = &RouteSummary{}
	}
	return r
}

// newHistogram covers a microsecond to ten minutes with three digits.
func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, int64(10*time.Minute/time.Microsecond), 3)
}

func (r *report) began() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flying++
	r.sum.LargestInFlight = max(r.sum.LargestInFlight, r.flying)
	return r.flying
}

// done counts one request that was begun.
func (r *report) done(route Route, class, address string, latency time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flying--
	r.sentNow++
	r.count(route, class)
	if address != "" {
		r.sum.Addresses[address]++
	}
	value := max(latency.Microseconds(), 1)
	for _, h := range []*hdrhistogram.Histogram{r.all, r.recent, r.routes[route]} {
		if err := h.RecordValue(value); err != nil {
			// Beyond ten minutes; no request may take that long, so the top
			// of the range is as bad as it gets.
			_ = h.RecordValue(h.HighestTrackableValue())
		}
	}
}

func (r *report) count(route Route, class string) {
	r.sum.Sent++
	r.sum.Routes[route].Sent++
	if class == ok {
		r.sum.OK++
		r.sum.Routes[route].OK++
		return
	}
	r.sum.Failed[class]++
}

func (r *report) order(outcome journal.Outcome, attempts int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.Orders.Retried += int64(attempts - 1)
	switch outcome {
	case journal.Accepted:
		r.sum.Orders.Accepted++
	case journal.Refused:
		r.sum.Orders.Refused++
	default:
		r.sum.Orders.Unknown++
	}
}

// progress writes the line of one second.
func (r *report) progress(w io.Writer, elapsed time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	failed := int64(0)
	for _, n := range r.sum.Failed {
		failed += n
	}
	// Talk: a broken pipe here must not stop the load.
	_, _ = fmt.Fprintf(w, "%5.0fs  answered %d (%d/s)  ok %d  failed %d  in flight %d  p50 %.1f ms  p95 %.1f ms\n",
		elapsed.Seconds(), r.sum.Sent, r.sentNow, r.sum.OK, failed, r.flying, at(r.recent, 50), at(r.recent, 95))
	r.sentNow = 0
	r.recent.Reset()
}

func (r *report) summary(elapsed time.Duration) Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum.Seconds = elapsed.Seconds()
	r.sum.Latency = latency(r.all)
	for route, h := range r.routes {
		r.sum.Routes[route].Latency = latency(h)
	}
	return r.sum
}

func latency(h *hdrhistogram.Histogram) Latency {
	return Latency{P50: at(h, 50), P95: at(h, 95), P99: at(h, 99), Max: float64(h.Max()) / 1000}
}

func at(h *hdrhistogram.Histogram, percent float64) float64 {
	return float64(h.ValueAtQuantile(percent)) / 1000
}
