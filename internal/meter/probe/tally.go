package probe

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/meter"
)

// phase is a duration that a request is made of.
type phase int

const (
	total phase = iota
	nameLookup
	connecting
	handshake
	firstByte
	phases
)

// metrics gives the metric of each phase.
func (p phase) metric() kpi.Metric {
	return []kpi.Metric{kpi.Latency, kpi.NameLatency, kpi.ConnectLatency, kpi.TLSLatency, kpi.FirstByteLatency}[p]
}

// moment is what one period of one target holds, by when requests were due.
type moment struct {
	due, failed, mistaken, dropped int64
	took                           [phases]kpi.Moments
}

// tally sums up one flow: the targets of one method, host and route.
type tally struct {
	subject kpi.Subject
	moments map[int64]*moment
	took    [phases]kpi.Sketch
	classes map[string]int64
}

// period is how finely is measured: a second for up to ten minutes, a minute
// beyond.
func (o *Options) period() time.Duration {
	if o.Duration <= 10*time.Minute {
		return time.Second
	}
	return time.Minute
}

// count adds one result. Requests of the warm-up are left out.
func (r *run) count(a arrival, got result) {
	if a.due < r.o.WarmUp {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.of[a.target]
	at := int64((a.due - r.o.WarmUp) / r.o.period())
	m := t.moments[at]
	if m == nil {
		m = &moment{}
		t.moments[at] = m
	}
	m.due++
	if got.class != "" {
		t.classes[got.class]++
	}
	switch got.class {
	case classDropped:
		m.dropped++
		return
	case "":
	case "4xx":
		m.mistaken++
	default:
		m.failed++
	}
	// A request that was refused at once is no fast one. One that timed out
	// took that long at least, and must not make the rest look better.
	if got.status == 0 && got.class != classTimeout {
		return
	}
	for p, d := range [phases]time.Duration{got.total, got.name, got.connect, got.tls, got.firstByte} {
		m.took[p].Add(d)
		t.took[p].AddDuration(d)
	}
}

// group gives each target the tally of its flow. A flow that is never sent has
// none.
func (r *run) group(resources []inventory.Resource) {
	known := map[cloud.ResourceID]*tally{}
	r.of = make([]*tally, len(r.o.Targets))
	for i := range r.o.Targets {
		if r.o.Targets[i].Weight == 0 {
			continue
		}
		subject := subjectOf(&r.o.Targets[i], resources)
		t := known[subject.ID]
		if t == nil {
			t = &tally{subject: subject, moments: map[int64]*moment{}, classes: map[string]int64{}}
			known[subject.ID] = t
			r.tallies = append(r.tallies, t)
		}
		r.of[i] = t
	}
}

// answer makes the measurements.
func (r *run) answer() meter.Answer {
	out := meter.Answer{Inputs: map[string]string{}}
	start := r.began.Add(r.o.WarmUp).UTC()
	w := kpi.Window{From: start, To: start.Add(r.o.Duration)}
	for _, t := range r.tallies {
		out.Measurements = append(out.Measurements, r.measure(t, w)...)
	}
	return out
}

// subjectOf names the flow, and the front by its name in the inventory.
func subjectOf(t *Target, resources []inventory.Resource) kpi.Subject {
	s := kpi.FlowOf("", t.Method, host(t.URL), kpi.Route(t.URL.EscapedPath()))
	if t.Name != "" {
		s = kpi.Subject{Kind: kpi.Flow, ID: cloud.ResourceID(t.Name), Name: t.Name}
	}
	for i := range resources {
		if slices.ContainsFunc(resources[i].Aliases, func(a string) bool { return strings.EqualFold(strings.TrimSuffix(a, "."), host(t.URL)) }) {
			s.Front = resources[i].ID
			break
		}
	}
	return s
}

func (r *run) measure(t *tally, w kpi.Window) []kpi.Measurement {
	var list []kpi.Measurement
	notes := r.evidence(t)
	add := func(metric kpi.Metric, events bool, bin func(*moment, time.Time) kpi.Bin) *kpi.Measurement {
		m := kpi.Measurement{Subject: t.subject, Metric: metric, Source: kpi.Probe, Window: w, Period: r.o.period(), Events: events, Evidence: notes}
		for at := range int64((r.o.Duration + r.o.period() - 1) / r.o.period()) {
			one := t.moments[at]
			if one == nil {
				one = &moment{}
			}
			m.Bins = append(m.Bins, bin(one, w.From.Add(time.Duration(at)*r.o.period())))
		}
		list = append(list, m)
		return &list[len(list)-1]
	}
	add(kpi.Throughput, true, func(m *moment, at time.Time) kpi.Bin {
		return kpi.EventBin(at, m.due-m.dropped, float64(m.due-m.dropped))
	})
	add(kpi.ErrorRate, false, func(m *moment, at time.Time) kpi.Bin { return kpi.ShareBin(at, m.failed, m.due-m.dropped) })
	add(kpi.ClientErrorRate, false, func(m *moment, at time.Time) kpi.Bin { return kpi.ShareBin(at, m.mistaken, m.due-m.dropped) })
	add(kpi.Dropped, false, func(m *moment, at time.Time) kpi.Bin { return kpi.ShareBin(at, m.dropped, m.due) })
	for p := range phases {
		if p != total && t.took[p].Count() == 0 {
			continue // plain HTTP has no handshake
		}
		m := add(p.metric(), false, func(one *moment, at time.Time) kpi.Bin { return one.took[p].Bin(at) })
		m.Distribution = &t.took[p]
		if t.took[p].Count() == 0 {
			m.Bins, m.Distribution, m.Unknown = nil, nil, "no request was answered"
		}
	}
	return list
}

// evidence says how was sent, and which errors there were, by class.
func (r *run) evidence(t *tally) []kpi.Evidence {
	list := []kpi.Evidence{{From: "load probe", Note: fmt.Sprintf("%s arrivals, %g a second over all requests, seed %d, at most %d on the way, time-out %s, the probe itself at most %s late",
		r.o.Arrivals, r.o.Rate, r.o.Seed, r.o.MaxInFlight, r.o.Timeout, cmp.Or(r.latest.Truncate(time.Millisecond), 0))}}
	for _, class := range slices.Sorted(maps.Keys(t.classes)) {
		list = append(list, kpi.Evidence{From: "load probe", Note: fmt.Sprintf("%d of class %q", t.classes[class], class)})
	}
	return list
}
