package graph

import (
	"cmp"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph/refs"
	"example.com/landfall/internal/inventory"
)

// maker collects nodes and edges by number, so that a million edges cost no
// million strings.
type maker struct {
	resources []inventory.Resource
	index     *refs.Index
	nodes     []Node
	byID      map[cloud.ResourceID]int32
	ledger
	// edges and ends are the edges in order, once all are known.
	edges   []Edge
	ends    [][2]int32
	options Options
	// of holds the resource of each node once the nodes are in order, nil for
	// what stands outside.
	of        []*inventory.Resource
	questions []Question
	// into and out give the edges of each node once they are in order.
	into, out *adjacency
	// rulesOf are the rules of each listener.
	rulesOf map[int32][]int32
	// owners are the resources that network interfaces are part of.
	owners    map[int32]int32
	databases []database
	byKind    map[cloud.Kind][]int32
	// width is the prefix length of private networks outside the inventory.
	width int
	// ranges are the blocks of AWS's services, and services what they say of
	// addresses that were looked up.
	ranges   []serviceRange
	services map[string]string
}

// newMaker takes the resources in the order of their ids, each once.
func newMaker(inv inventory.Inventory, o Options) *maker {
	resources := each(inv.Resources)
	m := &maker{
		resources: resources, index: refs.NewIndex(resources), options: o,
		nodes: make([]Node, 0, len(resources)+len(resources)/8), byID: make(map[cloud.ResourceID]int32, len(resources)),
		ledger: newLedger(4 * len(resources)), questions: []Question{}, owners: map[int32]int32{}, byKind: map[cloud.Kind][]int32{},
	}
	for i := range resources {
		m.resourceNode(&resources[i])
		m.byKind[resources[i].Kind] = append(m.byKind[resources[i].Kind], int32(i))
	}
	return m
}

// each gives the resources in the order of their ids, each once; an inventory
// has them so.
func each(resources []inventory.Resource) []inventory.Resource {
	ready := true
	for i := 1; ready && i < len(resources); i++ {
		ready = resources[i-1].ID < resources[i].ID
	}
	if ready {
		return resources
	}
	resources = slices.Clone(resources)
	slices.SortStableFunc(resources, func(a, b inventory.Resource) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(len(b.Properties), len(a.Properties)))
	})
	return slices.CompactFunc(resources, func(a, b inventory.Resource) bool { return a.ID == b.ID })
}

func (m *maker) resourceNode(r *inventory.Resource) {
	m.byID[r.ID] = int32(len(m.nodes))
	name := r.Name
	if name == "" {
		name = lastPart(string(r.ID))
	}
	m.nodes = append(m.nodes, Node{ID: r.ID, Kind: r.Kind, Name: name, Account: r.Account, Region: r.Region, Tier: tierOf(r.Kind), Marks: r.Marks})
}

// external returns the node of something outside the inventory.
func (m *maker) external(kind cloud.Kind, name string) int32 {
	id := cloud.ResourceID("external:" + name)
	if i, ok := m.byID[id]; ok {
		return i
	}
	i := int32(len(m.nodes))
	m.byID[id] = i
	m.nodes = append(m.nodes, Node{ID: id, Kind: kind, Name: strings.TrimPrefix(name, "service/"), Tier: TierExternal, External: true})
	return i
}

// link is one edge to be added.
type link struct {
	from, to  int32
	relation  Relation
	port      int
	protocol  string
	bytes     int64
	calls     int64
	sure      float64
	potential bool
	evidence  Evidence
}

// lastPart is what follows the last separator of an id.
func lastPart(id string) string {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i] == '/' || id[i] == ':' || id[i] == '|' {
			if i+1 < len(id) {
				return id[i+1:]
			}
			return id
		}
	}
	return id
}

// finish orders what was collected and gives the numbers of the ends in the
// new order.
func (m *maker) finish() {
	order := make([]int32, len(m.nodes))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(m.nodes[a].ID, m.nodes[b].ID) })
	place := make([]int32, len(order))
	nodes := make([]Node, len(order))
	for to, from := range order {
		nodes[to], place[from] = m.nodes[from], int32(to)
		m.byID[nodes[to].ID] = int32(to)
	}
	m.of = make([]*inventory.Resource, len(nodes))
	for i := range m.resources {
		m.of[place[i]] = &m.resources[i]
	}
	m.nodes = nodes
	// Names are looked up no more, and a million edges need the room.
	m.index, m.byKind, m.rulesOf, m.databases = nil, nil, nil, nil
	m.edges, m.ends = m.ledger.write(m.nodes, place)
	m.ledger = ledger{}
}
