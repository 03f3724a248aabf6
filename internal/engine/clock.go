package engine

import (
	"slices"
	"time"
)

// slack is how far the clocks of two machines may differ. Within it a run's time
// stands still until the slower one has caught up.
const slack = time.Minute

// clock sets the run's time to that of an event. An event far before the one
// before it says that the clock was ahead and was set right: the run goes by the
// new time, as its timers would otherwise wait until the old one comes again.
func (t *turn) clock(at time.Time) {
	behind := t.s.Now.Sub(at)
	if behind > 0 && behind <= slack {
		at = t.s.Now
	}
	t.now, t.s.Now = at, at
	if behind > slack {
		t.setBack(behind)
	}
}

// setBack brings times that are yet to come down to the new time. A wait that
// began by the wrong clock begins anew, one that began before that stays. No time
// of the past lies in the future.
func (t *turn) setBack(by time.Duration) {
	who, proof := t.by, t.proof
	t.by, t.proof = "", nil
	t.record("clock.set", -1, "the clock was set back by "+by.Round(time.Second).String()+": waits that began by the wrong time begin anew", nil)
	t.by, t.proof = who, proof
	t.s.Begun = t.past(t.s.Begun)
	for i := range t.s.Steps {
		t.setBackStep(i)
	}
	for k := range t.s.Triggers {
		g := &t.s.Triggers[k]
		if t.ahead(g.Held) {
			g.Held = time.Time{}
		}
		if g.Wake.Sub(t.now) > t.triggerEvery(k)+t.c.rules.answerWithin {
			g.Wake = t.now.Add(t.triggerEvery(k))
		}
		if !g.Wake.IsZero() {
			t.wakeTrigger(k, g.Wake)
		}
	}
}

func (t *turn) setBackStep(i int) {
	st, w := t.s.Steps[i], t.c.plan.Window
	if st.Since.IsZero() {
		return // it has not begun anything
	}
	st = t.step(i)
	began := st.Since
	st.Since, st.Begun, st.Ended = t.past(st.Since), t.past(st.Begun), t.past(st.Ended)
	st.Gates = slices.Clone(st.Gates)
	for k := range st.Gates {
		g := &st.Gates[k]
		if g.Since = t.past(g.Since); t.ahead(g.Held) {
			g.Held = time.Time{}
		}
		if g.Next.Sub(t.now) > t.gateEvery(i, k)+t.c.rules.answerWithin {
			g.Next = t.now.Add(t.gateEvery(i, k))
		}
	}
	switch {
	case st.Wake.IsZero():
	case st.Status == Gated:
		t.wakeForGates(i)
	case w != nil && w.Opens != nil && st.Wake.Equal(*w.Opens), !t.ahead(began):
		// The hour of a window is that of the calendar.
		t.wake(i, st.Wake)
	default:
		t.wake(i, t.now.Add(st.Wake.Sub(began)))
	}
}

func (t *turn) ahead(at time.Time) bool { return at.After(t.now) }

func (t *turn) past(at time.Time) time.Time {
	if t.ahead(at) {
		return t.now
	}
	return at
}

// overslept says that what was to be asked at a time is asked so long after it
// that nobody looked for a while: a machine slept, or no engine ran. What was
// held open before it was not held without a break.
func (t *turn) overslept(at time.Time) bool {
	return !at.IsZero() && t.now.Sub(at) > t.c.rules.answerWithin
}
