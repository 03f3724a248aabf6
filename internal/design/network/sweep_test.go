package network_test

import (
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design/designtest"
)

// home is a VPC with a subnet, around what is swept.
const home = `
Resources:
  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.0.1.0/24, AvailabilityZone: us-east-1a}}
  T: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Net}}
  TA: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {RouteTableId: !Ref T, SubnetId: !Ref A}}
`

func TestEveryPropertyIsNoticed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		of                cloud.Kind
		template, excused string
		try               map[string]any
	}{
		{"AWS::EC2::VPC", "Resources:\n" + vpc("Net", "10.0.0.0/16", "10.0.1.0/24"), `
Ipv4NetmaskLength says nothing beside a block: TestBlocksThatIPAMChooses
`, nil},
		{"AWS::EC2::Subnet", home, `
AvailabilityZoneId beside a zone's name it says nothing: TestSubnetOfAZoneID
Ipv4NetmaskLength says nothing beside a block: TestBlocksThatIPAMChooses
`, nil},
		{"AWS::EC2::SecurityGroup", home + `  G: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: g, VpcId: !Ref Net, SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 80, ToPort: 81, CidrIp: 192.0.2.0/24}], SecurityGroupEgress: [{IpProtocol: tcp, FromPort: 80, ToPort: 81, CidrIp: 192.0.2.0/24}]}}
  I: {Type: AWS::EC2::Instance, Properties: {SubnetId: !Ref A, SecurityGroupIds: [!GetAtt G.GroupId]}}
`, `
GroupDescription a description
GroupName its name
SecurityGroupEgress[].Description rules are merged, and named by what they say
SecurityGroupIngress[].Description rules are merged, and named by what they say
SecurityGroupIngress[].SourceSecurityGroupOwnerId the group itself is looked up
VpcId its members say where it is
`, nil},
		{"AWS::EC2::NatGateway", home + `  N: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref A, AllocationId: eipalloc-1}}
  R: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref N}}
`, `
AllocationId the address changes, which is a gap
MaxDrainDurationSeconds how the source gives an address back
PrivateIpAddress its own address in the VPC, which a NAT gateway of Azure has not
SecondaryPrivateIpAddressCount its own addresses in the VPC
SecondaryPrivateIpAddresses[] its own addresses in the VPC
VpcId the subnets name the gateway
`, nil},
		{"AWS::EC2::VPCEndpoint", home + `  Files: {Type: AWS::S3::Bucket, Properties: {BucketName: files}}
  E: {Type: AWS::EC2::VPCEndpoint, Properties: {VpcId: !Ref Net, VpcEndpointType: Interface, ServiceName: com.amazonaws.us-east-1.s3}}
`, `
RouteTableIds[] a private endpoint needs no route
`, map[string]any{"PolicyDocument": map[string]any{"Statement": []any{map[string]any{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}}}},
		{"AWS::EC2::VPNConnection", home + `  Gw: {Type: AWS::EC2::VPNGateway, Properties: {Type: ipsec.1}}
  GwOn: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref Net, VpnGatewayId: !Ref Gw}}
  Site: {Type: AWS::EC2::CustomerGateway, Properties: {BgpAsn: 65010, IpAddress: 203.0.113.9, Type: ipsec.1}}
  Vpn: {Type: AWS::EC2::VPNConnection, Properties: {Type: ipsec.1, CustomerGatewayId: !Ref Site, VpnGatewayId: !Ref Gw}}
`, `
PreSharedKeyStorage where the source keeps a secret
TransitGatewayId beside a virtual private gateway it says nothing
Type ipsec.1 is the only one
VpnTunnelOptionsSpecifications[].PreSharedKey a secret
`, nil},
		{"AWS::EC2::TransitGateway", "Resources:\n" + transit(2, site), `
AssociationDefaultRouteTableId AWS names the table itself
AutoAcceptSharedAttachments sharing between accounts of the source
Description a description
PropagationDefaultRouteTableId AWS names the table itself
`, map[string]any{"DefaultRouteTableAssociation": "disable", "DefaultRouteTablePropagation": "disable", "MulticastSupport": "enable"}},
		{"AWS::EC2::TransitGatewayAttachment", "Resources:\n" + transit(1, ""), `
SubnetIds[] interfaces of the attachment, which a peering has not
`, nil},
		{"AWS::EC2::CustomerGateway", "Resources:\n" + transit(1, site), `
DeviceName a name
Type ipsec.1 is the only one
`, nil},
		{"AWS::EC2::VPNGateway", home + `  Gw: {Type: AWS::EC2::VPNGateway, Properties: {Type: ipsec.1}}
  GwOn: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref Net, VpnGatewayId: !Ref Gw}}
`, `
Type ipsec.1 is the only one
`, nil},
		{"AWS::EC2::Route", home + `  Igw: {Type: AWS::EC2::InternetGateway}
  R: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Igw}}
`, `
CarrierGatewayId beside another gateway it says nothing
DestinationPrefixListId beside a block it says nothing: TestRouteToUnknownPrefixList
EgressOnlyInternetGatewayId beside another gateway it leads to the Internet too
`, nil},
		{"AWS::EC2::EIP", home + `  Ip: {Type: AWS::EC2::EIP, Properties: {Domain: vpc}}
  N: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref A, AllocationId: !GetAtt Ip.AllocationId}}
`, `
Address which address changes is the same
Domain vpc is the only one
InstanceId read by the instance's rule; beside a NAT gateway it says nothing
TransferAddress how the source got it
`, nil},
		{"AWS::EC2::VPCPeeringConnection", "Resources:\n" + vpc("A", "10.0.0.0/16", "10.0.1.0/24") + vpc("B", "10.1.0.0/16", "10.1.1.0/24") + `
  Link: {Type: AWS::EC2::VPCPeeringConnection, Properties: {VpcId: !Ref A, PeerVpcId: !Ref B}}
`, `
AssumeRoleRegion how the other account accepts it
PeerOwnerId how the other account accepts it
PeerRegion all networks of a design stand in its region
PeerRoleArn how the other account accepts it
`, nil},
	} {
		t.Run(string(c.of), func(t *testing.T) {
			t.Parallel()
			designtest.Excused(t, designtest.Sweep{Families: families(), Of: c.of, Template: c.template, Try: c.try}.Unnoticed(t), c.excused)
		})
	}
}
