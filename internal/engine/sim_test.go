package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

func day() time.Time { return time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC) }

const print1 = "sha256:plan"

// step returns a plain step that takes back, needing the given ones.
func step(id string, needs ...string) runbook.Step {
	return runbook.Step{ID: id, Phase: runbook.Execute, Kind: "deploy", Title: "title of " + id, Owner: "ops", Needs: needs,
		Undo: &runbook.Undo{Do: "take it back", ExpectedSeconds: 5}, TimeoutSeconds: 60, ExpectedSeconds: 10,
		Retry: runbook.Retry{Attempts: 3, FirstSeconds: 10, MaxSeconds: 30}}
}

func planOf(steps ...runbook.Step) *runbook.Runbook {
	return &runbook.Runbook{SchemaVersion: 1, InterpreterVersion: 1, Workload: "shop", Environment: "prod", Strategy: runbook.BlueGreen, Steps: steps}
}

// sim drives a run by hand: it keeps the state and the last commands.
type sim struct {
	t     testing.TB
	plan  *runbook.Runbook
	s     State
	now   time.Time
	last  []Command
	all   []Command
	turns [][]Command
	event []Event
}

func newSim(t testing.TB, plan *runbook.Runbook) *sim {
	t.Helper()
	s, err := Start(plan, "run-1", print1)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	return &sim{t: t, plan: plan, s: s, now: day()}
}

// begun is a run that has begun.
func begun(t testing.TB, plan *runbook.Runbook) *sim {
	t.Helper()
	m := newSim(t, plan)
	m.must(Event{Kind: Begin, By: "ana"})
	return m
}

func (m *sim) try(e Event) error {
	e.At = m.now
	before := asJSON(m.t, m.s)
	next, commands, err := Next(m.plan, m.s, e)
	if got := asJSON(m.t, m.s); got != before {
		m.t.Fatalf("%s changed the state that it was given", e.Kind)
	}
	if err != nil {
		if got := asJSON(m.t, next); got != before || commands != nil {
			m.t.Fatalf("%s was refused (%v) and changed the state all the same", e.Kind, err)
		}
		return err
	}
	m.s, m.last = next, commands
	m.all = append(m.all, commands...)
	m.turns = append(m.turns, commands)
	m.event = append(m.event, e)
	return nil
}

func (m *sim) must(e Event) {
	m.t.Helper()
	if err := m.try(e); err != nil {
		m.t.Fatalf("%s %s: %v", e.Kind, e.Step, err)
	}
}

func (m *sim) refused(e Event, kind fault.Kind) {
	m.t.Helper()
	err := m.try(e)
	if !fault.Is(err, kind) {
		m.t.Errorf("%s %s was answered with %v (%s), want a fault of kind %s", e.Kind, e.Step, err, fault.KindOf(err), kind)
	}
}

// ends reports that the attempt under way of a step came to an outcome.
func (m *sim) ends(id string, outcome runbook.Outcome) {
	m.t.Helper()
	m.must(Event{Kind: AttemptEnded, Step: id, Attempt: m.st(id).Attempt, Outcome: outcome})
}

func (m *sim) probed(id string, effect *bool) {
	m.t.Helper()
	m.must(Event{Kind: AttemptEnded, Step: id, Attempt: m.st(id).Attempt, Effect: effect})
}

func (m *sim) gate(id, gate string, open *bool) {
	m.t.Helper()
	k := gateIndex(&m.plan.Steps[m.index(id)], gate)
	m.must(Event{Kind: GateAsked, Step: id, Gate: gate, Attempt: m.st(id).Gates[k].Asking, Open: open})
}

func (m *sim) trigger(id string, open *bool) {
	m.t.Helper()
	m.must(Event{Kind: TriggerAsked, Trigger: id, Open: open})
}

// wakes lets the timer of a step fire at its time.
func (m *sim) wakes(id string) {
	m.t.Helper()
	at := m.st(id).Wake
	if at.IsZero() {
		m.t.Fatalf("step %s has no timer", id)
	}
	m.now = at
	m.must(Event{Kind: Woke, Step: id})
}

func (m *sim) index(id string) int {
	m.t.Helper()
	i := slices.IndexFunc(m.plan.Steps, func(s runbook.Step) bool { return s.ID == id })
	if i < 0 {
		m.t.Fatalf("no step %s", id)
	}
	return i
}

func (m *sim) st(id string) StepState { return *m.s.Steps[m.index(id)] }

func (m *sim) is(id string, want Status) {
	m.t.Helper()
	if got := m.st(id); got.Status != want {
		m.t.Fatalf("step %s is %s (%s), want %s", id, got.Status, got.Detail, want)
	}
}

// sent returns the last commands of a kind as texts.
func (m *sim) sent(kind CommandKind) []string {
	var out []string
	for _, c := range m.last {
		if c.Kind == kind {
			out = append(out, c.Step+c.Trigger)
		}
	}
	return out
}

func (m *sim) sends(kind CommandKind, want ...string) {
	m.t.Helper()
	if got := m.sent(kind); !slices.Equal(got, want) {
		m.t.Errorf("commands %q are for %v, want %v", kind, got, want)
	}
}

func (m *sim) recorded(kind string) bool {
	return slices.ContainsFunc(m.last, func(c Command) bool { return c.Kind == Record && c.Entry.Kind == kind })
}

func (m *sim) told(when string) bool {
	return slices.ContainsFunc(m.last, func(c Command) bool { return c.Kind == Tell && c.Message.When == when })
}

func yesNo(b bool) *bool { return &b }

func asJSON(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// by is an event of a person.
func by(kind EventKind, id string) Event {
	return Event{Kind: kind, Step: id, By: "ana", Role: "lead", How: "ssh", Reason: "because", Plan: print1}
}

func layered(layers, wide int) *runbook.Runbook {
	var steps []runbook.Step
	for l := range layers {
		for w := range wide {
			s := step(fmt.Sprintf("execute.s%d-%d", l, w))
			for n := 0; n < wide && l > 0; n++ {
				s.Needs = append(s.Needs, fmt.Sprintf("execute.s%d-%d", l-1, n))
			}
			steps = append(steps, s)
		}
	}
	return planOf(steps...)
}
