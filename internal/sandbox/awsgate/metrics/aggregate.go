package metrics

import (
	"cmp"
	"math"
	"slices"
)

// observed is a value and how often it was observed.
type observed struct{ value, count float64 }

// aggregate is what the samples of one period add up to.
type aggregate struct {
	at                    int64
	sum, low, high, count float64
	all                   []observed
	// unknown: a statistic set came without its values, so nothing that needs
	// the distribution can be said.
	unknown bool
	sorted  bool
}

func (a *aggregate) add(s sample, distribution bool) {
	if s.count == 0 {
		return
	}
	if a.count == 0 {
		a.low, a.high = s.low, s.high
	}
	a.low, a.high = min(a.low, s.low), max(a.high, s.high)
	a.sum += s.sum
	a.count += s.count
	if !distribution {
		return
	}
	a.sorted = false
	switch {
	case s.low == s.high:
		a.all = append(a.all, observed{s.low, s.count})
	case len(s.values) == 0:
		a.unknown = true
	default:
		for i, v := range s.values {
			a.all = append(a.all, observed{v, s.counts[i]})
		}
	}
}

// ready sorts the observations and reports whether the distribution is known.
// CloudWatch has no percentiles for metrics with negative values.
func (a *aggregate) ready() bool {
	if a.unknown || a.count <= 0 || a.low < 0 {
		return false
	}
	if !a.sorted {
		slices.SortFunc(a.all, func(x, y observed) int { return cmp.Compare(x.value, y.value) })
		a.sorted = true
	}
	return true
}

// ranked returns the observation of the rank, from 1.
func (a *aggregate) ranked(rank float64) float64 {
	passed := 0.0
	for _, o := range a.all {
		passed += o.count
		if passed >= rank {
			return o.value
		}
	}
	return a.high
}

// within returns number and sum of the observations of rank above from up to to.
func (a *aggregate) within(from, to float64) (count, sum float64) {
	passed := 0.0
	for _, o := range a.all {
		before := passed
		passed += o.count
		if part := min(passed, to) - max(before, from); part > 0 {
			count += part
			sum += part * o.value
		}
	}
	return count, sum
}

// between returns number and sum of the observations above low up to high.
func (a *aggregate) between(low, high float64) (count, sum float64) {
	for _, o := range a.all {
		if o.value > low && o.value <= high {
			count += o.count
			sum += o.count * o.value
		}
	}
	return count, sum
}

// floorOf and ceilOf round a rank. A product such as 0.999*1000 misses the
// whole number by an ulp or two; that must not move a rank by one.
func floorOf(rank float64) float64 {
	if whole := math.Round(rank); math.Abs(rank-whole) <= 1e-9*max(1, whole) {
		return whole
	}
	return math.Floor(rank)
}

func ceilOf(rank float64) float64 {
	if whole := math.Round(rank); math.Abs(rank-whole) <= 1e-9*max(1, whole) {
		return whole
	}
	return math.Ceil(rank)
}
