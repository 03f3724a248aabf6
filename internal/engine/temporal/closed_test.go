package temporal_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/engine/temporal"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/enginekit"
)

// operator is a client of the server that can do what no command of the product
// does.
func operator(t *testing.T, s enginekit.Server) client.Client {
	t.Helper()
	config, err := s.Config()
	if err != nil {
		t.Fatal(err)
	}
	c, err := host.Dial(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// await waits until a look at the run is as it should be.
func await(t *testing.T, w *enginekit.World, what string, is func(engine.Summary) bool) engine.Summary {
	t.Helper()
	var last engine.Summary
	testkit.Eventually(t, enginekit.Patience, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		s, err := w.Runs().Status(ctx, w.Run)
		if err != nil {
			return err
		}
		if last = s; !is(s) {
			return fmt.Errorf("no %s yet: %+v", what, s.Active)
		}
		return nil
	})
	return last
}

// waitsAt is a look at which a step is in a status.
func waitsAt(step string, status engine.Status) func(engine.Summary) bool {
	return func(s engine.Summary) bool {
		return slices.ContainsFunc(s.Active, func(a engine.ActiveStep) bool { return a.ID == step && a.Status == status })
	}
}

// A run that somebody terminates in the engine has an end with a name and a
// reason; who speaks to it is told that it is over; and it goes on from where it
// stood, in the same engine, doing nothing twice.
func TestATerminatedRunGoesOn(t *testing.T) {
	t.Parallel()
	e := enginekit.NewEngine(t)
	w := enginekit.NewWorld(t, e.Server(), "terminated", enginekit.AllKinds)
	leave := w.Workers(t, testkit.Crash{})
	w.Begin(t, nil)
	if w.Operate(t, waitsAt("asked", engine.Asked)) != nil {
		t.Fatal("it came to its end")
	}
	ctx, cancel := context.WithTimeout(t.Context(), enginekit.Patience)
	defer cancel()
	if err := operator(t, e.Server()).TerminateWorkflow(ctx, "landfall-run/"+w.Run, "", "by mistake"); err != nil {
		t.Fatal(err)
	}
	_, err := w.Runs().Wait(ctx, w.Run)
	closed, ok := errors.AsType[*engine.Closed](err)
	if !ok || closed.How != engine.Terminated || !strings.Contains(closed.Why, "by mistake") || !fault.Is(err, fault.Aborted) {
		t.Fatalf("its end is %v", err)
	}
	if s, err := w.Runs().Status(ctx, w.Run); !fault.Is(err, fault.Aborted) {
		t.Errorf("its status is %+v, %v", s, err)
	}
	if err := w.Send(ctx, engine.Event{Kind: engine.Pause, By: "ada"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("a word to it: %v", err)
	}
	state := w.State(t)
	if err := w.Runs().Start(ctx, engine.Request{Run: w.Run, Plan: w.Plan, Fingerprint: enginekit.Print(t, w.Plan), By: "ada"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("it begins anew: %v", err)
	}
	w.Begin(t, &state)
	end := w.Operate(t, nil)
	w.Sound(t, *end)
	leave()
	if end.Result != "done" {
		t.Error(enginekit.Essence(*end))
	}
	if err := w.Send(ctx, engine.Event{Kind: engine.Pause, By: "ada"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("a word to a run that is done: %v", err)
	}
}

// A run whose begin is refused fails before anything was done.
func TestARunThatFailed(t *testing.T) {
	t.Parallel()
	e := enginekit.NewEngine(t)
	w := enginekit.NewWorld(t, e.Server(), "failed", enginekit.Chain(2))
	leave := w.Workers(t, testkit.Crash{})
	ctx, cancel := context.WithTimeout(t.Context(), enginekit.Patience)
	defer cancel()
	if err := w.Runs().Start(ctx, engine.Request{Run: w.Run, Plan: w.Plan, Fingerprint: enginekit.Print(t, w.Plan), Until: "none", By: "ada"}); err != nil {
		t.Fatal(err)
	}
	_, err := w.Runs().Wait(ctx, w.Run)
	if closed, ok := errors.AsType[*engine.Closed](err); !ok || closed.How != engine.Failed || closed.Why == "" {
		t.Errorf("its end is %v", err)
	}
	leave()
	if effects := w.Effects(t); len(effects) > 0 {
		t.Errorf("it did %v", effects)
	}
}

// A step whose place has no worker says so, tells people once, and goes on when
// there is one.
func TestAPlaceWithoutAWorker(t *testing.T) {
	t.Parallel()
	e := enginekit.NewEngine(t)
	w := enginekit.NewWorld(t, e.Server(), "nobody", enginekit.Chain(2))
	w.Plan.Steps[0].Place = runbook.NearSource
	w.Queues = map[runbook.Place]string{runbook.NearSource: "landfall-test.near-aws"}
	leave := w.Workers(t, testkit.Crash{})
	w.Begin(t, nil)
	s := await(t, w, "attempt that no worker begins", func(s engine.Summary) bool { return len(s.Active) == 1 && s.Active[0].Waits != "" })
	if a := s.Active[0]; !strings.Contains(a.Waits, "waiting for a worker at "+string(runbook.NearSource)) || a.Command != "landfall worker --queue landfall-test.near-aws" {
		t.Errorf("%+v", a)
	}
	testkit.Eventually(t, enginekit.Patience, func() error {
		told, err := enginekit.Told(w.Dir)
		if err == nil && !slices.Contains(told, "worker s00000") {
			return fmt.Errorf("told %v", told)
		}
		return err
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	connection, err := e.Server().Connect(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	worked := make(chan error, 1)
	go func() {
		worked <- connection.Work(ctx, temporal.WorkerOptions{Queue: "landfall-test.near-aws", Hands: enginekit.Hands{Dir: w.Dir}})
	}()
	end := w.Operate(t, nil)
	w.Sound(t, *end)
	leave()
	cancel()
	if err := <-worked; err != nil || end.Result != "done" || end.Steps[0].Attempt != 1 {
		t.Errorf("%s, %d attempts, %v", enginekit.Essence(*end), end.Steps[0].Attempt, err)
	}
	told, err := enginekit.Told(w.Dir)
	if n := len(slices.DeleteFunc(told, func(line string) bool { return line != "worker s00000" })); n != 1 || err != nil {
		t.Errorf("told %d times, %v", n, err)
	}
}

// While as many long attempts are under way as a worker has places, what people
// say is recorded and gates are asked.
func TestLongAttemptsHoldNothingUp(t *testing.T) {
	t.Parallel()
	e := enginekit.NewEngine(t)
	w := enginekit.NewWorld(t, e.Server(), "full", func(effects string) *runbook.Runbook {
		steps := []runbook.Step{{ID: "by-hand", Kind: "manual", UndoReason: "it changes nothing"},
			{ID: "gated", Kind: "manual", UndoReason: "it changes nothing", Gates: []runbook.Gate{{ID: "g", Expr: "open from 1", EverySeconds: 1}}}}
		for i := range 70 {
			steps = append(steps, runbook.Step{ID: fmt.Sprintf("long-%02d", i), Needs: []string{}, Inputs: map[string]any{"file": effects, "batches": 3000, "slowMillis": 100}})
		}
		return enginekit.Book(steps)
	})
	leave := w.Workers(t, testkit.Crash{})
	w.Begin(t, nil)
	await(t, w, "fifty attempts under way", func(s engine.Summary) bool { return waitsAt("by-hand", engine.Person)(s) && len(s.Active) == 50 })
	time.Sleep(3 * time.Second) // until every place of the worker is taken
	// An attempt takes five minutes; a word that waits for one comes too late.
	ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
	defer cancel()
	begun := time.Now()
	if err := w.Send(ctx, engine.Event{Kind: engine.Confirm, Step: "by-hand", By: "ada", Reason: "done"}); err != nil {
		t.Fatalf("after %v: %v", time.Since(begun), err)
	}
	t.Logf("a word was taken in %v", time.Since(begun))
	testkit.Eventually(t, time.Minute, func() error {
		if st := w.State(t).Steps[1]; st.Status != engine.Person {
			return fmt.Errorf("the gate has not opened: %s", st.Status)
		}
		return nil
	})
	for _, st := range w.State(t).Steps[2:] {
		if st.Status == engine.Done {
			t.Fatal("an attempt has ended, and so the test says nothing")
		}
	}
	ending, stop := context.WithTimeout(t.Context(), 25*time.Second)
	defer stop()
	if err := w.Send(ending, engine.Event{Kind: engine.Abort, By: "ada", Reason: "enough"}); err != nil {
		t.Fatal(err)
	}
	end := w.Operate(t, nil)
	leave()
	if end.Result != "aborted" {
		t.Error(end.Result)
	}
}
