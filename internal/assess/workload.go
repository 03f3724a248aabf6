package assess

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
)

// workload is the inputs with their indexes.
type workload struct {
	Sources
	nodes map[cloud.ResourceID]*graph.Node
	// users are the resources with an edge to the key, in order; of what is out,
	// only where it stands outside of the inventory.
	users map[cloud.ResourceID][]cloud.ResourceID
	// needs are the resources that the key, which is in or shared, has an edge to.
	needs map[cloud.ResourceID][]cloud.ResourceID
}

func newWorkload(s Sources) *workload {
	w := &workload{
		Sources: s,
		nodes:   make(map[cloud.ResourceID]*graph.Node, len(s.Graph.Nodes)),
		users:   map[cloud.ResourceID][]cloud.ResourceID{},
		needs:   map[cloud.ResourceID][]cloud.ResourceID{},
	}
	for i := range s.Graph.Nodes {
		w.nodes[s.Graph.Nodes[i].ID] = &s.Graph.Nodes[i]
	}
	for i := range s.Graph.Edges {
		e := &s.Graph.Edges[i]
		if e.Potential {
			continue // the rules would allow it; nobody uses it
		}
		if to := w.nodes[e.To]; to == nil || to.Boundary != graph.Out || to.External {
			w.users[e.To] = append(w.users[e.To], e.From)
		}
		if w.boundary(e.From) != graph.Out {
			w.needs[e.From] = append(w.needs[e.From], e.To)
		}
	}
	for _, index := range []map[cloud.ResourceID][]cloud.ResourceID{w.users, w.needs} {
		for id, list := range index {
			slices.Sort(list)
			index[id] = slices.Compact(list)
		}
	}
	return w
}

// boundary of a resource; what the graph does not know is out.
func (w *workload) boundary(id cloud.ResourceID) graph.Boundary {
	if n, ok := w.nodes[id]; ok {
		return n.Boundary
	}
	return graph.Out
}

// moves reports whether the resource belongs to the workload and is somebody's
// own: AWS's defaults, what services made, and what is gone need no move.
func (w *workload) moves(r inventory.Resource) bool {
	return w.boundary(r.ID) == graph.In && !slices.ContainsFunc(r.Marks, func(m inventory.Mark) bool { return m != inventory.Conditional })
}

// relevant resources are in the workload or shared with it.
func (w *workload) relevant() []inventory.Resource {
	var out []inventory.Resource
	for _, r := range w.Inventory.Resources {
		if w.boundary(r.ID) != graph.Out && !slices.Contains(r.Marks, inventory.Deleted) {
			out = append(out, r)
		}
	}
	return out
}

func (w *workload) usedBy(id cloud.ResourceID) []cloud.ResourceID {
	if list := w.users[id]; list != nil {
		return list
	}
	return []cloud.ResourceID{}
}

// text returns the property at the path as text, "" when absent. A path goes
// down through mappings: "Endpoint.Address".
func text(r inventory.Resource, path string) string {
	return textOf(value(r, path))
}

func textOf(v any) string {
	switch v := v.(type) {
	case nil, map[string]any, []any:
		return ""
	case string:
		return v
	default:
		return fmt.Sprint(v)
	}
}

// value returns what stands at the path in the properties, else in the attributes.
func value(r inventory.Resource, path string) any {
	for _, from := range []map[string]any{r.Properties, r.Attributes} {
		if v := down(from, strings.Split(path, ".")); v != nil {
			return v
		}
	}
	return nil
}

func down(from map[string]any, path []string) any {
	v, ok := from[path[0]]
	if !ok || len(path) == 1 {
		return v
	}
	next, _ := v.(map[string]any)
	return down(next, path[1:])
}

// list returns a property as a list: a single value is a list of one.
func list(r inventory.Resource, path string) []any {
	switch v := value(r, path).(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

func texts(values []any) []string {
	out := []string{}
	for _, v := range values {
		if s := textOf(v); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func boolean(r inventory.Resource, path string) *bool {
	if b, ok := value(r, path).(bool); ok {
		return &b
	}
	return nil
}

// strings yields every text in a value, in order of the keys.
func walkTexts(v any, yield func(string)) {
	switch v := v.(type) {
	case string:
		yield(v)
	case []any:
		for _, e := range v {
			walkTexts(e, yield)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			walkTexts(v[k], yield)
		}
	}
}
