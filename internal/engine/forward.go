package engine

import (
	"slices"
	"time"
)

// eligible says whether a step may leave Pending.
func (t *turn) eligible(i int) bool {
	if !t.moving() || t.s.Mode != Forward || t.s.Steps[i].Status != Pending || !t.inScope(i) {
		return false
	}
	for _, n := range t.c.needs[i] {
		if !t.s.Steps[n].settled() {
			return false
		}
	}
	return true
}

// inScope says whether the phase of a step is carried out at all.
func (t *turn) inScope(i int) bool {
	return inPhase(t.c.phase[i], t.s.Until)
}

// enter begins the way of a step: its wait, its window, its gates, its
// approvals, and then itself.
func (t *turn) enter(i int) {
	step := t.plan(i)
	t.set(i, Waiting, false)
	t.tellStep(i, "before")
	if step.WaitSeconds > 0 {
		until := t.now.Add(seconds(step.WaitSeconds))
		t.record("step.waiting", i, "waits until "+stamp(until), nil)
		t.wake(i, until)
		return
	}
	t.window(i)
}

// window goes on when the window is open for the step, waits until it opens,
// or asks a person when it cannot be kept.
func (t *turn) window(i int) {
	if t.inWindow(i) {
		t.gates(i)
	}
}

// inWindow says whether the step may begin at this moment; if not, the step is
// brought to where it waits.
func (t *turn) inWindow(i int) bool {
	step, w := t.plan(i), t.c.plan.Window
	if !step.InWindow || w == nil || t.s.Steps[i].Late {
		return true
	}
	if w.Opens == nil {
		t.toOperator(i, "it begins in the maintenance window, and no time is agreed for that")
		return false
	}
	closes := w.Opens.Add(seconds(w.Seconds))
	last := closes.Add(-seconds(step.ExpectedSeconds) - seconds(w.RollbackSeconds))
	switch {
	case t.now.Before(*w.Opens):
		t.set(i, Waiting, false)
		t.record("step.waiting", i, "waits until the maintenance window opens at "+stamp(*w.Opens), nil)
		t.wake(i, *w.Opens)
		return false
	case t.now.After(last):
		t.toOperator(i, "it no longer fits into the maintenance window, which closes at "+stamp(closes)+
			": it is expected to take "+span(step.ExpectedSeconds)+", and "+span(w.RollbackSeconds)+" are kept for going back")
		return false
	}
	return true
}

// ready begins a step for which everything is met, or lets it wait for a place.
func (t *turn) ready(i int) {
	if !t.inWindow(i) {
		return
	}
	full := t.s.InFlight >= t.c.rules.maxInFlight || len(t.s.Queue) > 0
	if !t.moving() || full && t.attempts(i) {
		t.set(i, Ready, false)
		if !slices.Contains(t.s.Queue, i) {
			t.s.Queue = append(t.s.Queue, i)
		}
		return
	}
	t.launch(i)
}

// attempts says whether the step is carried out by an attempt.
func (t *turn) attempts(i int) bool {
	kind := t.plan(i).Kind
	return kind != kindManual && kind != kindWait
}

// release begins the steps that wait for a place.
func (t *turn) release() {
	for t.moving() && len(t.s.Queue) > 0 && t.s.InFlight < t.c.rules.maxInFlight {
		i := t.s.Queue[0]
		t.s.Queue = t.s.Queue[1:]
		if st := t.s.Steps[i]; st.Status == Ready && !st.Undo && t.inWindow(i) {
			t.launch(i)
		}
	}
	for len(t.todo) > 0 && t.moving() {
		i := t.todo[0]
		t.todo = t.todo[1:]
		if t.eligible(i) {
			t.enter(i)
		}
	}
}

// launch carries a step out.
func (t *turn) launch(i int) {
	if st := t.step(i); st.Begun.IsZero() {
		st.Begun = t.now
		t.tellStep(i, "begun")
	}
	switch t.plan(i).Kind {
	case kindWait:
		t.done(i, "its wait is over")
	case kindManual:
		t.set(i, Person, false)
		t.record("person.asked", i, "waits for a person to carry it out", nil)
		t.tellPerson(i)
	default:
		t.step(i).Tries++
		t.attempt(i)
	}
}

// attempt sends a step off to be done.
func (t *turn) attempt(i int) {
	st := t.set(i, Running, false)
	st.Attempt++
	st.Yielding = false
	t.record("attempt.begun", i, "attempt "+number(st.Attempt)+" begins", map[string]string{"attempt": number(st.Attempt)})
	t.other = append(t.other, Command{Kind: DoStep, Step: t.plan(i).ID, Attempt: st.Attempt, Round: st.Round, Cursor: st.Cursor})
}

// probe looks what an attempt has done of which that is not known.
func (t *turn) probe(i int) {
	undo := t.s.Steps[i].Undo
	st := t.set(i, Probing, undo)
	st.Attempt++
	st.Probes++
	st.Yielding = false
	t.record("probe.begun", i, "looks what is there", map[string]string{"attempt": number(st.Attempt)})
	t.other = append(t.other, Command{Kind: ProbeStep, Step: t.plan(i).ID, Attempt: st.Attempt, Round: st.Round, Cursor: st.Cursor})
}

// done settles a step that has its effect.
func (t *turn) done(i int, how string) {
	t.unwake(i)
	st := t.set(i, Done, false)
	st.Ended, st.Cursor, st.Effect = t.now, nil, true
	t.record("step.done", i, how, nil)
	t.s.Order = append(t.s.Order, i)
	t.tellStep(i, "done")
	t.settled(i)
}

// settled lets go what waited for a step.
func (t *turn) settled(i int) {
	t.todo = append(t.todo, t.c.dependents[i]...)
	t.watch(i)
}

// toOperator leaves a step to a person.
func (t *turn) toOperator(i int, why string) {
	t.unwake(i)
	undo := t.s.Steps[i].Undo
	st := t.set(i, Operator, undo)
	st.Detail = cut(why)
	t.record("operator.needed", i, why, nil)
	t.tellOperator(i, why)
}

// woke acts on a timer. One that comes before its time is set once more: the
// clocks of machines differ, and a timer that is lost would hold the run.
func (t *turn) woke(e *Event) {
	if e.Trigger != "" {
		t.triggerWoke(t.c.trigger[e.Trigger])
		return
	}
	i := t.c.index[e.Step]
	if at := t.s.Steps[i].Wake; t.now.Before(at) {
		t.wake(i, at)
		return
	}
	st := t.step(i)
	st.Wake = time.Time{}
	if t.moving() {
		t.due(i)
	}
}

// due goes on with a step whose timer is over.
func (t *turn) due(i int) {
	switch t.s.Steps[i].Status {
	case Waiting:
		t.window(i)
	case Gated:
		t.askDue(i)
	case Retrying:
		if t.s.Steps[i].Undo {
			t.undoAgain(i)
			return
		}
		t.ready(i)
	}
}

func seconds(n int64) time.Duration {
	const most = int64(1<<63-1) / int64(time.Second)
	return time.Duration(min(max(n, 0), most)) * time.Second
}
