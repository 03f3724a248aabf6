package simulate

import (
	"container/heap"
	"context"
	"encoding/json"
	"time"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// Eyes look at the world as it is. They change nothing.
type Eyes interface {
	// Look says what is there of a step. Each step is asked about once.
	Look(ctx context.Context, step runbook.Step) Look
	// Ask measures the facts of a gate. The same question is asked once.
	Ask(ctx context.Context, q engine.Question) engine.Answer
}

// Look is what a look at a step found.
type Look struct {
	// Text is one line for people.
	Text string `json:"text"`
	// Wrong says that the step would not come through as things are. What an
	// earlier step brings about may mend that.
	Wrong bool `json:"wrong,omitempty"`
}

// Gate is what a gate was measured to be. The simulation goes on as if it were
// open.
type Gate struct {
	ID string `json:"id"`
	// Open is nil without data: not open.
	Open   *bool  `json:"open,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// Step is what became of one step.
type Step struct {
	ID string `json:"id"`
	// Ready is when all that it needs was done; Begins is after its waits, gates
	// and approvals.
	Ready  time.Time `json:"ready"`
	Begins time.Time `json:"begins"`
	Ends   time.Time `json:"ends"`
	Look   *Look     `json:"look,omitempty"`
	// Approvers are the roles that were asked, "" for anyone who may approve.
	Approvers []string `json:"approvers,omitempty"`
	// Person says that somebody carries it out.
	Person bool   `json:"person,omitempty"`
	Gates  []Gate `json:"gates,omitempty"`
	// Stops says why the run would stand here until an operator decides.
	Stops string `json:"stops,omitempty"`
}

// Result is what a simulation came to.
type Result struct {
	// Steps stand in the order in which they began.
	Steps []Step `json:"steps"`
	// Messages are those that would go out.
	Messages []runbook.Message `json:"messages"`
	// Open are ids of steps that never ended: beyond the last phase.
	Open   []string     `json:"open,omitempty"`
	Begins time.Time    `json:"begins"`
	Ends   time.Time    `json:"ends"`
	State  engine.State `json:"-"`
}

// mostEvents bounds a simulation: some hundreds for each of ten thousand steps.
const mostEvents = 5_000_000

// Run carries the runbook of the request out, beginning at a time. People say
// yes and confirm at once, by the owner's expected time; a step that stops is
// noted, and the simulation goes on behind it.
func Run(ctx context.Context, r engine.Request, begins time.Time, eyes Eyes) (Result, error) {
	state, err := engine.Start(r.Plan, r.Run, r.Fingerprint)
	if err != nil {
		return Result{}, err
	}
	w := &world{ctx: ctx, eyes: eyes, plan: r.Plan, fingerprint: r.Fingerprint, state: state, now: begins, index: r.Plan.Index(),
		steps: map[string]*Step{}, timers: map[string]time.Time{}, answers: map[string]engine.Answer{}, stopped: map[string]int{}}
	w.later(0, engine.Event{Kind: engine.Begin, Until: r.Until, By: r.By, How: r.How, Plan: r.Fingerprint})
	for range mostEvents {
		if err := ctx.Err(); err != nil {
			return Result{}, fault.Wrap(err, "simulate the run", r.Run)
		}
		if w.queue.Len() == 0 || w.state.Mode == engine.Ended {
			return w.result(begins), nil
		}
		next := heap.Pop(&w.queue).(due)
		if w.stale(next.event) {
			continue
		}
		if err := w.take(next); err != nil {
			return Result{}, err
		}
	}
	return Result{}, fault.Newf(fault.Internal, "simulate the run %q: it does not end", r.Run)
}

// world is the simulated one.
type world struct {
	ctx         context.Context
	eyes        Eyes
	plan        *runbook.Runbook
	fingerprint string
	state       engine.State
	now         time.Time
	index       map[string]int
	queue       queue
	count       int
	timers      map[string]time.Time
	steps       map[string]*Step
	order       []string
	answers     map[string]engine.Answer
	stopped     map[string]int
	messages    []runbook.Message
}

// later puts an event into the queue, so many seconds from now.
func (w *world) later(seconds int64, e engine.Event) {
	w.at(w.now.Add(time.Duration(max(seconds, 0))*time.Second), e)
}

func (w *world) at(when time.Time, e engine.Event) {
	w.count++
	e.At = when
	heap.Push(&w.queue, due{w.count, e})
}

// stale says that a timer was set anew or taken back meanwhile.
func (w *world) stale(e engine.Event) bool {
	return e.Kind == engine.Woke && !w.timers[e.Step].Equal(e.At)
}

// take gives an event to the reducer and does what it says. What the reducer
// refuses is late, as it may be in a real run.
func (w *world) take(d due) error {
	w.now = d.event.At
	if d.event.Kind == engine.Woke {
		delete(w.timers, d.event.Step)
	}
	state, commands, err := engine.Next(w.plan, w.state, d.event)
	if err != nil {
		if fault.Is(err, fault.Conflict) {
			return nil
		}
		return err
	}
	w.state = state
	for _, c := range commands {
		w.carryOut(c)
	}
	return nil
}

func (w *world) carryOut(c engine.Command) {
	switch c.Kind {
	case engine.Record:
		w.note(c.Entry)
	case engine.DoStep:
		step := &w.plan.Steps[w.index[c.Step]]
		if s := w.step(c.Step); s.Look == nil {
			look := w.eyes.Look(w.ctx, *step)
			s.Look = &look
		}
		w.later(step.ExpectedSeconds, engine.Event{Kind: engine.AttemptEnded, Step: c.Step, Attempt: c.Attempt, Outcome: runbook.Succeeded})
	case engine.ProbeStep, engine.UndoStep:
		// Nothing was done, so there is nothing to look for or to take back.
		gone := false
		w.later(0, engine.Event{Kind: engine.AttemptEnded, Step: c.Step, Attempt: c.Attempt, Outcome: runbook.Succeeded, Effect: &gone})
	case engine.AskGate:
		w.gate(c)
	case engine.AskTrigger:
		// Whether it is time to go back is a question about what was never done.
		no := false
		w.later(0, engine.Event{Kind: engine.TriggerAsked, Trigger: c.Trigger, Attempt: c.Attempt, Open: &no})
	case engine.Wake:
		if c.Trigger == "" {
			w.timers[c.Step] = c.At
			w.at(c.At, engine.Event{Kind: engine.Woke, Step: c.Step})
		}
	case engine.Unwake:
		delete(w.timers, c.Step)
	case engine.Tell:
		w.messages = append(w.messages, *c.Message)
	case engine.YieldStep, engine.End:
	}
}

// gate asks once what a gate is, and lets it be open.
func (w *world) gate(c engine.Command) {
	step := &w.plan.Steps[w.index[c.Step]]
	for _, g := range step.Gates {
		if g.ID != c.Gate {
			continue
		}
		q := engine.Question{Run: w.state.Run, Step: c.Step, ID: g.ID, Expr: g.Expr, Facts: g.Facts}
		facts, _ := json.Marshal(g.Facts) // plain data from a JSON document
		key := g.Expr + "\n" + string(facts)
		answer, known := w.answers[key]
		if !known {
			answer = w.eyes.Ask(w.ctx, q)
			w.answers[key] = answer
		}
		if s := w.step(c.Step); !hasGate(s.Gates, g.ID) {
			s.Gates = append(s.Gates, Gate{ID: g.ID, Open: answer.Open, Detail: answer.Detail})
		}
	}
	open := true
	w.later(0, engine.Event{Kind: engine.GateAsked, Step: c.Step, Gate: c.Gate, Attempt: c.Attempt, Open: &open})
}

func hasGate(gates []Gate, id string) bool {
	for _, g := range gates {
		if g.ID == id {
			return true
		}
	}
	return false
}

func (w *world) step(id string) *Step {
	s, ok := w.steps[id]
	if !ok {
		s = &Step{ID: id}
		w.steps[id] = s
		w.order = append(w.order, id)
	}
	return s
}

// result sums up.
func (w *world) result(begins time.Time) Result {
	out := Result{Steps: []Step{}, Messages: w.messages, Begins: begins, Ends: w.state.Now, State: w.state}
	for i, st := range w.state.Steps {
		id := w.plan.Steps[i].ID
		if st.Status != engine.Done && st.Status != engine.Skipped {
			out.Open = append(out.Open, id)
			continue
		}
		s := w.step(id)
		if s.Begins = st.Begun; s.Begins.IsZero() {
			s.Begins = st.Since // skipped without a begin
		}
		if s.Ends = st.Ended; s.Ends.IsZero() {
			s.Ends = st.Since
		}
	}
	for _, id := range sorted(w.order, w.steps) {
		if s := w.steps[id]; !s.Ends.IsZero() {
			s.Ready = w.readyAt(id, begins)
			out.Steps = append(out.Steps, *s)
		}
	}
	return out
}

// readyAt is when all that a step needs was done.
func (w *world) readyAt(id string, begins time.Time) time.Time {
	at := begins
	for _, need := range w.plan.Steps[w.index[id]].Needs {
		if s := w.steps[need]; s != nil && s.Ends.After(at) {
			at = s.Ends
		}
	}
	return at
}
