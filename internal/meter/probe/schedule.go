package probe

import (
	"math/rand/v2"
	"time"
)

// Arrivals says how requests are spread over the time.
type Arrivals string

const (
	// Poisson arrivals are those of many users who know nothing of each other:
	// the gaps are exponential.
	Poisson Arrivals = "poisson"
	// Constant arrivals have equal gaps.
	Constant Arrivals = "constant"
)

// arrival is one request that is due.
type arrival struct {
	due    time.Duration // after the start
	target int
}

// schedule gives the arrivals in order. They depend on the options alone, so
// the same seed gives the same load against source and target.
func schedule(o *Options) func(yield func(arrival) bool) {
	return func(yield func(arrival) bool) {
		random := rand.New(rand.NewPCG(o.Seed, 1))
		total := 0.0
		for i := range o.Targets {
			total += o.Targets[i].Weight
		}
		at := 0.0
		for n := 1; ; n++ {
			due := time.Duration(at * float64(time.Second))
			if due >= o.WarmUp+o.Duration || !yield(arrival{due, pick(o.Targets, random.Float64()*total)}) {
				return
			}
			if o.Arrivals == Constant {
				at = float64(n) / o.Rate
				continue
			}
			at += random.ExpFloat64() / o.Rate
		}
	}
}

func pick(targets []Target, u float64) int {
	chosen := 0
	for i := range targets {
		if targets[i].Weight == 0 {
			continue
		}
		chosen = i
		if u -= targets[i].Weight; u < 0 {
			break
		}
	}
	return chosen
}
