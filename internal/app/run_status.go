package app

import (
	"context"
	"encoding/json"
	"errors"
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
	return a.follow(ctx, w, x, following{tell: tell})
}

// EndOf is the error with which a command about a run that went back or was
// aborted ends, so that a script tells them from a run that is done.
func EndOf(s view.RunStatus) error {
	if s.Ended == nil {
		return nil
	}
	switch s.Result {
	case "rolled back":
		return fault.Newf(fault.RolledBack, "the run %s was rolled back", s.Run)
	case "aborted":
		return fault.Newf(fault.Aborted, "the run %s was aborted", s.Run)
	}
	switch {
	case engine.ClosedAs(s.Result) && s.Summary.Total > 0:
		return fault.Newf(fault.Aborted, "the engine closed the run %s: it was %s, and nothing was taken back", s.Run, s.Result).
			Hintf("landfall run --resume goes on from where it stood")
	case engine.ClosedAs(s.Result):
		return fault.Newf(fault.Aborted, "the engine closed the run %s: it was %s, nothing was taken back, and nobody knows where it stood", s.Run, s.Result).
			Hintf("landfall ledger list says what was done; landfall run begins anew")
	}
	return nil
}

func (a *App) statusOf(ctx context.Context, w *store.Workspace, x store.Execution) (view.RunStatus, error) {
	if x.Ended != nil {
		out := statusBase(x)
		s, err := a.checkpoint(w, x)
		if s != nil {
			out.Summary = *s
		}
		if fault.Is(err, fault.NotFound) {
			err = nil // given up: its engine, and so its last state, was lost
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
	for {
		summary, err := runs.Status(bounded, x.Run)
		switch {
		case err == nil && summary.Mode != engine.Ended:
			out.Summary, out.Still = summary, a.stillFor(ctx, w, runs, summary)
			return out, nil
		case err == nil:
			return a.over(ctx, w, x, runs)
		case ctx.Err() != nil:
			return out, err
		}
		// A run that is over, or that the engine does not know, answers no question.
		open, openErr := stillOpen(ctx, runs, x.Run)
		switch {
		case openErr != nil:
			return out, a.lost(openErr, x)
		case !open:
			return a.over(ctx, w, x, runs)
		case bounded.Err() != nil:
			return out, fault.Newf(fault.Unavailable, "ask for the status of %s: no worker of this workspace answers", x.Run).
				Hintf("landfall engine status; why its worker ended stands in .landfall/engine/engine.err")
		case !fault.Is(err, fault.Unavailable):
			return out, err
		}
		// The server gives up on a question after ten seconds, which a worker may
		// need to begin on a busy machine.
	}
}

func stillOpen(ctx context.Context, runs engine.Runs, run string) (bool, error) {
	bounded, cancel := context.WithTimeout(ctx, statusWithin)
	defer cancel()
	return runs.Open(bounded, run)
}

// lost explains a run that the engine does not know.
func (a *App) lost(err error, x store.Execution) error {
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	if now := a.Config.Engine.Address; x.Engine != now {
		return fault.Newf(fault.Unknown, "the engine at %s does not know the run %s, which was begun at %s", embeddedOr(now), x.Run, embeddedOr(x.Engine)).
			Hintf("set engine.address in landfall.yaml back; landfall drain moves a run")
	}
	return fault.Newf(fault.Unknown, "the engine does not know the run %s, which the workspace says is under way", x.Run).
		Hintf("landfall ledger list says what it has done; landfall abort --reason TEXT gives it up as it stands")
}

func embeddedOr(address string) string {
	if address == "" {
		return "this machine"
	}
	return address
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
	if closed, ok := errors.AsType[*engine.Closed](err); ok {
		return a.closedRun(ctx, w, x, runs, closed)
	}
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

// following says how to look at a run.
type following struct {
	tell func(view.RunNews)
	// untilHeld also ends where the run waits for another last phase.
	untilHeld bool
}

// follow looks at a run each second and tells what changed, until it has ended
// or ctx ends: then the run goes on without an onlooker.
func (a *App) follow(ctx context.Context, w *store.Workspace, x store.Execution, f following) (view.RunStatus, error) {
	if x.Ended != nil {
		return a.statusOf(ctx, w, x)
	}
	runs, done, err := a.runs(ctx, true)
	if err != nil {
		return statusBase(x), err
	}
	defer func() { done() }()
	last, trouble := statusBase(x), ""
	for {
		status, err := a.ask(ctx, w, x, runs)
		switch {
		case ctx.Err() != nil:
			return last, fault.Of(fault.Canceled, "follow", x.Run, ctx.Err()).Hintf("the run goes on; landfall status --watch attaches again")
		case fault.Is(err, fault.Unavailable):
			// An engine that restarts is back in seconds, at another address.
			if err.Error() != trouble {
				trouble = err.Error()
				f.tell(view.RunNews{Trouble: trouble})
			}
			if again, close, err := a.runs(ctx, true); err == nil {
				done()
				runs, done = again, close
			}
		case err != nil:
			return status, err
		default:
			if news := view.NewsOf(last.Summary, status.Summary); !news.None() {
				f.tell(news)
			}
			if waits := newlyWaiting(last.Summary, status.Summary); len(waits) > 0 {
				f.tell(view.RunNews{At: status.Summary.Now, Percent: status.Summary.Percent, Lines: waits})
			}
			last, trouble = status, ""
			if status.Ended != nil || f.untilHeld && status.Summary.Held {
				return status, nil
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(followEvery):
		}
	}
}

// newlyWaiting names the attempts that no worker begins, of which the run itself
// has no news.
func newlyWaiting(before, now engine.Summary) []string {
	if before.Seq != now.Seq {
		return nil // the news say it
	}
	waited := map[string]string{}
	for _, step := range before.Active {
		waited[step.ID] = step.Waits
	}
	var out []string
	for _, step := range now.Active {
		if step.Waits == "" || step.Waits == waited[step.ID] {
			continue
		}
		line := step.ID + ": " + step.Waits
		if step.Command != "" {
			line += "\n    next: " + step.Command
		}
		out = append(out, line)
	}
	return out
}
