package aws

import (
	"context"

	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
)

type apigatewayReader interface {
	apigateway.GetApiKeysAPIClient
	apigateway.GetBasePathMappingsAPIClient
	apigateway.GetDeploymentsAPIClient
	apigateway.GetDomainNamesAPIClient
	apigateway.GetModelsAPIClient
	apigateway.GetResourcesAPIClient
	apigateway.GetRestApisAPIClient
	apigateway.GetUsagePlansAPIClient
	apigateway.GetVpcLinksAPIClient
	GetAuthorizers(context.Context, *apigateway.GetAuthorizersInput, ...func(*apigateway.Options)) (*apigateway.GetAuthorizersOutput, error)
	GetRequestValidators(context.Context, *apigateway.GetRequestValidatorsInput, ...func(*apigateway.Options)) (*apigateway.GetRequestValidatorsOutput, error)
	GetStages(context.Context, *apigateway.GetStagesInput, ...func(*apigateway.Options)) (*apigateway.GetStagesOutput, error)
}

// apigatewayService reads REST APIs. Paths come with their methods, and become
// resources by the rules of the API's own kind.
func apigatewayService() service {
	return service{name: "apigateway", steps: func(config sdk.Config) []*step {
		var api apigatewayReader = apigateway.NewFromConfig(config)
		const of = "RestApiId=Id"
		return []*step{
			list(api.GetRestApis, "Limit:500").items("Items", "AWS::ApiGateway::RestApi").with(
				list(api.GetResources, of, "Limit:500", "Embed:methods").into("Items", "Resources"),
				get(api.GetStages, of).items("Item", "AWS::ApiGateway::Stage").carrying(of),
				list(api.GetDeployments, of, "Limit:500").items("Items", "AWS::ApiGateway::Deployment").carrying(of),
				list(api.GetAuthorizers, of, "Limit:500").items("Items", "AWS::ApiGateway::Authorizer").carrying(of),
				list(api.GetRequestValidators, of, "Limit:500").items("Items", "AWS::ApiGateway::RequestValidator").carrying(of),
				list(api.GetModels, of, "Limit:500").items("Items", "AWS::ApiGateway::Model").carrying(of),
			),
			list(api.GetDomainNames, "Limit:500").items("Items", "AWS::ApiGateway::DomainName").only(notRegional).with(
				list(api.GetBasePathMappings, "DomainName", "Limit:500").items("Items", "AWS::ApiGateway::BasePathMapping").carrying("DomainName"),
			),
			list(api.GetVpcLinks, "Limit:500").items("Items", "AWS::ApiGateway::VpcLink"),
			list(api.GetUsagePlans, "Limit:500").items("Items", "AWS::ApiGateway::UsagePlan"),
			// Without values, which are secrets.
			list(api.GetApiKeys, "Limit:500", "IncludeValues:false").items("Items", "AWS::ApiGateway::ApiKey"),
		}
	}}
}

// notRegional domain names are only known here; the regional ones are read as
// those of version 2, whose mappings reach both sorts of API.
func notRegional(name item) bool {
	return !slices.Contains(name.texts("EndpointConfiguration.Types"), "REGIONAL")
}
