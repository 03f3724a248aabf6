package check

import (
	"fmt"
	"slices"

	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/runbook/gate"
)

// conditions: gates, triggers and criteria parse, have the right types, and end.
func (p *plan) conditions() {
	for i := range p.Steps {
		s := &p.Steps[i]
		seen := map[string]bool{}
		for _, g := range s.Gates {
			id := s.ID + ":" + g.ID
			if g.ID == "" || seen[g.ID] {
				p.block("gate.id:"+id, "give each gate of the step a name of its own", []string{s.ID}, "%s has two gates called %q", s.ID, g.ID)
			}
			seen[g.ID] = true
			p.condition("gate:"+id, g.Expr, g.Facts, s.ID)
			p.asks("gate:"+id, g.EverySeconds, s.ID)
			if g.TimeoutSeconds <= g.HoldSeconds {
				p.block("gate.time:"+id, "give it more time", []string{s.ID}, "the gate %s of %s gives up after %d s, before it can have held for %d s", g.ID, s.ID, g.TimeoutSeconds, g.HoldSeconds)
			}
		}
	}
	seen := map[string]bool{}
	for _, t := range p.Triggers {
		if seen[t.ID] {
			p.block("trigger.id:"+t.ID, "give each trigger a name of its own", nil, "two triggers are called %s", t.ID)
		}
		seen[t.ID] = true
		p.condition("trigger:"+t.ID, t.Expr, t.Facts, t.From)
		p.asks("trigger:"+t.ID, t.EverySeconds, t.From)
		p.span(t)
	}
	for _, c := range p.Acceptance {
		if c.Gate != nil {
			p.condition("acceptance:"+c.ID, c.Gate.Expr, c.Gate.Facts, "")
		}
	}
}

func (p *plan) condition(id, expr string, facts []runbook.Fact, step string) {
	program, err := p.compiled(expr, facts)
	if err != nil {
		p.block("condition:"+id, "mend the expression or the facts", some(step), "%v", err)
		return
	}
	if open(program, facts, nil) != nil {
		p.block("condition.open:"+id, "let it depend on a fact", some(step), "the condition %q answers without any fact", expr)
	}
}

// compiled reads a condition once for all steps that have it. What it may say
// depends on its expression and on the names and types of its facts.
func (p *plan) compiled(expr string, facts []runbook.Fact) (*gate.Program, error) {
	key := expr
	for _, f := range facts {
		key += fmt.Sprintf("\x00%q %q %q %d", f.Name, f.Type, f.Source, f.MaxAgeSeconds)
	}
	if program, known := p.read[key]; known {
		return program, nil
	}
	program, err := gate.Compile(expr, facts)
	if err == nil {
		p.read[key] = program
	}
	return program, err
}

// open evaluates a condition with one value for all its numbers; nil is for
// no answer.
func open(program *gate.Program, facts []runbook.Fact, value any) *bool {
	readings := map[string]gate.Reading{}
	for _, f := range facts {
		readings[f.Name] = gate.Reading{Value: value}
	}
	yes, _ := program.Open(readings)
	return yes
}

func some(step string) []string {
	if step == "" {
		return nil
	}
	return []string{step}
}

func (p *plan) asks(id string, every int64, step string) {
	if every < 1 {
		p.block("condition.every:"+id, "say how often it is asked", some(step), "%s is never asked: every %d s", id, every)
	}
}

// span: a trigger watches between two steps that follow each other, and goes
// back to a step before the first of them.
func (p *plan) span(t runbook.Trigger) {
	_, from := p.index[t.From]
	_, until := p.index[t.Until]
	if !from || !until || !p.needs(t.Until, t.From) {
		p.block("trigger.span:"+t.ID, "name two steps of which the second needs the first", some(t.From), "the trigger %s watches from %q until %q, which do not follow each other", t.ID, t.From, t.Until)
	}
	if !slices.Contains([]string{"rollback", "pause", "ask"}, t.Action) {
		p.block("trigger.action:"+t.ID, "take rollback, pause or ask", some(t.From), "the trigger %s does %q, which there is not", t.ID, t.Action)
	}
	if t.Action != "rollback" {
		return
	}
	to, known := p.index[t.To]
	if !known || t.To != t.From && !p.needs(t.From, t.To) {
		p.block("trigger.to:"+t.ID, "name a step that the first watched one needs", some(t.From), "the trigger %s goes back to %q, which is not before %s", t.ID, t.To, t.From)
		return
	}
	// What is done between the two is undone without asking: it must lose nothing.
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Undo == nil || s.Undo.Loses == "" || i != to && !p.behind[i].Has(to) {
			continue
		}
		if !p.needs(s.ID, t.Until) {
			p.block("trigger.loses:"+t.ID, "let it ask", []string{s.ID}, "the trigger %s goes back by itself over %s, which loses %s", t.ID, s.ID, s.Undo.Loses)
			return
		}
	}
}

// people: what is asked of people can be given.
func (p *plan) people() {
	asked := runbook.NewSet(len(p.Steps)) // in the execution
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Phase == runbook.Execute && s.Approvals.Count > 0 {
			asked.Add(i)
		}
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		one := []string{s.ID}
		switch a := s.Approvals; {
		case a.Count < 0:
			p.block("approval:"+s.ID, "ask for none or more", one, "%s asks for %d approvals", s.ID, a.Count)
		case a.Count == 0 && len(a.Roles) > 0:
			p.block("approval:"+s.ID, "say how many approve", one, "%s names roles that approve, and asks for nobody", s.ID)
		case a.Count > 0 && a.Why == "":
			p.block("approval.why:"+s.ID, "say what the approver answers for", one, "%s asks for approvals and does not say for what", s.ID)
		}
		if len(s.After.Writers)+len(s.After.Weights) > 0 && !asked.Has(i) && !p.behind[i].Meets(asked) {
			p.block("go:"+s.ID, "let it need the step in which people decide to go on", one, "%s changes who writes or who is served before anybody has agreed to the cutover", s.ID)
		}
		if slices.Contains(s.Approvals.Roles, "") || s.Owner == "" {
			p.block("owner:"+s.ID, "name the role", one, "%s has no owner, or a role without name approves it", s.ID)
		}
	}
}
