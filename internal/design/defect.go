package design

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// DefectPrefix begins the id of every finding that tells of a defect of a
// rule. The rest of the id is the rule's name, so that it can be accepted.
const DefectPrefix = "design.defect."

// defect is something that a rule did and must not do. One broken rule does not
// lose the design of the rest: its decision becomes manual, and a finding that
// blocks the deployment names it.
type defect struct {
	rule   string
	source cloud.ResourceID
	text   string
}

func (c *Context) defect(format string, args ...any) {
	d := c.running
	if d.rule == "" {
		d.rule = "design"
	}
	d.text = oneLine(fmt.Sprintf(format, args...))
	c.defects = append(c.defects, d)
}

// under runs a part of a rule or of a family and returns what it did wrong; a
// panic is a defect too.
func (c *Context) under(rule string, source cloud.ResourceID, run func()) (found []defect) {
	before, outer := len(c.defects), c.running
	c.running = defect{rule: rule, source: source}
	defer func() {
		if p := recover(); p != nil {
			c.defect("it panics: %v", p)
		}
		c.running, found = outer, slices.Clone(c.defects[before:])
	}()
	run()
	return nil
}

// distrusted is the decision on a resource whose rule has a defect. What the
// rule put stays, because others may name it.
func distrusted(d Decision, r *inventory.Resource, found defect) Decision {
	d.Action, d.Confidence, d.Cost = Manual, 0.1, nil
	d.Why = "rule " + found.rule + " has a defect and cannot be trusted with it: " + found.text
	d.ToDo = append([]string{"decide what becomes of " + cmp.Or(r.Name, string(r.ID)) + " and name it under design.overrides; what the rule put for it may be incomplete"}, d.ToDo...)
	d.Gaps = slices.DeleteFunc(slices.Clone(d.Gaps), func(g Gap) bool { return g.Title == "" })
	return d
}

// tellDefects makes one finding of each broken rule.
func (c *Context) tellDefects(out *Design) {
	slices.SortStableFunc(c.defects, func(a, b defect) int {
		return cmp.Or(cmp.Compare(a.rule, b.rule), cmp.Compare(a.source, b.source), cmp.Compare(a.text, b.text))
	})
	for i, d := range c.defects {
		if i > 0 && c.defects[i-1].rule == d.rule {
			about := &out.Findings[len(out.Findings)-1].About
			if d.source != "" && !slices.Contains(*about, d.source) {
				*about = append(*about, d.source)
			}
			continue
		}
		about := []cloud.ResourceID{}
		if d.source != "" {
			about = append(about, d.source)
		}
		out.Findings = append(out.Findings, Finding{
			ID: DefectPrefix + d.rule, Severity: Critical, Blocks: true, About: about,
			Text: "rule " + d.rule + " has a defect: " + d.text,
			Do:   "decide what it is about by hand under design.overrides, or accept the finding by name after reading what was put",
		})
	}
}

// oneLine keeps a sentence on its line.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
