package app

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// heard is what people were told.
type heard []runbook.Message

// listening lets a test turn the clock and hear what people are told.
func (s *signing) listening() (turn func(time.Duration), said *heard) {
	at := noon()
	s.setup.Now = func() time.Time { return at }
	said = &heard{}
	numbers := map[int64]bool{}
	s.Tell = func(_ context.Context, _ string, t engine.Telling) (map[string]string, error) {
		if numbers[t.Number] {
			s.t.Errorf("two messages have the number %d", t.Number)
		}
		numbers[t.Number] = true
		*said = append(*said, t.Message)
		return nil, nil
	}
	return func(d time.Duration) { at = at.Add(d) }, said
}

func (h heard) count(when, text string) int {
	n := 0
	for _, m := range h {
		if m.When == when && strings.Contains(m.Text, text) {
			n++
		}
	}
	return n
}

// A ledger that cannot be written is told once, and once more when it can; one
// that is busy for a moment is not worth a word. A worker that is started again
// in between does not tell it again.
func TestAnUnwritableLedgerIsTold(t *testing.T) {
	t.Parallel()
	s := signingShop(t)
	r := s.begun()
	turn, told := s.listening()
	work := s.hands()
	path := s.Workspace.LedgerPath()
	number := r.state.Records
	write := func() error {
		return work.Record(t.Context(), r.state.Run, []engine.Entry{{Number: number + 1, Kind: "run.paused", Text: "x", At: noon()}})
	}
	broken := func() {
		if err := os.Rename(path, path+".away"); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	mended := func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".away", path); err != nil {
			t.Fatal(err)
		}
	}
	broken()
	for range 3 {
		if err := write(); err == nil {
			t.Fatal("a folder was written as a ledger")
		}
		turn(5 * time.Second)
	}
	if told.count(aboutLedger, "") != 0 {
		t.Errorf("after 15 s: %+v", *told)
	}
	for range 5 {
		turn(30 * time.Second)
		_ = write() // it fails as before
		work = s.hands()
	}
	if told.count(aboutLedger, "cannot be written") != 1 {
		t.Errorf("told %+v", *told)
	}
	mended()
	for range 2 {
		if err := write(); err != nil {
			t.Fatal(err)
		}
		number++
	}
	if told.count(aboutLedger, "written again") != 1 || told.count(aboutLedger, "") != 2 {
		t.Errorf("told %+v", *told)
	}
}

// A gate without a timeout that is shut for long is told once, and once more
// when it opens; one with a timeout, or one that opens in time, is not.
func TestAShutGateIsTold(t *testing.T) {
	t.Parallel()
	s := signingShop(t)
	r := s.begun()
	plan := talkative()
	plan.Steps[4].Owner = "dba"
	plan.Steps[4].Gates = []runbook.Gate{{ID: "lag"}, {ID: "bounded", TimeoutSeconds: 60}}
	s.keepPlan(r.state.Run, plan)
	turn, told := s.listening()
	open := 0.0
	s.Facts = map[string]action.FactSource{"kpi": asked(func() float64 { return open })}
	work := s.hands()
	ask := func(gate string) {
		q := engine.Question{Run: r.state.Run, Step: "plan.passed", ID: gate, Expr: "x > 0.5", Facts: []runbook.Fact{{Name: "x", Source: "kpi", Type: "number"}}}
		if _, err := work.Ask(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	both := func() { ask("lag"); ask("bounded") }
	both()
	turn(11 * time.Hour)
	both()
	if len(*told) != 0 {
		t.Errorf("after 11 hours: %+v", *told)
	}
	for range 3 {
		turn(2 * time.Hour)
		both()
	}
	if told.count(aboutGate, "Gate lag of step plan.passed is shut") != 1 || len(*told) != 1 || (*told)[0].To[0] != "dba" {
		t.Errorf("told %+v", *told)
	}
	open = 1
	both()
	both()
	if told.count(aboutGate, "lag of step plan.passed is open") != 1 || len(*told) != 2 {
		t.Errorf("told %+v", *told)
	}
	open = 0
	both()
	turn(time.Hour)
	both()
	if len(*told) != 2 {
		t.Errorf("shut anew: %+v", *told)
	}
	// A step that left its gates and comes back to them is there since then.
	for n, e := range []engine.Entry{{Kind: "step.skipped", Step: "plan.passed"}, {Kind: "rollback.begun"}} {
		e.Number, e.Text, e.At = r.state.Records+1+int64(n), "x", noon()
		if err := work.Record(t.Context(), r.state.Run, []engine.Entry{e}); err != nil {
			t.Fatal(err)
		}
		turn(20 * time.Hour)
		both()
		if len(*told) != 2 {
			t.Errorf("after %s: %+v", e.Kind, *told)
		}
	}
	turn(13 * time.Hour)
	both()
	if len(*told) != 3 {
		t.Errorf("shut for long once more: %+v", *told)
	}
}

// asked is a fact that changes.
type asked func() float64

func (f asked) Measure(context.Context, runbook.Fact) (action.Measured, error) {
	return action.Measured{Value: f(), Unix: noon().Unix()}, nil
}

func (s *signing) keepPlan(run string, plan *runbook.Runbook) {
	s.t.Helper()
	content, err := json.Marshal(plan)
	if err == nil {
		err = s.Workspace.KeepFor(run, "runbook", content)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// The status says what stands still, also where nobody was told.
func TestStatusSaysWhatStandsStill(t *testing.T) {
	t.Parallel()
	s := signingShop(t)
	r := s.begun()
	plan := talkative()
	plan.Steps[4].Gates = []runbook.Gate{{ID: "lag"}}
	s.keepPlan(r.state.Run, plan)
	summary := engine.Summary{Run: r.state.Run, Now: noon(), Active: []engine.ActiveStep{
		{ID: "plan.passed", Status: engine.Gated, Since: noon().Add(-13 * time.Hour)}, {ID: "plan.lost", Status: engine.Gated, Since: noon().Add(-13 * time.Hour)}, {ID: "plan.passed", Status: engine.Gated, Since: noon()}}}
	got := s.stillFor(t.Context(), s.Workspace, &recording{reducing: r, tries: 4}, summary)
	if len(got) != 2 || !strings.Contains(got[0], "ledger cannot be written") || !strings.Contains(got[0], "4 tries") || !strings.Contains(got[1], "plan.passed stands at its gates") {
		t.Errorf("%q", got)
	}
	if got := s.stillFor(t.Context(), s.Workspace, &recording{reducing: r, tries: 1}, engine.Summary{Run: r.state.Run}); len(got) != 0 {
		t.Errorf("a write under way: %q", got)
	}
}

// recording is an engine that says how the writing goes.
type recording struct {
	*reducing
	tries int
}

func (r *recording) Recording(context.Context, string) (int, time.Time, error) {
	return r.tries, noon(), nil
}

// A step whose approval does not hold is not carried out: nothing was done, and
// trying again does not help.
func TestUnprovedStepsAreNotCarriedOut(t *testing.T) {
	t.Parallel()
	s := signingShop(t)
	r := s.begun()
	s.says(engine.Event{Kind: engine.Approve, Step: "plan.asks"})
	st := r.state.Steps[r.plan.Index()["plan.asks"]]
	call := engine.StepCall{Run: r.state.Run, Plan: r.state.Plan, Kind: engine.DoStep, Step: r.plan.Steps[0], Attempt: 1, Approvals: st.Approvals}
	do := func(c engine.StepCall) engine.StepResult {
		return s.hands().Step(t.Context(), c, func(engine.Beat) {}, nil)
	}
	if got := do(call); got.Outcome != runbook.Succeeded {
		t.Errorf("as it was approved: %+v", got)
	}
	for name, change := range map[string]func(*engine.StepCall){
		"no approval":     func(c *engine.StepCall) { c.Approvals = nil },
		"another run":     func(c *engine.StepCall) { c.Run = "shop-2" },
		"another runbook": func(c *engine.StepCall) { c.Plan = "sha256:b" },
	} {
		c := call
		change(&c)
		if got := do(c); got.Outcome != runbook.NoEffect || !got.Final || !strings.Contains(got.Detail, "0 of 1 approval that count") {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// In a rehearsal nobody approves.
	c := call
	c.Approvals = nil
	if got := (rehearsing{hands{s.App, 1}, &blindGates{}}).Step(t.Context(), c, func(engine.Beat) {}, nil); got.Outcome != runbook.Succeeded {
		t.Errorf("rehearsed: %+v", got)
	}
}

// Whom landfall.yaml asks to sign cannot have approved by name, and a runbook so
// approved is not run.
func TestARunbookApprovedByNameIsNotRun(t *testing.T) {
	t.Parallel()
	a, runs := approvedShop(t) // by the user of the machine
	a.Config.Approvals.Identity = "ssh"
	_, err := a.Run(t.Context(), RunOptions{Detach: true}, unheard)
	if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "proved by nothing") || len(runs.started) != 0 {
		t.Errorf("%v, started %v", err, runs.started)
	}
}

// Who begins a run says so, and the ledger keeps the proof.
func TestARunIsAskedForWithProof(t *testing.T) {
	t.Parallel()
	s := signingShop(t)
	r := s.begun()
	list, err := s.LedgerList(t.Context(), LedgerOptions{}, "run.")
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, e := range list.Entries {
		if kinds = append(kinds, e.Kind); e.Actor != "ann" {
			t.Errorf("%s is of %s", e.Kind, e.Actor)
		}
	}
	if len(kinds) < 2 || kinds[0] != entryRunAsked || kinds[1] != entryRunBegun || !strings.Contains(string(list.Entries[0].Body), `until plan runbook `+r.state.Plan) {
		t.Errorf("%v: %s", kinds, list.Entries[0].Body)
	}
}
