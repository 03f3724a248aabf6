package metrics

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// expand writes out every observation, which the service itself never does.
func expand(values []float64, counts []int) []float64 {
	var all []float64
	for i, v := range values {
		all = append(all, slices.Repeat([]float64{v}, counts[i])...)
	}
	slices.Sort(all)
	return all
}

// rank returns ceil or floor of tenths/1000*n without floating point.
func ceilRank(tenths, n int) int  { return (tenths*n + 999) / 1000 }
func floorRank(tenths, n int) int { return tenths * n / 1000 }

type drawn struct {
	samples []sample
	all     []float64
}

func drawSamples(t *rapid.T) drawn {
	var d drawn
	for i := range rapid.IntRange(1, 4).Draw(t, "samples") {
		n := rapid.IntRange(1, 6).Draw(t, "values")
		values, counts, exact := make([]float64, n), make([]float64, n), make([]int, n)
		for k := range n {
			values[k] = float64(rapid.IntRange(0, 40).Draw(t, "value")) / 4
			exact[k] = rapid.IntRange(1, 30).Draw(t, "count")
			counts[k] = float64(exact[k])
		}
		d.samples = append(d.samples, distributionSample(int64(i), values, counts))
		d.all = append(d.all, expand(values, exact)...)
	}
	slices.Sort(d.all)
	return d
}

func (d drawn) aggregate() *aggregate {
	a := &aggregate{}
	for _, s := range d.samples {
		a.add(s, true)
	}
	return a
}

func compute(t *rapid.T, text string, a *aggregate) (float64, bool) {
	s, ok := parseStatistic(text)
	if !ok {
		t.Fatalf("%q is refused", text)
	}
	return s.of(a)
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b)) }

func TestPercentileIsTheObservationOfItsRank(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawSamples(t)
		tenths := rapid.IntRange(0, 1000).Draw(t, "tenths of a percent")
		want := d.all[max(1, ceilRank(tenths, len(d.all)))-1]
		got, ok := compute(t, fmt.Sprintf("p%d.%d", tenths/10, tenths%10), d.aggregate())
		if !ok || got != want {
			t.Fatalf("p%d.%d of %v is %v, want %v", tenths/10, tenths%10, d.all, got, want)
		}
	})
}

func TestTrimmedStatisticsAgainstAllObservations(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawSamples(t)
		low := rapid.IntRange(0, 999).Draw(t, "low")
		high := rapid.IntRange(low+1, 1000).Draw(t, "high")
		from, to := floorRank(low, len(d.all)), ceilRank(high, len(d.all))
		inside := d.all[from:to]
		sum := 0.0
		for _, v := range inside {
			sum += v
		}
		wide := 0.0
		for _, v := range d.all {
			wide += min(max(v, d.all[from]), d.all[to-1])
		}
		bounds := fmt.Sprintf("(%d.%d%%:%d.%d%%)", low/10, low%10, high/10, high%10)
		for name, want := range map[string]float64{
			"TM": sum / float64(len(inside)), "TC": float64(len(inside)), "TS": sum, "WM": wide / float64(len(d.all)),
		} {
			if got, ok := compute(t, name+bounds, d.aggregate()); !ok || !near(got, want) {
				t.Fatalf("%s%s of %v is %v, want %v", name, bounds, d.all, got, want)
			}
		}
	})
}

func TestAbsoluteBoundsAgainstAllObservations(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := drawSamples(t)
		low := float64(rapid.IntRange(0, 40).Draw(t, "low")) / 4
		high := low + float64(rapid.IntRange(1, 40).Draw(t, "width"))/4
		count, sum, wide := 0.0, 0.0, 0.0
		for _, v := range d.all {
			if v > low && v <= high {
				count++
				sum += v
			}
			wide += min(max(v, low), high)
		}
		bounds := fmt.Sprintf("(%v:%v)", low, high)
		for name, want := range map[string]float64{
			"TC": count, "TS": sum, "PR": 100 * count / float64(len(d.all)), "WM": wide / float64(len(d.all)),
		} {
			if got, ok := compute(t, name+bounds, d.aggregate()); !ok || !near(got, want) {
				t.Fatalf("%s%s of %v is %v, want %v", name, bounds, d.all, got, want)
			}
		}
		if got, ok := compute(t, "TM"+bounds, d.aggregate()); ok != (count > 0) || ok && !near(got, sum/count) {
			t.Fatalf("TM%s of %v is %v, %v", bounds, d.all, got, ok)
		}
	})
}

func TestPercentilesOfAThousand(t *testing.T) {
	t.Parallel()
	a := &aggregate{}
	for i := range 1000 {
		a.add(valueSample(0, float64(i+1)), true)
	}
	for text, want := range map[string]float64{
		"p0": 1, "p0.0": 1, "p50": 500, "p99": 990, "p99.9": 999, "p99.95": 1000, "p100": 1000, "p100.0": 1000, "P90": 900,
		"tm90": 450.5, "tc90": 900, "ts10": 5050, "IQM": 500.5, "iqm": 500.5, "PR(:300)": 30, "PR(100:300)": 20, "PR(999:)": 0.1,
		"Average": 500.5, "Sum": 500500, "Minimum": 1, "Maximum": 1000, "SampleCount": 1000,
	} {
		s, ok := parseStatistic(text)
		if !ok {
			t.Errorf("%q is refused", text)
			continue
		}
		if got, ok := s.of(a); !ok || !near(got, want) {
			t.Errorf("%s is %v, want %v", text, got, want)
		}
	}
}

func TestWhatIsNoStatistic(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "average", "p", "p101", "p100.1", "p-1", "p1e2", "p1.12345678901", "tm0", "tm", "TM()", "TM(:)", "TM(10:20%)", "TM(90%:10%)",
		"TM(5:5)", "PR(10%:20%)", "PR(300)", "WM(NaN:1)", "TM(1:Inf)", "TM(-1%:5%)", "TM(1%:101%)", "xx(1:2)", "p50)",
	} {
		if s, ok := parseStatistic(text); ok {
			t.Errorf("%q is taken for %+v", text, s)
		}
	}
}

func TestDistributionThatCannotBeKnown(t *testing.T) {
	t.Parallel()
	p50, _ := parseStatistic("p50")
	set := sample{sum: 30, low: 5, high: 15, count: 3}
	flat := sample{sum: 15, low: 5, high: 5, count: 3}
	for name, c := range map[string]struct {
		samples []sample
		ok      bool
	}{
		"statistic set":                    {[]sample{valueSample(0, 1), set}, false},
		"statistic set of equal values":    {[]sample{valueSample(0, 1), flat}, true},
		"negative value":                   {[]sample{valueSample(0, -1), valueSample(0, 1)}, false},
		"values whose counts are all zero": {[]sample{distributionSample(0, []float64{1}, []float64{0})}, false},
	} {
		a := &aggregate{}
		for _, s := range c.samples {
			a.add(s, true)
		}
		if _, ok := p50.of(a); ok != c.ok {
			t.Errorf("%s: p50 exists is %v, want %v", name, ok, c.ok)
		}
	}
}

// The columns must give back what went in, in any order and form.
func TestColumnKeepsSamples(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := &column{ordered: true}
		var want []sample
		for range rapid.IntRange(1, 20).Draw(t, "samples") {
			at := int64(rapid.IntRange(0, 10).Draw(t, "at"))
			s := valueSample(at, float64(rapid.IntRange(-5, 5).Draw(t, "value")))
			switch rapid.IntRange(0, 3).Draw(t, "form") {
			case 0:
				s = sample{at: at, sum: 12, low: 1, high: 9, count: 4}
			case 1:
				s = distributionSample(at, []float64{1, 2, 3}, []float64{3, 1, 2})
			}
			c.add(s)
			want = append(want, s)
		}
		slices.SortStableFunc(want, func(a, b sample) int { return int(a.at - b.at) })
		c.order()
		for i, w := range want {
			g := c.get(i)
			if g.at != w.at || g.sum != w.sum || g.low != w.low || g.high != w.high || g.count != w.count || !slices.Equal(g.values, w.values) {
				t.Fatalf("sample %d is %+v, want %+v", i, g, w)
			}
		}
	})
}

func FuzzStatistic(f *testing.F) {
	for _, seed := range []string{"p99.9", "tm90", "TM(10%:90%)", "PR(:300)", "IQM", "WM( 1 : 2 )", "Average"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, ok := parseStatistic(text)
		if !ok {
			return
		}
		a := &aggregate{}
		for _, v := range []float64{1, 2, 3, 5, 8} {
			a.add(valueSample(0, v), true)
		}
		if got, ok := s.of(a); ok && (math.IsNaN(got) || math.IsInf(got, 0)) {
			t.Fatalf("%q gives %v", text, got)
		}
	})
}
