package engine

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

func TestStartRefusesWhatCannotRun(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(p *runbook.Runbook)
		kind   fault.Kind
	}{
		"another interpreter": {func(p *runbook.Runbook) { p.InterpreterVersion = 99 }, fault.Unsupported},
		"two of one id":       {func(p *runbook.Runbook) { p.Steps[1].ID = "a" }, fault.Invalid},
		"no such need":        {func(p *runbook.Runbook) { p.Steps[1].Needs = []string{"x"} }, fault.Invalid},
		"a circle":            {func(p *runbook.Runbook) { p.Steps[0].Needs = []string{"b"} }, fault.Invalid},
		"no such phase":       {func(p *runbook.Runbook) { p.Steps[0].Phase = "lunch" }, fault.Invalid},
		"no undo, no reason":  {func(p *runbook.Runbook) { p.Steps[0].Undo = nil }, fault.Invalid},
		"two gates of one id": {func(p *runbook.Runbook) { p.Steps[0].Gates = []runbook.Gate{{ID: "g"}, {ID: "g"}} }, fault.Invalid},
		"trigger of no step":  {func(p *runbook.Runbook) { p.Triggers = []runbook.Trigger{{ID: "t", From: "x", Action: "ask"}} }, fault.Invalid},
		"trigger of no act":   {func(p *runbook.Runbook) { p.Triggers = []runbook.Trigger{{ID: "t", From: "a", Action: "sing"}} }, fault.Invalid},
		"no such return":      {func(p *runbook.Runbook) { p.PointOfNoReturn = "x" }, fault.Invalid},
	} {
		plan := planOf(step("a"), step("b", "a"))
		c.change(plan)
		if _, err := Start(plan, "run-1", print1); !fault.Is(err, c.kind) {
			t.Errorf("%s: start answered %v, want a fault of kind %s", name, err, c.kind)
		}
	}
	if _, err := Start(planOf(step("a")), "run-1", ""); !fault.Is(err, fault.Invalid) {
		t.Errorf("start without a fingerprint answered %v", err)
	}
	if _, err := Start(nil, "run-1", print1); !fault.Is(err, fault.Invalid) {
		t.Errorf("start without a runbook answered %v", err)
	}
}

func TestStepsComeInTheOrderOfTheirNeeds(t *testing.T) {
	t.Parallel()
	m := begun(t, planOf(step("a"), step("b"), step("c", "a", "b")))
	m.sends(DoStep, "a", "b")
	m.ends("a", runbook.Succeeded)
	m.sends(DoStep)
	m.ends("b", runbook.Succeeded)
	m.sends(DoStep, "c")
	m.ends("c", runbook.Succeeded)
	if m.s.Result != "done" || m.s.Mode != Ended {
		t.Errorf("the run is %s %q", m.s.Mode, m.s.Result)
	}
	m.sends(End, "")
	if !slices.Equal(m.s.Order, []int{0, 1, 2}) {
		t.Errorf("order %v", m.s.Order)
	}
}

func TestWaitThenWindowThenGates(t *testing.T) {
	t.Parallel()
	s := step("a")
	s.WaitSeconds, s.InWindow = 60, true
	s.Gates = []runbook.Gate{{ID: "lag", EverySeconds: 10, HoldSeconds: 15, TimeoutSeconds: 100}}
	plan := planOf(s)
	opens := day().Add(time.Hour)
	plan.Window = &runbook.Window{Opens: &opens, Seconds: 3600, RollbackSeconds: 600}
	m := begun(t, plan)
	m.is("a", Waiting)
	if got := m.st("a").Wake; got != day().Add(time.Minute) {
		t.Errorf("waits until %s", got)
	}
	// A timer that fires early is set again.
	m.now = day().Add(time.Second)
	m.must(Event{Kind: Woke, Step: "a"})
	m.sends(Wake, "a")
	m.is("a", Waiting)
	m.wakes("a")
	m.is("a", Waiting)
	if got := m.st("a").Wake; got != opens {
		t.Errorf("waits until %s, the window opens at %s", got, opens)
	}
	m.wakes("a")
	m.is("a", Gated)
	m.sends(AskGate, "a")
	m.gate("a", "lag", yesNo(true))
	m.is("a", Gated)
	m.wakes("a")
	m.gate("a", "lag", nil) // no data breaks the hold
	m.wakes("a")
	m.gate("a", "lag", yesNo(true))
	m.wakes("a")
	m.gate("a", "lag", yesNo(true))
	m.is("a", Gated)
	m.wakes("a")
	m.gate("a", "lag", yesNo(true))
	m.is("a", Running)
	m.sends(DoStep, "a")
	if !m.recorded("gates.opened") || !m.st("a").Wake.IsZero() {
		t.Error("the gates opened without a record, or the timer stays")
	}
}

func TestClosedGateGoesToTheOperator(t *testing.T) {
	t.Parallel()
	s := step("a")
	s.Gates = []runbook.Gate{{ID: "lag", EverySeconds: 40, TimeoutSeconds: 100}, {ID: "errors", EverySeconds: 60}}
	m := begun(t, planOf(s))
	for range 2 {
		m.gate("a", "lag", yesNo(false))
		m.wakes("a")
		m.is("a", Gated)
	}
	// Nobody answers any more: the time ends all the same.
	for m.st("a").Status == Gated {
		m.wakes("a")
	}
	m.is("a", Operator)
	if at := m.now.Sub(day()); at != 100*time.Second {
		t.Errorf("the operator was asked after %s", at)
	}
	if d := m.st("a").Detail; !strings.Contains(d, `gate "lag"`) {
		t.Errorf("the reason is %q", d)
	}
	if !m.told("operator") {
		t.Error("nobody was told")
	}
	m.must(by(Retry, "a"))
	m.is("a", Gated)
	m.gate("a", "errors", yesNo(true))
	m.gate("a", "lag", yesNo(true))
	m.is("a", Running)
}

func TestWindowThatNoLongerFits(t *testing.T) {
	t.Parallel()
	s := step("a")
	s.InWindow, s.ExpectedSeconds = true, 1000
	plan := planOf(s)
	opens := day().Add(-time.Hour)
	plan.Window = &runbook.Window{Opens: &opens, Seconds: 3600 + 1500, RollbackSeconds: 600}
	m := begun(t, plan)
	m.is("a", Operator)
	if d := m.st("a").Detail; !strings.Contains(d, "no longer fits into the maintenance window") {
		t.Errorf("the reason is %q", d)
	}
	m.must(by(Retry, "a"))
	m.is("a", Operator)
	e := by(Retry, "a")
	e.Accept = true
	m.must(e)
	m.is("a", Running)

	plan.Window.Opens = nil
	m = begun(t, plan)
	m.is("a", Operator)
}

func TestApprovals(t *testing.T) {
	t.Parallel()
	s := step("a")
	s.Approvals = runbook.Approvals{Count: 2, Roles: []string{"lead", "dba"}}
	s.Gates = []runbook.Gate{{ID: "g", EverySeconds: 10, HoldSeconds: 20, TimeoutSeconds: 500}}
	m := begun(t, planOf(s, step("z", "a")))
	m.refused(by(Approve, "a"), fault.Conflict) // its gates are closed
	for m.st("a").Status == Gated {
		m.gate("a", "g", yesNo(true))
		if m.st("a").Status == Gated {
			m.wakes("a")
		}
	}
	m.is("a", Asked)
	if !m.told("approval") || !m.recorded("approval.asked") {
		t.Error("nobody was asked")
	}
	m.refused(by(Approve, "z"), fault.Conflict)
	m.refused(by(Approve, "none"), fault.NotFound)
	wrong := by(Approve, "a")
	wrong.Plan = "sha256:other"
	m.refused(wrong, fault.Conflict)
	wrong = by(Approve, "a")
	wrong.Role = "intern"
	m.refused(wrong, fault.Denied)
	wrong = by(Approve, "a")
	wrong.By = ""
	m.refused(wrong, fault.Denied)
	m.must(by(Approve, "a"))
	again := by(Approve, "a")
	again.By = " Ana"
	m.refused(again, fault.Conflict)
	m.is("a", Asked)
	second := by(Approve, "a")
	second.By, second.Role = "bob", "dba"
	m.must(second)
	// The gates are asked once more, and one yes is enough.
	m.is("a", Gated)
	m.gate("a", "g", yesNo(true))
	m.is("a", Running)
	if n := len(m.st("a").Approvals); n != 2 {
		t.Errorf("%d approvals are kept", n)
	}
}

func TestGateThatClosedAfterTheApproval(t *testing.T) {
	t.Parallel()
	s := step("a")
	s.Approvals.Count = 1
	s.Gates = []runbook.Gate{{ID: "g", EverySeconds: 10, HoldSeconds: 10}}
	m := begun(t, planOf(s))
	m.gate("a", "g", yesNo(true))
	m.wakes("a")
	m.gate("a", "g", yesNo(true))
	m.must(by(Approve, "a"))
	m.gate("a", "g", yesNo(false))
	m.wakes("a")
	m.gate("a", "g", yesNo(true))
	m.is("a", Gated) // it has to be held anew
	m.wakes("a")
	m.gate("a", "g", yesNo(true))
	m.is("a", Running) // and nobody has to approve twice
}

func TestRejectGoesToTheOperator(t *testing.T) {
	t.Parallel()
	s := step("a")
	s.Approvals.Count = 2
	m := begun(t, planOf(s))
	m.must(by(Approve, "a"))
	bare := by(Reject, "a")
	bare.Reason = " "
	m.refused(bare, fault.Invalid)
	m.must(by(Reject, "a"))
	m.is("a", Operator)
	if !strings.Contains(m.st("a").Detail, "rejected by ana: because") {
		t.Errorf("the reason is %q", m.st("a").Detail)
	}
	m.must(by(Retry, "a"))
	m.is("a", Asked)
	if len(m.st("a").Approvals) != 0 {
		t.Error("approvals from before the rejection count")
	}
}

// A worker does nothing of which the proofs no longer hold. Whoever approves such a
// step anew is asked after a reject; nothing begins meanwhile, whatever it had
// done before.
func TestRejectTakesBackApprovals(t *testing.T) {
	t.Parallel()
	for _, left := range []runbook.Outcome{runbook.NoEffect, runbook.BadEffect} {
		for _, paused := range []bool{false, true} {
			s := step("a")
			s.Approvals.Count = 2
			m := begun(t, planOf(s))
			m.must(by(Approve, "a"))
			second := by(Approve, "a")
			second.By = "bob"
			m.must(second)
			m.refused(by(Reject, "a"), fault.Conflict) // it is under way
			m.must(Event{Kind: AttemptEnded, Step: "a", Attempt: 1, Outcome: left, Final: true})
			m.is("a", Operator)
			bare := by(Reject, "a")
			bare.Reason = ""
			m.refused(bare, fault.Invalid)
			m.must(by(Reject, "a"))
			m.is("a", Operator)
			m.refused(by(Reject, "a"), fault.Conflict) // there is none left to take back
			if paused {
				m.must(by(Pause, ""))
			}
			m.must(by(Retry, "a"))
			if paused {
				m.is("a", Ready)
				m.must(by(Resume, ""))
			}
			m.is("a", Asked)
			m.sends(DoStep)
			m.must(by(Approve, "a"))
			m.must(second)
			m.is("a", Running)
		}
	}
}

// What nobody knows is looked at or settled first, and on the way back nobody is
// asked for a yes.
func TestRejectIsRefusedWhereItIsOfNoUse(t *testing.T) {
	t.Parallel()
	s := step("a")
	s.Approvals.Count = 1
	m := begun(t, planOf(s, step("b", "a")))
	m.must(by(Approve, "a"))
	m.ends("a", runbook.Unknown)
	m.probed("a", nil)
	m.is("a", Operator)
	m.refused(by(Reject, "a"), fault.Conflict)
	there := by(Settle, "a")
	there.Effect = yesNo(true)
	m.must(there)
	m.is("a", Done)
	m.must(by(Rollback, ""))
	m.ends("b", runbook.NoEffect)
	m.ends("a", runbook.BadEffect)
	m.is("a", Operator)
	m.refused(by(Reject, "a"), fault.Conflict)
}

func TestManualAndWaitSteps(t *testing.T) {
	t.Parallel()
	a, b := step("a"), step("b", "a")
	a.Kind, b.Kind, b.WaitSeconds = kindManual, kindWait, 30
	m := begun(t, planOf(a, b))
	m.is("a", Person)
	m.sends(DoStep)
	if !m.told("person") {
		t.Error("nobody was told")
	}
	bare := Event{Kind: Confirm, Step: "a", By: "ana"}
	m.refused(bare, fault.Invalid)
	e := by(Confirm, "a")
	e.Evidence = []string{"sha256:e"}
	m.must(e)
	m.is("a", Done)
	m.refused(e, fault.Conflict)
	m.is("b", Waiting)
	m.wakes("b")
	m.is("b", Done)
	if m.s.Result != "done" || !slices.Equal(m.st("a").Evidence, []string{"sha256:e"}) {
		t.Errorf("the run ended %q, with the evidence %v", m.s.Result, m.st("a").Evidence)
	}
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	m := begun(t, planOf(step("a")))
	m.ends("a", runbook.NoEffect)
	m.is("a", Retrying)
	if got := m.st("a").Wake.Sub(m.now); got != 10*time.Second {
		t.Errorf("the first wait is %s", got)
	}
	stale := Event{Kind: AttemptEnded, Step: "a", Attempt: 1, Outcome: runbook.Succeeded}
	m.refused(stale, fault.Conflict)
	m.wakes("a")
	m.refused(stale, fault.Conflict)
	m.ends("a", runbook.NoEffect)
	if got := m.st("a").Wake.Sub(m.now); got != 20*time.Second {
		t.Errorf("the second wait is %s", got)
	}
	m.wakes("a")
	m.ends("a", runbook.NoEffect)
	m.is("a", Operator)
	m.must(by(Retry, "a"))
	m.is("a", Running)
	// What is final uses up no tries.
	m.must(Event{Kind: AttemptEnded, Step: "a", Attempt: m.st("a").Attempt, Outcome: runbook.NoEffect, Final: true})
	m.is("a", Operator)
	m.must(by(Retry, "a"))
	m.ends("a", runbook.BadEffect)
	m.is("a", Operator)
	m.must(by(Retry, "a"))
	m.ends("a", runbook.Succeeded)
	m.is("a", Done)
	bad := Event{Kind: AttemptEnded, Step: "a", Attempt: 6, Outcome: "fine"}
	m.refused(bad, fault.Conflict)
}

func TestRetryWaitIsBounded(t *testing.T) {
	t.Parallel()
	turn := turn{c: &compiled{rules: rules{longestWait: time.Hour}}}
	for _, c := range []struct {
		retry runbook.Retry
		tries int
		want  time.Duration
	}{
		{runbook.Retry{}, 1, time.Second},
		{runbook.Retry{FirstSeconds: 10, MaxSeconds: 30}, 3, 30 * time.Second},
		{runbook.Retry{FirstSeconds: 10}, 4, 80 * time.Second},
		{runbook.Retry{FirstSeconds: 10}, 5000, time.Hour},
		{runbook.Retry{FirstSeconds: 1 << 60}, 2, time.Hour},
		{runbook.Retry{FirstSeconds: -5, MaxSeconds: -5}, 1, time.Second},
	} {
		if got := turn.retryWait(c.retry, c.tries); got != c.want {
			t.Errorf("%+v after %d tries waits %s, want %s", c.retry, c.tries, got, c.want)
		}
	}
}

func TestUnknownIsProbedNeverRepeated(t *testing.T) {
	t.Parallel()
	m := begun(t, planOf(step("a")))
	m.ends("a", runbook.Unknown)
	m.is("a", Probing)
	m.sends(DoStep)
	m.sends(ProbeStep, "a")
	m.probed("a", yesNo(true))
	m.is("a", Running) // a further attempt verifies
	if m.st("a").Tries != 1 {
		t.Errorf("to verify counts as a try: %d", m.st("a").Tries)
	}
	m.ends("a", runbook.Unknown)
	m.probed("a", yesNo(false))
	m.is("a", Retrying)
	m.wakes("a")
	m.ends("a", runbook.Unknown)
	m.probed("a", nil)
	m.is("a", Operator)
	m.refused(Event{Kind: Settle, Step: "a", By: "ana", Reason: "seen"}, fault.Invalid)
	m.refused(Event{Kind: Settle, Step: "a", By: "ana", Effect: yesNo(true)}, fault.Invalid)
	m.must(by(Retry, "a")) // a person may have it looked at again
	m.is("a", Probing)
	m.probed("a", nil)
	e := by(Settle, "a")
	e.Effect = yesNo(false)
	m.must(e)
	m.is("a", Running)
	m.ends("a", runbook.Unknown)
	m.probed("a", nil)
	e.Effect = yesNo(true)
	m.must(e)
	m.is("a", Done)
	m.refused(e, fault.Conflict)
}

// An attempt of which again and again nobody knows what it did does not go on
// for ever between looking and verifying.
func TestUnknownForEverGoesToTheOperator(t *testing.T) {
	t.Parallel()
	m := begun(t, planOf(step("a")))
	for n := 0; m.st("a").Status != Operator; n++ {
		if n > 10 {
			t.Fatal("it goes on")
		}
		m.ends("a", runbook.Unknown)
		if m.st("a").Status == Probing {
			m.probed("a", yesNo(true))
		}
	}
	m.must(by(Retry, "a"))
	m.is("a", Probing)
}

// An attempt that had no effect does not take away what an earlier one left.
func TestEffectsOfEarlierAttemptsStay(t *testing.T) {
	t.Parallel()
	m := begun(t, planOf(step("a")))
	m.ends("a", runbook.BadEffect)
	m.must(by(Retry, "a"))
	m.ends("a", runbook.NoEffect)
	m.is("a", Retrying)
	m.must(by(Rollback, ""))
	m.is("a", Undoing)

	m = begun(t, planOf(step("a")))
	m.must(by(Pause, ""))
	m.must(Event{Kind: AttemptEnded, Step: "a", Attempt: 1, Outcome: runbook.Yielded, Cursor: json.RawMessage(`5`)})
	m.must(by(Resume, ""))
	m.ends("a", runbook.NoEffect)
	m.wakes("a")
	if c := m.last[len(m.last)-1]; c.Kind != DoStep || string(c.Cursor) != "5" {
		t.Errorf("goes on with %+v", c)
	}
}

func TestYieldGoesOnFromTheCursor(t *testing.T) {
	t.Parallel()
	m := begun(t, planOf(step("a")))
	m.must(by(Pause, ""))
	m.sends(YieldStep, "a")
	m.must(Event{Kind: AttemptEnded, Step: "a", Attempt: 1, Outcome: runbook.Yielded, Cursor: json.RawMessage(`{"n":5}`)})
	m.is("a", Ready)
	m.must(by(Resume, ""))
	m.is("a", Running)
	if c := m.last[len(m.last)-1]; c.Kind != DoStep || string(c.Cursor) != `{"n":5}` || c.Attempt != 2 {
		t.Errorf("goes on with %+v", c)
	}
	if m.st("a").Tries != 1 {
		t.Errorf("to yield counts as a try: %d", m.st("a").Tries)
	}
	// One that nobody asked waits a little, as its worker is going away.
	m.must(Event{Kind: AttemptEnded, Step: "a", Attempt: 2, Outcome: runbook.Yielded, Cursor: json.RawMessage(`{"n":6}`)})
	m.is("a", Retrying)
	m.wakes("a")
	m.is("a", Running)
	m.ends("a", runbook.Succeeded)
	if m.st("a").Cursor != nil {
		t.Error("the cursor stays")
	}
}
