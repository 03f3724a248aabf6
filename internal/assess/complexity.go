package assess

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
)

// Limits of the levels, in points, and of what one move can carry. The guide
// that this follows is made for one workload, simple to moderately complex,
// mostly independent and not mission-critical (Azure documentation, "Migrate a
// workload from AWS", scope); the numbers are ours.
const (
	moderatePoints = 40
	complexPoints  = 120
	mostSharing    = 10
	shortestRTO    = 300 // seconds
)

// complexity adds up points: few for each resource, more for what has to be
// decided, moved with its data, or rebuilt.
func (w *workload) complexity(readiness []Readiness, clients int) Complexity {
	count := map[string]int{}
	ready := map[State]int{}
	for _, r := range readiness {
		ready[r.State]++
	}
	borders := map[cloud.ResourceID]bool{}
	for _, e := range w.Graph.Edges {
		if !e.Potential && w.boundary(e.From) == graph.In && w.boundary(e.To) == graph.Shared {
			borders[e.To] = true
		}
	}
	for _, n := range w.Graph.Nodes {
		if n.Boundary != graph.In {
			continue
		}
		count["resources"]++
		if n.Tier == graph.TierData {
			count["data"]++
		}
	}
	parts := []Part{
		{Name: "resources in the workload", Count: count["resources"], Points: (count["resources"] + 9) / 10},
		{Name: "data stores", Count: count["data"], Points: 3 * count["data"]},
		{Name: "resources that need a redesign or have conditions", Count: ready[Conditions], Points: 2 * ready[Conditions]},
		{Name: "resources without a counterpart", Count: ready[NotReady], Points: 8 * ready[NotReady]},
		{Name: "resources that nobody has looked at", Count: ready[Unknown], Points: 3 * ready[Unknown]},
		{Name: "things shared with others", Count: len(borders), Points: 3 * len(borders)},
		{Name: "critical flows", Count: len(w.Graph.Flows), Points: 2 * len(w.Graph.Flows)},
		{Name: "open questions", Count: len(w.Graph.Questions), Points: len(w.Graph.Questions)},
		{Name: "clients outside", Count: clients, Points: clients},
	}
	c := Complexity{Parts: parts, Warnings: []string{}}
	for _, p := range parts {
		c.Score += p.Points
	}
	if len(borders) > mostSharing {
		c.Warnings = append(c.Warnings, "deep coupling: it shares more than ten things with other workloads")
	}
	if i := slices.IndexFunc(w.Graph.Flows, func(f graph.Flow) bool {
		return f.Criticality == graph.CriticalityHigh && f.RTOSeconds > 0 && f.RTOSeconds < shortestRTO
	}); i >= 0 {
		c.Warnings = append(c.Warnings, "mission-critical: flow "+w.Graph.Flows[i].Name+" must be back within five minutes")
	}
	switch {
	case len(c.Warnings) > 0:
		c.Level = "out-of-scope"
	case c.Score >= complexPoints:
		c.Level = "complex"
	case c.Score >= moderatePoints:
		c.Level = "moderate"
	default:
		c.Level = "simple"
	}
	return c
}

// completeness asks of each resource of the workload for an owner, of each
// working one for evidence that it is used and for metrics, and of each data
// store for a classification. A resource is settled when no question is open
// about it.
func (w *workload) completeness() Completeness {
	measured, seen := map[cloud.ResourceID]bool{}, map[cloud.ResourceID]bool{}
	for _, k := range w.Baseline.KPIs {
		if len(k.Values) > 0 {
			measured[k.Subject.ID] = true
			measured[k.Subject.Front] = true
		}
	}
	for i := range w.Graph.Edges {
		e := &w.Graph.Edges[i]
		if slices.ContainsFunc(e.Evidence, graph.Evidence.Observed) {
			seen[e.From], seen[e.To] = true, true
		}
	}
	works := func(t graph.Tier) bool {
		return t == graph.TierEdge || t == graph.TierCompute || t == graph.TierIntegration || t == graph.TierData
	}
	parts := []Cover{{Name: "owner"}, {Name: "dependency evidence from logs"}, {Name: "metrics"}, {Name: "data classification"}, {Name: "boundary settled"}}
	add := func(part int, id cloud.ResourceID, have bool) {
		p := &parts[part]
		p.Of++
		if have {
			p.Have++
		} else {
			p.Missing = append(p.Missing, id)
		}
	}
	asked := map[cloud.ResourceID]bool{}
	for _, q := range w.Graph.Questions {
		if !asked[q.About] {
			asked[q.About] = true
			add(4, q.About, false)
		}
	}
	for _, r := range w.Inventory.Resources {
		if !w.moves(r) {
			continue
		}
		tier := w.nodes[r.ID].Tier // what moves is in, and so a node
		if !asked[r.ID] {
			add(4, r.ID, true)
		}
		add(0, r.ID, tagged(r.Tags, "owner", "team", "contact"))
		if works(tier) {
			add(1, r.ID, seen[r.ID])
			add(2, r.ID, measured[r.ID])
		}
		if tier == graph.TierData {
			add(3, r.ID, tagged(r.Tags, "classification", "confidentiality", "sensitivity"))
		}
	}
	return summed(parts)
}

// summed gives each part the same weight. A part that nothing falls under says
// nothing, and of nothing at all nothing is known.
func summed(parts []Cover) Completeness {
	c := Completeness{Parts: parts}
	total, counted := 0, 0
	for i := range parts {
		p := &parts[i]
		if p.Missing == nil {
			p.Missing = []cloud.ResourceID{}
		}
		slices.Sort(p.Missing)
		if p.Of > 0 {
			total += 100 * p.Have / p.Of
			counted++
		}
	}
	if counted > 0 {
		c.Percent = total / counted
	}
	return c
}

// tagged reports whether a tag's key contains one of the words.
func tagged(tags cloud.Tags, words ...string) bool {
	for _, key := range tags.Keys() {
		low := strings.ToLower(key)
		if tags[key] != "" && slices.ContainsFunc(words, func(word string) bool { return strings.Contains(low, word) }) {
			return true
		}
	}
	return false
}
