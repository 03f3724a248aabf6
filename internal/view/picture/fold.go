package picture

import (
	"cmp"
	"slices"

	"example.com/landfall/internal/graph"
)

// folding says which nodes stand in the box of another one.
type folding struct {
	// hosts are the boxes that a node stands in, itself when it has its own.
	hosts [][]int
	// speaks says that the node's edges are drawn, from its host if need be.
	speaks []bool
	// member says that the host stands for the node: an instance of a group.
	member []bool
}

func (f folding) boxed(i int) bool { return len(f.hosts[i]) == 1 && f.hosts[i][0] == i }

// unfolded gives each node its own box.
func unfolded(c *chooser) folding {
	f := folding{hosts: make([][]int, len(c.Nodes)), speaks: make([]bool, len(c.Nodes)), member: make([]bool, len(c.Nodes))}
	for i := range c.Nodes {
		f.hosts[i], f.speaks[i] = []int{i}, true
	}
	return f
}

// step is one way of folding: into what.
type step struct {
	into   []int
	speaks bool
	member bool
}

// folded puts the minor nodes among the drawn ones into those they belong to.
func folded(c *chooser) folding {
	f := unfolded(c)
	steps := c.steps()
	const (
		settling = iota + 1
		settled
	)
	state := make([]int, len(c.Nodes))
	var settle func(i int) []int
	settle = func(i int) []int {
		if state[i] == settling {
			return nil // a circle is broken where it is entered again
		}
		if state[i] == settled || len(steps[i].into) == 0 {
			return f.hosts[i]
		}
		state[i] = settling
		var hosts []int
		speaks := steps[i].speaks
		for _, j := range steps[i].into {
			hosts = append(hosts, settle(j)...)
			speaks = speaks && f.speaks[j]
		}
		slices.Sort(hosts)
		hosts = slices.Compact(hosts)
		state[i] = settled
		if len(hosts) > 0 {
			f.hosts[i], f.speaks[i], f.member[i] = hosts, speaks, steps[i].member
		}
		return f.hosts[i]
	}
	order := make([]int, len(c.Nodes))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, c.byID)
	for _, i := range order {
		settle(i)
	}
	return f
}

// steps finds for each drawn node what it is to be folded into.
func (c *chooser) steps() []step {
	steps := make([]step, len(c.Nodes))
	answers := make([]bool, len(c.Nodes)) // records that lead to something drawn
	for i, e := range c.Edges {
		if from, to := c.ends[i][0], c.ends[i][1]; from >= 0 && to >= 0 && e.Relation == graph.ResolvesTo && !e.Potential {
			answers[from] = answers[from] || c.drawn[to] || c.Nodes[to].External && c.Nodes[from].Boundary != graph.Out
		}
	}
	for i, e := range c.Edges {
		from, to := c.ends[i][0], c.ends[i][1]
		if from < 0 || to < 0 || from == to || e.Potential || !c.drawn[from] || !c.drawn[to] {
			continue
		}
		child, host, st := c.belongs(from, to, e.Relation)
		if child < 0 || answers[child] || c.Nodes[host].External || c.Nodes[host].Boundary == graph.Out && c.Nodes[child].Boundary != graph.Out {
			continue
		}
		had := &steps[child]
		had.into = append(had.into, host)
		had.speaks = had.speaks || st.speaks
		had.member = had.member || st.member
	}
	for i := range steps {
		// Where a circle is broken must not depend on the order of the edges.
		slices.SortFunc(steps[i].into, c.byID)
		steps[i].into = slices.Compact(steps[i].into)
	}
	return steps
}

func (c *chooser) byID(a, b int) int { return cmp.Compare(c.Nodes[a].ID, c.Nodes[b].ID) }

// belongs says which end of an edge stands in the box of the other one: parts
// in what they are parts of, settings and disks in what uses them, and the
// instances of a group in the group. It is -1 for none.
func (c *chooser) belongs(from, to int, r graph.Relation) (child, host int, st step) {
	kind := c.Nodes[to].Kind
	switch r {
	case graph.AttachedTo, graph.PartOf, graph.AliasOf:
		// A topic's edge to the receiver is there without the subscription.
		k := c.Nodes[from].Kind
		return from, to, step{speaks: k != "AWS::SNS::Subscription" && k != "AWS::Route53::RecordSet"}
	case graph.SnapshotOf, graph.InZone:
		return from, to, step{}
	case graph.MemberOf:
		return from, to, step{speaks: true, member: true}
	case graph.HasVolume, graph.RunsImage, graph.UsesSettings:
		return to, from, step{}
	case graph.LaunchesFrom:
		return to, from, step{speaks: true}
	case graph.Launches:
		return to, from, step{speaks: true, member: true}
	case graph.Uses:
		if kind == "AWS::EC2::Snapshot" && c.Nodes[from].Kind == "AWS::EC2::Image" {
			return to, from, step{}
		}
	}
	return -1, -1, step{}
}

// gather lists the folded nodes at their hosts.
func (c *chooser) gather(s *scene, box []int) {
	for i, n := range c.Nodes {
		if !c.drawn[i] || c.fold.boxed(i) {
			continue
		}
		for _, h := range c.fold.hosts[i] {
			host := &s.nodes[box[h]]
			host.parts = append(host.parts, part{n.ID, n.Kind, n.Name, n.Boundary, c.fold.member[i]})
		}
	}
	for i := range s.nodes {
		slices.SortFunc(s.nodes[i].parts, func(a, b part) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID)) })
	}
}
