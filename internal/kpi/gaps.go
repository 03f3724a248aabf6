package kpi

import "time"

// MaxGaps is how many gaps a KPI lists.
const MaxGaps = 100

// cover finds the periods of the window without data.
func (k *KPI) cover(m *Measurement, bins []Bin) {
	if m.Period <= 0 || !m.Window.From.Before(m.Window.To) {
		return
	}
	present := time.Duration(0)
	at := m.Window.From
	for _, b := range bins {
		from, to := later(b.At, m.Window.From), earlier(b.At.Add(m.Period), m.Window.To)
		if to.Before(at) {
			continue
		}
		// Periods that overlap, after a change of period, cover once.
		from = later(from, at)
		present += to.Sub(from)
		k.gap(at, from)
		at = to
	}
	k.gap(at, m.Window.To)
	k.Coverage = min(float64(present)/float64(m.Window.To.Sub(m.Window.From)), 1)
	k.Stars = stars(k.Coverage)
}

func (k *KPI) gap(from, to time.Time) {
	switch {
	case !from.Before(to):
	case len(k.Gaps) < MaxGaps:
		k.Gaps = append(k.Gaps, Window{from, to})
	default:
		k.GapsOmitted++
	}
}

// stars rate the coverage as Azure Migrate rates the confidence of its
// performance-based assessments: one star up to 20 %, five above 80 %. Nothing
// at all deserves none.
func stars(coverage float64) int {
	switch {
	case coverage <= 0:
		return 0
	case coverage <= 0.2:
		return 1
	case coverage <= 0.4:
		return 2
	case coverage <= 0.6:
		return 3
	case coverage <= 0.8:
		return 4
	}
	return 5
}
