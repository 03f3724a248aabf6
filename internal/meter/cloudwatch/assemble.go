package cloudwatch

import (
	"maps"
	"math"
	"slices"
	"time"

	"example.com/landfall/internal/kpi"
)

// answer holds the series of one site.
type answer struct {
	r     resolution
	found map[string]*series
}

// make puts an item's measurement together. It returns nothing for an optional
// one that has no data, and the trouble if a series could not be read at all.
func (a *answer) make(it *item) (m *kpi.Measurement, trouble string) {
	r := a.r.of(it.spec)
	m = &kpi.Measurement{Subject: it.subject, Metric: it.metric, Detail: it.detail, Source: kpi.CloudWatch, Window: r.window, Period: r.period,
		Sparse: it.sparse, Events: it.how == counter || it.how == volume, Evidence: a.evidence(it, r)}
	for _, q := range it.queries(a.r) {
		if s := a.found[q.key()]; s != nil && s.trouble != "" && len(s.points) == 0 && q.period == r.period {
			return nil, s.trouble
		}
	}
	m.Bins = a.bins(it, r)
	if len(m.Bins) == 0 {
		if it.optional {
			return nil, ""
		}
		m.Unknown = "CloudWatch has no data point in the window"
		return m, ""
	}
	if it.how == duration {
		m.Quantiles = a.quantiles(it, r, m.Bins)
	}
	return m, ""
}

// evidence names each metric, and what CloudWatch said about it.
func (a *answer) evidence(it *item, r resolution) []kpi.Evidence {
	var list []kpi.Evidence
	for _, name := range append(slices.Clone(it.names), it.base...) {
		e := kpi.Evidence{From: label(it.namespace, name, it.dimensions), Note: r.note}
		list = append(list, e)
	}
	for _, q := range it.queries(a.r) {
		s := a.found[q.key()]
		if s == nil {
			continue
		}
		notes := s.notes
		if s.trouble != "" {
			notes = append(slices.Clone(notes), q.statistic+" is not whole: "+s.trouble)
		}
		for _, note := range notes {
			list = append(list, kpi.Evidence{From: label(it.namespace, q.name, it.dimensions), Note: note})
		}
	}
	return list
}

// points are those of one statistic of one metric.
func (a *answer) points(it *item, r resolution, name, statistic string) map[int64]float64 {
	q := query{it.namespace, name, statistic, it.dimensions, r.period, r.window.From, r.window.To}
	if s := a.found[q.key()]; s != nil {
		return s.points
	}
	return nil
}

// added are the sums of several metrics by time.
func (a *answer) added(it *item, r resolution, names []string) map[int64]float64 {
	total := map[int64]float64{}
	for _, name := range names {
		for at, v := range a.points(it, r, name, "Sum") {
			total[at] += v
		}
	}
	return total
}

func (a *answer) bins(it *item, r resolution) []kpi.Bin {
	scale := it.scale
	if scale == 0 {
		scale = 1
	}
	name := it.names[0]
	switch it.how {
	case counter, volume:
		return sums(a.added(it, r, it.names), scale, it.how == counter)
	case quotient:
		return quotients(a.added(it, r, it.names), a.added(it, r, it.base), scale, it.metric)
	case weighted:
		rates := a.points(it, r, name, "Average")
		cases := map[int64]float64{}
		weights := a.added(it, r, it.base)
		for at, rate := range rates {
			if weights[at] == 0 {
				weights[at] = 1
			}
			cases[at] = rate * percent * weights[at]
		}
		maps.DeleteFunc(weights, func(at int64, _ float64) bool { _, ok := rates[at]; return !ok })
		return quotients(cases, weights, 1, it.metric)
	case complement, healthy:
		counts, bad := a.points(it, r, name, "SampleCount"), a.points(it, r, name, "Sum")
		cases := map[int64]float64{}
		for at, n := range counts {
			cases[at] = min(max(bad[at], 0), n)
			if it.how == complement {
				cases[at] = n - cases[at]
			}
		}
		return quotients(cases, counts, 1, it.metric)
	}
	return levels(a.points(it, r, name, "Sum"), a.points(it, r, name, "SampleCount"), a.points(it, r, name, "Minimum"), a.points(it, r, name, "Maximum"), scale)
}

func atTime(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

func sums(points map[int64]float64, scale float64, pieces bool) []kpi.Bin {
	var bins []kpi.Bin
	for _, at := range slices.Sorted(maps.Keys(points)) {
		v := points[at] * scale
		b := kpi.Bin{At: atTime(at), Count: 1, Sum: v, SumSquares: v * v, Min: v, Max: v}
		if pieces {
			b.Count = max(int64(math.Round(points[at])), 0)
		}
		bins = append(bins, b)
	}
	return bins
}

// quotients are cases over a base. Where the base has a data point and the
// cases have none, there was no case: the services that count errors send no
// zero. Cases without a base (a balancer that found no target counts no
// request) are their own base.
func quotients(cases, base map[int64]float64, scale float64, metric kpi.Metric) []kpi.Bin {
	share := kpi.FactsOf(metric).Unit == kpi.Ratio
	times := maps.Clone(base)
	if share {
		for at, v := range cases {
			times[at] = max(times[at], v)
		}
	}
	var bins []kpi.Bin
	for _, at := range slices.Sorted(maps.Keys(times)) {
		n := int64(math.Round(times[at]))
		if n <= 0 {
			bins = append(bins, kpi.Bin{At: atTime(at)})
			continue
		}
		v := cases[at] * scale
		mean := v / float64(n)
		b := kpi.Bin{At: atTime(at), Count: n, Sum: v, SumSquares: mean * v, Min: mean, Max: mean}
		if share {
			b.SumSquares = v // cases are 0 or 1
		}
		bins = append(bins, b)
	}
	return bins
}

func levels(sum, count, low, high map[int64]float64, scale float64) []kpi.Bin {
	var bins []kpi.Bin
	for _, at := range slices.Sorted(maps.Keys(sum)) {
		n := max(int64(math.Round(count[at])), 1)
		v := sum[at] * scale
		b := kpi.Bin{At: atTime(at), Count: n, Sum: v, SumSquares: v * v / float64(n), Min: v / float64(n), Max: v / float64(n)}
		if l, ok := low[at]; ok {
			b.Min = min(b.Min, l*scale)
		}
		if h, ok := high[at]; ok {
			b.Max = max(b.Max, h*scale)
		}
		bins = append(bins, b)
	}
	return bins
}

// quantiles are CloudWatch's own percentiles, with how many observations each
// stands for.
func (a *answer) quantiles(it *item, r resolution, bins []kpi.Bin) []kpi.Quantile {
	scale := it.scale
	if scale == 0 {
		scale = 1
	}
	var out []kpi.Quantile
	for _, q := range it.queries(a.r) {
		s := a.found[q.key()]
		if s == nil || q.statistic[0] != 'p' {
			continue
		}
		for _, at := range slices.Sorted(maps.Keys(s.points)) {
			w := kpi.Window{From: atTime(at), To: atTime(at).Add(q.period)}
			out = append(out, kpi.Quantile{Statistic: kpi.Statistic(q.statistic), Window: w, Count: countIn(bins, w), Value: s.points[at] * scale})
		}
	}
	return out
}

func countIn(bins []kpi.Bin, w kpi.Window) int64 {
	first, _ := slices.BinarySearchFunc(bins, w.From, func(b kpi.Bin, at time.Time) int { return b.At.Compare(at) })
	n := int64(0)
	for _, b := range bins[first:] {
		if !b.At.Before(w.To) {
			break
		}
		n += b.Count
	}
	return n
}
