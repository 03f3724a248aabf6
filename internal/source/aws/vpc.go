package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

type networkReader interface {
	ec2.DescribeVpcsAPIClient
	ec2.DescribeSubnetsAPIClient
	ec2.DescribeRouteTablesAPIClient
	ec2.DescribeInternetGatewaysAPIClient
	ec2.DescribeEgressOnlyInternetGatewaysAPIClient
	ec2.DescribeNatGatewaysAPIClient
	ec2.DescribeNetworkInterfacesAPIClient
	ec2.DescribeNetworkAclsAPIClient
	ec2.DescribeSecurityGroupsAPIClient
	ec2.DescribeDhcpOptionsAPIClient
	ec2.DescribeVpcPeeringConnectionsAPIClient
	ec2.DescribeVpcEndpointsAPIClient
	ec2.DescribeVpcEndpointServiceConfigurationsAPIClient
	ec2.DescribeVpcEndpointServicePermissionsAPIClient
	ec2.DescribeVpcEndpointConnectionNotificationsAPIClient
	ec2.DescribeManagedPrefixListsAPIClient
	ec2.GetManagedPrefixListEntriesAPIClient
	ec2.DescribeFlowLogsAPIClient
	ec2.DescribeCarrierGatewaysAPIClient
	DescribeVpcAttribute(context.Context, *ec2.DescribeVpcAttributeInput, ...func(*ec2.Options)) (*ec2.DescribeVpcAttributeOutput, error)
}

// networkService reads what a VPC is made of.
func networkService() service {
	return service{name: "ec2", steps: func(config sdk.Config) []*step {
		var api networkReader = ec2.NewFromConfig(config)
		return []*step{
			list(api.DescribeVpcs, "MaxResults:1000").items("Vpcs", "AWS::EC2::VPC").with(
				get(api.DescribeVpcAttribute, "VpcId", "Attribute:enableDnsSupport").into("EnableDnsSupport.Value", "EnableDnsSupport"),
				get(api.DescribeVpcAttribute, "VpcId", "Attribute:enableDnsHostnames").into("EnableDnsHostnames.Value", "EnableDnsHostnames"),
			),
			list(api.DescribeSubnets, "MaxResults:1000").items("Subnets", "AWS::EC2::Subnet"),
			list(api.DescribeRouteTables, "MaxResults:100").items("RouteTables", "AWS::EC2::RouteTable"),
			list(api.DescribeInternetGateways, "MaxResults:1000").items("InternetGateways", "AWS::EC2::InternetGateway"),
			list(api.DescribeEgressOnlyInternetGateways, "MaxResults:255").items("EgressOnlyInternetGateways", "AWS::EC2::EgressOnlyInternetGateway"),
			list(api.DescribeCarrierGateways, "MaxResults:1000").items("CarrierGateways", "AWS::EC2::CarrierGateway"),
			list(api.DescribeNatGateways, "MaxResults:1000").items("NatGateways", "AWS::EC2::NatGateway"),
			list(api.DescribeNetworkInterfaces, "MaxResults:1000").items("NetworkInterfaces", "AWS::EC2::NetworkInterface"),
			list(api.DescribeNetworkAcls, "MaxResults:1000").items("NetworkAcls", "AWS::EC2::NetworkAcl"),
			list(api.DescribeSecurityGroups, "MaxResults:1000").items("SecurityGroups", "AWS::EC2::SecurityGroup"),
			list(api.DescribeDhcpOptions, "MaxResults:1000").items("DhcpOptions", "AWS::EC2::DHCPOptions"),
			list(api.DescribeVpcPeeringConnections, "MaxResults:1000").items("VpcPeeringConnections", "AWS::EC2::VPCPeeringConnection"),
			list(api.DescribeVpcEndpoints, "MaxResults:1000").items("VpcEndpoints", "AWS::EC2::VPCEndpoint"),
			list(api.DescribeVpcEndpointServiceConfigurations, "MaxResults:1000").items("ServiceConfigurations", "AWS::EC2::VPCEndpointService").with(
				list(api.DescribeVpcEndpointServicePermissions, "ServiceId", "MaxResults:1000").into("AllowedPrincipals", "AllowedPrincipals"),
			),
			list(api.DescribeVpcEndpointConnectionNotifications, "MaxResults:1000").
				items("ConnectionNotificationSet", "AWS::EC2::VPCEndpointConnectionNotification"),
			list(api.DescribeManagedPrefixLists, "MaxResults:100").items("PrefixLists", "AWS::EC2::PrefixList").with(
				list(api.GetManagedPrefixListEntries, "PrefixListId", "MaxResults:100").into("Entries", "Entries"),
			),
			list(api.DescribeFlowLogs, "MaxResults:1000").items("FlowLogs", "AWS::EC2::FlowLog"),
		}
	}}
}
