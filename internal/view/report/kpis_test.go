package report

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNumber(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{0: "0", 5: "5", 1e6: "1000000", 17.97132: "17.97", 0.023: "0.023", 0.00027777: "0.0002778", 1035586.4: "1035586", 1e-9: "1e-09", -2.5: "-2.5", 999.96: "1000", 1e300: "1e+300", math.Inf(1): "unknown"} {
		if got := number(v); got != want {
			t.Errorf("number %v: %q, want %q", v, got, want)
		}
	}
	if number(math.NaN()) != "unknown" {
		t.Error("a number that is none has a text")
	}
}

func TestThinKeepsHolesAndBounds(t *testing.T) {
	t.Parallel()
	if got := thin([]float64{1, 3, math.NaN(), math.NaN(), 5, math.NaN()}, 3); got[0] != 2 || !math.IsNaN(got[1]) || got[2] != 5 {
		t.Errorf("got %v", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOf(rapid.Float64Range(-10, 10)).Draw(t, "values")
		n := rapid.IntRange(1, 50).Draw(t, "n")
		got := thin(values, n)
		if len(got) != min(len(values), n) {
			t.Fatalf("%d of %d values are %d", n, len(values), len(got))
		}
		for _, v := range got {
			if v < slices.Min(values)-1e-9 || v > slices.Max(values)+1e-9 {
				t.Fatalf("%v is out of %v", v, values)
			}
		}
	})
}

func TestSparkHasAHoleWhereNothingWasMeasured(t *testing.T) {
	t.Parallel()
	if got := string(spark([]float64{1, 2, math.NaN(), 2, 1})); strings.Count(got, "M") != 2 || strings.Contains(got, "NaN") {
		t.Errorf("got %s", got)
	}
	for _, values := range [][]float64{nil, {1}, {math.NaN(), math.NaN()}} {
		if got := spark(values); got != "" {
			t.Errorf("%v is drawn as %s", values, got)
		}
	}
	if got := string(spark([]float64{3, 3})); !strings.Contains(got, "M0.0 13.0L160.0 13.0") {
		t.Errorf("a flat line is %s", got)
	}
}
