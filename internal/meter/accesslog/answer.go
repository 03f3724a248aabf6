package accesslog

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/meter"
)

// answer turns tallies into measurements.
type answer struct {
	meter.Answer
	window kpi.Window
	names  map[string]*inventory.Resource
}

func (a *answer) tell(s *shard, most int) {
	for _, name := range slices.Sorted(maps.Keys(s.fronts)) {
		t := s.fronts[name]
		a.component(name, t, span(t.first, t.last, a.window))
	}
	for _, arn := range slices.Sorted(maps.Keys(s.groups)) {
		t := s.groups[arn]
		a.component(arn, t, span(t.first, t.last, a.window))
	}
	for _, f := range s.finish(most) {
		front := s.fronts[f.front]
		if front == nil {
			front = f.tally
		}
		w := span(front.first, front.last, a.window)
		subject := subjectOf(f.place)
		subject.Front = a.id(f.front)
		a.measure(subject, f.tally, scope{w, front.hours, f.front})
		a.clients(subject, f.tally, w)
	}
}

// scope is the time in which a tally was watched: the hours of its front.
type scope struct {
	window kpi.Window
	hours  map[int64]*hour
	front  string
}

func (a *answer) component(name string, t *tally, w kpi.Window) {
	id := a.id(name)
	subject := kpi.Subject{Kind: kpi.Component, ID: id, Name: name}
	if r := a.names[name]; r != nil {
		subject.Name = r.Name
	}
	a.measure(subject, t, scope{w, t.hours, name})
	a.clients(subject, t, w)
}

// id is the resource that the log means, or the name in the log.
func (a *answer) id(front string) cloud.ResourceID {
	if r := a.names[front]; r != nil {
		return r.ID
	}
	return cloud.ResourceID(cmp.Or(front, "unnamed"))
}

// subjectOf names a flow; it is stable between runs.
func subjectOf(p place) kpi.Subject {
	front := cmp.Or(p.front, "unnamed")
	if p.route == other {
		return kpi.Subject{Kind: kpi.Flow, ID: cloud.ResourceID(front + " " + other), Name: other}
	}
	return kpi.FlowOf(front, p.method, p.host, p.route)
}

// measure gives the metrics of one tally. An hour in which its front had
// requests and it had none is measured: nothing happened.
func (a *answer) measure(subject kpi.Subject, t *tally, s scope) {
	times := slices.Sorted(maps.Keys(s.hours))
	add := func(metric kpi.Metric, detail string, events bool, bin func(h *hour, at time.Time) kpi.Bin) *kpi.Measurement {
		m := kpi.Measurement{Subject: subject, Metric: metric, Detail: detail, Source: kpi.AccessLog, Window: s.window, Period: time.Hour,
			Sparse: true, Events: events, Evidence: []kpi.Evidence{{From: "access log of " + cmp.Or(s.front, "an unnamed server")}}}
		for _, at := range times {
			h := t.hours[at]
			if h == nil {
				h = &hour{}
			}
			m.Bins = append(m.Bins, bin(h, hourTime(at)))
		}
		a.Measurements = append(a.Measurements, m)
		return &a.Measurements[len(a.Measurements)-1]
	}
	add(kpi.Throughput, "", true, func(h *hour, at time.Time) kpi.Bin { return kpi.EventBin(at, h.served, float64(h.served)) })
	if t.answered() > 0 {
		add(kpi.Throughput, "answered by the front", true, func(h *hour, at time.Time) kpi.Bin { return kpi.EventBin(at, h.answered, float64(h.answered)) })
	}
	add(kpi.ErrorRate, "", false, func(h *hour, at time.Time) kpi.Bin { return kpi.ShareBin(at, h.serverErrors, h.served) })
	add(kpi.ClientErrorRate, "", false, func(h *hour, at time.Time) kpi.Bin { return kpi.ShareBin(at, h.clientErrors, h.served) })
	add(kpi.BytesIn, "", true, func(h *hour, at time.Time) kpi.Bin { return kpi.EventBin(at, h.requests(), float64(h.bytesIn)) })
	add(kpi.BytesOut, "", true, func(h *hour, at time.Time) kpi.Bin { return kpi.EventBin(at, h.requests(), float64(h.bytesOut)) })
	// A whole that the log has no times for has no latency, rather than one of
	// zero samples.
	if t.took.Count() > 0 {
		add(kpi.Latency, "", false, func(h *hour, at time.Time) kpi.Bin { return h.took.Bin(at) }).Distribution = &t.took
	}
	if t.target.Count() > 0 {
		add(kpi.TargetLatency, "", false, func(h *hour, at time.Time) kpi.Bin { return h.target.Bin(at) }).Distribution = &t.target
	}
}

func (t *tally) answered() (n int64) {
	for _, h := range t.hours {
		n += h.answered
	}
	return n
}

func (h *hour) requests() int64 { return h.served + h.answered }

// clients is one number for the whole window.
func (a *answer) clients(subject kpi.Subject, t *tally, w kpi.Window) {
	n, exact := t.clients.count()
	if n == 0 {
		return
	}
	note := ""
	if !exact {
		note = fmt.Sprintf("an estimate from %d hashes, standard error %.1f %%", t.clients.size, 100*t.clients.standardError())
	}
	a.Measurements = append(a.Measurements, kpi.Measurement{Subject: subject, Metric: kpi.Clients, Source: kpi.AccessLog, Window: w, Period: w.To.Sub(w.From),
		Bins: []kpi.Bin{{At: w.From, Count: 1, Sum: n, SumSquares: n * n, Min: n, Max: n}}, Evidence: []kpi.Evidence{{From: "client addresses of the access log", Note: note}}})
}
