package picture

import (
	"cmp"
	"slices"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
)

// scene is what is drawn: a part of the graph, in the order of the ids.
type scene struct {
	nodes []node
	links []link
	// bands are the networks that nodes stand in, with their names.
	bands []network
	// hidden counts the nodes of the workload that have no box of their own.
	hidden int
	focus  cloud.ResourceID
}

// network is a VPC; the one without id is all that stands in none.
type network struct {
	id   cloud.ResourceID
	name string
}

// node is a node of the picture.
type node struct {
	graph.Node
	// band is the VPC that it stands in, by its place in scene.bands.
	band int
	// folded counts by tier what it uses that is not drawn.
	folded map[graph.Tier]int
	// parts are the nodes without a box of their own that belong to it.
	parts []part
}

// part is a node that stands in the box of another one.
type part struct {
	ID       cloud.ResourceID `json:"id"`
	Kind     cloud.Kind       `json:"kind"`
	Name     string           `json:"name"`
	Boundary graph.Boundary   `json:"boundary"`
	// Member says that the box stands for several of these: the instances of a
	// group.
	Member bool `json:"member,omitempty"`
}

// chooser chooses the part of a graph that is drawn.
type chooser struct {
	graph.Graph
	options Options
	at      map[cloud.ResourceID]int
	// ends are the places of the edges' nodes, -1 for one that is not there.
	ends [][2]int
	// drawn nodes are in the picture, as a box or in one.
	drawn []bool
	fold  folding
}

// choose takes the part of the graph that is drawn.
func choose(g graph.Graph, o Options) (*scene, error) {
	c := &chooser{Graph: g, options: o, at: make(map[cloud.ResourceID]int, len(g.Nodes)), drawn: make([]bool, len(g.Nodes))}
	for i := range g.Nodes {
		c.at[g.Nodes[i].ID] = i
	}
	if _, ok := c.at[o.Focus]; !ok && o.Focus != "" {
		return nil, fault.Newf(fault.NotFound, "draw graph: it has no node %q", o.Focus).Hintf("landfall graph --format json lists all nodes")
	}
	c.ends = make([][2]int, len(g.Edges))
	for i, e := range g.Edges {
		c.ends[i] = [2]int{c.place(e.From), c.place(e.To)}
	}
	switch {
	case o.Focus != "":
		c.around()
		c.fold = unfolded(c)
	case o.All:
		for i := range c.drawn {
			c.drawn[i] = true
		}
		c.fold = unfolded(c)
	default:
		c.workload()
		c.fold = folded(c)
		c.touched()
		c.fold = folded(c)
	}
	return c.scene(), nil
}

func (c *chooser) place(id cloud.ResourceID) int {
	if i, ok := c.at[id]; ok {
		return i
	}
	return -1
}

// works reports whether the tier is always drawn.
func works(t graph.Tier) bool {
	switch t {
	case graph.TierEdge, graph.TierCompute, graph.TierIntegration, graph.TierData:
		return true
	}
	return false
}

// workload marks what is in or shared.
func (c *chooser) workload() {
	for i, n := range c.Nodes {
		c.drawn[i] = n.Boundary != graph.Out && works(n.Tier) && !slices.Contains(n.Marks, inventory.Deleted) && !slices.Contains(n.Marks, inventory.Default)
	}
}

// touched marks what works with the workload from outside of it; a folded tier
// stays folded, and who merely looks at the workload or operates it is no part
// of how it runs.
func (c *chooser) touched() {
	var list []int
	for i, e := range c.Edges {
		from, to := c.ends[i][0], c.ends[i][1]
		if from < 0 || to < 0 || e.Potential || c.drawn[from] == c.drawn[to] || e.Relation == graph.Operates || e.Relation == graph.Inspects {
			continue
		}
		inner, other := to, from
		if c.drawn[from] {
			inner, other = from, to
		}
		if n := c.Nodes[other]; c.fold.speaks[inner] && n.Boundary == graph.Out && (n.External || works(n.Tier)) {
			list = append(list, other)
		}
	}
	for _, i := range list {
		c.drawn[i] = true
	}
}

// around marks the focus and what is at most Depth edges away.
func (c *chooser) around() {
	next := make([][]int, len(c.Nodes))
	for i, e := range c.Edges {
		if from, to := c.ends[i][0], c.ends[i][1]; from >= 0 && to >= 0 && (c.options.All || !e.Potential) {
			next[from] = append(next[from], to)
			next[to] = append(next[to], from)
		}
	}
	ring := []int{c.at[c.options.Focus]}
	c.drawn[ring[0]] = true
	for depth := 0; depth < c.options.Depth && len(ring) > 0; depth++ {
		var further []int
		for _, i := range ring {
			for _, j := range next[i] {
				if !c.drawn[j] {
					c.drawn[j] = true
					further = append(further, j)
				}
			}
		}
		ring = further
	}
}

// scene makes boxes and links of what is drawn.
func (c *chooser) scene() *scene {
	s := &scene{focus: c.options.Focus}
	order := make([]int, 0, len(c.Nodes))
	for i, n := range c.Nodes {
		boxed := c.drawn[i] && c.fold.boxed(i)
		if boxed {
			order = append(order, i)
		} else if n.Boundary == graph.In {
			s.hidden++
		}
	}
	if m := c.options.Most; m > 0 && len(order) > m {
		s.nodes = make([]node, len(order)) // their number is all that is asked
		return s
	}
	slices.SortFunc(order, c.byID)
	box := make([]int, len(c.Nodes))
	for i := range box {
		box[i] = -1
	}
	networks := make([]network, len(order))
	for n, i := range order {
		box[i] = n
		networks[n] = c.vpc(i)
		s.nodes = append(s.nodes, node{Node: c.Nodes[i], folded: map[graph.Tier]int{}})
	}
	s.band(networks)
	c.gather(s, box)
	c.connect(s, box)
	return s
}

// band orders the networks by name, what stands in none last: the workload's
// own machines are what people look for first.
func (s *scene) band(of []network) {
	s.bands = slices.Clone(of)
	slices.SortFunc(s.bands, func(a, b network) int {
		if (a.id == "") != (b.id == "") {
			return cmp.Compare(b.id, a.id)
		}
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.id, b.id))
	})
	s.bands = slices.Compact(s.bands)
	place := make(map[network]int, len(s.bands))
	for i, b := range s.bands {
		place[b] = i
	}
	for i := range s.nodes {
		s.nodes[i].band = place[of[i]]
	}
}

// vpc follows the network of a node up to its VPC.
func (c *chooser) vpc(i int) network {
	for range 4 { // an interface stands in a subnet, a subnet in a VPC
		n := c.Nodes[i]
		if n.Kind == "AWS::EC2::VPC" {
			return network{n.ID, cmp.Or(n.Name, string(n.ID))}
		}
		next, ok := c.at[n.Network]
		if n.Network == "" || !ok {
			return network{}
		}
		i = next
	}
	return network{}
}
