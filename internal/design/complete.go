package design

import (
	"slices"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/reach"
)

const faceKind cloud.Kind = "AWS::EC2::NetworkInterface"

// completed returns the inventory in which managed resources that name no
// security groups have those of the network interfaces that AWS made for them,
// so that a scan reads as a template does. The given inventory does not change.
func completed(inv *inventory.Inventory, g *graph.Graph) *inventory.Inventory {
	at := map[cloud.ResourceID]int{}
	sets := map[cloud.Kind][]*inventory.Resource{}
	for i := range inv.Resources {
		r := &inv.Resources[i]
		at[r.ID] = i
		sets[r.Kind] = append(sets[r.Kind], r)
	}
	faces := map[int][]*inventory.Resource{}
	for i := range g.Edges {
		e := &g.Edges[i]
		if e.Potential || e.Relation != graph.HasInterface {
			continue
		}
		owner, known := at[e.From]
		face, found := at[e.To]
		if !known || !found {
			continue
		}
		if r := &inv.Resources[face]; r.Kind == faceKind && !slices.Contains(r.Marks, inventory.Deleted) {
			faces[owner] = append(faces[owner], r)
		}
	}
	if len(faces) == 0 {
		return inv
	}
	out := *inv
	out.Resources = slices.Clone(inv.Resources)
	for owner, list := range faces {
		r := &inv.Resources[owner]
		if p, ok := reach.Complete(r, list, sets[reach.SetKind(r.Kind)]); ok {
			out.Resources[owner].Properties = p
		}
	}
	return &out
}
