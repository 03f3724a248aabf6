package network_test

import (
	"testing"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/network"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"pgregory.net/rapid"
)

// TestNothingBreaksOnJunk gives every kind of the family properties that are
// missing, null, of the wrong type or unresolved: a design comes out, and its
// bodies are valid.
func TestNothingBreaksOnJunk(t *testing.T) {
	t.Parallel()
	facts, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	kinds := cfn.Load()
	var all []*design.Design
	rapid.Check(t, func(rt *rapid.T) {
		inv, g := inventory.Inventory{}, graph.Graph{}
		for _, rule := range network.Family().Rules {
			for _, kind := range rule.Kinds {
				r := inventory.Resource{ID: cloud.ResourceID("arn:aws:x:us-east-1:1:" + string(kind)), Kind: kind, Name: "n-" + string(kind), Properties: inventory.Properties{}}
				schema, ok := kinds.Kind(kind)
				if ok {
					for _, field := range schema.Root.Fields {
						r.Properties[field.Name] = junk(rt, 0)
					}
				}
				inv.Resources = append(inv.Resources, r)
				g.Nodes = append(g.Nodes, graph.Node{ID: r.ID, Kind: kind, Name: r.Name, Identity: r.Name, Boundary: graph.In})
			}
		}
		d, err := design.Make(design.Input{Inventory: &inv, Graph: &g, Catalog: facts, Families: families(), Options: design.Options{Workload: "shop", Region: "eastus2", MergeSubnets: rapid.Bool().Draw(rt, "merge")}})
		if err != nil {
			rt.Fatal(err)
		}
		if len(d.Decisions) != len(inv.Resources) {
			rt.Fatalf("%d decisions for %d resources", len(d.Decisions), len(inv.Resources))
		}
		if len(all) < 20 {
			all = append(all, d)
		}
	})
	designtest.Check(t, all...)
}

func junk(t *rapid.T, depth int) any {
	kinds := []string{"arn:aws:x:us-east-1:1:AWS::EC2::VPC", "${param:Some}", "10.20.0.0/16", "10.20.1.0/24", "-1", "tcp", "443", "", "true", "default"}
	switch n := rapid.IntRange(0, 7).Draw(t, "junk"); {
	case n == 0:
		return nil
	case n == 1:
		return float64(rapid.IntRange(-5, 70000).Draw(t, "number"))
	case n == 2:
		return rapid.Bool().Draw(t, "bool")
	case n == 3 && depth < 3:
		return []any{junk(t, depth+1), junk(t, depth+1)}
	case n == 4 && depth < 3:
		m := map[string]any{}
		for _, key := range []string{"CidrIp", "IpProtocol", "FromPort", "ToPort", "SubnetId", "VpcId", "Cidr", "From", "To"} {
			if rapid.Bool().Draw(t, "has") {
				m[key] = junk(t, depth+1)
			}
		}
		return m
	}
	return rapid.SampledFrom(kinds).Draw(t, "text")
}

// TestEveryKindHasARule checks that no kind of CloudFormation in the family's
// services falls to the service map.
func TestEveryKindHasARule(t *testing.T) {
	t.Parallel()
	has := map[cloud.Kind]bool{}
	for _, rule := range network.Family().Rules {
		for _, kind := range rule.Kinds {
			has[kind] = true
		}
		if rule.Source == "" {
			t.Errorf("%s names no source", rule.Name)
		}
	}
	for _, prefix := range []string{"AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::Transit", "AWS::EC2::VPN", "AWS::EC2::ClientVpn", "AWS::EC2::IPAM", "AWS::EC2::TrafficMirror",
		"AWS::EC2::VerifiedAccess", "AWS::EC2::NetworkInsights", "AWS::EC2::SecurityGroup", "AWS::EC2::NetworkAcl", "AWS::EC2::NetworkInterface", "AWS::EC2::LocalGateway", "AWS::EC2::Route",
		"AWS::DirectConnect::", "AWS::NetworkFirewall::", "AWS::VpcLattice::", "AWS::ServiceDiscovery::"} {
		for _, kind := range cfn.Load().Kinds() {
			if len(kind) >= len(prefix) && string(kind[:len(prefix)]) == prefix && !has[kind] {
				t.Errorf("no rule for %s", kind)
			}
		}
	}
}
