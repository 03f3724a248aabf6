package accesslog

import (
	"time"

	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/records/weblog"
)

// hour is what one hour held.
type hour struct {
	at int64 // hours since 1970
	// served requests reached a target, or would have; answered ones the front
	// settled itself, with a redirect or a refusal.
	served, answered, serverErrors, clientErrors int64
	bytesIn, bytesOut                            int64
	took, target                                 kpi.Moments
}

func (h *hour) merge(o *hour) {
	h.served += o.served
	h.answered += o.answered
	h.serverErrors += o.serverErrors
	h.clientErrors += o.clientErrors
	h.bytesIn += o.bytesIn
	h.bytesOut += o.bytesOut
	h.took.Merge(&o.took)
	h.target.Merge(&o.target)
}

// tally sums up requests that belong together.
type tally struct {
	hours map[int64]*hour
	// recent is the hour of the last entry: logs are almost in order.
	recent       *hour
	took, target kpi.Sketch
	clients      distinct
	requests     int64
	// good says that a request was served without an error of either side: the
	// route exists.
	good        bool
	first, last time.Time
}

func newTally(clients int) *tally {
	return &tally{hours: map[int64]*hour{}, clients: distinct{size: clients}}
}

func (t *tally) hour(at int64) *hour {
	if t.recent != nil && t.recent.at == at {
		return t.recent
	}
	h := t.hours[at]
	if h == nil {
		h = &hour{at: at}
		t.hours[at] = h
	}
	t.recent = h
	return h
}

// add counts one entry.
func (t *tally) add(e *weblog.Entry, client uint64) {
	h := t.hour(floorHour(e.Time))
	t.see(e.Time)
	t.requests++
	h.bytesIn += max(e.BytesIn, 0)
	h.bytesOut += max(e.BytesOut, 0)
	if e.Client != "" {
		t.clients.add(client)
	}
	if !served(e) {
		h.answered++
		return
	}
	h.served++
	switch {
	case e.Failed():
		h.serverErrors++
	case e.Status >= 400:
		h.clientErrors++
	default:
		t.good = true
	}
	h.took.Add(e.Took)
	t.took.AddDuration(e.Took)
	h.target.Add(e.TargetTime)
	t.target.AddDuration(e.TargetTime)
}

func (t *tally) see(at time.Time) {
	if t.first.IsZero() || at.Before(t.first) {
		t.first = at
	}
	if at.After(t.last) {
		t.last = at
	}
}

func (t *tally) merge(o *tally) {
	for at, h := range o.hours {
		t.hour(at).merge(h)
	}
	t.took.Merge(&o.took)
	t.target.Merge(&o.target)
	t.clients.merge(&o.clients)
	t.requests += o.requests
	t.good = t.good || o.good
	if o.requests > 0 {
		t.see(o.first)
		t.see(o.last)
	}
}

// served reports whether the request went to a target or should have: one that
// the balancer answered by a redirect, a fixed answer or the firewall's refusal
// says nothing of how the workload runs. In the log of such a balancer neither
// a target nor a target's status or time stands; logs of distributions, buckets
// and servers know no target, and there every request is served.
func served(e *weblog.Entry) bool {
	switch e.Source {
	case weblog.ALB, weblog.ClassicELB:
		return e.Target != "" || e.TargetGroup != "" || e.TargetStatus != 0 || e.TargetTime >= 0 || e.Status >= 500 || e.Status == 0
	}
	return true
}

func floorHour(t time.Time) int64 {
	seconds := t.Unix()
	hours := seconds / 3600
	if seconds%3600 < 0 {
		hours--
	}
	return hours
}

func hourTime(at int64) time.Time { return time.Unix(at*3600, 0).UTC() }
