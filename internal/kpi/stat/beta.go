package stat

import "math"

// FAbove is the probability that an F-distributed value with a and b degrees
// of freedom is above f: the regularised incomplete beta function
// I_x(b/2, a/2) at x = b/(b+a*f).
func FAbove(f, a, b float64) float64 {
	return IncompleteBeta(b/2, a/2, b/(b+a*f))
}

// IncompleteBeta evaluates I_x(a, b) by its continued fraction (Lentz's
// method), on the side where that converges fast.
func IncompleteBeta(a, b, x float64) float64 {
	switch {
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	case x > (a+1)/(a+b+2):
		return 1 - IncompleteBeta(b, a, 1-x)
	}
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	front := math.Exp(lab-la-lb+a*math.Log(x)+b*math.Log1p(-x)) / a
	const tiny = 1e-300
	away := func(v float64) float64 {
		if math.Abs(v) < tiny {
			return tiny
		}
		return v
	}
	c, d := 1.0, 1/away(1-(a+b)*x/(a+1))
	h := d
	for i := 1; i <= 500; i++ {
		m := float64(i)
		even := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		d, c = 1/away(1+even*d), away(1+even/c)
		h *= d * c
		odd := -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		d, c = 1/away(1+odd*d), away(1+odd/c)
		step := d * c
		h *= step
		if math.Abs(step-1) < 1e-14 {
			break
		}
	}
	return front * h
}

// BetaQuantile is the x at which IncompleteBeta(a, b, x) is p, by halving.
func BetaQuantile(p, a, b float64) float64 {
	low, high := 0.0, 1.0
	for range 100 {
		mid := (low + high) / 2
		if IncompleteBeta(a, b, mid) < p {
			low = mid
		} else {
			high = mid
		}
	}
	return (low + high) / 2
}

// Proportion bounds a probability from hits among trials, so that either bound
// is missed with a chance of miss/2 at most (Clopper and Pearson 1934).
func Proportion(hits, trials, miss float64) (low, high float64) {
	low, high = 0, 1
	if hits > 0 {
		low = BetaQuantile(miss/2, hits, trials-hits+1)
	}
	if hits < trials {
		high = BetaQuantile(1-miss/2, hits+1, trials-hits)
	}
	return low, high
}

// Student is the value that a t-distributed one with so many degrees of freedom
// is below with probability p, which is at least a half.
func Student(p, freedom float64) float64 {
	x := BetaQuantile(2*(1-p), freedom/2, 0.5)
	return math.Sqrt(freedom * (1 - x) / x)
}
