package app

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	people "example.com/landfall/internal/approve"
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/view"
)

// signing is a workspace in which people sign with keys of their own.
type signing struct {
	*App
	t    *testing.T
	keys map[string]string
	// by is who is at the keyboard.
	by string
}

func (s *signing) person(name string) string {
	s.t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		s.t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		s.t.Fatal(err)
	}
	s.keys[name] = filepath.Join(s.t.TempDir(), name)
	if err := os.WriteFile(s.keys[name], pem.EncodeToMemory(block), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return name + " " + string(ssh.MarshalAuthorizedKey(signer.PublicKey()))
}

// signers writes the file of who may sign.
func (s *signing) signers(lines ...string) {
	s.t.Helper()
	if err := os.WriteFile(s.Config.Approvals.SignersFile, []byte(strings.Join(lines, "")), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func signingShop(t *testing.T) *signing {
	t.Helper()
	s := &signing{App: workspace(t), t: t, keys: map[string]string{}, by: "ann"}
	roles := map[string]string{"ann": "lead", "bob": "dba"}
	s.Config = &config.Config{Workload: config.Workload{Name: "shop"}, Approvals: config.Approvals{Identity: "ssh", SignersFile: filepath.Join(t.TempDir(), "approvers"), Roles: roles}}
	s.signers(s.person("ann"), s.person("bob"))
	s.Identify = func(ctx context.Context, statement string) (Identity, error) {
		who, err := people.New(people.Settings{Way: people.SSH, SignersFile: s.Config.Approvals.SignersFile, Key: s.keys[s.by], Roles: roles, Now: time.Now})(ctx, statement)
		return Identity(who), err
	}
	s.Judge = func(c Claim, signers []byte) (string, error) {
		worth, err := people.Verify(people.Claim(c), signers)
		return string(worth), err
	}
	s.RoleOf = func(by string) string { return people.RoleOf(roles, by) }
	return s
}

// checked verifies the ledger.
func (s *signing) checked(o LedgerOptions) (view.LedgerProofs, error) {
	s.t.Helper()
	verdict, err := s.LedgerCheck(s.t.Context(), o)
	if err != nil && !fault.Is(err, fault.Found) {
		s.t.Fatal(err)
	}
	if verdict.Proofs == nil {
		s.t.Fatalf("the proofs were not looked at: %+v, %v", verdict, err)
	}
	return *verdict.Proofs, err
}

// reducing is an engine without a server: the reducer, and its entries in the
// ledger.
type reducing struct {
	app   *App
	plan  *runbook.Runbook
	state engine.State
}

func (r *reducing) take(ctx context.Context, e engine.Event) error {
	if e.At.IsZero() {
		e.At = time.Now()
	}
	state, commands, err := engine.Next(r.plan, r.state, e)
	if err != nil {
		return err
	}
	r.state = state
	var entries []engine.Entry
	for _, c := range commands {
		if c.Kind == engine.Record {
			entries = append(entries, *c.Entry)
		}
	}
	return hands{r.app, 1}.Record(ctx, r.state.Run, entries)
}

func (r *reducing) Start(ctx context.Context, q engine.Request) error {
	var err error
	if r.plan = q.Plan; r.state.Run == "" {
		if r.state, err = engine.Start(q.Plan, q.Run, q.Fingerprint); err != nil {
			return err
		}
		return r.take(ctx, engine.Event{Kind: engine.Begin, By: q.By, How: q.How, Role: q.Role, Plan: q.Fingerprint, Until: q.Until})
	}
	return nil
}

func (r *reducing) Send(ctx context.Context, _ string, e engine.Event) error { return r.take(ctx, e) }
func (r *reducing) Open(context.Context, string) (bool, error) {
	if r.state.Run == "" {
		return false, fault.Newf(fault.NotFound, "no run")
	}
	return r.state.Mode != engine.Ended, nil
}
func (r *reducing) Status(context.Context, string) (engine.Summary, error) {
	return engine.Summarize(r.plan, r.state), nil
}
func (r *reducing) State(context.Context, string) (engine.State, error) { return r.state, nil }
func (r *reducing) Wait(context.Context, string) (engine.State, error)  { return r.state, nil }

// talkative is a runbook in which everything that people can say has its place.
func talkative() *runbook.Runbook {
	step := func(id string, kind runbook.StepKind, needs ...string) runbook.Step {
		return runbook.Step{ID: id, Phase: runbook.Plan, Kind: kind, Owner: "lead", Title: id, Needs: needs, Inputs: map[string]any{"text": "x"}, Do: "d", Probe: "p", Verify: "v", Undo: &runbook.Undo{Do: "u"},
			TimeoutSeconds: 60, ExpectedSeconds: 1, ExpectedBasis: "stated: a test", Retry: runbook.Retry{Attempts: 1, FirstSeconds: 1, MaxSeconds: 1}}
	}
	asks := step("plan.asks", "note")
	asks.Approvals = runbook.Approvals{Count: 1, Roles: []string{"lead"}, Why: "it matters"}
	later := step("prepare.later", "note", "plan.asks")
	later.Phase = runbook.Prepare
	return &runbook.Runbook{SchemaVersion: runbook.Version, InterpreterVersion: runbook.Interpreter, Workload: "shop", Environment: "test", Inputs: map[string]string{},
		Steps: []runbook.Step{asks, step("plan.hand", "manual"), step("plan.fails", "note"), step("plan.lost", "note"), step("plan.passed", "note"), later}}
}

// begun is a run of that runbook, approved by two persons.
func (s *signing) begun() *reducing {
	s.t.Helper()
	ctx, runs := s.t.Context(), &reducing{app: s.App}
	s.Config.Approvals.TwoPersons = true
	s.Engines.Connect = func(context.Context, EnginePlace, bool) (engine.Runs, func(), error) { return runs, func() {}, nil }
	fingerprint, err := s.Workspace.Put(store.Runbook, talkative())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, s.by = range []string{"bob", "ann"} {
		if _, err := s.ApproveRunbook(ctx, fingerprint, ""); err != nil {
			s.t.Fatal(err)
		}
	}
	if _, err := s.App.Run(ctx, RunOptions{Detach: true, Until: "plan"}, unheard); err != nil {
		s.t.Fatal(err)
	}
	return runs
}

func (s *signing) says(e engine.Event) {
	s.t.Helper()
	if err := s.Operate(s.t.Context(), e); err != nil {
		s.t.Fatalf("%s %s: %v", e.Kind, e.Step, err)
	}
}

func (r *reducing) ends(t *testing.T, step string, e engine.Event) {
	t.Helper()
	e.Kind, e.Step = engine.AttemptEnded, step
	e.Attempt = r.state.Steps[r.plan.Index()[step]].Attempt
	if err := r.take(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

// Every verb leaves an entry of which an auditor can tell, offline, that this
// person has said just this: what people say and what the engine writes of it
// fit together, and nothing is left to be taken on trust.
func TestEveryWordIsProved(t *testing.T) {
	t.Parallel()
	s := signingShop(t)
	r := s.begun()
	there, count := true, 3 // two approvals of the runbook, and the run that was asked for
	say := func(e engine.Event) { s.says(e); count++ }
	say(engine.Event{Kind: engine.Reject, Step: "plan.asks", Reason: `not "yet", says the DBA`})
	say(engine.Event{Kind: engine.Retry, Step: "plan.asks"})
	say(engine.Event{Kind: engine.Approve, Step: "plan.asks", Role: "lead"})
	say(engine.Event{Kind: engine.Confirm, Step: "plan.hand", Reason: "ticket 7"})
	r.ends(t, "plan.asks", engine.Event{Outcome: runbook.Succeeded})
	r.ends(t, "plan.fails", engine.Event{Outcome: runbook.NoEffect, Final: true})
	r.ends(t, "plan.passed", engine.Event{Outcome: runbook.NoEffect, Final: true})
	r.ends(t, "plan.lost", engine.Event{Outcome: runbook.Unknown})
	r.ends(t, "plan.lost", engine.Event{})
	say(engine.Event{Kind: engine.Skip, Step: "plan.passed", Reason: "not needed here"})
	say(engine.Event{Kind: engine.Settle, Step: "plan.lost", Effect: &there, Reason: "seen at both"})
	say(engine.Event{Kind: engine.Retry, Step: "plan.fails", Accept: true, Reason: "at night"})
	r.ends(t, "plan.fails", engine.Event{Outcome: runbook.Succeeded})
	say(engine.Event{Kind: engine.Extend, Until: runbook.Prepare})
	say(engine.Event{Kind: engine.Pause, Reason: "lunch"})
	say(engine.Event{Kind: engine.Resume})
	say(engine.Event{Kind: engine.Rollback, Step: "plan.lost", Reason: "it is late"})
	say(engine.Event{Kind: engine.Drain, Reason: "elsewhere"})
	say(engine.Event{Kind: engine.Abort, Reason: "enough"})
	got, err := s.checked(LedgerOptions{})
	if err != nil || got.Proved != count || got.Stated+got.Reported+got.Unchecked != 0 || len(got.Wrong) != 0 {
		t.Errorf("%d words: %+v, %v", count, got, err)
	}
	if len(got.Signers) != 1 || got.Signers[0].Entries != count || got.Signers[0].Kept {
		t.Errorf("signers %+v", got.Signers)
	}
}

// The signers file changes, and what was signed before stays proved: with the
// copy that is kept, or with a file from version control, here and of an export.
func TestSignersOfThen(t *testing.T) {
	t.Parallel()
	s := signingShop(t)
	s.begun()
	old, err := os.ReadFile(s.Config.Approvals.SignersFile)
	if err != nil {
		t.Fatal(err)
	}
	s.signers(s.person("carl"))
	if got, err := s.checked(LedgerOptions{}); err != nil || got.Proved != 3 || len(got.Signers) != 1 || !got.Signers[0].Kept {
		t.Errorf("with the kept copy: %+v, %v", got, err)
	}
	if err := os.RemoveAll(filepath.Join(s.Workspace.Root(), store.PrivateFolder, signersFolder)); err != nil {
		t.Fatal(err)
	}
	if got, err := s.checked(LedgerOptions{}); err != nil || got.Proved != 0 || got.Unchecked != 3 || got.FirstUnchecked == 0 {
		t.Errorf("without it: %+v, %v", got, err)
	}
	file, export := filepath.Join(t.TempDir(), "approvers.then"), filepath.Join(t.TempDir(), "out.ndjson")
	if err := os.WriteFile(file, old, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.LedgerExport(t.Context(), LedgerOptions{}, export); err != nil {
		t.Fatal(err)
	}
	for _, o := range []LedgerOptions{{Signers: []string{file}}, {Export: export, Signers: []string{file}}} {
		if got, err := s.checked(o); err != nil || got.Proved != 3 || got.Signers[0].From != file {
			t.Errorf("with the file of then: %+v, %v", got, err)
		}
	}
}

// What was signed for one thing proves no other: not in another run, for another
// step, with another effect, a second time, in another ledger, or for another
// person.
func TestForgedWordsAreFound(t *testing.T) {
	t.Parallel()
	s := signingShop(t)
	r := s.begun()
	run := r.state.Run
	x := store.Execution{Run: run, Fingerprint: r.state.Plan}
	signed := func(e engine.Event) Identity {
		me, err := s.speak(t.Context(), saidOf(e, x))
		if err != nil {
			t.Fatal(err)
		}
		return me
	}
	good := signed(engine.Event{Kind: engine.Approve, Step: "plan.asks"})
	entry := func(proof map[string]string) engine.Entry {
		return engine.Entry{Kind: "approval.given", Step: "plan.asks", By: "ann", Text: "no reason given", Data: map[string]string{"fingerprint": x.Fingerprint, "role": "lead", "how": good.How}, Proof: proof}
	}
	again := func() Identity { return signed(engine.Event{Kind: engine.Approve, Step: "plan.asks"}) }
	foreign := again()
	what, err := parseSaid(foreign.Proof[proofStatement])
	if err != nil {
		t.Fatal(err)
	}
	what.Ledger = strings.Repeat("0", 32)
	other, err := s.Identify(t.Context(), what.text())
	if err != nil {
		t.Fatal(err)
	}
	other.Proof[proofHow] = other.How
	bent := maps.Clone(good.Proof)
	bent[proofStatement] = strings.Replace(bent[proofStatement], "plan.asks", "plan.hand", 1)
	for name, c := range map[string]struct {
		change func(*engine.Entry)
		proof  map[string]string
		why    string
	}{
		"another step":      {func(e *engine.Entry) { e.Step = "plan.hand" }, again().Proof, `of the step "plan.asks", and the entry of "plan.hand"`},
		"another statement": {func(e *engine.Entry) { e.Step = "plan.hand" }, bent, "is not one of"},
		"another run":       {nil, again().Proof, `of the run`},
		"another runbook":   {func(e *engine.Entry) { e.Data["fingerprint"] = "sha256:0" }, again().Proof, "of the runbook"},
		"another role":      {func(e *engine.Entry) { e.Data["role"] = "dba" }, signed(engine.Event{Kind: engine.Approve, Step: "plan.asks", Role: "lead"}).Proof, "of the role"},
		"another verb":      {func(e *engine.Entry) { e.Kind = "step.skipped" }, again().Proof, "which makes no such entry"},
		"another person":    {func(e *engine.Entry) { e.By = "bob" }, again().Proof, "the signature is that of"},
		"another way":       {func(e *engine.Entry) { e.Data["how"] = localUser }, again().Proof, "the entry says local user"},
		"another ledger":    {nil, other.Proof, "for another ledger"},
		"a reason":          {func(e *engine.Entry) { e.Kind, e.Text, e.Step = "run.paused", "z", "" }, signed(engine.Event{Kind: engine.Pause, Reason: "y"}).Proof, "of the reason"},
		"an effect": {func(e *engine.Entry) { e.Kind, e.Text, e.Data["effect"] = "outcome.settled", "there: y", effectThere },
			signed(engine.Event{Kind: engine.Settle, Step: "plan.asks", Effect: new(bool), Reason: "y"}).Proof, "of the effect"},
		"a loss": {func(e *engine.Entry) { e.Kind, e.Text, e.Data["accepted"] = "step.skipped", "y", "true" },
			signed(engine.Event{Kind: engine.Skip, Step: "plan.asks", Reason: "y"}).Proof, "does not accept"},
		"no statement": {nil, map[string]string{proofStatement: "approve everything", proofHow: good.How}, "no statement"},
	} {
		e := entry(c.proof)
		if c.change != nil {
			c.change(&e)
		}
		name := strings.ReplaceAll(name, " ", "-")
		stream := run
		if name == "another-run" {
			stream = "shop-2"
			if _, err := s.record(t.Context(), entryRunBegun, stream, map[string]any{"runbook": x.Fingerprint}); err != nil {
				t.Fatal(err)
			}
		}
		before, _ := s.checked(LedgerOptions{})
		s.append(stream, e)
		after, err := s.checked(LedgerOptions{})
		if n := len(after.Wrong); !fault.Is(err, fault.Found) || n != len(before.Wrong)+1 || !strings.Contains(after.Wrong[n-1].Why, c.why) {
			t.Errorf("%s: %+v, %v", name, after, err)
		}
	}
	before, _ := s.checked(LedgerOptions{})
	s.append(run, entry(good.Proof))
	if once, _ := s.checked(LedgerOptions{}); once.Proved != before.Proved+1 || len(once.Wrong) != len(before.Wrong) {
		t.Errorf("as it was said: %+v", once)
	}
	s.append(run, entry(good.Proof))
	if twice, _ := s.checked(LedgerOptions{}); len(twice.Wrong) != len(before.Wrong)+1 || !strings.Contains(twice.Wrong[len(twice.Wrong)-1].Why, "already") {
		t.Errorf("said once, used twice: %+v", twice)
	}
	s.append(run, entry(nil))
	if none, _ := s.checked(LedgerOptions{}); none.Stated != before.Stated+1 {
		t.Errorf("without a proof: %+v", none)
	}
}

// append adds an entry to the stream of a run, as somebody could who writes the
// ledger file and all of its chain.
// Nobody is spared the check by an entry that makes a rehearsal of a run, or that
// stands in the name of Landfall itself.
func TestWordsThatHideAreFound(t *testing.T) {
	t.Parallel()
	s := signingShop(t)
	r := s.begun()
	run := r.state.Run
	forged := engine.Entry{Kind: "approval.given", Step: "plan.asks", By: "ann", Text: "no reason given", Data: map[string]string{"fingerprint": r.state.Plan, "role": "lead"}, Proof: map[string]string{proofStatement: "approve everything"}}
	if _, err := s.record(t.Context(), entryRunBegun, run, map[string]any{"runbook": r.state.Plan, "rehearsal": true}); err != nil {
		t.Fatal(err)
	}
	s.append(run, forged)
	forged.By, forged.Proof = "", nil
	s.append(run, forged)
	s.append(run, engine.Entry{Kind: "run.paused", Text: "a trigger"})
	got, err := s.checked(LedgerOptions{})
	if !fault.Is(err, fault.Found) || len(got.Wrong) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	for i, why := range []string{"has begun before", "no statement", "in the name of Landfall"} {
		if !strings.Contains(got.Wrong[i].Why, why) {
			t.Errorf("entry %d is wrong as %q", got.Wrong[i].Seq, got.Wrong[i].Why)
		}
	}
}

func (s *signing) append(run string, e engine.Entry) {
	s.t.Helper()
	list, err := s.LedgerList(s.t.Context(), LedgerOptions{}, "")
	if err != nil {
		s.t.Fatal(err)
	}
	e.Number, e.At = 1, time.Now()
	for _, had := range list.Entries {
		if of, ok := runOf(had.Subject); ok && of == run {
			e.Number++
		}
	}
	if err := (hands{s.App, 1}).Record(s.t.Context(), run, []engine.Entry{e}); err != nil {
		s.t.Fatal(err)
	}
}

// A rehearsal's answers are nobody's word, and a trigger is no person.
func TestNobodysWords(t *testing.T) {
	t.Parallel()
	s := signingShop(t)
	if _, err := s.record(t.Context(), entryRunBegun, "shop-rehearsal-1", map[string]any{"runbook": "sha256:a", "rehearsal": true}); err != nil {
		t.Fatal(err)
	}
	s.append("shop-rehearsal-1", engine.Entry{Kind: "approval.given", By: "rehearsal 1", Text: "rehearsal", Data: map[string]string{"how": "rehearsal"}})
	s.append("shop-1", engine.Entry{Kind: "run.paused", Text: "a trigger asked"})
	if got, err := s.checked(LedgerOptions{}); err != nil || got.Stated+got.Proved+got.Reported+len(got.Wrong) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}
