package view

import (
	"fmt"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/graph"
)

// Explained is the result of "landfall explain": the story of each resource of
// the name.
type Explained struct {
	// Environment is the one whose names are shown, "" for the design's own place.
	Environment string  `json:"environment,omitempty"`
	Resources   []Story `json:"resources,omitempty"`
	// Whole are targets of the name that stand for no single resource.
	Whole []Whole `json:"whole,omitempty"`
	// Candidates are the decisions on what is called so, where it is too many for
	// their stories.
	Candidates []design.Decision `json:"candidates,omitempty"`
}

// Whole is a target resource that the workload has one of.
type Whole struct {
	Target Labelled `json:"target"`
	// Users are the targets that need it.
	Users []Labelled `json:"users"`
}

// Labelled is a target resource with what people call it.
type Labelled struct {
	ID    cloud.ResourceID `json:"id"`
	Type  cloud.Kind       `json:"type"`
	Label string           `json:"label"`
}

// LabelledOf names a resource by a design's labels.
func LabelledOf(r design.Resource, label func(design.Resource) string) Labelled {
	return Labelled{r.ID, r.Type, label(r)}
}

// Text tells the stories.
func (r Explained) Text(p *Paper) {
	if len(r.Candidates) > 0 {
		p.Line("%d resources are called so; explain one by its id:", len(r.Candidates))
		for _, d := range r.Candidates {
			p.Line("  %s (%s, %s): %s", d.Source, d.Name, d.Kind, d.Outcome())
		}
		return
	}
	if r.Environment != "" {
		p.Line("names at the target are those of environment %s", r.Environment)
		p.Line("")
	}
	for _, w := range r.Whole {
		w.text(p)
	}
	for i, s := range r.Resources {
		if i > 0 {
			p.Line("")
		}
		s.text(p)
	}
}

func (w Whole) text(p *Paper) {
	p.Line("%s (%s)", w.Target.Label, w.Target.Type)
	p.Line("  %s", w.Target.ID)
	p.Line("  made for the workload as a whole: it stands for no single resource of AWS")
	if len(w.Users) == 0 {
		return
	}
	p.Title("is needed by: %d", len(w.Users))
	for _, u := range w.Users[:min(len(w.Users), shownLines)] {
		p.Line("  %s %s", u.Type, u.Label)
	}
	more(p, len(w.Users), "design.json, resources")
}

// Story is what is known of one resource and became of it.
type Story struct {
	Decision design.Decision   `json:"decision"`
	Boundary graph.Boundary    `json:"boundary"`
	Because  string            `json:"because"`
	Targets  []design.Resource `json:"targets"`
	// Labels say what each of the targets is called, in their order.
	Labels   []string         `json:"labels"`
	Findings []design.Finding `json:"findings"`
	Needs    []graph.Edge     `json:"needs"`
	Users    []graph.Edge     `json:"users"`
}

func (r Story) text(p *Paper) {
	d := r.Decision
	p.Line("%s (%s)", d.Name, d.Kind)
	p.Line("  %s", d.Source)
	p.Line("  %s: %s", r.Boundary, r.Because)
	p.Title("%s", d.Outcome())
	p.Line("  %s", d.Why)
	p.Line("  rule %s, confidence %.0f %%%s", d.Rule, d.Confidence*100, cited(d.RuleSource))
	if d.Override != "" {
		p.Line("  landfall.yaml: %s", d.Override)
	}
	ruled(p, d.Ruled)
	for i, t := range r.Targets {
		name := t.Name
		if i < len(r.Labels) {
			name = r.Labels[i]
		}
		p.Line("  -> %s %s", t.Type, name)
	}
	for _, a := range d.Alternatives {
		p.Line("  not %s: %s", a.Target, a.WhyNot)
	}
	if c := d.Cost; c != nil {
		p.Line("  a month: before %s, after %s (%s)", known(c.Before), known(c.After), c.Basis)
	}
	if len(d.Gaps) > 0 {
		p.Title("behaves differently")
		for _, g := range d.Gaps {
			p.Line("  %-8s %s%s", g.Severity, g.Title, at(g.At))
			if g.Do != "" {
				p.Line("           %s", g.Do)
			}
		}
	}
	if len(d.ToDo) > 0 {
		p.Title("to do by a person")
		for i, t := range d.ToDo {
			p.Line("  %d. %s", i+1, t)
		}
	}
	for _, f := range r.Findings {
		p.Title("finding %s", f.ID)
		p.Line("  %s", f.Text)
	}
	edges(p, "needs", r.Needs, func(e graph.Edge) cloud.ResourceID { return e.To })
	edges(p, "is needed by", r.Users, func(e graph.Edge) cloud.ResourceID { return e.From })
}

// ruled tells what a person has overridden.
func ruled(p *Paper, r *design.Ruled) {
	if r == nil {
		return
	}
	p.Line("  the rule had decided %s: %s (rule %s, confidence %.0f %%)", r.Action, r.Why, r.Rule, r.Confidence*100)
	for _, t := range r.Targets {
		p.Line("    it would have made %s", t)
	}
	for _, g := range r.Gaps {
		p.Line("    that would behave differently: %s %s%s", g.Severity, g.Title, at(g.At))
	}
}

func cited(source string) string {
	if source == "" {
		return ""
	}
	return "; " + source
}

func at(place string) string {
	if place == "" {
		return ""
	}
	return " (" + place + ")"
}

func known(v *float64) string {
	if v == nil {
		return "not known"
	}
	return fmt.Sprintf("$%.2f", *v)
}

func edges(p *Paper, title string, list []graph.Edge, other func(graph.Edge) cloud.ResourceID) {
	if len(list) == 0 {
		return
	}
	p.Title("%s: %d", title, len(list))
	for _, e := range list[:min(len(list), shownLines)] {
		port := ""
		if e.Port > 0 {
			port = fmt.Sprintf(" %s/%d", e.Protocol, e.Port)
		}
		p.Line("  %s%s %s", e.Relation, port, other(e))
	}
	more(p, len(list), "graph.json, edges")
}
