package seed

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/elasticache/types"
)

const cacheGroup = "bookshop-cache"

// elasticache makes the shop's Redis: a primary and a replica with failover.
func (s *scope) elasticache() {
	tags := tagList(tagsOf(s.owner), func(k, v *string) types.Tag { return types.Tag{Key: k, Value: v} })
	named(s, Resource{Kind: "AWS::ElastiCache::SubnetGroup", Name: "bookshop-cache"}, s.clients.elasticache.CreateCacheSubnetGroup, &elasticache.CreateCacheSubnetGroupInput{
		CacheSubnetGroupName: aws.String("bookshop-cache"), CacheSubnetGroupDescription: aws.String("shop cache"),
		SubnetIds: []string{s.id("subnet/data-a"), s.id("subnet/data-b")}, Tags: tags,
	})
	named(s, Resource{Kind: "AWS::ElastiCache::ReplicationGroup", Name: cacheGroup}, s.clients.elasticache.CreateReplicationGroup, &elasticache.CreateReplicationGroupInput{
		ReplicationGroupId: aws.String(cacheGroup), ReplicationGroupDescription: aws.String("shop cache"), Engine: aws.String("redis"), EngineVersion: aws.String("7.1"),
		CacheNodeType: aws.String("cache.t4g.small"), NumNodeGroups: aws.Int32(1), ReplicasPerNodeGroup: aws.Int32(1), AutomaticFailoverEnabled: aws.Bool(true), MultiAZEnabled: aws.Bool(true),
		CacheSubnetGroupName: aws.String("bookshop-cache"), SecurityGroupIds: []string{s.id("group/cache")}, AtRestEncryptionEnabled: aws.Bool(true),
		TransitEncryptionEnabled: aws.Bool(true), KmsKeyId: aws.String(s.id("key-arn")), SnapshotRetentionLimit: aws.Int32(3), Port: aws.Int32(6379), Tags: tags,
	})
	endpoint := get(s, s.clients.elasticache.DescribeReplicationGroups, &elasticache.DescribeReplicationGroupsInput{ReplicationGroupId: aws.String(cacheGroup)}, primaryEndpoint)
	s.set("cache-endpoint", endpoint)
}

func primaryEndpoint(o *elasticache.DescribeReplicationGroupsOutput) string {
	for _, g := range o.ReplicationGroups {
		for _, n := range g.NodeGroups {
			if n.PrimaryEndpoint != nil {
				return aws.ToString(n.PrimaryEndpoint.Address)
			}
		}
	}
	return ""
}
