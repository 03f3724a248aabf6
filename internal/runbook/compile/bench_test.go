package compile_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/runbook/check"
	"example.com/landfall/internal/runbook/compile"
	"example.com/landfall/internal/runbook/page"
)

// estate is a workload of as many sets of data of all sorts, each with what
// hangs on it, and with a name for every twentieth.
func estate(sets int) compile.Input {
	inv, g, d := &inventory.Inventory{}, &graph.Graph{}, &design.Design{Workload: "estate"}
	add := func(kind, name string, properties map[string]any, toDo ...string) cloud.ResourceID {
		id := cloud.ResourceID("arn:aws:any:us-east-1:123456789012:" + strings.ToLower(kind) + "/" + name)
		target := cloud.ResourceID("target/" + name)
		r := inventory.Resource{ID: id, Kind: cloud.Kind(kind), Name: name, Properties: properties}
		inv.Resources = append(inv.Resources, r)
		g.Nodes = append(g.Nodes, graph.Node{ID: id, Kind: r.Kind, Name: name, Boundary: graph.In})
		d.Decisions = append(d.Decisions, design.Decision{Source: id, Kind: r.Kind, Name: name, Action: design.Migrate, Targets: []cloud.ResourceID{target}, Why: "it has a counterpart", ToDo: toDo})
		d.Resources = append(d.Resources, design.Resource{ID: target, Type: "Microsoft.DBforPostgreSQL/flexibleServers"})
		return id
	}
	need := func(from, to cloud.ResourceID, r graph.Relation) {
		g.Edges = append(g.Edges, graph.Edge{From: from, To: to, Relation: r, Confidence: 1})
	}
	kinds := []string{"AWS::RDS::DBInstance", "AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::EFS::FileSystem", "AWS::ElastiCache::CacheCluster"}
	var last cloud.ResourceID
	for i := range sets {
		properties := map[string]any{}
		if kinds[i%len(kinds)] == "AWS::RDS::DBInstance" {
			properties = map[string]any{"Engine": "postgres", "AllocatedStorage": 20.0}
		}
		data := add(kinds[i%len(kinds)], fmt.Sprintf("data-%04d", i), properties)
		function := add("AWS::Lambda::Function", fmt.Sprintf("worker-%04d", i), nil, "read its code for calls of AWS services")
		need(function, data, graph.Reads)
		if i%20 != 0 && last != "" {
			need(data, last, graph.DependsOn) // chains of twenty, so that there are waves
		}
		last = data
		if i%20 == 0 {
			front := add("AWS::ElasticLoadBalancingV2::LoadBalancer", fmt.Sprintf("front-%04d", i), map[string]any{"Type": "application"})
			record := add("AWS::Route53::RecordSet", fmt.Sprintf("shop-%04d.example.", i), map[string]any{"Name": fmt.Sprintf("shop-%04d.example.", i), "Type": "CNAME", "TTL": 3600.0})
			need(record, front, graph.ResolvesTo)
			need(front, function, graph.RoutesTo)
			last = ""
		}
	}
	return compile.Input{Inventory: inv, Graph: g, Design: d, Choices: compile.Choices{TwoPersons: true,
		Environments: []compile.Environment{{Name: "test"}, {Name: "production", Production: true}}}}
}

// A wide estate is planned as a small one is: its runbook may be approved, and
// is explored as a whole.
func TestWideEstate(t *testing.T) {
	t.Parallel()
	in := estate(300)
	random := rand.New(rand.NewPCG(3, 4))
	for _, s := range runbook.Strategies() {
		r := compiled(t, in, s)
		if again := compiled(t, shuffled(t, in, random), s); !bytes.Equal(encoded(t, again), encoded(t, r)) {
			t.Errorf("%s: the order of the input changes the runbook", s)
		}
		needs := 0
		for i := range r.Steps {
			needs += len(r.Steps[i].Needs)
		}
		if needs > 8*len(r.Steps) {
			t.Errorf("%s: %d steps name %d needs", s, len(r.Steps), needs)
		}
		// Whatever has no room is counted; the line of no return is always drawn.
		picture := string(page.Files(r, "sha256:0")[1].Content)
		if rows := strings.Count(picture, "<g><title>"); rows > 320 || !strings.Contains(picture, "not drawn for want of room") || !strings.Contains(picture, "everything above can be undone") {
			t.Errorf("%s: the picture has %d rows", s, rows)
		}
		for _, f := range check.Runbook(r) {
			if f.Blocks || strings.HasPrefix(f.ID, "explore.") {
				t.Errorf("%s: %s %s %v", s, f.ID, f.Text, f.Example)
			}
		}
	}
}

// Planning 2,000 sets of data, in parts.
func BenchmarkPlan(b *testing.B) {
	in := estate(2000)
	for _, s := range []runbook.Strategy{runbook.BlueGreen, runbook.Phased} {
		r := compiled(b, in, s)
		b.Run("compile/"+string(s), func(b *testing.B) {
			for b.Loop() {
				compiled(b, in, s)
			}
			b.ReportMetric(float64(len(r.Steps)), "steps")
		})
		b.Run("check/"+string(s), func(b *testing.B) {
			for b.Loop() {
				for _, f := range check.Runbook(r) {
					if f.Blocks {
						b.Fatalf("%s %s", f.ID, f.Text)
					}
				}
			}
		})
		b.Run("pages/"+string(s), func(b *testing.B) {
			for b.Loop() {
				page.Files(r, "sha256:0")
			}
		})
	}
}
