package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awsbatch "github.com/aws/aws-sdk-go-v2/service/batch"
)

type batchReader interface {
	awsbatch.DescribeComputeEnvironmentsAPIClient
	awsbatch.DescribeJobDefinitionsAPIClient
	awsbatch.DescribeJobQueuesAPIClient
	awsbatch.ListSchedulingPoliciesAPIClient
	DescribeSchedulingPolicies(context.Context, *awsbatch.DescribeSchedulingPoliciesInput, ...func(*awsbatch.Options)) (*awsbatch.DescribeSchedulingPoliciesOutput, error)
}

func batchService() service {
	return service{name: "batch", steps: func(config sdk.Config) []*step {
		var api batchReader = awsbatch.NewFromConfig(config)
		return []*step{
			list(api.DescribeComputeEnvironments).items("ComputeEnvironments", "AWS::Batch::ComputeEnvironment"),
			list(api.DescribeJobQueues).items("JobQueues", "AWS::Batch::JobQueue"),
			list(api.DescribeJobDefinitions, "Status:ACTIVE").items("JobDefinitions", "AWS::Batch::JobDefinition"),
			list(api.ListSchedulingPolicies).items("SchedulingPolicies", "").with(
				batch(api.DescribeSchedulingPolicies, 100, "Arns=Arn").items("SchedulingPolicies", "AWS::Batch::SchedulingPolicy"),
			),
		}
	}}
}
