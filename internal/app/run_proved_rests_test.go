package app

import (
	"maps"
	"strings"
	"testing"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
)

// byHand is a step that a person carries out, and what rests on it over others.
func byHand() *runbook.Runbook {
	return pieces(piece("plan.hand", "manual"), piece("plan.wait", "wait", "plan.hand"), piece("plan.next", "act", "plan.wait"), piece("plan.free", "act"), piece("prepare.later", "act", "plan.free"))
}

// sign is a word of ann, signed.
func (p *playing) sign(e engine.Event) engine.Event {
	p.t.Helper()
	p.by = "ann"
	me, err := p.speak(p.t.Context(), saidOf(e, store.Execution{Run: p.state.Run, Fingerprint: p.state.Plan}))
	if err != nil {
		p.t.Fatal(err)
	}
	e.By, e.How, e.Proof = me.By, me.How, me.Proof
	return e
}

// A confirmation that is put straight to the engine is taken there, and nothing
// that rests on it begins, however it is forged; what does not rest on it goes on.
// Said again by who may, it goes on.
func TestAForgedConfirmationMovesNothing(t *testing.T) {
	t.Parallel()
	confirm := engine.Event{Kind: engine.Confirm, Step: "plan.hand", Reason: "it is fine"}
	for name, c := range map[string]struct {
		forge func(p *playing) engine.Event
		why   string
	}{
		"no proof": {func(*playing) engine.Event { return confirm }, "has no proof"},
		"no statement": {func(*playing) engine.Event {
			e := confirm
			e.Proof = map[string]string{proofStatement: "yes"}
			return e
		}, "makes no such entry"},
		"another step": {func(p *playing) engine.Event {
			e := confirm
			s := e
			s.Step = "plan.wait"
			e = p.sign(s)
			e.Step = "plan.hand"
			return e
		}, "of the step"},
		"another verb": {func(p *playing) engine.Event {
			e := confirm
			e.Kind = engine.Pause
			e = p.sign(e)
			e.Kind = engine.Confirm
			return e
		}, "makes no such entry"},
		"another reason": {func(p *playing) engine.Event { e := p.sign(confirm); e.Reason = "something else"; return e }, "of the reason"},
		"another person": {func(p *playing) engine.Event { e := p.sign(confirm); e.By = "bob"; return e }, "the signature is that of"},
		"a bent proof": {func(p *playing) engine.Event {
			e := p.sign(confirm)
			e.Proof = maps.Clone(e.Proof)
			e.Proof[proofStatement] += "X"
			return e
		}, "is not one of"},
		"by name": {func(p *playing) engine.Event {
			e := p.sign(confirm)
			e.Proof = map[string]string{proofStatement: e.Proof[proofStatement], proofHow: localUser}
			e.How = localUser
			return e
		}, "proved by nothing"},
		"a stranger": {func(p *playing) engine.Event { return p.stranger(confirm) }, "not among the signers"},
		"another run": {func(p *playing) engine.Event {
			was := p.state.Run
			p.state.Run = "shop-2"
			e := p.sign(confirm)
			p.state.Run = was
			return e
		}, "of the run"},
		"another runbook": {func(p *playing) engine.Event {
			was := p.state.Plan
			p.state.Plan = "sha256:b"
			e := p.sign(confirm)
			p.state.Plan = was
			return e
		}, "of the runbook"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, signingShop(t), byHand(), "plan")
			p.forge(t, c.forge(p))
			p.stopped(t, "plan.next", c.why)
			if !p.did("plan.free") {
				t.Error("what does not rest on it has not gone on")
			}
			if status, err := p.RunStatus(t.Context()); err != nil || len(status.Still) != 1 || !strings.Contains(status.Still[0], "plan.hand: entry ") || !strings.Contains(status.Still[0], "landfall confirm plan.hand") {
				t.Errorf("status %q, %v", status.Still, err)
			}
			if heard := strings.Join(p.heard, "\n"); !strings.Contains(heard, "was told what is not proved") || !strings.Contains(heard, "plan.next (plan.next) needs a decision") {
				t.Errorf("people were told %q", heard)
			}
			p.says(engine.Event{Kind: engine.Retry, Step: "plan.next"})
			p.stopped(t, "plan.next", c.why)
			p.says(confirm)
			p.says(engine.Event{Kind: engine.Retry, Step: "plan.next"})
			if !p.did("plan.next") {
				t.Errorf("said again, it is not done: %q", p.step("plan.next").Detail)
			}
			if status, err := p.RunStatus(t.Context()); err != nil || len(status.Still) != 0 {
				t.Errorf("after that, status %q, %v", status.Still, err)
			}
			if err := p.Operate(t.Context(), confirm); err == nil {
				t.Error("what is proved was taken a second time")
			}
		})
	}
}

// stranger is a word that somebody signs whose key is not that of a signer.
func (p *playing) stranger(e engine.Event) engine.Event {
	was := p.keys["ann"]
	file := p.Config.Approvals.SignersFile
	p.Config.Approvals.SignersFile += ".other"
	p.signers(p.person("ann"))
	e = p.sign(e)
	p.keys["ann"], p.Config.Approvals.SignersFile = was, file
	return e
}

// The same words a second time, as after a way back, are nobody's.
func TestAConfirmationCountsOnce(t *testing.T) {
	t.Parallel()
	p := play(t, signingShop(t), byHand(), "plan")
	e := p.sign(engine.Event{Kind: engine.Confirm, Step: "plan.hand", Reason: "once"})
	p.forge(t, e) // as the person's own
	if !p.did("plan.next") {
		t.Fatalf("as it was said: %q", p.step("plan.next").Detail)
	}
	p.says(engine.Event{Kind: engine.Rollback, Step: "plan.hand", Reason: "once more"})
	p.says(engine.Event{Kind: engine.Confirm, Step: "plan.hand", Reason: "taken back"})
	p.says(engine.Event{Kind: engine.Resume})
	p.effects = nil
	p.forge(t, e)
	p.stopped(t, "plan.next", "used in entry")
}

// Every other word that lets an attempt begin is looked at like that: forged,
// nothing rests on it; said by who may, it goes on.
func TestForgedWordsMoveNothing(t *testing.T) {
	t.Parallel()
	there := true
	approvedHand := func() *runbook.Runbook {
		plan := byHand()
		plan.Steps[0].Approvals = runbook.Approvals{Count: 1, Roles: []string{"lead"}, Why: "it matters"}
		return plan
	}
	lost := func() *runbook.Runbook {
		return pieces(piece("plan.lost", "act"), piece("plan.next", "act", "plan.lost"))
	}
	for name, c := range map[string]struct {
		plan  func() *runbook.Runbook
		until string
		// before is what happens in order, forge what somebody forges, mend what
		// people say then.
		before func(p *playing)
		forge  engine.Event
		mend   []engine.Event
		step   string
		why    string
	}{
		"an approval": {plan: approvedHand, until: "plan", forge: engine.Event{Kind: engine.Approve, Step: "plan.hand", Role: "lead"},
			mend: []engine.Event{{Kind: engine.Approve, Step: "plan.hand", Role: "lead"}}, step: "plan.next", why: "0 of 1 approval"},
		"a skip": {plan: byHand, until: "plan", forge: engine.Event{Kind: engine.Skip, Step: "plan.hand"},
			mend: []engine.Event{{Kind: engine.Skip, Step: "plan.hand", Reason: "not here"}}, step: "plan.next", why: "word to skip of ann has no proof"},
		"an effect": {plan: lost, until: "plan", before: func(p *playing) { p.act.unknown["plan.lost"] = true }, forge: engine.Event{Kind: engine.Settle, Step: "plan.lost", Effect: &there},
			mend: []engine.Event{{Kind: engine.Settle, Step: "plan.lost", Effect: &there, Reason: "seen"}}, step: "plan.next", why: "word on the effect of ann has no proof"},
		"no effect": {plan: lost, until: "plan", before: func(p *playing) { p.act.unknown["plan.lost"] = true }, forge: engine.Event{Kind: engine.Settle, Step: "plan.lost", Effect: new(bool)},
			mend: []engine.Event{{Kind: engine.Settle, Step: "plan.lost", Effect: new(bool), Reason: "seen"}}, step: "plan.lost", why: "word on the effect of ann has no proof"},
		"a retry": {plan: byHand, until: "plan", before: func(p *playing) { p.act.fails["plan.free"] = true }, forge: engine.Event{Kind: engine.Retry, Step: "plan.free"}, step: "plan.free", why: "word to retry of ann has no proof"},
		"a retry outside of the window": {plan: byHand, until: "plan", before: func(p *playing) { p.act.fails["plan.free"] = true }, forge: engine.Event{Kind: engine.Retry, Step: "plan.free", Accept: true},
			mend: []engine.Event{{Kind: engine.Retry, Step: "plan.free", Accept: true, Reason: "at night"}}, step: "plan.free", why: "word to retry"},
		"a later phase": {plan: byHand, until: "plan", before: func(p *playing) { p.says(engine.Event{Kind: engine.Confirm, Step: "plan.hand", Reason: "done"}) },
			forge: engine.Event{Kind: engine.Extend, Until: runbook.Prepare}, mend: []engine.Event{{Kind: engine.Extend, Until: runbook.Prepare}}, step: "prepare.later", why: "word to go further"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := playFrom(t, c.plan(), c.until, c.before)
			p.effects = nil
			p.act.there[c.step] = false
			p.forge(t, c.forge)
			if c.forge.Kind == engine.Approve {
				p.says(engine.Event{Kind: engine.Confirm, Step: "plan.hand", Reason: "done"})
			}
			p.stopped(t, c.step, c.why)
			for _, e := range c.mend {
				p.says(e)
			}
			if p.step(c.step).Status == engine.Operator {
				p.says(engine.Event{Kind: engine.Retry, Step: c.step})
			}
			if !p.did(c.step) {
				t.Errorf("said by who may, it is not done: %q", p.step(c.step).Detail)
			}
		})
	}
}

// playFrom plays a run for which something is to happen on its first attempts.
func playFrom(t *testing.T, plan *runbook.Runbook, until string, before func(*playing)) *playing {
	t.Helper()
	plan.Steps = append([]runbook.Step{piece("plan.first", "manual")}, plan.Steps...)
	for i := range plan.Steps[1:] {
		if step := &plan.Steps[i+1]; len(step.Needs) == 0 {
			step.Needs = []string{"plan.first"}
		}
	}
	p := play(t, signingShop(t), plan, until)
	if before == nil {
		before = func(*playing) {}
	}
	p.by = "ann"
	first := func() { p.says(engine.Event{Kind: engine.Confirm, Step: "plan.first", Reason: "begin"}) }
	if strings.Contains(t.Name(), "later_phase") {
		first()
		before(p)
		return p
	}
	before(p)
	first()
	return p
}
