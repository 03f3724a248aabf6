package graph

import (
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// Difference tells where two graphs do not describe the same workload. Nodes
// are "kind name", edges "kind name -relation-> kind name".
type Difference struct {
	OnlyFirstNodes  []string `json:"onlyFirstNodes"`
	OnlySecondNodes []string `json:"onlySecondNodes"`
	OnlyFirstEdges  []string `json:"onlyFirstEdges"`
	OnlySecondEdges []string `json:"onlySecondEdges"`
}

// Empty reports whether the graphs describe the same.
func (d Difference) Empty() bool {
	return len(d.OnlyFirstNodes)+len(d.OnlySecondNodes)+len(d.OnlyFirstEdges)+len(d.OnlySecondEdges) == 0
}

// Compare says whether two graphs describe the same workload: one read live,
// say, and one from a template. Nodes are the same when kind and identity
// are, whatever their ids. Left out is what cannot be in a template: what
// AWS makes by itself (interfaces, volumes, instances of a group, for which
// their owner stands), what was seen in logs, and what is neither in nor
// shared. What is shared may be missing on one side, for a template names
// others' things by their ARN alone. Kinds that only join two others count as
// the edge between the two.
func Compare(first, second Graph) Difference {
	a, b := outlined(&first), outlined(&second)
	a.forgive(&b)
	b.forgive(&a)
	return Difference{
		OnlyFirstNodes: missing(a.nodes, b.nodes), OnlySecondNodes: missing(b.nodes, a.nodes),
		OnlyFirstEdges: missing(a.edges, b.edges), OnlySecondEdges: missing(b.edges, a.edges),
	}
}

// outline is what Compare sees of a graph: whether each node is shared, and
// the ends of each edge.
type outline struct {
	nodes map[string]bool
	edges map[string][2]string
}

// forgive takes out what is shared and the other side lacks.
func (o *outline) forgive(other *outline) {
	for name, shared := range o.nodes {
		if _, ok := other.nodes[name]; ok || !shared {
			continue
		}
		delete(o.nodes, name)
		maps.DeleteFunc(o.edges, func(_ string, ends [2]string) bool { return ends[0] == name || ends[1] == name })
	}
}

// missing are the members of a that b lacks, in order.
func missing[V any](a, b map[string]V) []string {
	list := []string{}
	for _, s := range slices.Sorted(maps.Keys(a)) {
		if _, ok := b[s]; !ok {
			list = append(list, s)
		}
	}
	return list
}

func outlined(g *Graph) outline {
	o := outline{map[string]bool{}, map[string][2]string{}}
	stand, placed := standIns(g), placedInSubnets(g)
	names := map[cloud.ResourceID]string{}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if !compared(n) || stand[n.ID] != "" {
			continue
		}
		name := n.Identity
		if name == "" {
			name = n.Name
		}
		names[n.ID] = string(n.Kind) + " " + name
		o.nodes[names[n.ID]] = n.Boundary == Shared
	}
	for i := range g.Edges {
		e := &g.Edges[i]
		// What a launched instance needs, its launch template needs.
		from, to := names[e.From], names[finally(e.To, stand)]
		if from == "" || to == "" || from == to || !configuredEdge(e) || e.Relation == InVPC && placed[e.From] {
			continue
		}
		o.edges[from+" -"+string(e.Relation)+"-> "+to] = [2]string{from, to}
	}
	return o
}

// placedInSubnets marks what stands in subnets: only the API says of it as well
// in which VPC that is.
func placedInSubnets(g *Graph) map[cloud.ResourceID]bool {
	placed := map[cloud.ResourceID]bool{}
	for i := range g.Edges {
		if g.Edges[i].Relation == InSubnet {
			placed[g.Edges[i].From] = true
		}
	}
	return placed
}

func compared(n *Node) bool {
	if n.External || n.Boundary == Out {
		return false
	}
	// A zone's own records come with it.
	if n.Kind == "AWS::Route53::RecordSet" && (strings.HasSuffix(n.Identity, " NS") || strings.HasSuffix(n.Identity, " SOA")) {
		return false
	}
	for _, mark := range []inventory.Mark{inventory.Deleted, inventory.Default, inventory.ServiceLinked, inventory.Operator} {
		if slices.Contains(n.Marks, mark) {
			return false
		}
	}
	return !made(n.Kind)
}

// configuredEdge reports whether the configuration alone makes an edge.
func configuredEdge(e *Edge) bool {
	if e.Relation == DependsOn || e.Relation == LogsTo && len(e.Evidence) > 0 && e.Evidence[0].Source == fromConvention {
		return false
	}
	return slices.ContainsFunc(e.Evidence, func(why Evidence) bool { return !observed(why.Source) })
}

// standIns maps what a group launched, and what is a part of something, to
// what stands for it in a template.
func standIns(g *Graph) map[cloud.ResourceID]cloud.ResourceID {
	kinds := make(map[cloud.ResourceID]cloud.Kind, len(g.Nodes))
	for i := range g.Nodes {
		kinds[g.Nodes[i].ID] = g.Nodes[i].Kind
	}
	stand := map[cloud.ResourceID]cloud.ResourceID{}
	for i := range g.Edges {
		e := &g.Edges[i]
		switch {
		case e.Relation == Launches, e.Relation == HasInterface, e.Relation == HasVolume:
			if strings.HasPrefix(string(kinds[e.To]), "AWS::EC2::") {
				stand[e.To] = e.From
			}
		case e.Relation == PartOf || e.Relation == AttachedTo && made(kinds[e.From]):
			stand[e.From] = e.To
		}
	}
	return stand
}

// finally follows stand-ins; a ring of them, which only a broken graph has,
// ends after a few steps.
func finally(id cloud.ResourceID, stand map[cloud.ResourceID]cloud.ResourceID) cloud.ResourceID {
	for range 8 {
		next, ok := stand[id]
		if !ok {
			break
		}
		id = next
	}
	return id
}
