package design

import (
	"cmp"
	"fmt"
	"slices"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/graph/refs"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
)

// Input is what a design is made from.
type Input struct {
	Inventory *inventory.Inventory
	Graph     *graph.Graph
	// Baseline may be nil.
	Baseline *kpi.Baseline
	Catalog  *catalog.Catalog
	Options  Options
	Families []Family
}

// NoSubscription stands in ids until landfall.yaml names a subscription.
const NoSubscription cloud.Account = "00000000-0000-0000-0000-000000000000"

// Make decides every resource inside the boundary or shared with it. A defect of
// a rule is told in a finding. Kind of error: fault.Internal for families that
// do not fit together.
func Make(in Input) (*Design, error) {
	in.Inventory = completed(in.Inventory, in.Graph)
	in.Families = widened(in.Families, in.Inventory.Resources)
	c, rules, err := newContext(in)
	if err != nil {
		return nil, err
	}
	if c.ruled, err = ruled(in); err != nil {
		return nil, err
	}
	for _, f := range in.Families {
		if f.Start != nil {
			c.under(f.Name+"/start", "", func() { f.Start(c) })
		}
	}
	decided := map[cloud.ResourceID]Decision{}
	c.decided = decided
	for _, r := range c.ordered {
		if d, ok := c.settled(r, rules[r.Kind]); ok {
			decided[r.ID] = d
		}
	}
	for _, rule := range inOrder(in.Families) {
		for _, kind := range rule.Kinds {
			for _, r := range c.byKind[kind] {
				if _, done := decided[r.ID]; !done {
					decided[r.ID] = c.decide(rule, r)
				}
			}
		}
	}
	for _, f := range in.Families {
		if f.Finish != nil {
			c.under(f.Name+"/finish", "", func() { f.Finish(c) })
		}
	}
	for _, f := range in.Families {
		if f.Prove != nil {
			c.under(f.Name+"/prove", "", func() { f.Prove(c) })
		}
	}
	return c.result(decided), nil
}

func newContext(in Input) (*Context, map[cloud.Kind]*Rule, error) {
	c := &Context{
		Options: in.Options, Place: placeOf(in.Options), Catalog: in.Catalog, Baseline: in.Baseline,
		graph: in.Graph, nodes: map[cloud.ResourceID]*graph.Node{}, index: refs.NewIndex(in.Inventory.Resources),
		place: map[cloud.ResourceID]int32{}, byKind: map[cloud.Kind][]*inventory.Resource{}, byID: map[string]*Resource{},
		names: map[string]bool{}, targets: map[cloud.ResourceID][]cloud.ResourceID{}, once: map[string]cloud.ResourceID{},
		params: map[string]Parameter{}, owners: map[string]string{}, gaps: map[string]GapEntry{},
		sources: map[cloud.ResourceID][]*inventory.Resource{}, rank: map[cloud.ResourceID]int{}, named: map[reference]map[cloud.ResourceID][]*inventory.Resource{},
		out: map[cloud.ResourceID][]int{}, into: map[cloud.ResourceID][]int{}, untold: map[string][]cloud.ResourceID{},
	}
	rules := map[cloud.Kind]*Rule{}
	for i := range in.Families {
		f := &in.Families[i]
		entries, err := ParseGaps(f.Gaps)
		if err != nil {
			return nil, nil, fault.Of(fault.Internal, "read gap catalogue", f.Name, err)
		}
		for _, e := range entries {
			c.gaps[e.ID] = e
		}
		for j := range f.Rules {
			for _, kind := range f.Rules[j].Kinds {
				if old := rules[kind]; old != nil {
					return nil, nil, fault.Newf(fault.Internal, "read rules: %s is in rule %s and in rule %s", kind, old.Name, f.Rules[j].Name)
				}
				rules[kind] = &f.Rules[j]
			}
		}
	}
	for i := range in.Graph.Nodes {
		c.nodes[in.Graph.Nodes[i].ID] = &in.Graph.Nodes[i]
	}
	for i := range in.Graph.Edges {
		if e := &in.Graph.Edges[i]; !e.Potential {
			c.out[e.From] = append(c.out[e.From], i)
			c.into[e.To] = append(c.into[e.To], i)
		}
	}
	for i := range in.Inventory.Resources {
		c.place[in.Inventory.Resources[i].ID] = int32(i)
	}
	c.within(in.Inventory)
	slices.SortFunc(c.ordered, c.compare)
	for i, r := range c.ordered {
		c.rank[r.ID] = i
		c.byKind[r.Kind] = append(c.byKind[r.Kind], r)
	}
	return c, rules, nil
}

// within collects the resources inside the boundary. Where nobody said where
// the workload begins, the whole inventory is taken for it, and a finding says
// so: whoever designs from one template means all of it.
func (c *Context) within(inv *inventory.Inventory) {
	for i := range inv.Resources {
		r := &inv.Resources[i]
		if n := c.nodes[r.ID]; n != nil && n.Boundary != graph.Out {
			c.ordered = append(c.ordered, r)
		}
	}
	if len(c.ordered) > 0 || len(inv.Resources) == 0 {
		return
	}
	for i := range inv.Resources {
		c.ordered = append(c.ordered, &inv.Resources[i])
	}
	c.Finding(Finding{
		ID: "boundary.empty", Severity: High,
		Text: fmt.Sprintf("no seed of the boundary matches a resource, so the design covers all %d of the inventory", len(inv.Resources)),
		Do:   "say under boundary.seeds in landfall.yaml where the workload begins, then: landfall assess, landfall design",
	})
}

// compare orders resources so that a template and a live scan, whose ids
// differ, give the same order: by kind, then by what they are called.
func (c *Context) compare(a, b *inventory.Resource) int {
	identity := func(r *inventory.Resource) string {
		if n := c.nodes[r.ID]; n != nil && n.Identity != "" {
			return n.Identity
		}
		return r.Name
	}
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(identity(a), identity(b)), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
}

func placeOf(o Options) Place {
	p := Place{Subscription: o.Subscription, Group: o.Group, Location: o.Region, Environment: o.Environment}
	if p.Subscription == "" {
		p.Subscription = NoSubscription
	}
	if p.Group == "" {
		p.Group = "rg-" + o.Workload
	}
	p.Suffix = hash(o.Workload+"|"+string(p.Subscription)+"|"+p.Group, 6)
	return p
}

// inOrder returns the rules by stage; within one, families and their rules
// keep the order in which they are listed.
func inOrder(families []Family) []*Rule {
	var out []*Rule
	for i := range families {
		for j := range families[i].Rules {
			out = append(out, &families[i].Rules[j])
		}
	}
	slices.SortStableFunc(out, func(a, b *Rule) int { return cmp.Compare(a.Stage, b.Stage) })
	return out
}

// settled decides without the kind's rule: what no longer exists, what is the
// operator's own, what landfall.yaml takes away from the rule, and what no rule
// knows.
func (c *Context) settled(r *inventory.Resource, rule *Rule) (Decision, bool) {
	base := Decision{Source: r.ID, Kind: r.Kind, Name: r.Name, Rule: "design/marks", Confidence: 0.9}
	if o, ok := c.Override(r); ok && o.settles() {
		return c.overridden(base, o), true
	}
	switch {
	case slices.Contains(r.Marks, inventory.Deleted):
		base.Action, base.Why = Retire, "it no longer exists at the source"
		return base, true
	case slices.Contains(r.Marks, inventory.Operator):
		base.Action, base.Why = Retire, "it is the identity that Landfall works with, and goes last"
		return base, true
	case rule != nil:
		return Decision{}, false
	case slices.Contains(r.Marks, inventory.ServiceLinked):
		base.Action, base.Why = Retire, "a service of AWS made it for itself; the target's service makes its own"
		return base, true
	case slices.Contains(r.Marks, inventory.Default):
		base.Action, base.Why = Retire, "it is AWS's own default, which every account has"
		return base, true
	}
	return c.unmapped(base, r), true
}

// unmapped is the decision for a kind without a rule: what the service map
// says, and what a person has to do.
func (c *Context) unmapped(d Decision, r *inventory.Resource) Decision {
	d.Action, d.Rule, d.Confidence = Manual, unmappedRule, 0.3
	service, ok := c.Catalog.Service(r.Kind, r.Properties)
	switch {
	case !ok:
		d.Why = "no automatic mapping: the service map does not know " + string(r.Kind)
		d.ToDo = []string{"find out what " + r.Name + " does for the workload, choose a counterpart, and name it under design.overrides"}
	case service.Fit == catalog.FitNone:
		d.Why = "no automatic mapping: Azure has no counterpart of " + service.AWS
		d.ToDo = []string{"decide whether the workload can do without " + r.Name + ", keeps using it at AWS (retain), or takes another product"}
	default:
		d.Why = "no automatic mapping for " + string(r.Kind) + "; the counterpart of " + service.AWS + " is " + service.Azure
		d.ToDo = []string{"configure " + service.Azure + " for " + r.Name + " by hand, and name the decision under design.overrides"}
		d.Alternatives = []Alternative{{Target: service.Azure, WhyNot: "no rule writes its configuration yet"}}
	}
	d.RuleSource = "Azure Architecture Center, AWS to Azure services comparison"
	if o, found := c.Override(r); found {
		d = chosen(d, o, service)
	}
	return d
}

// unmappedRule decides what no rule knows.
const unmappedRule = "design/service-map"

func (c *Context) decide(rule *Rule, r *inventory.Resource) Decision {
	var d Decision
	found := c.under(rule.Name, r.ID, func() {
		if d = rule.Apply(c, r); d.Action == "" || d.Why == "" {
			c.defect("it says nothing of %s", r.ID)
		}
	})
	if len(found) > 0 {
		d = distrusted(d, r, found[0])
	}
	d.Source, d.Kind, d.Name, d.Rule, d.RuleSource = r.ID, r.Kind, r.Name, rule.Name, rule.Source
	return c.bound(r, d)
}

// bound gives a decision what landfall.yaml and the boundary say of it.
func (c *Context) bound(r *inventory.Resource, d Decision) Decision {
	if o, ok := c.Override(r); ok {
		d.Override = o.Reason
		if o.Action != "" && o.Action != d.Action {
			d.Ruled = recordOf(&d, nil)
			for _, id := range c.targets[r.ID] {
				if t := c.byID[key(id)]; t != nil && !slices.Contains(d.Ruled.Targets, t.Type) {
					d.Ruled.Targets = append(d.Ruled.Targets, t.Type)
				}
			}
			d.Action = o.Action
		}
	}
	if c.Shared(r) && d.Action != Retire {
		d.Action = Retain
		stays := "others use it too, so it stays at the source; "
		if len(c.targets[r.ID]) > 0 {
			stays = "others use it too, so it stays at the source, and the workload gets a counterpart of its own; "
		}
		d.Why = stays + d.Why
	}
	return d
}

// result puts everything in order.
func (c *Context) result(decided map[cloud.ResourceID]Decision) *Design {
	c.tellUntold()
	c.unused()
	c.ineffective()
	out := &Design{
		SchemaVersion: Version, Inputs: map[string]string{}, Workload: c.Options.Workload, Place: c.Place,
		Decisions: []Decision{}, Resources: []Resource{}, Parameters: []Parameter{}, Findings: c.findings,
		Identity: c.grants, Regions: []RegionAdvice{}, Quotas: []Quota{},
	}
	for _, r := range c.ordered {
		out.Decisions = append(out.Decisions, c.finished(decided[r.ID]))
	}
	slices.SortFunc(out.Decisions, func(a, b Decision) int { return cmp.Compare(a.Source, b.Source) })
	c.order(out)
	c.tellDefects(out)
	for _, name := range sortedKeys(c.params) {
		out.Parameters = append(out.Parameters, c.params[name])
	}
	out.settle(c.Options)
	out.Cost = summary(out.Decisions)
	c.advice.into(out)
	out.Network = c.network
	return out
}

// finished completes a decision with its targets and orders its lists.
func (c *Context) finished(d Decision) Decision {
	d.Targets = append([]cloud.ResourceID{}, c.targets[d.Source]...)
	slices.SortFunc(d.Targets, func(a, b cloud.ResourceID) int { return cmp.Compare(a, b) })
	d.Gaps = append([]Gap{}, d.Gaps...)
	d.ToDo = slices.Clone(d.ToDo)
	d.readable()
	slices.SortStableFunc(d.Gaps, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(a.Severity.rank(), b.Severity.rank()), cmp.Compare(a.ID, b.ID), cmp.Compare(a.At, b.At))
	})
	d.Gaps = slices.Compact(d.Gaps)
	return d
}
