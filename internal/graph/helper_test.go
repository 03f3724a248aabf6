package graph_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
)

const (
	account = "123456789012"
	region  = "us-east-1"
)

// resource is short for what a stock is made of.
type resource = inventory.Resource

// props are properties of a resource in a test.
type props = map[string]any

// stock collects the resources of a test.
type stock struct{ inventory.Inventory }

// arnOf builds the ids that the tests use, in AWS's own forms.
func arnOf(service, rest string) cloud.ResourceID {
	switch service {
	case "s3":
		return cloud.ResourceID("arn:aws:s3:::" + rest)
	case "iam":
		return cloud.ResourceID("arn:aws:iam::" + account + ":" + rest)
	}
	return cloud.ResourceID("arn:aws:" + service + ":" + region + ":" + account + ":" + rest)
}

// add puts a resource in; the owner becomes the tag "workload".
func (s *stock) add(kind string, id cloud.ResourceID, name, owner string, p props) *inventory.Resource {
	r := inventory.Resource{ID: id, Kind: cloud.Kind(kind), Name: name, Account: account, Region: region, Properties: p, Tags: cloud.Tags{}}
	if owner != "" {
		r.Tags["workload"] = owner
	}
	s.Resources = append(s.Resources, r)
	return &s.Resources[len(s.Resources)-1]
}

// ec2 adds a resource of EC2 by its physical id.
func (s *stock) ec2(kind, id, owner string, p props) cloud.ResourceID {
	path := strings.ToLower(strings.TrimPrefix(kind, "AWS::EC2::"))
	full := arnOf("ec2", path+"/"+id)
	s.add(kind, full, id, owner, p)
	return full
}

func shopSeeds() graph.Options {
	return graph.Options{Seeds: graph.Seeds{Tags: cloud.Tags{"workload": "shop"}}}
}

func (s *stock) build(seen graph.Observed) graph.Graph {
	return graph.Build(s.Inventory, seen, shopSeeds())
}

// edge finds an edge, nil for none.
func edge(g *graph.Graph, from, to cloud.ResourceID, rel graph.Relation) *graph.Edge {
	for i := range g.Edges {
		if e := &g.Edges[i]; e.From == from && e.To == to && e.Relation == rel {
			return e
		}
	}
	return nil
}

func wantEdge(t *testing.T, g *graph.Graph, from, to cloud.ResourceID, rel graph.Relation) *graph.Edge {
	t.Helper()
	e := edge(g, from, to, rel)
	if e == nil {
		t.Errorf("no edge %s -%s-> %s; there are:\n%s", from, rel, to, edgesOf(g, from))
		return &graph.Edge{}
	}
	return e
}

func edgesOf(g *graph.Graph, id cloud.ResourceID) string {
	var b strings.Builder
	for _, e := range g.Edges {
		if e.From == id || e.To == id {
			b.WriteString(string(e.From) + " -" + string(e.Relation) + "-> " + string(e.To) + "\n")
		}
	}
	return b.String()
}

func node(t *testing.T, g *graph.Graph, id cloud.ResourceID) graph.Node {
	t.Helper()
	for _, n := range g.Nodes {
		if n.ID == id {
			return n
		}
	}
	t.Fatalf("no node %s", id)
	return graph.Node{}
}

func wantBoundary(t *testing.T, g *graph.Graph, want graph.Boundary, ids ...cloud.ResourceID) {
	t.Helper()
	for _, id := range ids {
		if n := node(t, g, id); n.Boundary != want {
			t.Errorf("%s is %s (%s), want %s", id, n.Boundary, n.Reason, want)
		}
	}
}

func asked(g *graph.Graph, id cloud.ResourceID) bool {
	for _, q := range g.Questions {
		if q.About == id {
			return true
		}
	}
	return false
}
