package view

import (
	"fmt"

	"example.com/landfall/internal/engine"
)

// Rehearsed is what a rehearsal in the sandbox came to. It is no run.
type Rehearsed struct {
	Run         string `json:"run"`
	Fingerprint string `json:"fingerprint"`
	// Factor by which waits were shorter than in the runbook.
	Factor int64  `json:"factor"`
	Result string `json:"result"`
	Steps  int    `json:"steps"`
	// People counts the steps that people carry out: they were confirmed unread.
	People   int        `json:"people"`
	Measured []Measured `json:"measured"`
	Failed   []NotDone  `json:"failed"`
	// NoData are the gates that had no data, and were let open.
	NoData  []string `json:"noData"`
	Seconds int64    `json:"seconds"`
	// File has the durations that the next plan reads.
	File     string `json:"file"`
	Evidence int64  `json:"evidence,omitempty"`
}

// Measured is how long a step took, and what the runbook expects.
type Measured struct {
	ID       string `json:"id"`
	Seconds  int64  `json:"seconds"`
	Expected int64  `json:"expected"`
}

// NotDone is a step that was passed over.
type NotDone struct {
	ID  string `json:"id"`
	Why string `json:"why"`
}

// Text writes it for people.
func (r Rehearsed) Text(p *Paper) {
	p.Line("rehearsal %s of the runbook %s: %s", r.Run, r.Fingerprint, r.Result)
	p.Line("  %s in %s, waits shortened by %d; this is no run, and opens nothing", plural(int64(r.Steps), "step", "steps"), Lasts(r.Seconds), r.Factor)
	p.Line("  %s by people and confirmed unread", plural(int64(r.People), "step is carried out", "steps are carried out"))
	if len(r.Measured) > 0 {
		p.Title("measured (%s)", r.File)
		rows := make([][]string, 0, len(r.Measured))
		for _, m := range r.Measured {
			rows = append(rows, []string{m.ID, Lasts(m.Seconds), "expected " + Lasts(m.Expected)})
		}
		p.Table(rows)
	}
	if len(r.Failed) > 0 {
		p.Title("did not come through, and were passed over")
		for _, f := range r.Failed {
			p.Line("  %s: %s", f.ID, f.Why)
		}
	}
	if len(r.NoData) > 0 {
		p.Title("gates without data, which a run keeps shut")
		for _, g := range r.NoData {
			p.Line("  %s", g)
		}
	}
	p.Line("")
	p.Line("next: landfall plan   (the measured times go into the runbook, which is then approved anew)")
}

// Progressed says in a line how far a run is.
func Progressed(s engine.Summary) string {
	return fmt.Sprintf("%d of %d steps done (%d%%)", count(s, engine.Done), s.Total, s.Percent)
}
