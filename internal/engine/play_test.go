package engine

import (
	"slices"

	"example.com/landfall/internal/runbook"
)

// play leads a world on by one event: something that is under way ends, a timer
// fires, a person says something, or, while it is rough, something that does
// not fit happens. It reports false when nothing is left to happen.
func (w *world) play() bool {
	if w.ended > 0 {
		return false
	}
	if w.rough > 0 && w.r.IntN(4) == 0 {
		w.rough--
		w.disturb()
		return true
	}
	people := w.people()
	switch n := len(w.flying) + len(people) + min(len(w.keys), 1); {
	case n == 0 && w.s.Paused:
		return w.send(Event{Kind: Resume, By: "ana"}) == nil
	case w.s.Held && w.s.InFlight == 0 && !w.s.Paused:
		return w.send(Event{Kind: Extend, By: "ana"}) == nil
	case n == 0:
		return false
	default:
		if w.s.Paused && !w.s.Draining && w.r.IntN(4) == 0 {
			return w.send(Event{Kind: Resume, By: "ana"}) == nil
		}
		w.happen(w.r.IntN(n), people)
		return true
	}
}

func (w *world) happen(k int, people []Event) {
	if k < len(w.flying) {
		w.answer(k)
		return
	}
	if k -= len(w.flying); k < len(people) {
		if err := w.send(people[k]); err != nil {
			w.t.Fatalf("%s of %s: %v", people[k].Kind, people[k].Step, err)
		}
		return
	}
	w.fire()
}

// fire lets the next timer fire.
func (w *world) fire() {
	first := slices.MinFunc(w.keys, func(a, b string) int { return w.timers[a].At.Compare(w.timers[b].At) })
	c := w.timers[first]
	w.keys = slices.DeleteFunc(slices.Clone(w.keys), func(k string) bool { return k == first })
	if c.At.After(w.now) && w.r.IntN(10) > 0 {
		w.now = c.At
	}
	_ = w.send(Event{Kind: Woke, Step: c.Step, Trigger: c.Trigger})
}

// people is what people may say at this moment to bring the run on.
func (w *world) people() []Event {
	var out []Event
	for i, st := range w.s.Steps {
		e := Event{Step: w.plan.Steps[i].ID, By: "ana", Reason: "because", Plan: print1}
		switch {
		case st.Status == Asked:
			e.Kind = Approve
			if slices.ContainsFunc(st.Approvals, func(a Approval) bool { return a.By == e.By }) {
				e.By = "cleo"
			}
		case st.Status == Person:
			e.Kind = Confirm
		case st.Status == Operator && st.Outcome == runbook.Unknown:
			e.Kind, e.Effect = Settle, yesNo(w.effect[e.Step])
		case st.Status == Operator:
			e.Kind, e.Accept = Retry, true
		default:
			continue
		}
		out = append(out, e)
	}
	return out
}

// disturb sends what may not fit: something old, something of a person, or a
// report of what is not under way.
func (w *world) disturb() {
	any := w.plan.Steps[w.r.IntN(len(w.plan.Steps))].ID
	e := Event{Step: any, By: []string{"ana", "bob"}[w.r.IntN(2)], Reason: "because", Plan: print1}
	switch w.r.IntN(12) {
	case 0, 1, 2, 3:
		if len(w.events) == 0 {
			return
		}
		e = w.events[w.r.IntN(len(w.events))]
		if e.Kind == Abort || e.Kind == Drain || e.Kind == Confirm || e.Kind == Settle || e.Kind == Skip {
			return
		}
	case 4:
		e.Kind = Pause
	case 5:
		e.Kind = Resume
	case 6:
		e.Kind = Reject
	case 7:
		if w.plan.Steps[w.r.IntN(len(w.plan.Steps))].After.Writers != nil {
			return
		}
		e.Kind = Skip
	case 8:
		e.Kind, e.Accept = Rollback, w.r.IntN(2) == 0
		if w.r.IntN(4) == 0 {
			e.Step = ""
		}
	case 9:
		e.Kind = Retry
	case 10:
		e.Kind, e.Until = Extend, runbook.Phases()[w.r.IntN(5)]
	case 11:
		e.Kind, e.Attempt, e.Outcome = AttemptEnded, w.r.IntN(5)+100, runbook.Succeeded
	}
	_ = w.send(e)
}

// finish leads a world to its end, and fails when it has none.
func (w *world) finish() {
	for n := 0; w.play(); n++ {
		if n > 20_000 {
			w.t.Fatalf("the run has no end:\n%s", asJSON(w.t, Summarize(w.plan, w.s)))
		}
	}
	if w.ended != 1 || w.s.Mode != Ended {
		w.t.Fatalf("the run stopped without an end:\n%s", asJSON(w.t, Summarize(w.plan, w.s)))
	}
}

func statuses(s State) []Status {
	var out []Status
	for _, st := range s.Steps {
		status := st.Status
		if status == Undone && s.Result == "rolled back" {
			// An attempt that was stopped before it had an effect leaves nothing to
			// take back: where it was stopped is chance.
			status = Pending
		}
		out = append(out, status)
	}
	return out
}

func begin(w *world) {
	w.t.Helper()
	until := runbook.Phase("")
	if w.r.IntN(3) == 0 {
		until = runbook.Execute
	}
	if err := w.send(Event{Kind: Begin, By: "ana", Until: until}); err != nil {
		w.t.Fatalf("begin: %v", err)
	}
}
