package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

type logsReader interface {
	cloudwatchlogs.DescribeLogGroupsAPIClient
	cloudwatchlogs.DescribeMetricFiltersAPIClient
	cloudwatchlogs.DescribeSubscriptionFiltersAPIClient
	DescribeResourcePolicies(context.Context, *cloudwatchlogs.DescribeResourcePoliciesInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeResourcePoliciesOutput, error)
	ListTagsForResource(context.Context, *cloudwatchlogs.ListTagsForResourceInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.ListTagsForResourceOutput, error)
}

// logsService reads log groups, never a line of them.
func logsService() service {
	return service{name: "logs", steps: func(config sdk.Config) []*step {
		var api logsReader = cloudwatchlogs.NewFromConfig(config)
		return []*step{
			list(api.DescribeLogGroups, "Limit:50").items("LogGroups", "AWS::Logs::LogGroup").with(
				get(api.ListTagsForResource, "ResourceArn=LogGroupArn").into("Tags", "Tags"),
				list(api.DescribeSubscriptionFilters, "LogGroupName").items("SubscriptionFilters", "AWS::Logs::SubscriptionFilter"),
			),
			list(api.DescribeMetricFilters, "Limit:50").items("MetricFilters", "AWS::Logs::MetricFilter"),
			list(api.DescribeResourcePolicies).items("ResourcePolicies", "AWS::Logs::ResourcePolicy"),
		}
	}}
}
