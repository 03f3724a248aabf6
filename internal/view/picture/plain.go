package picture

import (
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
)

// plainNode, plainLink and plainScene are the JSON form.
type plainNode struct {
	graph.Node
	VPC   string           `json:"vpc,omitempty"`
	VPCID cloud.ResourceID `json:"vpcId,omitempty"`
	// Folded counts by tier what it uses that is not drawn; Parts stand in its box.
	Folded map[graph.Tier]int `json:"folded,omitempty"`
	Parts  []part             `json:"parts,omitempty"`
}

type plainLink struct {
	From       cloud.ResourceID `json:"from"`
	To         cloud.ResourceID `json:"to"`
	Relations  []string         `json:"relations"`
	Ports      []string         `json:"ports"`
	Bytes      int64            `json:"bytes,omitempty"`
	Calls      int64            `json:"calls,omitempty"`
	Observed   bool             `json:"observed"`
	Potential  bool             `json:"potential"`
	Confidence float64          `json:"confidence"`
	Evidence   []string         `json:"evidence"`
}

type plainScene struct {
	Nodes []plainNode `json:"nodes"`
	Links []plainLink `json:"links"`
	// Hidden counts the nodes of the workload without a box of their own.
	Hidden int `json:"hidden"`
}

func (s *scene) plain() plainScene {
	p := plainScene{Nodes: []plainNode{}, Links: []plainLink{}, Hidden: s.hidden}
	for _, n := range s.nodes {
		band := s.bands[n.band]
		p.Nodes = append(p.Nodes, plainNode{n.Node, band.name, band.id, n.folded, n.parts})
	}
	for _, l := range s.links {
		p.Links = append(p.Links, plainLink{s.nodes[l.from].ID, s.nodes[l.to].ID, l.relations, append([]string{}, l.ports...), l.bytes, l.calls, l.observed, l.potential, l.confidence, append([]string{}, l.evidence...)})
	}
	return p
}
