package design

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// settle marks what landfall.yaml accepts by name, and orders the findings.
func (d *Design) settle(o Options) {
	for i := range d.Findings {
		d.Findings[i].Accepted = o.Accept[d.Findings[i].ID]
	}
	slices.SortStableFunc(d.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Severity.rank(), b.Severity.rank()), cmp.Compare(a.ID, b.ID))
	})
}

// unused finds what landfall.yaml says and nothing answers to: a name that is
// misspelt would otherwise change nothing without a word.
func (c *Context) unused() {
	for _, o := range c.Options.Overrides {
		if !slices.ContainsFunc(c.ordered, o.matches) {
			c.Finding(Finding{ID: "override.unused:" + word(o.Source), Severity: Medium, Text: fmt.Sprintf("the override of %q in landfall.yaml matches no resource inside the boundary", o.Source), Do: "mend the name under design.overrides" + c.called(o.Source)})
		}
	}
	names := map[string]bool{}
	for _, f := range c.findings {
		names[f.ID] = true
	}
	if c.network != nil {
		for _, d := range c.network.Differences {
			names[d.Name] = true
		}
	}
	for _, name := range sortedKeys(c.Options.Accept) {
		if !names[name] {
			c.Finding(Finding{ID: "accept.unused:" + word(name), Severity: Low, Text: fmt.Sprintf("landfall.yaml accepts %q, and the design has no such finding", name), Do: "take it out of design.accept, or mend the name"})
		}
	}
}

// called adds the names that a word may have meant.
func (c *Context) called(source string) string {
	const most = 3
	var names []string
	for _, r := range c.ordered {
		names = append(names, r.Name)
	}
	if near := Nearest(source, names, most); len(near) > 0 {
		return "; near it: " + strings.Join(near, ", ")
	}
	return ""
}

// word makes a part of a finding's name of a text.
func word(text string) string { return strings.Join(strings.Fields(text), "-") }

// Blocking returns the findings that forbid a deployment.
func (d *Design) Blocking() []Finding {
	var out []Finding
	for _, f := range d.Findings {
		if f.Blocks && f.Accepted == "" {
			out = append(out, f)
		}
	}
	return out
}

func summary(decisions []Decision) CostSummary {
	s := CostSummary{Notes: []string{}}
	for _, d := range decisions {
		switch {
		case len(d.Targets) > 0 && (d.Cost == nil || d.Cost.Before == nil && d.Cost.After == nil):
			s.Unpriced++
		case d.Cost != nil:
			s.Before += value(d.Cost.Before)
			s.After += value(d.Cost.After)
			if d.Cost.Before != nil && d.Cost.After != nil {
				s.ComparedBefore += *d.Cost.Before
				s.ComparedAfter += *d.Cost.After
				s.Compared++
			}
		}
	}
	s.DoubleRun = s.Before + s.After
	return s
}

func value(p *float64) float64 {
	if p == nil {
		return 0
	}
	return *p
}
