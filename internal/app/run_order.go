package app

import (
	"context"
	"slices"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/view"
)

// Order is what a person says to the run under way.
type Order struct {
	// Kind is "reject", "confirm", "pause", "resume", "skip", "retry", "settle",
	// "rollback" or "abort".
	Kind string
	// Step that it is about, where it is about one. For "rollback" it is the
	// step that is taken back last, "" for all.
	Step string
	// Reason goes to the ledger; most orders need one.
	Reason string
	// Accept says that the person accepts what is lost.
	Accept bool
	// Effect says for "settle" whether the effect is there.
	Effect *bool
}

// Command gives an order to the run under way, and says how it stands then.
func (a *App) Command(ctx context.Context, o Order) (view.RunStatus, error) {
	kinds := []engine.EventKind{engine.Reject, engine.Confirm, engine.Pause, engine.Resume, engine.Skip, engine.Retry, engine.Settle, engine.Rollback, engine.Abort}
	if !slices.Contains(kinds, engine.EventKind(o.Kind)) {
		return view.RunStatus{}, fault.Newf(fault.Internal, "there is no order %q", o.Kind)
	}
	e := engine.Event{Kind: engine.EventKind(o.Kind), Step: o.Step, Reason: o.Reason, Accept: o.Accept, Effect: o.Effect}
	if err := a.Operate(ctx, e); err != nil {
		return view.RunStatus{}, err
	}
	return a.RunStatus(ctx)
}
