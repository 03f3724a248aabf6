package temporal

import (
	"context"
	"slices"
	"strings"
	"time"

	enums "go.temporal.io/api/enums/v1"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/runbook"
)

// takenSoon is how long an attempt is with nobody before the status says so.
const takenSoon = 10 * time.Second

// standing is the answer to the question for the status: the summary, and where
// attempts under way are carried out, which the engine's own list lacks.
type standing struct {
	engine.Summary
	Where map[string]where `json:"where,omitempty"`
}

// where says who carries an attempt out.
type where struct {
	Place runbook.Place `json:"place"`
	Queue string        `json:"queue,omitempty"`
	ID    string        `json:"id"`
}

func (r *run) standing() standing {
	out := standing{Summary: engine.Summarize(r.plan, r.state), Where: map[string]where{}}
	for i := range out.Active {
		a := &out.Active[i]
		if _, ok := r.flying["step "+a.ID]; ok && r.in.Form > 0 {
			place := r.plan.Steps[r.index[a.ID]].Place
			out.Where[a.ID] = where{place, r.in.Queues[place], attemptID(a.ID, a.Attempt)}
		}
	}
	return out
}

// untaken says of each attempt that no worker has begun what it waits for. The
// run itself is not told when a worker begins one; the engine knows.
func (c *Client) untaken(ctx context.Context, run string, s *standing) {
	old := time.Now().Add(-takenSoon)
	if !slices.ContainsFunc(s.Active, func(a engine.ActiveStep) bool { return s.Where[a.ID].ID != "" && a.Since.Before(old) }) {
		return
	}
	d, err := c.client.DescribeWorkflowExecution(ctx, workflowID(run), "")
	if err != nil {
		return // the summary is true without
	}
	for _, p := range d.GetPendingActivities() {
		if p.GetState() != enums.PENDING_ACTIVITY_STATE_SCHEDULED || p.GetScheduledTime().AsTime().After(old) {
			continue
		}
		for i := range s.Active {
			a := &s.Active[i]
			w, ok := s.Where[a.ID]
			if !ok || w.ID != strings.TrimSuffix(p.GetActivityId(), " again") {
				continue
			}
			a.Waits = "waiting for " + workerOf(w.Place) + ": none has begun it"
			a.Command = workerCommand(w.Queue)
		}
	}
}
