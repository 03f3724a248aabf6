package rules_test

import (
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/rules"
)

// guarded is a cache behind a network ACL that knows its port alone, and a
// machine with a public address in a subnet whose way out is a NAT gateway.
const guarded = `
Resources:
  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.1.0.0/16}}
  Igw: {Type: AWS::EC2::InternetGateway}
  IgwOn: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref Net, InternetGatewayId: !Ref Igw}}
  Front: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.1.0.0/24, AvailabilityZone: us-east-1a}}
  App: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.1.1.0/24, AvailabilityZone: us-east-1a, MapPublicIpOnLaunch: true}}
  Back: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.1.2.0/24, AvailabilityZone: us-east-1a}}
  Ip: {Type: AWS::EC2::EIP, Properties: {Domain: vpc}}
  Nat: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref Front, AllocationId: !GetAtt Ip.AllocationId}}
  FrontT: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Net}}
  FrontR: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref FrontT, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Igw}}
  FrontTA: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {RouteTableId: !Ref FrontT, SubnetId: !Ref Front}}
  AppT: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Net}}
  AppR: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref AppT, DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref Nat}}
  AppTA: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {RouteTableId: !Ref AppT, SubnetId: !Ref App}}
  AppGroup: {Type: AWS::EC2::SecurityGroup, Properties: {GroupName: app, GroupDescription: app, VpcId: !Ref Net, SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0}]}}
  CacheGroup: {Type: AWS::EC2::SecurityGroup, Properties: {GroupName: cache, GroupDescription: cache, VpcId: !Ref Net, SecurityGroupIngress: [
    {IpProtocol: tcp, FromPort: 6379, ToPort: 6379, SourceSecurityGroupId: !Ref AppGroup}]}}
  Machine: {Type: AWS::EC2::Instance, Properties: {SubnetId: !Ref App, InstanceType: t3.micro, ImageId: ami-12345678, SecurityGroupIds: [!Ref AppGroup]}}
  Caches: {Type: AWS::ElastiCache::SubnetGroup, Properties: {Description: d, SubnetIds: [!Ref Back]}}
  Cache: {Type: AWS::ElastiCache::ReplicationGroup, Properties: {ReplicationGroupDescription: d, Engine: redis, CacheNodeType: cache.t4g.small, NumCacheClusters: 1, CacheSubnetGroupName: !Ref Caches, SecurityGroupIds: [!Ref CacheGroup]}}
  Acl: {Type: AWS::EC2::NetworkAcl, Properties: {VpcId: !Ref Net}}
  AclOn: {Type: AWS::EC2::SubnetNetworkAclAssociation, Properties: {SubnetId: !Ref Back, NetworkAclId: !Ref Acl}}
  In: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref Acl, RuleNumber: 100, Protocol: 6, RuleAction: allow, CidrBlock: 10.1.1.0/24, PortRange: {From: 6379, To: 6379}}}
  Out: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref Acl, RuleNumber: 100, Protocol: 6, Egress: true, RuleAction: allow, CidrBlock: 10.1.1.0/24, PortRange: {From: 1024, To: 65535}}}
  Leaving: {Type: AWS::EC2::NetworkAcl, Properties: {VpcId: !Ref Net}}
  LeavingOn: {Type: AWS::EC2::SubnetNetworkAclAssociation, Properties: {SubnetId: !Ref App, NetworkAclId: !Ref Leaving}}
  LeavingOut: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref Leaving, RuleNumber: 100, Protocol: 6, Egress: true, RuleAction: allow, CidrBlock: 10.1.2.0/24, PortRange: {From: 6379, To: 6379}}}
  LeavingIn: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref Leaving, RuleNumber: 100, Protocol: 6, RuleAction: allow, CidrBlock: 0.0.0.0/0, PortRange: {From: 1024, To: 65535}}}
`

// A cache listens elsewhere at the target, so that the entries of both network
// ACLs follow it there; the machine's public address led nowhere.
func TestListsFollowThePortAndHiddenAddressesStayHidden(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, rules.All(), designtest.FromTemplate(t, guarded)...)
	if d.Network == nil || !d.Network.Equal {
		t.Errorf("%+v", d.Network)
	}
	for _, f := range d.Blocking() {
		t.Errorf("%s: %s", f.ID, f.Text)
	}
	face := designtest.One(t, d, "Microsoft.Network/networkInterfaces")
	for _, m := range design.Maps(design.At(face.Body, "properties.ipConfigurations")) {
		if design.At(m, "properties.publicIPAddress") != nil {
			t.Errorf("%s has a public address: %v", face.Name, m)
		}
	}
	if todo := designtest.Decision(t, d, "Machine").ToDo; len(todo) == 0 {
		t.Error("nothing says why the machine has no public address")
	}
}
