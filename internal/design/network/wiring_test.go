package network_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
)

const ways = `
  Box: {Type: AWS::EC2::Instance, Properties: {ImageId: ami-1, SubnetId: !Ref ASub}}
  Gate: {Type: AWS::EC2::InternetGateway}
  Gw: {Type: AWS::EC2::VPNGateway, Properties: {Type: ipsec.1}}
  GwOn: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref A, VpnGatewayId: !Ref Gw}}
  T: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref A, Tags: [{Key: Name, Value: t}]}}
  On: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {RouteTableId: !Ref T, SubnetId: !Ref ASub}}
  Nat: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref ASub, ConnectivityType: private, Tags: [{Key: Name, Value: nat}]}}
  Lone: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref A, Tags: [{Key: Name, Value: lone}]}}
  R1: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationCidrBlock: 0.0.0.0/0, InstanceId: !Ref Box}}
  R2: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationCidrBlock: 192.168.0.0/16, GatewayId: !Ref Gw}}
  R3: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationCidrBlock: 203.0.113.0/24, GatewayId: !Ref Gate}}
  R4: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationCidrBlock: 198.51.100.0/24, CoreNetworkArn: "arn:aws:networkmanager::1:core-network/core-1"}}
  R5: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationCidrBlock: 192.0.2.0/24, LocalGatewayId: lgw-1}}
`

func TestRoutes(t *testing.T) {
	t.Parallel()
	d := made(t, vpc("A", "10.0.0.0/16", "10.0.1.0/24")+ways)
	designtest.Check(t, d)
	got := map[string]string{}
	for _, m := range design.Maps(design.At(designtest.One(t, d, "Microsoft.Network/routeTables").Body, "properties.routes")) {
		got[design.Text(m, "properties.addressPrefix")] = design.Text(m, "properties.nextHopType") + " " + design.Text(m, "properties.nextHopIpAddress")
	}
	for to, hop := range map[string]string{
		"0.0.0.0/0": "VirtualAppliance [parameters('nextHopBox')]", "192.168.0.0/16": "VirtualNetworkGateway ", "203.0.113.0/24": "Internet ",
	} {
		if got[to] != hop {
			t.Errorf("%s: %q, want %q", to, got[to], hop)
		}
	}
	if len(got) != 3 {
		t.Errorf("routes %v", got)
	}
	for name, want := range map[string]design.Action{"t": design.Migrate, "lone": design.Replace, "nat": design.Manual, "R1": design.Replace, "R5": design.Replace, "Gate": design.Replace, "Gw": design.Migrate} {
		if x := designtest.Decision(t, d, name); x.Action != want {
			t.Errorf("%s: %s, %s", name, x.Action, x.Why)
		}
	}
	if x := designtest.Decision(t, d, "R5"); len(x.ToDo) == 0 {
		t.Error("a way that nobody knows needs a person")
	}
}

const filters = `
  G:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupName: g
      GroupDescription: g
      VpcId: !Ref A
      SecurityGroupIngress:
        - {IpProtocol: "47", CidrIp: 10.0.0.0/16}
        - {IpProtocol: icmpv6, FromPort: -1, ToPort: -1, CidrIpv6: "::/0"}
        - {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIpv6: "::/0"}
        - {IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}
        - {IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: 192.0.2.0/24}
        - {IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: 192.0.2.7/32}
        - {IpProtocol: tcp, FromPort: 22, ToPort: 22, SourceSecurityGroupId: sg-0123456789abcdef0}
        - {IpProtocol: "50", CidrIp: 198.51.100.1/32}
  Self: {Type: AWS::EC2::SecurityGroupIngress, Properties: {GroupId: !GetAtt G.GroupId, IpProtocol: "-1", SourceSecurityGroupId: !GetAtt G.GroupId}}
  Nobody: {Type: AWS::EC2::SecurityGroup, Properties: {GroupName: nobody, GroupDescription: n, VpcId: !Ref A}}
  Box: {Type: AWS::EC2::Instance, Properties: {ImageId: ami-1, SubnetId: !Ref ASub, SecurityGroupIds: [!GetAtt G.GroupId]}}
  Plain: {Type: AWS::EC2::Instance, Properties: {ImageId: ami-1, SubnetId: !Ref ASub}}
`

func TestGroups(t *testing.T) {
	t.Parallel()
	d := made(t, vpc("A", "10.0.0.0/16", "10.0.1.0/24")+filters)
	designtest.Check(t, d)
	x := designtest.Decision(t, d, "g")
	for _, gap := range []string{"securitygroup.protocol", "securitygroup.icmpv6", "securitygroup.unresolved"} {
		want(t, designtest.GapIDs(x), slices.Contains(designtest.GapIDs(x), gap))
	}
	want(t, designtest.Decision(t, d, "nobody"), designtest.Decision(t, d, "nobody").Action == design.Retire)
	var said []string
	for _, r := range designtest.Resources(d, "Microsoft.Network/networkSecurityGroups") {
		for _, m := range design.Maps(design.At(r.Body, "properties.securityRules")) {
			if design.Text(m, "properties.direction") == "Inbound" {
				said = append(said, r.Name+" "+design.Text(m, "name"))
			}
		}
	}
	for _, rule := range []string{"allow-any-asg-g-in", "allow-tcp-443-0.0.0.0-0-in", "allow-tcp-443-ipv6-in", "allow-tcp-80-192.0.2.0-24-in", "allow-esp-198.51.100.1-32-in", "deny-all-in"} {
		want(t, said, slices.Contains(said, "nsg-g "+rule))
	}
	for _, rule := range said {
		want(t, rule, !strings.Contains(rule, "192.0.2.7") && !strings.Contains(rule, "-22-"))
	}
	// Without a group of its own the machine is in the VPC's default group, whose
	// members let each other in.
	want(t, said, slices.Contains(said, "nsg-default-a allow-any-asg-default-a-in"))
}
