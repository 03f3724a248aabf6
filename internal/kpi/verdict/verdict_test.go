package verdict

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/kpi"
)

// world makes hours of a metric: a daily wave, noise that lasts, and a level.
type world struct {
	chance *rand.Rand
	level  float64
	wave   float64 // how much of the level the day's wave is
	noise  float64 // deviation of the logarithm
	lasts  float64 // correlation of an hour with the one before
	dead   int     // hours without traffic, from the first
}

func (w world) kpi(t *testing.T, metric kpi.Metric, from time.Time, hours int) *kpi.KPI {
	t.Helper()
	m := kpi.Measurement{Subject: kpi.Subject{Kind: kpi.Flow, ID: "flow", Name: "flow"}, Metric: metric, Source: kpi.AccessLog, Period: time.Hour,
		Window: kpi.Window{From: from, To: from.Add(time.Duration(hours) * time.Hour)}, Events: metric == kpi.Throughput}
	last := 0.0
	for i := range hours {
		at := from.Add(time.Duration(i) * time.Hour)
		last = w.lasts*last + math.Sqrt(1-w.lasts*w.lasts)*w.chance.NormFloat64()
		value := w.level * (1 + w.wave*math.Sin(float64(at.Hour())*math.Pi/12)) * math.Exp(w.noise*last)
		b := kpi.Bin{At: at, Count: 1000, Sum: value * 1000, SumSquares: value * value * 1000, Min: value, Max: value}
		switch {
		case i < w.dead:
			b = kpi.Bin{At: at}
		case metric == kpi.ErrorRate:
			b.Sum = 0
			for range b.Count {
				if w.chance.Float64() < value {
					b.Sum++
				}
			}
		case metric == kpi.Throughput:
			b.Sum = value * 3600
		}
		m.Bins = append(m.Bins, b)
		m.Quantiles = append(m.Quantiles, kpi.Quantile{Statistic: kpi.P95, Window: kpi.Window{From: at, To: at.Add(time.Hour)}, Count: b.Count, Value: value})
	}
	base := kpi.Build([]kpi.Measurement{m}, nil, nil)
	if len(base.KPIs) != 1 {
		t.Fatalf("%d KPIs", len(base.KPIs))
	}
	return &base.KPIs[0]
}

func start() time.Time { return time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) }

func later() time.Time { return start().AddDate(0, 0, 28) }

// TestCalibration counts wrong verdicts over many made-up pairs: a target that
// is the same is failed, and one that is worse by more than is borne is passed,
// in no more cases than one end of the interval may miss.
func TestCalibration(t *testing.T) {
	t.Parallel()
	const runs = 150
	for name, c := range map[string]struct {
		metric    kpi.Metric
		statistic kpi.Statistic
		level     float64
		noise     float64
		lasts     float64
		tolerance float64
	}{
		"latency":              {kpi.Latency, kpi.P95, 0.2, 0.2, 0, 0.1},
		"latency that lasts":   {kpi.Latency, kpi.P95, 0.2, 0.2, 0.6, 0.1},
		"use of processors":    {kpi.CPUUtilisation, kpi.Mean, 40, 0.1, 0.4, 0.1},
		"errors":               {kpi.ErrorRate, kpi.Mean, 0.004, 0, 0, 0.1},
		"errors, hours unlike": {kpi.ErrorRate, kpi.Mean, 0.02, 0.3, 0, 0.1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wrongFail, wrongPass, good, bad := 0, 0, 0, 0
			for run := range runs {
				chance := rand.New(rand.NewPCG(uint64(run), 5))
				w := world{chance: chance, level: c.level, wave: 0.3, noise: c.noise, lasts: c.lasts}
				if c.metric == kpi.ErrorRate {
					w.wave = 0
				}
				p := Pair{Baseline: w.kpi(t, c.metric, start(), 14*24), Rule: Rule{Statistic: c.statistic, Tolerance: c.tolerance}}
				p.Target = w.kpi(t, c.metric, later(), 3*24)
				switch Judge(p).Verdict {
				case Fail:
					wrongFail++
				case Pass:
					good++
				}
				w.level *= 1 + c.tolerance*1.01 // just beyond
				p.Target = w.kpi(t, c.metric, later(), 3*24)
				if Judge(p).Verdict == Pass {
					wrongPass++
				}
				w.level = c.level * 2
				p.Target = w.kpi(t, c.metric, later(), 3*24)
				if Judge(p).Verdict == Fail {
					bad++
				}
			}
			t.Logf("of %d: failed although the same %d, passed although worse %d, passed when the same %d, failed at twice %d", runs, wrongFail, wrongPass, good, bad)
			// One end of an interval of 95 % misses in 2.5 of a hundred, and three
			// deviations of a binomial count above that.
			if most := int(0.025*runs + 3*math.Sqrt(0.025*runs)); wrongFail > most || wrongPass > most {
				t.Errorf("of %d: failed although the same %d, passed although worse %d", runs, wrongFail, wrongPass)
			}
			if bad < runs*9/10 {
				t.Errorf("a target of twice the level failed in %d of %d", bad, runs)
			}
		})
	}
}

func steady(level float64, seed uint64) world {
	return world{chance: rand.New(rand.NewPCG(seed, 1)), level: level, wave: 0.5, noise: 0.05}
}

func latencyPair(t *testing.T) Pair {
	t.Helper()
	return Pair{Baseline: steady(0.2, 1).kpi(t, kpi.Latency, start(), 14*24), Target: steady(0.2, 2).kpi(t, kpi.Latency, later(), 48), Rule: Rule{Statistic: kpi.P95, Tolerance: 0.1}}
}

func TestWhatIsMissingIsInconclusive(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*testing.T, *Pair)
		says   string
	}{
		"no baseline": {func(_ *testing.T, p *Pair) { p.Baseline = nil }, "the baseline has no data"},
		"no target":   {func(_ *testing.T, p *Pair) { p.Target = nil }, "nobody measured it"},
		"no traffic": {func(t *testing.T, p *Pair) {
			w := steady(0.2, 3)
			w.dead = 48
			p.Target = w.kpi(t, kpi.Latency, later(), 48)
		}, "nothing happened"},
		"another metric":    {func(t *testing.T, p *Pair) { p.Target = steady(0.2, 3).kpi(t, kpi.CPUUtilisation, later(), 48) }, "the baseline's latency in seconds"},
		"a percentile":      {func(_ *testing.T, p *Pair) { p.Rule.Statistic = kpi.P99 }, "p99 by the hour is not known"},
		"two hours":         {func(t *testing.T, p *Pair) { p.Target = steady(0.2, 3).kpi(t, kpi.Latency, later(), 2) }, "2 hours were compared"},
		"less than nothing": {func(_ *testing.T, p *Pair) { p.Rule.Tolerance = -1 }, "less than nothing"},
		"of another load": {func(t *testing.T, p *Pair) {
			p.BaselineLoad, p.TargetLoad = steady(100, 4).kpi(t, kpi.Throughput, start(), 14*24), steady(10, 5).kpi(t, kpi.Throughput, later(), 48)
		}, "in no hour"},
		"load at other hours": {func(t *testing.T, p *Pair) {
			p.BaselineLoad, p.TargetLoad = steady(100, 4).kpi(t, kpi.Throughput, start(), 14*24), steady(100, 5).kpi(t, kpi.Throughput, later().AddDate(0, 1, 0), 48)
		}, "in no hour"},
	} {
		p := latencyPair(t)
		c.change(t, &p)
		if r := Judge(p); r.Verdict != Inconclusive || !strings.Contains(r.Why, c.says) {
			t.Errorf("%s: %s, %s", name, r.Verdict, r.Why)
		}
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	p := latencyPair(t)
	p.BaselineLoad, p.TargetLoad = steady(100, 4).kpi(t, kpi.Throughput, start(), 14*24), steady(110, 5).kpi(t, kpi.Throughput, later(), 48)
	r := Judge(p)
	if r.Verdict != Pass || r.Hours != 48 || r.OtherLoad != 0 || *r.Low > 0 || *r.High < 0 || *r.High > 0.1 || r.Absolute || r.Ranks == nil {
		t.Errorf("the same: %+v, %s", r, r.Why)
	}
	p.Target = steady(0.3, 6).kpi(t, kpi.Latency, later(), 48)
	if r := Judge(p); r.Verdict != Fail || math.Abs(*r.Effect-0.5) > 0.05 || *r.Ranks > 1e-6 {
		t.Errorf("half as much more: %+v", r)
	}
	// Half of the target's hours had three times the load, and twice the latency.
	heavy := steady(110, 5).kpi(t, kpi.Throughput, later(), 48)
	for i := range heavy.Series.Sum {
		if i%2 == 0 {
			heavy.Series.Sum[i] *= 3
		}
	}
	p.Target, p.TargetLoad = steady(0.2, 2).kpi(t, kpi.Latency, later(), 48), heavy
	for i := range p.Target.Series.P95 {
		if i%2 == 0 {
			p.Target.Series.P95[i] *= 2
		}
	}
	if r := Judge(p); r.Verdict != Pass || r.Hours != 24 || r.OtherLoad != 24 {
		t.Errorf("other load left out: %+v", r)
	}
	if r := Judge(Pair{Baseline: p.BaselineLoad, Target: p.TargetLoad, Rule: Rule{Statistic: kpi.Mean}}); r.Verdict != Unjudged {
		t.Errorf("load: %+v", r)
	}
}

// A target that is measured at quiet hours only is compared with quiet hours.
func TestNightIsComparedWithNight(t *testing.T) {
	t.Parallel()
	w := steady(0.2, 1)
	p := Pair{Baseline: w.kpi(t, kpi.Latency, start(), 14*24), Rule: Rule{Statistic: kpi.P95, Tolerance: 0.1}}
	if p.Baseline.Seasonality == nil || !p.Baseline.Seasonality.Daily {
		t.Fatal("the baseline has no season")
	}
	// From noon on the wave is low: the level is twice the night's own.
	slow := steady(0.4, 2)
	p.Target = slow.kpi(t, kpi.Latency, later().Add(14*time.Hour), 9)
	if r := Judge(p); r.Verdict != Fail || *r.Target > *r.Baseline*1.6 {
		t.Errorf("%s: %s, %v of %v", r.Verdict, r.Why, *r.Target, *r.Baseline)
	}
}

func TestSharesOfNothing(t *testing.T) {
	t.Parallel()
	clean := func(seed uint64, at time.Time, hours int) *kpi.KPI {
		w := steady(0, seed)
		return w.kpi(t, kpi.ErrorRate, at, hours)
	}
	p := Pair{Baseline: clean(1, start(), 14*24), Target: clean(2, later(), 48), Rule: Rule{Statistic: kpi.Mean, Tolerance: 0.1, Floor: 0.001}}
	r := Judge(p)
	if r.Verdict != Pass || !r.Absolute || *r.High <= 0 || *r.High > 0.001 {
		t.Errorf("no errors on both sides: %+v", r)
	}
	p.Rule.Floor = 0
	if r := Judge(p); r.Verdict != Inconclusive {
		t.Errorf("none borne, none seen: %+v", r)
	}
	half := steady(0.5, 3)
	half.wave = 0
	p.Target = half.kpi(t, kpi.ErrorRate, later(), 48)
	if r := Judge(p); r.Verdict != Fail {
		t.Errorf("half of them errors: %+v", r)
	}
}

// More of what should be high is no failure, and less is.
func TestHigherIsBetter(t *testing.T) {
	t.Parallel()
	up := func(level float64, at time.Time, hours int) *kpi.KPI {
		w := world{chance: rand.New(rand.NewPCG(9, 9)), level: level, noise: 0.02}
		return w.kpi(t, kpi.CacheHitRate, at, hours)
	}
	base := up(0.8, start(), 14*24)
	if base.Better != kpi.Higher {
		t.Fatal(base.Better)
	}
	for level, want := range map[float64]Verdict{0.95: Pass, 0.8: Pass, 0.4: Fail} {
		if r := Judge(Pair{Baseline: base, Target: up(level, later(), 72), Rule: Rule{Statistic: kpi.Mean, Tolerance: 0.1}}); r.Verdict != want {
			t.Errorf("%v: %s, %s", level, r.Verdict, r.Why)
		}
	}
}
