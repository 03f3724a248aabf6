package kpi

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

const (
	// MaxDistinct is how many different values a Sketch keeps as they are.
	MaxDistinct = 4096
	// mantissaBits cut each power of two into 256 buckets.
	mantissaBits = 8
	// SketchError is the largest relative error of a value from buckets: half
	// the width of a bucket at its lower end.
	SketchError = 1.0 / (2 << mantissaBits)
)

// Sketch is a distribution. Up to MaxDistinct different values it keeps each
// with its count, so percentiles are exact; beyond that it keeps buckets, each
// power of two cut into 256 equal parts, so that a percentile is off by at
// most SketchError (0.2 %) of itself. Which of the two depends on the
// observations alone: neither their order nor how they were merged matters.
// The zero value is empty and ready; it is not safe for concurrent use.
type Sketch struct {
	// counts are by value, or by the lower end of the bucket.
	counts   map[float64]int64
	buckets  bool
	total    int64
	min, max float64
}

// Add counts the value n times. What is no finite number, and an n that is not
// positive, is no observation and is left out; it reports whether it counted.
func (s *Sketch) Add(value float64, n int64) bool {
	if n <= 0 || math.IsNaN(value) || math.IsInf(value, 0) {
		return false
	}
	value += 0 // minus zero is zero
	if s.counts == nil {
		s.counts = map[float64]int64{}
	}
	if s.total == 0 {
		s.min, s.max = value, value
	}
	s.min, s.max = min(s.min, value), max(s.max, value)
	s.total += n
	if s.buckets {
		value = lowerEnd(value)
	}
	s.counts[value] += n
	if !s.buckets && len(s.counts) > MaxDistinct {
		s.collapse()
	}
	return true
}

// Merge adds all observations of the other.
func (s *Sketch) Merge(other *Sketch) {
	if other == nil || other.total == 0 {
		return
	}
	if other.buckets && !s.buckets {
		s.collapse()
	}
	low, high := other.min, other.max
	if s.total > 0 {
		low, high = min(low, s.min), max(high, s.max)
	}
	for value, n := range other.counts {
		s.Add(value, n)
	}
	s.min, s.max = low, high
}

func (s *Sketch) collapse() {
	counts := make(map[float64]int64, len(s.counts))
	for value, n := range s.counts {
		counts[lowerEnd(value)] += n
	}
	s.counts, s.buckets = counts, true
}

// lowerEnd is the end of the value's bucket that is nearer to zero. It is in
// the same bucket itself, so that buckets can be added to buckets.
func lowerEnd(value float64) float64 {
	const rest = 1<<(52-mantissaBits) - 1
	return math.Float64frombits(math.Float64bits(value) &^ rest)
}

// middle is the value that stands for a bucket.
func middle(lower float64) float64 {
	const half = 1 << (51 - mantissaBits)
	return math.Float64frombits(math.Float64bits(lower) | half)
}

// Count returns the number of observations.
func (s *Sketch) Count() int64 { return s.total }

// Min returns the least observation, 0 when there is none.
func (s *Sketch) Min() float64 { return s.min }

// Max returns the greatest observation, 0 when there is none.
func (s *Sketch) Max() float64 { return s.max }

// Error returns the largest relative error of a percentile: 0 when exact.
func (s *Sketch) Error() float64 {
	if s.buckets {
		return SketchError
	}
	return 0
}

// Percentile returns the observation of the nearest rank: of n observations in
// order the one numbered ceil(percent/100 * n), from 1. ok is false when there
// are none.
func (s *Sketch) Percentile(percent float64) (value float64, ok bool) {
	if s == nil || s.total == 0 {
		return 0, false
	}
	rank := nearestRank(percent, s.total)
	if rank >= s.total {
		return s.max, true
	}
	if rank <= 1 {
		return s.min, true
	}
	passed := int64(0)
	for _, v := range s.ordered() {
		if passed += s.counts[v]; passed >= rank {
			if s.buckets && v != 0 {
				v = middle(v)
			}
			return min(max(v, s.min), s.max), true
		}
	}
	return s.max, true
}

// nearestRank is ceil(percent/100 * n). The product misses a whole number by
// an ulp or two at times; that must not move the rank.
func nearestRank(percent float64, n int64) int64 {
	rank := percent * float64(n) / 100
	if whole := math.Round(rank); math.Abs(rank-whole) <= 1e-9*max(1, whole) {
		rank = whole
	}
	return min(max(int64(math.Ceil(rank)), 1), n)
}

func (s *Sketch) ordered() []float64 { return slices.Sorted(maps.Keys(s.counts)) }

// sketchForm is a sketch in JSON. Values and counts are one text each, as a
// list of numbers would be most of the lines of a baseline.
type sketchForm struct {
	Count int64 `json:"count"`
	// RelativeError is 0 for single values, SketchError for buckets, whose
	// lower ends stand in Values.
	RelativeError float64 `json:"relativeError"`
	Min           float64 `json:"min"`
	Max           float64 `json:"max"`
	Values        string  `json:"values"`
	Counts        string  `json:"counts"`
}

// MarshalJSON writes values in order, so that equal sketches give equal bytes.
func (s *Sketch) MarshalJSON() ([]byte, error) {
	form := sketchForm{Count: s.total, RelativeError: s.Error(), Min: s.min, Max: s.max}
	var values, counts []byte
	for i, v := range s.ordered() {
		if i > 0 {
			values, counts = append(values, ' '), append(counts, ' ')
		}
		values = strconv.AppendFloat(values, v, 'g', -1, 64)
		counts = strconv.AppendInt(counts, s.counts[v], 10)
	}
	form.Values, form.Counts = string(values), string(counts)
	return json.Marshal(form)
}

// UnmarshalJSON refuses a form that Marshal cannot have written.
func (s *Sketch) UnmarshalJSON(raw []byte) error {
	var form sketchForm
	if err := json.Unmarshal(raw, &form); err != nil {
		return err
	}
	values, counts := strings.Fields(form.Values), strings.Fields(form.Counts)
	if len(values) != len(counts) {
		return errors.New("distribution: values and counts differ in number")
	}
	read := Sketch{buckets: form.RelativeError != 0, counts: make(map[float64]int64, len(values))}
	for i := range values {
		v, err := strconv.ParseFloat(values[i], 64)
		n, err2 := strconv.ParseInt(counts[i], 10, 64)
		if err != nil || err2 != nil || !read.Add(v, n) {
			return errors.New("distribution: values or counts are no numbers")
		}
	}
	if read.total != form.Count || read.total > 0 && (form.Min > form.Max || lowerEnd(form.Min) > lowerEnd(form.Max)) {
		return errors.New("distribution: count, min and max do not fit the values")
	}
	read.min, read.max = form.Min, form.Max
	*s = read
	return nil
}
