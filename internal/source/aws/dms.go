package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
)

type dmsReader interface {
	dms.DescribeEndpointsAPIClient
	dms.DescribeReplicationInstancesAPIClient
	dms.DescribeReplicationSubnetGroupsAPIClient
	dms.DescribeReplicationTasksAPIClient
	ListTagsForResource(context.Context, *dms.ListTagsForResourceInput, ...func(*dms.Options)) (*dms.ListTagsForResourceOutput, error)
}

func dmsService() service {
	return service{name: "dms", steps: func(config sdk.Config) []*step {
		var api dmsReader = dms.NewFromConfig(config)
		tags := func(arn string) *step {
			return get(api.ListTagsForResource, "ResourceArn="+arn).into("TagList", "Tags")
		}
		return []*step{
			list(api.DescribeReplicationInstances).items("ReplicationInstances", "AWS::DMS::ReplicationInstance").with(tags("ReplicationInstanceArn")),
			list(api.DescribeEndpoints).items("Endpoints", "AWS::DMS::Endpoint").with(tags("EndpointArn")),
			list(api.DescribeReplicationTasks).items("ReplicationTasks", "AWS::DMS::ReplicationTask").with(tags("ReplicationTaskArn")),
			list(api.DescribeReplicationSubnetGroups).items("ReplicationSubnetGroups", "AWS::DMS::ReplicationSubnetGroup"),
		}
	}}
}
