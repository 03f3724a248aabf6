package seed

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// subnet is one row of the address plan.
type subnet struct {
	name  string
	zone  string
	block string
	route string
	owner workload
}

// subnets is the address plan. Payroll has subnets of its own in bookshop's
// VPC and goes out through bookshop's first NAT gateway: a boundary that
// follows the VPC is wrong, and one that follows tags alone misses the route.
func subnets() []subnet {
	return []subnet{
		{"public-a", "a", "10.20.0.0/24", "public", bookshop},
		{"public-b", "b", "10.20.1.0/24", "public", bookshop},
		{"app-a", "a", "10.20.10.0/24", "app-a", bookshop},
		{"app-b", "b", "10.20.11.0/24", "app-b", bookshop},
		{"data-a", "a", "10.20.20.0/24", "data", bookshop},
		{"data-b", "b", "10.20.21.0/24", "data", bookshop},
		{"payroll-a", "a", "10.20.40.0/24", "payroll", payroll},
		{"payroll-b", "b", "10.20.41.0/24", "payroll", payroll},
	}
}

// vpc makes the network and its ways in and out.
func (s *scope) vpc() {
	vpc := create(s, Resource{Kind: "AWS::EC2::VPC", Name: "bookshop", UsedBy: []string{"payroll"}}, s.ec2.CreateVpc, &ec2.CreateVpcInput{
		CidrBlock: aws.String("10.20.0.0/16"), TagSpecifications: s.ec2Tags(types.ResourceTypeVpc, "bookshop"),
	}, func(o *ec2.CreateVpcOutput) *string { return o.Vpc.VpcId })
	s.set("vpc", vpc)
	on := &types.AttributeBooleanValue{Value: aws.Bool(true)}
	// One attribute per call is an EC2 rule.
	do(s, s.ec2.ModifyVpcAttribute, &ec2.ModifyVpcAttributeInput{VpcId: &vpc, EnableDnsSupport: on})
	do(s, s.ec2.ModifyVpcAttribute, &ec2.ModifyVpcAttributeInput{VpcId: &vpc, EnableDnsHostnames: on})
	for _, row := range subnets() {
		s.subnet(row)
	}
	s.gateways()
	s.routes()
	s.dataACL()
	s.prefixList()
}

func (s *scope) subnet(row subnet) {
	t := s.as(row.owner)
	id := create(t, Resource{Kind: "AWS::EC2::Subnet", Name: row.name}, t.ec2.CreateSubnet, &ec2.CreateSubnetInput{
		VpcId: aws.String(s.id("vpc")), CidrBlock: &row.block, AvailabilityZone: aws.String(s.zone(row.zone)),
		TagSpecifications: t.ec2Tags(types.ResourceTypeSubnet, row.name),
	}, func(o *ec2.CreateSubnetOutput) *string { return o.Subnet.SubnetId })
	if row.route == "public" {
		do(t, t.ec2.ModifySubnetAttribute, &ec2.ModifySubnetAttributeInput{
			SubnetId: &id, MapPublicIpOnLaunch: &types.AttributeBooleanValue{Value: aws.Bool(true)},
		})
	}
	s.set("subnet/"+row.name, id)
}

// gateways makes the internet gateway and one NAT gateway per zone.
func (s *scope) gateways() {
	igw := create(s, Resource{Kind: "AWS::EC2::InternetGateway", Name: "bookshop"}, s.ec2.CreateInternetGateway, &ec2.CreateInternetGatewayInput{
		TagSpecifications: s.ec2Tags(types.ResourceTypeInternetGateway, "bookshop"),
	}, func(o *ec2.CreateInternetGatewayOutput) *string { return o.InternetGateway.InternetGatewayId })
	s.set("igw", igw)
	do(s, s.ec2.AttachInternetGateway, &ec2.AttachInternetGatewayInput{InternetGatewayId: &igw, VpcId: aws.String(s.id("vpc"))})
	for _, letter := range []string{"a", "b"} {
		name := "bookshop-nat-" + letter
		var usedBy []string
		if letter == "a" {
			usedBy = []string{"payroll"}
		}
		eip := create(s, Resource{Kind: "AWS::EC2::EIP", Name: name, UsedBy: usedBy}, s.ec2.AllocateAddress, &ec2.AllocateAddressInput{
			Domain: types.DomainTypeVpc, TagSpecifications: s.ec2Tags(types.ResourceTypeElasticIp, name),
		}, func(o *ec2.AllocateAddressOutput) *string { return o.AllocationId })
		nat := create(s, Resource{Kind: "AWS::EC2::NatGateway", Name: name, UsedBy: usedBy}, s.ec2.CreateNatGateway, &ec2.CreateNatGatewayInput{
			SubnetId: aws.String(s.id("subnet/public-" + letter)), AllocationId: &eip,
			TagSpecifications: s.ec2Tags(types.ResourceTypeNatgateway, name),
		}, func(o *ec2.CreateNatGatewayOutput) *string { return o.NatGateway.NatGatewayId })
		s.set("nat/"+letter, nat)
		s.set("nat-address/"+letter, eip)
	}
}

// routes makes a route table per tier. The app tier has one per zone, because
// each zone leaves through its own NAT gateway; the data tier has no way out.
func (s *scope) routes() {
	for _, name := range []string{"public", "app-a", "app-b", "data", "payroll"} {
		owner := bookshop
		if name == "payroll" {
			owner = payroll
		}
		t := s.as(owner)
		id := create(t, Resource{Kind: "AWS::EC2::RouteTable", Name: name}, t.ec2.CreateRouteTable, &ec2.CreateRouteTableInput{
			VpcId: aws.String(s.id("vpc")), TagSpecifications: t.ec2Tags(types.ResourceTypeRouteTable, name),
		}, func(o *ec2.CreateRouteTableOutput) *string { return o.RouteTable.RouteTableId })
		s.set("routes/"+name, id)
		out := &ec2.CreateRouteInput{RouteTableId: &id, DestinationCidrBlock: aws.String("0.0.0.0/0")}
		switch name {
		case "public":
			out.GatewayId = aws.String(s.id("igw"))
		case "app-b":
			out.NatGatewayId = aws.String(s.id("nat/b"))
		case "app-a", "payroll":
			out.NatGatewayId = aws.String(s.id("nat/a"))
		}
		if name != "data" {
			do(t, t.ec2.CreateRoute, out)
		}
	}
	for _, row := range subnets() {
		do(s, s.ec2.AssociateRouteTable, &ec2.AssociateRouteTableInput{
			RouteTableId: aws.String(s.id("routes/" + row.route)), SubnetId: aws.String(s.id("subnet/" + row.name)),
		})
	}
}

// dataACL puts a network ACL with numbered rules on the data subnets. It is
// stateless, so the way back needs its own rule for the ephemeral ports.
func (s *scope) dataACL() {
	acl := create(s, Resource{Kind: "AWS::EC2::NetworkAcl", Name: "bookshop-data"}, s.ec2.CreateNetworkAcl, &ec2.CreateNetworkAclInput{
		VpcId: aws.String(s.id("vpc")), TagSpecifications: s.ec2Tags(types.ResourceTypeNetworkAcl, "bookshop-data"),
	}, func(o *ec2.CreateNetworkAclOutput) *string { return o.NetworkAcl.NetworkAclId })
	for _, r := range []struct {
		number   int32
		egress   bool
		action   types.RuleAction
		block    string
		from, to int32
	}{
		{100, false, types.RuleActionAllow, "10.20.10.0/23", int32(s.o.DatabasePort), int32(s.o.DatabasePort)},
		{110, false, types.RuleActionAllow, "10.20.10.0/23", 6379, 6379},
		{120, false, types.RuleActionAllow, "10.20.20.0/23", 1024, 65535},
		{200, false, types.RuleActionDeny, "10.20.40.0/23", 0, 65535},
		{100, true, types.RuleActionAllow, "10.20.10.0/23", 1024, 65535},
		{110, true, types.RuleActionAllow, "10.20.20.0/23", 1024, 65535},
	} {
		do(s, s.ec2.CreateNetworkAclEntry, &ec2.CreateNetworkAclEntryInput{
			NetworkAclId: &acl, RuleNumber: &r.number, Egress: &r.egress, RuleAction: r.action, Protocol: aws.String("6"),
			CidrBlock: &r.block, PortRange: &types.PortRange{From: &r.from, To: &r.to},
		})
	}
	for _, name := range []string{"data-a", "data-b"} {
		association := get(s, s.ec2.DescribeNetworkAcls, &ec2.DescribeNetworkAclsInput{Filters: []types.Filter{
			{Name: aws.String("association.subnet-id"), Values: []string{s.id("subnet/" + name)}},
		}}, func(o *ec2.DescribeNetworkAclsOutput) string { return aclAssociation(o, s.id("subnet/"+name)) })
		do(s, s.ec2.ReplaceNetworkAclAssociation, &ec2.ReplaceNetworkAclAssociationInput{
			NetworkAclId: &acl, AssociationId: &association,
		})
	}
}

// aclAssociation finds the association of a subnet: a new subnet is
// associated with the VPC's default ACL, and only its association can be replaced.
func aclAssociation(o *ec2.DescribeNetworkAclsOutput, subnet string) string {
	for _, acl := range o.NetworkAcls {
		for _, a := range acl.Associations {
			if aws.ToString(a.SubnetId) == subnet {
				return aws.ToString(a.NetworkAclAssociationId)
			}
		}
	}
	return ""
}

// prefixList names the addresses of the offices in one place.
func (s *scope) prefixList() {
	id := create(s, Resource{Kind: "AWS::EC2::PrefixList", Name: "office-networks"}, s.ec2.CreateManagedPrefixList, &ec2.CreateManagedPrefixListInput{
		PrefixListName: aws.String("office-networks"), AddressFamily: aws.String("IPv4"), MaxEntries: aws.Int32(10),
		Entries: []types.AddPrefixListEntry{
			{Cidr: aws.String("203.0.113.0/24"), Description: aws.String("head office")},
			{Cidr: aws.String("198.51.100.0/25"), Description: aws.String("warehouse")},
		},
		TagSpecifications: s.ec2Tags(types.ResourceTypePrefixList, "office-networks"),
	}, func(o *ec2.CreateManagedPrefixListOutput) *string { return o.PrefixList.PrefixListId })
	s.set("prefix-list", id)
}
