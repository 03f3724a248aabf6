package metrics

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// family is what a statistic computes.
type family string

const (
	average     family = "Average"
	sumOf       family = "Sum"
	minimum     family = "Minimum"
	maximum     family = "Maximum"
	sampleCount family = "SampleCount"
	percentile  family = "p"
	trimMean    family = "TM"
	trimCount   family = "TC"
	trimSum     family = "TS"
	winsorMean  family = "WM"
	percentRank family = "PR"
)

// bounds limit the observations a statistic looks at: percentages of the
// ranks, or values. An open side is -Inf or +Inf (values), 0 or 100 (ranks).
type bounds struct {
	percent   bool
	low, high float64
}

// statistic is one parsed Stat, Statistics or ExtendedStatistics element.
type statistic struct {
	family family
	bounds bounds
}

// CloudWatch takes up to ten decimals.
var (
	shortForm = regexp.MustCompile(`^(?i:(p|tm|tc|ts|wm))(\d{1,3}(?:\.\d{0,10})?)$`)
	longForm  = regexp.MustCompile(`^(?i:(TM|TC|TS|WM|PR))\(\s*([^:\s]*)\s*:\s*([^:\s]*)\s*\)$`)
)

// basic reports whether text is one of the five statistics that need no
// distribution.
func basic(text string) (statistic, bool) {
	switch family(text) {
	case average, sumOf, minimum, maximum, sampleCount:
		return statistic{family: family(text)}, true
	}
	return statistic{}, false
}

// parseStatistic reads a statistic in any form that CloudWatch takes.
func parseStatistic(text string) (statistic, bool) {
	if s, ok := basic(text); ok {
		return s, true
	}
	if strings.EqualFold(text, "IQM") {
		return statistic{trimMean, bounds{true, 25, 75}}, true
	}
	if parts := shortForm.FindStringSubmatch(text); parts != nil {
		high, err := strconv.ParseFloat(parts[2], 64)
		if err != nil || high > 100 {
			return statistic{}, false
		}
		if strings.EqualFold(parts[1], "p") {
			return statistic{percentile, bounds{true, 0, high}}, true
		}
		return statistic{family(strings.ToUpper(parts[1])), bounds{true, 0, high}}, high > 0
	}
	if parts := longForm.FindStringSubmatch(text); parts != nil {
		b, ok := parseBounds(parts[2], parts[3])
		f := family(strings.ToUpper(parts[1]))
		return statistic{f, b}, ok && !(f == percentRank && b.percent)
	}
	return statistic{}, false
}

func parseBounds(low, high string) (bounds, bool) {
	if low == "" && high == "" {
		return bounds{}, false
	}
	b := bounds{percent: strings.HasSuffix(low+high, "%")}
	// Both sides are given in the same terms.
	if low != "" && high != "" && strings.HasSuffix(low, "%") != strings.HasSuffix(high, "%") {
		return bounds{}, false
	}
	b.low, b.high = math.Inf(-1), math.Inf(1)
	if b.percent {
		b.low, b.high = 0, 100
	}
	for _, side := range []struct {
		text string
		to   *float64
	}{{low, &b.low}, {high, &b.high}} {
		if side.text == "" {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSuffix(side.text, "%"), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || (b.percent && (v < 0 || v > 100)) {
			return bounds{}, false
		}
		*side.to = v
	}
	return b, b.low < b.high
}

// distribution reports whether the statistic needs the single observations.
func (s statistic) distribution() bool {
	switch s.family {
	case average, sumOf, minimum, maximum, sampleCount:
		return false
	}
	return true
}

// of computes the statistic; ok is false when the period has none.
func (s statistic) of(a *aggregate) (value float64, ok bool) {
	if a.count <= 0 {
		return 0, false
	}
	switch s.family {
	case average:
		return a.sum / a.count, true
	case sumOf:
		return a.sum, true
	case minimum:
		return a.low, true
	case maximum:
		return a.high, true
	case sampleCount:
		return a.count, true
	}
	if !a.ready() {
		return 0, false
	}
	if s.family == percentile {
		return a.ranked(max(1, ceilOf(s.bounds.high/100*a.count))), true
	}
	if s.family == winsorMean {
		return s.winsorized(a), true
	}
	count, sum := s.inside(a)
	switch s.family {
	case trimCount:
		return count, true
	case percentRank:
		return 100 * count / a.count, true
	case trimSum:
		return sum, true
	}
	if count == 0 {
		return 0, false
	}
	return sum / count, true
}

// ranks returns the ranks that percent bounds keep: above from, up to to.
func (s statistic) ranks(a *aggregate) (from, to float64) {
	return floorOf(s.bounds.low / 100 * a.count), ceilOf(s.bounds.high / 100 * a.count)
}

func (s statistic) inside(a *aggregate) (count, sum float64) {
	if s.bounds.percent {
		return a.within(s.ranks(a))
	}
	return a.between(s.bounds.low, s.bounds.high)
}

func (s statistic) winsorized(a *aggregate) float64 {
	low, high := s.bounds.low, s.bounds.high
	if s.bounds.percent {
		from, to := s.ranks(a)
		low, high = a.ranked(from+1), a.ranked(to)
	}
	total := 0.0
	for _, o := range a.all {
		total += o.count * min(max(o.value, low), high)
	}
	return total / a.count
}
