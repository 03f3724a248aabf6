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
}

// Text writes the result for a person.
func (r LedgerVerdict) Text(p *Paper) {
	switch {
	case r.Intact:
		p.Line("%s %s: %s, unbroken chain", p.Mark(Good), r.File, plural(r.Entries, "entry", "entries"))
		p.Line("        head %s", r.Head)
		p.Line("        keep the head elsewhere (a ticket, an e-mail): a copy out of reach is what proves that nothing was cut off")
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
