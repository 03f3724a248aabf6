package app

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/config"
	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
)

// chained is a run of two steps that are done, the second on the first.
func chained(t *testing.T, s *signing) *playing {
	t.Helper()
	p := play(t, s, pieces(piece("plan.a", "act"), piece("plan.b", "act", "plan.a"), piece("prepare.later", "act", "plan.b")), "plan")
	if !p.did("plan.b") {
		t.Fatalf("not done: %+v", p.step("plan.b"))
	}
	return p
}

// Nothing is taken back because somebody forged that; what people say of the way
// back, and a trigger, takes it back.
func TestAForgedWayBackTakesNothingBack(t *testing.T) {
	t.Parallel()
	for name, forged := range map[string]engine.Event{
		"of a person": {Kind: engine.Rollback}, "of Landfall": {Kind: engine.Rollback, By: unprompted},
	} {
		p := chained(t, signingShop(t))
		p.forge(t, forged)
		if st := p.step("plan.b"); p.did("undo plan.b") || st.Status != engine.Operator || !strings.Contains(st.Detail, `take back "plan.b": it rests on what is not proved: the run goes back`) {
			t.Errorf("%s: %s, %q, %v", name, st.Status, st.Detail, p.effects)
		}
		p.says(engine.Event{Kind: engine.Rollback, Reason: "no good"})
		p.says(engine.Event{Kind: engine.Retry, Step: "plan.b"})
		if !p.did("undo plan.b") || !p.did("undo plan.a") || p.state.Result != "rolled back" {
			t.Errorf("%s, said by who may: %v, %s", name, p.effects, p.state.Result)
		}
	}
}

// A trigger's own way back is nobody's word.
func TestATriggerGoesBack(t *testing.T) {
	t.Parallel()
	plan := pieces(piece("plan.zero", "act"), piece("plan.a", "act", "plan.zero"), piece("prepare.later", "act", "plan.a"))
	plan.Triggers = []runbook.Trigger{{ID: "errors", Expr: "changes > 0.0", Facts: []runbook.Fact{changesFact()}, From: "plan.a", Until: "prepare.later", To: "plan.zero", Action: "rollback", EverySeconds: 60, Decides: "lead", Why: "too many"}}
	p := play(t, signingShop(t), plan, "plan")
	if err := p.take(t.Context(), engine.Event{Kind: engine.TriggerAsked, Trigger: "errors", Attempt: p.state.Triggers[0].Asking, Open: new(true)}); err != nil {
		t.Fatal(err)
	}
	if !p.did("undo plan.a") || !p.did("undo plan.zero") || p.state.Why != "rolled back to plan.zero" {
		t.Errorf("%v, %q, %q", p.effects, p.state.Why, p.step("plan.a").Detail)
	}
}

// What somebody forges of a step that goes back first holds those up that go back
// behind it: that it is not there, that it stays, that a person took it back.
func TestForgedWordsOfTheWayBack(t *testing.T) {
	t.Parallel()
	back := engine.Event{Kind: engine.Rollback, Reason: "no good"}
	lost := func(p *playing) {
		p.act.unknown["plan.b"] = true
		p.says(engine.Event{Kind: engine.Confirm, Step: "plan.first", Reason: "begin"})
	}
	for name, c := range map[string]struct {
		kind  runbook.StepKind
		say   func(p *playing)
		forge engine.Event
	}{
		"not there":  {"act", func(p *playing) { lost(p); p.says(back) }, engine.Event{Kind: engine.Settle, Step: "plan.b", Effect: new(bool)}},
		"before it":  {"act", lost, engine.Event{Kind: engine.Settle, Step: "plan.b", Effect: new(bool)}},
		"taken back": {"manual", func(p *playing) { p.hands3(); p.says(back) }, engine.Event{Kind: engine.Confirm, Step: "plan.b"}},
		"kept":       {"manual", func(p *playing) { p.hands3(); p.says(back) }, engine.Event{Kind: engine.Skip, Step: "plan.b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, signingShop(t), pieces(piece("plan.first", "manual"), piece("plan.a", "act", "plan.first"), piece("plan.b", c.kind, "plan.a"), piece("prepare.later", "act", "plan.b")), "plan")
			c.say(p)
			p.forge(t, c.forge)
			if p.state.Mode == engine.Forward {
				p.says(back)
			}
			if st := p.step("plan.a"); p.did("undo plan.a") || st.Status != engine.Operator || !strings.Contains(st.Detail, "plan.b: entry ") {
				t.Fatalf("%s, %q, %v", st.Status, st.Detail, p.effects)
			}
			again := c.forge
			again.Reason = "so it is"
			p.says(again)
			p.says(engine.Event{Kind: engine.Retry, Step: "plan.a"})
			if !p.did("undo plan.a") {
				t.Errorf("said by who may: %q", p.step("plan.a").Detail)
			}
		})
	}
}

// hands3 has people carry the first and the third step out.
func (p *playing) hands3() {
	p.says(engine.Event{Kind: engine.Confirm, Step: "plan.first", Reason: "begin"})
	p.says(engine.Event{Kind: engine.Confirm, Step: "plan.b", Reason: "done"})
}

// What a person had stand still goes on when a person says so.
func TestAForgedResumeStartsNothing(t *testing.T) {
	t.Parallel()
	p := play(t, signingShop(t), byHand(), "plan")
	p.forge(t, engine.Event{Kind: engine.Pause})
	if heard := strings.Join(p.heard, "\n"); !strings.Contains(heard, "the word to pause of ann has no proof") {
		t.Errorf("of a forged pause people were told %q", heard)
	}
	p.says(engine.Event{Kind: engine.Resume})
	p.says(engine.Event{Kind: engine.Pause, Reason: "lunch"})
	p.says(engine.Event{Kind: engine.Confirm, Step: "plan.hand", Reason: "done"})
	p.forge(t, engine.Event{Kind: engine.Resume})
	p.stopped(t, "plan.next", "the run goes on: entry ")
	p.says(engine.Event{Kind: engine.Resume})
	p.says(engine.Event{Kind: engine.Retry, Step: "plan.next"})
	if !p.did("plan.next") {
		t.Errorf("%q", p.step("plan.next").Detail)
	}
}

// Where people are known by name only, a word is one with its statement: nothing
// proves who said it, but nothing moves for one that was not said to Landfall.
func TestLocalUsersHaveToSayIt(t *testing.T) {
	t.Parallel()
	s := signingShop(t)
	s.Config.Approvals, s.Identify = config.Approvals{Identity: "local"}, nil
	p := play(t, s, byHand(), "plan")
	confirm := engine.Event{Kind: engine.Confirm, Step: "plan.hand", By: "tester", How: localUser}
	p.forge(t, confirm)
	p.stopped(t, "plan.next", "confirmation of tester has no proof")
	p.says(engine.Event{Kind: engine.Confirm, Step: "plan.hand", Reason: "done"})
	p.says(engine.Event{Kind: engine.Retry, Step: "plan.next"})
	if !p.did("plan.next") {
		t.Errorf("%q", p.step("plan.next").Detail)
	}
}

// A key that is taken out takes along what it has said, also what was done since;
// one that counted until a day keeps what it said by then.
func TestAKeyOfSomebodyWhoLeft(t *testing.T) {
	t.Parallel()
	s := signingShop(t)
	p := play(t, s, pieces(piece("plan.hand", "manual"), piece("plan.mid", "act", "plan.hand"), piece("plan.sign", "manual", "plan.mid"), piece("plan.next", "act", "plan.sign")), "")
	p.says(engine.Event{Kind: engine.Confirm, Step: "plan.hand", Reason: "done"})
	ann, err := readSigners(s.Config.Approvals.SignersFile)
	if err != nil {
		t.Fatal(err)
	}
	s.signers(s.person("bob"))
	s.by = "bob"
	s.Config.Approvals.Roles["bob"] = "lead"
	p.says(engine.Event{Kind: engine.Confirm, Step: "plan.sign", Reason: "done"})
	p.stopped(t, "plan.next", "not among the signers")
	bob, err := readSigners(s.Config.Approvals.SignersFile)
	if err != nil {
		t.Fatal(err)
	}
	until := `ann valid-before="` + time.Now().Add(time.Hour).UTC().Format("200601021504") + `Z" `
	s.signers(until+strings.TrimPrefix(strings.SplitAfter(string(ann), "\n")[0], "ann "), string(bob))
	p.says(engine.Event{Kind: engine.Retry, Step: "plan.next"})
	if !p.did("plan.next") {
		t.Errorf("%q", p.step("plan.next").Detail)
	}
}

// A run that was begun by a release that kept no proofs goes on: what was said to
// it by then is taken, the ledger and the status say so, and from there on nothing
// is taken without proof.
func TestRunsOfBeforeGoOn(t *testing.T) {
	t.Parallel()
	s := signingShop(t)
	p, fingerprint := stage(t, s, pieces(piece("plan.hand", "manual"), piece("plan.next", "act", "plan.hand"), piece("plan.sign", "manual", "plan.next"), piece("plan.last", "act", "plan.sign")))
	p.plan = pieces()
	if err := s.Workspace.Read(store.Runbook, p.plan); err != nil {
		t.Fatal(err)
	}
	const run = "shop-old"
	s.keepPlan(run, p.plan)
	if _, err := s.record(t.Context(), entryRunBegun, run, map[string]any{"runbook": fingerprint, "until": ""}); err != nil {
		t.Fatal(err)
	}
	if err := s.Workspace.KeepExecution(store.Execution{Run: run, Fingerprint: fingerprint, Begun: time.Now(), By: "ann"}); err != nil {
		t.Fatal(err)
	}
	p.work = older{hands{s.App, 1}}
	if err := p.Start(t.Context(), engine.Request{Run: run, Plan: p.plan, Fingerprint: fingerprint, By: "ann"}); err != nil {
		t.Fatal(err)
	}
	p.forge(t, engine.Event{Kind: engine.Confirm, Step: "plan.hand"})
	p.work = s.hands() // the upgrade
	p.says(engine.Event{Kind: engine.Retry, Step: "plan.next"})
	if !p.did("plan.next") {
		t.Fatalf("what was said before is not taken: %q", p.step("plan.next").Detail)
	}
	list, err := s.LedgerList(t.Context(), LedgerOptions{}, entryProofsBegun)
	if err != nil || len(list.Entries) != 1 {
		t.Errorf("the ledger says %+v, %v", list.Entries, err)
	}
	if status, err := p.RunStatus(t.Context()); err != nil || len(status.Still) != 1 || !strings.Contains(status.Still[0], "kept no proofs: 1 word") {
		t.Errorf("the status says %q, %v", status.Still, err)
	}
	p.forge(t, engine.Event{Kind: engine.Confirm, Step: "plan.sign"})
	p.stopped(t, "plan.last", "has no proof")
}

// older are hands of a release that looked at nothing, and whose attempts all
// failed.
type older struct{ hands }

func (older) Step(context.Context, engine.StepCall, func(engine.Beat), <-chan struct{}) engine.StepResult {
	return engine.StepResult{Outcome: runbook.NoEffect, Final: true, Detail: "it broke"}
}

// A worker elsewhere has no ledger: it goes by what the worker of the workspace
// found, and does nothing where that has not looked.
func TestAWorkerWithoutALedger(t *testing.T) {
	t.Parallel()
	p := play(t, signingShop(t), byHand(), "plan")
	elsewhere := signingShop(t)
	elsewhere.Actions = p.Actions
	step := p.plan.Steps[p.plan.Index()["plan.next"]]
	call := engine.StepCall{Run: p.state.Run, Plan: p.state.Plan, Step: step, Kind: engine.DoStep, Attempt: 1}
	for name, c := range map[string]struct {
		said *engine.Clearance
		why  string
	}{
		"nobody has looked": {nil, "nobody who has one says"},
		"refused":           {&engine.Clearance{Refused: "no proof of plan.hand"}, "no proof of plan.hand"},
		"cleared":           {&engine.Clearance{}, ""},
	} {
		call.Clearance = c.said
		got := elsewhere.hands().Step(t.Context(), call, func(engine.Beat) {}, nil)
		if (got.Outcome == runbook.Succeeded) != (c.why == "") || c.why != "" && (!got.Final || got.Outcome != runbook.NoEffect || !strings.Contains(got.Detail, c.why)) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	p.forge(t, engine.Event{Kind: engine.Confirm, Step: "plan.hand"})
	clear := p.work.(engine.Clearing).Clear(t.Context(), p.state.Run, []engine.Entry{{Kind: "attempt.begun", Step: "plan.next", Data: map[string]string{"attempt": "1"}}, {Kind: "attempt.begun", Step: "plan.free", Data: map[string]string{"attempt": "1"}}, {Kind: "undo.begun", Step: "plan.free", Data: map[string]string{"attempt": "7"}}})
	if !strings.Contains(clear["plan.next"].Refused, "has no proof") || !strings.Contains(clear["plan.free"].Refused, "the ledger has nothing of it") {
		t.Errorf("%+v", clear)
	}
}

// A checkpoint says what somebody wrote into it: a step that the ledger does not
// say is done moves nothing, and neither does a checkpoint that nobody gave.
func TestAForgedCheckpointMovesNothing(t *testing.T) {
	t.Parallel()
	for name, mine := range map[string]bool{"given by a person": true, "given by nobody": false} {
		p := play(t, signingShop(t), byHand(), "plan")
		if err := p.take(t.Context(), engine.Event{Kind: engine.Abort, By: "ann"}); err != nil {
			t.Fatal(err)
		}
		from := p.state
		from.Steps = slices.Clone(from.Steps)
		from.Steps[0] = &engine.StepState{Status: engine.Done, Effect: true}
		from.Order = append(slices.Clone(from.Order), 0)
		why := "nobody of this workspace gave it"
		if mine {
			p.by, why = "ann", "plan.hand: the ledger does not say that it is done"
			me, err := p.speak(t.Context(), said{Verb: sayRun, Run: from.Run, Runbook: from.Plan})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.recordAs(t.Context(), me.By, entryRunBegun, from.Run, map[string]any{"runbook": from.Plan, "resumed": true}); err != nil {
				t.Fatal(err)
			}
		}
		from.Result, from.Mode, from.Resumes = "drained", engine.Ended, engine.Forward
		if err := p.Start(t.Context(), engine.Request{Run: from.Run, Plan: p.plan, Fingerprint: from.Plan, By: "ann", From: &from}); err != nil {
			t.Fatal(err)
		}
		if st := p.step("plan.next"); p.did("plan.next") || st.Status != engine.Operator || !strings.Contains(st.Detail, why) {
			t.Errorf("%s: %s, %q, %v", name, st.Status, st.Detail, p.effects)
		}
	}
}

// Who wanted a run may have left: somebody else says again that they want it.
func TestARunIsWantedAgain(t *testing.T) {
	t.Parallel()
	s := signingShop(t)
	p := play(t, s, byHand(), "plan")
	s.signers(s.person("bob"))
	s.by = "bob"
	p.says(engine.Event{Kind: engine.Confirm, Step: "plan.hand", Reason: "done"})
	p.stopped(t, "plan.next", "the run goes until the phase plan: entry ")
	s.setup.Now = func() time.Time { return time.Now().Add(time.Minute) }
	if _, err := s.App.Run(t.Context(), RunOptions{Detach: true}, unheard); err != nil {
		t.Fatal(err)
	}
	p.says(engine.Event{Kind: engine.Retry, Step: "plan.next"})
	if !p.did("plan.next") {
		t.Errorf("%q", p.step("plan.next").Detail)
	}
	if _, err := s.App.Run(t.Context(), RunOptions{Detach: true}, unheard); err != nil {
		t.Fatal(err)
	}
	list, err := s.LedgerList(t.Context(), LedgerOptions{}, entryRunAsked)
	if err != nil || len(list.Entries) != 2 {
		t.Errorf("%d words to run, %v", len(list.Entries), err)
	}
}

// Each entry of a ledger is read once; one that was put back from a copy is read
// anew, and one that does not hold together stops every step.
func TestALedgerIsFollowed(t *testing.T) {
	t.Parallel()
	p := play(t, signingShop(t), byHand(), "plan")
	f := newLedgerWords(p.App)
	look := func() (*runWords, error) {
		r, _, err := f.about(t.Context(), p.state.Run)
		return r, err
	}
	first, err := look()
	if err != nil || first == nil {
		t.Fatal(first, err)
	}
	judged := first.words[0]
	p.says(engine.Event{Kind: engine.Confirm, Step: "plan.hand", Reason: "done"})
	if then, err := look(); err != nil || then != first || then.words[0] != judged || then.step("plan.next").settled != byAttempt {
		t.Errorf("%+v, %v", then, err)
	}
	f.last.Seq += 100 // as after more entries than the file has
	if then, err := look(); err != nil || then == first || then.step("plan.next").settled != byAttempt {
		t.Errorf("put back: %+v, %v", then, err)
	}
	f.last.Seq, f.last.Hash = 3, "sha256:0"
	if then, err := look(); err != nil || then.step("plan.next").settled != byAttempt {
		t.Errorf("another past: %+v, %v", then, err)
	}
}
