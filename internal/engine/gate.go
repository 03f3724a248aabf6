package engine

import (
	"maps"
	"slices"
	"time"

	"example.com/landfall/internal/runbook"
)

// gates asks the gates of a step from the beginning; a step without any goes
// on. After they were passed once, one more yes of each is enough.
func (t *turn) gates(i int) {
	step := t.plan(i)
	if len(step.Gates) == 0 {
		t.approvals(i)
		return
	}
	st := t.set(i, Gated, false)
	t.unwake(i)
	fresh := make([]GateState, len(step.Gates))
	for k := range fresh {
		if k < len(st.Gates) {
			fresh[k].Asking = st.Gates[k].Asking
		}
		fresh[k].Since = t.now
	}
	st.Gates = fresh
	for k := range fresh {
		t.askGate(i, k)
	}
	t.wakeForGates(i)
}

// askGate sends the question of gate k. The gates of the step are its own copy.
func (t *turn) askGate(i, k int) {
	g := &t.step(i).Gates[k]
	g.Asking++
	g.Out, g.Late = true, false
	g.Next = t.now.Add(t.gateEvery(i, k))
	t.other = append(t.other, Command{Kind: AskGate, Step: t.plan(i).ID, Gate: t.plan(i).Gates[k].ID, Attempt: g.Asking})
}

func (t *turn) gateEvery(i, k int) time.Duration {
	if every := t.plan(i).Gates[k].EverySeconds; every > 0 {
		return seconds(every)
	}
	return t.c.rules.gateEvery
}

// wakeForGates sets the one timer of a step to its next question, or to the end
// of the time for which a gate may stay closed.
func (t *turn) wakeForGates(i int) {
	var next time.Time
	for k, g := range t.s.Steps[i].Gates {
		at := g.Next
		if limit := t.plan(i).Gates[k].TimeoutSeconds; limit > 0 && g.Since.Add(seconds(limit)).Before(at) {
			at = g.Since.Add(seconds(limit))
		}
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	t.wake(i, next)
}

// askDue asks the gates whose time has come, and gives up on those that stayed
// closed for too long. An answer that is not there is awaited for a while; then
// it is no data, and the question is asked anew.
func (t *turn) askDue(i int) {
	if t.gateTimeout(i) {
		return
	}
	st := t.step(i)
	st.Gates = slices.Clone(st.Gates)
	for k := range st.Gates {
		g := &st.Gates[k]
		if t.overslept(g.Next) {
			g.Held, st.Passed = time.Time{}, false
		}
		switch more := t.c.rules.answerWithin - t.gateEvery(i, k); {
		case t.now.Before(g.Next):
			continue
		case g.Out && !g.Late && more > 0:
			g.Late, g.Next = true, g.Next.Add(more)
			continue
		case g.Out:
			g.Open, g.Held, g.Detail, st.Passed = nil, time.Time{}, "nobody answered", false
		}
		t.askGate(i, k)
	}
	t.wakeForGates(i)
}

// gateTimeout brings a step to the operator when one of its gates is not open
// at the end of its time.
func (t *turn) gateTimeout(i int) bool {
	for k, g := range t.s.Steps[i].Gates {
		gate := t.plan(i).Gates[k]
		if gate.TimeoutSeconds <= 0 || t.now.Before(g.Since.Add(seconds(gate.TimeoutSeconds))) || t.held(i, k) {
			continue
		}
		t.toOperator(i, "gate "+quoted(gate.ID)+" stayed closed for "+span(gate.TimeoutSeconds)+": "+orNoData(g.Detail))
		return true
	}
	return false
}

// held says whether gate k has been open for as long as it has to be.
func (t *turn) held(i, k int) bool {
	g := t.s.Steps[i].Gates[k]
	if g.Open == nil || !*g.Open {
		return false
	}
	return t.s.Steps[i].Passed || t.now.Sub(g.Held) >= seconds(t.plan(i).Gates[k].HoldSeconds)
}

func gateIndex(step *runbook.Step, id string) int {
	return slices.IndexFunc(step.Gates, func(g runbook.Gate) bool { return g.ID == id })
}

// gateAsked takes an answer. No data is no yes, and breaks a yes that was held.
func (t *turn) gateAsked(i int, e *Event) {
	k := gateIndex(t.plan(i), e.Gate)
	st := t.step(i)
	st.Gates = slices.Clone(st.Gates)
	g := &st.Gates[k]
	late := g.Late
	if t.overslept(g.Next) {
		g.Held, st.Passed = time.Time{}, false
	}
	if g.Out, g.Late, g.Open, g.Detail = false, false, nil, cut(e.Detail); late {
		g.Next = t.now.Add(t.gateEvery(i, k))
	}
	switch {
	case e.Open == nil || !*e.Open:
		g.Held = time.Time{}
		// Once closed, it has to be held open anew.
		st.Passed = false
	case g.Held.IsZero():
		g.Held = t.now
	}
	if e.Open != nil {
		open := *e.Open
		g.Open = &open
	}
	if !t.moving() {
		return
	}
	for n := range st.Gates {
		if !t.held(i, n) {
			if !t.gateTimeout(i) && late {
				t.wakeForGates(i)
			}
			return
		}
	}
	t.unwake(i)
	t.step(i).Passed = true
	t.record("gates.opened", i, t.gateDetails(i), nil)
	t.approvals(i)
}

func (t *turn) gateDetails(i int) string {
	var all []string
	for k, g := range t.s.Steps[i].Gates {
		all = append(all, t.plan(i).Gates[k].ID+": "+orOpen(g.Detail))
	}
	return listed(all, 10)
}

// approvals asks people, or goes on when all have said yes.
func (t *turn) approvals(i int) {
	step, st := t.plan(i), t.s.Steps[i]
	if t.approved(i) {
		t.ready(i)
		return
	}
	t.set(i, Asked, false)
	t.record("approval.asked", i, "asks for "+number(step.Approvals.Count-len(st.Approvals))+" of "+number(step.Approvals.Count)+" approvals", map[string]string{"fingerprint": t.s.Plan})
	t.tellApproval(i)
}

// approved says whether as many people have said yes as it takes.
func (t *turn) approved(i int) bool {
	return len(t.s.Steps[i].Approvals) >= t.plan(i).Approvals.Count
}

// approve counts a person's yes. After the last one the gates are asked once
// more: days may lie between.
func (t *turn) approve(i int, e *Event) {
	st := t.step(i)
	st.Approvals = append(slices.Clip(st.Approvals), Approval{By: e.By, Role: e.Role, How: e.How, At: t.now, Proof: maps.Clone(e.Proof)})
	t.record("approval.given", i, orNone(e.Reason), map[string]string{"fingerprint": e.Plan, "role": e.Role, "how": e.How})
	if !t.approved(i) {
		return
	}
	if t.moving() {
		t.window(i)
		return
	}
	t.ready(i)
}

// reject leaves the step to the operator; approvals given before do not count
// for what comes after. Of one that waits for the operator it takes them back.
func (t *turn) reject(i int, e *Event) {
	t.step(i).Approvals = nil
	t.record("approval.refused", i, e.Reason, map[string]string{"role": e.Role, "how": e.How})
	t.toOperator(i, "rejected by "+e.By+": "+e.Reason)
}
