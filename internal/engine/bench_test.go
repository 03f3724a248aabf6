package engine

import (
	"encoding/json"
	"testing"
	"time"

	"example.com/landfall/internal/runbook"
)

// runAll carries a plan out with outcomes that are all good, and returns the
// last state and the number of events.
func runAll(t testing.TB, plan *runbook.Runbook) (State, int) {
	t.Helper()
	s, err := Start(plan, "run-1", print1)
	if err != nil {
		t.Fatal(err)
	}
	now, events := day(), 0
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
		s = next
		events++
		for _, c := range commands {
			if c.Kind == DoStep || c.Kind == UndoStep {
				inbox = append(inbox, Event{Kind: AttemptEnded, Step: c.Step, Attempt: c.Attempt, Outcome: runbook.Succeeded})
			}
		}
	}
	return s, events
}

// A run of ten thousand steps costs the engine seconds in all, so that no event
// is felt.
func TestTenThousandSteps(t *testing.T) {
	t.Parallel()
	plan := layered(1000, 10)
	began := time.Now()
	s, events := runAll(t, plan)
	if s.Result != "done" || events != 10_001 {
		t.Fatalf("the run ended %q after %d events", s.Result, events)
	}
	took := time.Since(began)
	t.Logf("%d events in %s", events, took)
	if took > 30*time.Second {
		t.Errorf("10,000 steps took %s", took)
	}
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the state has %d bytes", len(data))
	began = time.Now()
	sum := Summarize(plan, s)
	if took := time.Since(began); sum.Percent != 100 || took > 200*time.Millisecond {
		t.Errorf("the summary says %d%% after %s", sum.Percent, took)
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
