package aws

import (
	"context"

	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

type ecsReader interface {
	ecs.DescribeServicesAPIClient
	ecs.DescribeTasksAPIClient
	ecs.ListClustersAPIClient
	ecs.ListServicesAPIClient
	ecs.ListTasksAPIClient
	DescribeCapacityProviders(context.Context, *ecs.DescribeCapacityProvidersInput, ...func(*ecs.Options)) (*ecs.DescribeCapacityProvidersOutput, error)
	DescribeClusters(context.Context, *ecs.DescribeClustersInput, ...func(*ecs.Options)) (*ecs.DescribeClustersOutput, error)
	DescribeTaskDefinition(context.Context, *ecs.DescribeTaskDefinitionInput, ...func(*ecs.Options)) (*ecs.DescribeTaskDefinitionOutput, error)
	ListTagsForResource(context.Context, *ecs.ListTagsForResourceInput, ...func(*ecs.Options)) (*ecs.ListTagsForResourceOutput, error)
}

// ecsService reads clusters, services, and the task definitions that services
// and running tasks use: an account keeps every revision that ever was.
func ecsService() service {
	return service{name: "ecs", steps: func(config sdk.Config) []*step {
		var api ecsReader = ecs.NewFromConfig(config)
		used := func(field string) *step {
			// The tags stand beside the definition in the answer, not in it.
			return get(api.DescribeTaskDefinition, field).items("TaskDefinition", "AWS::ECS::TaskDefinition").with(
				get(api.ListTagsForResource, "ResourceArn=TaskDefinitionArn").into("Tags", "Tags"),
			)
		}
		return []*step{
			list(api.ListClusters).items("ClusterArns", "").as("ClusterArn").with(
				batch(api.DescribeClusters, 100, "Clusters=ClusterArn", "Include:TAGS,SETTINGS,CONFIGURATIONS,ATTACHMENTS").items("Clusters", "AWS::ECS::Cluster"),
				list(api.ListServices, "Cluster=ClusterArn", "MaxResults:100").items("ServiceArns", "").as("ServiceArn").carrying("ClusterArn").with(
					batch(api.DescribeServices, 10, "Services=ServiceArn", "Cluster=ClusterArn", "Include:TAGS").items("Services", "AWS::ECS::Service").with(
						used("TaskDefinition").given(defined),
					),
				),
				list(api.ListTasks, "Cluster=ClusterArn").items("TaskArns", "").as("TaskArn").carrying("ClusterArn").with(
					batch(api.DescribeTasks, 100, "Tasks=TaskArn", "Cluster=ClusterArn").items("Tasks", "").only(unserviced).with(used("TaskDefinition=TaskDefinitionArn")),
				),
			),
			list(api.DescribeCapacityProviders, "Include:TAGS").items("CapacityProviders", "AWS::ECS::CapacityProvider"),
		}
	}}
}

// defined services name a task definition; one of an external deployment
// controller has task sets instead.
func defined(service item) bool { return service.text("TaskDefinition") != "" }

// unserviced are tasks that no service has started.
func unserviced(task item) bool { return !strings.HasPrefix(task.text("Group"), "service:") }
