package stat

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Values of the F distribution's upper tail from printed tables.
func TestFAbove(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ f, a, b, want float64 }{
		{4.9646, 1, 10, 0.05}, {10.0443, 1, 10, 0.01}, {3.8660, 6, 7, 0.05}, {7.1914, 6, 7, 0.01}, {2.7109, 5, 20, 0.05}, {1.4290, 60, 120, 0.05}, {0, 3, 3, 1},
	} {
		if got := FAbove(c.f, c.a, c.b); math.Abs(got-c.want) > 2e-3*max(c.want, 0.05) && math.Abs(got-c.want) > 1e-4 {
			t.Errorf("F(%v, %v) above %v is %v, want %v", c.a, c.b, c.f, got, c.want)
		}
	}
}

func TestIncompleteBetaIsADistribution(t *testing.T) {
	t.Parallel()
	for _, ab := range [][2]float64{{0.5, 0.5}, {1, 1}, {3, 3.5}, {150, 12}} {
		before := 0.0
		for i := range 101 {
			x := float64(i) / 100
			got := IncompleteBeta(ab[0], ab[1], x)
			if got < before-1e-12 || got < 0 || got > 1 || math.Abs(got+IncompleteBeta(ab[1], ab[0], 1-x)-1) > 1e-9 {
				t.Fatalf("I_%v(%v) is %v after %v", x, ab, got, before)
			}
			before = got
		}
	}
}

// Values of printed tables.
func TestStudent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ p, freedom, want float64 }{{0.975, 1, 12.706}, {0.975, 10, 2.228}, {0.995, 30, 2.750}, {0.95, 5, 2.015}, {0.975, 1e6, 1.96}, {0.5, 7, 0}} {
		if got := Student(c.p, c.freedom); math.Abs(got-c.want) > 2e-3*max(1, c.want) {
			t.Errorf("%v of %v: %v, want %v", c.p, c.freedom, got, c.want)
		}
	}
}

// The exact bounds miss by no more than they say: summed over all outcomes.
func TestProportionMissesNoMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		trials, p := rapid.IntRange(1, 40).Draw(rt, "trials"), rapid.Float64Range(0.001, 0.999).Draw(rt, "p")
		missed, chance := 0.0, math.Pow(1-p, float64(trials))
		for hits := range trials + 1 {
			low, high := Proportion(float64(hits), float64(trials), 0.1)
			if p < low || p > high {
				missed += chance
			}
			chance *= p / (1 - p) * float64(trials-hits) / float64(hits+1)
		}
		if missed > 0.1+1e-9 {
			rt.Fatalf("%d trials at %v: missed with %v", trials, p, missed)
		}
	})
	if low, high := Proportion(0, 100, 0.05); low != 0 || math.Abs(high-0.0362) > 1e-3 {
		t.Errorf("none of 100: %v to %v", low, high)
	}
}

func TestMannWhitney(t *testing.T) {
	t.Parallel()
	up := func(from, n int) (out []float64) {
		for i := range n {
			out = append(out, float64(from+i))
		}
		return out
	}
	// A textbook pair: U is 3 of 25 with five each, two-sided about 0.06.
	if p := MannWhitney([]float64{1, 2, 3, 5, 7}, []float64{4, 6, 8, 9, 10}); math.Abs(p-0.06) > 0.02 {
		t.Errorf("five each: %v", p)
	}
	for name, c := range map[string]struct {
		a, b      []float64
		low, high float64
	}{
		"apart": {up(0, 20), up(100, 20), 0, 1e-6}, "the same": {up(0, 20), up(0, 20), 0.95, 1}, "constant": {make([]float64, 9), make([]float64, 9), 1, 1}, "none": {nil, up(0, 9), 1, 1},
	} {
		if p := MannWhitney(c.a, c.b); p < c.low || p > c.high {
			t.Errorf("%s: %v", name, p)
		}
		if p, q := MannWhitney(c.a, c.b), MannWhitney(c.b, c.a); math.Abs(p-q) > 1e-12 {
			t.Errorf("%s: %v one way, %v the other", name, p, q)
		}
	}
}
