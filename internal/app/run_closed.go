package app

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/store/ledger"
	"example.com/landfall/internal/view"
)

// entryRunClosed is of a run that the engine closed, and that had not ended.
const entryRunClosed = "run.closed"

// lastStateWithin bounds the question how a closed run stood: without a worker
// nobody answers it.
const lastStateWithin = 20 * time.Second

// closedRun keeps in the register and in the ledger that the engine closed a
// run, and where it stood, if that can be told: then it goes on from there. What
// another landfall has done about it meanwhile stays: a run that goes on again
// and counted as closed would let a second one begin beside it.
func (a *App) closedRun(ctx context.Context, w *store.Workspace, x store.Execution, runs engine.Runs, closed *engine.Closed) (view.RunStatus, error) {
	waiting, cancel := context.WithTimeout(ctx, beginWithin)
	defer cancel()
	release, err := w.Lock(waiting, "run")
	if err != nil {
		return statusBase(x), err
	}
	now, err := w.Execution(x.Run)
	open := false
	if err == nil && now.Ended == nil {
		if open, err = stillOpen(ctx, runs, x.Run); err == nil && !open {
			now, err = a.keepClosed(ctx, w, now, runs, closed)
		}
	}
	release()
	switch {
	case err != nil:
		return statusBase(x), err
	case open:
		return a.ask(ctx, w, now, runs)
	}
	return a.statusOf(ctx, w, now)
}

// keepClosed writes down that a run was closed.
func (a *App) keepClosed(ctx context.Context, w *store.Workspace, x store.Execution, runs engine.Runs, closed *engine.Closed) (store.Execution, error) {
	stands := a.keepStanding(ctx, w, x.Run, runs)
	body := map[string]any{"runbook": x.Fingerprint, "how": closed.How, "why": withheld(closed.Why), "checkpoint": stands == nil}
	if stands != nil {
		body["noCheckpoint"] = withheld(stands.Error())
	}
	if _, err := a.record(ctx, entryRunClosed, x.Run, body); err != nil {
		return x, err
	}
	now := a.setup.Now().UTC()
	x.Ended, x.Result = &now, closed.How
	return x, w.KeepExecution(x)
}

// keepStanding keeps the checkpoint of a run that the engine closed. One that
// says more than the ledger is none: somebody's word in it may not be recorded.
func (a *App) keepStanding(ctx context.Context, w *store.Workspace, run string, runs engine.Runs) error {
	ctx, cancel := context.WithTimeout(ctx, lastStateWithin)
	defer cancel()
	state, err := runs.State(ctx, run)
	if err != nil {
		return err
	}
	if err := a.asRecorded(ctx, w, run, state.Records); err != nil {
		return err
	}
	content, err := json.Marshal(state)
	if err != nil {
		return fault.Of(fault.Internal, "keep the checkpoint of", run, err)
	}
	return w.KeepFor(run, "checkpoint", content)
}

// asRecorded refuses a checkpoint that is not of the moment at which the ledger
// ends: a run that goes on from another one would go on unrecorded.
func (a *App) asRecorded(ctx context.Context, w *store.Workspace, run string, records int64) error {
	last, err := a.hasEntry(ctx, w, run, records)
	if err != nil {
		return err
	}
	further, err := a.hasEntry(ctx, w, run, records+1)
	if err != nil {
		return err
	}
	if !last || further {
		return fault.Newf(fault.Conflict, "go on with %s: its checkpoint is of its entry %d, and the ledger ends with another one", run, records).
			Hintf("bring the checkpoint and the ledger back from one copy; landfall ledger list says what was done")
	}
	return nil
}

// hasEntry reports whether the ledger has the entry of a number that the run
// itself wrote.
func (a *App) hasEntry(ctx context.Context, w *store.Workspace, run string, number int64) (bool, error) {
	has := false
	err := ledger.Read(ctx, w.LedgerPath(), func(l *ledger.Ledger) error {
		for _, err := range l.Entries(ctx, 1, ledger.Filter{Subject: "run/" + run + "/" + strconv.FormatInt(number, 10)}) {
			has = err == nil
			return err
		}
		return nil
	})
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return has, err
}

// resume goes on with the newest run from its checkpoint: one that was drained,
// or that an engine closed. The register says so when the engine has it: until
// then the run is what it was.
func (a *App) resume(ctx context.Context, w *store.Workspace) (*store.Execution, error) {
	last, err := lastExecution(w)
	if err != nil {
		return nil, err
	}
	if !mayResume(last.Result) {
		return nil, fault.Newf(fault.Conflict, "resume: the run %s was not drained (%s)", last.Run, last.Result).Hintf("landfall status")
	}
	runs, done, err := a.runs(ctx, true)
	if err != nil {
		return nil, err
	}
	defer done()
	last.Ended, last.Result, last.Engine = nil, "", a.Config.Engine.Address
	if open, err := stillOpen(ctx, runs, last.Run); err == nil && open {
		// A command that was killed behind the start has left it so.
		return &last, w.KeepExecution(last)
	}
	from, err := a.checkpointOf(ctx, w, last.Run)
	if err != nil {
		return nil, err
	}
	plan, err := planOf(w, last.Run)
	if err != nil {
		return nil, err
	}
	if err := asApprovedThen(plan, &last); err != nil {
		return nil, err
	}
	me, err := a.speak(ctx, said{Verb: sayRun, Run: last.Run, Runbook: last.Fingerprint})
	if err != nil {
		return nil, err
	}
	return &last, a.startIn(ctx, w, runs, &last, engine.Request{Run: last.Run, Plan: plan, Fingerprint: last.Fingerprint, Until: from.Until, By: me.By, How: me.How, Role: me.Role, From: from})
}

// checkpointOf reads the checkpoint from which a run goes on.
func (a *App) checkpointOf(ctx context.Context, w *store.Workspace, run string) (*engine.State, error) {
	content, err := w.KeptFor(run, "checkpoint")
	if fault.Is(err, fault.NotFound) {
		return nil, fault.Newf(fault.NotFound, "resume: nobody knows where the run %s stood", run).Hintf("landfall ledger list says what was done; landfall run begins anew")
	}
	if err != nil {
		return nil, err
	}
	var from engine.State
	if err := json.Unmarshal(content, &from); err != nil {
		return nil, fault.Of(fault.Invalid, "read the checkpoint of", run, err)
	}
	return &from, a.asRecorded(ctx, w, run, from.Records)
}
