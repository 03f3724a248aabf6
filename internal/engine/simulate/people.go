package simulate

import (
	"cmp"
	"slices"
	"strconv"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/runbook"
)

// how says of an answer that nobody gave it.
const how = "simulation"

// note reads what would be in the ledger, and answers for people where they are
// asked.
func (w *world) note(entry *engine.Entry) {
	if entry.Step == "" {
		return
	}
	step, s := &w.plan.Steps[w.index[entry.Step]], w.step(entry.Step)
	switch entry.Kind {
	case "approval.asked":
		w.approve(step, s)
	case "person.asked":
		s.Person = true
		w.later(step.ExpectedSeconds, engine.Event{Kind: engine.Confirm, Step: step.ID, By: cmp.Or(step.Owner, how), How: how, Reason: how})
	case "operator.needed":
		w.decide(step, s, entry.Text)
	}
}

// approve gives the yes of as many different people as the step wants.
func (w *world) approve(step *runbook.Step, s *Step) {
	given := len(w.state.Steps[w.index[step.ID]].Approvals)
	for n := given; n < step.Approvals.Count; n++ {
		role := ""
		if roles := step.Approvals.Roles; len(roles) > 0 {
			role = roles[n%len(roles)]
		}
		if len(s.Approvers) < step.Approvals.Count {
			s.Approvers = append(s.Approvers, role)
		}
		w.later(0, engine.Event{Kind: engine.Approve, Step: step.ID, By: "approver " + strconv.Itoa(n+1), Role: role, How: how, Plan: w.fingerprint})
	}
}

// decide notes where the run would stand, and goes on: outside the window where
// that was the reason, else behind the step.
func (w *world) decide(step *runbook.Step, s *Step, why string) {
	if s.Stops == "" {
		s.Stops = why
	}
	w.stopped[step.ID]++
	kind := engine.Skip
	if step.InWindow && w.stopped[step.ID] == 1 {
		kind = engine.Retry
	}
	w.later(0, engine.Event{Kind: kind, Step: step.ID, By: cmp.Or(step.Owner, how), How: how, Reason: how, Accept: true})
}

// due is an event that is going to happen.
type due struct {
	number int
	event  engine.Event
}

// queue holds them, next first; those of one time in the order in which they
// came about.
type queue []due

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	if c := q[i].event.At.Compare(q[j].event.At); c != 0 {
		return c < 0
	}
	return q[i].number < q[j].number
}

// Push adds one at the end; container/heap calls it.
func (q *queue) Push(x any) { *q = append(*q, x.(due)) }

// Pop takes the last one away; container/heap calls it.
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// sorted are the ids by the begin of their steps; of those that begin together
// the one first that came up first.
func sorted(order []string, steps map[string]*Step) []string {
	out := slices.Clone(order)
	slices.SortStableFunc(out, func(a, b string) int { return steps[a].Begins.Compare(steps[b].Begins) })
	return out
}
