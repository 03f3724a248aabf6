package view

import (
	"time"

	"example.com/landfall/internal/graph"
)

// Database is the result of a verb of moving or comparing a database.
type Database struct {
	// Verb is "check", "copy", "status", "follow", "cutover", "rollback", "signoff",
	// "abandon", "verify" or "repair".
	Verb   string `json:"verb"`
	Source string `json:"source"`
	Target string `json:"target"`
	// Run names the move and all that it makes on the servers; Stage is how far it is.
	Run   string `json:"run,omitempty"`
	Stage string `json:"stage,omitempty"`
	// Facts are what was found or done, a line each.
	Facts []DatabaseFact `json:"facts,omitempty"`
	// Findings stand in the way, or should be known; Effects are what the move writes.
	Findings []DatabaseFinding `json:"findings,omitempty"`
	Effects  []string          `json:"effects,omitempty"`
	// Lag is how far the other side is behind, nil where nothing follows.
	Lag *DatabaseLag `json:"lag,omitempty"`
	// Report is the whole report of the verb; its form is that of the verb.
	Report any `json:"report,omitempty"`
	// Evidence are the ledger entries.
	Evidence []int64  `json:"evidence,omitempty"`
	Notes    []string `json:"notes,omitempty"`
	Next     string   `json:"next,omitempty"`
}

// DatabaseFact is one line.
type DatabaseFact struct {
	Mark Mark   `json:"mark"`
	Text string `json:"text"`
}

// DatabaseFinding is one thing about one object.
type DatabaseFinding struct {
	ID       string `json:"id"`
	Severity string `json:"severity"`
	Side     string `json:"side"`
	Subject  string `json:"subject,omitempty"`
	What     string `json:"what"`
	Why      string `json:"why"`
	// Fix are statements, parameters or what a person does, a line each.
	Fix []string `json:"fix,omitempty"`
}

// DatabaseLag is how far a side is behind.
type DatabaseLag struct {
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
	// Known says that both are measured.
	Known bool `json:"known"`
	// Kept is the log that the publisher has to keep for it, in bytes.
	Kept    int64  `json:"kept"`
	Trouble string `json:"trouble,omitempty"`
}

// Text writes the result for a person.
func (d Database) Text(p *Paper) {
	head := d.Verb + " " + d.Source + " -> " + d.Target
	if d.Run != "" {
		head += ", run " + d.Run
	}
	if d.Stage != "" {
		head += ", " + d.Stage
	}
	p.Line("%s", head)
	for _, n := range d.Notes {
		p.Line("  %s %s", p.Mark(Info), n)
	}
	for _, f := range d.Facts {
		p.Line("  %s %s", p.Mark(f.Mark), f.Text)
	}
	d.findings(p)
	if len(d.Effects) > 0 {
		p.Title("What the move does to the servers")
		for _, e := range d.Effects {
			p.Line("  %s", e)
		}
	}
	d.lag(p)
	if d.Next != "" {
		p.Line("")
		p.Line("next: %s", d.Next)
	}
}

func (d Database) findings(p *Paper) {
	marks := map[string]Mark{"blocks": Bad, "loses": Warn, "warns": Warn, "notes": Info}
	for _, f := range d.Findings {
		subject := ""
		if f.Subject != "" {
			subject = " " + f.Subject
		}
		p.Line("  %s %s %s (%s)%s: %s", p.Mark(marks[f.Severity]), f.Severity, f.ID, f.Side, subject, f.What)
		if f.Severity == "notes" {
			continue
		}
		p.Line("          %s", f.Why)
		for _, line := range f.Fix {
			p.Line("          fix: %s", line)
		}
	}
}

func (d Database) lag(p *Paper) {
	l := d.Lag
	switch {
	case l == nil:
		return
	case l.Trouble != "":
		p.Line("  %s %s", p.Mark(Bad), l.Trouble)
	case !l.Known:
		p.Line("  %s how far it is behind is not known yet", p.Mark(Unknown))
	default:
		mark := Good
		if l.Seconds >= lagWarns {
			mark = Warn
		}
		p.Line("  %s %s behind, %s; the log that is kept for it: %s", p.Mark(mark), graph.Volume(l.Bytes), round(time.Duration(l.Seconds*float64(time.Second))), graph.Volume(l.Kept))
	}
}

// lagWarns is from how many seconds on a lag is worth a warning: the gate before a
// cutover wants less (Cloud Adoption Framework, "Execute migration").
const lagWarns = 5
