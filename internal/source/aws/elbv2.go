package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

type elbv2Reader interface {
	elbv2.DescribeLoadBalancersAPIClient
	elbv2.DescribeListenersAPIClient
	elbv2.DescribeListenerCertificatesAPIClient
	elbv2.DescribeRulesAPIClient
	elbv2.DescribeTargetGroupsAPIClient
	elbv2.DescribeTargetHealthAPIClient
	elbv2.DescribeTrustStoresAPIClient
	DescribeTags(context.Context, *elbv2.DescribeTagsInput, ...func(*elbv2.Options)) (*elbv2.DescribeTagsOutput, error)
	DescribeLoadBalancerAttributes(context.Context, *elbv2.DescribeLoadBalancerAttributesInput, ...func(*elbv2.Options)) (*elbv2.DescribeLoadBalancerAttributesOutput, error)
	DescribeListenerAttributes(context.Context, *elbv2.DescribeListenerAttributesInput, ...func(*elbv2.Options)) (*elbv2.DescribeListenerAttributesOutput, error)
	DescribeTargetGroupAttributes(context.Context, *elbv2.DescribeTargetGroupAttributesInput, ...func(*elbv2.Options)) (*elbv2.DescribeTargetGroupAttributesOutput, error)
}

// elbv2Service reads application, network and gateway load balancers.
func elbv2Service() service {
	return service{name: "elasticloadbalancing", steps: func(config sdk.Config) []*step {
		var api elbv2Reader = elbv2.NewFromConfig(config)
		// DescribeTags takes up to 20 resources, of any of the family's kinds.
		tags := func(arn string) *step {
			return batch(api.DescribeTags, 20, "ResourceArns="+arn).into("TagDescriptions", "Tags").matching("ResourceArn="+arn, "Tags")
		}
		rules := list(api.DescribeRules, "ListenerArn").items("Rules", "AWS::ElasticLoadBalancingV2::ListenerRule").
			carrying("ListenerArn").only(ownRule).with(tags("RuleArn"))
		listeners := list(api.DescribeListeners, "LoadBalancerArn").items("Listeners", "AWS::ElasticLoadBalancingV2::Listener").with(
			get(api.DescribeListenerAttributes, "ListenerArn").into("Attributes", "ListenerAttributes"),
			list(api.DescribeListenerCertificates, "ListenerArn").into("Certificates", "Certificates").given(secured),
			tags("ListenerArn"),
			rules,
		)
		return []*step{
			list(api.DescribeLoadBalancers).items("LoadBalancers", "AWS::ElasticLoadBalancingV2::LoadBalancer").with(
				get(api.DescribeLoadBalancerAttributes, "LoadBalancerArn").into("Attributes", "LoadBalancerAttributes"),
				tags("LoadBalancerArn"),
				listeners,
			),
			list(api.DescribeTargetGroups).items("TargetGroups", "AWS::ElasticLoadBalancingV2::TargetGroup").with(
				get(api.DescribeTargetGroupAttributes, "TargetGroupArn").into("Attributes", "TargetGroupAttributes"),
				list(api.DescribeTargetHealth, "TargetGroupArn").into("TargetHealthDescriptions", "TargetHealthDescriptions"),
				tags("TargetGroupArn"),
			),
			list(api.DescribeTrustStores).items("TrustStores", "AWS::ElasticLoadBalancingV2::TrustStore").with(tags("TrustStoreArn")),
		}
	}}
}

// secured listeners have certificates; the API refuses to list those of the
// others.
func secured(listener item) bool {
	return listener.text("Protocol") == "HTTPS" || listener.text("Protocol") == "TLS"
}

// ownRule leaves out the rule that is the listener's default actions under
// another name.
func ownRule(rule item) bool { return !rule.flag("IsDefault") }
