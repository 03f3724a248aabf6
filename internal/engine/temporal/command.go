package temporal

import (
	"errors"
	"slices"
	"strconv"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

const (
	// beatTimeout is how long what a worker carries out may be silent before the
	// worker counts as dead. Of an attempt nobody knows then what it did: the
	// outcome is unknown.
	beatTimeout = 30 * time.Second
	// shortestAttempt is the least time that an attempt is given, longestAttempt
	// the most: beyond it a number of seconds is no time any more.
	shortestAttempt = time.Minute
	longestAttempt  = 10 * 365 * 24 * time.Hour
	// takenWithin is how long an attempt may wait for a worker before people are
	// told that there is none.
	takenWithin = 5 * time.Minute
	// askTimeout bounds the measuring of one gate.
	askTimeout = 2 * time.Minute
	// recordTimeout bounds one try to write to the ledger; tries never end, as
	// nothing may begin that is not in the ledger.
	recordTimeout = 2 * time.Minute
	// tellFor is how long a message is tried.
	tellFor = time.Hour
	// mostAtOnce bounds the messages, and the questions, on their way at one time:
	// a server refuses 2,000 of everything (server v1.32.1, limit of pending
	// activities), and a run of which that is refused stands still.
	mostAtOnce = 500
	// recordBytes bounds the entries of one write: a server refuses 2 MiB.
	recordBytes = 256 << 10
)

// side is the queue for what is no attempt, "" for the run's own.
func (r *run) side(ctx workflow.Context, queue string) string {
	if r.in.Form < 1 {
		return ""
	}
	return workflow.GetInfo(ctx).TaskQueueName + queue
}

// record writes the entries of a turn to the ledger before anything that they
// tell of begins. It is tried for ever: a full disk is for people to mend.
func (r *run) record(ctx workflow.Context, commands []engine.Command) error {
	var entries []engine.Entry
	for i := range commands {
		if commands[i].Kind == engine.Record {
			entries = append(entries, *commands[i].Entry)
		}
	}
	for len(entries) > 0 {
		n := fitting(entries)
		var clear map[string]engine.Clearance // older histories have none
		if err := workflow.ExecuteActivity(r.kept(ctx, "ledger"), recordActivity, r.in.Run, entries[:n]).Get(ctx, &clear); err != nil {
			return err
		}
		cleared(commands, clear)
		entries = entries[n:]
	}
	return nil
}

// cleared gives attempts what was said of them.
func cleared(commands []engine.Command, clear map[string]engine.Clearance) {
	for i := range commands {
		c := &commands[i]
		said, ok := clear[c.Step]
		if ok && (c.Kind == engine.DoStep || c.Kind == engine.UndoStep || c.Kind == engine.ProbeStep) {
			c.Clearance = &said
		}
	}
}

// fitting is how many of the entries, one at least, go into one write.
func fitting(entries []engine.Entry) int {
	size := 0
	for i := range entries {
		e := &entries[i]
		size += 200 + len(e.Text) + len(e.Step) + len(e.Kind) + len(e.By)
		for _, m := range []map[string]string{e.Data, e.Proof} {
			for k, v := range m {
				size += 10 + len(k) + len(v)
			}
		}
		if size > recordBytes && i > 0 {
			return i
		}
	}
	return len(entries)
}

// carryOut begins what the reducer said. While the history is being closed,
// nothing new begins: it waits for the next one.
func (r *run) carryOut(ctx workflow.Context, commands []engine.Command) error {
	for _, c := range commands {
		switch c.Kind {
		case engine.Record:
		case engine.DoStep, engine.UndoStep, engine.ProbeStep:
			if r.holding {
				r.hold(c)
				continue
			}
			r.attempt(ctx, c)
		case engine.AskGate, engine.AskTrigger:
			if r.holding {
				r.hold(c)
				continue
			}
			r.ask(ctx, c)
		case engine.YieldStep:
			r.yield(c)
		case engine.Wake:
			r.wake(ctx, c)
		case engine.Unwake:
			r.unwake(keyOf(c))
		case engine.Tell:
			r.tell(ctx, c)
		case engine.End:
			r.ended = true
		default:
			return fatal(fault.Newf(fault.Internal, "the engine does not know the command %q", c.Kind))
		}
	}
	return nil
}

// attempt carries out one attempt of a step, in a coroutine of its own, which
// waits with its own context: cancelling the other one asks the attempt to stop,
// and it is its answer that ends the wait.
func (r *run) attempt(ctx workflow.Context, c engine.Command) {
	i, ok := r.index[c.Step]
	if !ok {
		return
	}
	step := &r.plan.Steps[i]
	options := workflow.ActivityOptions{
		TaskQueue:           r.in.Queues[step.Place],
		StartToCloseTimeout: attemptTime(step),
		HeartbeatTimeout:    r.in.beat(),
		// An attempt that is asked to stop says where it stopped.
		WaitForCancellation: true,
		// The reducer counts attempts: each is in the ledger.
		RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:     string(c.Kind) + " " + c.Step,
	}
	child, cancel := workflow.WithCancel(ctx)
	key := "step " + c.Step
	r.flying[key] = flight{cancel, c.Kind != engine.ProbeStep}
	call := engine.StepCall{Run: r.in.Run, Plan: r.in.Fingerprint, Workload: r.plan.Workload, Environment: r.plan.Environment, Step: *step, Kind: c.Kind, Round: c.Round, Attempt: c.Attempt, Cursor: c.Cursor, Approvals: r.state.Steps[i].Approvals, Clearance: c.Clearance,
		Fan: r.fan(c.Kind, options.TaskQueue)}
	workflow.Go(ctx, func(ctx workflow.Context) {
		result := r.fans(ctx, child, options, call, r.answerOf(ctx, child, options, call))
		evidence := r.prove(ctx, c.Step, result.Proof)
		delete(r.flying, key)
		r.inbox.SendAsync(letter{event: engine.Event{Kind: engine.AttemptEnded, Step: c.Step, Attempt: c.Attempt, Outcome: result.Outcome, Effect: result.Effect,
			Detail: result.Detail, Cursor: result.Cursor, Evidence: evidence, Final: result.Final}})
	})
}

// attemptTime is how long an attempt of a step may take.
func attemptTime(step *runbook.Step) time.Duration {
	bounded := min(max(step.TimeoutSeconds, 0), int64(longestAttempt/time.Second))
	return max(time.Duration(bounded)*time.Second, shortestAttempt)
}

// answerOf waits for the answer to an attempt. One that no worker has begun in
// time is not lost: people are told, and it goes on waiting.
func (r *run) answerOf(ctx, child workflow.Context, options workflow.ActivityOptions, call engine.StepCall) engine.StepResult {
	if r.in.Form > 0 {
		options.ActivityID = attemptID(call.Step.ID, call.Attempt)
		options.ScheduleToStartTimeout = r.in.taken()
	}
	var result engine.StepResult
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(child, options), stepActivity, call).Get(ctx, &result)
	if notTaken(err) {
		r.tellNotTaken(ctx, &call.Step, options.TaskQueue)
		options.ActivityID += " again"
		options.ScheduleToStartTimeout = 0
		err = workflow.ExecuteActivity(workflow.WithActivityOptions(child, options), stepActivity, call).Get(ctx, &result)
	}
	if err != nil {
		return lost(err, call)
	}
	return result
}

// attemptID names an attempt in the engine, so that one can be found there.
func attemptID(step string, attempt int) string { return "step " + step + " " + strconv.Itoa(attempt) }

func notTaken(err error) bool {
	var timeout *temporal.TimeoutError
	return errors.As(err, &timeout) && timeout.TimeoutType() == enums.TIMEOUT_TYPE_SCHEDULE_TO_START
}

// tellNotTaken tells people that nobody begins an attempt.
func (r *run) tellNotTaken(ctx workflow.Context, step *runbook.Step, queue string) {
	to := []string{"operator"}
	if step.Owner != "" {
		to = []string{step.Owner}
	}
	r.tell(ctx, engine.Command{Step: step.ID, Message: &runbook.Message{When: "worker", To: to,
		Text: "Step " + step.ID + " (" + step.Title + ") has waited " + r.in.taken().String() + " for " + workerOf(step.Place) + ", and none has begun it. It goes on as soon as one is there. Start one with: " + workerCommand(queue)}})
}

func workerOf(place runbook.Place) string {
	if place == "" || place == runbook.Anywhere {
		return "a worker"
	}
	return "a worker at " + string(place)
}

func workerCommand(queue string) string {
	if queue == "" {
		return "landfall worker"
	}
	return "landfall worker --queue " + queue
}

// prove keeps what an attempt proved in the ledger. It is tried for ever, as a
// claim without its evidence is none.
func (r *run) prove(ctx workflow.Context, step string, proof []engine.Proof) []string {
	if len(proof) == 0 {
		return nil
	}
	var hashes []string
	if err := workflow.ExecuteActivity(r.kept(ctx, "evidence"), proveActivity, r.in.Run, step, proof).Get(ctx, &hashes); err != nil {
		workflow.GetLogger(ctx).Error("evidence was not kept", "step", step, "reason", err.Error())
	}
	return hashes
}

// kept are the options of what is written to the ledger: tried for ever, as a
// full disk is for people to mend.
func (r *run) kept(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{TaskQueue: r.side(ctx, ledgerQueue), StartToCloseTimeout: recordTimeout, HeartbeatTimeout: r.in.beat(), Summary: summary,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute}})
}

// yield asks an attempt to stop where it is. One that waits for the next
// history has not begun.
func (r *run) yield(c engine.Command) {
	if f, ok := r.flying["step "+c.Step]; ok {
		f.cancel()
		return
	}
	for i, h := range r.held {
		if h.Step == c.Step && (h.Kind == engine.DoStep || h.Kind == engine.UndoStep || h.Kind == engine.ProbeStep) {
			r.held = slices.Delete(r.held, i, i+1)
			r.inbox.SendAsync(letter{event: engine.Event{Kind: engine.AttemptEnded, Step: h.Step, Attempt: h.Attempt, Outcome: runbook.Yielded, Cursor: h.Cursor}})
			return
		}
	}
}

// lost is what an attempt came to whose worker did not answer: nobody knows.
func lost(err error, c engine.StepCall) engine.StepResult {
	var canceled *temporal.CanceledError
	if errors.As(err, &canceled) && c.Kind != engine.ProbeStep {
		// An attempt that has begun always answers, so no worker had begun it.
		return engine.StepResult{Outcome: runbook.Yielded, Detail: "it was asked to stop before a worker began it", Cursor: c.Cursor}
	}
	return engine.StepResult{Outcome: runbook.Unknown, Detail: trouble(err)}
}

// trouble says why there is no answer.
func trouble(err error) string {
	var timeout *temporal.TimeoutError
	var application *temporal.ApplicationError
	switch {
	case errors.As(err, &timeout) && timeout.TimeoutType() == enums.TIMEOUT_TYPE_HEARTBEAT:
		return "its worker fell silent"
	case errors.As(err, &timeout):
		return "it took longer than its timeout"
	case errors.As(err, &application):
		return application.Message()
	}
	return "it was broken off"
}

// ask measures a gate or a trigger.
func (r *run) ask(ctx workflow.Context, c engine.Command) {
	q := engine.Question{Run: r.in.Run, Step: c.Step}
	event := engine.Event{Kind: engine.GateAsked, Step: c.Step, Gate: c.Gate, Attempt: c.Attempt}
	if c.Kind == engine.AskTrigger {
		event = engine.Event{Kind: engine.TriggerAsked, Trigger: c.Trigger, Attempt: c.Attempt}
	}
	if !r.question(c, &q) {
		return
	}
	options := workflow.ActivityOptions{TaskQueue: r.side(ctx, questionQueue), StartToCloseTimeout: askTimeout, HeartbeatTimeout: r.in.beat(), RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1}, Summary: "ask " + q.ID}
	key := "ask " + c.Step + " " + q.ID
	child, cancel := workflow.WithCancel(workflow.WithActivityOptions(ctx, options))
	r.flying[key] = flight{cancel: cancel}
	workflow.Go(ctx, func(ctx workflow.Context) {
		var answer engine.Answer
		err := r.questions.Acquire(ctx, 1)
		if err == nil {
			err = workflow.ExecuteActivity(child, askActivity, q).Get(ctx, &answer)
			r.questions.Release(1)
		}
		if err != nil {
			answer = engine.Answer{Detail: "no data: " + trouble(err)}
		}
		delete(r.flying, key)
		event.Open, event.Detail = answer.Open, answer.Detail
		r.inbox.SendAsync(letter{event: event})
	})
}

// question finds what a command asks in the plan.
func (r *run) question(c engine.Command, q *engine.Question) bool {
	if c.Kind == engine.AskTrigger {
		for i := range r.plan.Triggers {
			if t := &r.plan.Triggers[i]; t.ID == c.Trigger {
				q.ID, q.Expr, q.Facts = t.ID, t.Expr, t.Facts
				return true
			}
		}
		return false
	}
	i, ok := r.index[c.Step]
	if !ok {
		return false
	}
	for _, g := range r.plan.Steps[i].Gates {
		if g.ID == c.Gate {
			q.ID, q.Expr, q.Facts = g.ID, g.Expr, g.Facts
			return true
		}
	}
	return false
}

func keyOf(c engine.Command) string { return c.Step + "\x00" + c.Trigger }

func (r *run) wake(ctx workflow.Context, c engine.Command) {
	key := keyOf(c)
	r.unwake(key)
	child, cancel := workflow.WithCancel(ctx)
	set := &timer{cancel}
	r.timers[key] = set
	future := workflow.NewTimer(child, max(c.At.Sub(workflow.Now(ctx)), 0))
	workflow.Go(ctx, func(ctx workflow.Context) {
		// One that fires in the moment in which it is taken back or replaced is of
		// no concern any more.
		if future.Get(ctx, nil) != nil || r.timers[key] != set {
			return
		}
		delete(r.timers, key)
		// The time of a run stands still while a clock that was set back has not
		// caught up; what a timer has waited for has passed all the same.
		r.inbox.SendAsync(letter{event: engine.Event{Kind: engine.Woke, Step: c.Step, Trigger: c.Trigger, At: c.At}})
	})
}

func (r *run) unwake(key string) {
	if t, ok := r.timers[key]; ok {
		delete(r.timers, key)
		t.cancel()
	}
}

// tell sends a message. The run does not wait for it; its history does.
func (r *run) tell(ctx workflow.Context, c engine.Command) {
	r.told++
	r.send(ctx, engine.Telling{Run: r.in.Run, Number: r.state.Seq<<16 + r.told, Step: c.Step, Message: *c.Message})
}

func (r *run) send(ctx workflow.Context, t engine.Telling) {
	r.untold[t.Number] = t
	child := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{TaskQueue: r.side(ctx, messageQueue), StartToCloseTimeout: time.Minute, ScheduleToCloseTimeout: tellFor, HeartbeatTimeout: r.in.beat(), Summary: "tell",
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 5 * time.Second, MaximumInterval: 5 * time.Minute}})
	workflow.Go(ctx, func(ctx workflow.Context) {
		err := r.messages.Acquire(ctx, 1)
		if err == nil {
			err = workflow.ExecuteActivity(child, tellActivity, t).Get(ctx, nil)
			r.messages.Release(1)
		}
		if err != nil {
			workflow.GetLogger(ctx).Warn("message was not sent", "step", t.Step, "reason", err.Error())
		}
		delete(r.untold, t.Number)
	})
}
