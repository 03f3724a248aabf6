package proof

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/reach"
)

// Faces finds the interfaces of the target's network that belong to its
// resources.
type Faces struct {
	places map[string]*reach.Interface
	// byID are the bodies, endpoints the private endpoints that name a target,
	// both by ids in lower case.
	byID      map[string]*design.Resource
	endpoints map[string][]string
}

// NewFaces goes through the bodies once.
func NewFaces(bodies []*design.Resource, target *reach.Network) *Faces {
	f := &Faces{places: map[string]*reach.Interface{}, byID: map[string]*design.Resource{}, endpoints: map[string][]string{}}
	for i := range target.Interfaces {
		f.places[target.Interfaces[i].ID] = &target.Interfaces[i]
	}
	for _, b := range bodies {
		id := strings.ToLower(string(b.ID))
		f.byID[id] = b
		if strings.EqualFold(string(b.Type), "Microsoft.Network/privateEndpoints") {
			references(b.Body, func(ref string) { f.endpoints[ref] = append(f.endpoints[ref], id) })
		}
	}
	return f
}

// Of returns the interfaces of a resource, in order: those that it is itself,
// what it names (a machine its network interface, an app its environment), and
// private endpoints to it.
func (f *Faces) Of(target cloud.ResourceID) []string {
	var out []string
	add := func(id string) {
		if f.places[id] != nil && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	id := strings.ToLower(string(target))
	b := f.byID[id]
	if b == nil {
		return nil
	}
	add(id)
	if kind := strings.ToLower(string(b.Type)); kind == "microsoft.compute/virtualmachines" || kind == "microsoft.app/containerapps" || kind == "microsoft.app/jobs" {
		references(b.Body, add)
	}
	for _, endpoint := range f.endpoints[id] {
		add(endpoint)
	}
	slices.Sort(out)
	return out
}

// Bodies are resources as package reach reads them.
func Bodies(list []*design.Resource) []reach.Body {
	out := make([]reach.Body, 0, len(list))
	for _, r := range list {
		out = append(out, reach.Body{ID: string(r.ID), Type: string(r.Type), Tree: r.Body})
	}
	return out
}

// references calls yield with all texts of a body, in lower case.
func references(v any, yield func(string)) {
	switch v := v.(type) {
	case string:
		yield(strings.ToLower(v))
	case []any:
		for _, w := range v {
			references(w, yield)
		}
	case map[string]any:
		for _, w := range v {
			references(w, yield)
		}
	}
}
