package report

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
)

// ranked puts what belongs to the workload first.
func ranked(nodes []graph.Node) []*graph.Node {
	list := make([]*graph.Node, 0, len(nodes))
	for _, boundary := range []graph.Boundary{graph.In, graph.Shared, graph.Out} {
		for i := range nodes {
			if nodes[i].Boundary == boundary {
				list = append(list, &nodes[i])
			}
		}
	}
	return list
}

// answers is the piece of landfall.yaml that settles the questions, to be
// copied and corrected.
func answers(questions []graph.Question) string {
	var b strings.Builder
	for _, q := range questions {
		if len(q.Choices) == 0 {
			continue
		}
		if b.Len() == 0 {
			b.WriteString("boundary:\n  answers:\n")
		}
		fmt.Fprintf(&b, "    %s: %s\n", strconv.Quote(string(q.About)), q.Assumed)
	}
	return b.String()
}

// flowRow is a critical flow with its steps.
type flowRow struct {
	graph.Flow
	Steps []step
	More  int
}

// step is a component of a flow.
type step struct {
	graph.Node
	Place int
	// Single says that it cuts the flow alone.
	Single bool
	// KPIs counts those of it, Anchor is the first of them.
	KPIs   int
	Anchor string
}

// mostSteps bounds the components of a flow that the page lists.
const mostSteps = 50

// flowRows lists the components of each flow in the order of the flow.
func flowRows(g graph.Graph, kpis []kpiRow) []flowRow {
	nodes := make(map[cloud.ResourceID]*graph.Node, len(g.Nodes))
	for i := range g.Nodes {
		nodes[g.Nodes[i].ID] = &g.Nodes[i]
	}
	count, first := map[cloud.ResourceID]int{}, map[cloud.ResourceID]string{}
	for _, k := range kpis {
		id := cmp.Or(k.Subject.Front, k.Subject.ID)
		count[id]++
		first[id] = cmp.Or(first[id], k.Anchor)
	}
	list := make([]flowRow, 0, len(g.Flows))
	for _, f := range g.Flows {
		row := flowRow{Flow: f}
		for i, id := range f.Components {
			if i == mostSteps {
				row.More = len(f.Components) - mostSteps
				break
			}
			n := nodes[id]
			if n == nil {
				n = &graph.Node{ID: id}
			}
			row.Steps = append(row.Steps, step{Node: *n, Place: i + 1, Single: slices.Contains(f.SinglePoints, id), KPIs: count[id], Anchor: first[id]})
		}
		list = append(list, row)
	}
	return list
}

func functions(d Data) template.FuncMap {
	names := map[cloud.ResourceID]string{}
	for _, n := range d.Graph.Nodes {
		names[n.ID] = n.Name
	}
	zones := map[string]string{}
	for _, n := range d.Graph.Nodes {
		if n.Kind == "AWS::Route53::HostedZone" {
			zones[string(n.ID[strings.LastIndexByte(string(n.ID), '/')+1:])] = n.Name
		}
	}
	known := map[cloud.ResourceID]bool{}
	for i, n := range ranked(d.Graph.Nodes) {
		if i >= MaxRows {
			break
		}
		known[n.ID] = true
	}
	return template.FuncMap{
		"zone":   func(id string) string { return cmp.Or(zones[id], id) },
		"name":   func(id cloud.ResourceID) string { return cmp.Or(names[id], string(id)) },
		"known":  func(id cloud.ResourceID) bool { return known[id] },
		"first":  func(list any) (any, error) { return cut(list) },
		"volume": graph.Volume,
		"span":   Span,
		"date":   func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
		"percent": func(v float64) string {
			return strconv.FormatFloat(math.Round(v*1000)/10, 'f', -1, 64) + " %"
		},
		"yesno": func(b *bool) string {
			switch {
			case b == nil:
				return ""
			case *b:
				return "yes"
			}
			return "no"
		},
		"join":    join,
		"few":     func(list []cloud.ResourceID) []cloud.ResourceID { return list[:min(len(list), mostNamed)] },
		"beyond":  func(list []cloud.ResourceID) int { return max(len(list)-mostNamed, 0) },
		"value":   func(v any) string { return fmt.Sprint(v) },
		"seconds": func(n *int64) string { return seconds(n) },
	}
}

// mostNamed bounds what one cell of a table lists.
const mostNamed = 20

func join(list []string) string {
	text := strings.Join(list[:min(len(list), mostNamed)], ", ")
	if more := len(list) - mostNamed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func seconds(n *int64) string {
	if n == nil {
		return "the target's"
	}
	return fmt.Sprintf("%d s", *n)
}

// Span shows a number of seconds in hours, minutes and seconds without those
// that are none; "" for no time.
func Span(n int64) string {
	if n <= 0 {
		return ""
	}
	text := (time.Duration(n) * time.Second).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-len(zero)+1]
		}
	}
	return text
}
