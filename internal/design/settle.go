package design

import (
	"cmp"
	"slices"
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
		case d.Cost == nil && len(d.Targets) > 0:
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
