package temporal

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// Whatever a worker is asked to do, its silence is noticed: without that a record
// that a dead worker had begun held a run for two minutes. And what is no attempt
// has a queue of its own.
func TestEverythingBeatsOnItsOwnQueue(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	queues := map[string]string{}
	x := &trip{t: t, hands: &fakeHands{}, plan: book(runbook.Step{ID: "a", Messages: []runbook.Message{{When: "begun", To: []string{"users"}, Text: "off"}}}, gated("b"))}
	x.setup = func(env *testsuite.TestWorkflowEnvironment, _ int) {
		env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
			mu.Lock()
			defer mu.Unlock()
			queues[info.ActivityType.Name] = info.TaskQueue
			if info.HeartbeatTimeout <= 0 {
				t.Errorf("%s may be silent for ever", info.ActivityType.Name)
			}
		})
	}
	if end := x.run(); end.Result != "done" {
		t.Fatalf("%s: %s", end.Result, statuses(end))
	}
	own := queues[stepActivity]
	want := map[string]string{stepActivity: own, recordActivity: own + ledgerQueue, proveActivity: own + ledgerQueue, askActivity: own + questionQueue, tellActivity: own + messageQueue}
	if !maps.Equal(queues, want) {
		t.Errorf("queues %v, want %v", queues, want)
	}
}

// A run whose begin is refused fails, where somebody sees it; it would stand for
// ever. So does one whose plan is another than the approved one.
func TestARefusedBeginFails(t *testing.T) {
	t.Parallel()
	plan := book(runbook.Step{ID: "a"})
	c := &Client{}
	for name, change := range map[string]func(in *Input){
		"phase":       func(in *Input) { in.Until = "none" },
		"fingerprint": func(in *Input) { in.Fingerprint = "sha256:another" },
	} {
		in, err := c.input(engine.Request{Run: "r", Plan: plan, Fingerprint: printOf(t, plan), By: "ada"})
		if err != nil {
			t.Fatal(err)
		}
		change(&in)
		x := &trip{t: t, hands: &fakeHands{}}
		env := x.environment()
		env.ExecuteWorkflow(workflowName, in)
		if err := env.GetWorkflowError(); !env.IsWorkflowCompleted() || refusedByRun(err) == nil {
			t.Errorf("%s: completed %v, %v", name, env.IsWorkflowCompleted(), err)
		}
		if len(x.hands.noted()) > 0 {
			t.Errorf("%s: it did %v", name, x.hands.noted())
		}
	}
	if _, err := c.input(engine.Request{Run: "r", Plan: plan, Fingerprint: "sha256:another"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("another plan is started: %v", err)
	}
}

// A word of the server that is no kind of ours is no refusal of the run.
func TestKindsOfRefusals(t *testing.T) {
	t.Parallel()
	if err := told("pause", temporal.NewApplicationError("the workflow completed", "AcceptedUpdateCompletedWorkflow")); !fault.Is(err, fault.Unavailable) {
		t.Errorf("%s: %v", fault.KindOf(err), err)
	}
	if err := told("pause", refusal(fault.Newf(fault.Denied, "no").Hintf("ask"))); !fault.Is(err, fault.Denied) || fault.HintOf(err) != "ask" {
		t.Errorf("%s: %v", fault.KindOf(err), err)
	}
}

// More messages than a server takes at a time wait for their turn.
func TestManyMessages(t *testing.T) {
	t.Parallel()
	var steps []runbook.Step
	const messages = mostAtOnce + 20
	for i := range messages / 20 {
		s := runbook.Step{ID: fmt.Sprintf("s%04d", i), Needs: []string{}, Kind: "wait", WaitSeconds: 60}
		for range 20 {
			s.Messages = append(s.Messages, runbook.Message{When: "before", To: []string{"users"}, Text: "soon"})
		}
		steps = append(steps, s)
	}
	var mu sync.Mutex
	var once sync.Once
	now, most := 0, 0
	full := make(chan struct{})
	hands := &fakeHands{}
	// None is through before as many as may be are on their way, and a moment longer.
	hands.tell = func(engine.Telling) error {
		mu.Lock()
		now++
		if most = max(most, now); now == mostAtOnce {
			once.Do(func() { time.AfterFunc(50*time.Millisecond, func() { close(full) }) })
		}
		mu.Unlock()
		<-full
		mu.Lock()
		defer mu.Unlock()
		now--
		return nil
	}
	x := &trip{t: t, hands: hands, plan: book(steps...)}
	if end := x.run(); end.Result != "done" || hands.calls("tell s") != messages {
		t.Errorf("%s, %d of %d messages", end.Result, hands.calls("tell s"), messages)
	}
	if most > mostAtOnce {
		t.Errorf("%d messages at a time", most)
	}
}
