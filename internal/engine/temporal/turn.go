package temporal

import (
	"maps"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
)

const (
	// forceFactor is how many times the length at which the server suggests a new
	// history this one may have before the run makes room for it. The server
	// suggests at 4,096 events and 4 MiB, and ends a run without any rollback at
	// 51,200 events and 50 MiB (server v1.32.1, limits of the history).
	forceFactor = 3
	// tellGrace is how long a history that could be left waits for messages on
	// their way: they are sent again in the next one. tellAtEnd is the same for a
	// run that has ended, which has no next one.
	tellGrace = 20 * time.Second
	tellAtEnd = 2 * time.Minute
)

// turning is how a history goes over into the next one. Once the server
// suggests it, the run leaves at the first moment at which nothing is under way.
// When there is no such moment for long, nothing new begins any more and
// attempts under way are asked to stop where they are; they go on from there in
// the next history.
type turning struct {
	suggested bool
	// length and size are those beyond which room is made.
	length, size int
	forced       bool
	// holding says that nothing new begins in this history.
	holding bool
	// waiting and waited are about messages that hold the leaving up.
	waiting, waited bool
	// stays says that the next history could not be begun.
	stays bool
}

// watch looks at the length of the history after each turn.
func (r *run) watch(ctx workflow.Context) {
	info := workflow.GetInfo(ctx)
	if !r.suggested && !r.stays && info.GetContinueAsNewSuggested() {
		r.suggested = true
		r.length, r.size = info.GetCurrentHistoryLength()*forceFactor, info.GetCurrentHistorySize()*forceFactor
	}
	if !r.suggested || r.holding {
		return
	}
	r.forced = info.GetCurrentHistoryLength() > r.length || info.GetCurrentHistorySize() > r.size
	r.holding = r.forced || len(r.flying) == 0
	if !r.forced {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(r.flying)) {
		if f := r.flying[key]; f.attempt {
			f.cancel()
		}
	}
}

// mayLeave says whether this history may be left: nothing is under way in it
// that the next one would not know of, and everybody who asked has an answer.
func (r *run) mayLeave(ctx workflow.Context) bool {
	return r.leaving() && workflow.AllHandlersFinished(ctx) && (len(r.untold) == 0 || r.waited)
}

// leaving says whether nothing but answers and messages keeps this history.
func (r *run) leaving() bool { return r.ended || r.suggested && len(r.flying) == 0 }

// leaveSoon bounds the wait for messages.
func (r *run) leaveSoon(ctx workflow.Context) {
	if r.waiting || !r.leaving() || len(r.untold) == 0 {
		return
	}
	r.waiting = true
	grace := tellGrace
	if r.ended {
		grace = tellAtEnd
	}
	workflow.Go(ctx, func(ctx workflow.Context) {
		if workflow.Sleep(ctx, grace) == nil {
			r.waited = true
		}
	})
}

// hold keeps a command for the next history. Of two that ask the same the
// second one counts: nobody waits for an answer to the first.
func (r *run) hold(c engine.Command) {
	for i, h := range r.held {
		if h.Kind == c.Kind && h.Step == c.Step && h.Gate == c.Gate && h.Trigger == c.Trigger {
			r.held[i] = c
			return
		}
	}
	r.held = append(r.held, c)
}

// refusal is an error as a person's update gets it: the kind and the hint go
// along.
func refusal(err error) error {
	if err == nil {
		return nil
	}
	return temporal.NewNonRetryableApplicationError(err.Error(), string(fault.KindOf(err)), nil, fault.HintOf(err))
}

// fatal ends a run: what is wrong with it does not pass.
func fatal(err error) error { return refusal(err) }
