package stat

import (
	"cmp"
	"math"
	"slices"
)

// MannWhitney is the chance of ranks that differ as much or more between two
// samples of one distribution, on either side: the normal approximation with
// ties and continuity taken into account (Mann and Whitney 1947). It is 1 where
// a sample is empty or nothing differs.
func MannWhitney(a, b []float64) float64 {
	type ranked struct {
		value float64
		first bool
	}
	all := make([]ranked, 0, len(a)+len(b))
	for _, v := range a {
		all = append(all, ranked{v, true})
	}
	for _, v := range b {
		all = append(all, ranked{v, false})
	}
	slices.SortFunc(all, func(x, y ranked) int { return cmp.Compare(x.value, y.value) })
	sum, ties := 0.0, 0.0
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].value == all[i].value {
			j++
		}
		rank, t := float64(i+j+1)/2, float64(j-i)
		ties += t * (t*t - 1)
		for _, r := range all[i:j] {
			if r.first {
				sum += rank
			}
		}
		i = j
	}
	n, m := float64(len(a)), float64(len(b))
	total := n + m
	variance := n * m / 12 * (total + 1 - ties/(total*(total-1)))
	if n == 0 || m == 0 || !(variance > 0) {
		return 1
	}
	away := math.Max(math.Abs(sum-n*(total+1)/2)-0.5, 0)
	return math.Erfc(away / math.Sqrt(2*variance))
}
