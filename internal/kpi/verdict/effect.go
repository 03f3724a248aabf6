package verdict

import (
	"math"
	"time"

	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/kpi/stat"
)

// effect is a difference with its interval.
type effect struct {
	baseline, target, size, low, high float64
	// fewest is the number of independent hours of the side that has fewer.
	fewest float64
	ranks  float64
}

// ratioOf compares levels: of each hour of the target the ratio to what the
// baseline is on average at that hour, in logarithms, so that twice and half are
// as far.
func ratioOf(baseline *kpi.KPI, old, now []hour) effect {
	in := cells(baseline)
	// A level of nothing has no logarithm; a hundredth of the usual one is added
	// to both sides, which moves no ratio of usual levels by more than that.
	little := 0.0
	for _, h := range old {
		little += math.Abs(h.value) / float64(len(old)) / 100
	}
	little = math.Max(little, math.SmallestNonzeroFloat64*1e10)
	log := func(h hour) float64 { return math.Log(math.Max(h.value, 0) + little) }
	sum, n := map[cell]float64{}, map[cell]float64{}
	for _, h := range old {
		sum[in(h.at)] += log(h)
		n[in(h.at)]++
	}
	var e effect
	var before, after []float64
	var beforeAt, afterAt []time.Time
	for _, h := range old {
		e.baseline += h.value / float64(len(old))
		if c := in(h.at); n[c] > 1 { // against the others of its cell
			before = append(before, (log(h)-sum[c]/n[c])*math.Sqrt(n[c]/(n[c]-1)))
			beforeAt = append(beforeAt, h.at)
		}
	}
	for _, h := range now {
		if c := in(h.at); n[c] > 0 {
			after = append(after, log(h)-sum[c]/n[c])
			afterAt = append(afterAt, h.at)
			e.target += h.value
		}
	}
	e.target /= float64(len(after))
	a, b := spreadOf(before, beforeAt), spreadOf(after, afterAt)
	e.fewest = math.Min(a.independent, b.independent)
	e.ranks = stat.MannWhitney(before, after)
	if e.fewest < fewest {
		e.size, e.low, e.high = math.NaN(), math.NaN(), math.NaN()
		return e
	}
	half := a.with(b)
	// The mean of the baseline's residues is 0 by what they are.
	e.size, e.low, e.high = math.Expm1(b.mean), math.Expm1(b.mean-half), math.Expm1(b.mean+half)
	return e
}

// spread is what a row of hours says of its mean.
type spread struct{ mean, variance, independent float64 }

// spreadOf takes into account that an hour resembles the one before it: n hours
// with a correlation of r tell as much as n(1-r)/(1+r) that are independent.
func spreadOf(values []float64, at []time.Time) spread {
	n := float64(len(values))
	if n < 2 {
		return spread{independent: 0}
	}
	var s spread
	for _, v := range values {
		s.mean += v / n
	}
	next, pairs := 0.0, 0.0
	for i, v := range values {
		s.variance += (v - s.mean) * (v - s.mean) / (n - 1)
		if i > 0 && at[i].Sub(at[i-1]) <= time.Hour {
			next += (v - s.mean) * (values[i-1] - s.mean)
			pairs++
		}
	}
	r := 0.0
	if pairs > 0 && s.variance > 0 {
		r = math.Min(math.Max(next/pairs/s.variance, 0), 0.95)
	}
	s.independent = n * (1 - r) / (1 + r)
	return s
}

// with is half the width of the interval of the difference of two means (Welch
// 1947), with the independent hours in place of all.
func (s spread) with(o spread) float64 {
	a, b := s.variance/s.independent, o.variance/o.independent
	if a+b == 0 {
		return 0
	}
	freedom := (a + b) * (a + b) / (a*a/(s.independent-1) + b*b/(o.independent-1))
	return stat.Student(1-miss/2, math.Max(freedom, 1)) * math.Sqrt(a+b)
}

// differenceOf compares shares, such as errors among requests: the difference of
// the shares of all hours together.
func differenceOf(old, now []hour) effect {
	a, b := shareOf(old), shareOf(now)
	e := effect{baseline: a.mean, target: b.mean, size: b.mean - a.mean, fewest: math.Min(a.independent, b.independent)}
	// Square-and-add of the two intervals (Newcombe 1998).
	e.low = e.size - math.Hypot(b.mean-b.low, a.high-a.mean)
	e.high = e.size + math.Hypot(b.high-b.mean, a.mean-a.low)
	values := func(hours []hour) (out []float64) {
		for _, h := range hours {
			out = append(out, h.cases/h.count)
		}
		return out
	}
	e.ranks = stat.MannWhitney(values(old), values(now))
	return e
}

type bounded struct{ mean, low, high, independent float64 }

// shareOf bounds a share: by the exact bounds of independent cases, and where
// the hours differ more than such cases would, by their spread.
func shareOf(hours []hour) bounded {
	cases, count := 0.0, 0.0
	for _, h := range hours {
		cases += h.cases
		count += h.count
	}
	b := bounded{mean: cases / count}
	b.low, b.high = stat.Proportion(math.Min(cases, count), count, miss)
	var away []float64
	var at []time.Time
	for _, h := range hours {
		away = append(away, (h.cases-b.mean*h.count)*float64(len(hours))/count)
		at = append(at, h.at)
	}
	s := spreadOf(away, at)
	b.independent = s.independent
	if s.independent >= fewest {
		half := stat.Student(1-miss/2, s.independent-1) * math.Sqrt(s.variance/s.independent)
		b.low, b.high = math.Max(math.Min(b.low, b.mean-half), 0), math.Min(math.Max(b.high, b.mean+half), 1)
	}
	return b
}
