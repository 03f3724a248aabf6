package app

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
)

// oracle knows which of the words that a run took last somebody forged. It knows
// nothing of the ledger.
type oracle struct {
	plan *runbook.Runbook
	// forged are those words by verb and step, approved the good approvals.
	forged   map[string]bool
	approved map[string]bool
	// settled is the verb that settled a step.
	settled map[string]string
	back    bool
}

func (o *oracle) hear(e engine.Event, forged bool) {
	key := string(e.Kind) + " " + e.Step
	switch e.Kind {
	case engine.Approve:
		o.approved[e.Step] = o.approved[e.Step] || !forged
		return
	case engine.Confirm, engine.Skip:
		if !o.back {
			o.settled[e.Step] = string(e.Kind)
		}
	case engine.Settle:
		if *e.Effect && !o.back {
			o.settled[e.Step] = string(e.Kind)
		}
	case engine.Rollback:
		o.back = true
	}
	o.forged[key] = forged
}

// wrong says why an effect must not be, "" for nothing against it.
func (o *oracle) wrong(step string, back bool) string {
	if back {
		if o.forged["rollback "] {
			return "the way back is forged"
		}
		return ""
	}
	if o.forged["retry "+step] || o.forged["resume "] || o.forged["settle "+step] {
		return "the step or the run goes on for a forged word"
	}
	seen, index := map[string]bool{}, o.plan.Index()
	todo := slices.Clone(o.plan.Steps[index[step]].Needs)
	for len(todo) > 0 {
		id := todo[0]
		if todo = todo[1:]; seen[id] {
			continue
		}
		seen[id] = true
		need := &o.plan.Steps[index[id]]
		todo = append(todo, need.Needs...)
		verb := o.settled[id]
		switch {
		case verb != "" && o.forged[verb+" "+id]:
			return id + " was settled by a forged " + verb
		case need.Kind == "manual" && verb == "":
			return id + " was settled by nobody"
		case need.Kind == "manual" && verb == "confirm" && need.Approvals.Count > 0 && !o.approved[id]:
			return id + " has no approval that anybody gave"
		}
	}
	return ""
}

// walk is one run in which people and forgers say what they like.
type walk struct {
	*playing
	o      *oracle
	rapid  *rapid.T
	old    map[string]engine.Event
	forged int
}

// step chooses a step.
func (w *walk) choose() string {
	return w.plan.Steps[rapid.IntRange(0, len(w.plan.Steps)-1).Draw(w.rapid, "step")].ID
}

// word is something that fits where the run stands, if anything does.
func (w *walk) word() engine.Event {
	id := w.choose()
	e := engine.Event{Step: id, Reason: "because " + strconv.Itoa(rapid.IntRange(0, 99).Draw(w.rapid, "reason")), Plan: w.state.Plan}
	st := w.playing.step(id)
	fits := []engine.EventKind{engine.Pause, engine.Resume}
	switch st.Status {
	case engine.Person:
		fits = append(fits, engine.Confirm, engine.Confirm, engine.Confirm, engine.Skip)
	case engine.Asked:
		fits = append(fits, engine.Approve, engine.Approve, engine.Approve, engine.Skip)
	case engine.Operator:
		fits = append(fits, engine.Retry, engine.Retry, engine.Skip)
		if st.Outcome == runbook.Unknown {
			fits = []engine.EventKind{engine.Settle}
		}
	case engine.Done, engine.Skipped: // said again, as people do who find it forged
		fits = append(fits, engine.Confirm, engine.Skip, engine.Approve, engine.Settle, engine.Rollback)
	}
	e.Kind = rapid.SampledFrom(fits).Draw(w.rapid, "verb")
	switch e.Kind {
	case engine.Pause, engine.Resume, engine.Rollback:
		e.Step = ""
	case engine.Settle:
		e.Effect = new(rapid.Bool().Draw(w.rapid, "there"))
	case engine.Approve:
		e.Role = "lead"
	}
	return e
}

// counterfeit makes a word what nobody has said.
func (w *walk) counterfeit(e engine.Event) engine.Event {
	e.By, e.How = "ann", "ssh signature of SHA256:x"
	key := string(e.Kind) + " " + e.Step
	switch rapid.SampledFrom([]string{"nothing", "another step", "replayed", "stranger", "bent", "by name"}).Draw(w.rapid, "forgery") {
	case "another step":
		other := e
		other.Step = w.choose() + "x"
		signed := w.sign(other)
		e.How, e.Proof = signed.How, signed.Proof
	case "replayed":
		if old, ok := w.old[key]; ok {
			e.How, e.Proof, e.Reason, e.Effect = old.How, old.Proof, old.Reason, old.Effect
		}
	case "stranger":
		return w.stranger(e)
	case "bent":
		signed := w.sign(e)
		e.How, e.Proof = signed.How, maps.Clone(signed.Proof)
		e.Proof[proofStatement] += "X"
	case "by name":
		e.How = localUser
		e.Proof = map[string]string{proofStatement: w.sign(e).Proof[proofStatement], proofHow: localUser}
	}
	return e
}

// turn has somebody say something.
func (w *walk) turn() {
	e := w.word()
	if rapid.IntRange(0, 2).Draw(w.rapid, "who") == 0 {
		e = w.counterfeit(e)
		// What the run does not take is no matter. What it takes acts before it
		// comes back, so it is known as forged before.
		was := w.o.clone()
		w.o.hear(e, true)
		if err := w.take(w.t.Context(), e); err != nil {
			w.o.restore(was)
			return
		}
		w.forged++
		return
	}
	was := w.o.clone()
	w.o.hear(e, false)
	signed := w.sign(e)
	w.old[string(e.Kind)+" "+e.Step] = signed
	err := w.take(w.t.Context(), signed)
	if err != nil {
		_ = w.inVain(w.t.Context(), store.Execution{Run: w.state.Run, Fingerprint: w.state.Plan}, signed, err) // as the command does
		err = w.Operate(w.t.Context(), e)
	}
	if err != nil {
		w.o.restore(was)
	}
}

func (o *oracle) clone() oracle {
	c := *o
	c.forged, c.approved, c.settled = maps.Clone(o.forged), maps.Clone(o.approved), maps.Clone(o.settled)
	return c
}

func (o *oracle) restore(was oracle) { *o = was }

// Whatever people and forgers say in whatever order, over whatever runbook: no
// effect ever happens that rests on a forged word, and without one nothing is held
// up.
func TestNoEffectRestsOnAForgedWord(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(2, 6).Draw(r, "steps")
		var steps []runbook.Step
		fails := map[string]bool{}
		lost := map[string]bool{}
		for i := range n {
			kind := rapid.SampledFrom([]runbook.StepKind{"manual", "act", "act", "wait"}).Draw(r, "kind")
			var needs []string
			for k := range i {
				if rapid.Bool().Draw(r, "needs") {
					needs = append(needs, steps[k].ID)
				}
			}
			step := piece("plan.s"+strconv.Itoa(i), kind, needs...)
			if kind == "manual" && rapid.Bool().Draw(r, "asks") {
				step.Approvals = runbook.Approvals{Count: 1, Roles: []string{"lead"}, Why: "it matters"}
			}
			fails[step.ID] = rapid.IntRange(0, 3).Draw(r, "fails") == 0
			lost[step.ID] = !fails[step.ID] && rapid.IntRange(0, 3).Draw(r, "lost") == 0
			steps = append(steps, step)
		}
		steps = append([]runbook.Step{piece("plan.first", "manual")}, steps...)
		for i := range steps[1:] {
			steps[i+1].Needs = append(steps[i+1].Needs, "plan.first")
		}
		p := play(t, signingShop(t), pieces(steps...), "")
		w := &walk{playing: p, rapid: r, old: map[string]engine.Event{}, o: &oracle{plan: p.plan, forged: map[string]bool{}, approved: map[string]bool{}, settled: map[string]string{}}}
		maps.Copy(p.act.fails, fails)
		maps.Copy(p.act.unknown, lost)
		maps.DeleteFunc(p.act.fails, func(_ string, is bool) bool { return !is })
		maps.DeleteFunc(p.act.unknown, func(_ string, is bool) bool { return !is })
		p.before = func(step string, back bool) {
			if why := w.o.wrong(step, back); why != "" {
				r.Fatalf("%s is done (back %v) though %s", step, back, why)
			}
		}
		for range rapid.IntRange(4, 14).Draw(r, "words") {
			w.turn()
		}
		if w.forged > 0 {
			return
		}
		for _, st := range p.state.Steps {
			if strings.Contains(st.Detail, "not proved") {
				r.Fatalf("nobody forged anything, and a step is held up: %s", st.Detail)
			}
		}
	})
}
