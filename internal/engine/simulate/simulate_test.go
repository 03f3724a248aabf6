package simulate

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

func morning() time.Time { return time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC) }

// watcher notes what it is asked.
type watcher struct {
	looked []string
	asked  int
	look   Look
	answer engine.Answer
}

func (w *watcher) Look(_ context.Context, s runbook.Step) Look {
	w.looked = append(w.looked, s.ID)
	return w.look
}

func (w *watcher) Ask(context.Context, engine.Question) engine.Answer { w.asked++; return w.answer }

func step(id string, kind runbook.StepKind, seconds int64, needs ...string) runbook.Step {
	return runbook.Step{ID: id, Phase: runbook.Execute, Kind: kind, Title: id, Owner: "ops", Needs: needs, Gates: []runbook.Gate{},
		UndoReason: "none", TimeoutSeconds: 60, ExpectedSeconds: seconds, Retry: runbook.Retry{Attempts: 1}}
}

func planOf(steps ...runbook.Step) *runbook.Runbook {
	return &runbook.Runbook{SchemaVersion: 1, InterpreterVersion: 1, Workload: "shop", Environment: "production", Strategy: runbook.BigBang, Steps: steps}
}

func simulate(t testing.TB, plan *runbook.Runbook, until runbook.Phase, eyes Eyes) Result {
	t.Helper()
	r, err := Run(context.Background(), engine.Request{Run: "dry", Plan: plan, Fingerprint: "sha256:x", Until: until, By: "ann"}, morning(), eyes)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func of(t *testing.T, r Result, id string) Step {
	t.Helper()
	i := slices.IndexFunc(r.Steps, func(s Step) bool { return s.ID == id })
	if i < 0 {
		t.Fatalf("no step %s in %+v", id, r.Steps)
	}
	return r.Steps[i]
}

// Waits, holds, people and attempts take their time; nothing is waited for.
func TestTimesAreThoseOfTheRunbook(t *testing.T) {
	t.Parallel()
	no := false
	wait := step("b.wait", "wait", 0, "a.look")
	wait.WaitSeconds = 30 * 86_400
	gated := step("c.gated", "deploy", 20, "b.wait")
	gated.Gates = []runbook.Gate{{ID: "calm", Expr: "x > 1.0", Facts: []runbook.Fact{{Name: "x", Source: "kpi", Type: "number"}}, HoldSeconds: 300, EverySeconds: 60, TimeoutSeconds: 600}}
	gated.Approvals = runbook.Approvals{Count: 3, Roles: []string{"lead", "security"}}
	person := step("d.person", "manual", 3600, "c.gated")
	person.Messages = []runbook.Message{{When: "done", To: []string{"users"}, Text: "done"}}
	eyes := &watcher{look: Look{Text: "nothing", Wrong: true}, answer: engine.Answer{Open: &no, Detail: "x is 0"}}
	r := simulate(t, planOf(step("a.look", "deploy", 10), wait, gated, person), "", eyes)

	if want := morning().Add(10*time.Second + 30*24*time.Hour + 300*time.Second + 20*time.Second + time.Hour); !r.Ends.Equal(want) || r.State.Result != "done" {
		t.Errorf("ends %s (%s), want %s", r.Ends, r.State.Result, want)
	}
	if !slices.Equal(eyes.looked, []string{"a.look", "c.gated"}) || eyes.asked != 1 {
		t.Errorf("looked at %v, asked %d gates", eyes.looked, eyes.asked)
	}
	c := of(t, r, "c.gated")
	if c.Begins.Sub(c.Ready) != 300*time.Second || !slices.Equal(c.Approvers, []string{"lead", "security", "lead"}) {
		t.Errorf("gated step: %+v", c)
	}
	if len(c.Gates) != 1 || *c.Gates[0].Open || c.Gates[0].Detail != "x is 0" || !c.Look.Wrong {
		t.Errorf("what was found: %+v", c)
	}
	if d := of(t, r, "d.person"); !d.Person || d.Look != nil || d.Ends.Sub(d.Begins) != time.Hour {
		t.Errorf("person: %+v", d)
	}
	if !slices.ContainsFunc(r.Messages, func(m runbook.Message) bool { return m.When == "done" && m.To[0] == "users" }) {
		t.Errorf("messages %v", r.Messages)
	}
}

// Where the run would stand it is said why, and the rest is simulated too.
func TestStopsAreNamed(t *testing.T) {
	t.Parallel()
	past := morning().Add(-48 * time.Hour)
	soon := morning().Add(5 * time.Hour)
	for name, c := range map[string]struct {
		window *runbook.Window
		stops  bool
		begins time.Duration
	}{
		"not agreed": {&runbook.Window{Seconds: 3600}, true, 0},
		"past":       {&runbook.Window{Opens: &past, Seconds: 3600}, true, 0},
		"to come":    {&runbook.Window{Opens: &soon, Seconds: 3600}, false, 5 * time.Hour},
	} {
		in := step("a.in", "deploy", 60)
		in.InWindow = true
		plan := planOf(in, step("b.after", "deploy", 60, "a.in"))
		plan.Window = c.window
		r := simulate(t, plan, "", &watcher{})
		a := of(t, r, "a.in")
		if (a.Stops != "") != c.stops || a.Begins.Sub(morning()) != c.begins || len(r.Steps) != 2 || a.Look == nil {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// Beyond the last phase nothing is simulated, and triggers are no endless watch.
func TestUntilAndTriggers(t *testing.T) {
	t.Parallel()
	last := step("z.last", "deploy", 5, "a.first")
	last.Phase = runbook.Evaluate
	plan := planOf(step("a.first", "deploy", 5), last)
	plan.Triggers = []runbook.Trigger{{ID: "errors", Expr: "x > 1.0", Facts: []runbook.Fact{{Name: "x", Source: "kpi", Type: "number"}}, EverySeconds: 1, From: "a.first", Until: "z.last", Action: "ask", Decides: "ops"}}
	r := simulate(t, plan, runbook.Execute, &watcher{})
	if len(r.Steps) != 1 || !slices.Equal(r.Open, []string{"z.last"}) || !r.State.Held {
		t.Errorf("%+v", r)
	}
	if r = simulate(t, plan, "", &watcher{}); len(r.Steps) != 2 || len(r.Open) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestCancelAndNonsense(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	request := engine.Request{Run: "dry", Plan: planOf(step("a", "deploy", 1)), Fingerprint: "sha256:x", By: "ann"}
	if _, err := Run(ctx, request, morning(), &watcher{}); !fault.Is(err, fault.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	request.Plan = planOf(step("a", "deploy", 1, "b"))
	if _, err := Run(context.Background(), request, morning(), &watcher{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a need that is none: %v", err)
	}
}

// Whatever the runbook: all steps end, none begins before what it needs has
// ended, each is looked at once, and the same runbook gives the same again.
func TestOrderHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(rt, "steps")
		var steps []runbook.Step
		for i := range n {
			s := step(fmt.Sprintf("execute.s%02d", i), rapid.SampledFrom([]runbook.StepKind{"deploy", "manual", "wait"}).Draw(rt, "kind"), rapid.Int64Range(0, 5000).Draw(rt, "seconds"))
			for j := range i {
				if rapid.IntRange(0, 3).Draw(rt, "need") == 0 {
					s.Needs = append(s.Needs, steps[j].ID)
				}
			}
			s.WaitSeconds = rapid.SampledFrom([]int64{0, 0, 60, 86_400}).Draw(rt, "wait")
			s.Approvals.Count = rapid.IntRange(0, 2).Draw(rt, "approvals")
			steps = append(steps, s)
		}
		plan := planOf(steps...)
		eyes := &watcher{}
		r := simulate(t, plan, "", eyes)
		if len(r.Steps) != n || len(r.Open) != 0 || r.State.Result != "done" {
			rt.Fatalf("%d of %d steps ended, open %v, %s", len(r.Steps), n, r.Open, r.State.Result)
		}
		ends := map[string]time.Time{}
		for _, s := range r.Steps {
			ends[s.ID] = s.Ends
		}
		for _, s := range r.Steps {
			for _, need := range plan.Steps[plan.Index()[s.ID]].Needs {
				if s.Begins.Before(ends[need]) {
					rt.Fatalf("%s begins before %s has ended", s.ID, need)
				}
			}
		}
		slices.Sort(eyes.looked)
		if len(slices.Compact(slices.Clone(eyes.looked))) != len(eyes.looked) {
			rt.Fatalf("looked twice: %v", eyes.looked)
		}
		if again := simulate(t, plan, "", &watcher{}); fmt.Sprint(again.Ends, len(again.Messages)) != fmt.Sprint(r.Ends, len(r.Messages)) {
			rt.Fatalf("another end: %s and %s", again.Ends, r.Ends)
		}
	})
}
