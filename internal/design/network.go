package design

import (
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/reach"
)

// SetNetwork sets the proof that the target lets the same packets through.
func (c *Context) SetNetwork(p *reach.Proof) { c.network = p }

// Decided returns the decision for a resource, as far as it is taken: rules of
// a later stage, and all that Finish, can ask.
func (c *Context) Decided(r *inventory.Resource) (Decision, bool) {
	d, ok := c.decided[r.ID]
	return d, ok
}
