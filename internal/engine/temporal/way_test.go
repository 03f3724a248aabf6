package temporal

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// A run goes its way over all kinds of steps.
func TestWayOfARun(t *testing.T) {
	t.Parallel()
	plan := book(
		runbook.Step{ID: "plain"},
		runbook.Step{ID: "tried", Retry: runbook.Retry{Attempts: 3, FirstSeconds: 5}},
		runbook.Step{ID: "by-hand", Kind: "manual"},
		runbook.Step{ID: "sleep", Kind: "wait", WaitSeconds: 17 * 24 * 3600},
		gated("gated"),
		runbook.Step{ID: "asked", Approvals: runbook.Approvals{Count: 1}},
		runbook.Step{ID: "lost"},
		runbook.Step{ID: "last"},
	)
	plan.Triggers = []runbook.Trigger{{ID: "errors", From: "plain", Until: "last", EverySeconds: 3600, Action: "pause", Decides: "lead"}}
	closed := 2
	hands := &fakeHands{}
	hands.step = func(_ context.Context, c engine.StepCall, _ <-chan struct{}) engine.StepResult {
		switch {
		case c.Step.ID == "tried" && c.Attempt < 3:
			return engine.StepResult{Outcome: runbook.NoEffect, Detail: "not yet"}
		case c.Step.ID == "lost" && c.Kind == engine.DoStep && c.Attempt == 1:
			panic("out of the blue")
		}
		return fine(c)
	}
	hands.ask = func(q engine.Question) (engine.Answer, error) {
		switch {
		case q.ID == "errors":
			return engine.Answer{Open: new(false)}, nil
		case closed > 0:
			closed--
			return engine.Answer{Open: new(false), Detail: "behind"}, nil
		}
		return engine.Answer{Open: new(true)}, nil
	}
	x := &trip{t: t, hands: hands, plan: plan, look: person, every: 10 * time.Minute}
	end := x.run()
	if end.Result != "done" || statuses(end) != strings.TrimSpace(strings.Repeat("done ", 8)) {
		t.Fatalf("%s: %s", end.Result, statuses(end))
	}
	for line, want := range map[string]int{"do tried": 3, "do lost": 2, "probe lost": 1, "ask gated g": 3, "do sleep": 0, "do by-hand": 0, "do asked": 1, "prove plain": 1} {
		if got := hands.calls(line); got != want {
			t.Errorf("%q: %d times, want %d", line, got, want)
		}
	}
	if n := hands.calls("ask  errors"); n < 17*24 {
		t.Errorf("the trigger was asked %d times in 17 days", n)
	}
	if got := end.Steps[0].Evidence; len(got) != 1 || got[0] != "hash of plain" {
		t.Errorf("evidence %v", got)
	}
	recordsBefore(t, hands)
}

// recordsBefore: what is begun is in the ledger before, and nothing is missing
// there.
func recordsBefore(t *testing.T, h *fakeHands) {
	t.Helper()
	begun := map[string]int{}
	for _, line := range h.noted() {
		word, rest, _ := strings.Cut(line, " ")
		step, _, _ := strings.Cut(rest, " ")
		switch {
		case strings.HasPrefix(line, "record attempt.begun "):
			begun["do "+strings.TrimPrefix(rest, "attempt.begun ")]++
		case strings.HasPrefix(line, "record undo.begun "):
			begun["undo "+strings.TrimPrefix(rest, "undo.begun ")]++
		case strings.HasPrefix(line, "record probe.begun "):
			begun["probe "+strings.TrimPrefix(rest, "probe.begun ")]++
		case word == "do" || word == "undo" || word == "probe":
			if begun[word+" "+step]--; begun[word+" "+step] < 0 {
				t.Errorf("%q comes before its record", line)
			}
		}
	}
	for n := int64(1); n <= int64(len(h.entries)); n++ {
		if _, ok := h.entries[n]; !ok {
			t.Errorf("the ledger has %d entries and none with the number %d", len(h.entries), n)
		}
	}
}

// While the ledger cannot be written, nothing begins; then all of it does.
func TestNothingBeginsWithoutARecord(t *testing.T) {
	t.Parallel()
	hands := &fakeHands{badWrites: 5}
	x := &trip{t: t, hands: hands, plan: book(runbook.Step{ID: "a"}, runbook.Step{ID: "b"})}
	if end := x.run(); end.Result != "done" {
		t.Fatalf("%s: %s", end.Result, statuses(end))
	}
	recordsBefore(t, hands)
	if got := hands.noted()[0]; got != "record run.begun " {
		t.Errorf("it began with %q", got)
	}
}

// Going back undoes what was done, newest first; a step that cannot be undone
// is kept.
func TestRollback(t *testing.T) {
	t.Parallel()
	plan := book(runbook.Step{ID: "a"}, runbook.Step{ID: "b", UndoReason: "it only looks"}, runbook.Step{ID: "c"}, runbook.Step{ID: "sign-off", Kind: "manual"})
	hands := &fakeHands{}
	x := &trip{t: t, hands: hands, plan: plan}
	x.look = func(env *testsuite.TestWorkflowEnvironment, s engine.Summary) {
		switch {
		case s.Mode == engine.Forward && len(s.Active) == 1 && s.Active[0].Status == engine.Person:
			send(env, engine.Event{Kind: engine.Rollback, By: "ada", Reason: "no"})
		case s.Mode == engine.Back && len(s.Active) == 1 && s.Active[0].Status == engine.Operator:
			send(env, engine.Event{Kind: engine.Settle, Step: s.Active[0].ID, By: "ada", Reason: "it was not done", Effect: new(false)})
		}
	}
	end := x.run()
	if end.Result != "rolled back" || end.Steps[0].Status != engine.Undone || end.Steps[1].Status != engine.Kept || end.Steps[2].Status != engine.Undone {
		t.Errorf("%s: %s", end.Result, statuses(end))
	}
	var undone []string
	for _, line := range hands.noted() {
		if strings.HasPrefix(line, "undo ") {
			undone = append(undone, line[5:6])
		}
	}
	if !slices.Equal(undone, []string{"c", "a"}) {
		t.Errorf("undone in the order %v", undone)
	}
	recordsBefore(t, hands)
}

// A trigger that is true makes the run go back by itself.
func TestTriggerGoesBack(t *testing.T) {
	t.Parallel()
	plan := book(runbook.Step{ID: "a"}, runbook.Step{ID: "b"}, runbook.Step{ID: "watch", Kind: "wait", WaitSeconds: 3600}, runbook.Step{ID: "c"})
	plan.Triggers = []runbook.Trigger{{ID: "errors", From: "b", Until: "c", EverySeconds: 60, HoldSeconds: 120, Action: "rollback", Decides: "lead"}}
	hands := &fakeHands{}
	asked := 0
	hands.ask = func(engine.Question) (engine.Answer, error) { asked++; return engine.Answer{Open: new(asked > 5)}, nil }
	end := (&trip{t: t, hands: hands, plan: plan}).run()
	if end.Result != "rolled back" || hands.calls("do c") != 0 || hands.calls("undo") != 2 || asked != 8 {
		t.Errorf("%s: %s, asked %d times", end.Result, statuses(end), asked)
	}
}

// Pause asks what is under way to stop; it goes on after Resume. (Here an
// attempt is gone at once when it is asked; with a server it says where it
// stopped, see TestPauseOnAServer.)
func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	hands := &fakeHands{}
	begun := make(chan struct{}, 1)
	hands.step = func(_ context.Context, c engine.StepCall, stop <-chan struct{}) engine.StepResult {
		if c.Step.ID == "long" && c.Attempt == 1 {
			begun <- struct{}{}
			<-stop
		}
		return fine(c)
	}
	x := &trip{t: t, hands: hands, plan: book(runbook.Step{ID: "long", TimeoutSeconds: 3600}, runbook.Step{ID: "b"})}
	var paused, resumed *answer
	x.setup = func(env *testsuite.TestWorkflowEnvironment, _ int) {
		go func() {
			<-begun
			env.RegisterDelayedCallback(func() { paused = send(env, engine.Event{Kind: engine.Pause, By: "ada", Reason: "lunch"}) }, 0)
		}()
	}
	x.look = func(env *testsuite.TestWorkflowEnvironment, s engine.Summary) {
		if s.Paused && resumed == nil && len(s.Active) == 1 && s.Active[0].Status == engine.Ready {
			resumed = send(env, engine.Event{Kind: engine.Resume, By: "ada"})
		}
	}
	end := x.run()
	if end.Result != "done" || hands.calls("do long") != 2 {
		t.Errorf("%s: %s", end.Result, statuses(end))
	}
	if !paused.completed || paused.err != nil || !resumed.completed || resumed.err != nil {
		t.Errorf("paused %+v, resumed %+v", paused, resumed)
	}
}

// What a run refuses comes back with its kind and what to do, and changes
// nothing; the same word twice counts once.
func TestRefusals(t *testing.T) {
	t.Parallel()
	plan := book(runbook.Step{ID: "a", Approvals: runbook.Approvals{Count: 2, Roles: []string{"lead"}}}, runbook.Step{ID: "cut", After: runbook.After{Writers: map[string]runbook.Side{"db": runbook.AtTarget}},
		Approvals: runbook.Approvals{Count: 1}})
	print := printOf(t, plan)
	yes := engine.Event{Kind: engine.Approve, Step: "a", By: "ada", Role: "lead", Plan: print}
	other := yes
	other.By = "bob"
	wrong := map[fault.Kind]engine.Event{
		fault.NotFound: {Kind: engine.Approve, Step: "none", By: "ada"},
		fault.Denied:   {Kind: engine.Approve, Step: "a", By: "ada", Role: "guest", Plan: print},
		fault.Conflict: {Kind: engine.Approve, Step: "a", By: "ada", Role: "lead", Plan: "sha256:other"},
		fault.Invalid:  {Kind: engine.Reject, Step: "a", By: "ada"},
	}
	answers := map[fault.Kind]*answer{}
	var said []*answer
	looks := 0
	x := &trip{t: t, hands: &fakeHands{}, plan: plan}
	x.look = func(env *testsuite.TestWorkflowEnvironment, s engine.Summary) {
		looks++
		switch {
		case looks == 1:
			for kind, e := range wrong {
				answers[kind] = send(env, e)
			}
			// All three in one turn: the validator passes the second, the rules do not.
			said = append(said, send(env, yes), send(env, yes), send(env, other))
		case looks == 2:
			answers[fault.Refused] = send(env, engine.Event{Kind: engine.Skip, Step: "cut", By: "ada", Reason: "why not"})
			said = append(said, send(env, engine.Event{Kind: engine.Approve, Step: "cut", By: "ada", Plan: print}))
		}
	}
	if end := x.run(); end.Result != "done" || len(end.Steps[0].Approvals) != 2 {
		t.Fatalf("%s: %s", end.Result, statuses(end))
	}
	for kind, a := range answers {
		if a.completed || kindOf(a.err) != kind {
			t.Errorf("%s: %+v, kind %s", kind, a, kindOf(a.err))
		}
	}
	if hint := fault.HintOf(told("skip", answers[fault.Refused].err)); !strings.Contains(hint, "--accept") {
		t.Errorf("the hint is %q", hint)
	}
	if said[0].err != nil || kindOf(said[1].err) != fault.Conflict || said[2].err != nil || said[3].err != nil {
		t.Errorf("%+v %+v %+v %+v", said[0], said[1], said[2], said[3])
	}
}

// Abort ends the run and leaves what is there; who speaks to a run in the
// moment of its end has an answer.
func TestEverybodyHasAnAnswerAtTheEnd(t *testing.T) {
	t.Parallel()
	x := &trip{t: t, hands: &fakeHands{}, plan: book(runbook.Step{ID: "a"}, runbook.Step{ID: "b", Kind: "manual"})}
	var all []*answer
	x.look = func(env *testsuite.TestWorkflowEnvironment, s engine.Summary) {
		if len(s.Active) == 1 && s.Active[0].Status == engine.Person {
			all = append(all, send(env, engine.Event{Kind: engine.Abort, By: "ada"}))
			for range 5 {
				all = append(all, send(env, engine.Event{Kind: engine.Pause, By: "ada"}))
			}
		}
	}
	if end := x.run(); end.Result != "aborted" || len(end.Order) != 1 {
		t.Fatalf("%s: %s", end.Result, statuses(end))
	}
	for i, a := range all[:6] {
		if i == 0 && a.err != nil || i > 0 && kindOf(a.err) != fault.Conflict {
			t.Errorf("%d: %+v", i, a)
		}
	}
}

// Messages that cannot be sent hold up neither the run nor, for long, its end.
func TestDeafPeopleHoldNothingUp(t *testing.T) {
	t.Parallel()
	hands := &fakeHands{tell: func(engine.Telling) error { return fault.Newf(fault.Unavailable, "send the message") }}
	plan := book(runbook.Step{ID: "a", Messages: []runbook.Message{{When: "begun", To: []string{"users"}, Text: "off we go"}}}, runbook.Step{ID: "b"})
	end := (&trip{t: t, hands: hands, plan: plan}).run()
	if end.Result != "done" || end.Now.Sub(end.Begun) > time.Minute || hands.calls("tell") < 2 {
		t.Errorf("%s after %v, told %d times", end.Result, end.Now.Sub(end.Begun), hands.calls("tell"))
	}
}
