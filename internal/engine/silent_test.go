package engine

import (
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// Measuring may take longer than the time between two questions. The answer
// counts all the same, or the trigger would never see anything and nobody would
// know.
func TestTriggerThatIsSlowToMeasureFires(t *testing.T) {
	t.Parallel()
	m := begun(t, triggered("rollback")) // every 10 s, held for 15 s
	m.ends("a", runbook.Succeeded)
	for range 2 {
		asked := m.s.Triggers[0].Asking
		m.wakesTrigger()
		m.sends(AskTrigger)
		m.now = m.now.Add(80 * time.Second)
		m.must(Event{Kind: TriggerAsked, Trigger: "errors", Attempt: asked, Open: yesNo(true)})
		if m.s.Mode != Forward {
			break
		}
		m.sends(Wake, "errors")
		if at := m.s.Triggers[0].Wake; at != m.now.Add(10*time.Second) {
			t.Errorf("it is asked again at %s, and the answer came at %s", at, m.now)
		}
		m.wakesTrigger()
		m.sends(AskTrigger, "errors")
	}
	if m.s.Mode != Back {
		t.Errorf("it was true for more than a minute, and the run is %s", m.s.Mode)
	}
}

// An answer that does not come is no data: it breaks what was held, and people
// are told that the trigger is blind.
func TestTriggerWithoutAnswersIsBlind(t *testing.T) {
	t.Parallel()
	m := begun(t, triggered("rollback"))
	m.ends("a", runbook.Succeeded)
	m.trigger("errors", yesNo(true))
	m.wakesTrigger()
	m.sends(AskTrigger, "errors")
	begin := m.now
	m.wakesTrigger()
	m.wakesTrigger()
	if waited := m.now.Sub(begin); waited != 5*time.Minute {
		t.Errorf("the answer was awaited for %s", waited)
	}
	m.sends(AskTrigger, "errors")
	if !m.told("trigger") || !m.recorded("trigger.blinded") || !m.s.Triggers[0].Held.IsZero() {
		t.Errorf("told %v, state %+v", m.told("trigger"), m.s.Triggers[0])
	}
	m.trigger("errors", yesNo(true))
	if m.s.Mode != Forward {
		t.Error("it fired, although nobody knows what was in between")
	}
}

func TestGateThatIsSlowToMeasureOpens(t *testing.T) {
	t.Parallel()
	s := step("a")
	s.Gates = []runbook.Gate{{ID: "lag", EverySeconds: 10, HoldSeconds: 15}}
	m := begun(t, planOf(s))
	for range 2 {
		m.wakes("a")
		m.sends(AskGate)
		m.now = m.now.Add(80 * time.Second)
		m.gate("a", "lag", yesNo(true))
		if m.st("a").Status != Gated {
			break
		}
		m.wakes("a")
		m.sends(AskGate, "a")
	}
	m.is("a", Running)
}

func TestGateWithoutAnswersIsNotOpen(t *testing.T) {
	t.Parallel()
	s := step("a")
	s.Gates = []runbook.Gate{{ID: "lag", EverySeconds: 10, HoldSeconds: 15}, {ID: "rare", EverySeconds: 3600}}
	m := begun(t, planOf(s))
	m.gate("a", "rare", yesNo(true))
	m.gate("a", "lag", yesNo(true))
	m.wakes("a")
	m.sends(AskGate, "a")
	m.wakes("a")
	m.sends(AskGate)
	m.wakes("a")
	m.sends(AskGate, "a")
	if g := m.st("a").Gates[0]; g.Open != nil || !g.Held.IsZero() || g.Detail == "" {
		t.Errorf("after no answer the gate is %+v", g)
	}
	m.gate("a", "lag", yesNo(true))
	m.is("a", Gated) // held anew
}

// What a trigger did in the first attempt does not switch it off for the next.
func TestTriggerProtectsTheNextAttemptAsWell(t *testing.T) {
	t.Parallel()
	plan := triggered("rollback")
	plan.Triggers[0].HoldSeconds, plan.Triggers[0].To = 0, "a"
	m := begun(t, plan)
	for range 2 {
		m.ends("a", runbook.Succeeded)
		m.trigger("errors", yesNo(true))
		if m.s.Mode != Back {
			t.Fatalf("the run is %s, the trigger %+v", m.s.Mode, m.s.Triggers[0])
		}
		m.ends("b", runbook.Yielded)
		m.ends("b", runbook.Succeeded)
		m.ends("a", runbook.Succeeded)
		m.must(by(Resume, ""))
	}
}

// A worker of another release may say what this one does not know. Nobody knows
// then, and that is looked into; refused, the attempt would never end.
func TestOutcomeThatIsNoneIsUnknown(t *testing.T) {
	t.Parallel()
	for _, outcome := range []runbook.Outcome{"", "perhaps", runbook.Outcome(strings.Repeat("x", 5000))} {
		m := begun(t, planOf(step("a")))
		m.ends("a", outcome)
		m.is("a", Probing)
		m.sends(ProbeStep, "a")
		if st := m.st("a"); st.Outcome != runbook.Unknown || !st.Effect || !strings.Contains(st.Detail, "no outcome") || len(st.Detail) > 2*maxText {
			t.Errorf("%.20q: %+v", outcome, st)
		}
	}
}

// What people say goes into one entry of the ledger. One that cannot be written
// would hold the run for everybody, so it is refused before.
func TestWordsThatTheLedgerCannotKeepAreRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Event){
		"name too long":     func(e *Event) { e.By = strings.Repeat("a", 257) },
		"name of two lines": func(e *Event) { e.By = "ana\nbob" },
		"name not UTF-8":    func(e *Event) { e.By = "ana\xff" },
		"role too long":     func(e *Event) { e.Role = strings.Repeat("a", 257) },
		"way of two lines":  func(e *Event) { e.How = "ssh\u0085" },
		"reason too long":   func(e *Event) { e.Reason = strings.Repeat("a", 8<<10+1) },
		"proof too long":    func(e *Event) { e.Proof = map[string]string{"statement": strings.Repeat("a", 64<<10)} },
		"too much evidence": func(e *Event) { e.Evidence = make([]string, 21) },
		"evidence too long": func(e *Event) { e.Evidence = []string{strings.Repeat("a", 257)} },
	} {
		m := begun(t, planOf(step("a")))
		for _, kind := range []EventKind{Pause, Rollback} {
			e := by(kind, "")
			change(&e)
			m.refused(e, fault.Invalid)
		}
		if m.s.Paused {
			t.Errorf("%s: was taken", name)
		}
	}
	m := begun(t, planOf(step("a")))
	e := by(Pause, "")
	e.By, e.Reason = "Äna Größe <ana@example.com>", "two\nlines"
	m.must(e)
}

// A test of many requests that is tried for days proves a lot. The state carries
// the newest of it: one that does not fit into its payload ends the run.
func TestEvidenceOfAStepIsBounded(t *testing.T) {
	t.Parallel()
	a := step("a")
	a.Retry.Attempts = 1000
	m := begun(t, planOf(a))
	for n := range 30 {
		e := Event{Kind: AttemptEnded, Step: "a", Attempt: m.st("a").Attempt, Outcome: runbook.NoEffect}
		for k := range 9 {
			e.Evidence = append(e.Evidence, number(n*9+k))
		}
		m.must(e)
		m.wakes("a")
	}
	got := m.st("a").Evidence
	if len(got) != 50 || got[49] != "269" || got[0] != "220" {
		t.Errorf("%d are kept: %v", len(got), got)
	}
}
