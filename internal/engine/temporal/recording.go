package temporal

import (
	"context"
	"time"

	"example.com/landfall/internal/engine"
)

var _ engine.Recording = (*Client)(nil)

// Recording tells how often the write to the ledger under way was tried, and
// since when: the one that was tried most, where there are several.
func (c *Client) Recording(ctx context.Context, run string) (tries int, since time.Time, err error) {
	d, err := c.client.DescribeWorkflowExecution(ctx, workflowID(run), "")
	if err != nil {
		return 0, time.Time{}, told("look at the ledger of the run", err)
	}
	for _, p := range d.GetPendingActivities() {
		if name := p.GetActivityType().GetName(); name != recordActivity && name != proveActivity {
			continue
		}
		if n := int(p.GetAttempt()); n > tries {
			tries, since = n, p.GetScheduledTime().AsTime()
		}
	}
	return tries, since, nil
}
