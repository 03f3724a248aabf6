package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/memorydb"
)

type memorydbReader interface {
	memorydb.DescribeACLsAPIClient
	memorydb.DescribeClustersAPIClient
	memorydb.DescribeParameterGroupsAPIClient
	memorydb.DescribeSnapshotsAPIClient
	memorydb.DescribeSubnetGroupsAPIClient
	memorydb.DescribeUsersAPIClient
	ListTags(context.Context, *memorydb.ListTagsInput, ...func(*memorydb.Options)) (*memorydb.ListTagsOutput, error)
}

func memorydbService() service {
	return service{name: "memorydb", steps: func(config sdk.Config) []*step {
		var api memorydbReader = memorydb.NewFromConfig(config)
		tags := func() *step { return get(api.ListTags, "ResourceArn=ARN").into("TagList", "Tags") }
		return []*step{
			list(api.DescribeClusters, "ShowShardDetails:true").items("Clusters", "AWS::MemoryDB::Cluster").with(tags()),
			list(api.DescribeSubnetGroups).items("SubnetGroups", "AWS::MemoryDB::SubnetGroup").with(tags()),
			list(api.DescribeParameterGroups).items("ParameterGroups", "AWS::MemoryDB::ParameterGroup"),
			list(api.DescribeACLs).items("ACLs", "AWS::MemoryDB::ACL"),
			list(api.DescribeUsers).items("Users", "AWS::MemoryDB::User"),
			list(api.DescribeSnapshots).items("Snapshots", "AWS::MemoryDB::Snapshot"),
		}
	}}
}
