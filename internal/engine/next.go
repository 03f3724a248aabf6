package engine

import (
	"maps"
	"slices"
	"time"

	"example.com/landfall/internal/runbook"
)

// turn is what one event does: a copy of the state, of which a step is copied
// when it changes, and the commands that follow.
type turn struct {
	c   *compiled
	s   State
	now time.Time
	by  string
	// proof goes to the first entry.
	proof   map[string]string
	records []Command
	other   []Command
	owned   map[int]bool
	// todo are the steps of which something that they need was settled.
	todo []int
}

// Next takes one event. The state that it was given stays as it is. An event
// that Check refuses changes nothing: the same state comes back with the error,
// and whoever carries commands out goes on (a second report of the same
// attempt, a late timer).
func Next(plan *runbook.Runbook, s State, e Event) (State, []Command, error) {
	c, err := s.of(plan)
	if err != nil {
		return s, nil, err
	}
	s.compiled = c
	if err := c.check(s, &e); err != nil {
		return s, nil, err
	}
	t := &turn{c: c, s: s, by: e.By, proof: e.Proof}
	t.s.Steps = slices.Clone(s.Steps)
	t.s.Phases = slices.Clone(s.Phases)
	t.s.Triggers = slices.Clone(s.Triggers)
	t.s.Order, t.s.Queue = slices.Clip(s.Order), slices.Clip(s.Queue)
	t.s.Seq++
	t.clock(e.At)
	c.rules.apply(t, &e)
	return t.s, append(t.records, t.other...), nil
}

// Check says whether an event is possible in a state, and why not, as a
// *fault.Error: Invalid when the event itself is wrong, Conflict when it does
// not fit where the run stands, Denied when the person may not, Refused when a
// rule of safety says no, NotFound for a step or trigger that is none.
func Check(plan *runbook.Runbook, s State, e Event) error {
	c, err := s.of(plan)
	if err != nil {
		return err
	}
	return c.check(s, &e)
}

// applyV1 is version 1 of the rules.
func applyV1(t *turn, e *Event) {
	switch e.Kind {
	case Begin:
		t.begin(e)
	case AttemptEnded:
		t.attemptEnded(t.c.index[e.Step], e)
	case GateAsked:
		t.gateAsked(t.c.index[e.Step], e)
	case TriggerAsked:
		t.triggerAsked(t.c.trigger[e.Trigger], e)
	case Woke:
		t.woke(e)
	case Approve:
		t.approve(t.c.index[e.Step], e)
	case Reject:
		t.reject(t.c.index[e.Step], e)
	case Confirm:
		t.confirm(t.c.index[e.Step], e)
	case Skip:
		t.skip(t.c.index[e.Step], e)
	case Retry:
		t.retry(t.c.index[e.Step], e)
	case Settle:
		t.settle(t.c.index[e.Step], e)
	case Pause:
		t.record("run.paused", -1, orNone(e.Reason), nil)
		t.pause(e.By, e.Reason)
	case Resume:
		t.resume(e)
	case Rollback:
		target := -1
		if e.Step != "" {
			target = t.c.index[e.Step]
		}
		t.goBack(target, e)
	case Abort:
		t.abort(e)
	case Drain:
		t.drain()
	case Extend:
		t.extend(e)
	case Clock: // its time is all that it says
	}
	t.follow()
}

// follow does what the event made possible.
func (t *turn) follow() {
	for len(t.todo) > 0 {
		i := t.todo[0]
		t.todo = t.todo[1:]
		if t.eligible(i) {
			t.enter(i)
		}
	}
	switch {
	case t.s.Mode == Ended:
	case t.s.Aborting:
		t.endAborted()
	case t.s.Draining:
		t.endDrained()
	case t.s.Mode == Back:
		t.advanceBack()
	default:
		t.release()
		t.endPhases()
		t.endForward()
	}
}

// moving says whether anything new may begin.
func (t *turn) moving() bool {
	return t.s.Mode != Ended && !t.s.Paused && !t.s.Draining && !t.s.Aborting
}

func (t *turn) plan(i int) *runbook.Step { return &t.c.plan.Steps[i] }

// step returns a step's state to be changed.
func (t *turn) step(i int) *StepState {
	if !t.owned[i] {
		if t.owned == nil {
			t.owned = map[int]bool{}
		}
		t.owned[i] = true
		c := *t.s.Steps[i]
		t.s.Steps[i] = &c
	}
	return t.s.Steps[i]
}

// set brings a step to a status and keeps the counts.
func (t *turn) set(i int, to Status, undo bool) *StepState {
	st := t.step(i)
	t.count(i, -1)
	if st.Status != to {
		st.Since = t.now
	}
	from := st.Status
	st.Status, st.Undo = to, undo
	t.count(i, 1)
	if from == Pending && to != Pending {
		t.beginPhase(t.c.phase[i])
	}
	return st
}

func (t *turn) count(i, by int) {
	st := t.s.Steps[i]
	if st.inFlight() {
		t.s.InFlight += by
	}
	if st.active() {
		t.s.Active += by
	}
	if !st.settled() {
		t.s.Phases[t.c.phase[i]].Open += by
	}
}

// inFlight says that an attempt is under way.
func (st *StepState) inFlight() bool {
	return st.Status == Running || st.Status == Probing || st.Status == Undoing
}

// settled says that those that need the step may begin.
func (st *StepState) settled() bool { return st.Status == Done || st.Status == Skipped }

// active says that something is going on with the step, or is waited for.
func (st *StepState) active() bool {
	switch st.Status {
	case Waiting, Gated, Asked, Running, Probing, Retrying, Operator, Person, Undoing:
		return true
	case Ready:
		return !st.Undo
	default:
		return false
	}
}

// wake sets the timer of a step, which has one at most.
func (t *turn) wake(i int, at time.Time) {
	t.step(i).Wake = at
	t.other = append(t.other, Command{Kind: Wake, Step: t.plan(i).ID, At: at})
}

func (t *turn) unwake(i int) {
	if t.s.Steps[i].Wake.IsZero() {
		return
	}
	t.step(i).Wake = time.Time{}
	t.other = append(t.other, Command{Kind: Unwake, Step: t.plan(i).ID})
}

// record writes an entry of the ledger. step is -1 for the run itself.
func (t *turn) record(kind string, step int, text string, data map[string]string) {
	t.s.Records++
	entry := &Entry{Number: t.s.Records, At: t.now, Kind: kind, By: t.by, Text: cut(text), Data: maps.Clone(data)}
	entry.Proof, t.proof = maps.Clone(t.proof), nil
	c := Command{Kind: Record, Entry: entry}
	if step >= 0 {
		entry.Step = t.plan(step).ID
		c.Step = entry.Step
	}
	t.records = append(t.records, c)
}

// maxText bounds what the state and the ledger keep of a text from outside.
const maxText = 1000

func cut(text string) string {
	runes := []rune(text)
	if len(runes) <= maxText {
		return text
	}
	return string(runes[:maxText]) + "..."
}

func orNone(reason string) string {
	if reason == "" {
		return "no reason given"
	}
	return reason
}
