package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
)

type elasticacheReader interface {
	elasticache.DescribeCacheClustersAPIClient
	elasticache.DescribeCacheParameterGroupsAPIClient
	elasticache.DescribeCacheParametersAPIClient
	elasticache.DescribeCacheSubnetGroupsAPIClient
	elasticache.DescribeReplicationGroupsAPIClient
	elasticache.DescribeServerlessCachesAPIClient
	elasticache.DescribeSnapshotsAPIClient
	elasticache.DescribeUserGroupsAPIClient
	elasticache.DescribeUsersAPIClient
	ListTagsForResource(context.Context, *elasticache.ListTagsForResourceInput, ...func(*elasticache.Options)) (*elasticache.ListTagsForResourceOutput, error)
}

func elasticacheService() service {
	return service{name: "elasticache", steps: func(config sdk.Config) []*step {
		var api elasticacheReader = elasticache.NewFromConfig(config)
		tags := func(arn string) *step {
			return get(api.ListTagsForResource, "ResourceName="+arn).into("TagList", "Tags")
		}
		return []*step{
			list(api.DescribeReplicationGroups).items("ReplicationGroups", "AWS::ElastiCache::ReplicationGroup").with(
				// What all members share is only said of each member.
				ask(api.DescribeCacheClusters, firstMember).into("CacheClusters", "Member"),
				tags("ARN"),
			),
			list(api.DescribeCacheClusters, "ShowCacheNodeInfo:true").items("CacheClusters", "AWS::ElastiCache::CacheCluster").with(tags("ARN")),
			list(api.DescribeServerlessCaches).items("ServerlessCaches", "AWS::ElastiCache::ServerlessCache").with(tags("ARN")),
			list(api.DescribeCacheSubnetGroups).items("CacheSubnetGroups", "AWS::ElastiCache::SubnetGroup").with(tags("ARN")),
			list(api.DescribeCacheParameterGroups).items("CacheParameterGroups", "AWS::ElastiCache::ParameterGroup").with(
				list(api.DescribeCacheParameters, "CacheParameterGroupName", "Source:user").into("Parameters", "Parameters").given(own("CacheParameterGroupName")),
			),
			list(api.DescribeUsers).items("Users", "AWS::ElastiCache::User"),
			list(api.DescribeUserGroups).items("UserGroups", "AWS::ElastiCache::UserGroup"),
			list(api.DescribeSnapshots).items("Snapshots", "AWS::ElastiCache::Snapshot"),
		}
	}}
}

// firstMember asks for one of a group's clusters.
func firstMember(group item) *elasticache.DescribeCacheClustersInput {
	members := group.texts("MemberClusters")
	if len(members) == 0 {
		return nil
	}
	return &elasticache.DescribeCacheClustersInput{CacheClusterId: sdk.String(members[0])}
}
