package app

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.temporal.io/sdk/client"

	"example.com/landfall/internal/config"
	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/engine/temporal"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/enginekit"
)

// forger gives a run words as somebody does who reaches the engine, and has its
// keyring, but is none of those who may speak.
type forger struct {
	client.Client
	run string
}

func (f forger) say(ctx context.Context, e engine.Event) error {
	handle, err := f.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{WorkflowID: "landfall-run/" + f.run, UpdateName: "landfall.event", Args: []any{e}, WaitForStage: client.WorkflowUpdateStageCompleted})
	if err != nil {
		return err
	}
	return handle.Get(ctx, nil)
}

// onEngine has a run carried out by a real engine: a worker where the ledger is,
// and one elsewhere that has none, at the queue of the target's side.
func onEngine(ctx context.Context, t *testing.T, p *playing) forger {
	t.Helper()
	e := enginekit.NewEngine(t)
	connection, err := e.Server().Connect(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(connection.Close)
	p.Config.Engine.Queues = map[string]string{string(runbook.NearTarget): "far"}
	p.Engines.Connect = func(_ context.Context, place EnginePlace, _ bool) (engine.Runs, func(), error) {
		return connection.Runs(place.Queue), func() {}, nil
	}
	elsewhere := signingShop(t)
	elsewhere.Config.Approvals, elsewhere.Actions = p.Config.Approvals, p.Actions
	place, home, err := p.workplace("")
	if err != nil {
		t.Fatal(err)
	}
	id, err := workspaceID(p.Workspace)
	if err != nil {
		t.Fatal(err)
	}
	working, stop := context.WithCancel(ctx)
	ended := make(chan error, 2)
	for _, o := range []temporal.WorkerOptions{{Queue: place.Queue, Home: true, Hands: home.Hands}, {Queue: placeQueue(id, "far"), Hands: elsewhere.hands()}} {
		o.Log = slog.New(slog.DiscardHandler)
		go func() { ended <- connection.Work(working, o) }()
	}
	t.Cleanup(func() {
		stop()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
	status, err := p.App.Run(ctx, RunOptions{Detach: true, Until: "plan"}, unheard)
	if err != nil {
		t.Fatal(err)
	}
	at, err := e.Server().Config()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := host.Dial(ctx, at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(raw.Close)
	return forger{raw, status.Run}
}

// until waits for a step to come to a status, and returns how it stands there.
func (p *playing) until(ctx context.Context, t *testing.T, step string, is engine.Status) (at engine.ActiveStep) {
	t.Helper()
	testkit.Eventually(t, enginekit.Patience, func() error {
		status, err := p.RunStatus(ctx)
		if err != nil {
			return err
		}
		for _, at = range status.Summary.Active {
			if at.ID == step && at.Status == is {
				return nil
			}
		}
		return fmt.Errorf("%s is not %s: %+v", step, is, status.Summary.Active)
	})
	return at
}

// An Update that goes straight to the engine confirms a step in the name of
// somebody who may. The engine takes it, and the next step, whose worker has no
// ledger, does not begin, until somebody says it who may. A report in the place of
// a worker's is not taken at all.
func TestAForgedUpdateMovesNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), enginekit.Patience)
	defer cancel()
	plan := byHand()
	for i := range plan.Steps {
		if plan.Steps[i].ID == "plan.next" {
			plan.Steps[i].Place = runbook.NearTarget
		}
	}
	s := signingShop(t)
	s.Config.Engine = config.Engine{}
	p, _ := stage(t, s, plan)
	f := onEngine(ctx, t, p)
	p.until(ctx, t, "plan.hand", engine.Person)
	if err := f.say(ctx, engine.Event{Kind: engine.Confirm, Step: "plan.hand", By: "ann", How: "ssh signature of SHA256:x", Role: "lead", Reason: "it is fine"}); err != nil {
		t.Fatalf("the engine knows no signers, and takes it: %v", err)
	}
	at := p.until(ctx, t, "plan.next", engine.Operator)
	if p.did("plan.next") || !strings.Contains(at.Detail, "the confirmation of ann has no proof") || at.Command != "landfall retry plan.next" {
		t.Errorf("%+v, done %v", at, p.effects)
	}
	if status, err := p.RunStatus(ctx); err != nil || len(status.Still) != 1 || !strings.Contains(status.Still[0], "plan.hand: entry ") {
		t.Errorf("status %q, %v", status.Still, err)
	}
	if err := f.say(ctx, engine.Event{Kind: engine.AttemptEnded, Step: "plan.next", Attempt: 1, Outcome: runbook.Succeeded}); err == nil || !strings.Contains(err.Error(), "nobody but the driver") {
		t.Errorf("a forged report: %v", err)
	}
	p.says(engine.Event{Kind: engine.Confirm, Step: "plan.hand", Reason: "seen"})
	p.says(engine.Event{Kind: engine.Retry, Step: "plan.next"})
	testkit.Eventually(t, enginekit.Patience, func() error {
		status, err := p.RunStatus(ctx)
		if err == nil && !status.Summary.Held {
			err = fmt.Errorf("not there yet: %+v", status.Summary.Active)
		}
		return err
	})
	if !p.did("plan.next") {
		t.Errorf("done %v", p.effects)
	}
	if verdict, err := p.LedgerCheck(ctx, LedgerOptions{}); err != nil || verdict.Proofs.Stated != 1 || len(verdict.Proofs.Wrong) != 0 {
		t.Errorf("the ledger: %+v, %v", verdict.Proofs, err)
	}
}
