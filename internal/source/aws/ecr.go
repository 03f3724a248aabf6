package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
)

type ecrReader interface {
	ecr.DescribeRepositoriesAPIClient
	GetLifecyclePolicy(context.Context, *ecr.GetLifecyclePolicyInput, ...func(*ecr.Options)) (*ecr.GetLifecyclePolicyOutput, error)
	GetRepositoryPolicy(context.Context, *ecr.GetRepositoryPolicyInput, ...func(*ecr.Options)) (*ecr.GetRepositoryPolicyOutput, error)
	ListTagsForResource(context.Context, *ecr.ListTagsForResourceInput, ...func(*ecr.Options)) (*ecr.ListTagsForResourceOutput, error)
}

func ecrService() service {
	return service{name: "ecr", steps: func(config sdk.Config) []*step {
		var api ecrReader = ecr.NewFromConfig(config)
		return []*step{list(api.DescribeRepositories).items("Repositories", "AWS::ECR::Repository").with(
			get(api.GetRepositoryPolicy, "RepositoryName").into("PolicyText", "PolicyText").absent("RepositoryPolicyNotFoundException"),
			get(api.GetLifecyclePolicy, "RepositoryName").into("LifecyclePolicyText", "LifecyclePolicyText").absent("LifecyclePolicyNotFoundException"),
			get(api.ListTagsForResource, "ResourceArn=RepositoryArn").into("Tags", "Tags"),
		)}
	}}
}
