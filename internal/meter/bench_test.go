package meter_test

import (
	"testing"

	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/meter"
	"example.com/landfall/internal/meter/accesslog"
)

// BenchmarkAccessLogs makes the KPIs of two weeks of access logs, from the gz
// files to the baseline.
func BenchmarkAccessLogs(b *testing.B) {
	p := generated(b)
	b.ReportAllocs()
	for b.Loop() {
		a, err := accesslog.New(accesslog.Options{Paths: []string{p.root}}).Query(b.Context(), meter.Request{})
		if err != nil {
			b.Fatal(err)
		}
		if built := kpi.Build(a.Measurements, a.Unmeasured, a.Inputs); len(built.KPIs) == 0 {
			b.Fatal("no KPI")
		}
	}
	b.ReportMetric(float64(p.truth.AccessLines)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
