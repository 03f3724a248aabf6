package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

type cloudwatchReader interface {
	cloudwatch.DescribeAlarmsAPIClient
	cloudwatch.ListDashboardsAPIClient
	cloudwatch.ListMetricStreamsAPIClient
	GetDashboard(context.Context, *cloudwatch.GetDashboardInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetDashboardOutput, error)
	GetMetricStream(context.Context, *cloudwatch.GetMetricStreamInput, ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricStreamOutput, error)
	ListTagsForResource(context.Context, *cloudwatch.ListTagsForResourceInput, ...func(*cloudwatch.Options)) (*cloudwatch.ListTagsForResourceOutput, error)
}

func cloudwatchService() service {
	return service{name: "cloudwatch", steps: func(config sdk.Config) []*step {
		var api cloudwatchReader = cloudwatch.NewFromConfig(config)
		// Without the kind only alarms on metrics are answered.
		alarms := func(sort types.AlarmType) *step {
			return ask(api.DescribeAlarms, func(item) *cloudwatch.DescribeAlarmsInput {
				return &cloudwatch.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{sort}, MaxRecords: sdk.Int32(100)}
			})
		}
		tags := func(arn string) *step { return get(api.ListTagsForResource, "ResourceARN="+arn).into("Tags", "Tags") }
		return []*step{
			alarms(types.AlarmTypeMetricAlarm).items("MetricAlarms", "AWS::CloudWatch::Alarm").with(tags("AlarmArn")),
			alarms(types.AlarmTypeCompositeAlarm).items("CompositeAlarms", "AWS::CloudWatch::CompositeAlarm").with(tags("AlarmArn")),
			list(api.ListDashboards).items("DashboardEntries", "AWS::CloudWatch::Dashboard").with(get(api.GetDashboard, "DashboardName").into("", "")),
			list(api.ListMetricStreams).items("Entries", "AWS::CloudWatch::MetricStream").with(get(api.GetMetricStream, "Name").into("", "")),
		}
	}}
}
