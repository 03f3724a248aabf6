package engine

import (
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

func TestSkip(t *testing.T) {
	t.Parallel()
	a, b := step("a"), step("b", "a")
	b.After.Writers = map[string]runbook.Side{"db": runbook.Nowhere}
	m := begun(t, planOf(a, b, step("c", "b")))
	m.refused(by(Skip, "a"), fault.Conflict) // it runs
	m.refused(by(Skip, "c"), fault.Conflict) // what it needs is not there
	m.ends("a", runbook.BadEffect)
	bare := by(Skip, "a")
	bare.Reason = ""
	m.refused(bare, fault.Invalid)
	m.must(by(Skip, "a"))
	m.is("a", Skipped)
	m.is("b", Running)
	m.ends("b", runbook.BadEffect)
	m.refused(by(Skip, "b"), fault.Refused)
	e := by(Skip, "b")
	e.Accept = true
	m.must(e)
	m.is("c", Running)
	// What was skipped with an effect is taken back as well.
	m.must(by(Rollback, ""))
	m.ends("c", runbook.NoEffect)
	for _, id := range []string{"b", "a"} {
		m.is(id, Undoing)
		m.ends(id, runbook.Succeeded)
	}
	if m.s.Result != "rolled back" {
		t.Errorf("ended %q", m.s.Result)
	}
}

func TestPauseStartsNothing(t *testing.T) {
	t.Parallel()
	w, g, q := step("w"), step("g"), step("q")
	w.WaitSeconds = 10
	g.Gates = []runbook.Gate{{ID: "g", EverySeconds: 10}}
	q.Approvals.Count = 1
	m := begun(t, planOf(step("a"), w, g, q, step("r"), step("n", "a")))
	m.ends("r", runbook.NoEffect)
	m.must(by(Pause, ""))
	m.refused(by(Pause, ""), fault.Conflict)
	m.sends(YieldStep, "a")
	m.ends("a", runbook.Succeeded)
	m.wakes("w")
	m.now = m.st("r").Wake
	m.must(Event{Kind: Woke, Step: "r"})
	m.gate("g", "g", yesNo(true))
	m.must(by(Approve, "q"))
	for id, want := range map[string]Status{"a": Done, "n": Pending, "w": Waiting, "g": Gated, "q": Ready, "r": Retrying} {
		m.is(id, want)
	}
	if m.s.InFlight != 0 {
		t.Errorf("%d attempts are under way in a pause", m.s.InFlight)
	}
	m.must(by(Resume, ""))
	m.refused(by(Resume, ""), fault.Conflict)
	for id, want := range map[string]Status{"n": Running, "w": Running, "g": Gated, "q": Running, "r": Running} {
		m.is(id, want)
	}
	m.sends(AskGate, "g")
}

func TestUntilAndExtend(t *testing.T) {
	t.Parallel()
	a, b := step("a"), step("b", "a")
	a.Phase, b.Phase = runbook.Prepare, runbook.Execute
	m := newSim(t, planOf(a, b))
	m.refused(by(Pause, ""), fault.Conflict) // not begun
	m.refused(Event{Kind: Begin, Until: "lunch"}, fault.Invalid)
	m.refused(Event{Kind: Begin, Plan: "sha256:other"}, fault.Conflict)
	m.must(Event{Kind: Begin, By: "ana", Until: runbook.Prepare})
	m.refused(Event{Kind: Begin, By: "ana"}, fault.Conflict)
	if !m.recorded("phase.begun") || !m.told("phase") {
		t.Error("nobody was told of the phase")
	}
	m.ends("a", runbook.Succeeded)
	if !m.s.Held || m.s.Mode != Forward || !m.recorded("phase.ended") {
		t.Errorf("the run is %s, held %v", m.s.Mode, m.s.Held)
	}
	m.refused(Event{Kind: Extend, By: "ana", Until: runbook.Prepare}, fault.Conflict)
	m.refused(Event{Kind: Extend, By: "ana", Until: "lunch"}, fault.Invalid)
	m.must(Event{Kind: Extend, By: "ana", Until: runbook.Execute})
	m.is("b", Running)
	m.refused(Event{Kind: Extend, By: "ana", Until: runbook.Plan}, fault.Conflict)
	m.ends("b", runbook.Succeeded)
	if m.s.Result != "done" {
		t.Errorf("ended %q", m.s.Result)
	}
	m.refused(by(Pause, ""), fault.Conflict)
}

func TestAbortLeavesEffects(t *testing.T) {
	t.Parallel()
	m := begun(t, planOf(step("a"), step("b", "a"), step("c", "a")))
	m.ends("a", runbook.Succeeded)
	m.refused(Event{Kind: Abort}, fault.Denied)
	m.must(by(Abort, ""))
	m.sends(YieldStep, "b", "c")
	m.refused(by(Abort, ""), fault.Conflict)
	m.refused(by(Skip, "b"), fault.Conflict)
	m.ends("b", runbook.Unknown) // nothing begins any more, not even a look
	m.ends("c", runbook.NoEffect)
	if m.s.Result != "aborted" || m.s.Mode != Ended {
		t.Fatalf("the run is %s %q", m.s.Mode, m.s.Result)
	}
	last := m.last[slices.IndexFunc(m.last, func(c Command) bool { return c.Kind == Record && c.Entry.Kind == "run.ended" })]
	if !strings.Contains(last.Entry.Text, "effects of 2 steps stay: a, b") {
		t.Errorf("the record says %q", last.Entry.Text)
	}
	// An aborted run may be taken up again, and rolled back.
	again := newSim(t, m.plan)
	again.must(Event{Kind: Begin, By: "bob", From: &m.s})
	if !again.s.Paused || again.s.Mode != Forward {
		t.Fatalf("taken up %s, paused %v", again.s.Mode, again.s.Paused)
	}
	again.must(by(Rollback, ""))
	again.is("b", Operator) // nobody knows: a person settles it
	e := by(Settle, "b")
	e.Effect = yesNo(false)
	again.must(e)
	again.is("a", Undoing)
	again.ends("a", runbook.Succeeded)
	if again.s.Result != "rolled back" {
		t.Errorf("ended %q", again.s.Result)
	}
}

func TestDrainIsACheckpoint(t *testing.T) {
	t.Parallel()
	w, q := step("w", "a"), step("q", "a")
	w.WaitSeconds = 100
	q.Approvals.Count = 2
	plan := planOf(step("a"), step("b", "a"), w, q, step("c", "b"))
	m := begun(t, plan)
	m.ends("a", runbook.Succeeded)
	m.must(by(Approve, "q"))
	m.must(Event{Kind: Drain})
	m.refused(Event{Kind: Drain}, fault.Conflict)
	m.refused(by(Rollback, ""), fault.Conflict)
	m.sends(YieldStep, "b")
	m.ends("b", runbook.Succeeded)
	m.sends(DoStep)
	if m.s.Result != "drained" || m.s.Mode != Ended || m.s.Resumes != Forward {
		t.Fatalf("the run is %s %q and goes on %s", m.s.Mode, m.s.Result, m.s.Resumes)
	}
	other := newSim(t, plan)
	foreign := m.s
	foreign.Run = "run-2"
	other.refused(Event{Kind: Begin, From: &foreign}, fault.Conflict)
	foreign = m.s
	foreign.Steps = foreign.Steps[1:]
	other.refused(Event{Kind: Begin, From: &foreign}, fault.Conflict)
	other.now = m.now
	other.must(Event{Kind: Begin, By: "bob", From: &m.s})
	other.is("c", Running)
	other.is("w", Waiting)
	other.sends(Wake, "w")
	second := by(Approve, "q")
	second.By = "bob"
	other.must(second)
	other.is("q", Running)
	if other.s.Order[0] != 0 || other.s.Begun != m.s.Begun {
		t.Error("what was done before is not known")
	}
}

// A checkpoint of an engine that died: what was under way is looked at first.
func TestCheckpointOfADeadEngine(t *testing.T) {
	t.Parallel()
	m := begun(t, planOf(step("a"), step("b", "a")))
	other := newSim(t, m.plan)
	other.must(Event{Kind: Begin, By: "bob", From: &m.s})
	other.is("a", Probing)
	other.sends(DoStep)
	other.refused(Event{Kind: AttemptEnded, Step: "a", Attempt: 1, Outcome: runbook.Succeeded}, fault.Conflict)
	other.probed("a", yesNo(true))
	other.ends("a", runbook.Succeeded)
	other.is("b", Running)
}

func TestEventsThatAreNone(t *testing.T) {
	t.Parallel()
	m := begun(t, planOf(step("a")))
	m.refused(Event{Kind: "sing"}, fault.Invalid)
	m.refused(Event{Kind: Woke, Step: "a"}, fault.Conflict)
	m.refused(Event{Kind: Woke, Trigger: "x"}, fault.NotFound)
	m.refused(Event{Kind: GateAsked, Step: "a", Gate: "x"}, fault.NotFound)
	m.refused(Event{Kind: AttemptEnded, Step: "x"}, fault.NotFound)
	m.refused(Event{Kind: AttemptEnded, Step: "a", Attempt: 2, Outcome: runbook.Succeeded}, fault.Conflict)
	if _, _, err := Next(m.plan, m.s, Event{Kind: Pause, By: "ana"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("an event without a time was answered with %v", err)
	}
	if err := Check(m.plan, m.s, Event{Kind: Pause, By: "ana", At: day()}); err != nil {
		t.Errorf("a pause is refused: %v", err)
	}
	if m.is("a", Running); m.s.Seq != 1 {
		t.Errorf("refused events count: %d", m.s.Seq)
	}
}

// Records count without a gap, and what begins is in them first.
func TestRecordsAreCounted(t *testing.T) {
	t.Parallel()
	m := begun(t, planOf(step("a"), step("b", "a")))
	m.ends("a", runbook.Succeeded)
	m.ends("b", runbook.Succeeded)
	var want int64
	for _, c := range m.all {
		if c.Kind != Record {
			continue
		}
		if want++; c.Entry.Number != want || c.Entry.At.IsZero() || !strings.Contains(c.Entry.Kind, ".") {
			t.Errorf("entry %d is %+v", want, c.Entry)
		}
	}
	if want == 0 || m.s.Records != want {
		t.Errorf("%d records were sent, the state says %d", want, m.s.Records)
	}
}

func TestMessagesOfAStep(t *testing.T) {
	t.Parallel()
	a := step("a")
	for _, when := range []string{"before", "begun", "done", "failed"} {
		a.Messages = append(a.Messages, runbook.Message{When: when, To: []string{"users"}, Text: when})
	}
	m := begun(t, planOf(a))
	if !m.told("before") || !m.told("begun") {
		t.Error("the begin was not told")
	}
	m.ends("a", runbook.BadEffect)
	if !m.told("failed") {
		t.Error("the failure was not told")
	}
	m.must(by(Retry, "a"))
	if m.told("begun") {
		t.Error("the begin was told twice")
	}
	m.ends("a", runbook.Succeeded)
	if !m.told("done") {
		t.Error("the end was not told")
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		command Command
		want    string
	}{
		{Command{Kind: DoStep, Step: "a", Attempt: 3}, "r/a/do"},
		{Command{Kind: UndoStep, Step: "a", Attempt: 4}, "r/a/undo"},
		{Command{Kind: DoStep, Step: "a", Attempt: 5, Round: 1}, "r/a/do/1"},
	} {
		if got := Key("r", c.command); got != c.want {
			t.Errorf("key %q, want %q", got, c.want)
		}
	}
}

// Clocks of two machines differ: a run never goes back in time.
func TestTimeOfARunNeverGoesBack(t *testing.T) {
	t.Parallel()
	a := step("a")
	a.WaitSeconds = 60
	m := begun(t, planOf(a, step("b")))
	m.wakes("a")
	at := m.now
	m.now = day()
	m.ends("b", runbook.NoEffect)
	if m.s.Now != at || m.st("b").Wake != at.Add(seconds(10)) {
		t.Errorf("the run is at %s, and tries again at %s", m.s.Now, m.st("b").Wake)
	}
}
