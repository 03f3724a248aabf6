package kpi

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// Of makes the KPI of one measurement.
func Of(m Measurement) KPI {
	facts := FactsOf(m.Metric)
	m.Window = Window{m.Window.From.UTC(), m.Window.To.UTC()}
	k := KPI{Subject: m.Subject, Metric: m.Metric, Detail: m.Detail, Unit: facts.Unit, Better: facts.Better, Source: m.Source, Window: m.Window,
		PeriodSeconds: int64(m.Period / time.Second), Values: []Value{}, Sparse: m.Sparse, Unknown: m.Unknown, Gaps: []Window{}, Evidence: evidence(m.Evidence)}
	bins := ready(&m)
	for _, b := range bins {
		k.Samples += b.Count
	}
	k.cover(&m, bins)
	if len(bins) > 0 {
		k.Values, k.Unknown = values(&m, bins), ""
		k.Lowest, k.Highest = extremes(&m, bins)
		// One number for the whole window is its own series.
		if m.Period < m.Window.To.Sub(m.Window.From) {
			k.Series = fold(&m, bins)
			k.Seasonality = season(&m, k.Series)
		}
	}
	if m.Distribution != nil && m.Distribution.Count() > 0 {
		k.Distribution = m.Distribution
	}
	if len(k.Values) == 0 && k.Unknown == "" {
		k.Unknown = "no data in the window"
	}
	return k
}

func evidence(list []Evidence) []Evidence {
	out := append([]Evidence{}, list...)
	slices.SortFunc(out, func(a, b Evidence) int {
		return cmp.Or(strings.Compare(a.From, b.From), strings.Compare(a.Note, b.Note))
	})
	return slices.Compact(out)
}

// ready returns the bins of the window in order. Equal bins count once; of one
// period that was given with different contents (a page that came again, more
// complete) the one with most observations is taken.
func ready(m *Measurement) []Bin {
	var bins []Bin
	for _, b := range m.Bins {
		if !finite(b.Sum) || !finite(b.SumSquares) || !finite(b.Min) || !finite(b.Max) || b.Count < 0 || b.Min > b.Max {
			continue
		}
		if !b.At.Add(m.Period).After(m.Window.From) || !b.At.Before(m.Window.To) {
			continue
		}
		b.At = b.At.UTC()
		bins = append(bins, b)
	}
	slices.SortFunc(bins, func(a, b Bin) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(b.Count, a.Count), cmp.Compare(b.Sum, a.Sum), cmp.Compare(b.SumSquares, a.SumSquares), cmp.Compare(b.Max, a.Max), cmp.Compare(b.Min, a.Min))
	})
	return slices.CompactFunc(bins, func(a, b Bin) bool { return a.At.Equal(b.At) })
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// values computes the statistics that the metric is told by.
func values(m *Measurement, bins []Bin) []Value {
	switch {
	case m.Events:
		return rates(m, bins)
	case FactsOf(m.Metric).Unit == Ratio:
		return shares(bins)
	}
	return levels(m, bins)
}

// rates are those of a metric that counts events: the mean over the time that
// was measured, and percentiles over the rates of the periods.
//
// A sparse metric has no data point for a quiet period, and none for one that
// was not measured. Quiet is the likelier reading and gives the value; the
// bounds hold whatever the truth is.
func rates(m *Measurement, bins []Bin) []Value {
	total, measured := 0.0, 0.0
	var perPeriod []float64
	for _, b := range bins {
		total += b.Sum
		seconds := m.seconds(b.At)
		measured += seconds
		if seconds > 0 {
			perPeriod = append(perPeriod, b.Sum/seconds)
		}
	}
	whole := m.Window.To.Sub(m.Window.From).Seconds()
	slices.Sort(perPeriod)
	quiet := perPeriod
	if missing := int(whole/m.Period.Seconds()) - len(bins); m.Sparse && missing > 0 {
		quiet = append(make([]float64, missing), perPeriod...)
		slices.Sort(quiet)
	}
	var out []Value
	add := func(s Statistic, value, other float64) {
		v := Value{Statistic: s, Value: value}
		if value != other {
			low, high := min(value, other), max(value, other)
			v.Low, v.High = &low, &high
		}
		out = append(out, v)
	}
	if m.Sparse {
		add(Mean, total/max(whole, 1), total/max(measured, 1))
	} else {
		add(Mean, total/max(measured, 1), total/max(measured, 1))
	}
	for _, p := range Percentiles() {
		if len(perPeriod) > 0 && p.Statistic != P90 {
			add(p.Statistic, ranked(quiet, p.Percent), ranked(perPeriod, p.Percent))
		}
	}
	if len(perPeriod) > 0 {
		top := perPeriod[len(perPeriod)-1]
		add(Max, top, top)
	}
	add(Total, total, total)
	return out
}

// seconds is the part of the period from at that lies in the window.
func (m *Measurement) seconds(at time.Time) float64 {
	from, to := later(at, m.Window.From), earlier(at.Add(m.Period), m.Window.To)
	return max(to.Sub(from).Seconds(), 0)
}

func ranked(ordered []float64, percent float64) float64 {
	return ordered[nearestRank(percent, int64(len(ordered)))-1]
}

// shares are those of a metric whose bins count cases (Sum) among
// observations (Count).
func shares(bins []Bin) []Value {
	cases, count := 0.0, int64(0)
	var perPeriod []float64
	for _, b := range bins {
		cases += b.Sum
		count += b.Count
		if b.Count > 0 {
			perPeriod = append(perPeriod, b.Sum/float64(b.Count))
		}
	}
	if count == 0 {
		return []Value{}
	}
	slices.Sort(perPeriod)
	return []Value{
		{Statistic: Mean, Value: cases / float64(count)}, {Statistic: Min, Value: perPeriod[0]}, {Statistic: P95, Value: ranked(perPeriod, 95)},
		{Statistic: Max, Value: perPeriod[len(perPeriod)-1]}, {Statistic: Total, Value: cases},
	}
}

// levels are those of a metric that is a height or a duration. Percentiles are
// those of single observations where the source gives a distribution or its
// own percentiles, and of the means of the periods otherwise, between the
// least and the greatest observation.
func levels(m *Measurement, bins []Bin) []Value {
	sum, count := 0.0, int64(0)
	low, high := math.Inf(1), math.Inf(-1)
	var means []float64
	last := 0.0
	for _, b := range bins {
		if b.Count == 0 {
			continue
		}
		sum += b.Sum
		count += b.Count
		low, high = min(low, b.Min), max(high, b.Max)
		last = b.Sum / float64(b.Count)
		means = append(means, last)
	}
	if count == 0 {
		return []Value{}
	}
	slices.Sort(means)
	out := []Value{{Statistic: Mean, Value: sum / float64(count)}, {Statistic: Min, Value: low}}
	for _, p := range Percentiles() {
		v, ok := m.percentile(p)
		if !ok {
			v = Value{Statistic: p.Statistic, Value: ranked(means, p.Percent)}
			if !single(bins) {
				v.Low, v.High = &low, &high
			}
		}
		out = append(out, v)
	}
	return append(out, Value{Statistic: Max, Value: high}, Value{Statistic: Last, Value: last})
}

// single reports whether each period holds one observation, or several that
// are equal, so that the means are the observations.
func single(bins []Bin) bool {
	return !slices.ContainsFunc(bins, func(b Bin) bool { return b.Count > 1 && b.Min != b.Max })
}

// percentile takes it from the distribution, or from the source's own
// percentiles. The percentile of a whole lies between the least and the
// greatest of the percentiles of its parts, whatever their distributions.
func (m *Measurement) percentile(p Percentile) (Value, bool) {
	if v, ok := m.Distribution.Percentile(p.Percent); ok {
		out := Value{Statistic: p.Statistic, Value: v}
		if e := m.Distribution.Error() * math.Abs(v); e > 0 {
			low, high := max(v-e, m.Distribution.Min()), min(v+e, m.Distribution.Max())
			out.Low, out.High = &low, &high
		}
		return out, true
	}
	parts := m.longest(p.Statistic)
	if len(parts) == 0 {
		return Value{}, false
	}
	low, high := parts[0].Value, parts[0].Value
	sum, count := 0.0, 0.0
	for _, q := range parts {
		low, high = min(low, q.Value), max(high, q.Value)
		weight := float64(max(q.Count, 1))
		sum += weight * q.Value
		count += weight
	}
	out := Value{Statistic: p.Statistic, Value: min(max(sum/count, low), high)}
	if low < high {
		out.Low, out.High = &low, &high
	}
	return out, true
}

// longest returns the percentiles of the statistic over the longest stretches,
// in the order of time.
func (m *Measurement) longest(statistic Statistic) []Quantile {
	var stretch time.Duration
	for _, q := range m.Quantiles {
		if q.Statistic == statistic {
			stretch = max(stretch, q.Window.To.Sub(q.Window.From))
		}
	}
	var parts []Quantile
	for _, q := range m.Quantiles {
		if q.Statistic == statistic && q.Window.To.Sub(q.Window.From) == stretch && finite(q.Value) {
			parts = append(parts, q)
		}
	}
	slices.SortFunc(parts, func(a, b Quantile) int {
		return cmp.Or(a.Window.From.Compare(b.Window.From), cmp.Compare(a.Count, b.Count), cmp.Compare(a.Value, b.Value))
	})
	return slices.CompactFunc(parts, func(a, b Quantile) bool { return a.Window.From.Equal(b.Window.From) })
}

// extremes are the least and the greatest observation: for events the rate of
// a period, for a share that of a period.
func extremes(m *Measurement, bins []Bin) (lowest, highest *Extreme) {
	see := func(low, high float64, at time.Time) {
		if lowest == nil || low < lowest.Value {
			lowest = &Extreme{low, at}
		}
		if highest == nil || high > highest.Value {
			highest = &Extreme{high, at}
		}
	}
	ratio := FactsOf(m.Metric).Unit == Ratio
	for _, b := range bins {
		switch seconds := m.seconds(b.At); {
		case m.Events && seconds > 0:
			see(b.Sum/seconds, b.Sum/seconds, b.At)
		case m.Events || b.Count == 0:
		case ratio:
			see(b.Sum/float64(b.Count), b.Sum/float64(b.Count), b.At)
		default:
			see(b.Min, b.Max, b.At)
		}
	}
	return lowest, highest
}
