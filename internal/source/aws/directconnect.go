package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/directconnect"

	"example.com/landfall/internal/cloud"
)

type directconnectGatewayReader interface {
	DescribeDirectConnectGatewayAssociations(context.Context, *directconnect.DescribeDirectConnectGatewayAssociationsInput, ...func(*directconnect.Options)) (*directconnect.DescribeDirectConnectGatewayAssociationsOutput, error)
	DescribeDirectConnectGateways(context.Context, *directconnect.DescribeDirectConnectGatewaysInput, ...func(*directconnect.Options)) (*directconnect.DescribeDirectConnectGatewaysOutput, error)
}

type directconnectReader interface {
	DescribeConnections(context.Context, *directconnect.DescribeConnectionsInput, ...func(*directconnect.Options)) (*directconnect.DescribeConnectionsOutput, error)
	DescribeLags(context.Context, *directconnect.DescribeLagsInput, ...func(*directconnect.Options)) (*directconnect.DescribeLagsOutput, error)
	DescribeVirtualInterfaces(context.Context, *directconnect.DescribeVirtualInterfacesInput, ...func(*directconnect.Options)) (*directconnect.DescribeVirtualInterfacesOutput, error)
}

// directconnectService reads the lines of the region and what runs on them.
func directconnectService() service {
	return service{name: "directconnect", steps: func(config sdk.Config) []*step {
		var api directconnectReader = directconnect.NewFromConfig(config)
		faces := func(sort string, kind cloud.Kind) *step {
			return list(api.DescribeVirtualInterfaces).items("VirtualInterfaces", kind).only(func(face item) bool { return face.text("VirtualInterfaceType") == sort })
		}
		return []*step{
			list(api.DescribeConnections).items("Connections", "AWS::DirectConnect::Connection"),
			list(api.DescribeLags).items("Lags", "AWS::DirectConnect::Lag"),
			faces("private", "AWS::DirectConnect::PrivateVirtualInterface"),
			faces("transit", "AWS::DirectConnect::TransitVirtualInterface"),
			faces("public", "AWS::DirectConnect::PublicVirtualInterface"),
		}
	}}
}

// directconnectGatewayService reads gateways, which belong to no region.
func directconnectGatewayService() service {
	return service{name: "directconnect", global: true, steps: func(config sdk.Config) []*step {
		var api directconnectGatewayReader = directconnect.NewFromConfig(config)
		return []*step{list(api.DescribeDirectConnectGateways).items("DirectConnectGateways", "AWS::DirectConnect::DirectConnectGateway").with(
			list(api.DescribeDirectConnectGatewayAssociations, "DirectConnectGatewayId").items("DirectConnectGatewayAssociations", "AWS::DirectConnect::DirectConnectGatewayAssociation"),
		)}
	}}
}
