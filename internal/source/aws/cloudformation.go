package aws

import (
	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

type cloudformationReader interface {
	cloudformation.DescribeStacksAPIClient
	cloudformation.ListStackResourcesAPIClient
}

// cloudformationService reads stacks and which resource each of their logical
// ids stands for.
func cloudformationService() service {
	return service{name: "cloudformation", steps: func(config sdk.Config) []*step {
		var api cloudformationReader = cloudformation.NewFromConfig(config)
		return []*step{list(api.DescribeStacks).items("Stacks", "AWS::CloudFormation::Stack").with(
			list(api.ListStackResources, "StackName=StackId").into("StackResourceSummaries", "StackResources"),
		)}
	}}
}
