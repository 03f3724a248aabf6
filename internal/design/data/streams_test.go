package data_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/servicebus/2024-01-01/namespaces"
	"github.com/hashicorp/go-azure-sdk/resource-manager/servicebus/2024-01-01/queues"
)

// queuesFamily is a stand-in for the family that puts queues, at the stage
// after data.
func queuesFamily() design.Family {
	return design.Family{Name: "queues", Rules: []design.Rule{{
		Name: "sqs/queue", Kinds: []cloud.Kind{"AWS::SQS::Queue"}, Stage: design.Integration,
		Apply: func(c *design.Context, r *inventory.Resource) design.Decision {
			space := c.Once("bus", func() cloud.ResourceID {
				return c.Put(design.Target{Type: "Microsoft.ServiceBus/namespaces", Base: "shop", Model: namespaces.SBNamespace{Sku: &namespaces.SBSku{Name: namespaces.SkuNameStandard}}})
			})
			c.Put(design.Target{Type: "Microsoft.ServiceBus/namespaces/queues", Parent: space, Base: r.Name, NoLocation: true, Model: queues.SBQueue{Properties: &queues.SBQueueProperties{}}}, r)
			return design.Decision{Action: design.Migrate, Why: "test", Confidence: 0.9}
		},
	}}}
}

func TestBucketEventsAndLogs(t *testing.T) {
	t.Parallel()
	d := designtest.Shuffled(t, append(families(), queuesFamily()), designtest.FromTemplate(t, `
Resources:
  Mail: {Type: AWS::SQS::Queue, Properties: {QueueName: mail}}
  Logs: {Type: AWS::S3::Bucket, Properties: {BucketName: shop-logs}}
  Inbox:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: shop-inbox
      LoggingConfiguration: {DestinationBucketName: !Ref Logs, LogFilePrefix: inbox/}
      NotificationConfiguration:
        QueueConfigurations: [{Event: "s3:ObjectCreated:*", Queue: !GetAtt Mail.Arn, Filter: {S3Key: {Rules: [{Name: prefix, Value: in/}, {Name: suffix, Value: .csv}]}}}]
        LambdaConfigurations: [{Event: "s3:ObjectRemoved:*", Function: "arn:aws:lambda:us-east-1:123456789012:function:gone"}]
`)...)
	designtest.Check(t, d)
	want(t, designtest.One(t, d, "Microsoft.EventGrid/systemTopics"), map[string]string{"properties.topicType": "Microsoft.Storage.StorageAccounts"})
	one := designtest.One(t, d, "Microsoft.EventGrid/systemTopics/eventSubscriptions")
	want(t, one, map[string]string{"properties.filter.subjectBeginsWith": "/blobServices/default/containers/shop-inbox/blobs/in/", "properties.filter.subjectEndsWith": ".csv", "properties.destination.endpointType": "ServiceBusQueue"})
	setting := designtest.One(t, d, "Microsoft.Insights/diagnosticSettings")
	if !strings.Contains(at(setting, "properties.storageAccountId"), "/stshoplogs") {
		t.Errorf("logs go to %q", at(setting, "properties.storageAccountId"))
	}
	wantGaps(t, decisionOf(t, d, "AWS::S3::Bucket", "shop-inbox"), "s3.events", "s3.access-logs")
}

func TestStreams(t *testing.T) {
	t.Parallel()
	d := checked(t, `
Resources:
  Clicks: {Type: AWS::Kinesis::Stream, Properties: {Name: clicks, ShardCount: 6, RetentionPeriodHours: 72, StreamEncryption: {EncryptionType: KMS, KeyId: "arn:aws:kms:us-east-1:123456789012:key/x"}}}
  Free: {Type: AWS::Kinesis::Stream, Properties: {Name: free, StreamModeDetails: {StreamMode: ON_DEMAND}}}
  Reader: {Type: AWS::Kinesis::StreamConsumer, Properties: {ConsumerName: reader, StreamARN: !GetAtt Clicks.Arn}}
  Lake: {Type: AWS::S3::Bucket, Properties: {BucketName: shop-lake}}
  ToLake:
    Type: AWS::KinesisFirehose::DeliveryStream
    Properties:
      DeliveryStreamName: to-lake
      KinesisStreamSourceConfiguration: {KinesisStreamARN: !GetAtt Clicks.Arn, RoleARN: "arn:aws:iam::123456789012:role/x"}
      ExtendedS3DestinationConfiguration: {BucketARN: !GetAtt Lake.Arn, RoleARN: "arn:aws:iam::123456789012:role/x", BufferingHints: {IntervalInSeconds: 60, SizeInMBs: 128}, CompressionFormat: GZIP, ProcessingConfiguration: {Enabled: true, Processors: [{Type: Lambda}]}}
  Direct:
    Type: AWS::KinesisFirehose::DeliveryStream
    Properties: {DeliveryStreamName: direct, ExtendedS3DestinationConfiguration: {BucketARN: !GetAtt Lake.Arn, RoleARN: "arn:aws:iam::123456789012:role/x"}}
  Search:
    Type: AWS::KinesisFirehose::DeliveryStream
    Properties: {DeliveryStreamName: search, SplunkDestinationConfiguration: {HECEndpoint: "https://splunk.example", HECEndpointType: Raw, HECToken: x, S3Configuration: {BucketARN: !GetAtt Lake.Arn, RoleARN: "arn:aws:iam::123456789012:role/x"}}}
`)
	want(t, designtest.One(t, d, "Microsoft.EventHub/namespaces"), map[string]string{"sku.name": "Standard", "sku.capacity": "12", "properties.isAutoInflateEnabled": "true", "properties.maximumThroughputUnits": "40", "identity.type": "UserAssigned"})
	for _, r := range resources(d, "Microsoft.EventHub/namespaces/eventhubs") {
		switch r.Name[strings.LastIndexByte(r.Name, '/')+1:] {
		case "clicks":
			want(t, r, map[string]string{"properties.partitionCount": "6", "properties.retentionDescription.retentionTimeInHours": "72", "properties.captureDescription.enabled": "true", "properties.captureDescription.intervalInSeconds": "60", "properties.captureDescription.destination.properties.blobContainer": "shop-lake"})
		case "free":
			want(t, r, map[string]string{"properties.partitionCount": "4"})
		case "direct":
			want(t, r, map[string]string{"properties.captureDescription.enabled": "true"})
		}
	}
	designtest.One(t, d, "Microsoft.EventHub/namespaces/eventhubs/consumergroups")
	wantGaps(t, decisionOf(t, d, "AWS::Kinesis::Stream", "clicks"), "kinesis.key", "kinesis.api")
	wantGaps(t, decisionOf(t, d, "AWS::KinesisFirehose::DeliveryStream", "to-lake"), "firehose.avro", "firehose.transform", "firehose.compression")
	if one := decisionOf(t, d, "AWS::KinesisFirehose::DeliveryStream", "search"); one.Action != design.Manual {
		t.Errorf("search is %s", one.Action)
	}
	if n := len(resources(d, "Microsoft.Authorization/roleAssignments")); n != 1 {
		t.Errorf("%d role assignments", n)
	}
}

// What the Standard tier cannot do makes the namespace a Premium one.
func TestLargeStreams(t *testing.T) {
	t.Parallel()
	d := checked(t, `
Resources:
  Big: {Type: AWS::Kinesis::Stream, Properties: {Name: big, ShardCount: 200, RetentionPeriodHours: 8760}}
`)
	want(t, designtest.One(t, d, "Microsoft.EventHub/namespaces"), map[string]string{"sku.name": "Premium", "sku.capacity": "16"})
	want(t, designtest.One(t, d, "Microsoft.EventHub/namespaces/eventhubs"), map[string]string{"properties.partitionCount": "100", "properties.retentionDescription.retentionTimeInHours": "2160"})
	wantGaps(t, decisionOf(t, d, "AWS::Kinesis::Stream", "big"), "kinesis.partitions", "kinesis.retention")
}

func TestKafka(t *testing.T) {
	t.Parallel()
	d := checked(t, `
Resources:`+network+`
  Cluster: {Type: AWS::MSK::Cluster, Properties: {ClusterName: bus, KafkaVersion: 3.6.0, NumberOfBrokerNodes: 3, BrokerNodeGroupInfo: {InstanceType: kafka.m5.large, ClientSubnets: [!Ref A, !Ref B]}, ClientAuthentication: {Sasl: {Iam: {Enabled: true}}}}}
  Config: {Type: AWS::MSK::Configuration, Properties: {Name: c, ServerProperties: "auto.create.topics.enable=true"}}
`)
	want(t, designtest.One(t, d, "Microsoft.EventHub/namespaces"), map[string]string{"sku.name": "Premium", "sku.capacity": "4", "properties.kafkaEnabled": "true", "properties.publicNetworkAccess": "Disabled"})
	wantGaps(t, decisionOf(t, d, "AWS::MSK::Cluster", "bus"), "msk.kafka", "msk.auth")
	designtest.One(t, d, "Microsoft.Network/privateEndpoints")
}
