package history

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"
)

// random returns the generator for a purpose at a time. Every bin has its own,
// so that bins can be made in any order and by any number of workers.
func (m *model) random(purpose string, at int64) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(purpose))
	return rand.New(rand.NewPCG(m.Seed^h.Sum64(), uint64(at)*0x9e3779b97f4a7c15+1))
}

// level is how busy the shop is at a time; its mean over a week is close to 1.
// Customers live around the eastern time zone: quiet at 08:00 UTC, a bump at
// lunch, the peak in the evening, and less at the weekend.
func level(at time.Time) float64 {
	at = at.UTC()
	hour := float64(at.Hour()) + float64(at.Minute())/60
	day := 0.22 + 0.95*bump(hour, 17, 2.6) + 1.55*bump(hour, 0.5, 2.8)
	return day * week(at.Add(-5*time.Hour)) * 1.24
}

// week is how much of a weekday's business there is at a local time: the
// evening peak lies after midnight UTC, so the local day decides. One day goes
// over into the next within two hours, as people do not all go to bed at once.
func week(local time.Time) float64 {
	today := share(local.Weekday())
	since := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute
	const over = 2 * time.Hour
	if since >= over {
		return today
	}
	yesterday := share(local.AddDate(0, 0, -1).Weekday())
	return yesterday + (today-yesterday)*float64(since)/float64(over)
}

// share is a day's part of the business of an ordinary weekday.
func share(day time.Weekday) float64 {
	switch day {
	case time.Saturday:
		return 0.68
	case time.Sunday:
		return 0.60
	case time.Monday:
		return 1.06
	}
	return 1
}

// bump is a bell around a hour of the day, on the circle of 24 hours.
func bump(hour, centre, width float64) float64 {
	d := math.Abs(hour - centre)
	d = math.Min(d, 24-d)
	return math.Exp(-d * d / (2 * width * width))
}

// poisson draws a count with the mean.
func poisson(r *rand.Rand, mean float64) int {
	if mean > 60 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*r.NormFloat64())))
	}
	limit, n := math.Exp(-mean), 0
	for p := r.Float64(); p > limit; p *= r.Float64() {
		n++
	}
	return n
}

// lognormal draws a positive value around the median.
func lognormal(r *rand.Rand, median, sigma float64) float64 {
	return median * math.Exp(sigma*r.NormFloat64())
}

// burst is a time in which the shop answers with errors.
type burst struct {
	start, end time.Time
	share      float64
	// broken says that the instances do not answer at all (502 from the
	// balancer), otherwise they answer 500.
	broken bool
}

// planBursts puts one burst into about every third day.
func (m *model) planBursts() []burst {
	var list []burst
	for day := m.start.Truncate(24 * time.Hour); day.Before(m.end); day = day.AddDate(0, 0, 1) {
		r := m.random("burst", day.Unix())
		if r.IntN(3) != 0 {
			continue
		}
		start := day.Add(time.Duration(r.IntN(20*60)) * time.Minute)
		list = append(list, burst{start, start.Add(time.Duration(8+r.IntN(14)) * time.Minute), 0.12 + 0.25*r.Float64(), r.IntN(2) == 0})
	}
	return list
}

func (m *model) burstAt(at time.Time) (burst, bool) {
	for _, b := range m.bursts {
		if !at.Before(b.start) && at.Before(b.end) {
			return b, true
		}
	}
	return burst{}, false
}
