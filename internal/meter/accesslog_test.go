package meter_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/meter"
	"example.com/landfall/internal/meter/accesslog"
	"example.com/landfall/internal/sandbox/seed/history"
)

func query(t testing.TB, o accesslog.Options, r meter.Request) (kpi.Baseline, meter.Answer) {
	t.Helper()
	a, err := accesslog.New(o).Query(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return kpi.Build(a.Measurements, a.Unmeasured, a.Inputs), a
}

// names of the flows in the truth, by what the meter calls them.
func names() map[string]string {
	host := "shop.bookshop.example"
	return map[string]string{
		"GET " + host + "/": "home", "GET " + host + "/books": "list", "GET " + host + "/books/{n}": "book", "GET " + host + "/search": "search", "GET " + host + "/covers/{n}.jpg": "cover",
		"PUT " + host + "/orders/{uuid}": "place-order", "GET " + host + "/orders/{uuid}": "order", "GET " + host + "/orders/{uuid}/invoice": "invoice", "GET " + host + "/static/style.css": "static",
	}
}

func value(t *testing.T, b *kpi.Baseline, s kpi.Subject, m kpi.Metric, statistic kpi.Statistic) float64 {
	t.Helper()
	k, ok := b.Find(s, m, "")
	if !ok {
		t.Fatalf("no %s of %s", m, s.ID)
	}
	v, ok := k.Value(statistic)
	if !ok {
		t.Fatalf("no %s %s of %s: %+v", m, statistic, s.ID, k.Values)
	}
	if v.Low != nil && m != kpi.Throughput {
		t.Errorf("%s %s of %s is not exact: %v to %v", m, statistic, s.ID, *v.Low, *v.High)
	}
	return v.Value
}

// What the generator counted while it wrote comes back
// from the files, request by request.
func flowsAndDays(t *testing.T, p *past) {
	truth := p.truth
	b, a := query(t, accesslog.Options{Paths: []string{p.root}}, meter.Request{})
	if len(a.Unmeasured) != 0 || len(a.Inputs) == 0 {
		t.Errorf("unmeasured %+v, %d inputs", a.Unmeasured, len(a.Inputs))
	}
	flows := map[string]kpi.Subject{}
	for i := range b.KPIs {
		if s := b.KPIs[i].Subject; s.Kind == kpi.Flow {
			flows[s.Name] = s
		}
	}
	if len(flows) != len(truth.Flows) {
		t.Errorf("flows are %q, want %d", slices.Sorted(maps.Keys(flows)), len(truth.Flows))
	}
	for name, known := range names() {
		s := flows[name]
		i := slices.IndexFunc(truth.Flows, func(f history.FlowCount) bool { return f.Name == known })
		if i < 0 || s.ID == "" {
			t.Errorf("flow %q is not in the truth, or not in the baseline", name)
			continue
		}
		want := truth.Flows[i]
		got := history.FlowCount{Name: known, Method: want.Method, Requests: int(value(t, &b, s, kpi.Throughput, kpi.Total)),
			P50Millis: millis(value(t, &b, s, kpi.TargetLatency, kpi.P50)), P95Millis: millis(value(t, &b, s, kpi.TargetLatency, kpi.P95)),
			Errors5xx: int(value(t, &b, s, kpi.ErrorRate, kpi.Total))}
		if got != want {
			t.Errorf("flow %q is %+v, want %+v", name, got, want)
		}
	}
	eachDay(t, &b, truth)
	seasons(t, &b)
}

func millis(seconds float64) int64 { return int64(seconds*1000 + 0.5) }

// eachDay compares each day of the balancer, from the hours of its series.
func eachDay(t *testing.T, b *kpi.Baseline, truth history.Truth) {
	front := kpi.Subject{Kind: kpi.Component, ID: "app/bookshop/50dc6c495c0c9188"}
	got := map[string]*history.DayCount{}
	each := func(metric kpi.Metric, detail string, see func(*history.DayCount, float64)) {
		k, ok := b.Find(front, metric, detail)
		if !ok || k.Series == nil {
			t.Fatalf("no series of %s %q", metric, detail)
		}
		for i, sum := range k.Series.Sum {
			if sum != sum {
				continue
			}
			day := k.Series.From.Add(time.Duration(i) * time.Hour).Format(time.DateOnly)
			if got[day] == nil {
				got[day] = &history.DayCount{Day: day}
			}
			see(got[day], sum)
		}
	}
	each(kpi.Throughput, "", func(d *history.DayCount, n float64) { d.Requests += int(n); d.Forwarded += int(n) })
	each(kpi.Throughput, "answered by the front", func(d *history.DayCount, n float64) { d.Requests += int(n) })
	each(kpi.ErrorRate, "", func(d *history.DayCount, n float64) { d.Errors5xx += int(n) })
	for _, want := range truth.Days {
		if g := got[want.Day]; g == nil || *g != want {
			t.Errorf("day %s is %+v, want %+v", want.Day, g, want)
		}
	}
	if len(got) != len(truth.Days) {
		t.Errorf("%d days, want %d", len(got), len(truth.Days))
	}
}

// seasons: the shop is quiet at night and at the weekend.
func seasons(t *testing.T, b *kpi.Baseline) {
	k, _ := b.Find(kpi.Subject{Kind: kpi.Component, ID: "app/bookshop/50dc6c495c0c9188"}, kpi.Throughput, "")
	s := k.Seasonality
	if s == nil || !s.Daily || s.DailyShare < 0.8 || s.Hours[8] > s.Hours[17] || s.Hours[17] > s.Hours[0] || !s.Weekly || s.Weekdays[time.Sunday] > 0.8 {
		t.Errorf("seasonality by hour is %+v", s)
	}
	if k.Stars != 5 || k.Coverage < 0.99 || len(k.Gaps) != 0 {
		t.Errorf("coverage %v, %d stars, gaps %v", k.Coverage, k.Stars, k.Gaps)
	}
	errors, _ := b.Find(k.Subject, kpi.ErrorRate, "")
	if errors.Seasonality == nil || errors.Seasonality.Daily || errors.Seasonality.Weekly {
		t.Errorf("errors are no season: %+v", errors.Seasonality)
	}
}
