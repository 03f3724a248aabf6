package app

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store/ledger"
)

const (
	// entryAgain is of a person who says again, with proof, what a run has taken
	// from somebody without: a run takes the same word no second time.
	entryAgain = "word.repeated"
	// entryRefused is of a word that a run did not take. Whoever has seen it could
	// say it later, when the run stands where it would fit: its number is used up.
	entryRefused = "word.refused"
	// entryProofsBegun is of a run of a release that kept no proofs. What was said
	// to it before is taken as it stands, what was said since is not.
	entryProofsBegun = "proofs.begun"
	// proofsStream numbers those entries: one of each run.
	proofsStream = "proofs/"
)

// uttered is a person's word to a run, as the ledger has it.
type uttered struct {
	entry ledger.Entry
	body  spoken
	verb  string
	// why it does not count, nil for one that does. It is found anew when the
	// signers change.
	why error
	// stated says that it counts without a proof, as one of before there were any.
	stated bool
}

// settledBy says what settled a step.
type settledBy string

// What settles a step.
const (
	byNobody  settledBy = ""
	byAttempt settledBy = "attempt"
	byConfirm settledBy = "confirm"
	bySettle  settledBy = "settle"
	bySkip    settledBy = "skip"
	byRules   settledBy = "rules"
)

// stepWords is where a step stands by the ledger, and what people said of it. Of
// most things the last word counts, with those that said the same again.
type stepWords struct {
	// attempt is the number of the last attempt that began.
	attempt string
	// how is what was last done about it, settled what settled it.
	how, settled settledBy
	confirm, skip, settle, retry,
	// accepts let it begin outside of its window: one that counts is enough.
	accepts, approvals,
	// undone, kept and retryBack are of the way back.
	undone, kept, retryBack []*uttered
}

// runWords is where a run stands by the ledger.
type runWords struct {
	run, runbook string
	rehearsal    bool
	// old says that it was begun by a release that kept no proofs, until which
	// phase it was begun, and stated is the entry from which on proofs count.
	old    bool
	until  string
	stated int64
	steps  map[string]*stepWords
	// order are the settled steps, in order.
	order []string
	back  bool
	// begins let the run begin, or were said again; takenUp let it go on from a
	// checkpoint, and resumes after it stood, forward and on the way back.
	begins, takenUp, extends, resumes, resumesBack, rollbacks []*uttered
	// checkpoints counts those from which a person had it go on, less those from
	// which it did.
	checkpoints int
	// fired says that the entry before is that of a trigger that goes back.
	fired bool

	words  []*uttered
	judged int
	today  string
	fits   *proofs
}

func (r *runWords) step(id string) *stepWords {
	st := r.steps[id]
	if st == nil {
		st = &stepWords{}
		r.steps[id] = st
	}
	return st
}

// say notes a word.
func (r *runWords) say(verb string, e ledger.Entry, s spoken) *uttered {
	u := &uttered{entry: e, body: s, verb: verb}
	r.words = append(r.words, u)
	return u
}

// apply takes an entry of the run's own.
func (r *runWords) apply(e ledger.Entry, s spoken) {
	st := r.step(s.Step)
	fired := r.fired
	r.fired = e.Kind == "trigger.fired" && !slices.Contains([]string{"ask", "pause"}, s.Data["action"])
	switch e.Kind {
	case "attempt.begun", "undo.begun", "probe.begun":
		st.attempt = s.Data["attempt"]
		if e.Kind == "attempt.begun" {
			st.how = byAttempt
		}
	case "approval.given":
		st.approvals = append(slices.Clip(st.approvals), r.say("approve", e, s))
	case "approval.refused":
		st.approvals = nil
		r.say("reject", e, s)
	case "run.paused", "run.draining", "run.aborting":
		// No attempt rests on them. That they are forged people want to know.
		if e.Actor != unprompted || s.Proof[proofStatement] != "" {
			r.say(map[string]string{"run.paused": "pause", "run.draining": "drain", "run.aborting": "abort"}[e.Kind], e, s)
		}
	case "person.confirmed":
		u := r.say("confirm", e, s)
		if st.how, st.confirm = byConfirm, []*uttered{u}; r.back {
			st.undone = []*uttered{u}
		}
	case "outcome.settled":
		st.how, st.settle = bySettle, []*uttered{r.say("settle", e, s)}
	case "retry.asked":
		r.retried(st, r.say("retry", e, s))
	case "step.done":
		r.done(st, s.Step)
	case "step.skipped":
		st.settled, st.skip = bySkip, []*uttered{r.say("skip", e, s)}
		r.order = append(r.order, s.Step)
	case "step.kept":
		st.kept = []*uttered{r.say("skip", e, s)}
	case "rollback.begun":
		r.goneBack(e, s, fired)
	case "rollback.ended":
		r.arrived(s.Data["to"])
	case "run.resumed":
		list := &r.resumes
		if r.back {
			list = &r.resumesBack
		}
		*list = []*uttered{r.say("resume", e, s)}
	case "run.restored":
		r.checkpoints--
	case "run.extended":
		r.extends = append(r.extends, r.say("extend", e, s))
	}
}

func (r *runWords) retried(st *stepWords, u *uttered) {
	if r.back {
		st.retryBack = []*uttered{u}
		return
	}
	st.retry = []*uttered{u}
	if u.body.Data["accepted"] == "true" {
		st.accepts = append(slices.Clip(st.accepts), u)
	}
}

func (r *runWords) done(st *stepWords, id string) {
	if st.settled = st.how; st.how == byNobody {
		st.settled = byRules
	}
	if st.how == byAttempt {
		st.settle = nil // what it did was seen since
	}
	r.order = append(r.order, id)
}

// goneBack notes a way back. That of a trigger has no word: it stands right
// behind the trigger's own entry, loses nothing, and only the rules write both.
func (r *runWords) goneBack(e ledger.Entry, s spoken, fired bool) {
	if !r.back {
		r.resumesBack = nil
		for _, st := range r.steps {
			st.undone, st.kept, st.retryBack = nil, nil, nil
		}
	}
	r.back = true
	if r.rollbacks = nil; fired && e.Actor == unprompted && s.Proof[proofStatement] == "" && s.Data["accepted"] != "true" {
		return
	}
	r.rollbacks = []*uttered{r.say("rollback", e, s)}
}

// arrived forgets what was said of the steps that a way back took back, and of
// those that were not settled: the rules have them begin anew.
func (r *runWords) arrived(to string) {
	if at := slices.Index(r.order, to); at >= 0 {
		r.order = slices.Clip(r.order[:at])
	}
	r.back, r.rollbacks = false, nil
	stays := make(map[string]bool, len(r.order))
	for _, id := range r.order {
		stays[id] = true
	}
	for id, st := range r.steps {
		if !stays[id] {
			r.steps[id] = &stepWords{attempt: st.attempt}
		}
	}
}

// again takes a word that was said again, where one of its kind stands.
func (r *runWords) again(e ledger.Entry, s spoken) {
	what, err := parseSaid(s.Proof[proofStatement])
	if err != nil {
		return // nobody has said anything
	}
	u, st := r.say(what.Verb, e, s), r.step(s.Step)
	if what.Verb == string(engine.Approve) {
		st.approvals = append(slices.Clip(st.approvals), u)
	}
	for _, list := range r.standing(what.Verb, s.Step) {
		if len(*list) > 0 && (list != &st.accepts || what.Accepting == acceptsLoss) {
			*list = append(slices.Clip(*list), u)
		}
	}
}

// standing are the lists in which words of a verb stand.
func (r *runWords) standing(verb, step string) []*[]*uttered {
	st := r.step(step)
	return map[string][]*[]*uttered{
		"confirm": {&st.confirm, &st.undone}, "skip": {&st.skip, &st.kept}, "settle": {&st.settle}, "retry": {&st.retry, &st.accepts, &st.retryBack},
		"resume": {&r.resumes, &r.resumesBack}, "rollback": {&r.rollbacks}, "extend": {&r.extends}, sayRun: {&r.begins, &r.takenUp},
	}[verb]
}

// begun takes the entry with which a landfall begins a run, and the word before
// it that asked for that, nil for none.
func (r *runWords) begun(s spoken, asked *uttered) {
	first := r.runbook == ""
	if first {
		r.runbook, r.rehearsal, r.until, r.old = s.Runbook, s.IsRehearsal, s.Until, asked == nil
	}
	if s.IsResumed {
		r.checkpoints++
	}
	switch {
	case asked == nil:
		return
	case s.IsResumed:
		r.takenUp = []*uttered{asked}
		r.begins = slices.DeleteFunc(r.begins, func(u *uttered) bool { return u == asked })
	case !slices.Contains(r.begins, asked):
		r.begins = append(r.begins, asked)
	}
	if !slices.Contains(r.words, asked) {
		r.words = append(r.words, asked)
	}
}

// judge looks which words count with the signers of today.
func (a *App) judge(r *runWords, id, today string) {
	if r.fits == nil || r.today != today {
		r.today, r.judged = today, 0
		r.fits = &proofs{ledger: id, runs: map[string]spoken{r.run: {Runbook: r.runbook}}, said: map[string]int64{}}
	}
	for ; r.judged < len(r.words); r.judged++ {
		u := r.words[r.judged]
		if u.entry.Kind == entryRefused {
			r.fits.useUp(&u.body, u.entry.Seq)
			continue
		}
		u.stated = r.old && (r.stated == 0 || u.entry.Seq < r.stated) && len(u.body.Proof) == 0
		if u.why = nil; !u.stated {
			u.why = a.holds(r, u)
		}
	}
}

// holds says why a word does not count: what was signed has to be what the entry
// says, said once, by somebody who may, and proved as landfall.yaml asks for.
func (a *App) holds(r *runWords, u *uttered) error {
	e, s := u.entry, &u.body
	g := given{By: e.Actor, Role: s.Data["role"], How: s.Proof[proofHow], At: saidAt(e, s.At), Proof: s.Proof, Word: nounOf(u.verb)}
	if s.Proof[proofStatement] == "" {
		return fault.Newf(fault.Denied, "%s has no proof", g.name())
	}
	what, err := parseSaid(s.Proof[proofStatement])
	if err != nil {
		return fault.Newf(fault.Denied, "%s does not hold: %v", g.name(), err)
	}
	run, _ := runOf(e.Subject)
	if why := r.fits.fits(e, s, &what, run); why != "" {
		return fault.Newf(fault.Denied, "%s does not hold: %s", g.name(), why)
	}
	for _, how := range []string{s.How, s.Data["how"]} {
		if how != "" && how != g.How {
			return fault.Newf(fault.Denied, "%s does not hold: the proof is a %s, and the entry says %s", g.name(), g.How, how)
		}
	}
	if u.verb == string(engine.Approve) {
		if run == "" {
			g.Role = s.Role
		}
		err = a.counts(g, said{Step: s.Step, Run: r.run, Runbook: r.runbook, Ledger: r.fits.ledger})
	} else if err = a.may(Identity{By: g.By, Role: a.roleToday(g.By)}, what.Verb); err == nil {
		err = a.provedAsAsked(g)
	}
	if err == nil {
		r.fits.said[what.Number] = e.Seq
	}
	return err
}

// saidAt is when something was said: when the run took it, as far as the ledger
// was written then or later. A token is good for minutes, and a ledger may have
// to wait for a disk.
func saidAt(e ledger.Entry, at string) time.Time {
	took, err := time.Parse(time.RFC3339Nano, at)
	if err != nil || took.After(e.When()) {
		return e.When()
	}
	return took
}

// nounOf is what a word is called.
func nounOf(verb string) string {
	if noun, ok := map[string]string{"approve": "approval", "confirm": "confirmation", "settle": "word on the effect", "extend": "word to go further", sayRun: "word to run"}[verb]; ok {
		return noun
	}
	return "word to " + verb // skip, retry, resume, rollback
}

// sayAgain is the command with which a person says a word again.
func sayAgain(u *uttered) string {
	s := &u.body
	switch u.verb {
	case "approve":
		return "landfall approve " + s.Step
	case "confirm":
		return "landfall confirm " + s.Step + " --reason TEXT"
	case "skip":
		return "landfall skip " + s.Step + accepting(s) + " --reason TEXT"
	case "retry":
		return "landfall retry " + s.Step + accepting(s) + " --reason TEXT"
	case "settle":
		there := "--there"
		if s.Data["effect"] == effectNotThere {
			there = "--not-there"
		}
		return "landfall settle " + s.Step + " " + there + " --reason TEXT"
	case "rollback":
		to := ""
		if s.Data["to"] != "" {
			to = " --to " + s.Data["to"]
		}
		return "landfall rollback" + to + accepting(s) + " --reason TEXT"
	case "extend":
		if _, until, ok := strings.Cut(s.Text, "until the end of the phase "); ok {
			return "landfall run --until " + until
		}
		return "landfall run --until " + string(runbook.Decommission)
	case sayRun:
		return "landfall run"
	}
	return "landfall " + u.verb
}

func accepting(s *spoken) string {
	if s.Data["accepted"] == "true" {
		return " --accept"
	}
	return ""
}

// line says in one line why a word does not count.
func (u *uttered) line() string {
	why := nounOf(u.verb) + " of " + u.entry.Actor + " says something else"
	if u.why != nil {
		why = u.why.Error()
	}
	return "entry " + strconv.FormatInt(u.entry.Seq, 10) + ": " + why
}

// among returns the first of some words of which none counts, nil when one does
// or where there are none.
func among(words []*uttered, fits func(*uttered) bool) *uttered {
	for _, u := range words {
		if u.why == nil && (fits == nil || fits(u)) {
			return nil
		}
	}
	if len(words) == 0 {
		return nil
	}
	return words[0]
}
