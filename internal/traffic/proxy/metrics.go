package proxy

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what Prometheus reads.
type metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	retries   *prometheus.CounterVec
	ejections *prometheus.CounterVec
	sides     sideCollector
}

func newMetrics(p *Proxy) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "landfall_proxy_requests_total", Help: "Requests by route, side, why that side, and class of the status."}, []string{"route", "side", "reason", "class"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "landfall_proxy_request_duration_seconds", Help: "Time from the head of a request to the end of its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"route", "side"}),
		retries:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "landfall_proxy_retries_total", Help: "Further tries of requests."}, []string{"side"}),
		ejections: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "landfall_proxy_ejections_total", Help: "Endpoints taken out after failures in a row."}, []string{"side"}),
		sides:     newSideCollector(p),
	}
	m.registry.MustRegister(m.requests, m.durations, m.retries, m.ejections, m.sides, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

func (m *metrics) ejected(side string) { m.ejections.WithLabelValues(side).Inc() }

func (m *metrics) exchange(x *exchange, ended time.Time) {
	route, side := x.decision.Route.Name, x.decision.Side
	m.requests.WithLabelValues(route, side, string(x.decision.Reason), strconv.Itoa(x.record.status/100)+"xx").Inc()
	if !x.upgrade {
		m.durations.WithLabelValues(route, side).Observe(ended.Sub(x.begun).Seconds())
	}
	if x.call.Tries > 1 {
		m.retries.WithLabelValues(side).Add(float64(x.call.Tries - 1))
	}
}

// sideCollector reads at the moment of asking what would otherwise have to be
// kept up to date with each request.
type sideCollector struct {
	proxy                                               *Proxy
	inFlight, usable, weight, version, shadow, draining *prometheus.Desc
	lost                                                *prometheus.Desc
}

func newSideCollector(p *Proxy) sideCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("landfall_proxy_"+name, help, labels, nil)
	}
	return sideCollector{
		proxy:    p,
		inFlight: desc("requests_in_flight", "Requests under way at an endpoint.", "side", "endpoint"),
		usable:   desc("endpoint_usable", "1 for an endpoint that gets requests.", "side", "endpoint"),
		weight:   desc("weight_basis_points", "The configured share of a side.", "route", "side"),
		version:  desc("configuration_version", "Counts the configurations since the start."),
		shadow:   desc("shadow_total", "Copies of requests by how they went.", "route", "outcome"),
		draining: desc("draining", "1 while the probe says no."),
		lost:     desc("access_log_lost_total", "How often lines of the access log could not be written."),
	}
}

// Describe names the metrics.
func (c sideCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.inFlight, c.usable, c.weight, c.version, c.shadow, c.draining, c.lost} {
		out <- d
	}
}

// Collect reads the present values.
func (c sideCollector) Collect(out chan<- prometheus.Metric) {
	s := c.proxy.state.Load()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for name, side := range s.sides {
		for _, e := range side.Conditions() {
			gauge(c.inFlight, float64(e.InFlight), name, e.URL)
			gauge(c.usable, number(e.Healthy && e.OutUntil == nil), name, e.URL)
		}
	}
	for route, weights := range s.Weights() {
		for side, w := range weights {
			gauge(c.weight, float64(w), route, side)
		}
	}
	gauge(c.version, float64(s.version))
	gauge(c.draining, number(c.proxy.draining.Load()))
	counter := func(d *prometheus.Desc, v int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	counter(c.lost, c.proxy.log.Lost())
	for _, r := range c.proxy.report.Routes() {
		for outcome, n := range map[string]int64{"same": r.Same, "different": r.Different, "failed": r.Failed, "dropped": r.Dropped} {
			counter(c.shadow, n, r.Route, outcome)
		}
	}
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
