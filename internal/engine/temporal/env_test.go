package temporal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// printOf is the fingerprint of a plan.
func printOf(t testing.TB, plan *runbook.Runbook) string {
	t.Helper()
	fingerprint, err := plan.Fingerprint()
	if err != nil {
		t.Fatal(err)
	}
	return fingerprint
}

// fakeHands carry out what a test says, and note what they were asked in order.
type fakeHands struct {
	mu      sync.Mutex
	log     []string
	entries map[int64]engine.Entry
	step    func(ctx context.Context, c engine.StepCall, stop <-chan struct{}) engine.StepResult
	ask     func(q engine.Question) (engine.Answer, error)
	tell    func(t engine.Telling) error
	// recorded is called with each entry; it may be nil.
	recorded func(e engine.Entry)
	// badWrites is how many writes to the ledger fail.
	badWrites int
}

func (h *fakeHands) note(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log = append(h.log, fmt.Sprintf(format, args...))
}

func (h *fakeHands) noted() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.log)
}

// asked is how often they were asked anything.
func (h *fakeHands) asked() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.log)
}

// calls counts the lines that begin with the text.
func (h *fakeHands) calls(prefix string) int {
	n := 0
	for _, line := range h.noted() {
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}

func (h *fakeHands) Step(ctx context.Context, c engine.StepCall, beat func(engine.Beat), stop <-chan struct{}) engine.StepResult {
	h.note("%s %s %d", c.Kind, c.Step.ID, c.Attempt)
	beat(engine.Beat{Text: "begun"})
	if h.step != nil {
		return h.step(ctx, c, stop)
	}
	return fine(c)
}

// fine is what an attempt comes to that goes well.
func fine(c engine.StepCall) engine.StepResult {
	if c.Kind == engine.ProbeStep {
		return engine.StepResult{Effect: new(true)}
	}
	return engine.StepResult{Outcome: runbook.Succeeded, Proof: []engine.Proof{{Kind: "test", Text: c.Step.ID}}}
}

func (h *fakeHands) Ask(_ context.Context, q engine.Question) (engine.Answer, error) {
	h.note("ask %s %s", q.Step, q.ID)
	if h.ask != nil {
		return h.ask(q)
	}
	return engine.Answer{Open: new(true)}, nil
}

func (h *fakeHands) Tell(_ context.Context, t engine.Telling) error {
	h.note("tell %s", t.Step)
	if h.tell != nil {
		return h.tell(t)
	}
	return nil
}

func (h *fakeHands) Prove(_ context.Context, _, step string, proof []engine.Proof) ([]string, error) {
	h.note("prove %s", step)
	return []string{"hash of " + proof[0].Text}, nil
}

func (h *fakeHands) Record(_ context.Context, _ string, entries []engine.Entry) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.badWrites > 0 {
		h.badWrites--
		return errors.New("the disk is full")
	}
	if h.entries == nil {
		h.entries = map[int64]engine.Entry{}
	}
	for _, e := range entries {
		if _, twice := h.entries[e.Number]; !twice {
			h.entries[e.Number] = e
			h.log = append(h.log, "record "+e.Kind+" "+e.Step)
			if h.recorded != nil {
				h.recorded(e)
			}
		}
	}
	return nil
}

// trip is a run in the SDK's in-memory environment, over as many histories as
// it takes.
type trip struct {
	t     *testing.T
	hands *fakeHands
	plan  *runbook.Runbook
	from  *engine.State
	// input may change what the run is started with.
	input func(in *Input)
	// setup is called with the environment of each history, numbered from 0.
	setup func(env *testsuite.TestWorkflowEnvironment, history int)
	// look is called each second of the run's time, or as often as every says.
	look  func(env *testsuite.TestWorkflowEnvironment, s engine.Summary)
	every time.Duration
	// histories is how many it took.
	histories int
}

// longestTrip is in the run's time.
const longestTrip = 400 * 24 * time.Hour

// run carries the run out to its end.
func (x *trip) run() engine.State {
	x.t.Helper()
	// By the clock of the machine, which stands still at times.
	c := &Client{silence: Silence{Work: time.Minute}}
	in, err := c.input(engine.Request{Run: "r", Plan: x.plan, Fingerprint: printOf(x.t, x.plan), By: "ada", From: x.from})
	if err != nil {
		x.t.Fatal(err)
	}
	if x.input != nil {
		x.input(&in)
	}
	begun := time.Date(2027, 3, 6, 12, 0, 0, 0, time.UTC)
	for {
		env := x.environment()
		env.SetStartTime(begun)
		if x.setup != nil {
			x.setup(env, x.histories)
		}
		x.histories++
		if x.histories > 1 {
			env.SetContinuedExecutionRunID("before")
		}
		env.ExecuteWorkflow(workflowName, in)
		if !env.IsWorkflowCompleted() {
			x.t.Fatalf("the run stands still:\n%s", strings.Join(x.hands.noted(), "\n"))
		}
		begun = env.Now()
		var more *workflow.ContinueAsNewError
		if err := env.GetWorkflowError(); errors.As(err, &more) {
			in = Input{}
			if err := decode(more, &in); err != nil {
				x.t.Fatal(err)
			}
			continue
		}
		return ended(x.t, env)
	}
}

func ended(t *testing.T, env *testsuite.TestWorkflowEnvironment) engine.State {
	t.Helper()
	var end Ended
	if err := env.GetWorkflowResult(&end); err != nil {
		t.Fatal(err)
	}
	var s engine.State
	if err := unpack("the state", end.State, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func (x *trip) environment() *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite
	quiet := slog.New(slog.DiscardHandler)
	suite.SetLogger(log.NewStructuredLogger(quiet))
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)
	env.SetWorkflowRunTimeout(longestTrip)
	env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: oneTurn})
	register(env, WorkerOptions{Home: true, Hands: x.hands, Log: quiet})
	if x.look != nil {
		x.watch(env)
	}
	return env
}

// lookAnyway is how many looks are left out at most where the hands were asked
// nothing since the last one: then there is nothing new to see.
const lookAnyway = 10

// watch looks at the run each second of its time.
func (x *trip) watch(env *testsuite.TestWorkflowEnvironment) {
	every := max(x.every, time.Second)
	seen, left := -1, 0
	var again func()
	again = func() {
		if env.IsWorkflowCompleted() {
			return
		}
		if n := x.hands.asked(); n != seen || left >= lookAnyway {
			seen, left = n, 0
			var s engine.Summary
			if value, err := env.QueryWorkflow(statusQuery); err == nil && value.Get(&s) == nil {
				x.look(env, s)
			}
		} else {
			left++
		}
		env.RegisterDelayedCallback(again, every)
	}
	env.RegisterDelayedCallback(again, every)
}

// answer is what became of an update.
type answer struct {
	accepted, completed bool
	err                 error
}

// send gives the run an event as a person would; the answer is filled in when
// the run has taken it.
func send(env *testsuite.TestWorkflowEnvironment, e engine.Event) *answer {
	a := &answer{}
	env.UpdateWorkflow(eventUpdate, "", &testsuite.TestUpdateCallback{
		OnAccept:   func() { a.accepted = true },
		OnReject:   func(err error) { a.err = err },
		OnComplete: func(_ any, err error) { a.completed, a.err = true, err },
	}, e)
	return a
}

// person is an operator who says yes to all that is asked.
func person(env *testsuite.TestWorkflowEnvironment, s engine.Summary) {
	if s.Paused {
		send(env, engine.Event{Kind: engine.Resume, By: "ada"})
	}
	for _, a := range s.Active {
		e := engine.Event{Step: a.ID, By: "ada", Reason: "looked", Plan: s.Plan}
		switch a.Status {
		case engine.Asked:
			e.Kind = engine.Approve
		case engine.Person:
			e.Kind = engine.Confirm
		case engine.Operator:
			e.Kind = engine.Retry
		default:
			continue
		}
		send(env, e)
	}
}

// book is a runbook of the steps, each of which needs the one before it unless
// it says what it needs.
func book(steps ...runbook.Step) *runbook.Runbook {
	for i := range steps {
		s := &steps[i]
		if s.Phase == "" {
			s.Phase = runbook.Execute
		}
		if s.Kind == "" {
			s.Kind = "deploy"
		}
		if s.Undo == nil && s.UndoReason == "" {
			s.Undo = &runbook.Undo{Do: "take it back"}
		}
		if s.Needs == nil && i > 0 {
			s.Needs = []string{steps[i-1].ID}
		}
		s.Retry.Attempts = max(s.Retry.Attempts, 1)
	}
	return &runbook.Runbook{SchemaVersion: runbook.Version, InterpreterVersion: runbook.Interpreter, Workload: "shop", Environment: "production", Steps: steps}
}

func gated(id string) runbook.Step {
	return runbook.Step{ID: id, Gates: []runbook.Gate{{ID: "g", Expr: "ok", EverySeconds: 10, TimeoutSeconds: 3600}}}
}

func statuses(s engine.State) string {
	var out []string
	for _, st := range s.Steps {
		out = append(out, string(st.Status))
	}
	return strings.Join(out, " ")
}

func kindOf(err error) fault.Kind { return fault.KindOf(told("ask", err)) }

func decode(more *workflow.ContinueAsNewError, in *Input) error {
	return converter.GetDefaultDataConverter().FromPayloads(more.Input, in)
}
