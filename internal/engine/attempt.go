package engine

import (
	"slices"
	"time"

	"example.com/landfall/internal/runbook"
)

// attemptEnded takes what an attempt came to: to do, to take back or to probe.
func (t *turn) attemptEnded(i int, e *Event) {
	probing := t.s.Steps[i].Status == Probing
	st := t.step(i)
	st.Detail = cut(e.Detail)
	st.Evidence = newest(append(slices.Clip(st.Evidence), e.Evidence...))
	asked := st.Yielding
	st.Yielding = false
	if probing {
		t.probeEnded(i, e)
		return
	}
	e = known(e)
	st.Outcome, st.Detail = e.Outcome, cut(e.Detail)
	if len(e.Cursor) > 0 {
		st.Cursor = e.Cursor
	}
	t.record("attempt.ended", i, string(e.Outcome)+withDetail(e.Detail), attemptData(e, st.Attempt))
	if st.Undo {
		t.undoEnded(i, e, asked)
		return
	}
	switch e.Outcome {
	case runbook.Succeeded:
		t.done(i, "done"+withDetail(e.Detail))
	case runbook.NoEffect:
		t.noEffect(i, e.Final)
	case runbook.Yielded:
		st.Effect = true
		t.yielded(i, asked)
	case runbook.BadEffect:
		st.Effect = true
		t.failed(i, "it failed after it had an effect"+withDetail(e.Detail))
	case runbook.Unknown:
		st.Effect = true
		t.unknown(i)
	}
}

// known takes an outcome that is none, as a worker of another release may report
// it, for what it is: nobody knows. Refused, the attempt would never end.
func known(e *Event) *Event {
	if slices.Contains([]runbook.Outcome{runbook.Succeeded, runbook.NoEffect, runbook.BadEffect, runbook.Unknown, runbook.Yielded}, e.Outcome) {
		return e
	}
	out := *e
	out.Outcome, out.Detail = runbook.Unknown, "what its worker reports is no outcome: "+quoted(string(e.Outcome))+withDetail(e.Detail)
	return &out
}

// mostKept bounds the evidence that a state carries of a step: fingerprints do not
// get smaller by packing, and a state that outgrows its payload ends the run. The
// ledger has all of it.
const mostKept = 50

func newest(evidence []string) []string { return evidence[max(len(evidence)-mostKept, 0):] }

func attemptData(e *Event, attempt int) map[string]string {
	data := map[string]string{"attempt": number(attempt), "outcome": string(e.Outcome)}
	for k, id := range e.Evidence {
		if k == 20 {
			break
		}
		data["evidence"+number(k+1)] = id
	}
	return data
}

// noEffect tries again, as often and as late as the runbook says. What an
// earlier attempt left stays an effect.
func (t *turn) noEffect(i int, final bool) {
	if t.s.Mode == Back {
		t.leave(i)
		return
	}
	t.again(i, final, "it had no effect")
}

// again waits for the next try, or leaves the step to the operator.
func (t *turn) again(i int, final bool, what string) {
	undo, retry := t.s.Steps[i].Undo, t.plan(i).Retry
	switch st := t.s.Steps[i]; {
	case t.s.Aborting:
		t.set(i, Operator, undo)
	case final:
		t.failed(i, what+", and trying again cannot help"+withDetail(st.Detail))
	case st.Tries >= max(retry.Attempts, 1):
		t.failed(i, what+" in "+number(st.Tries)+" tries"+withDetail(st.Detail))
	default:
		t.set(i, Retrying, undo)
		wait := t.retryWait(retry, st.Tries)
		t.record("retry.planned", i, "tries again in "+span(int64(wait/time.Second)), nil)
		t.wake(i, t.now.Add(wait))
	}
}

// retryWait doubles with each try. It is a second at least: an attempt that
// fails at once would be tried as fast as the engine can count.
func (t *turn) retryWait(r runbook.Retry, tries int) time.Duration {
	longest := t.c.rules.longestWait
	if r.MaxSeconds > 0 {
		longest = min(longest, seconds(r.MaxSeconds))
	}
	wait := max(seconds(r.FirstSeconds), time.Second)
	for n := 1; n < tries && wait < longest; n++ {
		wait *= 2
	}
	return max(min(wait, longest), time.Second)
}

// failed leaves a step to the operator and tells those who wait for it. On the
// way back it is taken back at once.
func (t *turn) failed(i int, why string) {
	if t.s.Mode == Back && !t.s.Steps[i].Undo && t.s.Steps[i].Outcome != runbook.Unknown {
		t.leave(i)
		return
	}
	t.toOperator(i, why)
	if !t.s.Steps[i].Undo {
		t.tellStep(i, "failed")
	}
}

// yielded goes on from the cursor as soon as the run allows it. It is no try.
// One that nobody asked to stop waits a little: its worker is going away.
func (t *turn) yielded(i int, asked bool) {
	st := t.step(i)
	st.Tries--
	switch {
	case t.s.Mode == Back:
		t.leave(i)
	case asked || !t.moving():
		t.ready(i)
	default:
		t.set(i, Retrying, false)
		t.wake(i, t.now.Add(t.retryWait(t.plan(i).Retry, 1)))
	}
}

// unknown looks what is there. An attempt whose outcome is not known is never
// simply made again.
func (t *turn) unknown(i int) {
	if t.s.Aborting {
		t.toOperator(i, "it is not known what it has done, and the run was aborted")
		return
	}
	if st := t.s.Steps[i]; st.Probes > max(t.plan(i).Retry.Attempts, 1) {
		t.failed(i, "again and again it is not known what it has done"+withDetail(st.Detail))
		return
	}
	t.probe(i)
}

// probeEnded goes by what was found: an effect that is there is verified by a
// further attempt, which looks first; one that is not there is like an attempt
// without effect; when nobody can tell, a person has to.
func (t *turn) probeEnded(i int, e *Event) {
	st := t.step(i)
	t.record("probe.ended", i, seen(e.Effect)+withDetail(e.Detail), map[string]string{"attempt": number(st.Attempt), "effect": seen(e.Effect)})
	if e.Effect == nil {
		st.Outcome, st.Effect = runbook.Unknown, true
		t.toOperator(i, "nobody can tell what it has done"+withDetail(e.Detail)+"; a person has to look and to settle it")
		return
	}
	st.Outcome = runbook.NoEffect
	switch {
	case *e.Effect && !st.Undo:
		t.effectThere(i)
	case *e.Effect:
		t.again(i, false, "what it takes back is still there")
	case st.Undo:
		t.undone(i, "it was taken back")
	default:
		// What an attempt left that was stopped on the way is a part of it.
		st.Effect = len(st.Cursor) > 0
		t.noEffect(i, false)
	}
}

// effectThere goes on with a step of which the effect is there and not verified.
func (t *turn) effectThere(i int) {
	st := t.step(i)
	st.Outcome, st.Effect = runbook.BadEffect, true
	switch {
	case t.s.Mode == Back:
		t.leave(i)
	case t.s.Aborting:
		t.set(i, Operator, false)
	default:
		st.Tries--
		t.ready(i)
	}
}

func seen(effect *bool) string {
	switch {
	case effect == nil:
		return "cannot tell"
	case *effect:
		return "there"
	default:
		return "not there"
	}
}
