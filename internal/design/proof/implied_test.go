package proof_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/rules"
	"example.com/landfall/internal/inventory"
)

// TestMainTableOfAState: a state knows the main route table by the VPC's
// attribute alone, and the machines of its subnets reach the internet on both
// sides.
func TestMainTableOfAState(t *testing.T) {
	t.Parallel()
	w := &town{Rand: rand.New(rand.NewPCG(1, 1))}
	w.add("AWS::EC2::VPC", "vpc-00000001", inventory.Properties{"VpcId": "vpc-00000001", "CidrBlock": "10.20.0.0/16", "DefaultSecurityGroup": "sg-0000000d"})
	w.list[0].Attributes = map[string]any{"MainRouteTableId": "rtb-0000000a", "DefaultRouteTableId": "rtb-0000000a"}
	w.add("AWS::EC2::InternetGateway", "igw-00000001", inventory.Properties{"InternetGatewayId": "igw-00000001"})
	w.add("AWS::EC2::Route", "rtb-0000000a-default", inventory.Properties{"RouteTableId": "rtb-0000000a", "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-00000001"})
	w.add("AWS::EC2::Subnet", "subnet-00000001", inventory.Properties{"SubnetId": "subnet-00000001", "VpcId": "vpc-00000001", "CidrBlock": "10.20.1.0/24"})
	for _, name := range []string{"i-00000001", "i-00000002"} {
		w.add("AWS::EC2::Instance", name, inventory.Properties{"InstanceId": name, "SubnetId": "subnet-00000001", "SecurityGroupIds": []any{"sg-0000000d"}, "PublicIp": "198.51.100.7", "State": map[string]any{"Name": "running"}})
	}
	d := designtest.Make(t, families(), w.list...)
	if d.Network == nil || !d.Network.Equal || len(d.Network.Undecided) > 0 {
		t.Errorf("%+v", d.Network)
	}
	for _, r := range designtest.Resources(d, "Microsoft.Network/routeTables") {
		t.Errorf("nothing asks for a route table: %+v", r.Body)
	}
}

// TestPartsThatAWSMakes proves templates whose machines, interfaces, clusters and
// mount targets are in groups and lists that no resource is for.
func TestPartsThatAWSMakes(t *testing.T) {
	t.Parallel()
	const head = `
Resources:
  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.1.0.0/16}}
  Gate: {Type: AWS::EC2::InternetGateway}
  On: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref Net, InternetGatewayId: !Ref Gate}}
  T: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Net}}
  R: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Gate}}
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.1.1.0/24}}
  B: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.1.2.0/24}}
  TA: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {RouteTableId: !Ref T, SubnetId: !Ref A}}
  TB: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {RouteTableId: !Ref T, SubnetId: !Ref B}}
  Own: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: own, VpcId: !Ref Net, SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 22, ToPort: 22, SourceSecurityGroupId: !GetAtt Net.DefaultSecurityGroup}]}}
  Box: {Type: AWS::EC2::Instance, Properties: {ImageId: ami-1, InstanceType: t3.small, SubnetId: !Ref A, SecurityGroupIds: [!Ref Own]}}
`
	const role = `
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: {Service: eks.amazonaws.com}, Action: 'sts:AssumeRole'}]}}}
  K: {Type: AWS::EKS::Cluster, Properties: {Name: k, RoleArn: !GetAtt Role.Arn, Version: '1.30', ResourcesVpcConfig: {SubnetIds: [!Ref A, !Ref B]%s}}}
`
	for name, c := range map[string]struct {
		text      string
		undecided int
	}{
		"a machine that names the default group": {head + `
  M: {Type: AWS::EC2::Instance, Properties: {ImageId: ami-1, InstanceType: t3.small, SubnetId: !Ref B, SecurityGroupIds: [!GetAtt Net.DefaultSecurityGroup]}}
  N: {Type: AWS::EC2::Instance, Properties: {ImageId: ami-1, InstanceType: t3.small, SubnetId: !Ref A}}
`, 0},
		"an interface without groups": {head + `
  E: {Type: AWS::EC2::NetworkInterface, Properties: {SubnetId: !Ref B}}
  M: {Type: AWS::EC2::Instance, Properties: {ImageId: ami-1, InstanceType: t3.small, NetworkInterfaces: [{DeviceIndex: '0', NetworkInterfaceId: !Ref E}]}}
  N: {Type: AWS::EC2::Instance, Properties: {ImageId: ami-1, InstanceType: t3.small, SubnetId: !Ref A}}
`, 0},
		"a rule for the default group": {head + `
  X: {Type: AWS::EC2::SecurityGroupIngress, Properties: {GroupId: !GetAtt Net.DefaultSecurityGroup, IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: 203.0.113.0/24}}
  M: {Type: AWS::EC2::Instance, Properties: {ImageId: ami-1, InstanceType: t3.small, SubnetId: !Ref B}}
`, 0},
		"an entry of the default network ACL": {head + `
  X: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !GetAtt Net.DefaultNetworkAcl, RuleNumber: 90, Protocol: 6, RuleAction: deny, CidrBlock: 10.1.2.0/24, PortRange: {From: 22, To: 22}}}
  M: {Type: AWS::EC2::Instance, Properties: {ImageId: ami-1, InstanceType: t3.small, SubnetId: !Ref B}}
`, 0},
		"a mount target and the cluster's group": {head + strings.ReplaceAll(role, "%s", "") + `
  F: {Type: AWS::EFS::FileSystem}
  G: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: f, VpcId: !Ref Net, SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 2049, ToPort: 2049, SourceSecurityGroupId: !GetAtt K.ClusterSecurityGroupId}]}}
  Mount: {Type: AWS::EFS::MountTarget, Properties: {FileSystemId: !Ref F, SubnetId: !Ref A, SecurityGroups: [!Ref G]}}
  Plain: {Type: AWS::EFS::FileSystem}
  Bare: {Type: AWS::EFS::MountTarget, Properties: {FileSystemId: !Ref Plain, SubnetId: !Ref B}}
`, 0},
		"a cluster with a node group": {head + strings.ReplaceAll(role, "%s", "") + `
  Nodes: {Type: AWS::EKS::Nodegroup, Properties: {ClusterName: !Ref K, NodeRole: !GetAtt Role.Arn, Subnets: [!Ref A, !Ref B]}}
`, 0},
		"a cluster with groups of its own": {head + strings.ReplaceAll(role, "%s", ", SecurityGroupIds: [!Ref Own]"), 0},
	} {
		d, err := designtest.Case{Families: rules.All(), Resources: designtest.FromTemplate(t, c.text)}.Try(t)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d.Network == nil || len(d.Network.Undecided) != c.undecided {
			t.Errorf("%s: %+v", name, d.Network)
			continue
		}
		for _, x := range d.Network.Differences {
			if !strings.HasPrefix(x.Name, "network.platform:") {
				t.Errorf("%s: %s (%s; %s)", name, x.Name, x.SourceRule, x.TargetRule)
			}
		}
	}
}

// TestPartOfAPeering: a route to one subnet of a peered VPC is no route to the
// others, and a NAT gateway without a way out is none.
func TestPartOfAPeering(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]string{
		"one subnet": `
  Link: {Type: AWS::EC2::VPCPeeringConnection, Properties: {VpcId: !Ref One, PeerVpcId: !Ref Two}}
  TwoB: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Two, CidrBlock: 10.2.2.0/24}}
  TwoTB: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {RouteTableId: !Ref TwoT, SubnetId: !Ref TwoB}}
  Far: {Type: AWS::EC2::Instance, Properties: {SubnetId: !Ref TwoB, SecurityGroupIds: [!Ref DbGroup], PrivateIpAddress: 10.2.2.9}}
  To: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref OneT, DestinationCidrBlock: 10.2.1.0/24, VpcPeeringConnectionId: !Ref Link}}
  Back: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref TwoT, DestinationCidrBlock: 10.1.0.0/16, VpcPeeringConnectionId: !Ref Link}}
`,
		"a lame NAT gateway": `
  Nat: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref TwoA}}
  To: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref TwoT, DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref Nat}}
`,
	} {
		d := designtest.Make(t, families(), designtest.FromTemplate(t, strings.Replace(joined, "%s", ", PrivateIpAddress: 10.1.1.7", 1)+more)...)
		if d.Network == nil || !d.Network.Equal || len(d.Blocking()) > 0 {
			t.Errorf("%s: %+v %+v", name, d.Network, d.Blocking())
		}
		if name != "one subnet" {
			continue
		}
		holes := 0
		for _, r := range designtest.Resources(d, "Microsoft.Network/routeTables") {
			for _, m := range design.Maps(design.At(r.Body, "properties.routes")) {
				if design.Text(m, "properties.nextHopType") == "None" && strings.HasPrefix(design.Text(m, "properties.addressPrefix"), "10.4.") {
					holes++
				}
			}
		}
		if holes == 0 {
			t.Error("no route keeps the rest of the peered network away")
		}
	}
}
