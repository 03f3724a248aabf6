package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Set is all counters of one process.
type Set struct {
	registry *prometheus.Registry

	Requests   *prometheus.CounterVec   // by route and status
	Duration   *prometheus.HistogramVec // by route
	Orders     *prometheus.CounterVec   // by outcome
	ReadOnly   prometheus.Counter       // writes refused because the database takes none
	Views      *prometheus.CounterVec   // page views by written, dropped
	Messages   *prometheus.CounterVec   // queue messages by what became of them
	WorkerRuns *prometheus.CounterVec   // worker rounds by kind of trouble, "ok" for none
}

// New returns a set whose every metric has the instance as a label.
func New(instance string) *Set {
	registry := prometheus.NewRegistry()
	labelled := prometheus.WrapRegistererWith(prometheus.Labels{"instance_name": instance}, registry)
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		labelled.MustRegister(c)
		return c
	}
	s := &Set{
		registry:   registry,
		Requests:   counter("bookshop_http_requests_total", "HTTP requests by route and status.", "route", "status"),
		Orders:     counter("bookshop_orders_total", "Orders by outcome.", "outcome"),
		Views:      counter("bookshop_page_views_total", "Page views by what became of the record.", "result"),
		Messages:   counter("bookshop_queue_messages_total", "Queue messages by what became of them.", "result"),
		WorkerRuns: counter("bookshop_worker_rounds_total", "Rounds of the worker by loop and result.", "loop", "result"),
		ReadOnly: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "bookshop_read_only_refusals_total", Help: "Writes refused because the database takes no writes (SQLSTATE 25006)."}),
		Duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "bookshop_http_request_seconds", Help: "Time to answer an HTTP request.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}}, []string{"route"}),
	}
	labelled.MustRegister(s.ReadOnly, s.Duration, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return s
}

// Gauge registers a value that is asked for when /metrics is read.
func (s *Set) Gauge(name, help string, value func() float64) {
	s.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
}

// Handler serves the metrics.
func (s *Set) Handler() http.Handler {
	return promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{})
}
