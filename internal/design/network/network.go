package network

import (
	_ "embed"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

//go:embed gaps.tsv
var gaps string

// Family returns the rules of the network.
func Family() design.Family {
	return design.Family{Name: "network", Rules: rules(), Gaps: gaps, Start: start, Finish: finish}
}

func rules() []design.Rule {
	return slices.Concat(vpcRules(), routingRules(), filterRules(), connectionRules(), transitRules(), privateLinkRules(), nameRules(), firewallRules(), otherRules())
}

// apply is a rule's function that knows the plan.
type apply func(p *Plan, r *inventory.Resource) design.Decision

// ruled makes a rule of this family.
func ruled(name string, stage design.Stage, source string, do apply, kinds ...cloud.Kind) design.Rule {
	return design.Rule{Name: name, Kinds: kinds, Stage: stage, Source: source, Apply: func(c *design.Context, r *inventory.Resource) design.Decision {
		p := Of(c)
		return p.remarked(r, do(p, r))
	}}
}

func (rule ruleTargets) of(r design.Rule) design.Rule {
	r.Targets = rule
	return r
}

// ruleTargets are the kinds that a rule can make.
type ruleTargets []cloud.Kind

func replaced(confidence float64, why string, gaps ...design.Gap) design.Decision {
	return design.Decision{Action: design.Replace, Why: why, Confidence: confidence, Gaps: gaps}
}

func migrated(confidence float64, why string, gaps ...design.Gap) design.Decision {
	return design.Decision{Action: design.Migrate, Why: why, Confidence: confidence, Gaps: gaps}
}

func retired(why string) design.Decision {
	return design.Decision{Action: design.Retire, Why: why, Confidence: 0.9}
}

func manual(why string, days float64, toDo ...string) design.Decision {
	return design.Decision{Action: design.Manual, Why: why, Confidence: 0.3, ToDo: toDo, EffortDays: days}
}

// unresolved reports whether a value is a reference or parameter whose value
// is not known.
func unresolved(text string) bool { return strings.Contains(text, "${") }

// absorbed makes a rule for kinds that are part of another: the other's
// targets stand for them too.
func absorbed(name, source, why string, property string, kinds ...cloud.Kind) design.Rule {
	return ruled(name, design.Networks, source, func(p *Plan, r *inventory.Resource) design.Decision {
		for _, parent := range p.c.FindAll(r, r.Properties[property]) {
			p.c.Attach(r, p.c.TargetsOf(parent)...)
		}
		return replaced(0.9, why)
	}, kinds...)
}
