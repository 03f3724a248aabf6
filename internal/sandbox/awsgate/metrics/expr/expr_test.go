package expr

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// env is a request from 0 to 600 with a period of 60 and these metrics:
// m1 has every point, m2 lacks those at 120 and 240, m3 is empty, m4 has a
// period of 120.
func env() Env {
	series := map[string]Series{
		"m1": {Label: "m1", PeriodSeconds: 60, Times: []int64{0, 60, 120, 180, 240, 300}, Values: []float64{1, 2, 3, 4, 5, 6}},
		"m2": {Label: "m2", PeriodSeconds: 60, Times: []int64{0, 60, 180, 300}, Values: []float64{10, 0, 40, 60}},
		"m3": {Label: "m3", PeriodSeconds: 60},
		"m4": {Label: "m4", PeriodSeconds: 120, Times: []int64{0, 120, 240}, Values: []float64{-1, -2.5, 7}},
	}
	return Env{
		Start: func(int64) int64 { return 0 }, End: 360, PeriodSeconds: 60,
		Lookup: func(id string) (Value, error) {
			if s, ok := series[id]; ok {
				return Of(s), nil
			}
			return Value{}, fmt.Errorf("no %s", id)
		},
		Metrics: func(contains string) ([]Series, error) {
			var out []Series
			for _, id := range slices.Sorted(maps.Keys(series)) {
				if strings.Contains(id, contains) {
					out = append(out, series[id])
				}
			}
			return out, nil
		},
		Search: func(query, stat string, period int64) ([]Series, error) {
			return []Series{{Label: fmt.Sprint(query, stat, period), PeriodSeconds: period, Times: []int64{0}, Values: []float64{1}}}, nil
		},
	}
}

// show writes a value as "60=2 120=3; ..." or as a number.
func show(v Value) string {
	if v.Kind == Scalar {
		return fmt.Sprint(v.Number)
	}
	var all []string
	for _, s := range v.Series {
		var points []string
		for i, at := range s.Times {
			points = append(points, fmt.Sprintf("%d=%v", at, math.Round(s.Values[i]*1e6)/1e6))
		}
		all = append(all, strings.Join(points, " "))
	}
	return strings.Join(all, "; ")
}

func TestExpressions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1+2*3":          "7",
		"(1+2)*3":        "9",
		"-2^2":           "-4",
		"2^3^2":          "512",
		"2^-1":           "0.5",
		"10-4-3":         "3",
		"1e3/4":          "250",
		"1 < 2 AND 3>=3": "1",
		"1 == 2 || 0":    "0",
		"1 != 2 OR 0":    "1",
		"m1 * 2":         "0=2 60=4 120=6 180=8 240=10 300=12",
		"m1 / m2":        "0=0.1 180=0.1 300=0.1",
		"m1 + m2 - 1":    "0=10 60=1 180=43 300=65",
		"m1 >= 3":        "0=0 60=0 120=1 180=1 240=1 300=1",
		"m1 > 2 && m2>0": "0=0 60=0 180=1 300=1",
		"-m4":            "0=1 120=2.5 240=-7",
		"m1 + m4":        "0=0 120=0.5 240=12",
		"m3 + 1":         "",

		"AVG(m1)": "3.5", "SUM(m1)": "21", "MIN(m1)": "1", "MAX(m1)": "6", "DATAPOINT_COUNT(m2)": "4",
		"STDDEV(m4)":              "4.169998667732268",
		"SUM(METRICS(\"m2\"))":    "0=10 60=0 180=40 300=60",
		"SUM([m1, m2])":           "0=11 60=2 120=3 180=44 240=5 300=66",
		"MAX([m1,m2,m3])":         "0=10 60=2 120=3 180=40 240=5 300=60",
		"AVG(METRICS('m4'))":      "0=-1 120=-2.5 240=7",
		"METRIC_COUNT(METRICS())": "4",

		"ABS(m4)": "0=1 120=2.5 240=7", "CEIL(m4)": "0=-1 120=-2 240=7", "FLOOR(m4)": "0=-1 120=-3 240=7",
		"LOG10(m2)":     "0=1 180=1.60206 300=1.778151",
		"LOG(m4)":       "240=1.94591",
		"PERIOD(m4)":    "120",
		"m1/PERIOD(m1)": "0=0.016667 60=0.033333 120=0.05 180=0.066667 240=0.083333 300=0.1",

		"FILL(m2, 7)":           "0=10 60=0 120=7 180=40 240=7 300=60",
		"FILL(m2, REPEAT)":      "0=10 60=0 120=0 180=40 240=40 300=60",
		"FILL(m2, LINEAR)":      "0=10 60=0 120=20 180=40 240=50 300=60",
		"FILL(m2, m1)":          "0=10 60=0 120=3 180=40 240=5 300=60",
		"FILL(m3, 0)":           "0=0 60=0 120=0 180=0 240=0 300=0",
		"FILL(m3, REPEAT)":      "",
		"FILL(METRICS('m3'),1)": "0=1 60=1 120=1 180=1 240=1 300=1",

		"IF(m1>3, m1)":          "180=4 240=5 300=6",
		"IF(m1>3, m1, 0)":       "0=0 60=0 120=0 180=4 240=5 300=6",
		"IF(m1>3, m2, m1)":      "0=1 60=2 120=3 180=40 300=60",
		"IF(1, m4, m1)":         "0=-1 120=-2.5 240=7",
		"IF(0, m4)":             "",
		"IF(AVG(m1) > 3, 1, 2)": "1",

		"DIFF(m1)": "60=1 120=1 180=1 240=1 300=1", "DIFF(m2)": "60=-10 180=40 300=20",
		"DIFF_TIME(m2)":       "60=60 180=120 300=120",
		"RATE(m2)":            "60=-0.166667 180=0.333333 300=0.166667",
		"RUNNING_SUM(m1)":     "0=1 60=3 120=6 180=10 240=15 300=21",
		"EPOCH(m4)":           "0=0 120=120 240=240",
		"MINUTE(m4)":          "0=0 120=2 240=4",
		"DAY(FIRST([m4]))":    "0=4 120=4 240=4",
		"YEAR(LAST([m1,m4]))": "0=1970 120=1970 240=1970",

		"TIME_SERIES(5)":                         "0=5 60=5 120=5 180=5 240=5 300=5",
		"m1 - TIME_SERIES(MIN(m1))":              "0=0 60=1 120=2 180=3 240=4 300=5",
		"SORT(METRICS(), MAX, DESC, 2)":          "0=10 60=0 180=40 300=60; 0=-1 120=-2.5 240=7",
		"SLICE(SORT(METRICS(), SUM, ASC), 0, 1)": "0=-1 120=-2.5 240=7",
		"SLICE(METRICS(), 1)":                    "0=10 60=0 180=40 300=60",
		"SLICE(METRICS(), 3, 2)":                 "",
		"REMOVE_EMPTY(METRICS())":                "0=1 60=2 120=3 180=4 240=5 300=6; 0=10 60=0 180=40 300=60; 0=-1 120=-2.5 240=7",
		"METRICS('m4') * 2":                      "0=-2 120=-5 240=14",
		"m4 * METRICS('m4')":                     "0=1 120=6.25 240=49",
		"SEARCH('{A,B} x', 'Average', 300)":      "0=1",
		"SUM(SEARCH(' a ', 'p99')) + sum(m1)":    "0=22",
	} {
		e, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		v, err := e.Eval(env())
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := show(v); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestRefusedExpressions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                              "ends where a value is expected",
		"m1 +":                          "ends where a value is expected",
		"m1 m2":                         `"m2" is not expected at character 4`,
		"(m1":                           `")" is expected`,
		"m1 $ 2":                        "character '$' is not known at character 4",
		"'abc":                          "without closing",
		"'abc'":                         "a text, not a value",
		"1.2.3":                         "is no number",
		"ANOMALY_DETECTION_BAND(m1, 2)": "function ANOMALY_DETECTION_BAND is not supported at character 1",
		"LAMBDA('x')":                   "function LAMBDA is not supported",
		"NOPE(m1)":                      `function "NOPE" is not known`,
		"SELECT AVG(CPUUtilization) FROM SCHEMA(\"AWS/EC2\", InstanceId)": "Metrics Insights queries (SELECT) are not supported",
		"IF(m1)":                         "takes 2 to 3, not 1",
		"PERIOD(3)":                      "PERIOD does not take a number as argument 1",
		"SUM(3)":                         "SUM does not take a number",
		"METRICS() + METRICS()":          "between two arrays",
		"[1, m1]":                        "an array holds time series",
		"FILL(m1, DESC)":                 "FILL takes a number, a time series, REPEAT or LINEAR",
		"SORT(METRICS(), MEDIAN, ASC)":   "",
		"SORT(METRICS(), REPEAT, ASC)":   "SORT takes AVG, MIN, MAX or SUM",
		"SLICE(METRICS(), 0.5)":          "index 0.5 of SLICE is not valid",
		"unknown + 1":                    "no unknown",
		"m1 + 'x'":                       `operator "+" does not take a text`,
		strings.Repeat("(", 200) + "1":   "nested deeper than 100",
		strings.Repeat("-", 300) + "1":   "nested deeper than 100",
		strings.Repeat("1+", 2000) + "1": "the limit is 2048",
		"SEARCH('a', 'Sum', 0.5)":        "period 0.5 of SEARCH is not valid",
	} {
		e, err := Parse(text)
		if err == nil {
			_, err = e.Eval(env())
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: error is %v, want %q in it", text, err, want)
		}
	}
}

func TestNamesAreTheIdsReferredTo(t *testing.T) {
	t.Parallel()
	e, err := Parse("IF(errors > 0, FILL(latency, REPEAT), [latency, b_2]) + SORT(METRICS('x'), MAX, DESC)")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(e.Names(), " "); got != "b_2 errors latency" {
		t.Errorf("names are %q", got)
	}
}

// A random expression printed and parsed again is worth the same as when it
// is computed by Go itself.
func TestScalarArithmeticAgainstGo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text, want := drawScalar(t, 4)
		e, err := Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		v, err := e.Eval(env())
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if v.Number != want && !(math.IsNaN(v.Number) && math.IsNaN(want)) {
			t.Fatalf("%s is %v, want %v", text, v.Number, want)
		}
	})
}

func drawScalar(t *rapid.T, depth int) (string, float64) {
	if depth == 0 || rapid.Bool().Draw(t, "leaf") {
		n := rapid.IntRange(0, 9).Draw(t, "number")
		return fmt.Sprint(n), float64(n)
	}
	left, a := drawScalar(t, depth-1)
	right, b := drawScalar(t, depth-1)
	switch sign := rapid.SampledFrom([]string{"+", "-", "*", "/", "<", "=="}).Draw(t, "sign"); sign {
	case "+":
		return "(" + left + " + " + right + ")", a + b
	case "-":
		return "(" + left + " - " + right + ")", a - b
	case "*":
		return "(" + left + "*" + right + ")", a * b
	case "/":
		return "(" + left + "/" + right + ")", a / b
	case "<":
		return "(" + left + "<" + right + ")", truth(a < b)
	default:
		return "(" + left + " == " + right + ")", truth(a == b)
	}
}

// Metric math leaves its inputs alone and gives ascending finite points.
func TestSeriesResultsAreSound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{
			"m1+m2", "m1/m2", "FILL(m1,LINEAR)", "SUM([m1,m2])", "RATE(m1)", "RUNNING_SUM(m2)", "IF(m1>m2,m1,m2)", "STDDEV([m1,m2])", "m1^m2",
		}).Draw(t, "expression")
		all := map[string]Series{"m1": drawSeries(t), "m2": drawSeries(t)}
		before := fmt.Sprint(all)
		e, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		in := env()
		in.Lookup = func(id string) (Value, error) { return Of(all[id]), nil }
		v, err := e.Eval(in)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(all) != before {
			t.Fatalf("%s changed its inputs", text)
		}
		for _, s := range v.Series {
			if len(s.Times) != len(s.Values) || !slices.IsSorted(s.Times) || len(slices.Compact(slices.Clone(s.Times))) != len(s.Times) {
				t.Fatalf("%s gives times %v", text, s.Times)
			}
			if slices.ContainsFunc(s.Values, func(f float64) bool { return !finite(f) }) {
				t.Fatalf("%s gives %v", text, s.Values)
			}
		}
	})
}

func drawSeries(t *rapid.T) Series {
	s := Series{PeriodSeconds: 60}
	for at := int64(0); at < 360; at += 60 {
		if rapid.Bool().Draw(t, "there") {
			s.Times = append(s.Times, at)
			s.Values = append(s.Values, float64(rapid.IntRange(-3, 3).Draw(t, "value")))
		}
	}
	return s
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"m1+m2*3", "IF(m1>0,m2,FILL(m3,REPEAT))", "SORT(METRICS('x'),MAX,DESC,2)", "-2^-2", "SEARCH('{A,B} c','p99',60)", "[m1,[m2]]", "1e", "a AND b OR c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := Parse(text)
		if err != nil {
			return
		}
		in := env()
		in.Lookup = func(string) (Value, error) {
			return Of(Series{PeriodSeconds: 60, Times: []int64{0, 60}, Values: []float64{1, 2}}), nil
		}
		_, _ = e.Eval(in)
	})
}
