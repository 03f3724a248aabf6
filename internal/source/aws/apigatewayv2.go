package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
)

type apigatewayV2Reader interface {
	GetApiMappings(context.Context, *apigatewayv2.GetApiMappingsInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetApiMappingsOutput, error)
	GetApis(context.Context, *apigatewayv2.GetApisInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetApisOutput, error)
	GetAuthorizers(context.Context, *apigatewayv2.GetAuthorizersInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetAuthorizersOutput, error)
	GetDomainNames(context.Context, *apigatewayv2.GetDomainNamesInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetDomainNamesOutput, error)
	GetIntegrations(context.Context, *apigatewayv2.GetIntegrationsInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetIntegrationsOutput, error)
	GetRoutes(context.Context, *apigatewayv2.GetRoutesInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetRoutesOutput, error)
	GetStages(context.Context, *apigatewayv2.GetStagesInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetStagesOutput, error)
	GetVpcLinks(context.Context, *apigatewayv2.GetVpcLinksInput, ...func(*apigatewayv2.Options)) (*apigatewayv2.GetVpcLinksOutput, error)
}

// apigatewayV2Service reads HTTP and WebSocket APIs.
func apigatewayV2Service() service {
	return service{name: "apigateway", steps: func(config sdk.Config) []*step {
		var api apigatewayV2Reader = apigatewayv2.NewFromConfig(config)
		const of = "ApiId"
		return []*step{
			list(api.GetApis, "MaxResults:100").items("Items", "AWS::ApiGatewayV2::Api").with(
				list(api.GetRoutes, of, "MaxResults:100").items("Items", "AWS::ApiGatewayV2::Route").carrying(of),
				list(api.GetIntegrations, of, "MaxResults:100").items("Items", "AWS::ApiGatewayV2::Integration").carrying(of),
				list(api.GetStages, of, "MaxResults:100").items("Items", "AWS::ApiGatewayV2::Stage").carrying(of),
				list(api.GetAuthorizers, of, "MaxResults:100").items("Items", "AWS::ApiGatewayV2::Authorizer").carrying(of),
			),
			list(api.GetDomainNames, "MaxResults:100").items("Items", "AWS::ApiGatewayV2::DomainName").only(regional).with(
				list(api.GetApiMappings, "DomainName", "MaxResults:100").items("Items", "AWS::ApiGatewayV2::ApiMapping").carrying("DomainName"),
			),
			list(api.GetVpcLinks, "MaxResults:100").items("Items", "AWS::ApiGatewayV2::VpcLink"),
		}
	}}
}

// regional domain names; see notRegional.
func regional(name item) bool {
	for _, c := range name.objects("DomainNameConfigurations") {
		if c.text("EndpointType") == "EDGE" || c.text("EndpointType") == "PRIVATE" {
			return false
		}
	}
	return true
}
