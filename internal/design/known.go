package design

import (
	"slices"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// Known returns the resources of some kinds inside the boundary or not, in the
// order of the design: what a rule must not collide with although it does not
// move.
func (c *Context) Known(kinds ...cloud.Kind) []*inventory.Resource {
	var out []*inventory.Resource
	for _, i := range c.place {
		if r := c.index.Resource(i); slices.Contains(kinds, r.Kind) {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, c.compare)
	return out
}
