package kpi

import (
	"math"
	"math/bits"
	"time"
)

// Moments add up durations in whole microseconds, exactly, so that neither the
// order of addition nor how the observations were cut into parts matters. The
// zero value is empty; it is not safe for concurrent use.
type Moments struct {
	count, sum, low, high int64
	squareHigh, squareLow uint64
}

// Add counts one duration; a negative one is none.
func (m *Moments) Add(d time.Duration) {
	// Less than a microsecond below zero would round to zero.
	if d < 0 {
		return
	}
	micros := d.Microseconds()
	if m.count == 0 {
		m.low, m.high = micros, micros
	}
	m.low, m.high = min(m.low, micros), max(m.high, micros)
	m.count++
	m.sum += micros
	high, low := bits.Mul64(uint64(micros), uint64(micros))
	var carry uint64
	m.squareLow, carry = bits.Add64(m.squareLow, low, 0)
	m.squareHigh += high + carry
}

// Merge adds all observations of the other.
func (m *Moments) Merge(o *Moments) {
	if o.count == 0 {
		return
	}
	if m.count == 0 {
		m.low, m.high = o.low, o.high
	}
	m.low, m.high = min(m.low, o.low), max(m.high, o.high)
	m.count += o.count
	m.sum += o.sum
	var carry uint64
	m.squareLow, carry = bits.Add64(m.squareLow, o.squareLow, 0)
	m.squareHigh += o.squareHigh + carry
}

// Bin gives the moments in seconds, as those of the period from at.
func (m *Moments) Bin(at time.Time) Bin {
	squares := (math.Ldexp(float64(m.squareHigh), 64) + float64(m.squareLow)) / 1e12
	return Bin{At: at, Count: m.count, Sum: inSeconds(m.sum), SumSquares: squares, Min: inSeconds(m.low), Max: inSeconds(m.high)}
}

func inSeconds(micros int64) float64 { return float64(micros) / 1e6 }

// AddDuration counts a duration in seconds, in whole microseconds as Moments
// do; a negative one is none.
func (s *Sketch) AddDuration(d time.Duration) {
	if d >= 0 {
		s.Add(inSeconds(d.Microseconds()), 1)
	}
}

// EventBin is a bin of things that happened, or of an amount they add up to.
func EventBin(at time.Time, count int64, sum float64) Bin {
	return Bin{At: at, Count: count, Sum: sum, SumSquares: sum * sum, Min: sum, Max: sum}
}

// ShareBin is a bin of cases among observations, each of which is 0 or 1.
func ShareBin(at time.Time, cases, count int64) Bin {
	b := Bin{At: at, Count: count, Sum: float64(cases), SumSquares: float64(cases)}
	if cases > 0 {
		b.Max = 1
	}
	if cases == count && count > 0 {
		b.Min = 1
	}
	return b
}
