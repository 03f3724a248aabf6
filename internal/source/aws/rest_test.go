package aws

import (
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	configtypes "github.com/aws/aws-sdk-go-v2/service/configservice/types"
	dms "github.com/aws/aws-sdk-go-v2/service/databasemigrationservice"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	firehosetypes "github.com/aws/aws-sdk-go-v2/service/firehose/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/kafka"
	kafkatypes "github.com/aws/aws-sdk-go-v2/service/kafka/types"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
)

func TestWatching(t *testing.T) {
	t.Parallel()
	a := newGatedAccount(t)
	watch, logs := cloudwatch.NewFromConfig(a.config), cloudwatchlogs.NewFromConfig(a.config)
	for _, name := range []string{"slow", "full"} {
		made(a, watch.PutMetricAlarm, &cloudwatch.PutMetricAlarmInput{AlarmName: &name, Namespace: sdk.String("AWS/EC2"), MetricName: sdk.String("CPUUtilization"), Period: sdk.Int32(60), EvaluationPeriods: sdk.Int32(2),
			Threshold: sdk.Float64(80), ComparisonOperator: "GreaterThanThreshold", Statistic: "Average", Dimensions: []cwtypes.Dimension{{Name: sdk.String("InstanceId"), Value: sdk.String("i-1")}}})
	}
	made(a, logs.CreateLogGroup, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: sdk.String("/shop/app"), Tags: map[string]string{"workload": "shop"}})
	made(a, logs.PutRetentionPolicy, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: sdk.String("/shop/app"), RetentionInDays: sdk.Int32(30)})
	made(a, logs.PutMetricFilter, &cloudwatchlogs.PutMetricFilterInput{LogGroupName: sdk.String("/shop/app"), FilterName: sdk.String("errors"), FilterPattern: sdk.String("ERROR"),
		MetricTransformations: []logtypes.MetricTransformation{{MetricName: sdk.String("Errors"), MetricNamespace: sdk.String("Shop"), MetricValue: sdk.String("1")}}})
	for i := range 55 { // more than a page
		made(a, logs.CreateLogGroup, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: sdk.String("/many/" + string(rune('A'+i)))})
	}
	r := a.read(cloudwatchService(), logsService())
	r.count("AWS::CloudWatch::Alarm", 2)
	has(t, r.one("AWS::CloudWatch::Alarm", "slow"), map[string]any{"Threshold": 80.0, "Dimensions.0.Value": "i-1", "Namespace": "AWS/EC2"})
	r.count("AWS::Logs::LogGroup", 56)
	group := r.one("AWS::Logs::LogGroup", "/shop/app")
	hasTag(t, group, "workload", "shop")
	has(t, group, map[string]any{"RetentionInDays": 30.0, "LogGroupName": "/shop/app"})
	has(t, r.one("AWS::Logs::MetricFilter", "errors"), map[string]any{"LogGroupName": "/shop/app", "MetricTransformations.0.MetricName": "Errors"})
}

func TestAnalytics(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	lake, search, events, moves := glue.NewFromConfig(a.config), opensearch.NewFromConfig(a.config), kafka.NewFromConfig(a.config), firehose.NewFromConfig(a.config)
	made(a, lake.CreateDatabase, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: sdk.String("lake"), LocationUri: sdk.String("s3://lake/")}})
	made(a, lake.CreateTable, &glue.CreateTableInput{DatabaseName: sdk.String("lake"), TableInput: &gluetypes.TableInput{Name: sdk.String("clicks"), StorageDescriptor: &gluetypes.StorageDescriptor{Location: sdk.String("s3://lake/clicks/")}}})
	made(a, lake.CreateJob, &glue.CreateJobInput{Name: sdk.String("nightly"), Role: sdk.String("glue"), Command: &gluetypes.JobCommand{Name: sdk.String("glueetl"), ScriptLocation: sdk.String("s3://lake/job.py")}})
	made(a, search.CreateDomain, &opensearch.CreateDomainInput{DomainName: sdk.String("search"), EngineVersion: sdk.String("OpenSearch_2.11")})
	made(a, events.CreateCluster, &kafka.CreateClusterInput{ClusterName: sdk.String("events"), KafkaVersion: sdk.String("3.6.0"), NumberOfBrokerNodes: sdk.Int32(3),
		BrokerNodeGroupInfo: &kafkatypes.BrokerNodeGroupInfo{ClientSubnets: []string{"subnet-1"}, InstanceType: sdk.String("kafka.m5.large")}})
	made(a, moves.CreateDeliveryStream, &firehose.CreateDeliveryStreamInput{DeliveryStreamName: sdk.String("clicks"), ExtendedS3DestinationConfiguration: &firehosetypes.ExtendedS3DestinationConfiguration{
		BucketARN: sdk.String("arn:aws:s3:::lake"), RoleARN: sdk.String("arn:aws:iam::" + a.id + ":role/f")}})
	r := a.read(glueService(), opensearchService(), mskService(), firehoseService())
	has(t, r.one("AWS::Glue::Database", "lake"), map[string]any{"DatabaseInput.LocationUri": "s3://lake/"})
	has(t, r.one("AWS::Glue::Table", "lake.clicks"), map[string]any{"TableInput.StorageDescriptor.Location": "s3://lake/clicks/", "DatabaseName": "lake"})
	has(t, r.one("AWS::Glue::Job", "nightly"), map[string]any{"Command.ScriptLocation": "s3://lake/job.py"})
	has(t, r.one("AWS::OpenSearchService::Domain", "search"), map[string]any{"EngineVersion": "OpenSearch_2.11"})
	has(t, r.one("AWS::MSK::Cluster", "events"), map[string]any{"NumberOfBrokerNodes": 3.0, "BrokerNodeGroupInfo.InstanceType": "kafka.m5.large"})
	has(t, r.one("AWS::KinesisFirehose::DeliveryStream", "clicks"), map[string]any{"ExtendedS3DestinationConfiguration.BucketARN": "arn:aws:s3:::lake"})
}

func TestSchedulesAndRules(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	times, rules, lines := scheduler.NewFromConfig(a.config), configservice.NewFromConfig(a.config), dms.NewFromConfig(a.config)
	made(a, times.CreateSchedule, &scheduler.CreateScheduleInput{Name: sdk.String("nightly"), ScheduleExpression: sdk.String("rate(1 day)"), FlexibleTimeWindow: &schedulertypes.FlexibleTimeWindow{Mode: "OFF"},
		Target: &schedulertypes.Target{Arn: sdk.String("arn:aws:sqs:us-east-1:" + a.id + ":jobs"), RoleArn: sdk.String("arn:aws:iam::" + a.id + ":role/s")}})
	made(a, rules.PutConfigRule, &configservice.PutConfigRuleInput{ConfigRule: &configtypes.ConfigRule{ConfigRuleName: sdk.String("public"), Source: &configtypes.Source{Owner: "AWS", SourceIdentifier: sdk.String("S3_BUCKET_PUBLIC_READ_PROHIBITED")}}})
	endpoint := made(a, lines.CreateEndpoint, &dms.CreateEndpointInput{EndpointIdentifier: sdk.String("orders"), EndpointType: "source", EngineName: sdk.String("postgres"), ServerName: sdk.String("db.internal"), Port: sdk.Int32(5432),
		Username: sdk.String("dms"), Password: sdk.String("kB7secretX"), DatabaseName: sdk.String("orders")}).Endpoint
	r := a.read(schedulerService(), configService(), dmsService())
	has(t, r.one("AWS::Scheduler::Schedule", "nightly"), map[string]any{"ScheduleExpression": "rate(1 day)", "Target.Arn": "arn:aws:sqs:us-east-1:" + a.id + ":jobs"})
	has(t, r.one("AWS::Config::ConfigRule", "public"), map[string]any{"Source.SourceIdentifier": "S3_BUCKET_PUBLIC_READ_PROHIBITED"})
	found := r.one("AWS::DMS::Endpoint", "orders")
	has(t, found, map[string]any{"ServerName": "db.internal", "Port": 5432.0, "Username": "dms", "EndpointArn": *endpoint.EndpointArn})
	noSecret(t, observed(r), "kB7secretX")
}
