package app

import (
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// planned is a runbook with what needs what.
type planned struct {
	plan              *runbook.Runbook
	index             map[string]int
	needs, dependents [][]int
}

func planning(plan *runbook.Runbook) *planned {
	n := len(plan.Steps)
	p := &planned{plan: plan, index: plan.Index(), needs: make([][]int, n), dependents: make([][]int, n)}
	for i := range plan.Steps {
		for _, id := range plan.Steps[i].Needs {
			if k, ok := p.index[id]; ok {
				p.needs[i] = append(p.needs[i], k)
				p.dependents[k] = append(p.dependents[k], i)
			}
		}
	}
	return p
}

// beyond are all steps that a step leads to, in the order of the runbook.
func (p *planned) beyond(from int, next [][]int) []int {
	seen := make([]bool, len(p.plan.Steps))
	stack := slices.Clone(next[from])
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		if stack = stack[:len(stack)-1]; seen[i] {
			continue
		}
		seen[i] = true
		stack = append(stack, next[i]...)
	}
	var out []int
	for i, is := range seen {
		if is {
			out = append(out, i)
		}
	}
	return out
}

// unattended says that the rules themselves settle a step of this kind: no worker
// looks at what people say of it.
func unattended(s *runbook.Step) bool {
	return s.Kind == "manual" || s.Kind == "wait"
}

// doubt is something that an attempt rests on, and that is not proved.
type doubt struct {
	about, why string
	// mend is the command that mends it, "" for none.
	mend string
}

func doubted(about string, u *uttered) *doubt {
	if u == nil {
		return nil
	}
	return &doubt{about: about, why: u.line(), mend: sayAgain(u)}
}

// resting finds what an attempt rests on and is not proved.
type resting struct {
	r   *runWords
	p   *planned
	all []doubt
}

// note keeps a doubt, and says whether there was one.
func (x *resting) note(d *doubt) bool {
	if d != nil {
		x.all = append(x.all, *d)
	}
	return d != nil
}

// stands refuses an attempt that rests on a word that is not proved: on the way
// forward what was said of the run, of the step, and of every step that it needs
// over others and that no worker carries out; on the way back who said to go back,
// and what was said of the steps that go back before it.
func (x *resting) stands(step string, kind engine.CommandKind) error {
	i, ok := x.p.index[step]
	if !ok {
		return fault.Newf(fault.Denied, "carry out %q: the runbook has no such step", step)
	}
	if x.r.checkpoints < 0 {
		x.note(&doubt{about: "the run", why: "it goes on from a checkpoint that nobody of this workspace gave it"})
	}
	if kind == engine.UndoStep || kind == engine.ProbeStep && x.r.back {
		x.backward(i)
	} else {
		x.ofRun(&x.p.plan.Steps[i])
		x.forward(i)
	}
	if len(x.all) == 0 {
		return nil
	}
	more := ""
	if n := len(x.all) - 1; n > 0 {
		more = ", and " + several(n, "word", "words") + " more"
	}
	first := x.all[0]
	err := fault.Newf(fault.Denied, "%s %q: it rests on what is not proved: %s: %s%s", doing(kind), step, first.about, first.why, more)
	if first.mend == "" {
		return err.Hintf("landfall rollback --reason TEXT, or landfall abort --reason TEXT")
	}
	return err.Hintf("mend what the line names, or say it again: %s; then: landfall retry %s", first.mend, step)
}

func doing(kind engine.CommandKind) string {
	switch kind {
	case engine.UndoStep:
		return "take back"
	case engine.ProbeStep:
		return "look at"
	default:
		return "carry out"
	}
}

// ofRun looks at who said that the run goes on, and goes so far.
func (x *resting) ofRun(step *runbook.Step) {
	r := x.r
	x.note(doubted("the run goes on", among(r.resumes, nil)))
	x.note(doubted("the run was taken up", among(r.takenUp, nil)))
	reaches := func(until string) bool {
		last := slices.Index(runbook.Phases(), runbook.Phase(until))
		return until == "" || slices.Index(runbook.Phases(), step.Phase) <= last
	}
	if r.old && reaches(r.until) {
		return
	}
	var first *uttered
	for _, u := range slices.Concat(r.begins, r.extends) {
		what, _ := parseSaid(u.body.Proof[proofStatement]) // one that cannot be read does not count
		switch {
		case u.stated, u.why == nil && reaches(what.Until):
			return
		case u.why != nil:
			first = u // the last one is the one that went so far
		}
	}
	if first == nil {
		x.note(&doubt{about: "the phase " + string(step.Phase), why: "nobody has said that the run goes so far", mend: "landfall run --until " + string(step.Phase)})
		return
	}
	x.note(doubted("the run goes until the phase "+string(step.Phase), first))
}

// forward looks at a step that is to be done. Its own approvals are looked at
// where it is done.
func (x *resting) forward(i int) {
	id := x.p.plan.Steps[i].ID
	x.tried(id)
	x.note(doubted(id, among(x.r.step(id).settle, nil)))
	for _, n := range x.p.beyond(i, x.p.needs) {
		x.need(&x.p.plan.Steps[n])
	}
}

// tried looks at who had a step tried again, and outside of its window.
func (x *resting) tried(id string) bool {
	st := x.r.step(id)
	return x.note(doubted(id, among(st.retry, nil))) || x.note(doubted(id+" outside of its window", among(st.accepts, nil)))
}

// need looks at a step that has to be settled.
func (x *resting) need(step *runbook.Step) {
	st := x.r.step(step.ID)
	switch {
	case st.settled == byNobody, st.settled == byRules && step.Kind == "manual":
		x.note(&doubt{about: step.ID, why: "the ledger does not say that it is done"})
		return
	case st.settled == bySkip:
		x.note(doubted(step.ID, among(st.skip, nil)))
		return
	case st.settled == bySettle:
		x.note(doubted(step.ID, among(st.settle, func(u *uttered) bool { return u.body.Data["effect"] == effectThere })))
	case st.settled == byConfirm:
		x.note(doubted(step.ID, among(st.confirm, nil)))
	}
	if unattended(step) {
		x.note(x.approved(step, st))
		x.tried(step.ID)
	}
}

// approved looks whether as many persons have approved a step as it takes.
func (x *resting) approved(step *runbook.Step, st *stepWords) *doubt {
	have, first := x.r.approvers(step, st)
	if have >= step.Approvals.Count {
		return nil
	}
	d := &doubt{about: step.ID, why: "it has " + strconv.Itoa(have) + " of " + several(step.Approvals.Count, "approval", "approvals") + " that count", mend: "landfall approve " + step.ID}
	if first != nil {
		d.why += ": " + first.line()
	}
	return d
}

// backward looks at a step that is to be taken back: who said to go back, and what
// people said of those that need it, which have to be taken back before. That
// something is there no worker takes on trust; that it is not lets it stay.
func (x *resting) backward(i int) {
	id := x.p.plan.Steps[i].ID
	x.note(doubted("the run goes back", among(x.r.rollbacks, nil)))
	x.note(doubted("the run goes on", among(x.r.resumesBack, nil)))
	x.note(doubted(id, among(x.r.step(id).retryBack, nil)))
	for _, d := range x.p.beyond(i, x.p.dependents) {
		step := &x.p.plan.Steps[d]
		st := x.r.step(step.ID)
		x.note(doubted(step.ID, among(st.undone, nil)))
		if step.Undo != nil { // one without is kept by the rules
			x.note(doubted(step.ID, among(st.kept, nil)))
		}
		if len(st.settle) > 0 && st.settle[0].body.Data["effect"] != effectThere {
			x.note(doubted(step.ID, among(st.settle, nil)))
		}
	}
}

// approvers counts the persons of the roles of a step whose approval counts, each
// once, and returns the first word that does not count.
func (r *runWords) approvers(step *runbook.Step, st *stepWords) (int, *uttered) {
	var people []string
	var first *uttered
	for _, u := range st.approvals {
		role := u.body.Data["role"]
		if u.entry.Kind == entryAgain {
			role = u.body.Role
		}
		switch {
		case u.why != nil:
			if first == nil {
				first = u
			}
		case len(step.Approvals.Roles) > 0 && !slices.Contains(step.Approvals.Roles, role):
		case !slices.ContainsFunc(people, func(one string) bool { return strings.EqualFold(one, u.entry.Actor) }):
			people = append(people, u.entry.Actor)
		}
	}
	return len(people), first
}

// unproved are the words of a run that do not count, and that nobody has said
// again, in the order of the ledger.
func (r *runWords) unproved(p *planned) []*uttered {
	var out []*uttered
	add := func(lists ...[]*uttered) {
		for _, list := range lists {
			if u := among(list, nil); u != nil && !slices.Contains(out, u) {
				out = append(out, u)
			}
		}
	}
	add(r.takenUp, r.resumes, r.resumesBack, r.rollbacks)
	for _, u := range slices.Concat(r.begins, r.extends) {
		if u.why != nil {
			add([]*uttered{u})
		}
	}
	for i := range p.plan.Steps {
		step := &p.plan.Steps[i]
		st, ok := r.steps[step.ID]
		if !ok {
			continue
		}
		add(st.confirm, st.skip, st.settle, st.retry, st.accepts, st.undone, st.retryBack)
		if step.Undo != nil {
			add(st.kept)
		}
		if have, first := r.approvers(step, st); have < step.Approvals.Count && first != nil {
			add([]*uttered{first})
		}
	}
	slices.SortFunc(out, func(a, b *uttered) int { return int(a.entry.Seq - b.entry.Seq) })
	return out
}
