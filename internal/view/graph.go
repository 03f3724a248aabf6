package view

import (
	"cmp"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
)

// Drawn is the result of "landfall graph" with a file.
type Drawn struct {
	File   string `json:"file"`
	Format string `json:"format"`
	Bytes  int    `json:"bytes"`
}

// Text writes the result for a person.
func (r Drawn) Text(p *Paper) {
	p.Line("wrote %s (%s, %s)", r.File, r.Format, graph.Volume(int64(r.Bytes)))
}

// The widths of names in a table of nodes, so that it fits 120 columns.
const (
	nodeWidth = 36
	viaWidth  = 24
)

// ReachedNode is a node that another reaches.
type ReachedNode struct {
	graph.Reach
	Kind     cloud.Kind     `json:"kind"`
	Name     string         `json:"name"`
	Boundary graph.Boundary `json:"boundary"`
}

// Reached is the result of "landfall graph needs" and "dependents".
type Reached struct {
	Node  cloud.ResourceID `json:"node"`
	Name  string           `json:"name"`
	Verb  string           `json:"verb"`
	Nodes []ReachedNode    `json:"nodes"`
}

// Text writes the result for a person.
func (r Reached) Text(p *Paper) {
	if len(r.Nodes) == 0 {
		p.Line("%s %s nothing", r.Name, r.Verb)
		return
	}
	p.Line("%s %s %s", r.Name, r.Verb, plural(int64(len(r.Nodes)), "node", "nodes"))
	names := map[cloud.ResourceID]string{}
	for _, n := range r.Nodes {
		names[n.ID] = n.Name
	}
	rows := [][]string{{"STEPS", "BOUNDARY", "KIND", "NAME", "BY WAY OF"}}
	for _, n := range r.Nodes {
		via := ""
		if len(n.Path) > 2 {
			before := n.Path[len(n.Path)-2]
			via = cmp.Or(names[before], string(before))
		}
		rows = append(rows, []string{plural(int64(n.Depth), "step", "steps"), string(n.Boundary), strings.TrimPrefix(string(n.Kind), "AWS::"), narrow(n.Name, nodeWidth), narrow(via, viaWidth)})
	}
	p.Line("")
	p.Table(rows)
}

// Cut is the result of "landfall graph cut".
type Cut struct {
	From cloud.ResourceID `json:"from"`
	To   cloud.ResourceID `json:"to"`
	// Reachable says whether there is a way at all, Possible whether nodes in
	// between can cut it.
	Reachable bool               `json:"reachable"`
	Possible  bool               `json:"possible"`
	Nodes     []cloud.ResourceID `json:"nodes"`
}

// Text writes the result for a person.
func (r Cut) Text(p *Paper) {
	switch {
	case !r.Reachable:
		p.Line("%s does not need %s", r.From, r.To)
	case !r.Possible:
		p.Line("%s needs %s directly: nothing in between cuts that", r.From, r.To)
	default:
		p.Line("without %s, %s no longer reaches %s:", plural(int64(len(r.Nodes)), "node", "nodes"), r.From, r.To)
		for _, id := range r.Nodes {
			p.Line("  %s", id)
		}
	}
}

// Cycles is the result of "landfall graph cycles".
type Cycles struct {
	Rings [][]cloud.ResourceID `json:"rings"`
}

// Text writes the result for a person.
func (r Cycles) Text(p *Paper) {
	if len(r.Rings) == 0 {
		p.Line("no nodes need each other around a ring")
		return
	}
	for i, ring := range r.Rings {
		var members []string
		for _, id := range ring {
			members = append(members, string(id))
		}
		p.Line("%d. %s", i+1, strings.Join(members, "\n   "))
	}
}
