package verdict

import (
	"math"
	"time"

	"example.com/landfall/internal/kpi"
)

// hour is one step of a series.
type hour struct {
	at time.Time
	// value is the statistic of the hour; for a share, cases among count.
	value, cases, count float64
}

// hoursOf are the steps of a KPI in which something was measured.
func hoursOf(k *kpi.KPI, statistic kpi.Statistic) []hour {
	s := k.Series
	var out []hour
	for i, count := range s.Count {
		if math.IsNaN(count) || count <= 0 {
			continue
		}
		h := hour{at: s.From.Add(time.Duration(i) * time.Duration(s.StepSeconds) * time.Second), cases: s.Sum[i], count: count}
		switch {
		case statistic == kpi.P50 || statistic == kpi.P95:
			column := s.P95
			if statistic == kpi.P50 {
				column = s.P50
			}
			if i >= len(column) || math.IsNaN(column[i]) {
				continue
			}
			h.value = column[i]
		case statistic == kpi.Max:
			h.value = s.Max[i]
		case k.Unit == kpi.PerSecond || k.Unit == kpi.BytesPerSecond:
			h.value = s.Sum[i] / float64(s.StepSeconds)
		case statistic == kpi.Mean:
			h.value = s.Sum[i] / count
		default:
			continue // percentiles that no step has
		}
		if !math.IsNaN(h.value) {
			out = append(out, h)
		}
	}
	return out
}

// cell is the hours that are compared with each other.
type cell struct{ weekday, hour int }

// cells says to which cell an hour belongs: by the clock as far as the baseline
// follows it.
func cells(k *kpi.KPI) func(time.Time) cell {
	return func(at time.Time) cell {
		at = at.UTC()
		switch s := k.Seasonality; {
		case s != nil && s.Weekly:
			return cell{int(at.Weekday()), at.Hour()}
		case s != nil && s.Daily:
			return cell{-1, at.Hour()}
		}
		return cell{-1, -1}
	}
}

// loadBand is how many times as much or as little load an hour may have as the
// baseline's hours of its cell on average. Latency and use of resources follow
// load; beyond this a difference says more about load than about the target.
const loadBand = 1.5

// sameLoad are the hours in which the target had a load like the baseline's. Of
// a load that nobody measured it keeps all.
func sameLoad(p Pair, now []hour) []hour {
	if p.BaselineLoad == nil || p.TargetLoad == nil || p.BaselineLoad.Series == nil || p.TargetLoad.Series == nil || p.Baseline.Metric == kpi.Throughput {
		return now
	}
	in := cells(p.BaselineLoad)
	sum, n := map[cell]float64{}, map[cell]float64{}
	for _, h := range hoursOf(p.BaselineLoad, kpi.Mean) {
		sum[in(h.at)] += h.value
		n[in(h.at)]++
	}
	load := map[time.Time]float64{}
	for _, h := range hoursOf(p.TargetLoad, kpi.Mean) {
		load[h.at.Truncate(time.Hour)] = h.value
	}
	var kept []hour
	for _, h := range now {
		c := in(h.at)
		usual, there := sum[c]/n[c], load[h.at.Truncate(time.Hour)]
		if n[c] > 0 && there <= usual*loadBand && there >= usual/loadBand {
			kept = append(kept, h)
		}
	}
	return kept
}
