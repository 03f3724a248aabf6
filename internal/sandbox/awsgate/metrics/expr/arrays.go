package expr

import (
	"math"
	"slices"
)

// maxPoints bounds the series that FILL and TIME_SERIES make, which otherwise
// depend on the range alone: GetMetricData returns at most 100,800 points.
const maxPoints = 100_800

func metrics(env Env, args []Value) (Value, error) {
	contains := ""
	if len(args) > 0 {
		contains = args[0].text
	}
	found, err := env.Metrics(contains)
	return List(found), err
}

func search(env Env, args []Value) (Value, error) {
	seconds := float64(env.PeriodSeconds)
	if len(args) > 2 {
		seconds = args[2].Number
	}
	if seconds != math.Trunc(seconds) || seconds < 1 || seconds > 86400*365 {
		return Value{}, errorf("period %v of SEARCH is not valid", seconds)
	}
	found, err := env.Search(args[0].text, args[1].text, int64(seconds))
	return List(found), err
}

func period(_ Env, args []Value) (Value, error) {
	return number(float64(args[0].Series[0].PeriodSeconds)), nil
}

// grid returns the times at which a series of the period may have points.
func (env Env) grid(periodSeconds int64) ([]int64, error) {
	if periodSeconds <= 0 {
		periodSeconds = env.PeriodSeconds
	}
	if periodSeconds <= 0 {
		return nil, nil
	}
	start := env.Start(periodSeconds)
	if (env.End-start)/periodSeconds >= maxPoints {
		return nil, errorf("series would have more than %d data points", maxPoints)
	}
	var times []int64
	for at := start; at < env.End; at += periodSeconds {
		times = append(times, at)
	}
	return times, nil
}

func constant(env Env, args []Value) (Value, error) {
	times, err := env.grid(env.PeriodSeconds)
	if err != nil || !finite(args[0].Number) {
		return Of(Series{PeriodSeconds: env.PeriodSeconds}), err
	}
	return Of(Series{
		PeriodSeconds: env.PeriodSeconds,
		Times:         times,
		Values:        slices.Repeat([]float64{args[0].Number}, len(times)),
	}), nil
}

func fill(env Env, args []Value) (Value, error) {
	how := args[1]
	if how.Kind == word && how.text != "REPEAT" && how.text != "LINEAR" {
		return Value{}, errorf("function FILL takes a number, a time series, REPEAT or LINEAR, not %s", how.text)
	}
	var failed error
	filled := args[0].each(func(s Series) Series {
		times, err := env.grid(s.PeriodSeconds)
		if err != nil {
			failed = err
			return s
		}
		return fillOne(s, times, how)
	})
	return filled, failed
}

// fillOne gives s a value at each of the times. The points s has stay, even
// when they stand beside the grid.
func fillOne(s Series, times []int64, how Value) Series {
	times = slices.Concat(times, s.Times)
	slices.Sort(times)
	times = slices.Compact(times)
	out := Series{Label: s.Label, PeriodSeconds: s.PeriodSeconds}
	for _, at := range times {
		value, ok := s.at(at)
		if !ok {
			value = missing(s, at, how)
		}
		if finite(value) {
			out.Times = append(out.Times, at)
			out.Values = append(out.Values, value)
		}
	}
	return out
}

// missing is the value FILL gives at a time where s has none; no number when
// there is nothing to fill from.
func missing(s Series, at int64, how Value) float64 {
	after, _ := slices.BinarySearch(s.Times, at)
	switch {
	case how.Kind == Scalar:
		return how.Number
	case how.Kind == One:
		if value, ok := how.Series[0].at(at); ok {
			return value
		}
		return math.NaN()
	case after == 0:
		return math.NaN()
	case how.text == "REPEAT":
		return s.Values[after-1]
	case after == len(s.Times):
		return math.NaN()
	}
	share := float64(at-s.Times[after-1]) / float64(s.Times[after]-s.Times[after-1])
	return s.Values[after-1] + share*(s.Values[after]-s.Values[after-1])
}

// choose is IF(condition, then, otherwise). Without otherwise, points where the
// condition is zero are missing.
func choose(_ Env, args []Value) (Value, error) {
	otherwise := Value{Kind: Scalar, Number: math.NaN()}
	if len(args) > 2 {
		otherwise = args[2]
	}
	condition := args[0]
	if condition.Kind == Scalar {
		if condition.Number != 0 {
			return args[1], nil
		}
		if len(args) < 3 {
			return Of(Series{}), nil
		}
		return otherwise, nil
	}
	return condition.each(func(s Series) Series {
		return s.pointwise(func(at int64, v float64) float64 {
			from := otherwise
			if v != 0 {
				from = args[1]
			}
			if from.Kind == Scalar {
				return from.Number
			}
			if value, ok := from.Series[0].at(at); ok {
				return value
			}
			return math.NaN()
		})
	}), nil
}

func first(_ Env, args []Value) (Value, error) { return pick(args[0].Series, 0) }

func last(_ Env, args []Value) (Value, error) {
	return pick(args[0].Series, len(args[0].Series)-1)
}

// pick returns the series at the index; outside the array it is an empty one.
func pick(all []Series, index int) (Value, error) {
	if index < 0 || index >= len(all) {
		return Of(Series{}), nil
	}
	return Of(all[index]), nil
}

// slice is SLICE(array, from) for one series, SLICE(array, from, to) for a part.
func slice(_ Env, args []Value) (Value, error) {
	for _, arg := range args[1:] {
		if arg.Number != math.Trunc(arg.Number) || arg.Number < 0 || arg.Number > math.MaxInt32 {
			return Value{}, errorf("index %v of SLICE is not valid", arg.Number)
		}
	}
	all := args[0].Series
	from := int(args[1].Number)
	if len(args) == 2 {
		return pick(all, from)
	}
	to := min(int(args[2].Number), len(all))
	if from >= to {
		return List(nil), nil
	}
	return List(all[from:to]), nil
}

// sorted is SORT(array, function, order[, how many]). Series without a value
// come last in either order.
func sorted(_ Env, args []Value) (Value, error) {
	by, order := foldOf(args[1].text), args[2].text
	if by == nil || (order != "ASC" && order != "DESC") {
		return Value{}, errorf("function SORT takes AVG, MIN, MAX or SUM and then ASC or DESC")
	}
	type keyed struct {
		key float64
		of  Series
	}
	all := make([]keyed, len(args[0].Series))
	for i, s := range args[0].Series {
		all[i] = keyed{math.NaN(), s}
		if len(s.Values) > 0 {
			all[i].key = by(s.Values)
		}
	}
	slices.SortStableFunc(all, func(a, b keyed) int {
		switch {
		case math.IsNaN(a.key) && math.IsNaN(b.key):
			return 0
		case math.IsNaN(a.key):
			return 1
		case math.IsNaN(b.key):
			return -1
		case a.key == b.key:
			return 0
		case (a.key < b.key) == (order == "ASC"):
			return -1
		}
		return 1
	})
	if len(args) > 3 && args[3].Number >= 0 && int(min(args[3].Number, math.MaxInt32)) < len(all) {
		all = all[:int(args[3].Number)]
	}
	out := make([]Series, len(all))
	for i, k := range all {
		out[i] = k.of
	}
	return List(out), nil
}

func removeEmpty(_ Env, args []Value) (Value, error) {
	var kept []Series
	for _, s := range args[0].Series {
		if len(s.Times) > 0 {
			kept = append(kept, s)
		}
	}
	return List(kept), nil
}

func metricCount(_ Env, args []Value) (Value, error) {
	return number(float64(len(args[0].Series))), nil
}
