package sequential

import "math"

// Count is what one side served in a round.
type Count struct {
	// Requests counts all, Bad those among them that count against the side.
	Requests, Bad int64
}

// Round is one stretch of time in which both sides served.
type Round struct {
	Source, Target Count
}

// sound reports whether the counts can be: none negative, no more bad requests
// than requests.
func (c Count) sound() bool { return c.Bad >= 0 && c.Requests >= c.Bad }

// speaks reports whether a round says anything about the two sides: both served,
// and of all requests some were bad and some were not.
func (r Round) speaks() bool {
	n, bad := r.Source.Requests+r.Target.Requests, r.Source.Bad+r.Target.Bad
	return r.Source.Requests > 0 && r.Target.Requests > 0 && bad > 0 && bad < n
}

// table is Fisher's noncentral hypergeometric distribution of the bad requests
// on the target, given the four margins of a round.
type table struct {
	source, target, bad float64 // requests of the sides, bad ones of both
	low, high           float64 // the least and the most on the target
}

func newTable(r Round) table {
	t := table{source: float64(r.Source.Requests), target: float64(r.Target.Requests), bad: float64(r.Source.Bad + r.Target.Bad)}
	t.low, t.high = math.Max(0, t.bad-t.source), math.Min(t.bad, t.target)
	return t
}

// weight is the logarithm of how many ways lead to x bad requests on the target.
func (t table) weight(x float64) float64 {
	return choose(t.target, x) + choose(t.source, t.bad-x)
}

// step is the ratio of the ways that lead to x+1 to those that lead to x.
func (t table) step(x float64) float64 {
	return (t.target - x) * (t.bad - x) / ((x + 1) * (t.source - t.bad + x + 1))
}

// mode is the likeliest number on the target at an odds ratio: the least x from
// which on the ratio of neighbours is at most one. The ratio falls with x.
func (t table) mode(odds float64) float64 {
	low, high := t.low, t.high
	for low < high {
		if mid := math.Floor((low + high) / 2); t.step(mid)*odds > 1 {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// likelihood is the logarithm of the probability of x bad requests on the
// target at an odds ratio given by its logarithm. The sum over all other numbers
// is taken outward from the likeliest, until what is left cannot count.
func (t table) likelihood(x, logOdds float64) float64 {
	const negligible = 1e-17
	odds := math.Exp(logOdds)
	mode := t.mode(odds)
	sum := 1.0
	for term, at := 1.0, mode; at < t.high && term > negligible*sum; at++ {
		term *= t.step(at) * odds
		sum += term
	}
	for term, at := 1.0, mode; at > t.low && term > negligible*sum; at-- {
		term /= t.step(at-1) * odds
		sum += term
	}
	return t.weight(x) - t.weight(mode) + (x-mode)*logOdds - math.Log(sum)
}

// choose is the logarithm of n over k.
func choose(n, k float64) float64 {
	a, _ := math.Lgamma(n + 1)
	b, _ := math.Lgamma(k + 1)
	c, _ := math.Lgamma(n - k + 1)
	return a - b - c
}
