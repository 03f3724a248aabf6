package temporal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/runbook"
)

// A run goes over many histories and loses nothing: what each of them was told
// to begin and did not, timers, approvals, messages.
func TestManyHistories(t *testing.T) {
	t.Parallel()
	var steps []runbook.Step
	for i := range 30 {
		s := runbook.Step{ID: fmt.Sprintf("s%02d", i)}
		switch i % 6 {
		case 1:
			s.Kind, s.WaitSeconds = "wait", 3600
		case 2:
			s.Approvals.Count = 1
		case 3:
			s.Gates = []runbook.Gate{{ID: "g", EverySeconds: 10, HoldSeconds: 30, TimeoutSeconds: 3600}}
		case 4:
			s.Kind = "manual"
		}
		steps = append(steps, s)
	}
	hands := &fakeHands{}
	x := &trip{t: t, hands: hands, plan: book(steps...), look: person}
	x.plan.Triggers = []runbook.Trigger{{ID: "errors", From: "s00", Until: "s29", EverySeconds: 600, Action: "pause", Decides: "lead"}}
	hands.ask = func(q engine.Question) (engine.Answer, error) {
		return engine.Answer{Open: new(q.ID == "g")}, nil
	}
	// Each history is suggested to end from its very begin.
	x.setup = func(env *testsuite.TestWorkflowEnvironment, _ int) { env.SetContinueAsNewSuggested(true) }
	end := x.run()
	if end.Result != "done" || strings.Count(statuses(end), "done") != 30 {
		t.Fatalf("%s: %s", end.Result, statuses(end))
	}
	if x.histories < 30 {
		t.Errorf("it took %d histories", x.histories)
	}
	for i := range 30 {
		if n, want := hands.calls(fmt.Sprintf("do s%02d", i)), map[bool]int{true: 0, false: 1}[i%6 == 1 || i%6 == 4]; n != want {
			t.Errorf("step %d was done %d times", i, n)
		}
	}
	recordsBefore(t, hands)
}

// With attempts under way all the time there is no good moment: then room is
// made, and attempts go on in the next history.
func TestRoomIsMade(t *testing.T) {
	t.Parallel()
	hands := &fakeHands{}
	lengths := make(chan int)
	hands.step = func(_ context.Context, c engine.StepCall, stop <-chan struct{}) engine.StepResult {
		switch {
		case c.Step.ID == "long" && c.Attempt == 1:
			<-stop
			return engine.StepResult{Outcome: runbook.Yielded}
		case c.Step.ID == "a":
			lengths <- 100
			lengths <- 0
		case c.Step.ID == "b":
			lengths <- 1000
			lengths <- 0
		}
		return fine(c)
	}
	plan := book(runbook.Step{ID: "long", TimeoutSeconds: 3600}, runbook.Step{ID: "a", Needs: []string{}}, runbook.Step{ID: "b", Needs: []string{"a"}}, runbook.Step{ID: "c", Needs: []string{"b"}})
	x := &trip{t: t, hands: hands, plan: plan}
	x.setup = func(env *testsuite.TestWorkflowEnvironment, history int) {
		if history > 0 {
			return
		}
		// While it is not much longer than suggested, other steps go on.
		go func() {
			for length := range lengths {
				set := make(chan struct{})
				env.RegisterDelayedCallback(func() {
					if length > 0 {
						env.SetContinueAsNewSuggested(true)
						env.SetCurrentHistoryLength(length)
					}
					close(set)
				}, 0)
				<-set
			}
		}()
	}
	defer close(lengths)
	end := x.run()
	if end.Result != "done" || x.histories != 2 || hands.calls("do long") != 2 || hands.calls("do c") != 1 {
		t.Errorf("%s: %s, %d histories\n%s", end.Result, statuses(end), x.histories, strings.Join(hands.noted(), "\n"))
	}
	recordsBefore(t, hands)
}

// A message that could not be sent yet goes along into the next history.
func TestMessagesGoAlong(t *testing.T) {
	t.Parallel()
	hands := &fakeHands{}
	deaf := true
	numbers := map[int64]int{}
	hands.tell = func(told engine.Telling) error {
		numbers[told.Number]++
		if deaf {
			return fmt.Errorf("nobody is there")
		}
		return nil
	}
	plan := book(runbook.Step{ID: "a", Messages: []runbook.Message{{When: "begun", To: []string{"users"}, Text: "off we go"}}}, runbook.Step{ID: "rest", Kind: "wait", WaitSeconds: 3600}, runbook.Step{ID: "b"})
	x := &trip{t: t, hands: hands, plan: plan}
	x.setup = func(env *testsuite.TestWorkflowEnvironment, history int) {
		env.SetContinueAsNewSuggested(history == 0)
		deaf = history == 0
	}
	if end := x.run(); end.Result != "done" || x.histories != 2 {
		t.Fatalf("%s: %s, %d histories", end.Result, statuses(end), x.histories)
	}
	twice := 0
	for _, n := range numbers {
		if n > 1 {
			twice++
		}
	}
	if twice == 0 || twice == len(numbers) {
		t.Errorf("%d messages were tried again: %v", twice, numbers)
	}
}

// Drained, a run is a checkpoint from which another engine goes on, and goes
// back over what the first one did.
func TestDrainAndGoOnElsewhere(t *testing.T) {
	t.Parallel()
	plan := book(runbook.Step{ID: "a", Approvals: runbook.Approvals{Count: 1}}, runbook.Step{ID: "b"}, runbook.Step{ID: "rest", Kind: "wait", WaitSeconds: 24 * 3600}, runbook.Step{ID: "c"}, runbook.Step{ID: "sign-off", Kind: "manual"})
	first := &fakeHands{}
	x := &trip{t: t, hands: first, plan: plan, every: time.Minute}
	x.look = func(env *testsuite.TestWorkflowEnvironment, s engine.Summary) {
		if len(s.Active) == 1 && s.Active[0].Status == engine.Waiting {
			send(env, engine.Event{Kind: engine.Drain})
			return
		}
		person(env, s)
	}
	checkpoint := x.run()
	if checkpoint.Result != "drained" || statuses(checkpoint) != "done done waiting pending pending" {
		t.Fatalf("%s: %s", checkpoint.Result, statuses(checkpoint))
	}
	second := &fakeHands{entries: first.entries}
	x = &trip{t: t, hands: second, plan: plan, from: &checkpoint, every: time.Minute}
	x.look = func(env *testsuite.TestWorkflowEnvironment, s engine.Summary) {
		for _, a := range s.Active {
			if a.Status == engine.Person {
				send(env, engine.Event{Kind: engine.Rollback, By: "ada", Reason: "no"})
			} else if a.Status == engine.Operator {
				send(env, engine.Event{Kind: engine.Settle, Step: a.ID, By: "ada", Reason: "not done", Effect: new(false)})
			}
		}
	}
	end := x.run()
	if end.Result != "rolled back" || second.calls("do a") != 0 || second.calls("do c") != 1 || second.calls("undo") != 4 {
		t.Errorf("%s: %s\n%s", end.Result, statuses(end), strings.Join(second.noted(), "\n"))
	}
	if len(end.Steps[0].Approvals) > 1 || end.Records != int64(len(second.entries)) {
		t.Errorf("%d approvals, %d records and %d entries", len(end.Steps[0].Approvals), end.Records, len(second.entries))
	}
}

// A run that is under way is not ended by what its worker cannot read: a later
// release, or the right keyring, goes on with it. One that begins so is.
func TestBrokenInputs(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]Input{"begins": {Run: "r", Plan: []byte("none")}, "under way": {Run: "r", Plan: []byte("none"), State: []byte("none")}} {
		x := &trip{t: t, hands: &fakeHands{}}
		env := x.environment()
		env.ExecuteWorkflow(workflowName, in)
		err := env.GetWorkflowError()
		var panicked *temporal.PanicError
		if blocked := errors.As(err, &panicked); err == nil || blocked != (name == "under way") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
