package picture

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// drawn returns a picture's bytes.
func drawn(t testing.TB, g graph.Graph, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Draw(&b, g, o); err != nil {
		t.Fatalf("draw %s: %v", o.Format, err)
	}
	return b.Bytes()
}

// wellFormed reads all of an XML document by the strict rules.
func wellFormed(raw []byte) error {
	d := xml.NewDecoder(bytes.NewReader(raw))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func at(id, kind string, tier graph.Tier, boundary graph.Boundary) graph.Node {
	return graph.Node{ID: cloud.ResourceID(id), Kind: cloud.Kind(kind), Name: id, Tier: tier, Boundary: boundary, Reason: "by the test"}
}

func inside(n graph.Node, network string) graph.Node {
	n.Network = cloud.ResourceID(network)
	return n
}

func needs(from, to string, r graph.Relation) graph.Edge {
	return graph.Edge{From: cloud.ResourceID(from), To: cloud.ResourceID(to), Relation: r, Confidence: 0.9, Evidence: []graph.Evidence{{Source: "configuration", At: "Property"}}}
}

func seen(from, to string, port int, bytes int64) graph.Edge {
	e := needs(from, to, graph.ConnectsTo)
	e.Port, e.Protocol, e.Bytes = port, "tcp", bytes
	e.Evidence = []graph.Evidence{{Source: "flow-logs", Count: 7}}
	return e
}

// small is a shop with one of everything that is folded, shared or outside.
func small() graph.Graph {
	zone := at("zone", "AWS::Route53::HostedZone", graph.TierEdge, graph.In)
	internet := at(string(graph.Internet), "External::Network", graph.TierExternal, graph.Out)
	internet.Name, internet.External = "internet", true
	people := at("external:people", "External::Account", graph.TierExternal, graph.Out)
	people.External = true
	return graph.Graph{Nodes: []graph.Node{
		at("vpc", "AWS::EC2::VPC", graph.TierNetwork, graph.In),
		inside(at("subnet", "AWS::EC2::Subnet", graph.TierNetwork, graph.In), "vpc"),
		internet, people, zone,
		at("www.shop.example", "AWS::Route53::RecordSet", graph.TierEdge, graph.In),
		at("_dmarc.shop.example", "AWS::Route53::RecordSet", graph.TierEdge, graph.In),
		inside(at("lb", "AWS::ElasticLoadBalancingV2::LoadBalancer", graph.TierEdge, graph.In), "subnet"),
		at("listener", "AWS::ElasticLoadBalancingV2::Listener", graph.TierEdge, graph.In),
		at("rule", "AWS::ElasticLoadBalancingV2::ListenerRule", graph.TierEdge, graph.In),
		inside(at("group", "AWS::ElasticLoadBalancingV2::TargetGroup", graph.TierEdge, graph.In), "vpc"),
		inside(at("asg", "AWS::AutoScaling::AutoScalingGroup", graph.TierCompute, graph.In), "subnet"),
		inside(at("i-1", "AWS::EC2::Instance", graph.TierCompute, graph.In), "subnet"),
		inside(at("i-2", "AWS::EC2::Instance", graph.TierCompute, graph.In), "subnet"),
		at("vol-1", "AWS::EC2::Volume", graph.TierData, graph.In),
		at("snap-1", "AWS::EC2::Snapshot", graph.TierData, graph.In),
		at("vol-orphan", "AWS::EC2::Volume", graph.TierData, graph.In),
		at("role", "AWS::IAM::Role", graph.TierIdentity, graph.In),
		inside(at("db", "AWS::RDS::DBInstance", graph.TierData, graph.In), "subnet"),
		at("settings", "AWS::RDS::DBParameterGroup", graph.TierData, graph.In),
		at("exports-123456789012", "AWS::S3::Bucket", graph.TierData, graph.Shared),
		at("stranger", "AWS::Lambda::Function", graph.TierCompute, graph.Out),
		at("unrelated", "AWS::Lambda::Function", graph.TierCompute, graph.Out),
	}, Edges: []graph.Edge{
		needs("www.shop.example", "lb", graph.ResolvesTo), needs("www.shop.example", "zone", graph.InZone), needs("_dmarc.shop.example", "zone", graph.AttachedTo),
		needs("listener", "lb", graph.AttachedTo), needs("rule", "listener", graph.AttachedTo), needs("rule", "group", graph.ForwardsTo),
		needs("group", "i-1", graph.Targets), needs("asg", "i-1", graph.Launches), needs("asg", "i-2", graph.Launches),
		needs("i-1", "vol-1", graph.HasVolume), needs("snap-1", "vol-1", graph.SnapshotOf), needs("i-1", "role", graph.UsesRole),
		needs("db", "settings", graph.UsesSettings), needs("stranger", "exports-123456789012", graph.Writes),
		{From: "external:people", To: "db", Relation: graph.Inspects, Calls: 4},
		{From: "stranger", To: "db", Relation: graph.MayReach, Potential: true},
		seen("i-1", "db", 5432, 1<<30), seen("i-2", "db", 5432, 1<<20), seen("i-2", "exports-123456789012", 443, 1000), seen(string(graph.Internet), "lb", 443, 1<<33),
	}}
}

// anyGraph draws a graph of up to most nodes.
func anyGraph(t *rapid.T, most int) graph.Graph {
	kinds := []struct {
		kind cloud.Kind
		tier graph.Tier
	}{
		{"AWS::ElasticLoadBalancingV2::LoadBalancer", graph.TierEdge}, {"AWS::ElasticLoadBalancingV2::Listener", graph.TierEdge}, {"AWS::Route53::RecordSet", graph.TierEdge},
		{"AWS::EC2::Instance", graph.TierCompute}, {"AWS::AutoScaling::AutoScalingGroup", graph.TierCompute}, {"AWS::EC2::LaunchTemplate", graph.TierCompute},
		{"AWS::SQS::Queue", graph.TierIntegration}, {"AWS::SNS::Subscription", graph.TierIntegration}, {"AWS::S3::Bucket", graph.TierData}, {"AWS::EC2::Volume", graph.TierData},
		{"AWS::IAM::Role", graph.TierIdentity}, {"AWS::EC2::VPC", graph.TierNetwork}, {"Custom::Thing", "nobody knows"},
	}
	relations := []graph.Relation{graph.ConnectsTo, graph.AttachedTo, graph.Launches, graph.LaunchesFrom, graph.HasVolume, graph.ResolvesTo, graph.InZone, graph.MemberOf, graph.Uses, graph.Operates}
	var g graph.Graph
	count := rapid.IntRange(0, most).Draw(t, "nodes")
	for i := range count {
		k := rapid.SampledFrom(kinds).Draw(t, "kind")
		n := at(fmt.Sprintf("n%03d", i), string(k.kind), k.tier, rapid.SampledFrom([]graph.Boundary{graph.In, graph.In, graph.Shared, graph.Out}).Draw(t, "boundary"))
		if n.External = n.Boundary == graph.Out && i%3 == 0; n.External {
			n.Kind, n.Tier = graph.ExternalHost, graph.TierExternal
		}
		n.Network = cloud.ResourceID(fmt.Sprintf("n%03d", rapid.IntRange(0, count*2).Draw(t, "network")))
		g.Nodes = append(g.Nodes, n)
	}
	for range rapid.IntRange(0, 2*count).Draw(t, "edges") {
		from, to := rapid.IntRange(0, count).Draw(t, "from"), rapid.IntRange(0, count).Draw(t, "to")
		e := needs(fmt.Sprintf("n%03d", from), fmt.Sprintf("n%03d", to), rapid.SampledFrom(relations).Draw(t, "relation"))
		e.Port, e.Potential = rapid.IntRange(0, 2).Draw(t, "port"), from%9 == 0
		g.Edges = append(g.Edges, e)
	}
	return g
}
