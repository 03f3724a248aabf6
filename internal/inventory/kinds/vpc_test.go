package kinds

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
)

// form is one thing as the API answers it and the resources that it gives, a
// line each: ID (after the account), kind (after EC2's), marks, properties.
type form struct {
	name string
	kind cloud.Kind
	give string
	want []string
}

func checkForms(t *testing.T, forms []form) {
	t.Helper()
	c := New()
	for _, f := range forms {
		var item map[string]any
		if err := json.Unmarshal([]byte(f.give), &item); err != nil {
			t.Fatalf("%s: %v", f.name, err)
		}
		all, err := c.AllFromAPI(f.kind, here(), item)
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
			continue
		}
		var got []string
		for _, r := range all {
			properties, err := json.Marshal(r.Properties)
			if err != nil {
				t.Fatal(err)
			}
			_, id, _ := strings.Cut(string(r.ID), "123456789012:")
			got = append(got, fmt.Sprintf("%s %s %v %s", id, strings.TrimPrefix(string(r.Kind), "AWS::EC2::"), r.Marks, properties))
			if !strings.HasPrefix(string(r.ID), "arn:aws:") {
				t.Errorf("%s: the ID %s is no ARN", f.name, r.ID)
			}
		}
		if !slices.Equal(got, f.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", f.name, strings.Join(got, "\n"), strings.Join(f.want, "\n"))
		}
		again, err := c.AllFromAPI(f.kind, here(), lowerNames(item).(map[string]any))
		if err != nil || len(again) != len(all) {
			t.Errorf("%s in lower case: %d resources, %v", f.name, len(again), err)
			continue
		}
		for n := range again {
			all[n].Attributes, again[n].Attributes = nil, nil
			first, _ := json.Marshal(all[n])
			second, _ := json.Marshal(again[n])
			if string(first) != string(second) {
				t.Errorf("%s in lower case:\n%s\n%s", f.name, first, second)
			}
		}
		bothForms(t, c, f.kind, item)
	}
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	checkForms(t, []form{
		{"a VPC with a second block", "AWS::EC2::VPC", `{"VpcId":"vpc-1","CidrBlock":"10.0.0.0/16","IsDefault":false,"State":"available","DhcpOptionsId":"dopt-1","InstanceTenancy":"default",
			"EnableDnsSupport":true,"CidrBlockAssociationSet":[{"AssociationId":"a-1","CidrBlock":"10.0.0.0/16","CidrBlockState":{"State":"associated"}},
			{"AssociationId":"a-2","CidrBlock":"10.1.0.0/16","CidrBlockState":{"State":"associated"}},{"AssociationId":"a-3","CidrBlock":"10.2.0.0/16","CidrBlockState":{"State":"disassociated"}}]}`,
			[]string{
				`vpc/vpc-1 VPC [] {"CidrBlock":"10.0.0.0/16","CidrBlockAssociations":["a-1","a-2","a-3"],"EnableDnsSupport":true,"InstanceTenancy":"default","VpcId":"vpc-1"}`,
				`vpc/vpc-1|10.1.0.0/16 VPCCidrBlock [] {"CidrBlock":"10.1.0.0/16","Id":"a-2","VpcId":"vpc-1"}`,
				`vpc/vpc-1|dopt-1 VPCDHCPOptionsAssociation [] {"DhcpOptionsId":"dopt-1","VpcId":"vpc-1"}`,
			}},
		{"the default VPC", "AWS::EC2::VPC", `{"VpcId":"vpc-1","CidrBlock":"172.31.0.0/16","IsDefault":true,"DhcpOptionsId":"default"}`,
			[]string{`vpc/vpc-1 VPC [aws-default] {"CidrBlock":"172.31.0.0/16","VpcId":"vpc-1"}`}},
		{"a default subnet", "AWS::EC2::Subnet", `{"SubnetId":"subnet-1","VpcId":"vpc-1","DefaultForAz":true,"CidrBlock":"172.31.0.0/20","AvailableIpAddressCount":4091,
			"Ipv6CidrBlockAssociationSet":[{"Ipv6CidrBlock":"2001:db8::/64"}]}`,
			[]string{`subnet/subnet-1 Subnet [aws-default] {"CidrBlock":"172.31.0.0/20","Ipv6CidrBlock":"2001:db8::/64","Ipv6CidrBlocks":["2001:db8::/64"],"SubnetId":"subnet-1","VpcId":"vpc-1"}`}},
		{"a route table", "AWS::EC2::RouteTable", `{"RouteTableId":"rtb-1","VpcId":"vpc-1","Routes":[{"DestinationCidrBlock":"10.0.0.0/16","GatewayId":"local"},
			{"DestinationCidrBlock":"0.0.0.0/0","GatewayId":"igw-1","State":"active"},{"DestinationPrefixListId":"pl-1","GatewayId":"vpce-1"},{"DestinationIpv6CidrBlock":"::/0","EgressOnlyInternetGatewayId":"eigw-1"},
			{"DestinationCidrBlock":"10.9.0.0/16","InstanceId":"i-1","NetworkInterfaceId":"eni-1","State":"blackhole"}],
			"Associations":[{"Main":false,"RouteTableAssociationId":"rtbassoc-1","SubnetId":"subnet-1"},{"RouteTableAssociationId":"rtbassoc-2","GatewayId":"igw-1"}],"PropagatingVgws":[{"GatewayId":"vgw-1"}]}`,
			[]string{
				`route-table/rtb-1 RouteTable [] {"RouteTableId":"rtb-1","VpcId":"vpc-1"}`,
				`route-table/rtb-1|0.0.0.0/0 Route [] {"DestinationCidrBlock":"0.0.0.0/0","GatewayId":"igw-1","RouteTableId":"rtb-1"}`,
				`route-table/rtb-1|pl-1 Route [] {"DestinationPrefixListId":"pl-1","RouteTableId":"rtb-1","VpcEndpointId":"vpce-1"}`,
				`route-table/rtb-1|::/0 Route [] {"DestinationIpv6CidrBlock":"::/0","EgressOnlyInternetGatewayId":"eigw-1","RouteTableId":"rtb-1"}`,
				`route-table/rtb-1|10.9.0.0/16 Route [] {"DestinationCidrBlock":"10.9.0.0/16","InstanceId":"i-1","RouteTableId":"rtb-1"}`,
				`route-table/rtb-1|subnet-1 SubnetRouteTableAssociation [] {"Id":"rtbassoc-1","RouteTableId":"rtb-1","SubnetId":"subnet-1"}`,
				`route-table/rtb-1|igw-1 GatewayRouteTableAssociation [] {"AssociationId":"rtbassoc-2","GatewayId":"igw-1","RouteTableId":"rtb-1"}`,
				`vpn-gateway/vgw-1|rtb-1 VPNGatewayRoutePropagation [] {"RouteTableIds":["rtb-1"],"VpnGatewayId":"vgw-1"}`,
			}},
		{"a main route table as AWS makes it", "AWS::EC2::RouteTable", `{"RouteTableId":"rtb-1","VpcId":"vpc-1","Routes":[{"DestinationCidrBlock":"10.0.0.0/16","GatewayId":"local"}],"Associations":[{"Main":true,"RouteTableAssociationId":"r"}]}`,
			[]string{`route-table/rtb-1 RouteTable [aws-default] {"RouteTableId":"rtb-1","VpcId":"vpc-1"}`}},
		{"an attached gateway", "AWS::EC2::InternetGateway", `{"InternetGatewayId":"igw-1","Attachments":[{"State":"available","VpcId":"vpc-1"}]}`,
			[]string{`internet-gateway/igw-1 InternetGateway [] {"InternetGatewayId":"igw-1"}`,
				`vpc/vpc-1|igw-1 VPCGatewayAttachment [] {"AttachmentType":"IGW","InternetGatewayId":"igw-1","VpcId":"vpc-1"}`}},
		{"a NAT gateway with two addresses", "AWS::EC2::NatGateway", `{"NatGatewayId":"nat-1","SubnetId":"subnet-1","VpcId":"vpc-1","State":"available","ConnectivityType":"public",
			"NatGatewayAddresses":[{"AllocationId":"e-2","PrivateIp":"10.0.0.9","IsPrimary":false},{"AllocationId":"e-1","PrivateIp":"10.0.0.8","NetworkInterfaceId":"eni-1","PublicIp":"192.0.2.1","IsPrimary":true}]}`,
			[]string{`natgateway/nat-1 NatGateway [] {"AllocationId":"e-1","ConnectivityType":"public","EniId":"eni-1","NatGatewayId":"nat-1","PrivateIpAddress":"10.0.0.8","SecondaryAllocationIds":["e-2"],"SecondaryPrivateIpAddresses":["10.0.0.9"],"SubnetId":"subnet-1","VpcId":"vpc-1"}`}},
		{"a deleted NAT gateway", "AWS::EC2::NatGateway", `{"NatGatewayId":"nat-1","State":"deleted"}`, []string{`natgateway/nat-1 NatGateway [deleted] {"NatGatewayId":"nat-1"}`}},
		{"an interface of a service", "AWS::EC2::NetworkInterface", `{"NetworkInterfaceId":"eni-1","RequesterManaged":true,"SubnetId":"subnet-1","Groups":[{"GroupId":"sg-2","GroupName":"b"},{"GroupId":"sg-1","GroupName":"a"}],
			"PrivateIpAddress":"10.0.0.4","PrivateIpAddresses":[{"Primary":true,"PrivateIpAddress":"10.0.0.4"},{"Primary":false,"PrivateIpAddress":"10.0.0.5"}],"TagSet":[{"Key":"a","Value":"b"}]}`,
			[]string{`network-interface/eni-1 NetworkInterface [service-linked] {"GroupSet":["sg-1","sg-2"],"Id":"eni-1","PrimaryPrivateIpAddress":"10.0.0.4","PrivateIpAddress":"10.0.0.4","PrivateIpAddresses":[{"Primary":false,"PrivateIpAddress":"10.0.0.5"},{"Primary":true,"PrivateIpAddress":"10.0.0.4"}],"SecondaryPrivateIpAddresses":["10.0.0.5"],"SubnetId":"subnet-1"}`}},
		{"DHCP options", "AWS::EC2::DHCPOptions", `{"DhcpOptionsId":"dopt-1","DhcpConfigurations":[{"Key":"domain-name","Values":[{"Value":"corp.example"}]},{"Key":"domain-name-servers","Values":[{"Value":"10.0.0.2"},{"Value":"10.0.0.3"}]}]}`,
			[]string{`dhcp-options/dopt-1 DHCPOptions [] {"DhcpOptionsId":"dopt-1","DomainName":"corp.example","DomainNameServers":["10.0.0.2","10.0.0.3"]}`}},
		{"a peering", "AWS::EC2::VPCPeeringConnection", `{"VpcPeeringConnectionId":"pcx-1","RequesterVpcInfo":{"VpcId":"vpc-1"},"AccepterVpcInfo":{"VpcId":"vpc-2","OwnerId":"210987654321","Region":"eu-west-1"},"Status":{"Code":"active","Message":"Active"}}`,
			[]string{`vpc-peering-connection/pcx-1 VPCPeeringConnection [] {"Id":"pcx-1","PeerOwnerId":"210987654321","PeerRegion":"eu-west-1","PeerVpcId":"vpc-2","VpcId":"vpc-1"}`}},
		{"a flow log", "AWS::EC2::FlowLog", `{"FlowLogId":"fl-1","ResourceId":"tgw-attach-1","TrafficType":"ALL","LogDestinationType":"s3","LogDestination":"arn:aws:s3:::logs"}`,
			[]string{`vpc-flow-log/fl-1 FlowLog [] {"Id":"fl-1","LogDestination":"arn:aws:s3:::logs","LogDestinationType":"s3","ResourceId":"tgw-attach-1","ResourceType":"TransitGatewayAttachment","TrafficType":"ALL"}`}},
	})
}

func TestAccessToNetworks(t *testing.T) {
	t.Parallel()
	checkForms(t, []form{
		{"an ACL", "AWS::EC2::NetworkAcl", `{"NetworkAclId":"acl-1","VpcId":"vpc-1","IsDefault":false,"Entries":[
			{"CidrBlock":"0.0.0.0/0","Egress":true,"Protocol":"6","PortRange":{"From":443,"To":443},"RuleAction":"allow","RuleNumber":100},{"CidrBlock":"0.0.0.0/0","Egress":true,"Protocol":"-1","RuleAction":"deny","RuleNumber":32767}],
			"Associations":[{"NetworkAclAssociationId":"aclassoc-1","NetworkAclId":"acl-1","SubnetId":"subnet-1"}]}`,
			[]string{
				`network-acl/acl-1 NetworkAcl [] {"Id":"acl-1","VpcId":"vpc-1"}`,
				`network-acl/acl-1|egress|100 NetworkAclEntry [] {"CidrBlock":"0.0.0.0/0","Egress":true,"NetworkAclId":"acl-1","PortRange":{"From":443,"To":443},"Protocol":6,"RuleAction":"allow","RuleNumber":100}`,
				`subnet/subnet-1|network-acl|acl-1 SubnetNetworkAclAssociation [] {"AssociationId":"aclassoc-1","NetworkAclId":"acl-1","SubnetId":"subnet-1"}`,
			}},
		{"a security group", "AWS::EC2::SecurityGroup", `{"GroupId":"sg-1","GroupName":"web","Description":"the web","VpcId":"vpc-1","IpPermissions":[
			{"IpProtocol":"tcp","FromPort":80,"ToPort":80,"IpRanges":[{"CidrIp":"10.0.0.0/8","Description":"in"}],"Ipv6Ranges":[{"CidrIpv6":"::/0"}],"PrefixListIds":[{"PrefixListId":"pl-1"}],
			 "UserIdGroupPairs":[{"GroupId":"sg-2","UserId":"123456789012"},{"GroupId":"sg-3","UserId":"210987654321"}]}],
			"IpPermissionsEgress":[{"IpProtocol":"-1","IpRanges":[{"CidrIp":"0.0.0.0/0"}],"UserIdGroupPairs":[]}]}`,
			[]string{`security-group/sg-1 SecurityGroup [] {"GroupDescription":"the web","GroupId":"sg-1","GroupName":"web","Id":"sg-1","SecurityGroupEgress":[{"CidrIp":"0.0.0.0/0","IpProtocol":"-1"}],"SecurityGroupIngress":[` +
				`{"CidrIp":"10.0.0.0/8","Description":"in","FromPort":80,"IpProtocol":"tcp","ToPort":80},{"CidrIpv6":"::/0","FromPort":80,"IpProtocol":"tcp","ToPort":80},` +
				`{"FromPort":80,"IpProtocol":"tcp","SourcePrefixListId":"pl-1","ToPort":80},{"FromPort":80,"IpProtocol":"tcp","SourceSecurityGroupId":"sg-2","ToPort":80},` +
				`{"FromPort":80,"IpProtocol":"tcp","SourceSecurityGroupId":"sg-3","SourceSecurityGroupOwnerId":"210987654321","ToPort":80}],"VpcId":"vpc-1"}`}},
		{"ranges as AWS Config says them", "AWS::EC2::SecurityGroup", `{"GroupId":"sg-1","GroupName":"default","IpPermissions":[{"IpProtocol":"6","FromPort":22,"ToPort":22,"Ipv4Ranges":[{"CidrIp":"10.0.0.0/8"}],"IpRanges":["10.0.0.0/8"]}]}`,
			[]string{`security-group/sg-1 SecurityGroup [aws-default] {"GroupId":"sg-1","GroupName":"default","Id":"sg-1","SecurityGroupIngress":[{"CidrIp":"10.0.0.0/8","FromPort":22,"IpProtocol":"tcp","ToPort":22}]}`}},
		{"an endpoint", "AWS::EC2::VPCEndpoint", `{"VpcEndpointId":"vpce-1","VpcEndpointType":"Interface","VpcId":"vpc-1","ServiceName":"com.amazonaws.us-east-1.sqs","Groups":[{"GroupId":"sg-1","GroupName":"x"}],"SubnetIds":["subnet-2","subnet-1"],
			"DnsEntries":[{"DnsName":"vpce-1.sqs.us-east-1.vpce.amazonaws.com","HostedZoneId":"Z1"}],"State":"available"}`,
			[]string{`vpc-endpoint/vpce-1 VPCEndpoint [] {"DnsEntries":["Z1:vpce-1.sqs.us-east-1.vpce.amazonaws.com"],"Id":"vpce-1","SecurityGroupIds":["sg-1"],"ServiceName":"com.amazonaws.us-east-1.sqs","SubnetIds":["subnet-1","subnet-2"],"VpcEndpointType":"Interface","VpcId":"vpc-1"}`}},
		{"an endpoint service", "AWS::EC2::VPCEndpointService", `{"ServiceId":"vpce-svc-1","ServiceName":"com.amazonaws.vpce.us-east-1.vpce-svc-1","AcceptanceRequired":true,"AllowedPrincipals":[{"Principal":"arn:aws:iam::210987654321:root"}]}`,
			[]string{`vpc-endpoint-service/vpce-svc-1 VPCEndpointService [] {"AcceptanceRequired":true,"ServiceId":"vpce-svc-1"}`,
				`vpc-endpoint-service/vpce-svc-1|permissions VPCEndpointServicePermissions [] {"AllowedPrincipals":["arn:aws:iam::210987654321:root"],"ServiceId":"vpce-svc-1"}`}},
	})
}

func TestConnections(t *testing.T) {
	t.Parallel()
	checkForms(t, []form{
		{"a transit gateway", "AWS::EC2::TransitGateway", `{"TransitGatewayId":"tgw-1","TransitGatewayArn":"arn:aws:ec2:us-east-1:123456789012:transit-gateway/tgw-1","State":"available","Options":{"AmazonSideAsn":64512,"DnsSupport":"enable"}}`,
			[]string{`transit-gateway/tgw-1 TransitGateway [] {"AmazonSideAsn":64512,"DnsSupport":"enable","Id":"tgw-1","TransitGatewayArn":"arn:aws:ec2:us-east-1:123456789012:transit-gateway/tgw-1"}`}},
		{"an attachment", "AWS::EC2::TransitGatewayAttachment", `{"TransitGatewayAttachmentId":"tgw-attach-1","TransitGatewayId":"tgw-1","VpcId":"vpc-1","SubnetIds":["b","a"],"State":"available"}`,
			[]string{`transit-gateway-attachment/tgw-attach-1 TransitGatewayAttachment [] {"Id":"tgw-attach-1","SubnetIds":["a","b"],"TransitGatewayId":"tgw-1","VpcId":"vpc-1"}`}},
		{"a route of one", "AWS::EC2::TransitGatewayRoute", `{"TransitGatewayRouteTableId":"tgw-rtb-1","DestinationCidrBlock":"10.0.0.0/8","State":"blackhole","Type":"static","TransitGatewayAttachments":[{"TransitGatewayAttachmentId":"tgw-attach-1"}]}`,
			[]string{`transit-gateway-route-table/tgw-rtb-1|10.0.0.0/8 TransitGatewayRoute [] {"Blackhole":true,"DestinationCidrBlock":"10.0.0.0/8","TransitGatewayAttachmentId":"tgw-attach-1","TransitGatewayRouteTableId":"tgw-rtb-1"}`}},
		{"a VPN without its keys", "AWS::EC2::VPNConnection", `{"VpnConnectionId":"vpn-1","CustomerGatewayId":"cgw-1","VpnGatewayId":"vgw-1","Type":"ipsec.1","CustomerGatewayConfiguration":"<x><pre_shared_key>hush</pre_shared_key></x>",
			"Options":{"StaticRoutesOnly":true,"TunnelOptions":[{"PreSharedKey":"hush","TunnelInsideCidr":"169.254.10.0/30"}]},"Routes":[{"DestinationCidrBlock":"192.0.2.0/24","State":"available"}]}`,
			[]string{`vpn-connection/vpn-1 VPNConnection [] {"CustomerGatewayId":"cgw-1","StaticRoutesOnly":true,"Type":"ipsec.1","VpnConnectionId":"vpn-1","VpnGatewayId":"vgw-1","VpnTunnelOptionsSpecifications":[{"TunnelInsideCidr":"169.254.10.0/30"}]}`,
				`vpn-connection/vpn-1|192.0.2.0/24 VPNConnectionRoute [] {"DestinationCidrBlock":"192.0.2.0/24","VpnConnectionId":"vpn-1"}`}},
		{"a VPN gateway", "AWS::EC2::VPNGateway", `{"VpnGatewayId":"vgw-1","Type":"ipsec.1","AmazonSideAsn":64512,"VpcAttachments":[{"VpcId":"vpc-1","State":"attached"},{"VpcId":"vpc-2","State":"detached"}]}`,
			[]string{`vpn-gateway/vgw-1 VPNGateway [] {"AmazonSideAsn":64512,"Type":"ipsec.1","VPNGatewayId":"vgw-1"}`,
				`vpc/vpc-1|vgw-1 VPCGatewayAttachment [] {"AttachmentType":"VGW","VpcId":"vpc-1","VpnGatewayId":"vgw-1"}`}},
		{"who may use a client VPN", "AWS::EC2::ClientVpnAuthorizationRule", `{"ClientVpnEndpointId":"cvpn-1","DestinationCidr":"10.0.0.0/16","AccessAll":true,"Status":{"Code":"active"}}`,
			[]string{`client-vpn-endpoint/cvpn-1|authorization|10.0.0.0/16|all ClientVpnAuthorizationRule [] {"AuthorizeAllGroups":true,"ClientVpnEndpointId":"cvpn-1","TargetNetworkCidr":"10.0.0.0/16"}`}},
	})
}
