package app

import (
	"context"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// ownRuns are hands that carry out the runs of their own workspace alone. Two
// workspaces with one id, one a copy of the other, get each other's steps: what
// is done for a run has to stand in the ledger that goes with it.
type ownRuns struct {
	engine.Hands
	app *App
}

var (
	_ engine.Hands    = ownRuns{}
	_ engine.Clearing = ownRuns{}
)

// own refuses a run that is not in the register, or is over there.
func (h ownRuns) own(run string) error {
	w, err := h.app.need()
	if err != nil {
		return err
	}
	x, err := w.Execution(run)
	switch {
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Invalid):
		return fault.Newf(fault.Refused, "the workspace %q knows no run %q and does nothing for it", w.Root(), run).Hintf("landfall worker in the workspace that began it")
	case err != nil:
		return err
	case x.Ended != nil && !mayResume(x.Result):
		return fault.Newf(fault.Refused, "the run %q is over in the workspace %q: it was %s", run, w.Root(), x.Result).Hintf("landfall status")
	}
	return nil
}

// Step refuses with an outcome: it is tried again as often as the step says,
// perhaps by the right worker, and then a person is asked.
func (h ownRuns) Step(ctx context.Context, call engine.StepCall, beat func(engine.Beat), stop <-chan struct{}) engine.StepResult {
	if err := h.own(call.Run); err != nil {
		out := engine.StepResult{Outcome: runbook.NoEffect, Detail: err.Error()}
		if len(call.Cursor) > 0 {
			out.Cursor = call.Cursor
		}
		return out
	}
	return h.Hands.Step(ctx, call, beat, stop)
}

// Ask has no data for the run of another workspace.
func (h ownRuns) Ask(ctx context.Context, q engine.Question) (engine.Answer, error) {
	if err := h.own(q.Run); err != nil {
		return engine.Answer{Detail: err.Error()}, nil
	}
	return h.Hands.Ask(ctx, q)
}

// known refuses what is not in the register, whether over or not.
func (h ownRuns) known(run string) error {
	w, err := h.app.need()
	if err == nil {
		_, err = w.Execution(run)
	}
	if fault.Is(err, fault.NotFound) {
		return fault.Newf(fault.Refused, "the ledger of %q is not that of the run %q", w.Root(), run).Hintf("landfall worker in the workspace that began it")
	}
	return err
}

// Tell, Prove and Record write to the ledger.
func (h ownRuns) Tell(ctx context.Context, t engine.Telling) error {
	if err := h.known(t.Run); err != nil {
		return err
	}
	return h.Hands.Tell(ctx, t)
}

// Prove keeps evidence of the workspace's own runs.
func (h ownRuns) Prove(ctx context.Context, run, step string, proof []engine.Proof) ([]string, error) {
	if err := h.known(run); err != nil {
		return nil, err
	}
	return h.Hands.Prove(ctx, run, step, proof)
}

// Record writes entries of the workspace's own runs.
func (h ownRuns) Record(ctx context.Context, run string, entries []engine.Entry) error {
	if err := h.known(run); err != nil {
		return err
	}
	return h.Hands.Record(ctx, run, entries)
}

// Clear looks at attempts of the workspace's own runs, where these hands do.
func (h ownRuns) Clear(ctx context.Context, run string, entries []engine.Entry) map[string]engine.Clearance {
	if clearing, ok := h.Hands.(engine.Clearing); ok {
		return clearing.Clear(ctx, run, entries)
	}
	return nil
}

// mayResume says whether a run with this result goes on from its checkpoint.
func mayResume(result string) bool { return result == resultDrained || engine.ClosedAs(result) }
