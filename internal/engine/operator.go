package engine

import (
	"slices"
	"time"

	"example.com/landfall/internal/runbook"
)

// confirm takes a person's word that a step was carried out, or taken back.
func (t *turn) confirm(i int, e *Event) {
	st := t.step(i)
	st.Evidence = newest(append(slices.Clip(st.Evidence), e.Evidence...))
	st.Outcome, st.Detail = runbook.Succeeded, cut(e.Reason)
	data := map[string]string{"role": e.Role, "how": e.How}
	for k, id := range e.Evidence {
		data["evidence"+number(k+1)] = id
	}
	t.record("person.confirmed", i, orNone(e.Reason), data)
	if st.Undo {
		t.undone(i, "taken back by "+e.By)
		return
	}
	t.done(i, "done by "+e.By)
}

// skip passes over a step; one that is being taken back is kept.
func (t *turn) skip(i int, e *Event) {
	t.unwake(i)
	if t.s.Steps[i].Undo {
		t.keep(i, "kept by "+e.By+": "+e.Reason)
		return
	}
	st := t.set(i, Skipped, false)
	st.Ended, st.Detail = t.now, cut(e.Reason)
	t.record("step.skipped", i, e.Reason, map[string]string{"accepted": yes(e.Accept)})
	t.s.Order = append(t.s.Order, i)
	t.settled(i)
}

// retry begins anew with all tries; what is not known is looked at once more.
func (t *turn) retry(i int, e *Event) {
	st := t.step(i)
	st.Tries, st.Probes = 0, 0
	if e.Accept {
		st.Late = true
	}
	t.record("retry.asked", i, orNone(e.Reason), map[string]string{"accepted": yes(e.Accept)})
	switch {
	case st.Outcome == runbook.Unknown:
		t.probe(i)
	case st.Undo && !t.moving():
		t.requeue(i)
	case st.Undo:
		t.undoAgain(i)
	case !t.moving():
		t.ready(i)
	default:
		t.window(i)
	}
}

// settle takes a person's word on what nobody else can tell.
func (t *turn) settle(i int, e *Event) {
	st := t.step(i)
	there := *e.Effect
	t.record("outcome.settled", i, seen(e.Effect)+": "+e.Reason, map[string]string{"effect": seen(e.Effect)})
	st.Tries, st.Probes = 0, 0
	st.Effect = there
	st.Outcome = runbook.NoEffect
	if there {
		st.Outcome = runbook.BadEffect
	} else {
		st.Cursor = nil
	}
	switch {
	case st.Undo && !there:
		t.undone(i, "taken back, as "+e.By+" says")
	case st.Undo && !t.moving():
		t.requeue(i)
	case st.Undo:
		t.undoAgain(i)
	case t.s.Mode == Back:
		t.leave(i)
	case there:
		st.Outcome = runbook.Succeeded
		t.done(i, "done, as "+e.By+" says")
	case !t.moving():
		t.ready(i)
	default:
		t.window(i)
	}
}

// pause starts nothing new and asks attempts under way to stop where they are.
func (t *turn) pause(by, why string) {
	t.s.Paused, t.s.PausedBy, t.s.Why = true, by, cut(why)
	t.yieldAll()
}

func (t *turn) yieldAll() {
	if t.s.InFlight == 0 {
		return
	}
	for i, st := range t.s.Steps {
		if (st.Status == Running || st.Status == Undoing) && !st.Yielding {
			t.step(i).Yielding = true
			t.other = append(t.other, Command{Kind: YieldStep, Step: t.plan(i).ID, Attempt: st.Attempt})
		}
	}
}

// resume goes on: timers that ran out meanwhile act, and gates are asked again
// from the beginning, as nobody looked while the run stood still.
func (t *turn) resume(e *Event) {
	t.record("run.resumed", -1, orNone(e.Reason), nil)
	t.s.Paused, t.s.PausedBy, t.s.Why = false, "", ""
	t.goOn()
}

func (t *turn) goOn() {
	t.s.Queue = nil
	for i := range t.s.Steps {
		t.goOnStep(i)
	}
	t.watchAll()
}

func (t *turn) goOnStep(i int) {
	st := t.s.Steps[i]
	switch st.Status {
	case Pending:
		t.todo = append(t.todo, i)
	case Waiting, Retrying:
		if st.Wake.IsZero() {
			t.due(i)
		}
	case Gated:
		t.gates(i)
	case Ready:
		switch {
		case st.Undo:
			// It stands in Order, and is taken from there.
		case st.Tries == 0 && !st.Effect, !t.approved(i):
			t.window(i)
		default:
			t.ready(i)
		}
	}
}

// abort ends the run as it stands.
func (t *turn) abort(e *Event) {
	t.s.Aborting, t.s.Draining = true, false
	t.record("run.aborting", -1, orNone(e.Reason), nil)
	t.yieldAll()
}

func (t *turn) drain() {
	t.s.Draining = true
	t.record("run.draining", -1, "what is under way ends; the run goes on in another engine", nil)
	t.yieldAll()
}

func (t *turn) extend(e *Event) {
	t.s.Until, t.s.Held = e.Until, false
	t.record("run.extended", -1, "goes on "+untilText(e.Until), nil)
	for i := range t.s.Steps {
		if t.s.Steps[i].Status == Pending {
			t.todo = append(t.todo, i)
		}
	}
}

// endDrained ends a run that goes on elsewhere, once nothing is under way.
func (t *turn) endDrained() {
	if t.s.InFlight > 0 {
		return
	}
	t.s.Draining = false
	t.end("drained", "goes on in another engine")
}

func (t *turn) endAborted() {
	if t.s.InFlight > 0 {
		return
	}
	t.s.Aborting = false
	var left []string
	for i, st := range t.s.Steps {
		if st.Effect {
			left = append(left, t.plan(i).ID)
		}
	}
	t.end("aborted", "effects of "+number(len(left))+" steps stay: "+listed(left, 20))
}

func (t *turn) end(result, text string) {
	t.s.Resumes = t.s.Mode
	t.s.Mode, t.s.Result = Ended, result
	t.record("run.ended", -1, result+": "+text, map[string]string{"result": result})
	t.tellRun(result, text)
	t.other = append(t.other, Command{Kind: End})
}

// endForward ends a run of which everything is done, or holds it at the end of
// the last phase that it was asked for.
func (t *turn) endForward() {
	if t.s.Mode != Forward || t.s.Held || !t.moving() {
		return
	}
	last := len(t.s.Phases) - 1
	if t.s.Until != "" {
		last = slices.Index(runbook.Phases(), t.s.Until)
	}
	for k, p := range t.s.Phases {
		if p.Open > 0 && k <= last {
			return
		}
		if p.Open > 0 {
			t.s.Held = true
			t.record("run.held", -1, "everything "+untilText(t.s.Until)+" is done", nil)
			t.tellHeld()
			return
		}
	}
	t.end("done", "all steps are done or skipped")
}

// begin starts a run, or goes on from a checkpoint.
func (t *turn) begin(e *Event) {
	if e.From == nil {
		t.s.Begun, t.s.Until = t.now, e.Until
		t.record("run.begun", -1, "begins "+untilText(e.Until), map[string]string{"fingerprint": t.s.Plan, "strategy": string(t.c.plan.Strategy)})
		for _, i := range t.c.topo {
			if len(t.c.needs[i]) == 0 {
				t.todo = append(t.todo, i)
			}
		}
		return
	}
	t.restore(e)
}

// restore takes over a checkpoint. What was under way there may have had its
// effect: that is looked at first. Timers are set again, approvals stay.
func (t *turn) restore(e *Event) {
	t.s = *e.From
	t.s.compiled = t.c
	t.s.Seq++
	t.s.Steps, t.s.Phases, t.s.Triggers = slices.Clone(t.s.Steps), slices.Clone(t.s.Phases), slices.Clone(t.s.Triggers)
	t.s.Order, t.s.Queue = slices.Clip(t.s.Order), slices.Clip(t.s.Queue)
	t.clock(e.At)
	was := t.s.Result
	t.s.Draining, t.s.Aborting, t.s.Result = false, false, ""
	if t.s.Mode == Ended {
		t.s.Mode = t.s.Resumes
		if t.s.Mode != Back {
			t.s.Mode = Forward
		}
	}
	if e.Until != "" {
		t.s.Until, t.s.Held = e.Until, false
	}
	t.recount()
	t.record("run.restored", -1, "goes on from the checkpoint of "+stamp(e.From.Now), map[string]string{"fingerprint": t.s.Plan})
	if was != "" && was != "drained" {
		// A run that was over says again where it goes.
		t.s.Paused, t.s.PausedBy, t.s.Why = true, e.By, "taken up again after it was "+was
	}
	t.rearm()
	if t.moving() {
		t.goOn()
	}
}

// recount makes the counts anew: a checkpoint comes from outside.
func (t *turn) recount() {
	t.s.InFlight, t.s.Active = 0, 0
	for k := range t.s.Phases {
		t.s.Phases[k].Open = 0
	}
	for i := range t.s.Steps {
		t.count(i, 1)
	}
}

// rearm looks at what was under way, and sets the timers.
func (t *turn) rearm() {
	for i, st := range t.s.Steps {
		switch {
		case st.inFlight():
			t.step(i).Outcome = runbook.Unknown
			t.step(i).Effect = true
			t.probe(i)
			// That another engine goes on is no fault of the step.
			t.step(i).Probes--
		case !st.Wake.IsZero():
			t.wake(i, st.Wake)
		}
	}
	for k := range t.s.Triggers {
		g := &t.s.Triggers[k]
		g.Out, g.Held, g.Wake = false, time.Time{}, time.Time{}
	}
	if !t.moving() {
		t.watchAll()
	}
}
