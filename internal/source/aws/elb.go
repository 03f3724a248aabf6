package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
)

type elbReader interface {
	elb.DescribeLoadBalancersAPIClient
	elb.DescribeInstanceHealthAPIClient
	DescribeLoadBalancerAttributes(context.Context, *elb.DescribeLoadBalancerAttributesInput, ...func(*elb.Options)) (*elb.DescribeLoadBalancerAttributesOutput, error)
	DescribeLoadBalancerPolicies(context.Context, *elb.DescribeLoadBalancerPoliciesInput, ...func(*elb.Options)) (*elb.DescribeLoadBalancerPoliciesOutput, error)
	DescribeTags(context.Context, *elb.DescribeTagsInput, ...func(*elb.Options)) (*elb.DescribeTagsOutput, error)
}

// elbService reads classic load balancers. Their action names have the same
// prefix as those of the later families, as IAM has it.
func elbService() service {
	return service{name: "elasticloadbalancing", steps: func(config sdk.Config) []*step {
		var api elbReader = elb.NewFromConfig(config)
		return []*step{
			list(api.DescribeLoadBalancers, "PageSize:400").items("LoadBalancerDescriptions", "AWS::ElasticLoadBalancing::LoadBalancer").with(
				get(api.DescribeLoadBalancerAttributes, "LoadBalancerName").into("LoadBalancerAttributes", "LoadBalancerAttributes"),
				get(api.DescribeLoadBalancerPolicies, "LoadBalancerName").into("PolicyDescriptions", "PolicyDescriptions"),
				get(api.DescribeInstanceHealth, "LoadBalancerName").into("InstanceStates", "InstanceStates"),
				batch(api.DescribeTags, 20, "LoadBalancerNames=LoadBalancerName").
					into("TagDescriptions", "Tags").matching("LoadBalancerName=LoadBalancerName", "Tags"),
			),
		}
	}}
}
