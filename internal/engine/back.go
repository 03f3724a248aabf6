package engine

import (
	"cmp"
	"slices"

	"example.com/landfall/internal/runbook"
)

// goBack turns the run round: nothing new begins, what is under way is asked to
// stop, and then everything above Floor in Order is taken back, newest first.
func (t *turn) goBack(target int, e *Event) {
	t.s.Mode, t.s.Target, t.s.Floor = Back, target, t.floor(target)
	t.s.Paused, t.s.PausedBy, t.s.Why, t.s.Held = false, "", "", false
	t.s.Queue = nil
	t.record("rollback.begun", -1, backText(e.Step)+": "+orNone(e.Reason), map[string]string{"to": e.Step, "accepted": yes(e.Accept)})
	t.tellBack(e.Step, e.Reason)
	for k := range t.s.Triggers {
		t.unwatch(k)
	}
	var dirty []int
	for i := range t.s.Steps {
		if t.turnRound(i) {
			dirty = append(dirty, i)
		}
	}
	slices.SortStableFunc(dirty, func(a, b int) int { return t.s.Steps[a].Begun.Compare(t.s.Steps[b].Begun) })
	for _, i := range dirty {
		t.leave(i)
	}
	t.yieldAll()
}

// floor is the length of Order at which everything from target on is taken back.
func (t *turn) floor(target int) int { return floorOf(t.s, target) }

func floorOf(s State, target int) int {
	if target < 0 {
		return 0
	}
	if at := slices.Index(s.Order, target); at >= 0 {
		return at
	}
	return len(s.Order)
}

// turnRound stops what a step was waiting for, and reports whether it has an
// effect without being done.
func (t *turn) turnRound(i int) (dirty bool) {
	st := t.s.Steps[i]
	switch {
	case st.Undo || st.inFlight() || st.settled():
		return false
	case st.Status == Person:
		// Nobody but the person knows how far it is.
		s := t.step(i)
		s.Outcome, s.Effect = runbook.Unknown, true
		t.toOperator(i, "a person was told to carry it out, and the run goes back: say whether it was done")
		return false
	case st.Status == Operator && st.Outcome == runbook.Unknown, st.Status == Kept, st.Status == Undone:
		return false
	case st.Status == Pending && !st.Effect:
		return false
	case st.Effect:
		return true
	}
	t.leave(i)
	return false
}

// leave puts a step that is not done where the way back needs it: to what is
// taken back when it may have an effect, else to the beginning.
func (t *turn) leave(i int) {
	if !t.s.Steps[i].Effect {
		t.reset(i)
		return
	}
	st := t.step(i)
	st.Tries, st.Probes, st.Cursor = 0, 0, nil
	t.requeue(i)
}

// requeue puts a step where it is taken back next.
func (t *turn) requeue(i int) {
	t.unwake(i)
	t.set(i, Ready, true)
	t.s.Order = append(t.s.Order, i)
}

// reset brings a step back to the beginning. What people said of it does not
// count any more: they said it of another moment.
func (t *turn) reset(i int) {
	t.unwake(i)
	st := t.set(i, Pending, false)
	st.Approvals, st.Outcome, st.Detail, st.Cursor = nil, "", "", nil
	st.Tries, st.Probes, st.Passed, st.Late = 0, 0, false, false
	st.Gates = slices.Clone(st.Gates)
	for k := range st.Gates {
		// The numbers go on, so that a late answer is known as one.
		st.Gates[k] = GateState{Asking: st.Gates[k].Asking}
	}
}

// advanceBack takes back the next step, one at a time, or ends the way back.
func (t *turn) advanceBack() {
	if !t.moving() || t.s.InFlight > 0 || t.s.Active > 0 {
		return
	}
	for len(t.s.Order) > t.s.Floor {
		last := len(t.s.Order) - 1
		i := t.s.Order[last]
		t.s.Order = slices.Clip(t.s.Order[:last])
		st, step := t.s.Steps[i], t.plan(i)
		switch {
		case st.Status == Skipped && !st.Effect:
		case step.Undo == nil:
			t.keep(i, step.UndoReason)
		default:
			t.takeBack(i)
			return
		}
	}
	t.arrived()
}

func (t *turn) takeBack(i int) {
	st := t.step(i)
	if st.Status != Ready {
		st.Tries, st.Probes, st.Cursor = 0, 0, nil
	}
	if t.plan(i).Kind == kindManual {
		t.set(i, Person, true)
		t.record("person.asked", i, "waits for a person to take it back", nil)
		t.tellPerson(i)
		return
	}
	t.undoAgain(i)
}

// undoAgain sends a step off to be taken back.
func (t *turn) undoAgain(i int) {
	st := t.set(i, Undoing, true)
	st.Attempt++
	st.Tries++
	st.Yielding = false
	t.record("undo.begun", i, "attempt "+number(st.Attempt)+" to take it back begins", map[string]string{"attempt": number(st.Attempt)})
	t.other = append(t.other, Command{Kind: UndoStep, Step: t.plan(i).ID, Attempt: st.Attempt, Round: st.Round, Cursor: st.Cursor})
}

// undoEnded takes what an attempt to take a step back came to.
func (t *turn) undoEnded(i int, e *Event, asked bool) {
	switch e.Outcome {
	case runbook.Succeeded:
		t.undone(i, "taken back"+withDetail(e.Detail))
	case runbook.NoEffect:
		t.again(i, e.Final, "it could not be taken back")
	case runbook.BadEffect:
		t.failed(i, "taking it back ended half way"+withDetail(e.Detail))
	case runbook.Unknown:
		t.unknown(i)
	case runbook.Yielded:
		t.step(i).Tries--
		if asked || !t.moving() {
			t.requeue(i)
			return
		}
		t.set(i, Retrying, true)
		t.wake(i, t.now.Add(t.retryWait(t.plan(i).Retry, 1)))
	}
}

func (t *turn) undone(i int, how string) {
	t.unwake(i)
	st := t.set(i, Undone, false)
	st.Effect, st.Cursor, st.Ended = false, nil, t.now
	st.Round++
	t.record("step.undone", i, how, nil)
}

// keep leaves an effect where it is, with the reason.
func (t *turn) keep(i int, why string) {
	st := t.set(i, Kept, false)
	st.Detail, st.Ended = cut(why), t.now
	t.record("step.kept", i, why, nil)
}

// arrived ends the way back: at the beginning the run is over, before a step it
// stands still until a person says to go on.
func (t *turn) arrived() {
	if t.s.Target < 0 {
		t.end("rolled back", t.keptText())
		return
	}
	to := t.plan(t.s.Target).ID
	kept := t.keptText()
	for i, st := range t.s.Steps {
		if st.Status == Undone || st.Status == Kept || st.Status == Skipped && !slices.Contains(t.s.Order, i) {
			t.reset(i)
		}
	}
	for k := range t.s.Phases {
		if t.s.Phases[k].Open > 0 {
			t.s.Phases[k].Ended = false
		}
	}
	t.s.Mode, t.s.Target, t.s.Floor = Forward, -1, 0
	t.s.Paused, t.s.PausedBy, t.s.Why = true, "", "rolled back to "+to
	t.record("rollback.ended", -1, "rolled back to the state before "+to+": "+kept, map[string]string{"to": to})
	t.tellArrived(to, kept)
}

func (t *turn) keptText() string {
	var kept []string
	for i, st := range t.s.Steps {
		if st.Status == Kept {
			kept = append(kept, t.plan(i).ID+" ("+st.Detail+")")
		}
	}
	if len(kept) == 0 {
		return "nothing was kept"
	}
	return "kept: " + listed(kept, 10)
}

// standing are the steps that going back to a step takes back: those that are
// done, and those that may have an effect, in that order.
func (c *compiled) standing(s State, target int) []int {
	out := slices.Clone(s.Order[min(floorOf(s, target), len(s.Order)):])
	for i, st := range s.Steps {
		if !st.settled() && st.Status != Kept && !slices.Contains(out, i) && (st.Effect || st.inFlight() || st.Status == Person) {
			out = append(out, i)
		}
	}
	return out
}

// gone names the first step on the way back that took something of the source
// away for good, "" for none. Nobody is sent back to a side that is not whole:
// no accepting opens that way.
func (c *compiled) gone(s State, target int) string {
	for _, i := range c.standing(s, target) {
		if step := &c.plan.Steps[i]; step.After.Gone && step.Undo == nil && !(s.Steps[i].Status == Skipped && !s.Steps[i].Effect) {
			return step.ID
		}
	}
	return ""
}

// losses names what going back to a step loses, newest first.
func (c *compiled) losses(s State, target int) []string {
	standing := c.standing(s, target)
	var out []string
	for _, i := range slices.Backward(standing) {
		step, st := &c.plan.Steps[i], s.Steps[i]
		switch {
		case st.Status == Skipped && !st.Effect:
		case step.Undo != nil && step.Undo.Loses != "":
			out = append(out, step.ID+": "+step.Undo.Loses)
		case step.ID == c.plan.PointOfNoReturn:
			out = append(out, step.ID+": "+cmp.Or(step.UndoReason, "it is the point of no return"))
		}
	}
	return out
}
