package proof_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
)

// pair makes two VPCs of two subnets each, joined in some way or not at all,
// with random routes, groups that name each other across, and network ACLs.
type pair struct {
	town
	link string
}

// numbered makes an id as AWS's are.
func numbered(kind string, parts ...int) string {
	n := 1
	for _, p := range parts {
		n = n*10 + p
	}
	return fmt.Sprintf("%s-%08d", kind, n)
}

// links are the ways to join two VPCs. A transit gateway honours references to
// groups of the other VPC only where it is told to.
func links() []string { return []string{"", "peering", "gateway", "gateway with references"} }

func (w *pair) build() []inventory.Resource {
	for v := range 2 {
		w.network(v)
	}
	switch w.link {
	case "peering":
		w.add("AWS::EC2::VPCPeeringConnection", "pcx-00000001", inventory.Properties{"Id": "pcx-00000001", "VpcId": numbered("vpc", 0), "PeerVpcId": numbered("vpc", 1)})
	case "gateway", "gateway with references":
		p := inventory.Properties{"Id": "tgw-00000001", "DefaultRouteTableAssociation": "enable", "DefaultRouteTablePropagation": "enable"}
		if w.link != "gateway" {
			p["SecurityGroupReferencingSupport"] = "enable"
		}
		w.add("AWS::EC2::TransitGateway", "tgw-00000001", p)
		for v := range 2 {
			id := numbered("tgw-attach", v)
			w.add("AWS::EC2::TransitGatewayAttachment", id, inventory.Properties{"Id": id, "TransitGatewayId": "tgw-00000001", "VpcId": numbered("vpc", v), "SubnetIds": []any{numbered("subnet", v, 0)}})
		}
	}
	for v := range 2 {
		w.across(v)
		w.closed(v)
	}
	return w.list
}

// network makes one VPC: its first subnet leaves by an internet gateway or not at
// all, its second by a NAT gateway in the first or as the first does.
func (w *pair) network(v int) {
	vpc, gate := numbered("vpc", v), numbered("igw", v)
	w.add("AWS::EC2::VPC", vpc, inventory.Properties{"VpcId": vpc, "CidrBlock": fmt.Sprintf("10.2%d.0.0/16", v)})
	w.add("AWS::EC2::InternetGateway", gate, inventory.Properties{"InternetGatewayId": gate})
	for i := range 2 {
		id, table := numbered("subnet", v, i), numbered("rtb", v, i)
		w.add("AWS::EC2::Subnet", id, inventory.Properties{"SubnetId": id, "VpcId": vpc, "CidrBlock": fmt.Sprintf("10.2%d.%d.0/24", v, i+1), "AvailabilityZone": "us-east-1a"})
		w.add("AWS::EC2::RouteTable", table, inventory.Properties{"RouteTableId": table, "VpcId": vpc})
		w.add("AWS::EC2::SubnetRouteTableAssociation", "a-"+table, inventory.Properties{"SubnetId": id, "RouteTableId": table})
		w.way(v, i, table)
	}
	nat := numbered("nat", v)
	w.add("AWS::EC2::NatGateway", nat, inventory.Properties{"NatGatewayId": nat, "SubnetId": numbered("subnet", v, 0), "ConnectivityType": "public"})
	for i := range 2 {
		id := numbered("sg", v, i)
		var in, out []any
		for range w.IntN(4) {
			in = append(in, w.crossing(v, true))
		}
		for range w.IntN(3) {
			out = append(out, w.crossing(v, false))
		}
		if w.IntN(2) == 0 {
			out = []any{map[string]any{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}}
		}
		w.add("AWS::EC2::SecurityGroup", id, inventory.Properties{"GroupId": id, "GroupName": "group-" + id, "GroupDescription": "test", "VpcId": vpc, "SecurityGroupIngress": in, "SecurityGroupEgress": out})
		p := inventory.Properties{"InstanceId": numbered("i", v, i), "SubnetId": numbered("subnet", v, i), "SecurityGroupIds": []any{id}, "PrivateIpAddress": fmt.Sprintf("10.2%d.%d.9", v, i+1), "State": map[string]any{"Name": "running"}}
		if i == 0 && w.IntN(2) == 0 {
			p["PublicIp"] = fmt.Sprintf("198.51.100.%d", v+1)
		}
		w.add("AWS::EC2::Instance", numbered("i", v, i), p)
	}
}

// way gives a route table a default route or none, and a black hole at times.
func (w *pair) way(v, i int, table string) {
	route := inventory.Properties{"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
	switch n := w.IntN(3); {
	case i == 1 && n == 0:
		route["NatGatewayId"] = numbered("nat", v)
	case n == 2:
		return
	default:
		route["GatewayId"] = numbered("igw", v)
	}
	w.add("AWS::EC2::Route", table+"-default", route)
}

// across gives some tables routes to all of the other VPC, or to one subnet.
func (w *pair) across(v int) {
	for i := range 2 {
		table := numbered("rtb", v, i)
		route := inventory.Properties{"RouteTableId": table, "DestinationCidrBlock": fmt.Sprintf([]string{"10.2%d.0.0/16", "10.2%d.0.0/16", "10.2%d.2.0/24"}[w.IntN(3)], 1-v)}
		switch w.link {
		case "":
			return
		case "peering":
			route["VpcPeeringConnectionId"] = "pcx-00000001"
		default:
			route["TransitGatewayId"] = "tgw-00000001"
		}
		if w.IntN(4) > 0 {
			w.add("AWS::EC2::Route", table+"-across", route)
		}
	}
}

// crossing draws a rule that names a group or a block of either VPC.
func (w *pair) crossing(v int, in bool) map[string]any {
	m := w.rule(1, in)
	for _, key := range []string{"SourceSecurityGroupId", "DestinationSecurityGroupId"} {
		if m[key] != nil {
			m[key] = numbered("sg", w.IntN(2), w.IntN(2))
		}
	}
	if m["CidrIp"] != nil {
		m["CidrIp"] = []string{"0.0.0.0/0", "10.0.0.0/8", "10.20.0.0/16", "10.21.0.0/16", "10.20.1.0/24", "10.21.2.0/25", "203.0.113.0/24"}[w.IntN(7)]
	}
	return m
}

// closed gives some subnets a network ACL with denies in both directions.
func (w *pair) closed(v int) {
	id := numbered("acl", v)
	w.add("AWS::EC2::NetworkAcl", id, inventory.Properties{"Id": id, "VpcId": numbered("vpc", v)})
	for _, egress := range []bool{false, true} {
		for j := range w.IntN(3) {
			e := w.entry(id, egress, 100+j*10)
			e["CidrBlock"] = []string{"0.0.0.0/0", "10.20.0.0/16", "10.21.0.0/16", "10.21.1.0/24", "203.0.113.0/24"}[w.IntN(5)]
			w.add("AWS::EC2::NetworkAclEntry", fmt.Sprintf("%s-%v-%d", id, egress, j), e)
		}
		w.add("AWS::EC2::NetworkAclEntry", fmt.Sprintf("%s-%v-99", id, egress), inventory.Properties{
			"NetworkAclId": id, "RuleNumber": 900.0, "Egress": egress, "RuleAction": "allow", "Protocol": "-1", "CidrBlock": "0.0.0.0/0",
		})
	}
	if i := w.IntN(3); i < 2 {
		w.add("AWS::EC2::SubnetNetworkAclAssociation", "assoc-"+id, inventory.Properties{"SubnetId": numbered("subnet", v, i), "NetworkAclId": id})
	}
}

// TestTwoNetworksAreProvedEqual draws pairs of VPCs: NSGs, routes and peerings of
// the design let the same packets through, but for what no NSG can say, and that
// is left closed. That the comparison itself is right is shown packet by packet
// in package reach.
func TestTwoNetworksAreProvedEqual(t *testing.T) {
	t.Parallel()
	met := map[string]int{}
	for seed := range uint64(60) {
		w := &pair{town: town{Rand: rand.New(rand.NewPCG(seed, 21))}, link: links()[seed%4]}
		d := designtest.Make(t, families(), w.build()...)
		if d.Network == nil || len(d.Network.Undecided) > 0 {
			t.Fatalf("seed %d: %+v", seed, d.Network)
		}
		for _, x := range d.Network.Differences {
			why := unsayable(x)
			if met[why]++; why == "" {
				t.Errorf("seed %d (%s): %s: %s (source: %s, target: %s)", seed, w.link, x.Name, x.Packet, x.SourceRule, x.TargetRule)
			}
		}
		if d.Network.Equal {
			met[w.link+" equal"]++
		}
	}
	for _, link := range links() {
		if met[link+" equal"] < 5 {
			t.Errorf("of the pairs joined by %q only %d are equal: %v", link, met[link+" equal"], met)
		}
	}
}
