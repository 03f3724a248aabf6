package design

import (
	"slices"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/graph/refs"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/reach"
)

// Context is what a rule sees and where it puts target resources. It is not
// safe for concurrent use.
type Context struct {
	Options Options
	Place   Place
	Catalog *catalog.Catalog
	// Plan is set by the network family before any other family runs.
	Plan NetworkPlan
	// Baseline may be nil.
	Baseline *kpi.Baseline

	graph     *graph.Graph
	nodes     map[cloud.ResourceID]*graph.Node
	index     *refs.Index
	place     map[cloud.ResourceID]int32
	byKind    map[cloud.Kind][]*inventory.Resource
	ordered   []*inventory.Resource
	resources []*Resource
	byID      map[string]*Resource
	names     map[string]bool
	out, into map[cloud.ResourceID][]int
	targets   map[cloud.ResourceID][]cloud.ResourceID
	// sources are those of targets, rank is a resource's place in ordered, named
	// is who refers to whom; see lookup.go.
	sources map[cloud.ResourceID][]*inventory.Resource
	rank    map[cloud.ResourceID]int
	named   map[reference]map[cloud.ResourceID][]*inventory.Resource
	once    map[string]cloud.ResourceID
	params  map[string]Parameter
	// owners says by name in small letters what a parameter is for.
	owners   map[string]string
	findings []Finding
	grants   []Grant
	advice   advice
	network  *reach.Proof
	decided  map[cloud.ResourceID]Decision
	// ruled is what the rules had decided where landfall.yaml settles.
	ruled map[cloud.ResourceID]*Ruled
	gaps  map[string]GapEntry
	// running says whose defect it is when something goes wrong now.
	running defect
	defects []defect
	// untold are the tags whose values the source does not tell, with the resources
	// that have them.
	untold map[string][]cloud.ResourceID
	// zones are the source's zones in use by region, once asked for.
	zones map[string][]string
}

// Find returns the resource that a property value names: an id, an ARN, a
// physical id, a template's reference. kinds narrow the search, and let a
// plain name be found.
func (c *Context) Find(from *inventory.Resource, value any, kinds ...cloud.Kind) (*inventory.Resource, bool) {
	text, ok := value.(string)
	if !ok || text == "" {
		return nil, false
	}
	at := c.place[from.ID]
	for _, m := range c.index.Find(at, text) {
		if m.To < 0 {
			continue
		}
		if r := c.index.Resource(m.To); len(kinds) == 0 || slices.Contains(kinds, r.Kind) {
			return r, true
		}
	}
	for _, kind := range kinds {
		for _, i := range c.index.Named(at, kind, text) {
			return c.index.Resource(i), true
		}
	}
	return nil, false
}

// FindAll returns the resources that a list of values, or one value, names.
func (c *Context) FindAll(from *inventory.Resource, value any, kinds ...cloud.Kind) []*inventory.Resource {
	var found []*inventory.Resource
	for _, v := range List(value) {
		if r, ok := c.Find(from, v, kinds...); ok && !slices.Contains(found, r) {
			found = append(found, r)
		}
	}
	return found
}

// OfKind returns the resources of a kind inside the boundary or shared with
// it, in the order of the design.
func (c *Context) OfKind(kinds ...cloud.Kind) []*inventory.Resource {
	if len(kinds) == 1 {
		return c.byKind[kinds[0]]
	}
	var out []*inventory.Resource
	for i, kind := range kinds {
		if !slices.Contains(kinds[:i], kind) {
			out = append(out, c.byKind[kind]...)
		}
	}
	slices.SortFunc(out, c.earlier)
	return out
}

// Everything returns all resources that the design decides, in its order.
func (c *Context) Everything() []*inventory.Resource { return c.ordered }

// Shared reports whether others use the resource too: it stays at the source,
// and what the rule makes is the workload's own part of it.
func (c *Context) Shared(r *inventory.Resource) bool {
	n := c.nodes[r.ID]
	return n != nil && n.Boundary == graph.Shared
}

// Node returns the resource's node of the graph, nil when it has none.
func (c *Context) Node(r *inventory.Resource) *graph.Node { return c.nodes[r.ID] }

// Needs returns the edges that start at the resource, Users those that end
// there; potential edges are left out.
func (c *Context) Needs(r *inventory.Resource) []graph.Edge { return c.edges(c.out[r.ID]) }

// Users returns the edges that end at the resource; see Needs.
func (c *Context) Users(r *inventory.Resource) []graph.Edge { return c.edges(c.into[r.ID]) }

func (c *Context) edges(at []int) []graph.Edge {
	out := make([]graph.Edge, len(at))
	for i, n := range at {
		out[i] = c.graph.Edges[n]
	}
	return out
}

// TargetOf returns the first target of a kind that was put for a source
// resource.
func (c *Context) TargetOf(r *inventory.Resource, kind cloud.Kind) (cloud.ResourceID, bool) {
	if r == nil {
		return "", false
	}
	for _, id := range c.targets[r.ID] {
		if t := c.byID[key(id)]; t != nil && strings.EqualFold(string(t.Type), string(kind)) {
			return id, true
		}
	}
	return "", false
}

// TargetsOf returns all targets that were put for a source resource.
func (c *Context) TargetsOf(r *inventory.Resource) []cloud.ResourceID {
	return slices.Clone(c.targets[r.ID])
}

// Resource returns a target resource that was put; its Body may be changed.
func (c *Context) Resource(id cloud.ResourceID) (*Resource, bool) {
	r, ok := c.byID[key(id)]
	return r, ok
}

// Override returns what landfall.yaml says of a resource.
func (c *Context) Override(r *inventory.Resource) (Override, bool) {
	for _, o := range c.Options.Overrides {
		if o.matches(r) {
			return o, true
		}
	}
	return Override{}, false
}

// Finding adds a finding to the design.
func (c *Context) Finding(f Finding) { c.findings = append(c.findings, f) }

// Grant records what a role may do on both sides.
func (c *Context) Grant(g Grant) { c.grants = append(c.grants, g) }

// Gap returns the gap of the catalogue with the place where the resource meets
// it. An id that the catalogue lacks is a defect of the rule.
func (c *Context) Gap(id, at string) Gap {
	e, ok := c.gaps[id]
	if !ok {
		c.defect("gap %q is not in the catalogue", id)
	}
	return Gap{ID: id, Severity: e.Severity, Title: e.Title, At: at, Do: e.Do}
}

func key(id cloud.ResourceID) string { return strings.ToLower(string(id)) }
