package network_test

import (
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/network"
	"example.com/landfall/internal/inventory"
)

// machines stands in for the families that put things into the network: a
// network interface for each instance, a subnet of its own for each database
// and balancer, an account for each bucket.
func machines() design.Family {
	return design.Family{Name: "machines", Rules: []design.Rule{
		{Name: "machines/instance", Kinds: []cloud.Kind{"AWS::EC2::Instance"}, Stage: design.Compute, Source: "test", Apply: machine},
		{Name: "machines/database", Kinds: []cloud.Kind{"AWS::RDS::DBInstance"}, Stage: design.Data, Source: "test", Apply: func(c *design.Context, r *inventory.Resource) design.Decision {
			var near any
			if group, ok := c.Find(r, r.Properties["DBSubnetGroupName"], "AWS::RDS::DBSubnetGroup"); ok {
				near = group.Properties["SubnetIds"]
			}
			id, _ := c.Plan.Dedicated(design.Purpose{Name: "postgres", Delegation: "Microsoft.DBforPostgreSQL/flexibleServers", Bits: 28, From: r, Near: design.List(near), Groups: design.List(r.Properties["VPCSecurityGroups"])})
			c.Attach(r, id)
			return design.Decision{Action: design.Migrate, Why: "test", Confidence: 0.9}
		}},
		{Name: "machines/balancer", Kinds: []cloud.Kind{"AWS::ElasticLoadBalancingV2::LoadBalancer"}, Stage: design.Edge, Source: "test", Apply: func(c *design.Context, r *inventory.Resource) design.Decision {
			id, _ := c.Plan.Dedicated(design.Purpose{Name: "gateway", Bits: 26, From: r, Near: design.List(r.Properties["Subnets"]), Groups: design.List(r.Properties["SecurityGroups"])})
			c.Attach(r, id)
			return design.Decision{Action: design.Migrate, Why: "test", Confidence: 0.9}
		}},
		{Name: "machines/rows", Kinds: []cloud.Kind{"AWS::RDS::DBSubnetGroup"}, Stage: design.Data, Source: "test", Apply: func(c *design.Context, r *inventory.Resource) design.Decision {
			return design.Decision{Action: design.Replace, Why: "test", Confidence: 0.9}
		}},
		{Name: "machines/bucket", Kinds: []cloud.Kind{"AWS::S3::Bucket"}, Stage: design.Data, Source: "test", Apply: func(c *design.Context, r *inventory.Resource) design.Decision {
			c.Put(design.Target{Type: "Microsoft.Storage/storageAccounts", Base: r.Name, APIVersion: "2025-08-01", Model: map[string]any{"kind": "StorageV2", "sku": map[string]any{"name": "Standard_LRS"}}}, r)
			return design.Decision{Action: design.Migrate, Why: "test", Confidence: 0.9}
		}},
	}}
}

func machine(c *design.Context, r *inventory.Resource) design.Decision {
	subnet, ok := c.Plan.Subnet(r.Properties["SubnetId"])
	if !ok {
		return design.Decision{Action: design.Manual, Why: "no subnet", Confidence: 0.3, ToDo: []string{"choose one"}}
	}
	nsg, asgs := c.Plan.Security(r, design.List(r.Properties["SecurityGroupIds"]))
	var members []any
	for _, id := range asgs {
		members = append(members, map[string]any{"id": string(id)})
	}
	c.Put(design.Target{Type: "Microsoft.Network/networkInterfaces", Base: r.Name, APIVersion: "2025-07-01", Model: map[string]any{"properties": map[string]any{
		"networkSecurityGroup": map[string]any{"id": string(nsg)},
		"ipConfigurations": []any{map[string]any{"name": "main", "properties": map[string]any{
			"subnet": map[string]any{"id": string(subnet)}, "applicationSecurityGroups": members,
		}}},
	}}}, r)
	return design.Decision{Action: design.Migrate, Why: "test", Confidence: 0.9}
}

func families() []design.Family { return []design.Family{network.Family(), machines()} }

const shop = `
Resources:
  Net:
    Type: AWS::EC2::VPC
    Properties: {CidrBlock: 10.20.0.0/16, Tags: [{Key: Name, Value: shop}]}
  PublicA:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Net, CidrBlock: 10.20.0.0/24, AvailabilityZone: us-east-1a, MapPublicIpOnLaunch: true, Tags: [{Key: Name, Value: public-a}]}
  PublicB:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Net, CidrBlock: 10.20.1.0/24, AvailabilityZone: us-east-1b, MapPublicIpOnLaunch: true, Tags: [{Key: Name, Value: public-b}]}
  AppA:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Net, CidrBlock: 10.20.10.0/24, AvailabilityZone: us-east-1a, Tags: [{Key: Name, Value: app-a}]}
  AppB:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Net, CidrBlock: 10.20.11.0/24, AvailabilityZone: us-east-1b, Tags: [{Key: Name, Value: app-b}]}
  DataA:
    Type: AWS::EC2::Subnet
    Properties: {VpcId: !Ref Net, CidrBlock: 10.20.20.0/24, AvailabilityZone: us-east-1a, Tags: [{Key: Name, Value: data-a}]}
  Gate: {Type: AWS::EC2::InternetGateway}
  GateAttached: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref Net, InternetGatewayId: !Ref Gate}}
  Open: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Net, Tags: [{Key: Name, Value: open}]}}
  OpenOut: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref Open, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Gate}}
  OpenA: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref PublicA, RouteTableId: !Ref Open}}
  OpenB: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref PublicB, RouteTableId: !Ref Open}}
  NatAddress: {Type: AWS::EC2::EIP, Properties: {Domain: vpc}}
  Nat: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref PublicA, AllocationId: !GetAtt NatAddress.AllocationId, Tags: [{Key: Name, Value: nat-a}]}}
  Private: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Net, Tags: [{Key: Name, Value: private}]}}
  PrivateOut: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref Private, DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref Nat}}
  PrivateA: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref AppA, RouteTableId: !Ref Private}}
  PrivateB: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref AppB, RouteTableId: !Ref Private}}
  DataAcl: {Type: AWS::EC2::NetworkAcl, Properties: {VpcId: !Ref Net, Tags: [{Key: Name, Value: data}]}}
  DataAclA: {Type: AWS::EC2::SubnetNetworkAclAssociation, Properties: {SubnetId: !Ref DataA, NetworkAclId: !Ref DataAcl}}
  DataIn: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref DataAcl, RuleNumber: 100, Protocol: 6, RuleAction: allow, CidrBlock: 10.20.10.0/23, PortRange: {From: 5432, To: 5432}}}
  DataNo: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref DataAcl, RuleNumber: 90, Protocol: -1, RuleAction: deny, CidrBlock: 10.20.11.128/25}}
  DataOut: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref DataAcl, RuleNumber: 100, Egress: true, Protocol: 6, RuleAction: allow, CidrBlock: 10.20.10.0/23, PortRange: {From: 1024, To: 65535}}}
  Door:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupName: door
      GroupDescription: entrance
      VpcId: !Ref Net
      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}]
  DoorOut: {Type: AWS::EC2::SecurityGroupEgress, Properties: {GroupId: !GetAtt Door.GroupId, IpProtocol: tcp, FromPort: 8080, ToPort: 8080, DestinationSecurityGroupId: !GetAtt App.GroupId}}
  App:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupName: app
      GroupDescription: machines
      VpcId: !Ref Net
      SecurityGroupIngress:
        - {IpProtocol: tcp, FromPort: 8080, ToPort: 8080, SourceSecurityGroupId: !GetAtt Door.GroupId}
        - {IpProtocol: icmp, FromPort: 8, ToPort: -1, CidrIp: 10.0.0.0/8}
  Store:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupName: store
      GroupDescription: database
      VpcId: !Ref Net
      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 5432, ToPort: 5432, SourceSecurityGroupId: !GetAtt App.GroupId}]
      SecurityGroupEgress: [{IpProtocol: "-1", CidrIp: 127.0.0.1/32}]
  Web1: {Type: AWS::EC2::Instance, Properties: {InstanceType: t3.small, ImageId: ami-1, SubnetId: !Ref AppA, SecurityGroupIds: [!GetAtt App.GroupId]}}
  Web2: {Type: AWS::EC2::Instance, Properties: {InstanceType: t3.small, ImageId: ami-1, SubnetId: !Ref AppB, SecurityGroupIds: [!GetAtt App.GroupId]}}
  Front: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Name: front, Subnets: [!Ref PublicA, !Ref PublicB], SecurityGroups: [!GetAtt Door.GroupId]}}
  Orders: {Type: AWS::RDS::DBInstance, Properties: {DBInstanceIdentifier: orders, Engine: postgres, DBSubnetGroupName: !Ref Rows, VPCSecurityGroups: [!GetAtt Store.GroupId]}}
  Rows: {Type: AWS::RDS::DBSubnetGroup, Properties: {DBSubnetGroupDescription: rows, SubnetIds: [!Ref DataA]}}
  Files: {Type: AWS::S3::Bucket, Properties: {BucketName: files}}
  FilesDoor: {Type: AWS::EC2::VPCEndpoint, Properties: {VpcId: !Ref Net, ServiceName: com.amazonaws.us-east-1.s3, RouteTableIds: [!Ref Private]}}
`

func TestShop(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, families(), designtest.FromTemplate(t, shop)...)
	designtest.Check(t, d)
	designtest.Shuffled(t, families(), designtest.FromTemplate(t, shop)...)
	for _, r := range d.Resources {
		t.Log(r.ID, r.Body)
	}
	for _, x := range d.Decisions {
		t.Log(x.Name, x.Kind, x.Action, x.Why, designtest.GapIDs(x), x.Targets)
	}
	for _, f := range d.Findings {
		t.Log(f.ID, f.Text)
	}
}

func TestGaps(t *testing.T) {
	t.Parallel()
	designtest.Gaps(t, network.Family())
}
