package engine

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"example.com/landfall/internal/runbook"
	"pgregory.net/rapid"
)

// A clock that was a year ahead and is set right: what waited by the wrong time
// waits as long by the right one, and what waited before it, and for the hour of
// the window, stays.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	rest, gated, window := step("rest"), step("gated"), step("window")
	rest.WaitSeconds = 7200
	gated.Gates = []runbook.Gate{{ID: "g", EverySeconds: 10, TimeoutSeconds: 3600}}
	window.InWindow = true
	plan := planOf(rest, step("tried"), gated, window)
	opens := day().Add(5 * time.Hour)
	plan.Window = &runbook.Window{Opens: &opens, Seconds: 3600}
	plan.Triggers = []runbook.Trigger{{ID: "errors", EverySeconds: 60, HoldSeconds: 120, From: "tried", Action: "pause", Decides: "lead"}}
	m := begun(t, plan)
	before := m.st("rest").Wake
	m.now = day().Add(time.Minute)
	real := m.now
	m.now = real.AddDate(1, 0, 0)
	m.ends("tried", runbook.NoEffect)
	m.gate("gated", "g", yesNo(false))
	m.now = real.Add(time.Second)
	m.must(Event{Kind: Clock})
	if !m.recorded("clock.set") || !m.s.Now.Equal(m.now) {
		t.Fatalf("it is %v, and should be %v: %v", m.s.Now, m.now, m.last)
	}
	for id, want := range map[string]time.Time{"rest": before, "tried": m.now.Add(10 * time.Second), "window": opens} {
		if got := m.st(id).Wake; !got.Equal(want) {
			t.Errorf("%s wakes at %v, want %v", id, got, want)
		}
		if !slices.Contains(m.sent(Wake), id) {
			t.Errorf("the timer of %s is not set again: %v", id, m.sent(Wake))
		}
	}
	if got := m.st("gated").Wake.Sub(m.now); got > 10*time.Second+5*time.Minute {
		t.Errorf("the gate is asked again in %v", got)
	}
	for _, st := range m.s.Steps {
		for _, at := range []time.Time{st.Since, st.Begun, st.Ended} {
			if at.After(m.now) {
				t.Errorf("%v lies in the future", at)
			}
		}
	}
	m.wakes("tried")
	m.is("tried", Running)
	m.ends("tried", runbook.Succeeded)
	m.sends(AskTrigger, "errors")
}

// Clocks of machines differ a little: the run's time stands still meanwhile.
func TestClocksDiffer(t *testing.T) {
	t.Parallel()
	m := begun(t, planOf(step("a")))
	at := m.now
	m.now = at.Add(-30 * time.Second)
	m.ends("a", runbook.NoEffect)
	if m.recorded("clock.set") || !m.s.Now.Equal(at) || !m.st("a").Wake.Equal(at.Add(10*time.Second)) {
		t.Errorf("it is %v, wakes at %v", m.s.Now, m.st("a").Wake)
	}
}

// A checkpoint of a machine whose clock was ahead does not hold the run where it
// goes on.
func TestCheckpointOfAFastClock(t *testing.T) {
	t.Parallel()
	plan := planOf(step("a"))
	m := begun(t, plan)
	m.now = m.now.AddDate(0, 1, 0)
	m.ends("a", runbook.NoEffect)
	m.must(Event{Kind: Drain})
	from := m.s
	other := newSim(t, plan)
	other.must(Event{Kind: Begin, By: "ana", From: &from})
	if got := other.st("a").Wake.Sub(other.now); got != 10*time.Second {
		t.Errorf("it wakes in %v", got)
	}
	other.wakes("a")
	other.is("a", Running)
}

// While a machine sleeps nobody looks: what was open before and is open after was
// not held open.
func TestSleepBreaksAHold(t *testing.T) {
	t.Parallel()
	gated := step("gated", "first")
	gated.Gates = []runbook.Gate{{ID: "g", EverySeconds: 10, HoldSeconds: 60, TimeoutSeconds: 24 * 3600}}
	plan := planOf(step("first"), gated)
	plan.Triggers = []runbook.Trigger{{ID: "errors", EverySeconds: 60, HoldSeconds: 120, From: "first", Action: "pause", Decides: "lead"}}
	m := begun(t, plan)
	m.ends("first", runbook.Succeeded)
	m.gate("gated", "g", yesNo(true))
	m.trigger("errors", yesNo(true))
	m.now = m.now.Add(8 * time.Hour)
	m.must(Event{Kind: Woke, Step: "gated"})
	m.must(Event{Kind: Woke, Trigger: "errors"})
	m.gate("gated", "g", yesNo(true))
	m.trigger("errors", yesNo(true))
	if m.is("gated", Gated); m.s.Paused || m.s.Triggers[0].Fired {
		t.Error("the trigger acted on what nobody watched")
	}
	// An answer that was on its way while the machine slept is none either.
	m.now = m.now.Add(8 * time.Hour)
	m.wakes("gated")
	m.now = m.now.Add(8 * time.Hour)
	m.gate("gated", "g", yesNo(true))
	m.is("gated", Gated)
	for range 7 {
		m.wakes("gated")
		if m.st("gated").Status == Gated {
			m.gate("gated", "g", yesNo(true))
		}
	}
	m.is("gated", Running)
}

// Whatever the clock does, every run that gets fair events ends.
func TestEveryRunEndsUnderWildClocks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		r := rand.New(rand.NewPCG(seed, 0))
		w := newWorld(t, r, randomPlan(r, rapid.IntRange(2, 16).Draw(rt, "steps")), rapid.IntRange(0, 40).Draw(rt, "rough"))
		w.leaps = 20
		begin(w)
		w.finish()
	})
}

// A window that is days away makes no progress negative.
func TestProgressBeforeADistantWindow(t *testing.T) {
	t.Parallel()
	window := step("window")
	window.InWindow = true
	plan := planOf(window)
	opens := day().AddDate(0, 0, 9)
	plan.Window = &runbook.Window{Opens: &opens, Seconds: 3600}
	m := begun(t, plan)
	if s := Summarize(plan, m.s); s.Percent != 0 || s.LeftSeconds < 8*24*3600 {
		t.Errorf("%d%%, %d seconds left", s.Percent, s.LeftSeconds)
	}
}
