package expr

import (
	"math"
	"slices"
)

// Series is one time series. Times are Unix seconds, ascending, without
// repeats; Values has the same length.
type Series struct {
	Label string
	// PeriodSeconds is the distance of the data points.
	PeriodSeconds int64
	Times         []int64
	Values        []float64
}

// Kind tells the kinds of values apart.
type Kind int

// The kinds: S, TS and TS[] of the CloudWatch guide, and the two that occur
// only as arguments of functions.
const (
	Scalar Kind = iota
	One
	Many
	text
	word
)

func (k Kind) String() string {
	switch k {
	case Scalar:
		return "a number"
	case One:
		return "a time series"
	case Many:
		return "an array of time series"
	case text:
		return "a text"
	}
	return "a word"
}

// Value is what an expression is worth.
type Value struct {
	Kind   Kind
	Number float64
	// Series holds one element for One and any number for Many.
	Series []Series
	text   string
}

// Of returns the value of one series.
func Of(s Series) Value { return Value{Kind: One, Series: []Series{s}} }

// List returns the value of an array of series.
func List(s []Series) Value { return Value{Kind: Many, Series: s} }

func number(f float64) Value { return Value{Kind: Scalar, Number: f} }

// finite reports whether f can be a data point.
func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// each returns a copy of v with f applied to every series.
func (v Value) each(f func(Series) Series) Value {
	out := Value{Kind: v.Kind, Series: make([]Series, len(v.Series))}
	for i, s := range v.Series {
		out.Series[i] = f(s)
	}
	return out
}

// pointwise returns s with f applied to every value; points without a finite
// result are left out.
func (s Series) pointwise(f func(at int64, value float64) float64) Series {
	out := Series{Label: s.Label, PeriodSeconds: s.PeriodSeconds}
	for i, at := range s.Times {
		if value := f(at, s.Values[i]); finite(value) {
			out.Times = append(out.Times, at)
			out.Values = append(out.Values, value)
		}
	}
	return out
}

// at returns the value of s at the time, if there is one.
func (s Series) at(when int64) (float64, bool) {
	i, ok := slices.BinarySearch(s.Times, when)
	if !ok {
		return 0, false
	}
	return s.Values[i], true
}

// join combines two series at the times that both have.
func join(left, right Series, f func(a, b float64) float64) Series {
	out := Series{Label: left.Label, PeriodSeconds: max(left.PeriodSeconds, right.PeriodSeconds)}
	for i, j := 0, 0; i < len(left.Times) && j < len(right.Times); {
		switch a, b := left.Times[i], right.Times[j]; {
		case a < b:
			i++
		case a > b:
			j++
		default:
			if value := f(left.Values[i], right.Values[j]); finite(value) {
				out.Times = append(out.Times, a)
				out.Values = append(out.Values, value)
			}
			i++
			j++
		}
	}
	return out
}

// reduce folds the values that the series have at each time of any of them.
func reduce(all []Series, f func([]float64) float64) Series {
	out := Series{}
	next := make([]int, len(all))
	var row []float64
	for {
		when := int64(math.MaxInt64)
		for i, s := range all {
			if next[i] < len(s.Times) {
				when = min(when, s.Times[next[i]])
			}
		}
		if when == math.MaxInt64 {
			break
		}
		row = row[:0]
		for i, s := range all {
			if next[i] < len(s.Times) && s.Times[next[i]] == when {
				row = append(row, s.Values[next[i]])
				next[i]++
			}
		}
		if value := f(row); finite(value) {
			out.Times = append(out.Times, when)
			out.Values = append(out.Values, value)
		}
	}
	for _, s := range all {
		out.PeriodSeconds = max(out.PeriodSeconds, s.PeriodSeconds)
	}
	return out
}
