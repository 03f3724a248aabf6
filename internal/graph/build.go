package graph

import (
	"maps"

	"example.com/landfall/internal/inventory"
)

// Build makes the graph from what exists and what was seen. It is a function
// of its arguments alone: order and repetition in them change nothing.
func Build(inv inventory.Inventory, seen Observed, o Options) Graph {
	g := Graph{SchemaVersion: Version, Inputs: map[string]string{}, Seeds: o.Seeds}
	maps.Copy(g.Inputs, inv.Inputs)
	maps.Copy(g.Inputs, seen.Inputs)
	if !seen.From.IsZero() || !seen.To.IsZero() {
		g.Window = &Window{From: seen.From.UTC(), To: seen.To.UTC()}
	}
	m := newMaker(inv, o)
	m.listenerRules()
	m.findDatabases()
	m.interfaces()
	for i := range m.resources {
		m.scan(int32(i))
		m.read(int32(i))
	}
	m.identities()
	m.observed(seen) // the last use of them: a million conversations make room for the edges
	m.asserted(o.Asserted)
	m.ledger.fold()
	m.finish()
	m.into, m.out = adjacent(len(m.nodes), m.ends, 1), adjacent(len(m.nodes), m.ends, 0)
	c := m.bound()
	m.networks()
	g.Flows = c.flows()
	m.sortQuestions()
	g.Nodes, g.Edges, g.Questions = m.nodes, m.edges, m.questions
	return g
}
