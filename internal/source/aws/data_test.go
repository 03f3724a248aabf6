package aws

import (
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/redshift"

	"example.com/landfall/internal/inventory"
)

func TestAurora(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	api := rds.NewFromConfig(a.config)
	tags := []rdstypes.Tag{{Key: sdk.String("workload"), Value: sdk.String("shop")}}
	made(a, api.CreateDBClusterParameterGroup, &rds.CreateDBClusterParameterGroupInput{DBClusterParameterGroupName: sdk.String("orders"), DBParameterGroupFamily: sdk.String("aurora-postgresql15"), Description: sdk.String("x")})
	made(a, api.CreateDBCluster, &rds.CreateDBClusterInput{
		DBClusterIdentifier: sdk.String("orders"), Engine: sdk.String("aurora-postgresql"), MasterUsername: sdk.String("shop"), MasterUserPassword: sdk.String("kB7#secret"),
		EnableCloudwatchLogsExports: []string{"postgresql"}, StorageEncrypted: sdk.Bool(true), Tags: tags, DBClusterParameterGroupName: sdk.String("orders"),
	})
	made(a, api.CreateDBInstance, &rds.CreateDBInstanceInput{DBInstanceIdentifier: sdk.String("orders-1"), DBClusterIdentifier: sdk.String("orders"), Engine: sdk.String("aurora-postgresql"), DBInstanceClass: sdk.String("db.r6g.large")})
	made(a, api.CreateDBClusterSnapshot, &rds.CreateDBClusterSnapshotInput{DBClusterIdentifier: sdk.String("orders"), DBClusterSnapshotIdentifier: sdk.String("before")})
	made(a, api.CreateEventSubscription, &rds.CreateEventSubscriptionInput{SubscriptionName: sdk.String("failures"), SnsTopicArn: sdk.String("arn:aws:sns:us-east-1:123456789012:ops"), SourceType: sdk.String("db-instance"),
		SourceIds: []string{"orders-1"}, EventCategories: []string{"failover", "availability"}, Enabled: sdk.Bool(true)})
	r := a.read(rdsService())
	cluster := r.one("AWS::RDS::DBCluster", "orders")
	hasTag(t, cluster, "workload", "shop")
	has(t, cluster, map[string]any{"Engine": "aurora-postgresql", "DBClusterIdentifier": "orders", "MasterUsername": "shop", "StorageEncrypted": true, "EnableCloudwatchLogsExports.0": "postgresql", "MasterUserPassword": nil})
	endpoint, _ := cluster.Properties["Endpoint"].(map[string]any)
	if host, _ := endpoint["Address"].(string); host == "" {
		t.Errorf("endpoint %v", cluster.Properties["Endpoint"])
	} else {
		alias(t, cluster, host)
	}
	has(t, r.one("AWS::RDS::DBInstance", "orders-1"), map[string]any{"DBClusterIdentifier": "orders", "DBInstanceClass": "db.r6g.large"})
	has(t, r.one("AWS::RDS::DBClusterSnapshot", "before"), map[string]any{"DBClusterIdentifier": "orders"})
	has(t, r.one("AWS::RDS::EventSubscription", "failures"), map[string]any{"SourceIds.0": "orders-1", "EventCategories.0": "availability", "EventCategories.1": "failover", "Enabled": true})
	has(t, r.one("AWS::RDS::DBClusterParameterGroup", "orders"), map[string]any{"Family": "aurora-postgresql15"})
}

func TestDynamoDB(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	api := dynamodb.NewFromConfig(a.config)
	attribute := func(name string) ddbtypes.AttributeDefinition {
		return ddbtypes.AttributeDefinition{AttributeName: &name, AttributeType: "S"}
	}
	key := func(name string) []ddbtypes.KeySchemaElement {
		return []ddbtypes.KeySchemaElement{{AttributeName: &name, KeyType: "HASH"}}
	}
	capacity := &ddbtypes.ProvisionedThroughput{ReadCapacityUnits: sdk.Int64(5), WriteCapacityUnits: sdk.Int64(7)}
	made(a, api.CreateTable, &dynamodb.CreateTableInput{
		TableName: sdk.String("carts"), AttributeDefinitions: []ddbtypes.AttributeDefinition{attribute("id"), attribute("customer")}, KeySchema: key("id"), ProvisionedThroughput: capacity,
		GlobalSecondaryIndexes: []ddbtypes.GlobalSecondaryIndex{{IndexName: sdk.String("by-customer"), KeySchema: key("customer"), Projection: &ddbtypes.Projection{ProjectionType: "ALL"}, ProvisionedThroughput: capacity}},
		StreamSpecification:    &ddbtypes.StreamSpecification{StreamEnabled: sdk.Bool(true), StreamViewType: "NEW_IMAGE"}, Tags: []ddbtypes.Tag{{Key: sdk.String("workload"), Value: sdk.String("shop")}},
	})
	made(a, api.UpdateTimeToLive, &dynamodb.UpdateTimeToLiveInput{TableName: sdk.String("carts"), TimeToLiveSpecification: &ddbtypes.TimeToLiveSpecification{AttributeName: sdk.String("ends"), Enabled: sdk.Bool(true)}})
	scaling := applicationautoscaling.NewFromConfig(a.config)
	made(a, scaling.RegisterScalableTarget, &applicationautoscaling.RegisterScalableTargetInput{ServiceNamespace: "dynamodb", ResourceId: sdk.String("table/carts"),
		ScalableDimension: "dynamodb:table:ReadCapacityUnits", MinCapacity: sdk.Int32(5), MaxCapacity: sdk.Int32(50)})
	made(a, scaling.PutScalingPolicy, &applicationautoscaling.PutScalingPolicyInput{PolicyName: sdk.String("reads"), ServiceNamespace: "dynamodb", ResourceId: sdk.String("table/carts"),
		ScalableDimension: "dynamodb:table:ReadCapacityUnits", PolicyType: "TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration: &aastypes.TargetTrackingScalingPolicyConfiguration{TargetValue: sdk.Float64(70)}})
	r := a.read(dynamodbService(), applicationAutoScalingService())
	table := r.one("AWS::DynamoDB::Table", "carts")
	hasTag(t, table, "workload", "shop")
	has(t, table, map[string]any{
		"BillingMode": "PROVISIONED", "ProvisionedThroughput.WriteCapacityUnits": 7.0, "GlobalSecondaryIndexes.0.IndexName": "by-customer", "StreamSpecification.StreamViewType": "NEW_IMAGE",
		"TimeToLiveSpecification.AttributeName": "ends", "TimeToLiveSpecification.Enabled": true,
	})
	has(t, r.one("AWS::ApplicationAutoScaling::ScalableTarget", "table/carts"), map[string]any{"MaxCapacity": 50.0, "ServiceNamespace": "dynamodb"})
	has(t, r.one("AWS::ApplicationAutoScaling::ScalingPolicy", "reads"), map[string]any{"TargetTrackingScalingPolicyConfiguration.TargetValue": 70.0, "PolicyType": "TargetTrackingScaling"})
}

func TestElastiCache(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	api := elasticache.NewFromConfig(a.config)
	made(a, api.CreateCacheCluster, &elasticache.CreateCacheClusterInput{CacheClusterId: sdk.String("pages"), Engine: sdk.String("memcached"), CacheNodeType: sdk.String("cache.t4g.small"), NumCacheNodes: sdk.Int32(2)})
	r := a.read(elasticacheService())
	has(t, r.one("AWS::ElastiCache::CacheCluster", "pages"), map[string]any{"ClusterName": "pages", "Engine": "memcached", "NumCacheNodes": 2.0})
	for _, one := range r.resources {
		if one.Kind == "AWS::ElastiCache::User" && (len(one.Marks) != 1 || one.Marks[0] != inventory.Default) {
			t.Errorf("user %s has marks %v", one.Name, one.Marks)
		}
	}
}

func TestKinesis(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	api := kinesis.NewFromConfig(a.config)
	made(a, api.CreateStream, &kinesis.CreateStreamInput{StreamName: sdk.String("clicks"), ShardCount: sdk.Int32(3)})
	made(a, api.CreateStream, &kinesis.CreateStreamInput{StreamName: sdk.String("views"), StreamModeDetails: &kinesistypes.StreamModeDetails{StreamMode: "ON_DEMAND"}})
	made(a, api.AddTagsToStream, &kinesis.AddTagsToStreamInput{StreamName: sdk.String("clicks"), Tags: map[string]string{"workload": "shop"}})
	r := a.read(kinesisService())
	clicks := r.one("AWS::Kinesis::Stream", "clicks")
	hasTag(t, clicks, "workload", "shop")
	has(t, clicks, map[string]any{"ShardCount": 3.0, "RetentionPeriodHours": 24.0, "StreamEncryption": nil})
	has(t, r.one("AWS::Kinesis::Stream", "views"), map[string]any{"ShardCount": nil, "StreamModeDetails.StreamMode": "ON_DEMAND"})
}

func TestEFS(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	api := efs.NewFromConfig(a.config)
	covers := made(a, api.CreateFileSystem, &efs.CreateFileSystemInput{CreationToken: sdk.String("x"), Encrypted: sdk.Bool(true), Tags: []efstypes.Tag{{Key: sdk.String("Name"), Value: sdk.String("covers")}}})
	made(a, api.PutLifecycleConfiguration, &efs.PutLifecycleConfigurationInput{FileSystemId: covers.FileSystemId, LifecyclePolicies: []efstypes.LifecyclePolicy{{TransitionToIA: "AFTER_30_DAYS"}}})
	made(a, api.CreateAccessPoint, &efs.CreateAccessPointInput{ClientToken: sdk.String("x"), FileSystemId: covers.FileSystemId, RootDirectory: &efstypes.RootDirectory{Path: sdk.String("/in")}})
	r := a.read(efsService())
	system := r.one("AWS::EFS::FileSystem", "covers")
	has(t, system, map[string]any{"Encrypted": true, "LifecyclePolicies.0.TransitionToIA": "AFTER_30_DAYS", "FileSystemId": *covers.FileSystemId})
	alias(t, system, *covers.FileSystemId+".efs.us-east-1.amazonaws.com")
	r.count("AWS::EFS::AccessPoint", 1)
}

func TestRedshift(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	api := redshift.NewFromConfig(a.config)
	made(a, api.CreateCluster, &redshift.CreateClusterInput{ClusterIdentifier: sdk.String("reports"), NodeType: sdk.String("ra3.large"), MasterUsername: sdk.String("dba"), MasterUserPassword: sdk.String("kB7secret#X"),
		DBName: sdk.String("reports"), NumberOfNodes: sdk.Int32(2), ClusterType: sdk.String("multi-node")})
	r := a.read(redshiftService())
	has(t, r.one("AWS::Redshift::Cluster", "reports"), map[string]any{"DBName": "reports", "MasterUsername": "dba", "ClusterType": "multi-node", "NumberOfNodes": 2.0, "MasterUserPassword": nil})
}
