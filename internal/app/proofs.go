package app

import (
	"encoding/json"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/ledger"
	"example.com/landfall/internal/view"
)

// entryRunAsked is of a person who begins a run or has it go on.
const entryRunAsked = "run.asked"

// unprompted is the actor of what the engine does by itself.
const unprompted = "landfall"

// Claim is what an entry says about who said something.
type Claim struct {
	// By and How say who, and how that was proved.
	By, How string
	// Statement is what was said.
	Statement string
	// At is when the entry was written.
	At time.Time
	// Proof as it stands in the entry.
	Proof map[string]string
}

// What a proof is worth to somebody who was not there.
const (
	worthSigned   = "signed"
	worthReported = "reported"
	worthUnproved = "unproved"
)

// kindsOf are the entries in which a person's word stands, by its verb.
func kindsOf(verb string) []string {
	kinds := map[string][]string{
		"approve": {"approval.given", entryRunbookApproved}, "reject": {"approval.refused"}, "confirm": {"person.confirmed"},
		"skip": {"step.skipped", "step.kept"}, "retry": {"retry.asked"}, "settle": {"outcome.settled"}, "pause": {"run.paused"}, "resume": {"run.resumed"},
		"rollback": {"rollback.begun"}, "abort": {"run.aborting", entryRunAbandoned}, "drain": {"run.draining"}, "extend": {"run.extended"}, sayRun: {entryRunAsked},
	}[verb]
	if slices.Contains(repeatable(), verb) {
		return append(kinds, entryAgain)
	}
	return kinds
}

// repeatable are the verbs of which a word is said again where a run has taken
// one that is not proved. That somebody wants a run has an entry of its own.
func repeatable() []string {
	return []string{"approve", "confirm", "skip", "retry", "settle", "resume", "rollback", "extend"}
}

// words are the kinds of entries that a person causes by a word of their own: one
// without a proof is there by name only.
func words() []string {
	return []string{"approval.given", entryRunbookApproved, "approval.refused", "person.confirmed", "step.skipped", "retry.asked", "outcome.settled", "run.paused", "run.resumed",
		"rollback.begun", "run.aborting", entryRunAbandoned, "run.draining", "run.extended", entryRunAsked, entryAgain}
}

// byItself are those of them that a trigger, or an engine that moves a run, causes
// without a person.
func byItself() []string { return []string{"run.paused", "rollback.begun", "run.draining"} }

// spoken is an entry as far as it tells of a person's word.
type spoken struct {
	Step string `json:"step"`
	Text string `json:"text"`
	// Data is that of an entry of a run; the others stand in entries of this
	// package itself.
	Data        map[string]string `json:"data"`
	Proof       map[string]string `json:"proof"`
	Role        string            `json:"role"`
	How         string            `json:"how"`
	Runbook     string            `json:"runbook"`
	Run         string            `json:"run"`
	Until       string            `json:"until"`
	Reason      string            `json:"reason"`
	IsRehearsal bool              `json:"rehearsal"`
	IsResumed   bool              `json:"resumed"`
	At          string            `json:"at"`
}

// proofs checks the words of people in a ledger, entry by entry.
type proofs struct {
	ledger  string
	judge   func(Claim, []byte) (string, error)
	signers func(fingerprint string) (signersFile, bool, error)
	// runs are the runs that have begun so far, by name; said the entries in
	// which each number was used.
	runs map[string]spoken
	said map[string]int64
	out  view.LedgerProofs
}

func (a *App) newProofs(id string, named []string) (*proofs, error) {
	signers, err := a.signersAt(named)
	if err != nil {
		return nil, err
	}
	return &proofs{ledger: id, judge: a.Judge, signers: signers, runs: map[string]spoken{}, said: map[string]int64{},
		out: view.LedgerProofs{Wrong: []view.WrongProof{}, Signers: []view.SignersUsed{}}}, nil
}

// all checks every entry. It is offline: nothing but the ledger and signers
// files is looked at.
func (p *proofs) all(entries iter.Seq2[ledger.Entry, error]) (view.LedgerProofs, error) {
	for e, err := range entries {
		if err != nil {
			return p.out, err
		}
		if err := p.entry(e); err != nil {
			return p.out, err
		}
	}
	return p.out, nil
}

// entry checks one entry; what is wrong with it is no error.
func (p *proofs) entry(e ledger.Entry) error {
	var s spoken
	if err := json.Unmarshal(e.Body, &s); err != nil {
		// Entries of other kinds have other forms under the same names.
		if slices.Contains(words(), e.Kind) {
			p.wrong(e, "its body is not that of such an entry")
		}
		return nil
	}
	run, isRun := runOf(e.Subject)
	if e.Kind == entryRunBegun && !isRun {
		p.begun(e, &s)
		return nil
	}
	if e.Kind == entryRefused {
		p.useUp(&s, e.Seq)
		return nil
	}
	statement := s.Proof[proofStatement]
	switch {
	case isRun && p.runs[run].IsRehearsal:
		return nil // nobody has said anything
	case statement == "" && (!slices.Contains(words(), e.Kind) || e.Actor == unprompted && slices.Contains(byItself(), e.Kind)):
		return nil
	case statement == "" && e.Actor == unprompted:
		p.wrong(e, "it stands in the name of Landfall, which says no such thing by itself")
		return nil
	case statement == "":
		p.out.Stated++
		return nil
	}
	what, err := parseSaid(statement)
	if err != nil {
		p.wrong(e, err.Error())
		return nil
	}
	if why := p.fits(e, &s, &what, run); why != "" {
		p.wrong(e, why)
		return nil
	}
	wrong := len(p.out.Wrong)
	if err := p.worth(e, &s, statement); err != nil {
		return err
	}
	if len(p.out.Wrong) == wrong {
		p.said[what.Number] = e.Seq // what somebody wrote there in vain uses nothing up
	}
	return nil
}

// useUp notes that a number is used where nothing came of the word.
func (p *proofs) useUp(s *spoken, entry int64) {
	if number := s.Data["number"]; p.said[number] == 0 {
		p.said[number] = entry
	}
}

// begun notes a run. What it is was said when it first began: in a rehearsal
// nobody says anything, so that no run may become one later.
func (p *proofs) begun(e ledger.Entry, s *spoken) {
	first, again := p.runs[e.Subject]
	switch {
	case !again:
		p.runs[e.Subject] = *s
	case first.IsRehearsal != s.IsRehearsal, first.Runbook != s.Runbook:
		p.wrong(e, "the run has begun before, and not as a run of that kind and runbook")
	}
}

// runOf is the run of whose entries this is one.
func runOf(subject string) (string, bool) {
	rest, ok := strings.CutPrefix(subject, "run/")
	run, number, cut := strings.Cut(rest, "/")
	if _, err := strconv.ParseInt(number, 10, 64); !ok || !cut || err != nil {
		return "", false
	}
	return run, true
}

// fits compares what was signed with what the entry says, and returns what is
// not the same, "" for nothing.
func (p *proofs) fits(e ledger.Entry, s *spoken, what *said, run string) string {
	differ := func(name, signed, written string) string {
		if signed == written {
			return ""
		}
		return "what was said is of the " + name + " " + strconv.Quote(signed) + ", and the entry of " + strconv.Quote(written)
	}
	role, runbook, step, reason := s.Role, s.Runbook, s.Step, s.Reason
	if run != "" {
		role, runbook, reason = s.Data["role"], p.runs[run].Runbook, ""
		if what.Reason != "" && strings.HasSuffix(s.Text, what.Reason) {
			reason = what.Reason
		}
		if what.Verb == "drain" || what.Verb == "extend" {
			reason = what.Reason // such an entry has none
		}
		if what.Verb == "rollback" {
			step = s.Data["to"]
		}
	} else {
		run = s.Run
		if e.Kind == entryRunAbandoned {
			run = e.Subject
		}
	}
	if what.Role == "" || role == "" {
		role = what.Role
	}
	until := s.Until
	if what.Verb == "extend" && strings.HasSuffix(s.Text, what.Until) {
		until = what.Until
	}
	switch first, again := p.said[what.Number]; {
	case !slices.Contains(kindsOf(what.Verb), e.Kind):
		return "what was said is " + strconv.Quote(what.Verb) + ", which makes no such entry"
	case what.Ledger != p.ledger:
		return "it was said for another ledger (" + what.Ledger + ")"
	case what.Number == "":
		return "what was said has no number, so that it could be said of anything again"
	case again:
		return "the same was used in entry " + strconv.FormatInt(first, 10) + " already: nobody has said it twice"
	}
	about := runbook
	switch print, ok := s.Data["fingerprint"]; {
	case ok:
		about = print
	case e.Kind == entryRunbookApproved, e.Kind == entryRunAsked:
		about = e.Subject
	}
	for _, why := range []string{
		differ("runbook", what.Runbook, runbook), differ("runbook", what.Runbook, about), differ("last phase", what.Until, until), differ("run", what.Run, run), differ("step", what.Step, step), differ("role", what.Role, role), differ("reason", what.Reason, reason),
		differ("effect", what.Effect, s.Data["effect"]), p.accepted(s, what),
	} {
		if why != "" {
			return why
		}
	}
	return ""
}

// accepted compares whether a loss was accepted, where the entry says so.
func (p *proofs) accepted(s *spoken, what *said) string {
	written, ok := s.Data["accepted"]
	if !ok || written == strconv.FormatBool(what.Accepting == acceptsLoss) {
		return ""
	}
	return "what was said does not accept what the entry says is accepted"
}

func (p *proofs) wrong(e ledger.Entry, why string) {
	p.out.Wrong = append(p.out.Wrong, view.WrongProof{Seq: e.Seq, Kind: e.Kind, Actor: e.Actor, Why: why})
}

// worth has a proof checked.
func (p *proofs) worth(e ledger.Entry, s *spoken, statement string) error {
	c := Claim{By: e.Actor, How: s.Proof[proofHow], Statement: statement, At: e.When(), Proof: s.Proof}
	if c.How == localUser {
		p.out.Stated++
		return nil
	}
	for _, how := range []string{s.How, s.Data["how"]} {
		if how != "" && how != c.How {
			p.wrong(e, "the proof is a "+c.How+", and the entry says "+how)
			return nil
		}
	}
	var file signersFile
	if print := s.Proof[proofSigners]; print != "" {
		var found bool
		var err error
		if file, found, err = p.signers(print); fault.Is(err, fault.Found) {
			p.wrong(e, err.Error())
			return nil
		} else if err != nil {
			return err
		}
		if !found {
			p.missing(e, print)
			return nil
		}
		p.used(print, file)
	}
	if p.judge == nil {
		return fault.Newf(fault.Internal, "check the proof of entry %d: nothing here can", e.Seq)
	}
	worth, err := p.judge(c, file.content)
	switch {
	case fault.Is(err, fault.Found), fault.Is(err, fault.Invalid):
		p.wrong(e, err.Error())
	case err != nil:
		return err
	case worth == worthSigned:
		p.out.Proved++
	case worth == worthReported:
		p.out.Reported++
	default:
		p.out.Stated++
	}
	return nil
}

func (p *proofs) used(print string, f signersFile) {
	for i := range p.out.Signers {
		if p.out.Signers[i].SHA256 == print {
			p.out.Signers[i].Entries++
			return
		}
	}
	p.out.Signers = append(p.out.Signers, view.SignersUsed{SHA256: print, From: f.from, Kept: f.kept, Entries: 1})
}

// missing notes that a signature could not be checked: its signers file is not
// here.
func (p *proofs) missing(e ledger.Entry, print string) {
	p.out.Unchecked++
	if p.out.FirstUnchecked == 0 {
		p.out.FirstUnchecked, p.out.MissingSigners = e.Seq, print
	}
}
