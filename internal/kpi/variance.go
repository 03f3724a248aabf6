package kpi

import "math"

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
	return share, fAbove(f, k-1, n-k), true
}

// fAbove is the probability that an F-distributed value with a and b degrees
// of freedom is above f: the regularised incomplete beta function
// I_x(b/2, a/2) at x = b/(b+a*f).
func fAbove(f, a, b float64) float64 {
	return incompleteBeta(b/2, a/2, b/(b+a*f))
}

// incompleteBeta evaluates I_x(a, b) by its continued fraction (Lentz's
// method), on the side where that converges fast.
func incompleteBeta(a, b, x float64) float64 {
	switch {
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	case x > (a+1)/(a+b+2):
		return 1 - incompleteBeta(b, a, 1-x)
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
