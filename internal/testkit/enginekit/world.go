package enginekit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/action/testaction"
	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/engine/temporal"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// Print is the fingerprint of a runbook.
func Print(t testing.TB, plan *runbook.Runbook) string {
	t.Helper()
	fingerprint, err := plan.Fingerprint()
	check(t, err)
	return fingerprint
}

// World is one run and the folder in which its effects are.
type World struct {
	Dir    string
	Run    string
	Server Server
	Plan   *runbook.Runbook
	// Back makes the operator go back instead of signing off.
	Back bool
	// Queues are those of places, if any.
	Queues map[runbook.Place]string
	runs   *temporal.Client
}

// NewWorld returns a run that has not begun, of the runbook that plan makes for
// the file of effects.
func NewWorld(t testing.TB, s Server, run string, plan func(effects string) *runbook.Runbook) *World {
	t.Helper()
	dir := t.TempDir()
	w := &World{Dir: dir, Run: run, Plan: plan(filepath.Join(dir, fileEffects))}
	w.Move(t, s)
	return w
}

// Move makes the world speak with another server.
func (w *World) Move(t testing.TB, s Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	connection, err := s.Connect(ctx, nil)
	check(t, err)
	t.Cleanup(connection.Close)
	w.Server, w.runs = s, connection.Runs(Queue(w.Run)).Within(Quick())
}

// Bound makes the run one whose parts are bounded otherwise.
func (w *World) Bound(f temporal.Fans) { w.runs = w.runs.Bounded(f) }

// Begin starts the run, or goes on from a checkpoint.
func (w *World) Begin(t testing.TB, from *engine.State) {
	t.Helper()
	w.insist(t, "start", func(ctx context.Context) error {
		return w.runs.Start(ctx, engine.Request{Run: w.Run, Plan: w.Plan, Fingerprint: Print(t, w.Plan), Queues: w.Queues, By: "ada", From: from})
	})
}

// insist tries until the server, which tests kill, does it.
func (w *World) insist(t testing.TB, what string, do func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	for {
		bounded, done := context.WithTimeout(ctx, 10*time.Second)
		err := do(bounded)
		done()
		if err == nil {
			return
		}
		if ctx.Err() != nil || fault.Is(err, fault.Invalid) {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(lookEvery)
	}
}

// State is how the run stands.
func (w *World) State(t testing.TB) (s engine.State) {
	t.Helper()
	w.insist(t, "ask for the state", func(ctx context.Context) (err error) {
		s, err = w.runs.State(ctx, w.Run)
		return err
	})
	return s
}

// Operate answers what the run asks, until it has ended or until says stop, and
// returns its last state in the first case.
func (w *World) Operate(t testing.TB, until func(engine.Summary) bool) *engine.State {
	t.Helper()
	end, wait := time.Now().Add(Patience), askEvery
	for time.Now().Before(end) {
		time.Sleep(wait)
		state, asked, over := w.Look(t, until)
		if over {
			return state
		}
		// Who was asked is asked again soon; one that nobody asks waits longer.
		if wait = min(2*wait, 4*askEvery); asked {
			wait = askEvery
		}
	}
	log, _ := os.ReadFile(filepath.Join(w.Dir, fileLog))                    // there may be none
	t.Logf("the end of the worker's log:\n%s", log[max(0, len(log)-6000):]) // before the run is asked, which may not answer
	t.Fatalf("the run %s does not end: %s", w.Run, Essence(w.State(t)))
	return nil
}

// Look looks at the run once and answers what it asks. It is over when the run has
// ended, with its last state, or when until, which may be nil, says stop.
func (w *World) Look(t testing.TB, until func(engine.Summary) bool) (last *engine.State, asked, over bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s, err := w.runs.Status(ctx, w.Run)
	switch {
	case err == nil && s.Mode != engine.Ended:
		if until != nil && until(s) {
			return nil, true, true
		}
		return nil, w.answer(ctx, s), false
	case err != nil:
		// One that is over answers no question when its worker is gone.
		if open, err := w.runs.Open(ctx, w.Run); err != nil || open {
			return nil, false, false
		}
	}
	end, err := w.runs.Wait(ctx, w.Run)
	if fault.Is(err, fault.Unavailable) || ctx.Err() != nil {
		return nil, false, false
	}
	check(t, err)
	return &end, false, true
}

// answer says what a person says, and whether there was anything to say. What
// fails is said again at the next look.
func (w *World) answer(ctx context.Context, s engine.Summary) (asked bool) {
	if s.Paused {
		asked = true
		_ = w.Send(ctx, engine.Event{Kind: engine.Resume, By: "ada"})
	}
	for _, a := range s.Active {
		e := engine.Event{Step: a.ID, By: "ada", Reason: "looked", Plan: s.Plan}
		switch {
		case a.Status == engine.Asked:
			_ = w.Send(ctx, engine.Event{Kind: engine.Approve, Step: a.ID, By: "bob", Plan: s.Plan})
			e.Kind = engine.Approve
		case a.Status == engine.Person && w.Back && strings.HasSuffix(a.ID, "sign-off") && s.Mode == engine.Forward:
			e = engine.Event{Kind: engine.Rollback, By: "ada", Reason: "no", Accept: true}
		case a.Status == engine.Person:
			e.Kind = engine.Confirm
		case a.Status == engine.Operator:
			w.settle(ctx, e)
			asked = true
			continue
		default:
			continue
		}
		asked = true
		_ = w.Send(ctx, e)
	}
	return asked
}

// settle says what is there when nobody knows, and otherwise to try again.
func (w *World) settle(ctx context.Context, e engine.Event) {
	effects, err := testaction.Effects(filepath.Join(w.Dir, fileEffects))
	if err != nil {
		return
	}
	there := false
	for _, line := range effects {
		if strings.HasSuffix(line, "/"+e.Step+"/do") || strings.Contains(line, "/"+e.Step+"/do/") {
			there = strings.HasPrefix(line, "do ")
		}
	}
	e.Kind, e.Effect = engine.Settle, &there
	if err := w.Send(ctx, e); fault.Is(err, fault.Conflict) {
		e.Kind, e.Effect = engine.Retry, nil
		_ = w.Send(ctx, e)
	}
}

// Send gives the run an event.
func (w *World) Send(ctx context.Context, e engine.Event) error { return w.runs.Send(ctx, w.Run, e) }

// Runs speaks with the run.
func (w *World) Runs() *temporal.Client { return w.runs }

// Effects are what the run has done, in an order that does not depend on which
// of two steps at the same time was first.
func (w *World) Effects(t testing.TB) []string {
	t.Helper()
	effects, err := testaction.Effects(filepath.Join(w.Dir, fileEffects))
	check(t, err)
	out := make([]string, len(effects))
	for i, line := range effects {
		out[i] = strings.Replace(line, w.Run, "", 1)
	}
	slices.Sort(out)
	return out
}

// Sound checks what has to hold of every world whatever was killed: nothing
// was done twice, and the ledger has every entry once.
func (w *World) Sound(t testing.TB, s engine.State) {
	t.Helper()
	doubled, err := testaction.Doubled(filepath.Join(w.Dir, fileEffects))
	check(t, err)
	if len(doubled) > 0 {
		t.Errorf("%s: done twice: %v", w.Run, doubled)
	}
	entries, err := Ledger(w.Dir, w.Run)
	check(t, err)
	if int64(len(entries)) != s.Records {
		t.Errorf("%s: the ledger has %d entries, the run wrote %d", w.Run, len(entries), s.Records)
	}
	for i, e := range entries {
		if e.Number != int64(i+1) {
			t.Errorf("%s: entry %d has the number %d", w.Run, i+1, e.Number)
		}
	}
}

// Essence is what of a state does not depend on how often something was tried.
func Essence(s engine.State) string {
	out := []string{s.Result}
	for _, st := range s.Steps {
		line := string(st.Status)
		if st.Effect {
			line += "+effect"
		}
		var by []string
		for _, a := range st.Approvals {
			by = append(by, "+"+a.By)
		}
		// The word of one may be lost and said again after that of the other.
		slices.Sort(by)
		out = append(out, line+strings.Join(by, ""))
	}
	return strings.Join(out, " ")
}

// AllKinds is a runbook with every kind of step: done, tried again, lost after
// its effect, badly done, in batches, by hand, a wait, behind a gate, behind
// approvals, side by side, watched by a trigger.
func AllKinds(effects string) *runbook.Runbook {
	in := func(more map[string]any) map[string]any {
		out := map[string]any{"file": effects}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	steps := []runbook.Step{
		{ID: "first", Inputs: in(nil)},
		{ID: "tried", Inputs: in(map[string]any{"fails": 1}), Retry: runbook.Retry{Attempts: 3, FirstSeconds: 1}},
		{ID: "lost", Inputs: in(map[string]any{"crash": action.AfterEffect, "blind": 1})},
		{ID: "spoilt", Inputs: in(map[string]any{"badProofs": 1})},
		{ID: "batches", Inputs: in(map[string]any{"batches": 3, "slowMillis": 50})},
		{ID: "by-hand", Kind: "manual", UndoReason: "it changes nothing"},
		{ID: "rest", Kind: "wait", WaitSeconds: 1, UndoReason: "it changes nothing"},
		{ID: "gated", Inputs: in(nil), Gates: []runbook.Gate{{ID: "g", Expr: "open from 2", EverySeconds: 1, HoldSeconds: 1}}},
		{ID: "asked", Inputs: in(nil), Approvals: runbook.Approvals{Count: 2}},
		{ID: "side-1", Inputs: in(map[string]any{"slowMillis": 20}), Needs: []string{"asked"}},
		{ID: "side-2", Inputs: in(map[string]any{"slowMillis": 20}), Needs: []string{"asked"}},
		{ID: "side-3", Inputs: in(map[string]any{"slowMillis": 20}), Needs: []string{"asked"}},
		{ID: "sign-off", Kind: "manual", Needs: []string{"side-1", "side-2", "side-3"}, UndoReason: "it changes nothing"},
	}
	plan := Book(steps)
	plan.Triggers = []runbook.Trigger{{ID: "errors", Expr: "open at 2", EverySeconds: 1, From: "by-hand", Until: "sign-off", Action: "pause", Decides: "lead"}}
	return plan
}

// InParts is a runbook of a step that falls into parts, each of which takes some
// time and leaves something to be kept, with a sign-off at the end.
func InParts(parts, slowMillis int) func(effects string) *runbook.Runbook {
	return func(effects string) *runbook.Runbook {
		return Book([]runbook.Step{
			{ID: "long", Inputs: map[string]any{"file": effects, "parts": parts, "leaves": true, "slowMillis": slowMillis}},
			{ID: "sign-off", Kind: "manual", UndoReason: "it changes nothing"},
		})
	}
}

// Parts counts how often each part of the run was done.
func (w *World) Parts(t testing.TB) map[string]int {
	t.Helper()
	parts, err := testaction.PartsDone(filepath.Join(w.Dir, fileEffects))
	check(t, err)
	return parts
}

// Chain is a runbook of n steps one after the other, with a sign-off at the end.
func Chain(n int) func(effects string) *runbook.Runbook {
	return func(effects string) *runbook.Runbook {
		var steps []runbook.Step
		for i := range n {
			steps = append(steps, runbook.Step{ID: fmt.Sprintf("s%05d", i), Inputs: map[string]any{"file": effects}})
		}
		return Book(append(steps, runbook.Step{ID: "sign-off", Kind: "manual", UndoReason: "it changes nothing"}))
	}
}

// Book is a runbook of the steps, of which each needs the one before it unless
// it says otherwise.
func Book(steps []runbook.Step) *runbook.Runbook {
	for i := range steps {
		s := &steps[i]
		s.Phase, s.Place = runbook.Execute, runbook.Anywhere
		if s.Kind == "" {
			s.Kind = "deploy"
		}
		if s.UndoReason == "" {
			s.Undo = &runbook.Undo{Do: "take it back"}
		}
		if s.Needs == nil && i > 0 {
			s.Needs = []string{steps[i-1].ID}
		}
		s.Retry.Attempts, s.TimeoutSeconds = max(s.Retry.Attempts, 2), 600
	}
	return &runbook.Runbook{SchemaVersion: runbook.Version, InterpreterVersion: runbook.Interpreter, Workload: "shop", Environment: "production", Strategy: runbook.BigBang, Steps: steps}
}
