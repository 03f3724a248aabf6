package design

import "example.com/landfall/internal/inventory"

// Amend takes a decision anew, as a Finish may that knows more than the rule
// did. What landfall.yaml decided stays, and what is shared stays at the source.
func (c *Context) Amend(r *inventory.Resource, d Decision) {
	old, ok := c.decided[r.ID]
	if !ok || old.Rule == "landfall.yaml" {
		return
	}
	d.Source, d.Kind, d.Name, d.Rule, d.RuleSource = old.Source, old.Kind, old.Name, old.Rule, old.RuleSource
	c.decided[r.ID] = c.bound(r, d)
}

// Charge gives a decision its cost, and changes nothing else of it.
func (c *Context) Charge(r *inventory.Resource, cost *Cost) {
	if d, ok := c.decided[r.ID]; ok {
		d.Cost = cost
		c.decided[r.ID] = d
	}
}
