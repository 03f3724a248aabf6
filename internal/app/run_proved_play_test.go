package app

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
)

// effecting is a step that notes what it does, and fails or does not know as often as
// a test wants.
type effecting struct {
	effects *[]string
	before  func(step string, back bool)
	there   map[string]bool
	// fails and unknown are the steps of which the next attempt fails, or comes to
	// nobody knows what.
	fails, unknown map[string]bool
}

func (a effecting) Check(_ context.Context, c *action.Call) (action.Seen, string, error) {
	if a.there[c.Step.ID] {
		return action.There, "", nil
	}
	return action.NotThere, "", nil
}

func (a effecting) Apply(_ context.Context, c *action.Call) error {
	a.before(c.Step.ID, false)
	*a.effects = append(*a.effects, c.Step.ID)
	a.there[c.Step.ID] = true
	return nil
}

func (a effecting) Verify(context.Context, *action.Call) ([]action.Evidence, error) { return nil, nil }

func (a effecting) Undo(_ context.Context, c *action.Call) ([]action.Evidence, error) {
	a.before(c.Step.ID, true)
	*a.effects = append(*a.effects, "undo "+c.Step.ID)
	a.there[c.Step.ID] = false
	return nil, nil
}

// playing is a run without a server, of which the workspace's own hands carry the
// steps out.
type playing struct {
	*signing
	reducing
	work    engine.Hands
	effects []string
	act     effecting
	queue   []engine.StepCall
	heard   []string
	// before is called when a step is done, or taken back.
	before func(step string, back bool)
}

// play begins a run of a runbook.
func play(t *testing.T, s *signing, plan *runbook.Runbook, until string) *playing {
	t.Helper()
	p, _ := stage(t, s, plan)
	if _, err := s.App.Run(t.Context(), RunOptions{Detach: true, Until: until}, unheard); err != nil {
		t.Fatal(err)
	}
	return p
}

// stage has a runbook approved, and returns its fingerprint.
func stage(t *testing.T, s *signing, plan *runbook.Runbook) (*playing, string) {
	t.Helper()
	p := &playing{signing: s, before: func(string, bool) {}}
	p.act = effecting{effects: &p.effects, before: func(step string, back bool) { p.before(step, back) }, there: map[string]bool{}, fails: map[string]bool{}, unknown: map[string]bool{}}
	s.Actions = action.Registry{"act": p.act, action.KindWait: action.Wait{}}
	s.Tell = func(_ context.Context, _ string, m engine.Telling) (map[string]string, error) {
		p.heard = append(p.heard, m.Message.Text)
		return nil, nil
	}
	s.Engines.Connect = func(context.Context, EnginePlace, bool) (engine.Runs, func(), error) { return p, func() {}, nil }
	p.work = s.hands()
	fingerprint, err := s.Workspace.Put(store.Runbook, plan)
	if err != nil {
		t.Fatal(err)
	}
	s.by = "ann"
	if _, err := s.ApproveRunbook(t.Context(), fingerprint, ""); err != nil {
		t.Fatal(err)
	}
	return p, fingerprint
}

func (p *playing) Start(ctx context.Context, q engine.Request) error {
	p.plan = q.Plan
	var err error
	if p.state, err = engine.Start(q.Plan, q.Run, q.Fingerprint); err != nil {
		return err
	}
	return p.take(ctx, engine.Event{Kind: engine.Begin, By: q.By, How: q.How, Role: q.Role, Plan: q.Fingerprint, Until: q.Until, From: q.From})
}

func (p *playing) Send(ctx context.Context, _ string, e engine.Event) error { return p.take(ctx, e) }

// take gives the run an event, as an engine does that asks nobody who sends it,
// and carries out what follows.
func (p *playing) take(ctx context.Context, e engine.Event) error {
	if err := p.one(ctx, e); err != nil {
		return err
	}
	for len(p.queue) > 0 {
		call := p.queue[0]
		p.queue = p.queue[1:]
		result := p.attempt(ctx, call)
		if err := p.one(ctx, engine.Event{Kind: engine.AttemptEnded, Step: call.Step.ID, Attempt: call.Attempt, Outcome: result.Outcome, Effect: result.Effect, Detail: result.Detail, Final: result.Final}); err != nil {
			return err
		}
	}
	return nil
}

// attempt has a step carried out. One that is to fail or to be lost has got as far
// as the hands let it.
func (p *playing) attempt(ctx context.Context, call engine.StepCall) engine.StepResult {
	result := p.work.Step(ctx, call, func(engine.Beat) {}, nil)
	id := call.Step.ID
	switch {
	case result.Outcome != runbook.Succeeded || call.Kind != engine.DoStep:
	case p.act.fails[id]:
		delete(p.act.fails, id)
		p.act.there[id] = false
		return engine.StepResult{Outcome: runbook.NoEffect, Detail: "it broke", Final: true}
	case p.act.unknown[id]:
		return engine.StepResult{Outcome: runbook.Unknown, Detail: "its worker fell silent"}
	}
	if call.Kind == engine.ProbeStep && p.act.unknown[id] {
		delete(p.act.unknown, id)
		return engine.StepResult{}
	}
	return result
}

func (p *playing) one(ctx context.Context, e engine.Event) error {
	e.At = time.Now()
	state, commands, err := engine.Next(p.plan, p.state, e)
	if err != nil {
		return err
	}
	p.state = state
	var entries []engine.Entry
	for _, c := range commands {
		if c.Kind == engine.Record {
			entries = append(entries, *c.Entry)
		}
	}
	if err := p.work.Record(ctx, p.state.Run, entries); err != nil {
		return err
	}
	var clear map[string]engine.Clearance
	if clearing, ok := p.work.(engine.Clearing); ok {
		clear = clearing.Clear(ctx, p.state.Run, entries)
	}
	for _, c := range commands {
		if c.Kind == engine.Tell {
			if err := p.work.Tell(ctx, engine.Telling{Run: p.state.Run, Number: p.state.Seq, Step: c.Step, Message: *c.Message}); err != nil {
				return err
			}
		}
		if c.Kind != engine.DoStep && c.Kind != engine.UndoStep && c.Kind != engine.ProbeStep {
			continue
		}
		i := p.plan.Index()[c.Step]
		call := engine.StepCall{Run: p.state.Run, Plan: p.state.Plan, Step: p.plan.Steps[i], Kind: c.Kind, Round: c.Round, Attempt: c.Attempt, Approvals: p.state.Steps[i].Approvals}
		if said, ok := clear[c.Step]; ok {
			call.Clearance = &said
		}
		p.queue = append(p.queue, call)
	}
	return nil
}

// forge gives the run a word as somebody does who reaches the engine.
func (p *playing) forge(t *testing.T, e engine.Event) {
	t.Helper()
	if e.By == "" {
		e.By, e.How = "ann", "ssh signature of SHA256:x"
	}
	if e.Plan = p.state.Plan; e.Reason == "" {
		e.Reason = "it is fine"
	}
	if err := p.take(t.Context(), e); err != nil {
		t.Fatalf("the engine takes no forged %s: %v", e.Kind, err)
	}
}

func (p *playing) step(id string) *engine.StepState { return p.state.Steps[p.plan.Index()[id]] }

func (p *playing) did(id string) bool { return slices.Contains(p.effects, id) }

// stopped checks that a step waits for an operator, was not done, and says why.
func (p *playing) stopped(t *testing.T, id, why string) {
	t.Helper()
	st := p.step(id)
	if p.did(id) || st.Status != engine.Operator || !strings.Contains(st.Detail, "rests on what is not proved") || !strings.Contains(st.Detail, why) || strings.Contains(st.Detail, "\n") {
		t.Errorf("%s is %s, %q; want %q; done %v", id, st.Status, st.Detail, why, p.effects)
	}
}

// piece is a step of a runbook for tests.
func piece(id string, kind runbook.StepKind, needs ...string) runbook.Step {
	phase, _, _ := strings.Cut(id, ".")
	return runbook.Step{ID: id, Phase: runbook.Phase(phase), Kind: kind, Owner: "lead", Title: id, Needs: needs, Do: "d", Probe: "p", Verify: "v", Undo: &runbook.Undo{Do: "u"},
		TimeoutSeconds: 60, ExpectedSeconds: 1, ExpectedBasis: "stated: a test", Retry: runbook.Retry{Attempts: 1, FirstSeconds: 1, MaxSeconds: 1}}
}

func pieces(steps ...runbook.Step) *runbook.Runbook {
	return &runbook.Runbook{SchemaVersion: runbook.Version, InterpreterVersion: runbook.Interpreter, Workload: "shop", Environment: "test", Inputs: map[string]string{}, Steps: steps}
}
