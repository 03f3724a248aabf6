package kpi

import (
	"math"
	"slices"
	"time"
)

// Seasonality says what of a metric's ups and downs follows the clock. It is
// computed on hourly values in UTC, after values that lie more than five
// median absolute deviations from the median are pulled in to there, so that a
// burst of errors makes no season:
//
//   - by hour of day, with at least seven whole days: the share of the
//     variance within days that the hour explains (one-way analysis of
//     variance, adjusted for the number of hours), after the straight line of
//     best fit is taken away, so that growth makes no season. Seasonal from 0.4.
//   - by day of week, when each day of the week is there twice: the same for what
//     each day is by the sum of its hours, relative to what those hours are on
//     average (days with at least eight known hours; the two ends of the window
//     make one day where they fit). Seasonal from 0.4 on, if chance gives as much in
//     fewer than one case of a hundred (F test).
//
// A random walk of seven days explains about a seventh, hence the 0.4.
type Seasonality struct {
	Daily bool `json:"daily"`
	// DailyShare is the explained share of the variance, 0 to 1.
	DailyShare float64 `json:"dailyShare"`
	// Hours are the means of the hours of the day relative to the mean of all;
	// absent when not seasonal.
	Hours  Column `json:"hours,omitempty"`
	Weekly bool   `json:"weekly"`
	// WeeklyShare is nil when the window is too short to tell.
	WeeklyShare *float64 `json:"weeklyShare,omitempty"`
	// Weekdays are the means of Sunday to Saturday relative to the mean of all.
	Weekdays Column `json:"weekdays,omitempty"`
	Days     int    `json:"days"`
}

const (
	seasonalShare  = 0.4
	seasonalChance = 0.01
	hoursOfDay     = 20 // of a day that counts as whole
	hoursOfWeekday = 8
	daysForDaily   = 7
	outlierReach   = 5
)

// day is one whole day of hourly values.
type day struct {
	hours [24]float64
	mean  float64
}

// season returns nil when the window is too short to tell, or when nothing
// ever changes.
func season(m *Measurement, s *Series) *Seasonality {
	if s == nil || s.StepSeconds != int64(time.Hour/time.Second) {
		return nil
	}
	values := hourly(m, s)
	level, mean := detrend(values)
	days := wholeDays(s, level)
	if len(days) < daysForDaily {
		return nil
	}
	within := make([][]float64, 24)
	for _, d := range days {
		for h, v := range d.hours {
			within[h] = append(within[h], v-d.mean)
		}
	}
	share, _, ok := explained(within)
	if !ok {
		return nil
	}
	out := &Seasonality{DailyShare: share, Daily: share >= seasonalShare, Days: len(days)}
	if out.Daily && mean != 0 {
		for _, group := range within {
			out.Hours = append(out.Hours, 1+average(group)/mean)
		}
	}
	out.weekly(s, values, within, mean)
	return out
}

// weekly looks at what the hour of the day leaves unexplained: how a day's hours
// together compare with what those hours are on average. A part of a day is then
// compared with the same part of the others, also where a quiet day is quiet by a
// factor.
func (out *Seasonality) weekly(s *Series, values []float64, within [][]float64, mean float64) {
	var days []part
	for i, v := range values {
		at := s.From.Add(time.Duration(i) * time.Hour)
		if i == 0 || at.Hour() == 0 {
			days = append(days, part{weekday: at.Weekday()})
		}
		if d := &days[len(days)-1]; !math.IsNaN(v) {
			d.hours, d.sum, d.expected = d.hours+1, d.sum+v, d.expected+mean+average(within[at.Hour()])
		}
	}
	groups := make([][]float64, 7)
	for _, d := range joined(days) {
		if d.hours >= hoursOfWeekday && d.expected*mean > 0 {
			groups[d.weekday] = append(groups[d.weekday], d.sum/d.expected-1)
		}
	}
	if slices.ContainsFunc(groups, func(g []float64) bool { return len(g) < 2 }) {
		return
	}
	share, chance, ok := explained(groups)
	if !ok {
		return
	}
	out.WeeklyShare = &share
	out.Weekly = share >= seasonalShare && chance < seasonalChance
	if out.Weekly && mean != 0 {
		for _, group := range groups {
			out.Weekdays = append(out.Weekdays, 1+average(group))
		}
	}
}

// part is a day, or what the window has of one.
type part struct {
	weekday       time.Weekday
	hours         int
	sum, expected float64
}

// joined makes one day of the hours before the first midnight and those after the
// last, where they are of one day of the week and make no more than a day (they
// share the hour in which the window begins and ends): where it is another time than in UTC, each of them alone may be mostly of its neighbour.
func joined(days []part) []part {
	last := len(days) - 1
	if last < 1 || days[0].weekday != days[last].weekday || days[0].hours+days[last].hours > 25 {
		return days
	}
	one := days[0]
	one.hours, one.sum, one.expected = one.hours+days[last].hours, one.sum+days[last].sum, one.expected+days[last].expected
	return append([]part{one}, days[1:last]...)
}

// hourly gives the value of each hour, NaN where there is none.
func hourly(m *Measurement, s *Series) []float64 {
	values := unknowns(len(s.Count))
	for i := range values {
		switch {
		case math.IsNaN(s.Count[i]):
			if m.Sparse && m.Events {
				values[i] = 0
			}
		case m.Events:
			values[i] = s.Sum[i]
		case s.Count[i] > 0:
			values[i] = s.Sum[i] / s.Count[i]
		}
	}
	known := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	if len(known) == 0 {
		return values
	}
	middle := median(known)
	for i, v := range known {
		known[i] = math.Abs(v - middle)
	}
	// Where most hours are equal there is no scale to call an outlier by.
	reach := outlierReach * median(known)
	if reach == 0 {
		return values
	}
	for i, v := range values {
		if !math.IsNaN(v) {
			values[i] = min(max(v, middle-reach), middle+reach)
		}
	}
	return values
}

// detrend takes the straight line of best fit away, and returns the mean of
// what is known. A steady growth would otherwise rise through every day.
func detrend(values []float64) (level []float64, mean float64) {
	n, sumX, sumY := 0.0, 0.0, 0.0
	for i, v := range values {
		if !math.IsNaN(v) {
			n, sumX, sumY = n+1, sumX+float64(i), sumY+v
		}
	}
	level = slices.Clone(values)
	if n == 0 {
		return level, 0
	}
	middle, mean := sumX/n, sumY/n
	across, along := 0.0, 0.0
	for i, v := range values {
		if !math.IsNaN(v) {
			across += (float64(i) - middle) * (v - mean)
			along += (float64(i) - middle) * (float64(i) - middle)
		}
	}
	slope := 0.0
	if along > 0 {
		slope = across / along
	}
	for i := range level {
		level[i] -= mean + slope*(float64(i)-middle)
		// What rounding leaves of a straight line is no season.
		if math.Abs(level[i]) <= 1e-9*math.Abs(mean) {
			level[i] = 0
		}
	}
	return level, mean
}

// wholeDays are the days in UTC of which enough hours are known; the
// others are filled in with the day's mean, which says nothing.
func wholeDays(s *Series, values []float64) []day {
	var out []day
	skip := int(s.From.Truncate(24*time.Hour).Add(24*time.Hour).Sub(s.From)/time.Hour) % 24
	for i := skip; i+24 <= len(values); i += 24 {
		var d day
		known := slices.DeleteFunc(slices.Clone(values[i:i+24]), math.IsNaN)
		if len(known) < hoursOfDay {
			continue
		}
		d.mean = average(known)
		for h := range d.hours {
			if d.hours[h] = values[i+h]; math.IsNaN(d.hours[h]) {
				d.hours[h] = d.mean
			}
		}
		out = append(out, d)
	}
	return out
}

func average(list []float64) float64 {
	sum := 0.0
	for _, v := range list {
		sum += v
	}
	return sum / float64(len(list))
}

func median(list []float64) float64 {
	ordered := slices.Sorted(slices.Values(list))
	n := len(ordered)
	return (ordered[(n-1)/2] + ordered[n/2]) / 2
}
