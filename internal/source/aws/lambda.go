package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

type lambdaReader interface {
	lambda.GetFunctionAPIClient
	lambda.ListAliasesAPIClient
	lambda.ListEventSourceMappingsAPIClient
	lambda.ListFunctionEventInvokeConfigsAPIClient
	lambda.ListFunctionUrlConfigsAPIClient
	lambda.ListFunctionsAPIClient
	lambda.ListLayerVersionsAPIClient
	lambda.ListLayersAPIClient
	lambda.ListVersionsByFunctionAPIClient
	GetPolicy(context.Context, *lambda.GetPolicyInput, ...func(*lambda.Options)) (*lambda.GetPolicyOutput, error)
}

// lambdaService reads functions and what stands around them. GetFunction's
// address of the code is signed and lasts ten minutes: the rules leave it out.
func lambdaService() service {
	return service{name: "lambda", steps: func(config sdk.Config) []*step {
		var api lambdaReader = lambda.NewFromConfig(config)
		const none = "ResourceNotFoundException"
		return []*step{
			list(api.ListFunctions).items("Functions", "AWS::Lambda::Function").with(
				get(api.GetFunction, "FunctionName").into("", ""),
				get(api.GetPolicy, "FunctionName").into("Policy", "Policy").absent(none),
				list(api.ListVersionsByFunction, "FunctionName").items("Versions", "AWS::Lambda::Version").only(published),
				list(api.ListAliases, "FunctionName").items("Aliases", "AWS::Lambda::Alias").carrying("FunctionName"),
				list(api.ListFunctionUrlConfigs, "FunctionName").items("FunctionUrlConfigs", "AWS::Lambda::Url"),
				list(api.ListFunctionEventInvokeConfigs, "FunctionName").items("FunctionEventInvokeConfigs", "AWS::Lambda::EventInvokeConfig"),
			),
			list(api.ListEventSourceMappings).items("EventSourceMappings", "AWS::Lambda::EventSourceMapping"),
			list(api.ListLayers).items("Layers", "").with(
				list(api.ListLayerVersions, "LayerName").items("LayerVersions", "AWS::Lambda::LayerVersion").carrying("LayerName"),
			),
		}
	}}
}

// published versions have a number; $LATEST is the function itself.
func published(version item) bool { return version.text("Version") != "$LATEST" }
