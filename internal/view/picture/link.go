package picture

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/graph"
)

// link is all edges from one box to another.
type link struct {
	from, to  int
	relations []string
	ports     []string
	bytes     int64
	calls     int64
	// observed says that a log saw it, potential that nothing but the rules
	// allow it.
	observed, potential bool
	confidence          float64
	evidence            []string
}

// pair are two places.
type pair struct{ from, to int }

// connect merges the edges between boxes, and counts those to nodes that are
// not drawn at all.
func (c *chooser) connect(s *scene, box []int) {
	links := map[pair]*link{}
	counted := map[pair]bool{}
	for i, e := range c.Edges {
		from, to := c.ends[i][0], c.ends[i][1]
		if from < 0 || to < 0 || from == to || e.Potential && !c.options.All || !c.drawn[from] {
			continue
		}
		for _, h := range c.fold.hosts[from] {
			if key := (pair{h, to}); !c.drawn[to] && !counted[key] && !c.Nodes[h].External {
				counted[key] = true
				s.nodes[box[h]].folded[c.Nodes[to].Tier]++
			}
			if c.drawn[to] && c.fold.speaks[from] && c.fold.speaks[to] {
				c.join(links, box, pair{h, to}, e)
			}
		}
	}
	for _, l := range links {
		for _, list := range []*[]string{&l.relations, &l.ports, &l.evidence} {
			slices.Sort(*list)
			*list = slices.Compact(*list)
		}
		s.links = append(s.links, *l)
	}
	slices.SortFunc(s.links, func(a, b link) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
}

// join adds an edge to the links from a box to those that its end stands in.
func (c *chooser) join(links map[pair]*link, box []int, ends pair, e graph.Edge) {
	for _, h := range c.fold.hosts[ends.to] {
		key := pair{box[ends.from], box[h]}
		if key.from == key.to {
			continue
		}
		l := links[key]
		if l == nil {
			l = &link{from: key.from, to: key.to, potential: true}
			links[key] = l
		}
		l.add(e)
	}
}

func (l *link) add(e graph.Edge) {
	l.relations = append(l.relations, string(e.Relation))
	if e.Port > 0 {
		port := fmt.Sprint(e.Port)
		if e.Protocol != "" && e.Protocol != "tcp" {
			port += "/" + e.Protocol
		}
		l.ports = append(l.ports, port)
	}
	l.bytes += e.Bytes
	l.calls += e.Calls
	l.potential = l.potential && e.Potential
	l.confidence = max(l.confidence, e.Confidence)
	for _, v := range e.Evidence {
		l.evidence = append(l.evidence, strings.TrimSpace(v.Source+" "+v.At))
		l.observed = l.observed || v.Count > 0
	}
}

// says describes a link in one line.
func (s *scene) says(l link) string {
	text := brief(s.nodes[l.from].Name, 80) + " " + strings.Join(l.relations, ", ") + " " + brief(s.nodes[l.to].Name, 80)
	if len(l.ports) > 0 {
		text += ", port " + brief(strings.Join(l.ports, ", "), 80)
	}
	if l.bytes > 0 {
		text += ", " + graph.Volume(l.bytes)
	}
	if l.calls > 0 {
		text += fmt.Sprintf(", %d calls", l.calls)
	}
	return text + fmt.Sprintf(" (confidence %.2f)", l.confidence)
}
