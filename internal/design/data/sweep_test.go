package data_test

import (
	"testing"

	"example.com/landfall/internal/design/designtest"
)

// TestNoPropertyIsDropped sets every property that CloudFormation knows of the
// main kinds: it reaches a body, a gap or a thing to do, or stands in the list.
func TestNoPropertyIsDropped(t *testing.T) {
	t.Parallel()
	designtest.Noticed(t, families, sweptInstance(), sweptCluster(), sweptTable(), sweptCache(), sweptBucket(), sweptShare(), sweptStream())
}

func sweptInstance() designtest.Swept {
	return designtest.Swept{Apart: true, Of: "AWS::RDS::DBInstance", Template: `
Resources:
  Probe: {Type: AWS::RDS::DBInstance, Properties: {Engine: postgres, EngineVersion: "16", DBInstanceClass: db.m5.large, AllocatedStorage: "100", AutomaticBackupReplicationRegion: us-west-2}}
`, Try: map[string]any{
		"StorageType": "gp3", "PreferredMaintenanceWindow": "mon:03:00-mon:04:00", "NetworkType": "DUAL", "BackupTarget": "outposts", "MasterUserAuthenticationType": "iam-db-auth",
	}, Excused: `
AllowMajorVersionUpgrade how CloudFormation may change the source
ApplyImmediately how CloudFormation may change the source
AutomaticBackupReplicationKmsKeyId the platform's key encrypts the copy in the paired region
AvailabilityZone a template leaves it open, and zones of both clouds are other buildings
CopyTagsToSnapshot snapshots of the source
DBClusterIdentifier read where the cluster is there
DBClusterSnapshotIdentifier what it was made from moves with its data
DBInstanceIdentifier its name
DBSecurityGroups[] EC2-Classic, which is gone
DBSnapshotIdentifier what it was made from moves with its data
DBSubnetGroupName read where the group is there
DBSystemId Oracle only
DeleteAutomatedBackups what happens when the source is deleted
DomainDnsIps[] part of the domain, which is a gap
DomainIAMRoleName part of the domain, which is a gap
DomainOu part of the domain, which is a gap
EnableCloudwatchLogsExports[] the diagnostic setting sends all logs
EngineLifecycleSupport a bill for old versions, which the version says
LicenseModel a free engine
MasterUserPassword a secret
MasterUserSecret.KmsKeyId part of ManageMasterUserPassword, which is a gap
MonitoringRoleArn part of MonitoringInterval, which is a gap
PerformanceInsightsKMSKeyId part of Performance Insights, which is a gap
PerformanceInsightsRetentionPeriod part of Performance Insights, which is a gap
PromotionTier members of a cluster only
ReplicaMode Oracle only
SourceDbiResourceId what it was made from moves with its data
SourceRegion only with the source of a replica, whose region is compared
StorageEncrypted always so at the target
UseDefaultProcessorFeatures what ProcessorFeatures says
UseLatestRestorableTime what it was made from moves with its data
VPCSecurityGroups[] read by the plan of the network
`}
}

func sweptCluster() designtest.Swept {
	return designtest.Swept{Apart: true, Of: "AWS::RDS::DBCluster", Template: `
Resources:
  Probe: {Type: AWS::RDS::DBCluster, Properties: {Engine: aurora-postgresql, EngineVersion: "16.4", ServerlessV2ScalingConfiguration: {MaxCapacity: 8}, ScalingConfiguration: {MaxCapacity: 8}}}
`, Try: map[string]any{
		"StorageType": "aurora-iopt1", "PreferredMaintenanceWindow": "mon:03:00-mon:04:00", "NetworkType": "DUAL", "EngineMode": "serverless", "MasterUserAuthenticationType": "iam-db-auth",
	}, Excused: `
AllocatedStorage Aurora grows by itself; TestMultiAZCluster reads it
AvailabilityZones[] a template leaves them open, and zones of both clouds are other buildings
CopyTagsToSnapshot snapshots of the source
DBClusterIdentifier its name
DBSubnetGroupName read where the group is there
DBSystemId Oracle only
DeleteAutomatedBackups what happens when the source is deleted
DomainIAMRoleName part of the domain, which is a gap
EnableCloudwatchLogsExports[] the diagnostic setting sends all logs
EngineLifecycleSupport a bill for old versions, which the version says
MasterUserPassword a secret
MasterUserSecret.KmsKeyId part of ManageMasterUserPassword, which is a gap
MonitoringRoleArn part of MonitoringInterval, which is a gap
PerformanceInsightsKmsKeyId part of Performance Insights, which is a gap
PerformanceInsightsRetentionPeriod part of Performance Insights, which is a gap
RestoreToTime what it was made from moves with its data
RestoreType what it was made from moves with its data
SnapshotIdentifier what it was made from moves with its data
SourceRegion only with the source of a replica
StorageEncrypted always so at the target
UseLatestRestorableTime what it was made from moves with its data
VpcSecurityGroupIds[] read by the plan of the network
`}
}

func sweptTable() designtest.Swept {
	return designtest.Swept{Apart: true, Of: "AWS::DynamoDB::Table", Template: `
Resources:
  Probe:
    Type: AWS::DynamoDB::Table
    Properties:
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      ProvisionedThroughput: {ReadCapacityUnits: 500, WriteCapacityUnits: 100}
      SSESpecification: {SSEEnabled: true, KMSMasterKeyId: "arn:aws:kms:us-east-1:123456789012:key/x"}
      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}
      TimeToLiveSpecification: {AttributeName: until, Enabled: true}
      LocalSecondaryIndexes: [{IndexName: l, KeySchema: [{AttributeName: id, KeyType: HASH}, {AttributeName: at, KeyType: RANGE}], Projection: {ProjectionType: ALL}}]
      GlobalSecondaryIndexes: [{IndexName: g, KeySchema: [{AttributeName: who, KeyType: HASH}, {AttributeName: at, KeyType: RANGE}], Projection: {ProjectionType: ALL}}]
`, Try: map[string]any{"AttributeDefinitions[].AttributeType": "B", "KeySchema[].KeyType": "RANGE"}, Excused: `
ContributorInsightsSpecification.Mode part of the insights, which are a gap
GlobalSecondaryIndexes[].ContributorInsightsSpecification* an index of Cosmos DB has no metrics of its own
GlobalSecondaryIndexes[].KeySchema[].KeyType the words are HASH and RANGE
GlobalSecondaryIndexes[].OnDemandThroughput* an index of Cosmos DB has no throughput of its own
GlobalSecondaryIndexes[].Projection* every index of Cosmos DB leads to whole items
GlobalSecondaryIndexes[].ProvisionedThroughput.WriteCapacityUnits the estimate of a write has its indexes in it
GlobalSecondaryIndexes[].WarmThroughput* an index of Cosmos DB has no throughput of its own
ImportSourceSpecification* what it was made from moves with its data
LocalSecondaryIndexes[].IndexName queries of Cosmos DB name no index
LocalSecondaryIndexes[].KeySchema[].KeyType the words are HASH and RANGE
LocalSecondaryIndexes[].Projection* every index of Cosmos DB leads to whole items
SSESpecification.SSEType KMS is the only one
StreamSpecification.Tags[]* tags of the stream
TableName its name
VectorIndexes[]* named as a whole
`}
}

func sweptCache() designtest.Swept {
	return designtest.Swept{Apart: true, Of: "AWS::ElastiCache::ReplicationGroup", Template: `
Resources:
  Probe: {Type: AWS::ElastiCache::ReplicationGroup, Properties: {CacheNodeType: cache.m5.large}}
`, Try: map[string]any{"Engine": "valkey", "EngineVersion": "5.0.6", "NetworkType": "ipv6", "IpDiscovery": "ipv6", "TransitEncryptionMode": "preferred"}, Excused: `
AtRestEncryptionEnabled always so at the target
AutoMinorVersionUpgrade always so at the target
CacheSecurityGroupNames[] EC2-Classic, which is gone
CacheSubnetGroupName read where the group is there
DataTieringEnabled the node type says it
LogDeliveryConfigurations[]* named as a whole by their gap
NodeGroupConfiguration[].NodeGroupId the service names its shards
NodeGroupConfiguration[].PrimaryAvailabilityZone the service spreads its nodes over the zones
NodeGroupConfiguration[].ReplicaAvailabilityZones[] the service spreads its nodes over the zones
NodeGroupConfiguration[].Slots the service gives out the slots
PreferredCacheClusterAZs[] the service spreads its nodes over the zones
PrimaryClusterId what it was made from moves with its data
ReplicationGroupDescription a description
ReplicationGroupId its name
SecurityGroupIds[] read by the plan of the network
SnapshotArns[] what it was made from moves with its data
SnapshotName what it was made from moves with its data
SnapshottingClusterId which node of the source makes snapshots
`}
}

func sweptBucket() designtest.Swept {
	return designtest.Swept{Apart: true, Of: "AWS::S3::Bucket", Template: `
Resources:
  Probe:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: probe
      ReplicationConfiguration: {Role: r, Rules: [{Id: r, Status: Enabled, Destination: {Bucket: "arn:aws:s3:::elsewhere"}}]}
      LifecycleConfiguration: {Rules: [{Id: a, Status: Enabled, ExpirationInDays: 300, Transitions: [{StorageClass: STANDARD_IA, TransitionInDays: 30}]}]}
      BucketEncryption: {ServerSideEncryptionConfiguration: [{ServerSideEncryptionByDefault: {SSEAlgorithm: "aws:kms"}}]}
  Open:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Probe
      PolicyDocument: {Statement: [{Effect: Allow, Principal: "*", Action: "s3:GetObject", Resource: "*"}]}
`, Try: map[string]any{}, Excused: `
AnalyticsConfigurations[]* named as a whole by its gap
BucketEncryption.ServerSideEncryptionConfiguration[].BlockedEncryptionTypes.EncryptionType[] keys that a client brings with a request
BucketEncryption.ServerSideEncryptionConfiguration[].BucketKeyEnabled the price of KMS
BucketName its name
BucketNamePrefix its name
BucketNamespace its name
CorsConfiguration.CorsRules[].Id rules have no names at the target
IntelligentTieringConfigurations[]* named as a whole by its gap
InventoryConfigurations[]* named as a whole by its gap
LifecycleConfiguration.Rules[].ExpiredObjectDeleteMarker the target has no delete markers
LifecycleConfiguration.Rules[].Transitions[].TransitionDate beside days it says nothing: TestLifecycle
LoggingConfiguration.TargetObjectKeyFormat* named as a whole by its gap
MetadataConfiguration* named as a whole by its gap
MetadataTableConfiguration* named as a whole by its gap
MetricsConfigurations[]* named as a whole by its gap
ObjectLockConfiguration.Rule.DefaultRetention.DefaultEventHold* named as a whole by its gap
OwnershipControls* blobs have no owners
PublicAccessBlockConfiguration.IgnorePublicAcls with an ACL only: TestPublicBuckets
PublicAccessBlockConfiguration.BlockPublicAcls forbids new ACLs, which the target has not
ReplicationConfiguration.Role the target's service copies by itself
ReplicationConfiguration.Rules[].Id rules have no names at the target
ReplicationConfiguration.Rules[].Priority rules of the target do not overlap
WebsiteConfiguration.RoutingRules[]* named as a whole by their gap
`}
}

func sweptShare() designtest.Swept {
	return designtest.Swept{Apart: true, Of: "AWS::EFS::FileSystem", Template: "Resources: {Probe: {Type: AWS::EFS::FileSystem, Properties: {Encrypted: true}}}", Excused: `
BypassPolicyLockoutSafetyCheck how CloudFormation may change the source
Encrypted always so at the target
`}
}

func sweptStream() designtest.Swept {
	return designtest.Swept{Apart: true, Of: "AWS::Kinesis::Stream", Template: "Resources: {Probe: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 1, StreamEncryption: {EncryptionType: KMS, KeyId: key/x}}}}", Excused: `
Name its name
`}
}
