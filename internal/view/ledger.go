package view

import (
	"encoding/json"
	"fmt"
)

// LedgerVerdict is the result of "landfall ledger verify".
type LedgerVerdict struct {
	File    string `json:"file"`
	Entries int64  `json:"entries"`
	Head    string `json:"head"`
	Intact  bool   `json:"intact"`
	// Checked are the heads from elsewhere that the ledger was held against.
	Checked []string `json:"checked"`
	// FirstBad is the number of the first entry that is wrong, 0 for the file
	// as a whole; Problem says what is wrong with it, "" when nothing is.
	FirstBad int64  `json:"firstBad,omitempty"`
	Problem  string `json:"problem,omitempty"`
	// Proofs is what the words of people in it are worth, nil when it was not
	// looked at.
	Proofs *LedgerProofs `json:"proofs,omitempty"`
}

// LedgerProofs is what approvals and other words of people are worth to somebody
// who was not there.
type LedgerProofs struct {
	// Proved have a signature that was checked; Reported tell of a token, which
	// cannot be checked again; Stated are there by name only.
	Proved   int `json:"proved"`
	Reported int `json:"reported"`
	Stated   int `json:"stated"`
	// Unchecked have a signature of which the signers file is not here: the first
	// of them, and that file.
	Unchecked      int    `json:"unchecked,omitempty"`
	FirstUnchecked int64  `json:"firstUnchecked,omitempty"`
	MissingSigners string `json:"missingSigners,omitempty"`
	// Wrong do not prove what their entry says.
	Wrong []WrongProof `json:"wrong"`
	// Signers are the files of signers that were used.
	Signers []SignersUsed `json:"signers"`
}

// WrongProof is an entry of which the proof does not hold.
type WrongProof struct {
	Seq   int64  `json:"seq"`
	Kind  string `json:"kind"`
	Actor string `json:"actor"`
	Why   string `json:"why"`
}

// SignersUsed is a file of signers, with the number of entries that were checked
// with it.
type SignersUsed struct {
	SHA256 string `json:"sha256"`
	From   string `json:"from"`
	// Kept says that it is a copy that the workspace keeps.
	Kept    bool `json:"kept,omitempty"`
	Entries int  `json:"entries"`
}

// Text writes it for people.
func (l LedgerProofs) Text(p *Paper) {
	if l.Proved+l.Reported+l.Stated+l.Unchecked+len(l.Wrong) == 0 {
		return
	}
	mark := Good
	switch {
	case len(l.Wrong) > 0:
		mark = Bad
	case l.Reported+l.Stated+l.Unchecked > 0:
		mark = Warn
	}
	p.Line("%s words of people: %d proved by a signature, %d reported of a token, %d stated only, %d wrong", p.Mark(mark), l.Proved, l.Reported, l.Stated, len(l.Wrong))
	for _, w := range l.Wrong {
		p.Line("        entry %d (%s of %s): %s", w.Seq, w.Kind, w.Actor, w.Why)
	}
	for _, s := range l.Signers {
		note := ""
		if s.Kept {
			note = ", a copy of this workspace: compare it with version control"
		}
		p.Line("        %s with the signers %s (%s%s)", plural(int64(s.Entries), "signature", "signatures"), s.From, s.SHA256, note)
	}
	if l.Unchecked > 0 {
		p.Line("        %s not checked, the first in entry %d: the signers %s are not here", plural(int64(l.Unchecked), "signature", "signatures"), l.FirstUnchecked, l.MissingSigners)
		p.Line("        next: landfall ledger verify --signers FILE")
	}
}

// Text writes the result for a person.
func (r LedgerVerdict) Text(p *Paper) {
	switch {
	case r.Intact:
		p.Line("%s %s: %s, unbroken chain", p.Mark(Good), r.File, plural(r.Entries, "entry", "entries"))
		p.Line("        head %s", r.Head)
		p.Line("        keep the head elsewhere (a ticket, an e-mail): a copy out of reach is what proves that nothing was cut off")
		if r.Proofs != nil {
			r.Proofs.Text(p)
		}
	case r.Problem != "":
		p.Line("%s %s: entry %d: %s", p.Mark(Bad), r.File, r.FirstBad, r.Problem)
	}
}

// LedgerEntry is one entry of the ledger.
type LedgerEntry struct {
	Seq     int64           `json:"seq"`
	Time    string          `json:"time"`
	Kind    string          `json:"kind"`
	Actor   string          `json:"actor"`
	Subject string          `json:"subject"`
	Body    json.RawMessage `json:"body"`
	Hash    string          `json:"hash"`
}

// LedgerEntries is the result of "landfall ledger list".
type LedgerEntries struct {
	File    string        `json:"file"`
	Entries []LedgerEntry `json:"entries"`
}

// Text writes the result for a person.
func (r LedgerEntries) Text(p *Paper) {
	rows := [][]string{{"SEQ", "TIME", "KIND", "ACTOR", "SUBJECT", "BODY"}}
	for _, e := range r.Entries {
		rows = append(rows, []string{fmt.Sprint(e.Seq), e.Time, e.Kind, e.Actor, e.Subject, string(e.Body)})
	}
	p.Table(rows)
}

// LedgerExported is the result of "landfall ledger export".
type LedgerExported struct {
	File    string `json:"file"`
	Entries int64  `json:"entries"`
	Head    string `json:"head"`
}

// Text writes the result for a person.
func (r LedgerExported) Text(p *Paper) {
	p.Line("wrote %s to %s, head %s", plural(r.Entries, "entry", "entries"), r.File, r.Head)
	p.Line("")
	p.Line("next, on any machine: landfall ledger verify --export %s --head %s", r.File, r.Head)
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
