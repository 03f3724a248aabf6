package app

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
)

var _ engine.Clearing = watchful{}

// proved refuses an attempt that is not approved by proof, or that rests on a word
// that is not proved. A worker that has no ledger of the run goes by what the
// worker of the workspace found when the attempt was recorded.
func (h watchful) proved(ctx context.Context, call *engine.StepCall) error {
	if call.Fan != nil && (call.Fan.Do == engine.FanKeep || call.Fan.Do == engine.FanClose) {
		return nil // its parts were looked at: what they did has to be told
	}
	if err := h.app.approvedBy(ctx, h.words, call, givenOf(call)); err != nil {
		return err
	}
	known, err := h.words.stands(ctx, call)
	switch {
	case err != nil || known:
		return err
	case call.Clearance == nil:
		return fault.Newf(fault.Denied, "%s %q: this worker has no ledger of the run, and nobody who has one says that what it rests on is proved", doing(call.Kind), call.Step.ID).
			Hintf("let the worker of the workspace have the release of this one, then: landfall retry %s", call.Step.ID)
	case call.Clearance.Refused != "":
		return fault.Newf(fault.Denied, "%s", call.Clearance.Refused)
	}
	return nil
}

// Clear looks at the attempts that begin, for workers that have no ledger. What is
// not proved of what was just said people hear at once, and not only when
// something rests on it.
func (h watchful) Clear(ctx context.Context, run string, entries []engine.Entry) map[string]engine.Clearance {
	clear, unproved := h.words.clear(ctx, run, entries)
	for _, u := range unproved {
		text := "The run was told what is not proved, and nothing that rests on it begins: " + strings.TrimSpace(u.body.Step+" "+withheld(u.line())) + ". Find out who said it"
		if slices.Contains(repeatable(), u.verb) {
			text += "; where it is so, say it again with: " + sayAgain(u)
		}
		h.still.tellStep(ctx, engine.Question{Run: run, Step: u.body.Step, ID: strconv.FormatInt(u.entry.Seq, 10)}, runbook.Message{When: "operator", To: h.still.everyone(run), Text: text}, u.entry.When())
	}
	return clear
}

// beginsWith are the kinds of entries with which attempts begin.
func beginsWith(kind string) (engine.CommandKind, bool) {
	switch kind {
	case "attempt.begun":
		return engine.DoStep, true
	case "undo.begun":
		return engine.UndoStep, true
	case "probe.begun":
		return engine.ProbeStep, true
	default:
		return "", false
	}
}

// clear looks at the attempts that begin with some entries, and returns the words
// in them that are not proved.
func (f *ledgerWords) clear(ctx context.Context, run string, entries []engine.Entry) (map[string]engine.Clearance, []*uttered) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[string]engine.Clearance{}
	said := map[int64]bool{}
	for i := range entries {
		e := &entries[i]
		if slices.Contains(words(), e.Kind) || e.Kind == "step.kept" {
			said[e.Number] = true
		}
		kind, ok := beginsWith(e.Kind)
		if !ok {
			continue
		}
		attempt, _ := strconv.Atoi(e.Data["attempt"]) // the rules write a number
		known, err := f.looked(ctx, &engine.StepCall{Run: run, Step: runbook.Step{ID: e.Step}, Kind: kind, Attempt: attempt})
		if err == nil && !known {
			err = fault.Newf(fault.Denied, "%s %q: the ledger has nothing of it", doing(kind), e.Step)
		}
		c := engine.Clearance{}
		if err != nil {
			c.Refused = textOf(err)
		}
		out[e.Step] = c
	}
	if len(said) == 0 && f.kept[run] != "" {
		return out, nil
	}
	return out, f.newly(ctx, run, said)
}

// newly returns which of the entries of these numbers are words that are not
// proved, and keeps what the status says of them.
func (f *ledgerWords) newly(ctx context.Context, run string, said map[int64]bool) []*uttered {
	r, p, err := f.about(ctx, run)
	if err == nil && r != nil {
		err = f.keep(r, p)
	}
	if err != nil {
		f.app.setup.log().Warn("what people said cannot be looked at", "run", run, "reason", err.Error())
	}
	if r == nil || p == nil {
		return nil
	}
	var out []*uttered
	for _, u := range r.words {
		i, ok := p.index[u.body.Step]
		byRules := u.entry.Kind == "step.kept" && ok && p.plan.Steps[i].Undo == nil
		if u.why != nil && !byRules && said[numberIn(u.entry.Subject)] {
			out = append(out, u)
		}
	}
	return out
}

// numberIn is the number of an entry of a run, 0 for another entry.
func numberIn(subject string) int64 {
	if _, ok := runOf(subject); !ok {
		return 0
	}
	n, err := strconv.ParseInt(subject[strings.LastIndexByte(subject, '/')+1:], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// sayAgain keeps a word that a run refuses because it has taken the same before,
// where that was not proved. Otherwise it was refused with good reason.
func (a *App) sayAgain(ctx context.Context, x store.Execution, e engine.Event, refused error) error {
	f := newLedgerWords(a)
	r, p, err := f.about(ctx, x.Run)
	if err != nil || r == nil || !r.awaits(p, e) {
		return refused
	}
	data := map[string]string{"accepted": strconv.FormatBool(e.Accept)}
	if e.Effect != nil {
		data["effect"] = effectOf(*e.Effect)
	}
	body := map[string]any{"run": x.Run, "runbook": x.Fingerprint, "verb": string(e.Kind), "step": e.Step, "until": string(e.Until), "reason": e.Reason, "role": e.Role, "how": e.How, "proof": e.Proof, "data": data}
	if _, err := a.recordAs(ctx, e.By, entryAgain, x.Run, body); err != nil {
		return err
	}
	if r, p, err = f.about(ctx, x.Run); err != nil {
		return err
	}
	return f.keep(r, p)
}

// awaits says whether the words of a run that an event says again are not proved.
func (r *runWords) awaits(p *planned, e engine.Event) bool {
	if i, ok := p.index[e.Step]; e.Kind == engine.Approve {
		if !ok {
			return false
		}
		step := &p.plan.Steps[i]
		have, _ := r.approvers(step, r.step(e.Step))
		return r.step(e.Step).settled != byNobody && unattended(step) && have < step.Approvals.Count
	}
	for _, list := range r.standing(string(e.Kind), e.Step) {
		if among(*list, nil) != nil {
			return true
		}
	}
	return false
}

// askAgain has a person say that they want a run which is under way, where nobody
// has proved to have said so.
func (a *App) askAgain(ctx context.Context, x store.Execution) error {
	f := newLedgerWords(a)
	r, _, err := f.about(ctx, x.Run)
	if err != nil || r == nil || r.old || among(r.begins, nil) == nil && among(r.takenUp, nil) == nil {
		return err
	}
	if _, err := a.speak(ctx, said{Verb: sayRun, Until: r.until, Run: x.Run, Runbook: x.Fingerprint}); err != nil {
		return err
	}
	r, p, err := f.about(ctx, x.Run)
	if err != nil {
		return err
	}
	return f.keep(r, p)
}

// goesSo says whether somebody has proved to have said that a run goes so far.
func (a *App) goesSo(ctx context.Context, run string) bool {
	r, _, err := newLedgerWords(a).about(ctx, run)
	return err != nil || r == nil || among(r.extends[max(len(r.extends)-1, 0):], nil) == nil
}
