package aws

import (
	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
)

type applicationAutoScalingReader interface {
	applicationautoscaling.DescribeScalableTargetsAPIClient
	applicationautoscaling.DescribeScalingPoliciesAPIClient
}

// applicationAutoScalingService reads what scales tables, services and the
// like. The calls want one namespace at a time; those of the services that are
// read are listed (Application Auto Scaling API reference).
func applicationAutoScalingService() service {
	return service{name: "application-autoscaling", steps: func(config sdk.Config) []*step {
		var api applicationAutoScalingReader = applicationautoscaling.NewFromConfig(config)
		var namespaces []item
		for _, name := range []string{"dynamodb", "ecs", "rds", "lambda", "elasticache", "kafka", "neptune", "ec2", "sagemaker", "cassandra", "appstream", "elasticmapreduce", "custom-resource"} {
			namespaces = append(namespaces, item{"Namespace": name})
		}
		return []*step{fixed(namespaces...).with(
			list(api.DescribeScalableTargets, "ServiceNamespace=Namespace").items("ScalableTargets", "AWS::ApplicationAutoScaling::ScalableTarget"),
			list(api.DescribeScalingPolicies, "ServiceNamespace=Namespace").items("ScalingPolicies", "AWS::ApplicationAutoScaling::ScalingPolicy"),
		)}
	}}
}
