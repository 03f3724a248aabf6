package kpi

import (
	"math"
	"testing"
)

// Values of the F distribution's upper tail from printed tables.
func TestFAbove(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ f, a, b, want float64 }{
		{4.9646, 1, 10, 0.05}, {10.0443, 1, 10, 0.01}, {3.8660, 6, 7, 0.05}, {7.1914, 6, 7, 0.01}, {2.7109, 5, 20, 0.05}, {1.4290, 60, 120, 0.05}, {0, 3, 3, 1},
	} {
		if got := fAbove(c.f, c.a, c.b); math.Abs(got-c.want) > 2e-3*max(c.want, 0.05) && math.Abs(got-c.want) > 1e-4 {
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
			got := incompleteBeta(ab[0], ab[1], x)
			if got < before-1e-12 || got < 0 || got > 1 || math.Abs(got+incompleteBeta(ab[1], ab[0], 1-x)-1) > 1e-9 {
				t.Fatalf("I_%v(%v) is %v after %v", x, ab, got, before)
			}
			before = got
		}
	}
}

func TestExplained(t *testing.T) {
	t.Parallel()
	if share, chance, ok := explained([][]float64{{1, 1}, {2, 2}}); !ok || share != 1 || chance != 0 {
		t.Errorf("all of it: %v %v %v", share, chance, ok)
	}
	if _, _, ok := explained([][]float64{{5, 5}, {5, 5}}); ok {
		t.Error("a constant has variance")
	}
	if _, _, ok := explained([][]float64{{1}, {2}}); ok {
		t.Error("as many groups as values say something")
	}
	if share, chance, _ := explained([][]float64{{1, 3}, {1, 3}}); share != 0 || chance < 0.99 {
		t.Errorf("nothing of it: %v %v", share, chance)
	}
}
