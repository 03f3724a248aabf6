package engine

import (
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

func TestRollbackTakesBackNewestFirst(t *testing.T) {
	t.Parallel()
	kept := step("k", "b")
	kept.Undo, kept.UndoReason = nil, "mail was sent"
	person := step("p", "k")
	person.Kind = kindManual
	m := begun(t, planOf(step("a"), step("b", "a"), kept, person, step("d", "p")))
	for _, id := range []string{"a", "b", "k"} {
		m.ends(id, runbook.Succeeded)
	}
	m.must(by(Confirm, "p"))
	m.must(by(Rollback, ""))
	m.sends(YieldStep, "d")
	m.sends(UndoStep)
	m.refused(by(Rollback, ""), fault.Conflict)
	m.ends("d", runbook.NoEffect)
	m.is("d", Pending)
	m.is("p", Person) // a person takes back what a person did
	if !m.st("p").Undo || !m.told("person") {
		t.Error("nobody was told to take it back")
	}
	m.must(by(Confirm, "p"))
	m.is("k", Kept)
	if m.st("k").Detail != "mail was sent" || !m.recorded("step.kept") {
		t.Errorf("kept because of %q", m.st("k").Detail)
	}
	m.sends(UndoStep, "b")
	m.ends("b", runbook.Succeeded)
	m.sends(UndoStep, "a")
	m.ends("a", runbook.Succeeded)
	if m.s.Result != "rolled back" || len(m.s.Order) != 0 {
		t.Errorf("ended %q with %v", m.s.Result, m.s.Order)
	}
}

// What has an effect without being done comes first, the latest begun first.
func TestRollbackBeginsWithWhatIsHalfDone(t *testing.T) {
	t.Parallel()
	m := begun(t, planOf(step("a"), step("b"), step("c"), step("d")))
	m.now = m.now.Add(time.Second)
	m.ends("a", runbook.Succeeded)
	m.ends("b", runbook.BadEffect)
	m.must(by(Rollback, ""))
	m.sends(YieldStep, "c", "d")
	m.ends("c", runbook.Unknown)
	m.is("c", Probing)
	m.ends("d", runbook.Succeeded) // it ended meanwhile: done
	m.sends(UndoStep)
	m.probed("c", yesNo(true))
	var got []string
	for m.s.Mode == Back {
		id := m.sent(UndoStep)[0]
		got = append(got, id)
		m.ends(id, runbook.Succeeded)
	}
	if want := []string{"c", "d", "b", "a"}; !slices.Equal(got, want) {
		t.Errorf("taken back %v, want %v", got, want)
	}
}

func TestRollbackToAStep(t *testing.T) {
	t.Parallel()
	b := step("b", "a")
	b.Approvals.Count = 1
	m := begun(t, planOf(step("a"), b, step("c", "b"), step("d", "c")))
	m.ends("a", runbook.Succeeded)
	m.must(by(Approve, "b"))
	m.ends("b", runbook.Succeeded)
	m.ends("c", runbook.NoEffect)
	m.refused(by(Rollback, "d"), fault.Conflict) // nothing of it is there
	m.refused(by(Rollback, "x"), fault.NotFound)
	m.must(by(Rollback, "b"))
	m.is("b", Undoing)
	m.refused(by(Rollback, "a"), fault.Conflict)
	m.refused(by(Skip, "a"), fault.Conflict)
	m.ends("b", runbook.Succeeded)
	if m.s.Mode != Forward || !m.s.Paused || m.s.Why != "rolled back to b" {
		t.Fatalf("the run is %s, paused %v (%s)", m.s.Mode, m.s.Paused, m.s.Why)
	}
	m.is("a", Done)
	m.is("b", Pending)
	m.must(by(Resume, ""))
	m.is("b", Asked) // people approve anew
	m.must(by(Approve, "b"))
	m.is("b", Running)
	if c := m.last[len(m.last)-1]; c.Round != 1 || Key("r", c) != "r/b/do/1" {
		t.Errorf("doing it anew has the key of the first time: %+v", c)
	}
	// Half way back, a person may want to go back all the way.
	m.ends("b", runbook.Succeeded)
	m.must(by(Rollback, "b"))
	m.ends("c", runbook.Yielded)
	m.is("c", Undoing)
	m.must(by(Rollback, ""))
	for _, id := range []string{"c", "b", "a"} {
		m.ends(id, runbook.Succeeded)
	}
	if m.s.Result != "rolled back" {
		t.Errorf("ended %q", m.s.Result)
	}
}

func TestRollbackThatLosesTakesAWord(t *testing.T) {
	t.Parallel()
	b, c := step("b", "a"), step("c", "b")
	b.Undo.Loses = "orders since the cutover"
	c.Undo, c.UndoReason = nil, "the source is gone"
	plan := planOf(step("a"), b, c)
	plan.PointOfNoReturn = "c"
	m := begun(t, plan)
	m.ends("a", runbook.Succeeded)
	err := m.try(by(Rollback, "")) // b is under way
	if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "b: orders since the cutover") || fault.HintOf(err) == "" {
		t.Errorf("answered %v", err)
	}
	m.ends("b", runbook.Succeeded)
	m.ends("c", runbook.Succeeded)
	if m.s.Result != "done" {
		t.Fatalf("ended %q", m.s.Result)
	}
	again := newSim(t, plan)
	again.must(Event{Kind: Begin, By: "ana", From: &m.s})
	err = again.try(by(Rollback, ""))
	if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "c: the source is gone, b: orders") {
		t.Errorf("answered %v", err)
	}
	e := by(Rollback, "")
	e.Accept, e.Reason = true, ""
	again.refused(e, fault.Invalid)
	e.Reason = "the shop is down"
	again.must(e)
	again.is("c", Kept)
	again.is("b", Undoing)
}

// Nobody is sent back to a side of which something was taken away for good,
// whatever anybody accepts; what came after it can be taken back.
func TestNoWayBackToWhatIsGone(t *testing.T) {
	t.Parallel()
	b := step("b", "a")
	b.Undo, b.UndoReason, b.After = nil, "it is deleted", runbook.After{Gone: true}
	plan := planOf(step("a"), b, step("c", "b"), step("d", "c"))
	m := begun(t, plan)
	m.ends("a", runbook.Succeeded)
	e := by(Rollback, "")
	e.Accept, e.Reason = true, "the shop is down"
	m.refused(e, fault.Refused) // b is under way
	m.ends("b", runbook.Succeeded)
	m.ends("c", runbook.Succeeded)
	m.refused(e, fault.Refused)
	e.Step = "a"
	m.refused(e, fault.Refused)
	e.Step = "c"
	m.must(e)
	m.ends("d", runbook.NoEffect)
	m.ends("c", runbook.Succeeded)
	if m.s.Mode != Forward || !m.s.Paused {
		t.Errorf("after going back to c: %s, paused %v", m.s.Mode, m.s.Paused)
	}
}

func TestUndoThatFails(t *testing.T) {
	t.Parallel()
	a := step("a")
	a.After.Weights = map[string]runbook.Weights{"www": {Target: 100}}
	m := begun(t, planOf(a, step("b", "a")))
	m.ends("a", runbook.Succeeded)
	m.must(by(Rollback, ""))
	m.ends("b", runbook.NoEffect)
	for range 2 {
		m.ends("a", runbook.NoEffect)
		m.is("a", Retrying)
		m.wakes("a")
	}
	m.ends("a", runbook.Unknown)
	m.probed("a", yesNo(true))
	m.is("a", Operator)
	m.must(by(Retry, "a"))
	m.is("a", Undoing)
	m.ends("a", runbook.BadEffect)
	m.is("a", Operator)
	m.refused(by(Skip, "a"), fault.Refused)
	m.must(by(Pause, ""))
	m.must(by(Retry, "a"))
	m.is("a", Ready)
	m.must(by(Resume, ""))
	m.ends("a", runbook.Unknown)
	m.probed("a", nil)
	e := by(Settle, "a")
	e.Effect = yesNo(true)
	m.must(e)
	m.is("a", Undoing)
	m.ends("a", runbook.BadEffect)
	skip := by(Skip, "a")
	skip.Accept = true
	m.must(skip)
	m.is("a", Kept)
	if m.s.Result != "rolled back" {
		t.Errorf("ended %q", m.s.Result)
	}
}

func TestPausedOnTheWayBack(t *testing.T) {
	t.Parallel()
	m := begun(t, planOf(step("a"), step("b", "a"), step("c", "b")))
	m.ends("a", runbook.Succeeded)
	m.ends("b", runbook.Succeeded)
	m.must(by(Rollback, ""))
	m.ends("c", runbook.NoEffect)
	m.must(by(Pause, ""))
	m.sends(YieldStep, "b")
	m.ends("b", runbook.Yielded)
	m.sends(UndoStep)
	m.must(by(Resume, ""))
	m.sends(UndoStep, "b")
	m.ends("b", runbook.Succeeded)
	m.ends("a", runbook.Succeeded)
	if m.s.Result != "rolled back" {
		t.Errorf("ended %q", m.s.Result)
	}
}

// Whether a person has done a step is asked before the run goes back.
func TestRollbackAsksWhatAPersonHasDone(t *testing.T) {
	t.Parallel()
	p := step("p", "a")
	p.Kind = kindManual
	m := begun(t, planOf(step("a"), p))
	m.ends("a", runbook.Succeeded)
	m.must(by(Rollback, ""))
	m.is("p", Operator)
	m.sends(UndoStep)
	e := by(Settle, "p")
	e.Effect = yesNo(true)
	m.must(e)
	m.is("p", Person)
	m.must(by(Confirm, "p"))
	m.is("a", Undoing)
}

func triggered(action string) *runbook.Runbook {
	plan := planOf(step("a"), step("b", "a"), step("c", "b"))
	plan.Triggers = []runbook.Trigger{{ID: "errors", From: "a", Until: "c", EverySeconds: 10, HoldSeconds: 15, Action: action, To: "b", Decides: "lead", Why: "too many errors"}}
	return plan
}

func (m *sim) wakesTrigger() {
	m.t.Helper()
	m.now = m.s.Triggers[0].Wake
	m.must(Event{Kind: Woke, Trigger: m.plan.Triggers[0].ID})
}

func TestTriggerGoesBackOnlyWhenHeld(t *testing.T) {
	t.Parallel()
	m := begun(t, triggered("rollback"))
	m.sends(AskTrigger)
	m.ends("a", runbook.Succeeded)
	m.sends(AskTrigger, "errors")
	m.trigger("errors", yesNo(true))
	m.refused(Event{Kind: TriggerAsked, Trigger: "errors", Open: yesNo(true)}, fault.Conflict)
	m.wakesTrigger()
	m.trigger("errors", nil) // no data breaks it, and is told
	if !m.told("trigger") || !m.recorded("trigger.blinded") {
		t.Error("nobody was told that it is blind")
	}
	m.wakesTrigger()
	m.trigger("errors", nil)
	if m.told("trigger") {
		t.Error("it was told again and again")
	}
	for range 3 {
		if m.s.Mode != Forward {
			t.Fatal("it fired before its time")
		}
		m.wakesTrigger()
		m.trigger("errors", yesNo(true))
	}
	if m.s.Mode != Back || !m.recorded("trigger.fired") {
		t.Fatalf("the run is %s", m.s.Mode)
	}
	m.ends("b", runbook.Yielded)
	m.ends("b", runbook.Succeeded)
	if m.s.Mode != Forward || !m.s.Paused || m.s.Triggers[0].Watching {
		t.Errorf("the run is %s, paused %v, watched %v", m.s.Mode, m.s.Paused, m.s.Triggers[0].Watching)
	}
	m.must(by(Resume, ""))
	m.sends(AskTrigger, "errors")
	m.trigger("errors", yesNo(false))
	m.ends("b", runbook.Succeeded)
	m.ends("c", runbook.Succeeded)
	if m.s.Result != "done" || m.s.Triggers[0].Watching {
		t.Errorf("ended %q, watched %v", m.s.Result, m.s.Triggers[0].Watching)
	}
}

func TestTriggerThatWouldLosePauses(t *testing.T) {
	t.Parallel()
	plan := triggered("rollback")
	plan.Steps[1].Undo.Loses = "orders"
	plan.Triggers[0].HoldSeconds = 0
	m := begun(t, plan)
	m.ends("a", runbook.Succeeded)
	m.ends("b", runbook.Succeeded)
	m.trigger("errors", yesNo(true))
	if m.s.Mode != Forward || !m.s.Paused || m.s.PausedBy != "" {
		t.Errorf("the run is %s, paused %v by %q", m.s.Mode, m.s.Paused, m.s.PausedBy)
	}
	if !m.told("trigger") {
		t.Error("nobody was told")
	}
}

func TestTriggerPausesAndAsks(t *testing.T) {
	t.Parallel()
	for action, paused := range map[string]bool{"pause": true, "ask": false} {
		plan := triggered(action)
		plan.Triggers[0].HoldSeconds = 0
		m := begun(t, plan)
		m.ends("a", runbook.Succeeded)
		m.trigger("errors", yesNo(true))
		if m.s.Paused != paused || !m.told("trigger") || m.s.Mode != Forward {
			t.Errorf("%s: paused %v, told %v", action, m.s.Paused, m.told("trigger"))
		}
		m.wakesTrigger()
		m.trigger("errors", yesNo(true))
		if m.told("trigger") {
			t.Errorf("%s: it acts twice", action)
		}
	}
}

// Of several triggers that fire, the one that goes back wins; a person who
// holds the run is told and decides.
func TestTriggersAndPauses(t *testing.T) {
	t.Parallel()
	plan := triggered("pause")
	plan.Triggers[0].HoldSeconds = 0
	back := plan.Triggers[0]
	back.ID, back.Action = "slow", "rollback"
	plan.Triggers = append(plan.Triggers, back)
	m := begun(t, plan)
	m.ends("a", runbook.Succeeded)
	m.trigger("errors", yesNo(true))
	m.trigger("slow", yesNo(true))
	if m.s.Mode != Back || m.s.Paused {
		t.Errorf("the run is %s, paused %v", m.s.Mode, m.s.Paused)
	}

	m = begun(t, plan)
	m.ends("a", runbook.Succeeded)
	m.must(by(Pause, ""))
	m.trigger("slow", yesNo(true))
	if m.s.Mode != Forward || !m.told("trigger") {
		t.Errorf("the run is %s, told %v", m.s.Mode, m.told("trigger"))
	}
	m.ends("b", runbook.Succeeded)
	m.must(by(Resume, ""))
	m.now = m.s.Triggers[1].Wake
	m.must(Event{Kind: Woke, Trigger: "slow"})
	m.trigger("slow", yesNo(true))
	if m.s.Mode != Back {
		t.Error("it does not fire when the run moves again")
	}
}

func TestTriggerTimerThatIsEarly(t *testing.T) {
	t.Parallel()
	m := begun(t, triggered("ask"))
	m.refused(Event{Kind: Woke, Trigger: "errors"}, fault.Conflict)
	m.ends("a", runbook.Succeeded)
	m.must(Event{Kind: Woke, Trigger: "errors"})
	m.sends(AskTrigger)
	m.sends(Wake, "errors")
	m.wakesTrigger() // the first question has no answer yet
	m.sends(AskTrigger)
	m.wakesTrigger() // and is not going to have one: it is asked anew
	m.sends(AskTrigger, "errors")
	m.refused(Event{Kind: TriggerAsked, Trigger: "errors", Attempt: 1, Open: yesNo(true)}, fault.Conflict)
}

func TestTheLatestBegunIsTakenBackFirst(t *testing.T) {
	t.Parallel()
	late := step("late")
	late.WaitSeconds = 60
	m := begun(t, planOf(late, step("early")))
	m.ends("early", runbook.BadEffect)
	m.wakes("late")
	m.ends("late", runbook.BadEffect)
	m.must(by(Rollback, ""))
	m.sends(UndoStep, "late")
	m.ends("late", runbook.Succeeded)
	m.sends(UndoStep, "early")
}
