package kpi_test

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/kpi"
)

// observations draws few or many different values, of both signs and of all
// sizes, so that both forms of a sketch are met.
func observations(t *rapid.T) []float64 {
	if rapid.Bool().Draw(t, "coarse") {
		return rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 40), func(n int) float64 { return float64(n) / 1000 }), 1, 200).Draw(t, "values")
	}
	if rapid.IntRange(0, 4).Draw(t, "odd") == 0 {
		return rapid.SliceOfN(rapid.Float64Range(-1e9, 1e9), 1, 200).Draw(t, "values")
	}
	// Many different values from a few drawn numbers, as drawing 10,000 takes
	// long.
	seed := rapid.Float64Range(1e-6, 10).Draw(t, "seed")
	n := rapid.IntRange(kpi.MaxDistinct-2, 2*kpi.MaxDistinct).Draw(t, "n")
	out := make([]float64, n)
	for i := range out {
		out[i] = seed * math.Pow(1.0007, float64(i*7919%n))
	}
	return out
}

func sketchOf(values []float64) *kpi.Sketch {
	var s kpi.Sketch
	for _, v := range values {
		s.Add(v, 1)
	}
	return &s
}

func encoded(t interface{ Fatal(...any) }, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSketchPercentileIsWithinItsBound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := observations(t)
		s := sketchOf(values)
		ordered := slices.Sorted(slices.Values(values))
		tenths := rapid.IntRange(0, 1000).Draw(t, "tenths of a percent")
		rank := max((tenths*len(ordered)+999)/1000, 1)
		want := ordered[rank-1]
		got, ok := s.Percentile(float64(tenths) / 10)
		if !ok || math.Abs(got-want) > s.Error()*math.Abs(want)*(1+1e-9) {
			t.Fatalf("p%v of %d values is %v, want %v (error %v)", float64(tenths)/10, len(values), got, want, s.Error())
		}
		if s.Min() != ordered[0] || s.Max() != ordered[len(ordered)-1] || s.Count() != int64(len(values)) {
			t.Fatalf("min %v, max %v, count %d", s.Min(), s.Max(), s.Count())
		}
	})
}

// However the observations are cut and in whatever order the parts come, the
// bytes are the same.
func TestSketchMergeIsFreeOfOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := observations(t)
		whole := encoded(t, sketchOf(values))
		cut := rapid.IntRange(0, len(values)).Draw(t, "cut")
		a, b := sketchOf(values[:cut]), sketchOf(values[cut:])
		a2, b2 := sketchOf(values[:cut]), sketchOf(values[cut:])
		a.Merge(b)
		b2.Merge(a2)
		slices.Reverse(values)
		if !bytes.Equal(encoded(t, a), whole) || !bytes.Equal(encoded(t, b2), whole) || !bytes.Equal(encoded(t, sketchOf(values)), whole) {
			t.Fatalf("merged at %d of %d, or reversed, it is another", cut, len(values))
		}
		var back kpi.Sketch
		if err := json.Unmarshal(whole, &back); err != nil || !bytes.Equal(encoded(t, &back), whole) {
			t.Fatalf("read again it is another: %v", err)
		}
	})
}

func TestSketchLeavesOutWhatIsNoObservation(t *testing.T) {
	t.Parallel()
	var s kpi.Sketch
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if s.Add(v, 1) {
			t.Errorf("%v counts", v)
		}
	}
	if s.Add(1, 0) || s.Add(1, -1) || s.Count() != 0 {
		t.Errorf("%d observations", s.Count())
	}
	if _, ok := s.Percentile(50); ok {
		t.Error("an empty sketch has a median")
	}
	s.Merge(nil)
	s.Merge(&kpi.Sketch{})
	s.AddDuration(-1)
	s.AddDuration(1500 * time.Microsecond)
	if v, _ := s.Percentile(99); s.Count() != 1 || v != 0.0015 {
		t.Errorf("%d observations, %v", s.Count(), v)
	}
}

func TestSketchRefusesABrokenForm(t *testing.T) {
	t.Parallel()
	for _, form := range []string{
		`[]`, `{"count":1}`, `{"count":1,"values":"1 2","counts":"1"}`, `{"count":2,"values":"x","counts":"2"}`, `{"count":1,"values":"1","counts":"-1"}`,
		`{"count":1,"values":"1","counts":"1","min":9,"max":3}`, `{"count":1,"values":"NaN","counts":"1"}`, `{"count":9,"values":"1","counts":"1"}`,
	} {
		if err := json.Unmarshal([]byte(form), &kpi.Sketch{}); err == nil {
			t.Errorf("%s is read", form)
		}
	}
}

func TestMomentsAreExactInAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		micros := rapid.SliceOfN(rapid.Int64Range(0, 3_600_000_000), 1, 60).Draw(t, "micros")
		cut := rapid.IntRange(0, len(micros)).Draw(t, "cut")
		var whole, a, b kpi.Moments
		sum := 0.0
		for i, n := range micros {
			d := time.Duration(n) * time.Microsecond
			sum += d.Seconds()
			whole.Add(d)
			if i < cut {
				a.Add(d)
			} else {
				b.Add(d)
			}
		}
		b.Merge(&a)
		at := time.Unix(0, 0)
		if whole.Bin(at) != b.Bin(at) {
			t.Fatalf("%+v, merged %+v", whole.Bin(at), b.Bin(at))
		}
		got := whole.Bin(at)
		if math.Abs(got.Sum-sum) > 1e-6*max(1, sum) || got.Min != float64(slices.Min(micros))/1e6 || got.Max != float64(slices.Max(micros))/1e6 || got.Count != int64(len(micros)) {
			t.Fatalf("%+v of %v", got, micros)
		}
		if got.SumSquares*float64(got.Count) < got.Sum*got.Sum*(1-1e-9) {
			t.Fatalf("squares %v of sum %v: no such distribution exists", got.SumSquares, got.Sum)
		}
	})
}

func FuzzSketchForm(f *testing.F) {
	f.Add([]byte(`{"count":3,"relativeError":0,"min":1,"max":2,"values":"1 2","counts":"1 2"}`))
	f.Add([]byte(`{"count":1,"relativeError":0.002,"min":0.5,"max":0.5,"values":"0.5","counts":"1"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var s kpi.Sketch
		if json.Unmarshal(raw, &s) != nil {
			return
		}
		if v, ok := s.Percentile(50); ok && (v < s.Min() || v > s.Max()) {
			t.Errorf("the median %v lies outside %v to %v", v, s.Min(), s.Max())
		}
		encoded(t, &s)
	})
}
