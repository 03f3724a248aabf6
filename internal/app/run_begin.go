package app

import (
	"context"
	"errors"
	"time"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
)

// entryRunAbandoned is of a run whose engine was lost and that people gave up.
const entryRunAbandoned = "run.abandoned"

// beginWithin bounds the wait for another landfall that begins a run.
const beginWithin = 2 * time.Minute

// beginOrFind returns the run under way, or begins one. One at a time: two that
// look at the same moment would both find none, and there would be two writers.
func (a *App) beginOrFind(ctx context.Context, w *store.Workspace, o RunOptions) (*store.Execution, error) {
	waiting, cancel := context.WithTimeout(ctx, beginWithin)
	defer cancel()
	release, err := w.Lock(waiting, "run")
	if err != nil {
		return nil, err
	}
	defer release()
	open, err := openExecution(w)
	switch {
	case err != nil:
		return nil, err
	case open == nil:
		return a.beginRun(ctx, w, o)
	case o.Resume:
		return nil, fault.Newf(fault.Conflict, "resume: the run %s is under way and was not drained", open.Run).Hintf("landfall run")
	}
	return open, a.takeUp(ctx, w, open)
}

// takeUp makes sure that the engine knows a run of the register. A command that
// was killed, or refused by the engine, between the two left one that has not
// begun: the ledger has nothing of it but its name, so it can begin now.
func (a *App) takeUp(ctx context.Context, w *store.Workspace, x *store.Execution) error {
	runs, done, err := a.runs(ctx, true)
	if err != nil {
		return err
	}
	defer done()
	if _, err = stillOpen(ctx, runs, x.Run); !fault.Is(err, fault.NotFound) {
		return err
	}
	if begun, ledgerErr := a.hasEntry(ctx, w, x.Run, 1); ledgerErr != nil || begun {
		return errors.Join(a.lost(err, *x), ledgerErr)
	}
	plan, err := planOf(w, x.Run)
	if err != nil {
		return err
	}
	if err := asApprovedThen(plan, x); err != nil {
		return err
	}
	// That it stands in the register proves nothing: whoever can write there can
	// write any runbook beside it.
	if err := a.approvedEnough(ctx, w, x.Fingerprint); err != nil {
		return err
	}
	me, err := a.speak(ctx, said{Verb: sayRun, Run: x.Run, Runbook: x.Fingerprint})
	if err != nil {
		return err
	}
	return a.startIn(ctx, w, runs, x, engine.Request{Run: x.Run, Plan: plan, Fingerprint: x.Fingerprint, By: me.By, How: me.How, Role: me.Role})
}

// asApprovedThen refuses to go on with a runbook that is not the one of which the
// run is.
func asApprovedThen(plan *runbook.Runbook, x *store.Execution) error {
	if fingerprint, err := plan.Fingerprint(); err != nil || fingerprint != x.Fingerprint {
		return errors.Join(fault.Newf(fault.Conflict, "begin %s: the runbook that is kept for it is not the one that was approved", x.Run).Hintf("landfall abort --reason TEXT, then: landfall run"), err)
	}
	return nil
}

// abandon closes a run that the engine does not know any more, because a person
// says so: what it has done stays done, and the ledger says what that is.
func (a *App) abandon(ctx context.Context, w *store.Workspace, x store.Execution, e engine.Event) error {
	if _, err := a.recordAs(ctx, e.By, entryRunAbandoned, x.Run, map[string]any{"runbook": x.Fingerprint, "reason": e.Reason, "how": e.How, "proof": e.Proof}); err != nil {
		return err
	}
	now := a.setup.Now().UTC()
	x.Ended, x.Result = &now, "abandoned"
	return w.KeepExecution(x)
}

// madeFrom are the artefacts that a kind of step reads again when it is carried
// out.
func madeFrom(kind runbook.StepKind) []store.Name {
	switch kind {
	case action.KindDeploy, action.KindLandingZone, action.KindConnections:
		return []store.Name{store.Design}
	case action.KindFreeze, action.KindUnchanged:
		return []store.Name{store.Inventory}
	}
	return nil
}

// asApproved refuses a step whose artefacts are not those that the approved
// runbook was made from: nobody has approved what would be done.
func (a *App) asApproved(run string, kind runbook.StepKind) error {
	names := madeFrom(kind)
	if len(names) == 0 {
		return nil
	}
	w, err := a.need()
	if err != nil {
		return err
	}
	plan, err := planOf(w, run)
	if err != nil {
		return err
	}
	for _, name := range names {
		is, err := w.Fingerprint(name)
		if err != nil {
			return err
		}
		if want := plan.Inputs[string(name)]; is != want {
			return fault.Newf(fault.Refused, "carry out a step of %s: %s is %s, and the runbook was made from %s", run, name, short(is), short(want)).
				Hintf("bring %s back as it was, or drain or abort the run and plan anew", name)
		}
	}
	return nil
}
