package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
)

type scalingReader interface {
	autoscaling.DescribeAutoScalingGroupsAPIClient
	autoscaling.DescribePoliciesAPIClient
	autoscaling.DescribeScheduledActionsAPIClient
	autoscaling.DescribeLaunchConfigurationsAPIClient
	autoscaling.DescribeNotificationConfigurationsAPIClient
	autoscaling.DescribeWarmPoolAPIClient
	DescribeLifecycleHooks(context.Context, *autoscaling.DescribeLifecycleHooksInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeLifecycleHooksOutput, error)
}

// scalingService reads Auto Scaling groups and what belongs to them.
func scalingService() service {
	return service{name: "autoscaling", steps: func(config sdk.Config) []*step {
		var api scalingReader = autoscaling.NewFromConfig(config)
		return []*step{
			list(api.DescribeAutoScalingGroups, "MaxRecords:100").items("AutoScalingGroups", "AWS::AutoScaling::AutoScalingGroup").with(
				list(api.DescribeNotificationConfigurations, "AutoScalingGroupNames=AutoScalingGroupName").
					into("NotificationConfigurations", "NotificationConfigurations"),
				list(api.DescribeLifecycleHooks, "AutoScalingGroupName").items("LifecycleHooks", "AWS::AutoScaling::LifecycleHook"),
				list(api.DescribeWarmPool, "AutoScalingGroupName").
					items("WarmPoolConfiguration", "AWS::AutoScaling::WarmPool").carrying("AutoScalingGroupName").given(warm),
			),
			list(api.DescribePolicies, "MaxRecords:100").items("ScalingPolicies", "AWS::AutoScaling::ScalingPolicy"),
			list(api.DescribeScheduledActions, "MaxRecords:100").items("ScheduledUpdateGroupActions", "AWS::AutoScaling::ScheduledAction"),
			list(api.DescribeLaunchConfigurations, "MaxRecords:100").items("LaunchConfigurations", "AWS::AutoScaling::LaunchConfiguration"),
		}
	}}
}

// warm groups have a warm pool.
func warm(group item) bool { return group.value("WarmPoolConfiguration") != nil }
