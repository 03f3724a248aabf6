package picture

import (
	"bufio"
	"fmt"
	"strings"

	"example.com/landfall/internal/graph"
)

// longest bounds names in the text formats: their readers draw them in full.
const longest = 120

// mermaid writes a flowchart. Names stand in quotes, in which Mermaid minds the
// quote itself, what looks like an entity, and marks of Markdown.
func (s *scene) mermaid(b *bufio.Writer) {
	b.WriteString("flowchart LR\n")
	for i, members := range s.groups() {
		indent := "  "
		if s.bands[i].id != "" {
			fmt.Fprintf(b, "  subgraph g%d[\"VPC %s\"]\n", i, mermaidText(s.bands[i].name))
			indent = "    "
		}
		for _, k := range members {
			n := s.nodes[k]
			open, end := shapeOf(n.Tier)
			fmt.Fprintf(b, "%sn%d%s\"%s<br/>%s\"%s:::%s\n", indent, k, open, mermaidText(n.Name), mermaidText(subtitle(n)), end, classOf(n.Boundary))
		}
		if s.bands[i].id != "" {
			b.WriteString("  end\n")
		}
	}
	for _, l := range s.links {
		arrow := "-->"
		switch {
		case l.potential:
			arrow = "-.->"
		case l.observed:
			arrow = "==>"
		}
		ports := ""
		if len(l.ports) > 0 {
			ports = "|\"" + mermaidText(strings.Join(l.ports, ",")) + "\"|"
		}
		fmt.Fprintf(b, "  n%d %s%s n%d\n", l.from, arrow, ports, l.to)
	}
	b.WriteString("  classDef within stroke:#0072b2,stroke-width:2px\n  classDef shared stroke:#b3590a,stroke-width:2px,stroke-dasharray:7 3\n  classDef outside stroke:#8b949e,stroke-dasharray:2 3\n")
}

// classOf names the boundary by words that no format keeps for itself.
func classOf(b graph.Boundary) string {
	switch b {
	case graph.In:
		return "within"
	case graph.Shared:
		return "shared"
	}
	return "outside"
}

// shapeOf returns Mermaid's brackets for a tier.
func shapeOf(t graph.Tier) (open, end string) {
	switch t {
	case graph.TierData:
		return "[(", ")]"
	case graph.TierIntegration:
		return "[[", "]]"
	case graph.TierExternal:
		return "([", "])"
	}
	return "[", "]"
}

func mermaidText(s string) string {
	s = brief(Clean(strings.Join(strings.Fields(s), " ")), longest)
	return strings.NewReplacer("&", "&amp;", "\"", "#quot;", "<", "&lt;", ">", "&gt;", "#", "#35;", "`", "#96;", "*", "#42;", "_", "#95;").Replace(s)
}

// dot writes a digraph with a cluster for each network.
func (s *scene) dot(b *bufio.Writer) {
	b.WriteString("digraph landfall {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"Helvetica\"];\n")
	for i, members := range s.groups() {
		if s.bands[i].id != "" {
			fmt.Fprintf(b, "  subgraph cluster_%d {\n    label=%s;\n", i, dotText("VPC "+s.bands[i].name))
		}
		for _, k := range members {
			n := s.nodes[k]
			attributes := ", color=\"#8b949e\", style=\"rounded,dotted\""
			switch n.Boundary {
			case graph.In:
				attributes = ", color=\"#0072b2\", penwidth=1.8"
			case graph.Shared:
				attributes = ", color=\"#b3590a\", style=\"rounded,dashed\""
			}
			if n.Tier == graph.TierData {
				attributes += ", shape=cylinder"
			}
			fmt.Fprintf(b, "  n%d [label=%s, tooltip=%s%s];\n", k, dotText(brief(n.Name, longest)+"\n"+subtitle(n)), dotText(string(n.ID)), attributes)
		}
		if s.bands[i].id != "" {
			b.WriteString("  }\n")
		}
	}
	for _, l := range s.links {
		line := ""
		switch {
		case l.potential:
			line = ", style=dotted"
		case l.observed:
			line = ", color=\"#0072b2\", penwidth=1.8"
		}
		fmt.Fprintf(b, "  n%d -> n%d [label=%s, tooltip=%s%s];\n", l.from, l.to, dotText(strings.Join(l.ports, ",")), dotText(s.says(l)), line)
	}
	b.WriteString("}\n")
}

// dotText quotes a text by DOT's rules: a backslash before quotes and itself,
// \n for a new line. Entities are resolved inside of quotes, hence the &amp;.
func dotText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", " ", "&", "&amp;").Replace(Clean(s)) + `"`
}

// groups lists the nodes by band, in order.
func (s *scene) groups() [][]int {
	lists := make([][]int, len(s.bands))
	for i, n := range s.nodes {
		lists[n.band] = append(lists[n.band], i)
	}
	return lists
}
