package app

import (
	"context"
	"encoding/json"
	"time"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/view"
)

// resultDrained is the result of a run that goes on in another engine.
const resultDrained = "drained"

// followEvery is how often a run is looked at.
const followEvery = time.Second

// RunStatus says how the newest run stands. What an engine that does not run
// cannot say is taken from the last checkpoint.
func (a *App) RunStatus(ctx context.Context) (view.RunStatus, error) {
	w, err := a.need()
	if err != nil {
		return view.RunStatus{}, err
	}
	x, err := lastExecution(w)
	if err != nil {
		return view.RunStatus{}, err
	}
	return a.statusOf(ctx, w, x)
}

// WatchRun tells what happens to the newest run until it ends or ctx does.
func (a *App) WatchRun(ctx context.Context, tell func(view.RunNews)) (view.RunStatus, error) {
	w, err := a.need()
	if err != nil {
		return view.RunStatus{}, err
	}
	x, err := lastExecution(w)
	if err != nil {
		return view.RunStatus{}, err
	}
	return a.follow(ctx, w, x, tell)
}

func (a *App) statusOf(ctx context.Context, w *store.Workspace, x store.Execution) (view.RunStatus, error) {
	if x.Ended != nil {
		out := statusBase(x)
		s, err := a.checkpoint(w, x)
		if s != nil {
			out.Summary = *s
		}
		return out, err
	}
	runs, done, err := a.runs(ctx, true)
	if err != nil {
		return statusBase(x), err
	}
	defer done()
	return a.ask(ctx, w, x, runs)
}

func statusBase(x store.Execution) view.RunStatus {
	return view.RunStatus{Run: x.Run, Fingerprint: x.Fingerprint, Environment: x.Environment, Begun: x.Begun, By: x.By, Ended: x.Ended, Result: x.Result}
}

// ask asks the engine how a run stands.
func (a *App) ask(ctx context.Context, w *store.Workspace, x store.Execution, runs engine.Runs) (view.RunStatus, error) {
	out := statusBase(x)
	bounded, cancel := context.WithTimeout(ctx, statusWithin)
	defer cancel()
	open, err := runs.Open(bounded, x.Run)
	if err != nil {
		return out, a.lost(err, x)
	}
	if !open {
		return a.over(ctx, w, x, runs)
	}
	out.Summary, err = runs.Status(bounded, x.Run)
	if bounded.Err() != nil && ctx.Err() == nil {
		return out, fault.Newf(fault.Unavailable, "ask for the status of %s: no worker of this workspace answers", x.Run).Hintf("landfall engine status; landfall worker")
	}
	return out, err
}

// lost explains a run that the engine does not know.
func (a *App) lost(err error, x store.Execution) error {
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	return fault.Newf(fault.Unknown, "the engine does not know the run %s, which the workspace says is under way", x.Run).
		Hintf("when the engine's folder was lost: landfall ledger list --kind run. says what was done")
}

// checkpoint sums up the last state that was kept of a run that is over.
func (a *App) checkpoint(w *store.Workspace, x store.Execution) (*engine.Summary, error) {
	content, err := w.KeptFor(x.Run, "checkpoint")
	if err != nil {
		return nil, err
	}
	var s engine.State
	if err := json.Unmarshal(content, &s); err != nil {
		return nil, fault.Of(fault.Invalid, "read the checkpoint of", x.Run, err)
	}
	plan, err := planOf(w, x.Run)
	if err != nil {
		return nil, err
	}
	summary := engine.Summarize(plan, s)
	return &summary, nil
}

// over keeps the end of a run in the workspace.
func (a *App) over(ctx context.Context, w *store.Workspace, x store.Execution, runs engine.Runs) (view.RunStatus, error) {
	out := statusBase(x)
	state, err := runs.Wait(ctx, x.Run)
	if err != nil {
		return out, err
	}
	plan, err := planOf(w, x.Run)
	if err != nil {
		return out, err
	}
	content, err := json.Marshal(state)
	if err != nil {
		return out, fault.Of(fault.Internal, "keep the checkpoint of", x.Run, err)
	}
	if err := w.KeepFor(x.Run, "checkpoint", content); err != nil {
		return out, err
	}
	ended := state.Now
	x.Ended, x.Result = &ended, state.Result
	out = statusBase(x)
	out.Summary = engine.Summarize(plan, state)
	return out, w.KeepExecution(x)
}

// follow looks at a run each second and tells what changed, until it has ended
// or ctx ends: then the run goes on without an onlooker.
func (a *App) follow(ctx context.Context, w *store.Workspace, x store.Execution, tell func(view.RunNews)) (view.RunStatus, error) {
	if x.Ended != nil {
		return a.statusOf(ctx, w, x)
	}
	runs, done, err := a.runs(ctx, true)
	if err != nil {
		return statusBase(x), err
	}
	defer func() { done() }()
	last := statusBase(x)
	for {
		status, err := a.ask(ctx, w, x, runs)
		switch {
		case ctx.Err() != nil:
			return last, fault.Of(fault.Canceled, "follow", x.Run, ctx.Err()).Hintf("the run goes on; landfall status --watch attaches again")
		case fault.Is(err, fault.Unavailable):
			// An engine that restarts is back in seconds, at another address.
			tell(view.RunNews{Trouble: err.Error()})
			if again, close, err := a.runs(ctx, true); err == nil {
				done()
				runs, done = again, close
			}
		case err != nil:
			return status, err
		default:
			if news := view.NewsOf(last.Summary, status.Summary); !news.None() {
				tell(news)
			}
			last = status
			if status.Ended != nil {
				return status, nil
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(followEvery):
		}
	}
}
