package kpi

import "testing"

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
