package kpi_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"example.com/landfall/internal/kpi"
)

// hours makes a measurement of days*24 hourly levels.
func hours(days int, value func(at time.Time, i int) float64) kpi.Measurement {
	m := kpi.Measurement{Subject: db(), Metric: kpi.CPUUtilisation, Source: kpi.CloudWatch, Window: window(time.Duration(days) * 24 * time.Hour), Period: time.Hour}
	for i := range days * 24 {
		at := midnight().Add(time.Duration(i) * time.Hour)
		if v := value(at, i); !math.IsNaN(v) {
			m.Bins = append(m.Bins, kpi.EventBin(at, 1, v))
		}
	}
	return m
}

func TestSeasonality(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	day := func(at time.Time) float64 { return 50 + 30*math.Sin(float64(at.Hour())/24*2*math.Pi) }
	weekend := func(at time.Time) float64 {
		if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
			return 0.5
		}
		return 1
	}
	for name, c := range map[string]struct {
		days          int
		value         func(at time.Time, i int) float64
		known         bool
		daily, weekly bool
	}{
		"six days are too few":     {6, func(at time.Time, _ int) float64 { return day(at) }, false, false, false},
		"a constant has no season": {14, func(time.Time, int) float64 { return 5 }, false, false, false},
		"noise":                    {14, func(time.Time, int) float64 { return 10 + r.NormFloat64() }, true, false, false},
		"a trend is no season":     {14, func(_ time.Time, i int) float64 { return float64(i) }, false, false, false},
		"a trend and noise":        {14, func(_ time.Time, i int) float64 { return float64(i) + 9*r.NormFloat64() }, true, false, false},
		"by hour":                  {7, func(at time.Time, _ int) float64 { return day(at) + r.NormFloat64() }, true, true, false},
		"by hour and weekday":      {14, func(at time.Time, _ int) float64 { return day(at)*weekend(at) + r.NormFloat64() }, true, true, true},
		"by weekday alone":         {28, func(at time.Time, _ int) float64 { return 40*weekend(at) + r.NormFloat64() }, true, false, true},
		"a burst is no season": {14, func(at time.Time, i int) float64 {
			return 10 + r.NormFloat64() + 1000*float64(b2i(i >= 100 && i < 104))
		}, true, false, false},
		"by hour, in spite of a burst":    {14, func(at time.Time, i int) float64 { return day(at) + 5000*float64(b2i(i == 77)) }, true, true, false},
		"by hour, with hours missing":     {14, func(at time.Time, i int) float64 { return day(at) + 0/float64(b2i(i%9 != 0)) }, true, true, false},
		"days with most of them missing":  {14, func(at time.Time, i int) float64 { return day(at) + 0/float64(b2i(i%3 == 0)) }, false, false, false},
		"one whole weekday only, in ten ": {10, func(at time.Time, _ int) float64 { return day(at) * weekend(at) }, true, true, false},
	} {
		s := kpi.Of(hours(c.days, c.value)).Seasonality
		if (s != nil) != c.known {
			t.Errorf("%s: %+v", name, s)
			continue
		}
		if s == nil {
			continue
		}
		if s.Daily != c.daily || s.Weekly != c.weekly {
			t.Errorf("%s: daily %v (%.2f), weekly %v (%v)", name, s.Daily, s.DailyShare, s.Weekly, deref(s.WeeklyShare))
		}
		if (len(s.Hours) == 24) != c.daily || (len(s.Weekdays) == 7) != c.weekly {
			t.Errorf("%s: %d hours, %d weekdays", name, len(s.Hours), len(s.Weekdays))
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func deref(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// Random walks wander for hours, and that must not look like a season.
func TestWalksHaveNoSeason(t *testing.T) {
	t.Parallel()
	daily, weekly := 0, 0
	const walks = 300
	for seed := range uint64(walks) {
		r := rand.New(rand.NewPCG(seed, 3))
		at := 100.0
		s := kpi.Of(hours(14, func(time.Time, int) float64 { at += r.NormFloat64(); return at })).Seasonality
		if s == nil {
			t.Fatal("nothing known of a walk")
		}
		daily += b2i(s.Daily)
		weekly += b2i(s.Weekly)
	}
	// A hundredth by chance, by the rule for weekdays.
	if daily > walks/100 || weekly > walks/20 {
		t.Errorf("%d of %d walks have a day, %d a week", daily, walks, weekly)
	}
}

func TestSeriesKeepsWhatAComparisonNeeds(t *testing.T) {
	t.Parallel()
	m := cpu(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN(), 100)
	m.Metric = kpi.Latency
	m.Quantiles = []kpi.Quantile{{kpi.P95, window(time.Hour), 12, 11.5}, {kpi.P50, window(time.Minute), 1, 9}}
	s := kpi.Of(m).Series
	if s == nil || s.StepSeconds != 3600 || len(s.Count) != 3 {
		t.Fatalf("%+v", s)
	}
	if s.Count[0] != 12 || s.Sum[0] != 78 || s.SumSquares[0] != 650 || s.Min[0] != 1 || s.Max[0] != 12 || s.P95[0] != 11.5 || s.P50 != nil {
		t.Errorf("first hour: %+v", s)
	}
	if !math.IsNaN(s.Count[1]) || !math.IsNaN(s.Sum[1]) || s.Sum[2] != 100 || !math.IsNaN(s.P95[2]) {
		t.Errorf("hours without data: %+v", s)
	}
	if text := string(encoded(t, s.Sum)); text != `"78 - 100"` {
		t.Errorf("column is %s", text)
	}
	for _, broken := range []string{`1`, `"x"`, `"1 NaN"`, `"+Inf"`} {
		if err := new(kpi.Column).UnmarshalJSON([]byte(broken)); err == nil {
			t.Errorf("column %s is read", broken)
		}
	}
}

// Two years by the hour are more than a series holds, so it goes by the day.
func TestSeriesIsBounded(t *testing.T) {
	t.Parallel()
	s := kpi.Of(hours(800, func(time.Time, int) float64 { return 1 })).Series
	if s.StepSeconds != 86_400 || len(s.Sum) != 800 || s.Sum[7] != 24 {
		t.Errorf("step %d, %d values", s.StepSeconds, len(s.Sum))
	}
}

// Two weeks have the same week whatever hour and day they begin at, also where the
// people live eight hours behind UTC.
func TestAWeekIsOneWhereverItBegins(t *testing.T) {
	t.Parallel()
	for begins := range 7 * 24 {
		r := rand.New(rand.NewPCG(uint64(begins), 5))
		from := midnight().Add(time.Duration(begins) * time.Hour)
		m := kpi.Measurement{Subject: db(), Metric: kpi.CPUUtilisation, Source: kpi.CloudWatch, Window: kpi.Window{From: from, To: from.Add(14 * 24 * time.Hour)}, Period: time.Hour}
		for i := range 14 * 24 {
			at := from.Add(time.Duration(i) * time.Hour)
			local := at.Add(-8 * time.Hour)
			value := 50 + 40*math.Sin(float64(local.Hour()-9)/24*2*math.Pi)
			if local.Weekday() == time.Saturday || local.Weekday() == time.Sunday {
				value /= 2
			}
			m.Bins = append(m.Bins, kpi.EventBin(at, 1, value+r.NormFloat64()))
		}
		if s := kpi.Of(m).Seasonality; s == nil || !s.Daily || !s.Weekly || s.Weekdays[time.Sunday] > 0.8 {
			t.Errorf("beginning %s: %+v", from.Format("Mon 15:04"), s)
		}
	}
}
