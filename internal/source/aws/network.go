package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

type gatewayReader interface {
	ec2.DescribeTransitGatewaysAPIClient
	ec2.DescribeTransitGatewayVpcAttachmentsAPIClient
	ec2.DescribeTransitGatewayPeeringAttachmentsAPIClient
	ec2.DescribeTransitGatewayConnectsAPIClient
	ec2.DescribeTransitGatewayAttachmentsAPIClient
	ec2.DescribeTransitGatewayRouteTablesAPIClient
	ec2.GetTransitGatewayRouteTableAssociationsAPIClient
	ec2.GetTransitGatewayRouteTablePropagationsAPIClient
	ec2.SearchTransitGatewayRoutesAPIClient
	ec2.DescribeTransitGatewayMulticastDomainsAPIClient
	ec2.DescribeVpnConnectionsAPIClient
	ec2.DescribeCustomerGatewaysAPIClient
	ec2.DescribeClientVpnEndpointsAPIClient
	ec2.DescribeClientVpnAuthorizationRulesAPIClient
	ec2.DescribeClientVpnRoutesAPIClient
	ec2.DescribeClientVpnTargetNetworksAPIClient
	DescribeVpnGateways(context.Context, *ec2.DescribeVpnGatewaysInput, ...func(*ec2.Options)) (*ec2.DescribeVpnGatewaysOutput, error)
}

// gatewayService reads what connects VPCs with each other and with other
// networks: transit gateways and the VPNs.
func gatewayService() service {
	return service{name: "ec2", steps: func(config sdk.Config) []*step {
		var api gatewayReader = ec2.NewFromConfig(config)
		return []*step{
			list(api.DescribeTransitGateways, "MaxResults:1000").items("TransitGateways", "AWS::EC2::TransitGateway"),
			list(api.DescribeTransitGatewayVpcAttachments, "MaxResults:1000").items("TransitGatewayVpcAttachments", "AWS::EC2::TransitGatewayAttachment"),
			list(api.DescribeTransitGatewayPeeringAttachments, "MaxResults:1000").
				items("TransitGatewayPeeringAttachments", "AWS::EC2::TransitGatewayPeeringAttachment"),
			list(api.DescribeTransitGatewayConnects, "MaxResults:1000").items("TransitGatewayConnects", "AWS::EC2::TransitGatewayConnect"),
			// The attachments of VPNs and Direct Connect gateways stand in no list
			// of their own.
			list(api.DescribeTransitGatewayAttachments, "MaxResults:1000").items("TransitGatewayAttachments", "AWS::EC2::TransitGatewayAttachment").only(otherAttachment),
			list(api.DescribeTransitGatewayRouteTables, "MaxResults:1000").items("TransitGatewayRouteTables", "AWS::EC2::TransitGatewayRouteTable").with(
				list(api.GetTransitGatewayRouteTableAssociations, "TransitGatewayRouteTableId", "MaxResults:1000").
					items("Associations", "AWS::EC2::TransitGatewayRouteTableAssociation").carrying("TransitGatewayRouteTableId"),
				list(api.GetTransitGatewayRouteTablePropagations, "TransitGatewayRouteTableId", "MaxResults:1000").
					items("TransitGatewayRouteTablePropagations", "AWS::EC2::TransitGatewayRouteTablePropagation").carrying("TransitGatewayRouteTableId"),
				ask(api.SearchTransitGatewayRoutes, transitRoutes).
					items("Routes", "AWS::EC2::TransitGatewayRoute").carrying("TransitGatewayRouteTableId"),
			),
			list(api.DescribeTransitGatewayMulticastDomains, "MaxResults:1000").
				items("TransitGatewayMulticastDomains", "AWS::EC2::TransitGatewayMulticastDomain"),
			// The configuration is a file for the other side's router, with the
			// pre-shared keys in it.
			list(api.DescribeVpnConnections).items("VpnConnections", "AWS::EC2::VPNConnection").
				leaving("VpnConnections.CustomerGatewayConfiguration", "VpnConnections.Options.TunnelOptions.PreSharedKey"),
			list(api.DescribeVpnGateways).items("VpnGateways", "AWS::EC2::VPNGateway"),
			list(api.DescribeCustomerGateways).items("CustomerGateways", "AWS::EC2::CustomerGateway"),
			list(api.DescribeClientVpnEndpoints, "MaxResults:1000").items("ClientVpnEndpoints", "AWS::EC2::ClientVpnEndpoint").with(
				list(api.DescribeClientVpnAuthorizationRules, "ClientVpnEndpointId", "MaxResults:1000").
					items("AuthorizationRules", "AWS::EC2::ClientVpnAuthorizationRule").carrying("ClientVpnEndpointId"),
				list(api.DescribeClientVpnRoutes, "ClientVpnEndpointId", "MaxResults:1000").
					items("Routes", "AWS::EC2::ClientVpnRoute").carrying("ClientVpnEndpointId"),
				list(api.DescribeClientVpnTargetNetworks, "ClientVpnEndpointId", "MaxResults:1000").
					items("ClientVpnTargetNetworks", "AWS::EC2::ClientVpnTargetNetworkAssociation").carrying("ClientVpnEndpointId"),
			),
		}
	}}
}

func otherAttachment(attachment item) bool {
	switch attachment.text("ResourceType") {
	case "vpc", "peering", "connect", "tgw-peering":
		return false
	}
	return true
}

// transitRoutes asks for all routes of a table; the API wants a filter.
func transitRoutes(table item) *ec2.SearchTransitGatewayRoutesInput {
	return &ec2.SearchTransitGatewayRoutesInput{
		TransitGatewayRouteTableId: sdk.String(table.text("TransitGatewayRouteTableId")),
		MaxResults:                 sdk.Int32(1000),
		Filters:                    []ec2types.Filter{{Name: sdk.String("state"), Values: []string{"active", "blackhole"}}},
	}
}
