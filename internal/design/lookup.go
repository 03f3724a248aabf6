package design

import (
	"slices"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// reference is a property of one kind that names resources of another.
type reference struct {
	from     cloud.Kind
	property string
	to       cloud.Kind
}

// Referring returns the resources of a kind whose property names r, in the
// order of the design.
func (c *Context) Referring(r *inventory.Resource, kind cloud.Kind, property string) []*inventory.Resource {
	key := reference{kind, property, r.Kind}
	known, ok := c.named[key]
	if !ok {
		known = map[cloud.ResourceID][]*inventory.Resource{}
		for _, other := range c.byKind[kind] {
			for _, found := range c.FindAll(other, At(other.Properties, property), r.Kind) {
				known[found.ID] = append(known[found.ID], other)
			}
		}
		c.named[key] = known
	}
	return slices.Clone(known[r.ID])
}

// SourcesOf returns the source resources that a target was put for, in the
// order of the design.
func (c *Context) SourcesOf(id cloud.ResourceID) []*inventory.Resource {
	out := slices.Clone(c.sources[id])
	slices.SortFunc(out, c.earlier)
	return out
}

// earlier compares two resources by their places in the design's order.
func (c *Context) earlier(a, b *inventory.Resource) int { return c.rank[a.ID] - c.rank[b.ID] }
