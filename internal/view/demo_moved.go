package view

import (
	"fmt"
	"time"
)

// DemoMoved is a bucket that was carried over, and compared afterwards.
type DemoMoved struct {
	// Part is the pattern of the keys that were carried over, "" for all.
	Part     string `json:"part,omitempty"`
	Copied   Moved  `json:"copied"`
	Verified Moved  `json:"verified"`
}

// Proved reports whether each object is at the target, proved by a hash or by
// reading, or has a name that Azure cannot hold, which the manifest tells.
func (m DemoMoved) Proved() bool {
	var same, proved int64
	for _, c := range m.Verified.Results {
		switch {
		case c.Name == "same":
			same = c.Objects
		case c.Name != "refused":
			return false
		}
	}
	for _, c := range m.Verified.Proofs {
		if c.Name == "bound" || c.Name == "read" {
			proved += c.Objects
		}
	}
	return same > 0 && proved == same
}

// moved sums up what was carried over and what proves it; nothing when the demo
// did not come to it.
func (r Demo) moved(p *Paper) {
	if len(r.Moved) == 0 {
		return
	}
	p.Title("What was carried over to the sandbox's Azure")
	for _, m := range r.Moved {
		mark, part := Good, ""
		if !m.Proved() {
			mark = Bad
		}
		if m.Part != "" {
			part = ", of it " + m.Part
		}
		p.Line("  %s %s%s -> %s", p.Mark(mark), m.Copied.Source, part, m.Copied.Target)
		for _, c := range m.Copied.Proofs {
			p.Line("          copied in %s; %s: %s, %s", lasted(m.Copied), c.Name, c.amount(), proofWords(c.Name))
		}
		for _, c := range m.Verified.Results {
			switch {
			case c.Name == "refused":
				p.Line("          not moved: %s with a name that Azure cannot hold, by the rule that the manifest names", c.amount())
			case !c.Good:
				p.Line("          %s: %s", c.Name, c.amount())
			}
		}
		for _, c := range m.Verified.Proofs {
			p.Line("          compared in %s; %s: %s, %s", lasted(m.Verified), c.Name, c.amount(), proofWords(c.Name))
		}
		p.Line("          manifest %s%s", m.Verified.Digest, m.Verified.entry())
	}
}

func lasted(m Moved) string {
	return round(time.Duration(m.Seconds * float64(time.Second))).String()
}

// entry names the last ledger entry about it.
func (r Moved) entry() string {
	if len(r.Evidence) == 0 {
		return ""
	}
	return fmt.Sprintf(", ledger entry %d", r.Evidence[len(r.Evidence)-1])
}
