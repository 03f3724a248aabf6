package engine

import (
	"encoding/json"
	"testing"
	"time"

	"example.com/landfall/internal/runbook"
)

// effort is what a run cost: its events, and the most that one of them caused.
type effort struct{ events, commands, steps int }

// more adds an event: the commands it caused, and the steps that it changed. An
// event copies what it changes and shares the rest.
func (f *effort) more(before, after State, commands []Command) {
	changed := 0
	for i, st := range after.Steps {
		if before.Steps[i] != st {
			changed++
		}
	}
	f.events++
	f.commands, f.steps = max(f.commands, len(commands)), max(f.steps, changed)
}

// runAll carries a plan out with outcomes that are all good, and returns the
// last state and what it cost.
func runAll(t testing.TB, plan *runbook.Runbook) (State, effort) {
	t.Helper()
	s, err := Start(plan, "run-1", print1)
	if err != nil {
		t.Fatal(err)
	}
	now, cost := day(), effort{}
	inbox := []Event{{Kind: Begin, By: "ana"}}
	for len(inbox) > 0 {
		e := inbox[0]
		inbox = inbox[1:]
		now = now.Add(time.Second)
		e.At = now
		next, commands, err := Next(plan, s, e)
		if err != nil {
			t.Fatal(err)
		}
		cost.more(s, next, commands)
		s = next
		for _, c := range commands {
			if c.Kind == DoStep || c.Kind == UndoStep {
				inbox = append(inbox, Event{Kind: AttemptEnded, Step: c.Step, Attempt: c.Attempt, Outcome: runbook.Succeeded})
			}
		}
	}
	return s, cost
}

// Of ten thousand steps each event concerns a few, so that none is felt: the step
// that ended and those that it lets go. What the whole costs in time is measured by
// BenchmarkTenThousandSteps.
func TestTenThousandSteps(t *testing.T) {
	t.Parallel()
	const wide = 10
	plan := layered(1000, wide)
	s, cost := runAll(t, plan)
	if s.Result != "done" || cost.events != 10_001 {
		t.Fatalf("the run ended %q after %d events", s.Result, cost.events)
	}
	if cost.steps > wide+1 || cost.commands > 5*wide {
		t.Errorf("one event changed %d steps and caused %d commands", cost.steps, cost.commands)
	}
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if per := len(data) / len(plan.Steps); per > 300 {
		t.Errorf("the state has %d bytes, %d for each step", len(data), per)
	}
	if sum := Summarize(plan, s); sum.Percent != 100 {
		t.Errorf("the summary says %d%%", sum.Percent)
	}
}

// Steps that all may begin at once begin as many at a time as the rules bound.
func TestManyIndependentSteps(t *testing.T) {
	t.Parallel()
	plan := layered(1, 3000)
	s, _ := Start(plan, "run-1", print1)
	s, commands, err := Next(plan, s, Event{Kind: Begin, At: day(), By: "ana"})
	if err != nil {
		t.Fatal(err)
	}
	begun := 0
	for _, c := range commands {
		if c.Kind == DoStep {
			begun++
		}
	}
	if begun != 100 || s.InFlight != 100 || len(s.Queue) != 2900 {
		t.Errorf("%d attempts begun, %d under way, %d wait", begun, s.InFlight, len(s.Queue))
	}
	if end, _ := runAll(t, plan); end.Result != "done" {
		t.Errorf("ended %q", end.Result)
	}
}

func BenchmarkTenThousandSteps(b *testing.B) {
	plan := layered(1000, 10)
	b.ReportAllocs()
	for b.Loop() {
		runAll(b, plan)
	}
}
