package app

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/view"
)

// beganShop is a workspace with a run under way that has one entry in the ledger,
// and where the run stands.
func beganShop(t *testing.T) (*App, *oneEngine, engine.State) {
	t.Helper()
	a, runs := approvedShop(t)
	status, err := a.Run(t.Context(), RunOptions{Detach: true}, unheard)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := planOf(a.Workspace, status.Run)
	if err != nil {
		t.Fatal(err)
	}
	state, err := engine.Start(plan, status.Run, status.Fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	state, commands, err := engine.Next(plan, state, engine.Event{Kind: engine.Begin, At: time.Unix(1e9, 0), By: "ana"})
	if err != nil {
		t.Fatal(err)
	}
	var entries []engine.Entry
	for _, c := range commands {
		if c.Kind == engine.Record {
			entries = append(entries, *c.Entry)
		}
	}
	if err := a.hands().Record(t.Context(), status.Run, entries); err != nil {
		t.Fatal(err)
	}
	return a, runs, state
}

// A run that the engine closed is closed in the register, with the reason in the
// ledger, and goes on from where it stood.
func TestAClosedRunIsClosedAndGoesOn(t *testing.T) {
	t.Parallel()
	for _, how := range []string{engine.Terminated, engine.Failed, engine.TimedOut, engine.Canceled} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			a, runs, state := beganShop(t)
			runs.closed, runs.stands = &engine.Closed{How: how, Why: "by mistake"}, &state
			var heard int
			status, err := a.WatchRun(t.Context(), func(view.RunNews) { heard++ })
			if err != nil || status.Result != how || status.Ended == nil || status.Summary.Total != len(state.Steps) {
				t.Fatalf("%+v, %v", status, err)
			}
			if err := EndOf(status); !fault.Is(err, fault.Aborted) || fault.HintOf(err) != "landfall run --resume goes on from where it stood" {
				t.Errorf("it ends with %v (%s)", err, fault.HintOf(err))
			}
			list, err := a.LedgerList(t.Context(), LedgerOptions{}, entryRunClosed)
			if err != nil || len(list.Entries) != 1 || !strings.Contains(string(list.Entries[0].Body), "by mistake") {
				t.Errorf("the ledger has %+v, %v", list.Entries, err)
			}
			runs.closed, runs.started = nil, nil
			again, err := a.Run(t.Context(), RunOptions{Detach: true, Resume: true}, unheard)
			if err != nil || again.Run != status.Run || again.Ended != nil || len(runs.started) != 1 {
				t.Errorf("resumed: %+v, %v, started %v", again, err, runs.started)
			}
		})
	}
}

// Where nobody can tell how a closed run stood, it says so; what stands beside
// an older ledger is no checkpoint.
func TestAClosedRunWithoutACheckpoint(t *testing.T) {
	t.Parallel()
	for name, stands := range map[string]func(engine.State) *engine.State{
		"nobody answers":        func(engine.State) *engine.State { return nil },
		"ahead of the ledger":   func(s engine.State) *engine.State { s.Records++; return &s },
		"older than the ledger": func(s engine.State) *engine.State { s.Records--; return &s },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, runs, state := beganShop(t)
			runs.closed, runs.stands = &engine.Closed{How: engine.Terminated}, stands(state)
			status, err := a.RunStatus(t.Context())
			if err != nil || status.Result != engine.Terminated || status.Summary.Total != 0 {
				t.Fatalf("%+v, %v", status, err)
			}
			if err := EndOf(status); !fault.Is(err, fault.Aborted) || !strings.Contains(fault.HintOf(err), "begins anew") {
				t.Errorf("it ends with %v (%s)", err, fault.HintOf(err))
			}
			if _, err := a.Run(t.Context(), RunOptions{Detach: true, Resume: true}, unheard); !fault.Is(err, fault.NotFound) {
				t.Errorf("it resumes: %v", err)
			}
		})
	}
}

// A run that does not begin where it is to go on stays drained, and one that has
// begun there without the register is found.
func TestAResumeThatIsCutOff(t *testing.T) {
	t.Parallel()
	a, runs, state := beganShop(t)
	x, err := lastExecution(a.Workspace)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	x.Ended, x.Result = &now, resultDrained
	keepDrained(t, a, x, state)
	runs.started, runs.refuses = nil, fault.Newf(fault.Conflict, "no")
	if _, err := a.Run(t.Context(), RunOptions{Detach: true, Resume: true}, unheard); !fault.Is(err, fault.Conflict) {
		t.Errorf("%v", err)
	}
	if last, err := lastExecution(a.Workspace); err != nil || last.Result != resultDrained || last.Ended == nil {
		t.Errorf("the register says %+v, %v", last, err)
	}
	// The start came through, and the command was killed; the run has gone on since.
	runs.started, runs.refuses = []string{x.Run}, nil
	if err := a.hands().Record(t.Context(), x.Run, []engine.Entry{{Number: state.Records + 1, Kind: "run.restored", Text: "goes on", At: now}}); err != nil {
		t.Fatal(err)
	}
	status, err := a.Run(t.Context(), RunOptions{Detach: true, Resume: true}, unheard)
	if err != nil || status.Ended != nil || len(runs.started) != 1 {
		t.Errorf("%+v, %v, started %v", status, err, runs.started)
	}
}

func keepDrained(t *testing.T, a *App, x store.Execution, state engine.State) {
	t.Helper()
	if err := a.Workspace.KeepFor(x.Run, "checkpoint", asJSON(t, state)); err != nil {
		t.Fatal(err)
	}
	if err := a.Workspace.KeepExecution(x); err != nil {
		t.Fatal(err)
	}
}

// Nobody goes on with another runbook than the one that was approved.
func TestAResumeTakesTheApprovedRunbook(t *testing.T) {
	t.Parallel()
	a, runs, state := beganShop(t)
	x, err := lastExecution(a.Workspace)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := planOf(a.Workspace, x.Run)
	if err != nil {
		t.Fatal(err)
	}
	plan.Steps[0].Title = "something else"
	if err := a.Workspace.KeepFor(x.Run, "runbook", asJSON(t, plan)); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	x.Ended, x.Result = &now, resultDrained
	keepDrained(t, a, x, state)
	runs.started = nil
	if _, err := a.Run(t.Context(), RunOptions{Detach: true, Resume: true}, unheard); !fault.Is(err, fault.Conflict) || len(runs.started) > 0 {
		t.Errorf("%v, started %v", err, runs.started)
	}
}

// A run that the engine at another address has is not lost there.
func TestARunOfAnotherEngine(t *testing.T) {
	t.Parallel()
	a, runs, _ := beganShop(t)
	runs.started = nil
	a.Config.Engine.Address = "temporal.example.com:7233"
	_, err := a.Run(t.Context(), RunOptions{Detach: true}, unheard)
	if !fault.Is(err, fault.Unknown) || !strings.Contains(err.Error(), "this machine") || !strings.Contains(err.Error(), "temporal.example.com") {
		t.Errorf("%v", err)
	}
}

// A run that goes as far as it is asked to go is asked for nothing.
func TestUntilTwice(t *testing.T) {
	t.Parallel()
	a, runs, _ := beganShop(t)
	a.setup.Now = func() time.Time { return time.Now().Add(time.Minute) }
	runs.until = runbook.Prepare
	var lines []string
	hear := func(n view.RunNews) { lines = append(lines, n.Lines...) }
	if _, err := a.Run(t.Context(), RunOptions{Detach: true, Until: string(runbook.Prepare)}, hear); err != nil || len(runs.said) > 0 {
		t.Errorf("%v, said %v", err, runs.said)
	}
	if len(lines) != 1 || !strings.Contains(lines[0], "prepare already") {
		t.Errorf("told %q", lines)
	}
	if _, err := a.Run(t.Context(), RunOptions{Detach: true, Until: string(runbook.Execute)}, hear); err != nil || !slices.Equal(runs.said, []engine.EventKind{engine.Extend}) {
		t.Errorf("%v, said %v", err, runs.said)
	}
}

// What no worker begins is news, though the run itself has none.
func TestNewlyWaiting(t *testing.T) {
	t.Parallel()
	before := engine.Summary{Seq: 3, Active: []engine.ActiveStep{{ID: "a"}, {ID: "b", Waits: "for a person"}}}
	now := engine.Summary{Seq: 3, Active: []engine.ActiveStep{{ID: "a", Waits: "for a worker", Command: "landfall worker"}, {ID: "b", Waits: "for a person"}}}
	if got := newlyWaiting(before, now); len(got) != 1 || got[0] != "a: for a worker\n    next: landfall worker" {
		t.Errorf("%q", got)
	}
	if now.Seq = 4; len(newlyWaiting(before, now)) > 0 {
		t.Error("told twice")
	}
}

// meanwhile is an engine of which another landfall learns as well that it closed
// the run, and does something about it.
type meanwhile struct {
	*oneEngine
	then func()
}

func (m meanwhile) Wait(ctx context.Context, run string) (engine.State, error) {
	state, err := m.oneEngine.Wait(ctx, run)
	m.then()
	return state, err
}

// What another landfall has done about a closed run stays: one that goes on again
// is under way, and one that is closed is not closed twice.
func TestAClosedRunThatGoesOnMeanwhile(t *testing.T) {
	t.Parallel()
	for _, resumed := range []bool{true, false} {
		a, runs, state := beganShop(t)
		runs.closed, runs.stands = &engine.Closed{How: engine.Terminated}, &state
		first := meanwhile{runs, func() {
			if resumed {
				runs.closed = nil
				return
			}
			x, err := lastExecution(a.Workspace)
			if err != nil {
				t.Fatal(err)
			}
			now := time.Now()
			x.Ended, x.Result = &now, engine.Terminated
			keepDrained(t, a, x, state)
		}}
		a.Engines.Connect = func(context.Context, EnginePlace, bool) (engine.Runs, func(), error) { return first, func() {}, nil }
		status, err := a.RunStatus(t.Context())
		if err != nil || (status.Ended == nil) != resumed {
			t.Errorf("resumed %v: %+v, %v", resumed, status, err)
		}
		if x, err := lastExecution(a.Workspace); err != nil || (x.Ended == nil) != resumed {
			t.Errorf("resumed %v: the register has %+v, %v", resumed, x, err)
		}
		if list, err := a.LedgerList(t.Context(), LedgerOptions{}, entryRunClosed); err != nil || len(list.Entries) != 0 {
			t.Errorf("resumed %v: the ledger has %+v, %v", resumed, list.Entries, err)
		}
	}
}
