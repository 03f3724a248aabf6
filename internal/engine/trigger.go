package engine

import (
	"time"
)

// watch begins or ends the triggers that are about a step.
func (t *turn) watch(i int) {
	for _, k := range t.c.watchers[i] {
		if t.watched(k) {
			t.startWatch(k)
		} else {
			t.unwatch(k)
		}
	}
}

// watchAll asks all triggers that are to be watched and of which nobody is
// about to hear.
func (t *turn) watchAll() {
	for k := range t.s.Triggers {
		if t.watched(k) {
			t.startWatch(k)
		}
	}
}

// watched says whether the run is where a trigger watches.
func (t *turn) watched(k int) bool {
	g := &t.c.plan.Triggers[k]
	if t.s.Mode != Forward || t.s.Draining || t.s.Aborting || !t.s.Steps[t.c.index[g.From]].settled() {
		return false
	}
	return g.Until == "" || !t.s.Steps[t.c.index[g.Until]].settled()
}

func (t *turn) startWatch(k int) {
	g := &t.s.Triggers[k]
	if g.Watching && (g.Out || !g.Wake.IsZero()) {
		return
	}
	if !g.Watching {
		// What it has done belongs to an earlier time in which it watched: after a
		// way back it protects the next attempt as it did the first.
		g.Fired, g.Told = false, false
	}
	g.Watching = true
	t.askTrigger(k)
}

func (t *turn) unwatch(k int) {
	g := &t.s.Triggers[k]
	if !g.Wake.IsZero() {
		t.other = append(t.other, Command{Kind: Unwake, Trigger: t.c.plan.Triggers[k].ID})
	}
	*g = TriggerState{Fired: g.Fired, Asking: g.Asking, Detail: g.Detail}
}

func (t *turn) triggerEvery(k int) time.Duration {
	if every := t.c.plan.Triggers[k].EverySeconds; every > 0 {
		return seconds(every)
	}
	return t.c.rules.gateEvery
}

// askTrigger asks, and sets the timer at once: an answer that never comes does
// not end the watch.
func (t *turn) askTrigger(k int) {
	g, plan := &t.s.Triggers[k], &t.c.plan.Triggers[k]
	g.Asking++
	g.Out, g.Late = true, false
	g.Wake = t.now.Add(t.triggerEvery(k))
	t.other = append(t.other,
		Command{Kind: AskTrigger, Trigger: plan.ID, Attempt: g.Asking},
		Command{Kind: Wake, Trigger: plan.ID, At: g.Wake})
}

func (t *turn) triggerWoke(k int) {
	g := &t.s.Triggers[k]
	if t.now.Before(g.Wake) {
		t.other = append(t.other, Command{Kind: Wake, Trigger: t.c.plan.Triggers[k].ID, At: g.Wake})
		return
	}
	if t.overslept(g.Wake) {
		g.Held = time.Time{}
	}
	more := t.c.rules.answerWithin - t.triggerEvery(k)
	switch {
	case !t.watched(k):
		g.Wake = time.Time{}
	case g.Out && !g.Late && more > 0:
		g.Late = true
		t.wakeTrigger(k, g.Wake.Add(more))
	default:
		if g.Out {
			t.blind(k, "nobody answered")
		}
		t.askTrigger(k)
	}
}

func (t *turn) wakeTrigger(k int, at time.Time) {
	t.s.Triggers[k].Wake = at
	t.other = append(t.other, Command{Kind: Wake, Trigger: t.c.plan.Triggers[k].ID, At: at})
}

// blind says, once, that a trigger has no data.
func (t *turn) blind(k int, detail string) {
	g, plan := &t.s.Triggers[k], &t.c.plan.Triggers[k]
	g.Held = time.Time{}
	if g.Blind {
		return
	}
	g.Blind = true
	t.record("trigger.blinded", -1, plan.ID+": "+orNoData(detail), map[string]string{"trigger": plan.ID})
	t.tellBlind(plan, detail)
}

// triggerAsked takes an answer. Without data it never acts, and people are told
// that it is blind.
func (t *turn) triggerAsked(k int, e *Event) {
	g, plan := &t.s.Triggers[k], &t.c.plan.Triggers[k]
	late := g.Late
	if t.overslept(g.Wake) {
		g.Held = time.Time{}
	}
	if g.Out, g.Late, g.Detail = false, false, cut(e.Detail); late {
		t.wakeTrigger(k, t.now.Add(t.triggerEvery(k)))
	}
	if e.Open == nil {
		t.blind(k, e.Detail)
		return
	}
	g.Blind = false
	if !*e.Open {
		g.Held, g.Fired, g.Told = time.Time{}, false, false
		return
	}
	if g.Held.IsZero() {
		g.Held = t.now
	}
	if g.Fired || t.now.Sub(g.Held) < seconds(plan.HoldSeconds) || t.s.Mode != Forward || t.s.Draining || t.s.Aborting {
		return
	}
	if t.s.Paused && t.s.PausedBy != "" {
		// A person holds the run: the person decides, and is told.
		if !g.Told {
			g.Told = true
			t.record("trigger.held", -1, plan.ID+" is true, and the run is paused by "+t.s.PausedBy, map[string]string{"trigger": plan.ID})
			t.tellTrigger(plan, "the run is paused, so nothing was done")
		}
		return
	}
	t.fire(k)
}

// fire does what the trigger says. It never goes back where that loses
// something: that takes a person.
func (t *turn) fire(k int) {
	g, plan := &t.s.Triggers[k], &t.c.plan.Triggers[k]
	g.Fired = true
	t.record("trigger.fired", -1, plan.ID+": "+plan.Why+withDetail(g.Detail), map[string]string{"trigger": plan.ID, "action": plan.Action})
	why := "trigger " + plan.ID + ": " + plan.Why
	switch plan.Action {
	case "ask":
		t.tellTrigger(plan, "it is for you to decide")
	case "pause":
		t.stand(why)
		t.tellTrigger(plan, "the run is paused")
	default:
		back := &Event{Kind: Rollback, At: t.now, By: "trigger " + plan.ID, Step: plan.To, Reason: why}
		if err := t.c.checkRollback(t.s, back); err != nil {
			t.stand(why)
			t.tellTrigger(plan, "the run is paused and does not go back by itself ("+err.Error()+")")
			return
		}
		t.tellTrigger(plan, "the run goes back")
		target := -1
		if plan.To != "" {
			target = t.c.index[plan.To]
		}
		t.goBack(target, back)
	}
}

// stand pauses the run for a trigger.
func (t *turn) stand(why string) {
	if !t.s.Paused {
		t.record("run.paused", -1, why, nil)
		t.pause("", why)
	}
}
