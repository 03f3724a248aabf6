package data_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design/data"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
)

func TestGaps(t *testing.T) {
	t.Parallel()
	designtest.Gaps(t, data.Family())
}

// Every kind has a rule that says something of a resource of which nothing is
// known, and of one whose properties are all of the wrong type.
func TestEveryKindOnPoorInput(t *testing.T) {
	t.Parallel()
	var resources []inventory.Resource
	shapes := []inventory.Properties{nil, odd("text"), odd(map[string]any{"a": []any{nil, "b", 1.5}}), odd([]any{map[string]any{"Id": "x"}, "y", nil}), odd(true), odd(float64(-7)), odd("${ref:cloudformation:shop/Nowhere#Arn}")}
	kinds := 0
	for _, rule := range data.Family().Rules {
		for _, kind := range rule.Kinds {
			kinds++
			for i, p := range shapes {
				name := "r" + strings.Repeat("x", i)
				resources = append(resources, inventory.Resource{
					ID: cloud.ResourceID("arn:aws:test:us-east-1:123456789012:" + string(kind) + "/" + name), Kind: kind, Name: name, Account: "123456789012", Region: "us-east-1", Properties: p,
				})
			}
		}
	}
	if kinds < 400 {
		t.Errorf("%d kinds have a rule", kinds)
	}
	d := designtest.Make(t, families(), resources...)
	designtest.Check(t, d)
	if len(d.Decisions) != len(resources) {
		t.Errorf("%d decisions for %d resources", len(d.Decisions), len(resources))
	}
}

// odd gives one value to every property that any rule of the family reads.
func odd(v any) inventory.Properties {
	p := inventory.Properties{}
	for _, name := range strings.Fields(`Engine EngineVersion DBInstanceClass AllocatedStorage StorageType Iops MultiAZ DBSubnetGroupName VPCSecurityGroups PubliclyAccessible MasterUsername DBName KmsKeyId StorageEncrypted
		DBParameterGroupName OptionGroupName PreferredMaintenanceWindow BackupRetentionPeriod SourceDBInstanceIdentifier DBClusterIdentifier Parameters Family OptionConfigurations
		BucketName VersioningConfiguration LifecycleConfiguration BucketEncryption CorsConfiguration NotificationConfiguration WebsiteConfiguration ObjectLockConfiguration ObjectLockEnabled ReplicationConfiguration LoggingConfiguration PublicAccessBlockConfiguration AccessControl Bucket PolicyDocument
		KeySchema AttributeDefinitions BillingMode ProvisionedThroughput GlobalSecondaryIndexes LocalSecondaryIndexes TimeToLiveSpecification StreamSpecification SSESpecification PointInTimeRecoverySpecification Replicas
		CacheNodeType NodeType NumNodeGroups ReplicasPerNodeGroup NodeGroupConfiguration CacheParameterGroupName ParameterGroupName CacheSubnetGroupName Properties SubnetIds SecurityGroupIds SnapshotRetentionLimit CacheUsageLimits
		FileSystemId FileSystemType StorageCapacity WindowsConfiguration OntapConfiguration OpenZFSConfiguration ProvisionedThroughputInMibps ThroughputMode LifecyclePolicies BackupPolicy
		ShardCount StreamModeDetails RetentionPeriodHours StreamEncryption StreamARN ExtendedS3DestinationConfiguration KinesisStreamSourceConfiguration NumberOfBrokerNodes BrokerNodeGroupInfo ClusterArn PartitionCount VpcConfigs
		KeyspaceName TableName PartitionKeyColumns ClusteringKeyColumns RegularColumns Fields ShardCapacity ServerlessV2ScalingConfiguration`) {
		p[name] = v
	}
	return p
}

// Every kind of the family's services that CloudFormation knows has a rule.
func TestEveryKindHasARule(t *testing.T) {
	t.Parallel()
	has := map[cloud.Kind]bool{}
	for _, rule := range data.Family().Rules {
		for _, kind := range rule.Kinds {
			if has[kind] {
				t.Errorf("%s has two rules", kind)
			}
			has[kind] = true
		}
	}
	services := strings.Fields(`RDS DynamoDB DAX ElastiCache MemoryDB S3 S3Express S3Tables S3Outposts S3ObjectLambda S3Vectors S3Files EFS FSx Redshift RedshiftServerless OpenSearchService Elasticsearch
		OpenSearchServerless DocDB DocDBElastic Neptune NeptuneGraph Cassandra Timestream QLDB Glue Athena LakeFormation EMR EMRServerless EMRContainers KinesisFirehose Kinesis KinesisAnalytics KinesisAnalyticsV2
		KinesisVideo MSK KafkaConnect DMS DataSync Transfer DataPipeline QuickSight DataBrew SageMaker OSIS DSQL StorageGateway`)
	for _, kind := range cfn.Load().Kinds() {
		service := strings.Split(string(kind), "::")[1]
		for _, mine := range services {
			if service == mine && !has[kind] {
				t.Errorf("%s has no rule", kind)
			}
		}
	}
}
