package price

import (
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

// Family returns the family that prices what others left. It has no rules.
func Family() design.Family { return design.Family{Name: "price", Prove: fill} }

// taskSize is where a service's task definition stands among its properties
// while it is priced.
const taskSize = "\x00task"

// book holds what is charged to one decision.
type book struct {
	before, after []amount
}

// fill prices every decision that has a side without a price.
func fill(c *design.Context) {
	p := &pricer{c: c, catalog: c.Catalog}
	books := map[cloud.ResourceID]*book{}
	at := func(r *inventory.Resource) *book {
		if books[r.ID] == nil {
			books[r.ID] = &book{}
		}
		return books[r.ID]
	}
	kinds := rows(sourceTSV)
	for _, r := range c.Everything() {
		if row, ok := kinds[r.Kind]; ok {
			at(r).before = append(at(r).before, p.price(row, thing{r.Kind, p.properties(r)}))
		}
	}
	p.targets(at)
	for _, r := range c.Everything() {
		if b := books[r.ID]; b != nil {
			p.charge(r, b)
		}
	}
}

// targets charges every target to who carries it: first what belongs to one
// decision, then what several share.
func (p *pricer) targets(at func(*inventory.Resource) *book) {
	kinds := rows(targetTSV)
	type joint struct {
		target *design.Resource
		cost   amount
	}
	var shared []joint
	for _, target := range p.c.Targets() {
		row, ok := kinds[target.Type]
		if !ok {
			// A part of something is in its price, unless the table says otherwise.
			if strings.Count(string(target.Type), "/") > 1 {
				continue
			}
			row = unlisted(target.Type)
		}
		cost := p.price(row, thing{target.Type, target.Body})
		if !cost.billed {
			continue
		}
		if r := p.owner(target.ID); r != nil {
			at(r).after = append(at(r).after, cost)
			continue
		}
		shared = append(shared, joint{target, cost})
	}
	children := p.children()
	for _, one := range shared {
		for _, share := range p.payers(one.target, children, at) {
			at(share.r).after = append(at(share.r).after, share.of(one.cost, common.LastName(one.target.ID)))
		}
	}
}

// unlisted is for a kind that the table does not have.
func unlisted(kind cloud.Kind) row {
	return row{resource: "?", component: "the catalogue has no unit price of " + string(kind), times: "1", without: "."}
}

// properties are those of a source resource, for a service with its task.
func (p *pricer) properties(r *inventory.Resource) map[string]any {
	if r.Kind != "AWS::ECS::Service" {
		return r.Properties
	}
	out := map[string]any{}
	for name, v := range r.Properties {
		out[name] = v
	}
	if task, ok := p.c.Find(r, r.Properties["TaskDefinition"], "AWS::ECS::TaskDefinition"); ok {
		out[taskSize] = map[string]any(task.Properties)
	}
	return out
}

// share is the part of a target's price that one decision carries.
type share struct {
	r  *inventory.Resource
	by int
}

// of takes the part of an amount.
func (s share) of(a amount, name string) amount {
	if s.by > 1 && a.known {
		a.usd = a.usd / float64(s.by)
		a.basis += " of " + name + ", which " + strconv.Itoa(s.by) + " share"
	}
	return a
}

func (p *pricer) isTarget(id cloud.ResourceID) bool {
	_, ok := p.c.Resource(id)
	return ok
}

// children are the decisions of what stands inside each target.
func (p *pricer) children() map[string][]*inventory.Resource {
	out := map[string][]*inventory.Resource{}
	for _, target := range p.c.Targets() {
		owner := p.owner(target.ID)
		if owner == nil {
			continue
		}
		id := target.ID
		for {
			i := strings.LastIndexByte(string(id), '/')
			if i < 0 {
				break
			}
			// Only a target has a price to share.
			if id = id[:i]; strings.HasSuffix(string(id), "/providers") {
				// What stands on a target, as a right does, is no part of it.
				break
			}
			if !p.isTarget(id) {
				continue
			}
			if parent := strings.ToLower(string(id)); !slices.Contains(out[parent], owner) {
				out[parent] = append(out[parent], owner)
			}
		}
	}
	return out
}

// owner is the decision that a target is charged to: the one that migrates into
// it, else the first that is replaced by it.
func (p *pricer) owner(id cloud.ResourceID) *inventory.Resource {
	var first *inventory.Resource
	for _, r := range p.c.SourcesOf(id) {
		d, ok := p.c.Decided(r)
		switch {
		case !ok || d.Action == design.Retain || d.Action == design.Retire || d.Action == design.Manual:
		case d.Action == design.Migrate:
			return r
		case first == nil:
			first = r
		}
	}
	return first
}

// payers are who carries the price of a target that nobody owns: those who have
// parts in it, in equal shares, else the owner of what an endpoint leads to. A
// decision whose price is settled or cannot be known carries nothing where
// another can: the sum would lose it.
func (p *pricer) payers(target *design.Resource, children map[string][]*inventory.Resource, at func(*inventory.Resource) *book) []share {
	parts := children[strings.ToLower(string(target.ID))]
	if len(parts) == 0 {
		for _, link := range design.Maps(design.At(target.Body, "properties.privateLinkServiceConnections")) {
			if r := p.owner(cloud.ResourceID(design.Text(link, "properties.privateLinkServiceId"))); r != nil {
				parts = []*inventory.Resource{r}
			}
		}
	}
	able := slices.DeleteFunc(slices.Clone(parts), func(r *inventory.Resource) bool {
		d, _ := p.c.Decided(r)
		return d.Cost != nil && d.Cost.After != nil || slices.ContainsFunc(at(r).after, func(a amount) bool { return !a.known })
	})
	if len(able) > 0 {
		parts = able
	}
	var out []share
	for _, r := range parts {
		out = append(out, share{r, len(parts)})
	}
	return out
}

// charge gives a decision the sides that its family left open. A decision in
// which nothing is billed stays without a cost.
func (p *pricer) charge(r *inventory.Resource, b *book) {
	d, ok := p.c.Decided(r)
	if !ok || d.Action != design.Migrate && d.Action != design.Replace {
		return
	}
	cost := design.Cost{}
	if d.Cost != nil {
		cost = *d.Cost
	}
	before, after := join(b.before...), join(b.after...)
	if !before.billed && !after.billed && d.Cost == nil {
		return
	}
	var basis []string
	if cost.Basis != "" {
		basis = append(basis, cost.Basis)
	}
	if cost.Before == nil && len(b.before) > 0 {
		cost.Before = p.side(before, "before", &basis)
	}
	switch {
	case cost.After != nil:
	case len(b.after) > 0:
		cost.After = p.side(after, "after", &basis)
	case cost.Before != nil && d.Cost == nil && len(p.c.TargetsOf(r)) > 0:
		// What stands for it is charged to another decision, or to nobody.
		basis = append(basis, "after: nothing of its own is billed")
		cost.After = new(0.0)
	}
	if len(basis) == 0 {
		return
	}
	cost.Basis = strings.Join(basis, "; ")
	p.c.Charge(r, &cost)
}

// side says one side in the basis, and returns its price when it is known.
func (p *pricer) side(a amount, word string, basis *[]string) *float64 {
	switch {
	case !a.known && a.reason == "":
		return nil
	case !a.known:
		*basis = append(*basis, word+" is not known: "+a.reason)
		return nil
	case !a.billed:
		*basis = append(*basis, word+": not billed")
	default:
		text := word + ": " + a.basis + ", " + p.catalog.UnitBasis()
		if a.without != "" {
			text += ", without " + a.without
		}
		*basis = append(*basis, text)
	}
	return new(a.usd)
}
