package view

import (
	"encoding/json"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/target"
)

// Preview is what a deployment would do, and what was looked at before.
type Preview struct {
	Checks      []target.Check  `json:"checks"`
	Changes     []target.Change `json:"changes"`
	Fingerprint string          `json:"fingerprint"`
	// Others stand in the resource group and not in the design.
	Others []cloud.ResourceID `json:"others,omitempty"`
}

// Failing returns the checks that failed.
func (p Preview) Failing() []target.Check {
	var out []target.Check
	for _, c := range p.Checks {
		if c.Status == target.Fails {
			out = append(out, c)
		}
	}
	return out
}

// Touched counts the resources that would change.
func (p Preview) Touched() int {
	n := 0
	for _, c := range p.Changes {
		if c.Action == target.Create || c.Action == target.Modify || c.Action == target.Delete {
			n++
		}
	}
	return n
}

// Uncertain returns the resources of which the target cannot tell.
func (p Preview) Uncertain() []cloud.ResourceID {
	out := []cloud.ResourceID{}
	for _, c := range p.Changes {
		if c.Action == target.Unsupported {
			out = append(out, c.ID)
		}
	}
	return out
}

// Deployed is the result of "landfall deploy".
type Deployed struct {
	Environment  string           `json:"environment"`
	Stage        string           `json:"stage"`
	Group        string           `json:"resourceGroup"`
	Subscription cloud.Account    `json:"subscription"`
	Location     cloud.Region     `json:"location"`
	Design       string           `json:"design"`
	Resources    int              `json:"resources"`
	Preview      Preview          `json:"preview"`
	Deployments  []target.Outcome `json:"deployments,omitempty"`
	// After is the preview after the deployment: nothing, when all is as designed.
	After    *Preview `json:"after,omitempty"`
	Verified bool     `json:"verified"`
	// Unproved are resources of which neither the target's preview nor reading
	// back tells that they are as designed. With one the environment is not
	// verified.
	Unproved []target.Change `json:"unproved,omitempty"`
	// Evidence are the ledger entries.
	Evidence []int64 `json:"evidence,omitempty"`
	// UnderWay is a deployment of an earlier approval that is running.
	UnderWay string `json:"underWay,omitempty"`
	// Shut says that production does not open by itself.
	Shut bool `json:"shut,omitempty"`
	// Next is the command that carries the preview out.
	Next string `json:"next,omitempty"`
}

// Text writes the result for a person.
func (r Deployed) Text(p *Paper) {
	p.Line("%s (%s): resource group %s in %s, %s", r.Environment, r.Stage, r.Group, r.Location, plural(int64(r.Resources), "resource", "resources"))
	r.checks(p)
	if len(r.Preview.Failing()) > 0 {
		return
	}
	r.changes(p)
	for _, d := range r.Deployments {
		how := ""
		if d.Resumed {
			how = ", joined while it ran"
		}
		p.Line("  %s %s: %s in %.0f s%s", p.Mark(Good), d.Name, d.State, d.Seconds, how)
	}
	switch {
	case r.Verified && len(r.Deployments) == 0:
		p.Line("  %s everything is as designed: nothing to do (ledger entry %d)", p.Mark(Good), r.Evidence[len(r.Evidence)-1])
	case r.Verified:
		p.Line("  %s read back, and a second run would change nothing (ledger entry %d)", p.Mark(Good), r.Evidence[len(r.Evidence)-1])
	case r.After != nil:
		p.Title("not as designed after the deployment: %d", r.After.Touched())
		listChanges(p, r.After.Changes)
	}
	if n := len(r.Preview.Uncertain()); n > 0 {
		p.Line("  %s of %s the target cannot tell what would change", p.Mark(Unknown), plural(int64(n), "resource", "resources"))
	}
	r.unproved(p)
	if n := len(r.Preview.Others); n > 0 {
		p.Line("  %s in the group and not in the design: %s, first %s", p.Mark(Warn), plural(int64(n), "resource", "resources"), tail(r.Preview.Others[0]))
	}
	if r.Next != "" {
		p.Line("")
		if r.Shut {
			p.Line("  %s production is shut: no other environment was deployed from this design and verified; a reason opens it", p.Mark(Warn))
		}
		if r.UnderWay != "" {
			p.Line("  %s %s is under way since an earlier approval; the same command joins it:", p.Mark(Info), r.UnderWay)
			p.Line("  %s", r.Next)
			return
		}
		p.Line("nothing was changed; to carry this out:")
		p.Line("  %s", r.Next)
	}
}

// unproved names what keeps the environment from counting as verified.
func (r Deployed) unproved(p *Paper) {
	if len(r.Unproved) == 0 {
		return
	}
	p.Title("not verified: of %s nobody can tell whether it is as designed", plural(int64(len(r.Unproved)), "resource", "resources"))
	for _, c := range r.Unproved[:min(len(r.Unproved), shownLines)] {
		p.Line("  %s %s: %s", p.Mark(Unknown), tail(c.ID), c.Why)
	}
	if more := len(r.Unproved) - shownLines; more > 0 {
		p.Line("  and %d more (--json has all)", more)
	}
}

func (r Deployed) checks(p *Paper) {
	count := map[string]int{}
	for _, c := range r.Preview.Checks {
		count[c.Status]++
	}
	p.Title("checks: %d ok, %d failed, %d unknown", count[target.OK], count[target.Fails], count[target.Unknown])
	shown := 0
	for _, c := range r.Preview.Checks {
		if c.Status == target.OK || shown >= 2*shownLines {
			continue
		}
		shown++
		mark := Bad
		if c.Status == target.Unknown {
			mark = Unknown
		}
		p.Line("  %s %s: %s", p.Mark(mark), c.Name, c.Detail)
		if c.Do != "" {
			p.Line("          %s", c.Do)
		}
	}
}

func (r Deployed) changes(p *Paper) {
	count := map[string]int{}
	for _, c := range r.Preview.Changes {
		count[c.Action]++
	}
	p.Title("changes: %d to create, %d to modify, %d to delete, %d as they are", count[target.Create], count[target.Modify], count[target.Delete], count[target.None])
	listChanges(p, r.Preview.Changes)
	p.Line("  fingerprint %s", r.Preview.Fingerprint)
}

// listChanges shows modifications whole and creations by type.
func listChanges(p *Paper, changes []target.Change) {
	const most = 40
	shown := 0
	for _, c := range changes {
		if c.Action != target.Modify && c.Action != target.Delete && c.Action != target.Create {
			continue
		}
		if shown++; shown > most {
			continue
		}
		p.Line("  %-7s %s", c.Action, tail(c.ID))
		for _, f := range c.Properties {
			p.Line("            %s %s: %s -> %s", f.Action, f.Path, compact(f.Before), compact(f.After))
		}
	}
	if shown > most {
		p.Line("  and %d more (--json has all)", shown-most)
	}
}

// compact is a value in its JSON form, cut.
func compact(v any) string {
	if v == nil {
		return "nothing"
	}
	encoded, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	return narrow(string(encoded), flowWidth)
}

// tail is an id without subscription and resource group.
func tail(id cloud.ResourceID) string {
	if _, rest, ok := strings.Cut(string(id), "/providers/"); ok {
		return rest
	}
	return string(id)
}
