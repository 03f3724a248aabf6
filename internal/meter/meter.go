package meter

import (
	"context"

	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
)

// Request says what to measure, and over which time.
type Request struct {
	// Resources are the subjects, as the inventory has them: the workload's,
	// after the boundary, or all. Marked as deleted ones are left out.
	Resources []inventory.Resource
	// Window is the time to look at; drivers that read files take all that the
	// files hold within it, or everything when it is zero.
	Window kpi.Window
}

// Answer is what a meter found. The order of its lists says nothing.
type Answer struct {
	Measurements []kpi.Measurement
	Unmeasured   []kpi.Unmeasured
	// Inputs are the fingerprints ("sha256:<hex>") of the files that were read,
	// by name as given.
	Inputs map[string]string
}

// Meter measures. Query may be called repeatedly and concurrently. What could
// not be measured is in the answer; the error is only for what makes the whole
// reading useless (cancelled, no credentials at all, a broken disk), and then
// the answer is empty. It changes nothing at the source, except that the load
// probe sends the requests it was told to send.
type Meter interface {
	Query(ctx context.Context, r Request) (Answer, error)
}
