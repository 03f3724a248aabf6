package temporal

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// run is the workflow: one coroutine takes events from the inbox, asks the
// reducer, and carries out what it says. Everything else (timers, attempts,
// people) only puts events into the inbox.
type run struct {
	in    Input
	plan  *runbook.Runbook
	index map[string]int
	state engine.State
	inbox workflow.Channel
	// flying are the attempts and questions under way, by what they are about.
	flying map[string]flight
	timers map[string]*timer
	// held are commands that wait for the next history.
	held []engine.Command
	turning
	// untold are the messages on their way, by number.
	untold map[int64]engine.Telling
	told   int64
	ended  bool
	// questions and messages bound how many are on their way.
	questions, messages workflow.Semaphore
}

// flight is something under way. Attempts heed a cancel by saying where they
// stopped; questions and probes are short and are waited for.
type flight struct {
	cancel  workflow.CancelFunc
	attempt bool
}

// letter is an event on its way to the reducer. done is told when the event
// was taken and is in the ledger, or why not.
type letter struct {
	event engine.Event
	done  workflow.Settable
}

type timer struct{ cancel workflow.CancelFunc }

// Run is the workflow of a run.
func Run(ctx workflow.Context, in Input) (Ended, error) {
	// A run ends by its own rules: one that the server was told to cancel would
	// stop half way, without going back.
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	r, err := open(ctx, in)
	if err != nil {
		return Ended{}, broken(in, err)
	}
	if err := r.handlers(ctx); err != nil {
		return Ended{}, err
	}
	if err := r.begin(ctx); err != nil {
		return Ended{}, broken(in, err)
	}
	// What has come is taken before the history is left: an event or a person's
	// word that stays in the inbox is lost with it.
	for {
		r.leaveSoon(ctx)
		if err := workflow.Await(ctx, func() bool { return r.inbox.Len() > 0 || r.mayLeave(ctx) }); err != nil {
			return Ended{}, err
		}
		if r.inbox.Len() == 0 {
			end, stays, err := r.leave(ctx)
			if stays {
				continue
			}
			return end, err
		}
		if err := r.turn(ctx); err != nil {
			return Ended{}, err
		}
	}
}

// leave ends the run, or goes on in a new history. Where that is not possible it
// stays in this one, which has room for ten times as much: a run is not ended
// for what it has to carry.
func (r *run) leave(ctx workflow.Context) (end Ended, stays bool, err error) {
	if r.ended {
		for _, number := range slices.Sorted(maps.Keys(r.untold)) {
			workflow.GetLogger(ctx).Warn("message was not sent before the run ended", "step", r.untold[number].Step)
		}
		end.Result = r.state.Result
		if end.State, err = packState(r.state, room(0)); err != nil {
			return Ended{}, false, fatal(err)
		}
		return end, false, nil
	}
	next := r.in
	next.State, next.From, next.Held, next.Untold = nil, nil, r.held, r.newestUntold(ctx)
	other, err := json.Marshal(next)
	if err == nil {
		next.State, err = packState(r.state, room(len(other)))
	}
	if err != nil {
		workflow.GetLogger(ctx).Error("the run stays in its history", "reason", err.Error())
		held := r.held
		r.turning, r.held = turning{stays: true}, nil
		return Ended{}, true, r.carryOut(ctx, held)
	}
	return Ended{}, false, workflow.NewContinueAsNewError(ctx, workflowName, next)
}

// mostUntold bounds the messages that go along into the next history. More wait
// only where none can be sent for long.
const mostUntold = 300

func (r *run) newestUntold(ctx workflow.Context) []engine.Telling {
	numbers := slices.Sorted(maps.Keys(r.untold))
	if over := len(numbers) - mostUntold; over > 0 {
		workflow.GetLogger(ctx).Warn("messages were not sent and are given up", "messages", over)
		numbers = numbers[over:]
	}
	var out []engine.Telling
	for _, number := range numbers {
		out = append(out, r.untold[number])
	}
	return out
}

// broken is about an input that cannot be worked with. A run that begins with
// one fails at once, and somebody is there to see it. One that is under way
// must not fail, because nothing would be rolled back: its task is tried again
// until a release carries it on that knows the input.
func broken(in Input, err error) error {
	if in.State != nil {
		panic(err)
	}
	return fatal(err)
}

func open(ctx workflow.Context, in Input) (*run, error) {
	r := &run{in: in, plan: &runbook.Runbook{}, index: map[string]int{}, inbox: workflow.NewBufferedChannel(ctx, 1<<20),
		flying: map[string]flight{}, timers: map[string]*timer{}, untold: map[int64]engine.Telling{},
		questions: workflow.NewSemaphore(ctx, mostAtOnce), messages: workflow.NewSemaphore(ctx, mostAtOnce)}
	if err := unpack("the runbook", in.Plan, r.plan); err != nil {
		return nil, err
	}
	for i := range r.plan.Steps {
		r.index[r.plan.Steps[i].ID] = i
	}
	if in.State != nil {
		return r, unpack("the state of the run", in.State, &r.state)
	}
	err := asFingerprinted(r.plan, in.Fingerprint)
	if err != nil && in.Form > 0 {
		return nil, err
	}
	r.state, err = engine.Start(r.plan, in.Run, in.Fingerprint)
	return r, err
}

// begin sends the first event of a new run, or goes on where the history
// before this one stopped.
func (r *run) begin(ctx workflow.Context) error {
	if r.in.State != nil {
		for _, t := range r.in.Untold {
			r.send(ctx, t)
		}
		held := slices.Clip(r.in.Held)
		for i := range r.state.Steps {
			if at := r.state.Steps[i].Wake; !at.IsZero() {
				held = append(held, engine.Command{Kind: engine.Wake, Step: r.plan.Steps[i].ID, At: at})
			}
		}
		for i := range r.state.Triggers {
			if at := r.state.Triggers[i].Wake; !at.IsZero() {
				held = append(held, engine.Command{Kind: engine.Wake, Trigger: r.plan.Triggers[i].ID, At: at})
			}
		}
		if behind := r.state.Now.Sub(workflow.Now(ctx)); behind > 0 {
			// The clock was set back in the history before, which did not notice: a
			// history knows no earlier time than it has known.
			r.inbox.SendAsync(letter{event: engine.Event{Kind: engine.Clock, At: workflow.Now(ctx)}})
		}
		return r.carryOut(ctx, held)
	}
	e := engine.Event{Kind: engine.Begin, Until: r.in.Until, By: r.in.By, How: r.in.How, Role: r.in.Role, Plan: r.in.Fingerprint}
	if r.in.From != nil {
		e.From = &engine.State{}
		if err := unpack("the checkpoint", r.in.From, e.From); err != nil {
			return err
		}
	}
	r.inbox.SendAsync(letter{event: e})
	return nil
}

// handlers takes events from people and answers questions about the run.
func (r *run) handlers(ctx workflow.Context) error {
	err := workflow.SetUpdateHandlerWithOptions(ctx, eventUpdate, func(ctx workflow.Context, e engine.Event) error {
		future, done := workflow.NewFuture(ctx)
		r.inbox.SendAsync(letter{event: e, done: done})
		return future.Get(ctx, nil)
	}, workflow.UpdateHandlerOptions{Validator: func(ctx workflow.Context, e engine.Event) error {
		e.At = workflow.Now(ctx)
		if !e.Kind.OfPeople() {
			// A report that anybody could give would end attempts, open gates and fire
			// triggers without a worker that has looked.
			return refusal(fault.Newf(fault.Denied, "take %s: nobody but the driver reports it", e.Kind))
		}
		return refusal(engine.Check(r.plan, r.state, e))
	}})
	if err != nil {
		return err
	}
	if err := workflow.SetQueryHandler(ctx, statusQuery, func() (standing, error) { return r.standing(), nil }); err != nil {
		return err
	}
	return workflow.SetQueryHandler(ctx, stateQuery, func() ([]byte, error) { return packState(r.state, room(0)) })
}

// turn takes all events that are there, lets the reducer say what follows,
// writes that to the ledger in one go, and then begins it.
func (r *run) turn(ctx workflow.Context) error {
	var first letter
	if more := r.inbox.Receive(ctx, &first); !more {
		return fault.Newf(fault.Internal, "the inbox of the run is closed")
	}
	letters := []letter{first}
	for {
		var l letter
		if !r.inbox.ReceiveAsync(&l) {
			break
		}
		letters = append(letters, l)
	}
	var commands []engine.Command
	refused := make([]error, len(letters))
	for i, l := range letters {
		l.event.At = r.timeOf(ctx, l.event)
		state, follow, err := engine.Next(r.plan, r.state, l.event)
		if err != nil && l.event.Kind == engine.Begin {
			// Nothing would ever come after it: somebody is there to see it fail.
			return fatal(err)
		}
		if err != nil {
			refused[i] = err
			if l.done == nil {
				workflow.GetLogger(ctx).Warn("event was refused", "kind", l.event.Kind, "step", l.event.Step, "reason", err.Error())
			}
			continue
		}
		r.state = state
		commands = append(commands, follow...)
	}
	if err := r.record(ctx, commands); err != nil {
		return err
	}
	for i, l := range letters {
		if l.done != nil {
			l.done.Set(nil, refusal(refused[i]))
		}
	}
	r.watch(ctx)
	return r.carryOut(ctx, commands)
}

// timeOf is the time of an event: that of the history, where the run's own is not
// later. Only what says what time it is may set the run's time back.
func (r *run) timeOf(ctx workflow.Context, e engine.Event) time.Time {
	now := workflow.Now(ctx)
	if e.Kind == engine.Clock || e.Kind == engine.Begin {
		return now
	}
	if r.state.Now.After(now) {
		now = r.state.Now
	}
	if e.Kind == engine.Woke && e.At.After(now) {
		return e.At
	}
	return now
}
