package kpi

import (
	"math"

	"example.com/landfall/internal/kpi/stat"
)

// explained is a one-way analysis of variance: the share of the variance that
// the groups explain, adjusted for their number and never below 0, and how
// likely chance alone explains as much. ok is false when nothing varies.
func explained(groups [][]float64) (share, chance float64, ok bool) {
	var all []float64
	for _, g := range groups {
		all = append(all, g...)
	}
	n, k := float64(len(all)), float64(len(groups))
	if n <= k || k < 2 {
		return 0, 1, false
	}
	mean := average(all)
	between, total := 0.0, 0.0
	for _, g := range groups {
		d := average(g) - mean
		between += float64(len(g)) * d * d
	}
	for _, v := range all {
		total += (v - mean) * (v - mean)
	}
	// What rounding leaves of a constant is no variance.
	if scale := math.Abs(mean) * 1e-9; total <= n*scale*scale || total == 0 {
		return 0, 1, false
	}
	within := max(total-between, 0)
	share = max(1-(within/(n-k))/(total/(n-1)), 0)
	if within == 0 {
		return 1, 0, true
	}
	f := (between / (k - 1)) / (within / (n - k))
	return share, stat.FAbove(f, k-1, n-k), true
}
