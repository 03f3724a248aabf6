package graph_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/sandbox/seed"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/bookshop"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// truth finds the node of a seeded resource. Records are told apart by name,
// type and set, as the seed's id of them has it.
func truth(g *graph.Graph, r seed.Resource, used map[cloud.ResourceID]bool) *graph.Node {
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if n.Kind != r.Kind || used[n.ID] || !called(n, r) {
			continue
		}
		used[n.ID] = true
		return n
	}
	return nil
}

func called(n *graph.Node, r seed.Resource) bool {
	id := string(n.ID)
	if r.Kind == "AWS::Route53::RecordSet" {
		parts := strings.Split(r.ID, "/")
		set := ""
		if len(parts) > 3 {
			set = parts[3]
		}
		return strings.Contains(id, parts[0]) && n.Identity == strings.TrimSpace(strings.TrimSuffix(parts[1], ".")+" "+parts[2]+" "+set)
	}
	short := r.ID
	if r.Kind == "AWS::SQS::Queue" {
		short = short[strings.LastIndexByte(short, '/')+1:]
	}
	return id == short || n.Name == short || strings.HasSuffix(id, "/"+strings.TrimPrefix(short, "/")) || strings.HasSuffix(id, ":"+short) || strings.HasSuffix(id, "|"+short)
}

// expected is the boundary that the seed knows.
func expected(r seed.Resource) graph.Boundary {
	switch {
	case len(r.UsedBy) > 0:
		return graph.Shared
	case r.Workload == "bookshop":
		return graph.In
	}
	return graph.Out
}

// TestBookshopIsExact: everything that was seeded has the boundary that the
// seed knows, and the box that reads the database unasked is asked about.
func TestBookshopIsExact(t *testing.T) {
	t.Parallel()
	inv, seen, sum := bookshop.Seeded(t)
	g := graph.Build(inv, seen, graph.Options{Seeds: graph.Seeds{Tags: cloud.Tags{"workload": "bookshop"}}})
	used, tags := map[cloud.ResourceID]bool{}, map[cloud.ResourceID]cloud.Tags{}
	for i := range inv.Resources {
		tags[inv.Resources[i].ID] = inv.Resources[i].Tags
	}
	compared := 0
	for _, r := range sum.Truth.Resources {
		n := truth(&g, r, used)
		switch {
		case n == nil:
			// What the scan could not read is the scan's to list.
			t.Logf("%s %s is not in the inventory", r.Kind, r.ID)
			continue
		case r.Kind == "AWS::CloudFront::OriginAccessControl":
			// The control plane behind the sandbox forgets which distribution uses it.
			continue
		case !r.Untagged && len(tags[n.ID]) == 0:
			t.Logf("the tags of %s were not read", n.ID)
			continue
		}
		compared++
		if want := expected(r); n.Boundary != want {
			t.Errorf("%s %s is %s (%s), the seed says %s", n.Kind, n.Name, n.Boundary, n.Reason, want)
		}
	}
	if compared < len(sum.Truth.Resources)*9/10 {
		t.Errorf("only %d of %d seeded resources were compared", compared, len(sum.Truth.Resources))
	}
	report := arnOf("ec2", "instance/"+sum.Strays.Instance)
	db := arnOf("rds", "db:"+sum.Bookshop.Database)
	if e := wantEdge(t, &g, report, db, graph.ConnectsTo); e.Bytes == 0 || e.Port != 5432 || !asked(&g, report) {
		t.Errorf("the report box: %+v, asked %v", e, asked(&g, report))
	}
	if e := edge(&g, arnOf("ec2", "instance/"+sum.Payroll.Instance), db, graph.ConnectsTo); e != nil {
		t.Errorf("payroll was refused at the shop's database: %+v", e)
	}
	conversations(t, &g, sum)
	sameAsTemplate(t, g)
}

// conversations: each accepted edge of the flow logs is in the graph, with its
// port. What stands for the internet as a server is a host each.
func conversations(t *testing.T, g *graph.Graph, sum seed.Summary) {
	t.Helper()
	ids := func(name string) cloud.ResourceID {
		switch name {
		case "internet":
			return graph.Internet
		case "s3", "dynamodb", "amazon":
			return cloud.ResourceID("external:service/" + strings.ToUpper(name))
		}
		for _, n := range g.Nodes {
			if n.Kind.Service() != "KMS" && (string(n.ID) == name || strings.HasSuffix(string(n.ID), "/"+name) || strings.HasSuffix(string(n.ID), ":"+name) && n.Kind != "AWS::Logs::LogGroup" && n.Tier != graph.TierNetwork) {
				return n.ID
			}
		}
		return ""
	}
	for _, want := range sum.Truth.History.Edges {
		from, to := ids(want.From), ids(want.To)
		if !want.Accepted || want.To == "internet" {
			continue
		}
		found := false
		for _, e := range g.Edges {
			found = found || e.From == from && e.To == to && e.Relation == graph.ConnectsTo && e.Port == want.Port && e.Bytes > 0
		}
		if !found {
			t.Errorf("no edge %s (%s) -> %s (%s) on port %d:\n%s", from, want.From, to, want.To, want.Port, edgesOf(g, from))
		}
	}
}
