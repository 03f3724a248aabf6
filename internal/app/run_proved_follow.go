package app

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/ledger"
)

// unprovedFile is what the workspace keeps beside a run: what its status says of
// words that are not proved, so that it need not read the ledger.
const unprovedFile = "unproved"

// ledgerWords follows the ledger of a workspace: each entry is read once by a
// worker, however many attempts ask.
type ledgerWords struct {
	app *App
	mu  sync.Mutex
	// id is that of the ledger, last the end up to which it was read.
	id   string
	last ledger.Head
	// asked are words of people who want a run that has not begun.
	asked []*uttered
	// used counts the entries in which the number of a yes to a step stands.
	used  map[string]map[string]int
	runs  map[string]*runWords
	plans map[string]*planned
	// kept is what unprovedFile holds of each run.
	kept map[string]string
}

func newLedgerWords(a *App) *ledgerWords {
	f := &ledgerWords{app: a, kept: map[string]string{}}
	f.forget()
	return f
}

func (f *ledgerWords) forget() {
	f.id, f.last, f.asked = "", ledger.Head{}, nil
	f.used, f.runs, f.plans = map[string]map[string]int{}, map[string]*runWords{}, map[string]*planned{}
}

// follow reads what came since. A ledger that is not there has no entries; one
// that is not the continuation of what was read is read from its beginning.
func (f *ledgerWords) follow(ctx context.Context) error {
	w, err := f.app.need()
	if err != nil {
		return err
	}
	err = ledger.Read(ctx, w.LedgerPath(), func(l *ledger.Ledger) error { return f.read(ctx, l) })
	if fault.Is(err, fault.NotFound) {
		f.forget()
		return nil
	}
	return err
}

func (f *ledgerWords) read(ctx context.Context, l *ledger.Ledger) error {
	head, err := l.Head(ctx)
	if err != nil {
		return err
	}
	if head == f.last {
		return nil
	}
	if head.Ledger != f.id || head.Seq < f.last.Seq {
		f.forget()
	}
	fresh := f.last.Seq == 0
	f.id = head.Ledger
	for e, err := range l.Entries(ctx, f.last.Seq+1, ledger.Filter{}) {
		if err == nil && (e.Seq != f.last.Seq+1 || f.last.Seq > 0 && e.Previous != f.last.Hash) {
			err = fault.Newf(fault.Found, "read the ledger: entry %d does not follow the one before", e.Seq).Hintf("landfall ledger verify")
		}
		if err != nil {
			f.forget()
			if fault.Is(err, fault.Found) && !fresh {
				return f.read(ctx, l) // it was put back from a copy
			}
			return err
		}
		f.apply(e)
		f.last = ledger.Head{Ledger: f.id, Seq: e.Seq, Hash: e.Hash}
	}
	return nil
}

// apply takes one entry. One of which the body is of another form says nothing.
func (f *ledgerWords) apply(e ledger.Entry) {
	name, isRun := runOf(e.Subject)
	begun := e.Kind == entryRunBegun && !isRun
	proofsBegun := e.Kind == entryProofsBegun && strings.HasPrefix(e.Subject, proofsStream)
	if !isRun && !begun && !proofsBegun && !slices.Contains([]string{entryRunAsked, entryAgain, entryRefused}, e.Kind) {
		return
	}
	var s spoken
	if json.Unmarshal(e.Body, &s) != nil {
		s = spoken{} // whoever rests on it has no proof of it
	}
	switch {
	case begun:
		f.run(e.Subject).begun(s, f.wanted(e.Subject, s.Runbook))
	case proofsBegun:
		if r := f.run(s.Run); r.stated == 0 {
			r.stated = e.Seq
		}
	case e.Kind == entryRunAsked:
		f.ask(e, s)
	case isRun:
		if e.Kind == "approval.given" {
			f.use(s.Step, s.Proof[proofStatement])
		}
		f.run(name).apply(e, s)
	case e.Kind == entryAgain:
		f.run(s.Run).again(e, s)
	case e.Kind == entryRefused:
		f.count(s.Step, s.Data["number"])
		f.run(s.Run).say(s.Data["verb"], e, s)
	}
}

func (f *ledgerWords) run(name string) *runWords {
	r := f.runs[name]
	if r == nil {
		r = &runWords{run: name, steps: map[string]*stepWords{}}
		f.runs[name] = r
	}
	return r
}

// use counts the number of a yes.
func (f *ledgerWords) use(step, statement string) {
	if what, err := parseSaid(statement); err == nil {
		f.count(step, what.Number)
	}
}

func (f *ledgerWords) count(step, number string) {
	if f.used[step] == nil {
		f.used[step] = map[string]int{}
	}
	f.used[step][number]++
}

// ask notes that somebody wants a run; of one that has begun it says again what
// was said when it began.
func (f *ledgerWords) ask(e ledger.Entry, s spoken) {
	u := &uttered{entry: e, body: s, verb: sayRun}
	f.asked = append(f.asked, u)
	r := f.runs[s.Run]
	if r == nil || r.runbook == "" {
		return
	}
	r.words, r.begins = append(r.words, u), append(slices.Clip(r.begins), u)
	if len(r.takenUp) > 0 {
		r.takenUp = append(slices.Clip(r.takenUp), u)
	}
}

// wanted takes the newest word that wants just this run, nil for none.
func (f *ledgerWords) wanted(run, runbook string) *uttered {
	for i, u := range slices.Backward(f.asked) {
		if u.entry.Subject == runbook && (u.body.Run == "" || u.body.Run == run) {
			f.asked = slices.Delete(f.asked, i, i+1)
			return u
		}
	}
	return nil
}

// signersToday names the signers by whose file words are judged.
func (a *App) signersToday() string {
	if a.Config == nil || a.Config.Approvals.SignersFile == "" {
		return "none"
	}
	content, err := readSigners(a.Config.Approvals.SignersFile)
	if err != nil {
		return err.Error()
	}
	return fingerprintOf(content)
}

// about returns a run with its words judged and its runbook, nil when the ledger
// has no such run.
func (f *ledgerWords) about(ctx context.Context, run string) (*runWords, *planned, error) {
	if err := f.follow(ctx); err != nil {
		return nil, nil, err
	}
	r := f.runs[run]
	if r == nil || r.runbook == "" {
		return nil, nil, nil
	}
	p, err := f.plan(r)
	if err != nil {
		return nil, nil, err
	}
	f.app.judge(r, f.id, f.app.signersToday())
	return r, p, nil
}

// plan reads the runbook of a run, once.
func (f *ledgerWords) plan(r *runWords) (*planned, error) {
	if p := f.plans[r.run]; p != nil {
		return p, nil
	}
	w, err := f.app.need()
	if err != nil {
		return nil, err
	}
	plan, err := planOf(w, r.run)
	if err != nil {
		return nil, err
	}
	if fingerprint, err := plan.Fingerprint(); err != nil || fingerprint != r.runbook {
		return nil, errors.Join(fault.Newf(fault.Conflict, "carry out a step of %s: the runbook that is kept for it is not the one that was approved", r.run).Hintf("bring it back from a copy of the workspace"), err)
	}
	f.plans[r.run] = planning(plan)
	return f.plans[r.run], nil
}

// stands refuses an attempt that rests on what is not proved. A ledger that does
// not have the attempt is not the one of its run: nothing is known of it here.
func (f *ledgerWords) stands(ctx context.Context, call *engine.StepCall) (known bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.looked(ctx, call)
}

func (f *ledgerWords) looked(ctx context.Context, call *engine.StepCall) (known bool, err error) {
	if err := f.follow(ctx); err != nil {
		return false, err
	}
	r := f.runs[call.Run]
	if r == nil || r.step(call.Step.ID).attempt != strconv.Itoa(call.Attempt) {
		return false, nil
	}
	r, p, err := f.about(ctx, call.Run)
	if err != nil || r == nil {
		return r != nil, err
	}
	if call.Plan != "" && call.Plan != r.runbook {
		return true, fault.Newf(fault.Denied, "carry out %q: it is of another runbook than the run", call.Step.ID)
	}
	return true, (&resting{r: r, p: p}).stands(call.Step.ID, call.Kind)
}

// usedBefore counts in how many entries the number of each yes to a step stands.
func (f *ledgerWords) usedBefore(ctx context.Context, step string) (used map[string]int, id string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.follow(ctx); err != nil {
		return nil, "", err
	}
	return f.used[step], f.id, nil
}

// begin writes into the ledger of a run of a release that kept no proofs that
// from here on they count. It is there before the next word can be.
func (f *ledgerWords) begin(ctx context.Context, run string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r := f.runs[run]; r != nil && r.runbook != "" && (!r.old || r.stated > 0) {
		return nil
	}
	if err := f.follow(ctx); err != nil {
		return err
	}
	r := f.runs[run]
	if r == nil || !r.old || r.rehearsal || r.stated > 0 {
		return nil
	}
	w, err := f.app.need()
	if err != nil {
		return err
	}
	l, err := ledger.Open(ctx, w.LedgerPath(), ledger.Options{Now: f.app.setup.Now, Log: f.app.setup.Log})
	if err != nil {
		return err
	}
	body := map[string]any{"run": run, "text": "the run was begun by a release that kept no proofs: what was said before is taken as it stands, what is said from here on is not"}
	_, err = l.AppendNumbered(ctx, proofsStream+run, 1, []ledger.Record{{Kind: entryProofsBegun, Actor: unprompted, Body: body}})
	return errors.Join(err, l.Close())
}

// keep keeps what the status says of a run's words.
func (f *ledgerWords) keep(r *runWords, p *planned) error {
	lines := r.lines(p)
	content, err := json.Marshal(lines)
	if err != nil {
		return fault.Of(fault.Internal, "keep what is not proved of", r.run, err)
	}
	before, ok := f.kept[r.run]
	w, err := f.app.need()
	if err != nil || before == string(content) {
		return err
	}
	if _, err := w.KeptFor(r.run, unprovedFile); fault.Is(err, fault.NotFound) && !ok && len(lines) == 0 {
		return nil
	}
	if err := w.KeepFor(r.run, unprovedFile, content); err != nil {
		return err
	}
	f.kept[r.run] = string(content)
	return nil
}

// lines say what of a run's words is not proved, and how many are taken without.
func (r *runWords) lines(p *planned) []string {
	out := []string{}
	const most = 20
	for i, u := range r.unproved(p) {
		if i == most {
			out = append(out, "and more: landfall ledger verify")
			break
		}
		line := withheld(u.line())
		if u.body.Step != "" {
			line = u.body.Step + ": " + line
		}
		out = append(out, "not proved, and nothing that rests on it begins: "+line+". Say it again: "+sayAgain(u))
	}
	stated := 0
	for _, u := range r.words {
		if u.stated {
			stated++
		}
	}
	if r.old {
		out = append(out, "the run was begun by a release that kept no proofs: "+several(stated, "word of people is", "words of people are")+" taken as it stands")
	}
	return out
}

// unprovedLines are what a worker keeps of a run's words for its status.
func (a *App) unprovedLines(run string) []string {
	w, err := a.need()
	if err != nil {
		return nil
	}
	var lines []string
	content, err := w.KeptFor(run, unprovedFile)
	if err == nil {
		err = json.Unmarshal(content, &lines)
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return []string{"what is proved of the run cannot be read: " + err.Error()}
	}
	return lines
}
