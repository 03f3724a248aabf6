package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/pipes"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
)

type pipesReader interface {
	pipes.ListPipesAPIClient
	DescribePipe(context.Context, *pipes.DescribePipeInput, ...func(*pipes.Options)) (*pipes.DescribePipeOutput, error)
}

type schedulerReader interface {
	scheduler.ListScheduleGroupsAPIClient
	scheduler.ListSchedulesAPIClient
	GetSchedule(context.Context, *scheduler.GetScheduleInput, ...func(*scheduler.Options)) (*scheduler.GetScheduleOutput, error)
	ListTagsForResource(context.Context, *scheduler.ListTagsForResourceInput, ...func(*scheduler.Options)) (*scheduler.ListTagsForResourceOutput, error)
}

type eventsReader interface {
	DescribeArchive(context.Context, *eventbridge.DescribeArchiveInput, ...func(*eventbridge.Options)) (*eventbridge.DescribeArchiveOutput, error)
	DescribeConnection(context.Context, *eventbridge.DescribeConnectionInput, ...func(*eventbridge.Options)) (*eventbridge.DescribeConnectionOutput, error)
	DescribeEventBus(context.Context, *eventbridge.DescribeEventBusInput, ...func(*eventbridge.Options)) (*eventbridge.DescribeEventBusOutput, error)
	ListApiDestinations(context.Context, *eventbridge.ListApiDestinationsInput, ...func(*eventbridge.Options)) (*eventbridge.ListApiDestinationsOutput, error)
	ListArchives(context.Context, *eventbridge.ListArchivesInput, ...func(*eventbridge.Options)) (*eventbridge.ListArchivesOutput, error)
	ListConnections(context.Context, *eventbridge.ListConnectionsInput, ...func(*eventbridge.Options)) (*eventbridge.ListConnectionsOutput, error)
	ListEventBuses(context.Context, *eventbridge.ListEventBusesInput, ...func(*eventbridge.Options)) (*eventbridge.ListEventBusesOutput, error)
	ListRules(context.Context, *eventbridge.ListRulesInput, ...func(*eventbridge.Options)) (*eventbridge.ListRulesOutput, error)
	ListTagsForResource(context.Context, *eventbridge.ListTagsForResourceInput, ...func(*eventbridge.Options)) (*eventbridge.ListTagsForResourceOutput, error)
	ListTargetsByRule(context.Context, *eventbridge.ListTargetsByRuleInput, ...func(*eventbridge.Options)) (*eventbridge.ListTargetsByRuleOutput, error)
}

// eventsService reads EventBridge's buses, and the rules of each.
func eventsService() service {
	return service{name: "events", steps: func(config sdk.Config) []*step {
		var api eventsReader = eventbridge.NewFromConfig(config)
		return []*step{
			list(api.ListEventBuses).items("EventBuses", "AWS::Events::EventBus").with(
				get(api.DescribeEventBus, "Name").into("", ""),
				get(api.ListTagsForResource, "ResourceARN=Arn").into("Tags", "Tags"),
				list(api.ListRules, "EventBusName=Name").items("Rules", "AWS::Events::Rule").with(
					list(api.ListTargetsByRule, "Rule=Name", "EventBusName").into("Targets", "Targets"),
					get(api.ListTagsForResource, "ResourceARN=Arn").into("Tags", "Tags"),
				),
			),
			list(api.ListArchives).items("Archives", "AWS::Events::Archive").with(get(api.DescribeArchive, "ArchiveName").into("", "")),
			list(api.ListConnections).items("Connections", "AWS::Events::Connection").with(get(api.DescribeConnection, "Name").into("", "")),
			list(api.ListApiDestinations).items("ApiDestinations", "AWS::Events::ApiDestination"),
		}
	}}
}

func schedulerService() service {
	return service{name: "scheduler", steps: func(config sdk.Config) []*step {
		var api schedulerReader = scheduler.NewFromConfig(config)
		return []*step{
			list(api.ListScheduleGroups).items("ScheduleGroups", "AWS::Scheduler::ScheduleGroup").with(
				get(api.ListTagsForResource, "ResourceArn=Arn").into("Tags", "Tags"),
			),
			list(api.ListSchedules).items("Schedules", "AWS::Scheduler::Schedule").with(get(api.GetSchedule, "Name", "GroupName").into("", "")),
		}
	}}
}

func pipesService() service {
	return service{name: "pipes", steps: func(config sdk.Config) []*step {
		var api pipesReader = pipes.NewFromConfig(config)
		return []*step{list(api.ListPipes).items("Pipes", "AWS::Pipes::Pipe").with(get(api.DescribePipe, "Name").into("", ""))}
	}}
}
