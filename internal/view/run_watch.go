package view

import (
	"slices"
	"time"
)

// Watched is what a look at the plan against the world found: what would fail
// if the runbook were carried out as things are.
type Watched struct {
	At          time.Time `json:"at"`
	Workload    string    `json:"workload"`
	Fingerprint string    `json:"fingerprint"`
	Environment string    `json:"environment"`
	// Run is the run under way, "" for none.
	Run      string         `json:"run,omitempty"`
	Findings []WatchFinding `json:"findings"`
	// Looked names what was looked at, whatever was found.
	Looked   []string `json:"looked"`
	Evidence int64    `json:"evidence,omitempty"`
}

// WatchFinding is one thing that would fail, or of which nobody can tell.
type WatchFinding struct {
	// Area is one of Looked.
	Area string `json:"area"`
	// Mark is "fail", "unknown", or "warn" for what fails nothing.
	Mark Mark `json:"mark"`
	// Where names the resource, environment or file.
	Where string `json:"where"`
	What  string `json:"what"`
	Do    string `json:"do,omitempty"`
}

// Failing counts the findings that are no mere warning. What nobody can tell is
// among them.
func (w Watched) Failing() int {
	n := 0
	for _, f := range w.Findings {
		if f.Mark != Warn {
			n++
		}
	}
	return n
}

// Text writes it for people.
func (w Watched) Text(p *Paper) {
	p.Line("%s: the runbook %s (%s) against what is there at %s", w.Workload, w.Fingerprint, w.Environment, w.At.UTC().Format(time.RFC3339))
	for _, area := range w.Looked {
		clean := true
		for _, f := range w.Findings {
			if f.Area != area {
				continue
			}
			clean = false
			p.Line("  %s %s: %s: %s", p.Mark(f.Mark), area, f.Where, f.What)
			if f.Do != "" {
				p.Line("         do: %s", f.Do)
			}
		}
		if clean {
			p.Line("  %s %s", p.Mark(Good), area)
		}
	}
	p.Line("")
	if n := w.Failing(); n > 0 {
		p.Line("%s would fail or cannot be told", plural(int64(n), "thing", "things"))
		return
	}
	p.Line("nothing would fail, as far as can be seen")
}

// Changed says whether another look found something else.
func (w Watched) Changed(before Watched) bool { return !slices.Equal(w.Findings, before.Findings) }
