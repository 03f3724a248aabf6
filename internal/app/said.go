package app

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/store/ledger"
)

// Names in a proof that this package adds to those of the way in which a person
// is known: what was said, and how it was proved who said it. An entry that has
// them can be checked without any other.
const (
	proofStatement = "statement"
	proofHow       = "how"
	proofSigners   = "signers"
)

// sayRun is the verb of who begins a run or has it go on.
const sayRun = "run"

// maxReasonRunes bounds a reason: an entry of the ledger keeps all of it, so
// that what was signed can be held against what is written there.
const maxReasonRunes = 800

// said is what a person says: all that decides what it does, so that one
// signature stands for one thing, and a number that is used once, so that it
// stands for that once.
type said struct {
	Verb              string
	Step, Role, Until string
	Effect, Accepting string
	Reason            string
	Run, Runbook      string
	Ledger, Number    string
}

// Words of a statement about an effect and about a loss.
const (
	effectThere    = "there"
	effectNotThere = "not there"
	acceptsLoss    = "loss"
)

func effectOf(there bool) string {
	if there {
		return effectThere
	}
	return effectNotThere
}

// clause is a word of a statement with what stands behind it.
type clause struct {
	word  string
	value *string
}

// clauses are the words of a statement in their order.
func (s *said) clauses() []clause {
	return []clause{
		{"step", &s.Step}, {"as", &s.Role}, {"until", &s.Until}, {"effect", &s.Effect}, {"accepting", &s.Accepting}, {"because", &s.Reason},
		{"run", &s.Run}, {"runbook", &s.Runbook}, {"ledger", &s.Ledger}, {"number", &s.Number},
	}
}

// text is the statement that is signed, one line: "approve step X runbook F ...".
func (s said) text() string {
	words := []string{s.Verb}
	for _, c := range s.clauses() {
		if *c.value != "" {
			words = append(words, c.word, quotedWord(*c.value))
		}
	}
	return strings.Join(words, " ")
}

// quotedWord puts what is not one plain word into quotes, so that no reason can
// be read as another clause.
func quotedWord(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' || r == '`' }) {
		return strconv.Quote(text)
	}
	return text
}

// parseSaid reads a statement. Only what text writes is one: of two forms of the
// same words one could be signed and the other shown.
func parseSaid(text string) (said, error) {
	var out said
	wrong := fault.Newf(fault.Invalid, "it is no statement of Landfall")
	var rest string
	out.Verb, rest, _ = strings.Cut(text, " ")
	for _, c := range out.clauses() {
		after, ok := strings.CutPrefix(rest, c.word+" ")
		if !ok {
			continue
		}
		var err error
		if *c.value, rest, err = nextWord(after); err != nil {
			return said{}, wrong
		}
	}
	if out.Verb == "" || rest != "" || out.text() != text {
		return said{}, wrong
	}
	return out, nil
}

func nextWord(text string) (word, rest string, err error) {
	if !strings.HasPrefix(text, `"`) {
		word, rest, _ = strings.Cut(text, " ")
		return word, rest, nil
	}
	quoted, err := strconv.QuotedPrefix(text)
	if err != nil {
		return "", "", err
	}
	if word, err = strconv.Unquote(quoted); err != nil {
		return "", "", err
	}
	return word, strings.TrimPrefix(text[len(quoted):], " "), nil
}

// saidOf is what a person says with an event to a run.
func saidOf(e engine.Event, x store.Execution) said {
	s := said{Verb: string(e.Kind), Step: e.Step, Role: e.Role, Until: string(e.Until), Reason: e.Reason, Run: x.Run, Runbook: x.Fingerprint}
	if e.Effect != nil {
		s.Effect = effectOf(*e.Effect)
	}
	if e.Accept {
		s.Accepting = acceptsLoss
	}
	return s
}

// speak finds out who says something, with proof, and whether that person may.
// What no entry of a run will carry, that a run is wanted, it records itself.
func (a *App) speak(ctx context.Context, s said) (Identity, error) {
	if len([]rune(s.Reason)) > maxReasonRunes {
		return Identity{}, fault.Newf(fault.Invalid, "%s: the reason is longer than %d characters", s.Verb, maxReasonRunes).Hintf("say it shorter, and where the rest of it stands")
	}
	var err error
	if s.Ledger, err = a.ledgerID(ctx); err != nil {
		return Identity{}, err
	}
	s.Number = rand.Text()
	me := Identity{By: a.setup.User, How: localUser}
	if a.Identify != nil {
		if me, err = a.Identify(ctx, s.text()); err != nil {
			return Identity{}, err
		}
	}
	if err := a.may(me, s.Verb); err != nil {
		return Identity{}, err
	}
	proof := map[string]string{}
	maps.Copy(proof, me.Proof)
	proof[proofStatement], proof[proofHow] = s.text(), me.How
	me.Proof = proof
	if err := a.keepSigners(proof[proofSigners]); err != nil {
		return Identity{}, err
	}
	if s.Verb == sayRun {
		_, err = a.recordAs(ctx, me.By, entryRunAsked, s.Runbook, map[string]any{"run": s.Run, "runbook": s.Runbook, "until": s.Until, "role": me.Role, "how": me.How, "proof": me.Proof})
	}
	return me, err
}

// ledgerID is the id of the workspace's ledger, to which a statement belongs.
func (a *App) ledgerID(ctx context.Context) (string, error) {
	w, err := a.folder()
	if err != nil {
		return "", err
	}
	var head ledger.Head
	err = ledger.Read(ctx, w.LedgerPath(), func(l *ledger.Ledger) error {
		head, err = l.Head(ctx)
		return err
	})
	if !fault.Is(err, fault.NotFound) {
		return head.Ledger, err
	}
	if _, err := w.Private(); err != nil {
		return "", err
	}
	l, err := ledger.Open(ctx, w.LedgerPath(), ledger.Options{Now: a.setup.Now, Log: a.setup.Log})
	if err != nil {
		return "", err
	}
	head, err = l.Head(ctx)
	return head.Ledger, errors.Join(err, l.Close())
}

// roleOf is the role in which a person speaks. Where landfall.yaml gives people
// their roles nobody takes another.
func (a *App) roleOf(me Identity, wanted string) (string, error) {
	if wanted == "" || wanted == me.Role {
		return me.Role, nil
	}
	if a.rolesGiven() {
		return "", fault.Newf(fault.Denied, "speak as %q: landfall.yaml gives %s the role %q", wanted, me.By, me.Role).Hintf("approvals.roles in landfall.yaml")
	}
	return wanted, nil
}

// anyone is the word of landfall.yaml for everybody who is known.
const anyone = "*"

// may says whether a person may say a verb. Where landfall.yaml gives people
// roles, only those who have one say anything; approvals.may narrows a verb to
// some roles, or opens it to everybody.
func (a *App) may(me Identity, verb string) error {
	if a.Config == nil {
		return nil
	}
	c := a.Config.Approvals
	allowed := c.May[verb]
	switch {
	case allowed == anyone, allowed == "" && len(c.Roles) == 0:
		return nil
	case me.Role == "":
		return fault.Newf(fault.Denied, "%s: landfall.yaml gives %s no role", verb, me.By).Hintf("approvals.roles and approvals.may in landfall.yaml")
	case allowed == "":
		return nil
	}
	roles := strings.FieldsFunc(allowed, func(r rune) bool { return r == ',' || r == ' ' })
	if slices.Contains(roles, me.Role) {
		return nil
	}
	return fault.Newf(fault.Denied, "%s: it takes one of the roles %s, and landfall.yaml gives %s the role %q", verb, strings.Join(roles, ", "), me.By, me.Role).
		Hintf("approvals.may in landfall.yaml")
}
