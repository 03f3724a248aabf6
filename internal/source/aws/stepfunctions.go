package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
)

type stepFunctionsReader interface {
	sfn.ListActivitiesAPIClient
	sfn.ListStateMachinesAPIClient
	DescribeStateMachine(context.Context, *sfn.DescribeStateMachineInput, ...func(*sfn.Options)) (*sfn.DescribeStateMachineOutput, error)
	ListTagsForResource(context.Context, *sfn.ListTagsForResourceInput, ...func(*sfn.Options)) (*sfn.ListTagsForResourceOutput, error)
}

func stepFunctionsService() service {
	return service{name: "states", steps: func(config sdk.Config) []*step {
		var api stepFunctionsReader = sfn.NewFromConfig(config)
		tags := func(arn string) *step { return get(api.ListTagsForResource, "ResourceArn="+arn).into("Tags", "Tags") }
		return []*step{
			list(api.ListStateMachines).items("StateMachines", "AWS::StepFunctions::StateMachine").with(
				get(api.DescribeStateMachine, "StateMachineArn").into("", ""),
				tags("StateMachineArn"),
			),
			list(api.ListActivities).items("Activities", "AWS::StepFunctions::Activity").with(tags("ActivityArn")),
		}
	}}
}
