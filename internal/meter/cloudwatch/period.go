package cloudwatch

import (
	"fmt"
	"time"

	"example.com/landfall/internal/kpi"
)

// How long CloudWatch keeps data points of a period (GetMetricData, "CloudWatch
// retains metric data as follows").
const (
	keptMinutes     = 15 * 24 * time.Hour
	keptFiveMinutes = 63 * 24 * time.Hour
	keptHours       = 455 * 24 * time.Hour
	// longestPeriod is what one data point may stand for; CloudWatch's own
	// console goes up to thirty days.
	longestPeriod = 30 * 24 * time.Hour
	// maxBins bounds the data points that are held at once: an account with
	// thousands of resources is measured by the hour.
	maxBins = 4_000_000
)

// resolution is the window as it can be asked for, and the period.
type resolution struct {
	window kpi.Window
	period time.Duration
	// note says why the period or the window is not what was asked for.
	note string
}

// resolve chooses the period: a minute for a day of the last fifteen, five
// minutes for up to 63 days ago, an hour beyond. The window begins at a whole
// hour, as CloudWatch lays its periods from the start of a request on, and ends
// at the last whole period before now.
func resolve(asked kpi.Window, now time.Time, items int) (resolution, error) {
	r := resolution{window: kpi.Window{From: asked.From.UTC(), To: asked.To.UTC()}}
	if r.window.To.IsZero() || r.window.To.After(now) {
		r.window.To = now.UTC()
	}
	if r.window.From.IsZero() {
		r.window.From = r.window.To.Add(-14 * 24 * time.Hour)
	}
	if oldest := now.UTC().Add(-keptHours); r.window.From.Before(oldest) {
		r.window.From = oldest.Add(time.Hour)
		r.note = "CloudWatch keeps nothing older than 455 days"
	}
	switch age := now.Sub(r.window.From.Truncate(time.Hour)); {
	case age < keptMinutes && r.window.To.Sub(r.window.From) <= 24*time.Hour:
		r.period = time.Minute
	case age < keptFiveMinutes:
		r.period = 5 * time.Minute
	default:
		r.period = time.Hour
	}
	if r.period < time.Hour && int64(items)*int64(r.window.To.Sub(r.window.From)/r.period) > maxBins {
		r.period = time.Hour
		r.note = fmt.Sprintf("by the hour, as there are %d metrics", items)
	}
	r.window.From, r.window.To = r.window.From.Truncate(time.Hour), r.window.To.Truncate(r.period)
	if !r.window.From.Before(r.window.To) {
		return r, fmt.Errorf("the window from %s to %s holds no whole period", asked.From.Format(time.RFC3339), asked.To.Format(time.RFC3339))
	}
	return r, nil
}

// of gives the window and period for a metric that is sent more rarely. One
// that is sent daily has its data point at midnight UTC.
func (r resolution) of(s spec) resolution {
	if s.native > r.period {
		r.period = s.native
		r.window.From = r.window.From.Truncate(s.native)
	}
	return r
}

// stretch is the period that makes the whole window one data point, as far as
// one can stand for it.
func (r resolution) stretch() time.Duration {
	return min(r.window.To.Sub(r.window.From).Truncate(time.Minute), longestPeriod)
}
