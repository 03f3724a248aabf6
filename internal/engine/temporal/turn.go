package temporal

import (
	"maps"
	"slices"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"example.com/landfall/internal/fault"
)

// forceFactor is how many times the suggested length a history may have before
// attempts under way are asked to stop, so that a new one can begin. The server
// suggests at 4,096 events and ends a run without any rollback at 51,200
// (server v1.32.1, limits of the history).
const forceFactor = 3

// mayTurn says whether the run goes on in a new history now. Once the server
// suggests it, nothing new begins, and what is under way is waited for; when
// that takes too long, it is asked to stop where it is.
func (r *run) mayTurn() bool { return r.turning && len(r.flying) == 0 }

// watch looks at the length of the history after each turn.
func (r *run) watch(ctx workflow.Context) {
	info := workflow.GetInfo(ctx)
	if !r.turning && info.GetContinueAsNewSuggested() {
		r.turning = true
		r.limit = info.GetCurrentHistoryLength() * forceFactor
	}
	if r.turning && !r.forced && info.GetCurrentHistoryLength() > r.limit {
		r.forced = true
		for _, key := range slices.Sorted(maps.Keys(r.flying)) {
			r.flying[key]()
		}
	}
}

// refusal is an error as a person's update gets it: the kind goes along.
func refusal(err error) error {
	if err == nil {
		return nil
	}
	return temporal.NewNonRetryableApplicationError(err.Error(), string(fault.KindOf(err)), nil)
}

// fatal ends a run: what is wrong with it does not pass.
func fatal(err error) error { return refusal(err) }
