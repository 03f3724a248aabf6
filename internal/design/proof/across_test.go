package proof_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
)

// joined are two VPCs with a machine each; web's group may reach db's, by
// reference. What joins them, and their routes, are for the test to add.
const joined = `
Resources:
  One: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.1.0.0/16}}
  Two: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.2.0.0/16}}
  OneA: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref One, CidrBlock: 10.1.1.0/24}}
  TwoA: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Two, CidrBlock: 10.2.1.0/24}}
  OneT: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref One}}
  TwoT: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Two}}
  OneTA: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {RouteTableId: !Ref OneT, SubnetId: !Ref OneA}}
  TwoTA: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {RouteTableId: !Ref TwoT, SubnetId: !Ref TwoA}}
  WebGroup: {Type: AWS::EC2::SecurityGroup, Properties: {GroupName: web, GroupDescription: web, VpcId: !Ref One}}
  DbGroup: {Type: AWS::EC2::SecurityGroup, Properties: {GroupName: db, GroupDescription: db, VpcId: !Ref Two, SecurityGroupIngress: [
    {IpProtocol: tcp, FromPort: 5432, ToPort: 5432, SourceSecurityGroupId: !Ref WebGroup}]}}
  Web: {Type: AWS::EC2::Instance, Properties: {SubnetId: !Ref OneA, SecurityGroupIds: [!Ref WebGroup]%s}}
  Db: {Type: AWS::EC2::Instance, Properties: {SubnetId: !Ref TwoA, SecurityGroupIds: [!Ref DbGroup], PrivateIpAddress: 10.2.1.9}}
`

const peered = `
  Link: {Type: AWS::EC2::VPCPeeringConnection, Properties: {VpcId: !Ref One, PeerVpcId: !Ref Two}}
  To: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref OneT, DestinationCidrBlock: 10.2.0.0/16, VpcPeeringConnectionId: !Ref Link}}
  Back: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref TwoT, DestinationCidrBlock: 10.1.0.0/16, VpcPeeringConnectionId: !Ref Link}}
`

const throughGateway = `
  Gateway: {Type: AWS::EC2::TransitGateway, Properties: {DefaultRouteTableAssociation: enable, DefaultRouteTablePropagation: enable%s}}
  OneOn: {Type: AWS::EC2::TransitGatewayAttachment, Properties: {TransitGatewayId: !Ref Gateway, VpcId: !Ref One, SubnetIds: [!Ref OneA]}}
  TwoOn: {Type: AWS::EC2::TransitGatewayAttachment, Properties: {TransitGatewayId: !Ref Gateway, VpcId: !Ref Two, SubnetIds: [!Ref TwoA]}}
  To: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref OneT, DestinationCidrBlock: 10.2.0.0/16, TransitGatewayId: !Ref Gateway}}
  Back: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref TwoT, DestinationCidrBlock: 10.1.0.0/16, TransitGatewayId: !Ref Gateway}}
`

// sourcesOf lists whom the NSG of db's group lets in.
func sourcesOf(t *testing.T, d *design.Design) string {
	t.Helper()
	var out []string
	for _, r := range designtest.Resources(d, "Microsoft.Network/networkSecurityGroups") {
		if !strings.HasSuffix(r.Name, "db") {
			continue
		}
		for _, m := range design.Maps(design.At(r.Body, "properties.securityRules")) {
			if design.Text(m, "properties.direction") == "Inbound" && design.Text(m, "properties.access") == "Allow" {
				out = append(out, design.Text(m, "properties.sourceAddressPrefix"))
			}
		}
	}
	return strings.Join(out, " ")
}

// TestGroupsOfAnotherNetwork: rules that name a group of another VPC mean its
// members only where AWS honours the reference, and then their addresses, or
// else their subnets, which is said and blocks.
func TestGroupsOfAnotherNetwork(t *testing.T) {
	t.Parallel()
	fixed := ", PrivateIpAddress: 10.1.1.7"
	for name, c := range map[string]struct {
		address, link, sources string
		equal                  bool
	}{
		"peering, address known":   {fixed, peered, "10.3.1.7/32", true},
		"peering, address unknown": {"", peered, "10.3.1.0/24", false},
		"gateway":                  {fixed, fmt.Sprintf(throughGateway, ""), "", true},
		"gateway that honours it":  {fixed, fmt.Sprintf(throughGateway, ", SecurityGroupReferencingSupport: enable"), "10.3.1.7/32", true},
		"nothing between them":     {fixed, "", "", true},
	} {
		d := designtest.Make(t, families(), designtest.FromTemplate(t, fmt.Sprintf(joined, c.address)+c.link)...)
		if got := sourcesOf(t, d); got != c.sources {
			t.Errorf("%s: the NSG lets %q in, want %q", name, got, c.sources)
		}
		if d.Network == nil || d.Network.Equal != c.equal || len(d.Blocking()) > 0 == c.equal {
			t.Errorf("%s: %+v %+v", name, d.Network, d.Blocking())
		}
	}
}

// TestWithoutGroupsIsTheDefaultGroup: a database that names no security groups is
// in the default group of its VPC, which lets in its own members alone.
func TestWithoutGroupsIsTheDefaultGroup(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, families(), designtest.FromTemplate(t, `
Resources:
  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.1.0.0/16}}
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.1.1.0/24}}
  B: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.1.2.0/24}}
  Subnets: {Type: AWS::RDS::DBSubnetGroup, Properties: {DBSubnetGroupDescription: d, SubnetIds: [!Ref A, !Ref B]}}
  Store: {Type: AWS::RDS::DBInstance, Properties: {Engine: postgres, DBInstanceClass: db.t3.micro, DBSubnetGroupName: !Ref Subnets}}
  Inside: {Type: AWS::EC2::Instance, Properties: {SubnetId: !Ref A}}
  Open: {Type: AWS::EC2::SecurityGroup, Properties: {GroupName: open, GroupDescription: open, VpcId: !Ref Net}}
  Outside: {Type: AWS::EC2::Instance, Properties: {SubnetId: !Ref A, SecurityGroupIds: [!Ref Open]}}
`)...)
	if d.Network == nil || !d.Network.Equal {
		t.Errorf("%+v", d.Network)
	}
	for _, r := range designtest.Resources(d, "Microsoft.Network/virtualNetworks/subnets") {
		if strings.HasSuffix(r.Name, "postgres") && design.Text(r.Body, "properties.networkSecurityGroup.id") == "" {
			t.Errorf("%s has no NSG", r.Name)
		}
	}
}
