package main

import (
	"context"
	"log/slog"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"example.com/landfall/internal/engine/host"
)

const (
	// lookWithin bounds one look at the runs.
	lookWithin = 10 * time.Second
	// lookAtMost and lookAtLeast bound the time between two looks.
	lookAtMost  = 30 * time.Second
	lookAtLeast = 100 * time.Millisecond
)

// idleWatch finds out that an engine is not needed any more. It rather stays
// too long: a run that waits for a date needs its engine awake.
type idleWatch struct {
	after time.Duration
	log   *slog.Logger
	// listed counts the runs that the server lists, the open ones and all.
	listed func(context.Context) (open, all int64, err error)
	// stored counts the open runs in the store itself.
	stored func(context.Context) (int, error)

	// since is when the engine was last seen in use.
	since time.Time
	// all is the number of runs at the last look: a run that began and ended
	// between two looks was use as well.
	all int64
}

// every is the time between two looks.
func (w *idleWatch) every() time.Duration {
	if w.after == 0 {
		return lookAtMost
	}
	return min(max(w.after/8, lookAtLeast), lookAtMost)
}

// over looks at the runs and reports whether none has been open for the time.
func (w *idleWatch) over(ctx context.Context, now time.Time) bool {
	if w.inUse(ctx) {
		w.since = now
	}
	return now.Sub(w.since) >= w.after
}

// inUse also says yes when it cannot tell.
func (w *idleWatch) inUse(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	open, all, err := w.listed(ctx)
	if err != nil {
		w.log.Warn("cannot list the runs", slog.Any("error", err))
		return true
	}
	changed := all != w.all
	w.all = all
	if open > 0 || changed {
		return true
	}
	// The list is made anew when its file is lost, and is then empty.
	stored, err := w.stored(ctx)
	if err != nil {
		w.log.Warn("cannot count the runs in the store", slog.Any("error", err))
		return true
	}
	return stored > 0
}

// countListed asks the server.
func countListed(ctx context.Context, c client.Client) (open, all int64, err error) {
	counts := [2]int64{}
	for i, query := range []string{"ExecutionStatus = 'Running'", ""} {
		answer, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: host.Namespace, Query: query})
		if err != nil {
			return 0, 0, err
		}
		counts[i] = answer.GetCount()
	}
	return counts[0], counts[1], nil
}
