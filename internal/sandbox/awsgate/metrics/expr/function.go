package expr

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// function is one entry of the table. kinds[i] lists what argument i may be;
// the last one holds for all further arguments.
type function struct {
	least, most int
	kinds       [][]Kind
	do          func(env Env, args []Value) (Value, error)
}

func (f function) takes(i int, kind Kind) bool {
	return slices.Contains(f.kinds[min(i, len(f.kinds)-1)], kind)
}

func (f function) arity() string {
	if f.least == f.most {
		return fmt.Sprint(f.least)
	}
	return fmt.Sprintf("%d to %d", f.least, f.most)
}

// refused reports whether the name is a function of CloudWatch that needs what
// the sandbox does not have: models, rules of other services, quotas.
func refused(name string) bool {
	switch name {
	case "ANOMALY_DETECTION_BAND", "DB_PERF_INSIGHTS", "INSIGHT_RULE_METRIC", "LAMBDA", "SERVICE_QUOTA":
		return true
	}
	return false
}

// functionOf is the table of functions.
func functionOf(name string) (function, bool) {
	if f := foldOf(name); f != nil {
		return function{1, 1, [][]Kind{{One, Many}}, folding(f)}, true
	}
	if f := pointOf(name); f != nil {
		return function{1, 1, [][]Kind{{One, Many}}, pointing(f)}, true
	}
	if f := stepOf(name); f != nil {
		return function{1, 1, [][]Kind{{One, Many}}, stepping(f)}, true
	}
	series, scalar := []Kind{One, Many}, []Kind{Scalar}
	switch name {
	case "METRICS":
		return function{0, 1, [][]Kind{{text}}, metrics}, true
	case "SEARCH":
		return function{2, 3, [][]Kind{{text}, {text}, scalar}, search}, true
	case "FILL":
		return function{2, 2, [][]Kind{series, {Scalar, One, word}}, fill}, true
	case "IF":
		return function{2, 3, [][]Kind{{Scalar, One}, {Scalar, One}, {Scalar, One}}, choose}, true
	case "PERIOD":
		return function{1, 1, [][]Kind{{One}}, period}, true
	case "TIME_SERIES":
		return function{1, 1, [][]Kind{scalar}, constant}, true
	case "FIRST":
		return function{1, 1, [][]Kind{series}, first}, true
	case "LAST":
		return function{1, 1, [][]Kind{series}, last}, true
	case "SLICE":
		return function{2, 3, [][]Kind{series, scalar, scalar}, slice}, true
	case "SORT":
		return function{3, 4, [][]Kind{series, {word}, {word}, scalar}, sorted}, true
	case "REMOVE_EMPTY":
		return function{1, 1, [][]Kind{{Many}}, removeEmpty}, true
	case "METRIC_COUNT":
		return function{1, 1, [][]Kind{{Many}}, metricCount}, true
	}
	return function{}, false
}

// foldOf returns the functions that make one number of many.
func foldOf(name string) func([]float64) float64 {
	switch name {
	case "SUM":
		return sum
	case "AVG":
		return mean
	case "MIN":
		return func(v []float64) float64 { return extreme(v, math.Min) }
	case "MAX":
		return func(v []float64) float64 { return extreme(v, math.Max) }
	case "STDDEV":
		return deviation
	case "DATAPOINT_COUNT":
		return func(v []float64) float64 { return float64(len(v)) }
	}
	return nil
}

// folding: of one series the fold is a scalar, of an array it is a series.
func folding(f func([]float64) float64) func(Env, []Value) (Value, error) {
	return func(_ Env, args []Value) (Value, error) {
		if args[0].Kind == Many {
			return Of(reduce(args[0].Series, f)), nil
		}
		return number(f(args[0].Series[0].Values)), nil
	}
}

func sum(values []float64) float64 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total
}

// mean of nothing is no number, and so a missing data point.
func mean(values []float64) float64 { return sum(values) / float64(len(values)) }

func extreme(values []float64, f func(a, b float64) float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	out := values[0]
	for _, v := range values[1:] {
		out = f(out, v)
	}
	return out
}

func deviation(values []float64) float64 {
	middle, total := mean(values), 0.0
	for _, v := range values {
		total += (v - middle) * (v - middle)
	}
	return math.Sqrt(total / float64(len(values)))
}

// pointOf returns the functions that look at one data point at a time.
func pointOf(name string) func(at int64, v float64) float64 {
	clock := func(f func(time.Time) int) func(int64, float64) float64 {
		return func(at int64, _ float64) float64 { return float64(f(time.Unix(at, 0).UTC())) }
	}
	switch name {
	case "ABS":
		return func(_ int64, v float64) float64 { return math.Abs(v) }
	case "CEIL":
		return func(_ int64, v float64) float64 { return math.Ceil(v) }
	case "FLOOR":
		return func(_ int64, v float64) float64 { return math.Floor(v) }
	case "LOG":
		return func(_ int64, v float64) float64 { return math.Log(v) }
	case "LOG10":
		return func(_ int64, v float64) float64 { return math.Log10(v) }
	case "EPOCH":
		return func(at int64, _ float64) float64 { return float64(at) }
	case "MINUTE":
		return clock(time.Time.Minute)
	case "HOUR":
		return clock(time.Time.Hour)
	case "DATE":
		return clock(time.Time.Day)
	case "YEAR":
		return clock(time.Time.Year)
	case "MONTH":
		return clock(func(t time.Time) int { return int(t.Month()) })
	case "DAY":
		// Monday is 1 and Sunday 7 in metric math.
		return clock(func(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 })
	}
	return nil
}

func pointing(f func(int64, float64) float64) func(Env, []Value) (Value, error) {
	return func(_ Env, args []Value) (Value, error) {
		return args[0].each(func(s Series) Series { return s.pointwise(f) }), nil
	}
}

// stepOf returns the functions that look at a data point and the one before.
// The first point has none before, so it has no result; RUNNING_SUM is apart.
func stepOf(name string) func(Series) Series {
	between := func(f func(seconds, change float64) float64) func(Series) Series {
		return func(s Series) Series {
			i := -1
			return s.pointwise(func(at int64, v float64) float64 {
				i++
				if i == 0 {
					return math.NaN()
				}
				return f(float64(at-s.Times[i-1]), v-s.Values[i-1])
			})
		}
	}
	switch name {
	case "DIFF":
		return between(func(_, change float64) float64 { return change })
	case "DIFF_TIME":
		return between(func(seconds, _ float64) float64 { return seconds })
	case "RATE":
		return between(func(seconds, change float64) float64 { return change / seconds })
	case "RUNNING_SUM":
		return func(s Series) Series {
			total := 0.0
			return s.pointwise(func(_ int64, v float64) float64 {
				total += v
				return total
			})
		}
	}
	return nil
}

func stepping(f func(Series) Series) func(Env, []Value) (Value, error) {
	return func(_ Env, args []Value) (Value, error) { return args[0].each(f), nil }
}
