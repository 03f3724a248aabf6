package app

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/landfall/internal/config"
	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/view"
)

// oneEngine is an engine that knows the runs that were started in it.
type oneEngine struct {
	mu      sync.Mutex
	started []string
	queues  map[runbook.Place]string
	refuses error
	// closed is how it closed the run, stands where that stood.
	closed *engine.Closed
	stands *engine.State
	// until is how far the run goes; said are the events that were sent.
	until runbook.Phase
	said  []engine.EventKind
}

func (e *oneEngine) Start(_ context.Context, r engine.Request) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refuses != nil {
		return e.refuses
	}
	e.queues = r.Queues
	if !slices.Contains(e.started, r.Run) {
		e.started = append(e.started, r.Run)
	}
	return nil
}

func (e *oneEngine) Send(_ context.Context, run string, event engine.Event) error {
	_, err := e.Open(context.Background(), run)
	e.said = append(e.said, event.Kind)
	return err
}

func (e *oneEngine) Open(_ context.Context, run string) (bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Contains(e.started, run) {
		return false, fault.Newf(fault.NotFound, "no run %s", run)
	}
	return e.closed == nil, nil
}

func (e *oneEngine) Status(context.Context, string) (engine.Summary, error) {
	if e.closed != nil {
		return engine.Summary{}, fault.Newf(fault.Aborted, "it was closed")
	}
	return engine.Summary{Mode: engine.Forward, Until: e.until}, nil
}

func (e *oneEngine) State(context.Context, string) (engine.State, error) {
	if e.stands == nil {
		return engine.State{}, fault.Newf(fault.Unavailable, "no worker answers")
	}
	return *e.stands, nil
}

func (e *oneEngine) Wait(_ context.Context, run string) (engine.State, error) {
	if e.closed != nil {
		return engine.State{}, fault.Of(fault.Aborted, "read the end of", run, e.closed)
	}
	return engine.State{}, nil
}

// approvedShop is a workspace with an approved runbook, and its engine.
func approvedShop(t *testing.T) (*App, *oneEngine) {
	t.Helper()
	a, runs := workspace(t), &oneEngine{}
	a.Config = &config.Config{Workload: config.Workload{Name: "shop"}}
	a.Engines.Connect = func(context.Context, EnginePlace, bool) (engine.Runs, func(), error) { return runs, func() {}, nil }
	plan := &runbook.Runbook{SchemaVersion: runbook.Version, InterpreterVersion: runbook.Interpreter, Workload: "shop", Environment: "test", Inputs: map[string]string{},
		Steps: []runbook.Step{{ID: "plan.a", Phase: runbook.Plan, Kind: "manual", Owner: "lead", Title: "a", Do: "d", Probe: "p", Verify: "v", UndoReason: "none", TimeoutSeconds: 60, ExpectedSeconds: 1, ExpectedBasis: "stated: a test", Retry: runbook.Retry{Attempts: 1}}}}
	fingerprint, err := a.Workspace.Put(store.Runbook, plan)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.ApproveRunbook(t.Context(), fingerprint, ""); err != nil {
		t.Fatal(err)
	}
	return a, runs
}

func unheard(view.RunNews) {}

// Several commands at the same moment begin one run.
func TestOneRunBegins(t *testing.T) {
	t.Parallel()
	a, runs := approvedShop(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if _, err := a.Run(t.Context(), RunOptions{Detach: true}, unheard); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	known, err := a.Workspace.Executions()
	if err != nil || len(known) != 1 || len(runs.started) != 1 {
		t.Errorf("%d runs are known and %v were started, %v", len(known), runs.started, err)
	}
}

// A command that ended between the register and the engine leaves a run that
// the next one begins; a run that the engine has lost is begun by nobody, and
// given up by a person alone.
func TestARunThatHasNotBegunBegins(t *testing.T) {
	t.Parallel()
	a, runs := approvedShop(t)
	runs.refuses = fault.Newf(fault.Unavailable, "the machine went down")
	if _, err := a.Run(t.Context(), RunOptions{Detach: true}, unheard); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("the first try: %v", err)
	}
	runs.refuses = nil
	status, err := a.Run(t.Context(), RunOptions{Detach: true}, unheard)
	if err != nil || len(runs.started) != 1 || status.Run != runs.started[0] {
		t.Fatalf("the second try: %+v, %v, started %v", status, err, runs.started)
	}
	if err := a.hands().Record(t.Context(), status.Run, []engine.Entry{{Number: 1, Kind: "run.begun", Text: "begins", At: time.Unix(0, 0)}}); err != nil {
		t.Fatal(err)
	}
	runs.started = nil // the engine's folder is lost
	if _, err := a.Run(t.Context(), RunOptions{Detach: true}, unheard); !fault.Is(err, fault.Unknown) || len(runs.started) != 0 {
		t.Errorf("a lost run: %v, started %v", err, runs.started)
	}
	if err := a.Operate(t.Context(), engine.Event{Kind: engine.Pause, Reason: "look"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("pause of a lost run: %v", err)
	}
	if err := a.Operate(t.Context(), engine.Event{Kind: engine.Abort, Reason: "the folder is gone"}); err != nil {
		t.Fatal(err)
	}
	if last, err := a.RunStatus(t.Context()); err != nil || last.Result != "abandoned" {
		t.Errorf("after giving it up: %+v, %v", last, err)
	}
}

// A reason that holds a secret is refused before anything keeps it.
func TestASecretIsNoReason(t *testing.T) {
	t.Parallel()
	a, _ := approvedShop(t)
	if _, err := a.Run(t.Context(), RunOptions{Detach: true}, unheard); err != nil {
		t.Fatal(err)
	}
	if err := a.Operate(t.Context(), engine.Event{Kind: engine.Pause, Reason: "see https://u:hunter22@h/x"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
	if err := a.hands().Record(t.Context(), "shop-1", []engine.Entry{{Number: 1, Kind: "run.paused", Text: "see https://u:hunter22@h/x", Proof: map[string]string{"statement": "see https://u:hunter22@h/x"}, Data: map[string]string{"password": "x"}}}); err != nil {
		t.Errorf("what came past is withheld, or the run stands still: %v", err)
	}
}

// What would be done has to be what was approved.
func TestStepsActOnWhatWasApproved(t *testing.T) {
	t.Parallel()
	a, runs := approvedShop(t)
	if _, err := a.Run(t.Context(), RunOptions{Detach: true}, unheard); err != nil {
		t.Fatal(err)
	}
	got := a.hands().Step(t.Context(), engine.StepCall{Run: runs.started[0], Kind: engine.DoStep, Attempt: 1, Step: runbook.Step{ID: "prepare.deploy", Kind: "deploy"}}, func(engine.Beat) {}, nil)
	if got.Outcome != runbook.NoEffect || !got.Final || got.Detail == "" {
		t.Errorf("%+v", got)
	}
}

// What stands in the register as not begun begins only when people have approved
// its runbook.
func TestTheRegisterApprovesNothing(t *testing.T) {
	t.Parallel()
	a, runs := approvedShop(t)
	var plan runbook.Runbook
	if err := a.Workspace.Read(store.Runbook, &plan); err != nil {
		t.Fatal(err)
	}
	plan.Steps[0].Do = "something else"
	fingerprint, err := plan.Fingerprint()
	if err != nil {
		t.Fatal(err)
	}
	content, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	x := store.Execution{Run: "shop-1", Fingerprint: fingerprint, Environment: "test", Begun: time.Now(), By: "ann"}
	if err := errors.Join(a.Workspace.KeepFor(x.Run, "runbook", content), a.Workspace.KeepExecution(x)); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Run(t.Context(), RunOptions{Detach: true}, unheard); !fault.Is(err, fault.Refused) || len(runs.started) != 0 {
		t.Errorf("it begins: %v, started %v", err, runs.started)
	}
	if err := a.Operate(t.Context(), engine.Event{Kind: engine.Abort, Reason: "nobody approved it"}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Run(t.Context(), RunOptions{Detach: true}, unheard); err != nil || len(runs.started) != 1 {
		t.Errorf("after giving it up: %v, started %v", err, runs.started)
	}
}

// A name is one however it is written.
func TestThePersonWhoHasApproved(t *testing.T) {
	t.Parallel()
	a, _ := approvedShop(t)
	fingerprint, err := a.Workspace.Fingerprint(store.Runbook)
	if err != nil {
		t.Fatal(err)
	}
	a.setup.User = strings.ToUpper(a.setup.User)
	if _, err := a.ApproveRunbook(t.Context(), fingerprint, ""); !fault.Is(err, fault.Conflict) {
		t.Errorf("the same person twice: %v", err)
	}
}
