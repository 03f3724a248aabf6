package kpi

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// Build makes the baseline from what was measured. Inputs are the fingerprints
// of the files behind it, by name; nil is none.
func Build(measured []Measurement, unmeasured []Unmeasured, inputs map[string]string) Baseline {
	b := Baseline{SchemaVersion: Version, Inputs: maps.Clone(inputs), KPIs: []KPI{}, Unmeasured: []Unmeasured{}}
	if b.Inputs == nil {
		b.Inputs = map[string]string{}
	}
	for i := range measured {
		b.KPIs = append(b.KPIs, Of(measured[i]))
	}
	b.KPIs = order(b.KPIs)
	for i := range b.KPIs {
		w := b.KPIs[i].Window
		if w.From.IsZero() || !w.From.Before(w.To) {
			continue
		}
		if b.Window == nil {
			b.Window = &Window{w.From, w.To}
		}
		b.Window.From, b.Window.To = earlier(b.Window.From, w.From), later(b.Window.To, w.To)
	}
	b.Unmeasured = append(b.Unmeasured, unmeasured...)
	slices.SortFunc(b.Unmeasured, Unmeasured.compare)
	b.Unmeasured = slices.Compact(b.Unmeasured)
	return b
}

// placed is a KPI with what it is ordered by.
type placed struct {
	KPI
	rank int
	text string // only of those that nothing else tells apart
}

// order sorts KPIs and drops those that are there twice. Two that differ in
// nothing but their contents are ordered by these.
func order(list []KPI) []KPI {
	ranks := map[Metric]int{}
	for i, f := range Metrics() {
		ranks[f.Metric] = i + 1
	}
	all := make([]placed, len(list))
	for i := range list {
		all[i] = placed{KPI: list[i], rank: ranks[list[i].Metric]}
	}
	slices.SortStableFunc(all, func(a, b placed) int { return a.compare(&b) })
	for i := range all {
		if i > 0 && all[i].compare(&all[i-1]) == 0 || i+1 < len(all) && all[i].compare(&all[i+1]) == 0 {
			all[i].text = text(all[i].KPI)
		}
	}
	slices.SortStableFunc(all, func(a, b placed) int { return cmp.Or(a.compare(&b), strings.Compare(a.text, b.text)) })
	all = slices.CompactFunc(all, func(a, b placed) bool { return a.text != "" && a.compare(&b) == 0 && a.text == b.text })
	list = list[:0]
	for i := range all {
		list = append(list, all[i].KPI)
	}
	return list
}

// text is a KPI as JSON. There is nothing in it that JSON cannot hold, as
// numbers that are not finite never enter a KPI.
func text(k KPI) string {
	raw, err := json.Marshal(k)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// compare goes by the place of the metric in the vocabulary, so that a reader
// finds throughput, latency and errors first.
func (p *placed) compare(o *placed) int {
	return cmp.Or(
		cmp.Compare(p.Subject.Kind, o.Subject.Kind), cmp.Compare(p.Subject.ID, o.Subject.ID),
		cmp.Compare(p.rank, o.rank), cmp.Compare(p.Metric, o.Metric),
		strings.Compare(p.Detail, o.Detail), cmp.Compare(p.Source, o.Source),
		p.Window.From.Compare(o.Window.From), p.Window.To.Compare(o.Window.To))
}

func (u Unmeasured) compare(o Unmeasured) int {
	return cmp.Or(cmp.Compare(u.Subject, o.Subject), cmp.Compare(u.Metric, o.Metric), strings.Compare(u.Detail, o.Detail),
		cmp.Compare(u.Source, o.Source), cmp.Compare(u.Region, o.Region), strings.Compare(u.Reason, o.Reason))
}

// Find returns the KPI of the subject and metric, from the most trusted source
// that has a value; the first one without a value when none has.
func (b *Baseline) Find(subject Subject, metric Metric, detail string) (KPI, bool) {
	var best *KPI
	for i := range b.KPIs {
		k := &b.KPIs[i]
		if k.Subject.Kind != subject.Kind || k.Subject.ID != subject.ID || k.Metric != metric || k.Detail != detail {
			continue
		}
		if best == nil || len(best.Values) == 0 && len(k.Values) > 0 || len(k.Values) > 0 && trust(k.Source) < trust(best.Source) {
			best = k
		}
	}
	if best == nil {
		return KPI{}, false
	}
	return *best, true
}

func trust(s Source) int {
	return slices.Index([]Source{AccessLog, CloudWatch, CostFile, Probe}, s)
}

// Value returns the statistic of the KPI; ok is false when it is not known.
func (k *KPI) Value(s Statistic) (v Value, ok bool) {
	for _, v := range k.Values {
		if v.Statistic == s {
			return v, true
		}
	}
	return Value{}, false
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
