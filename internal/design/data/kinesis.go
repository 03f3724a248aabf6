package data

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/eventhub/2024-01-01/consumergroups"
	"github.com/hashicorp/go-azure-sdk/resource-manager/eventhub/2024-01-01/eventhubs"
	"github.com/hashicorp/go-azure-sdk/resource-manager/eventhub/2024-01-01/namespaces"
)

const (
	hubNamespace cloud.Kind = "Microsoft.EventHub/namespaces"
	hub          cloud.Kind = "Microsoft.EventHub/namespaces/eventhubs"
	hubGroup     cloud.Kind = "Microsoft.EventHub/namespaces/eventhubs/consumergroups"
)

// Limits of the Standard tier (Microsoft Learn, "Azure Event Hubs quotas and
// limits").
const (
	standardPartitions = 32
	standardHours      = 168
	premiumPartitions  = 100
	premiumHours       = 2160
	standardUnits      = 40
	standardKiB        = 1024
	standardHubs       = 10
	// onDemandShards is what a stream in on-demand mode begins with (Amazon
	// Kinesis Data Streams Developer Guide, "Choose the data stream capacity mode").
	onDemandShards = 4
)

func (b *book) kinesisRules() []design.Rule {
	const page = "Azure Architecture Center, Compare messaging services on Azure and AWS"
	return []design.Rule{
		making(b.rule("kinesis/stream", page, stream, "AWS::Kinesis::Stream"), hubNamespace, hub),
		making(b.rule("kinesis/consumer", page, streamConsumer, "AWS::Kinesis::StreamConsumer"), hubGroup),
	}
}

func onDemand(r *inventory.Resource) bool {
	return strings.EqualFold(design.Text(r.Properties, "StreamModeDetails.StreamMode"), "ON_DEMAND")
}

func shardsOf(r *inventory.Resource) int {
	if onDemand(r) {
		return onDemandShards
	}
	return max(1, design.Int(r.Properties, "ShardCount", 1))
}

// hubs is the namespace for all streams of the workload: a stream of Kinesis
// has no namespace, and throughput units are bought for all hubs together.
func hubs(c *book) cloud.ResourceID {
	return c.Once("data/eventhubs", func() cloud.ResourceID {
		units, premium, grow := 0, false, false
		streams := c.OfKind("AWS::Kinesis::Stream")
		count := len(streams)
		for _, r := range c.OfKind("AWS::KinesisFirehose::DeliveryStream") {
			if directPut(r) {
				units, count = units+1, count+1
			}
		}
		for _, r := range streams {
			units += shardsOf(r)
			grow = grow || onDemand(r)
			premium = premium || shardsOf(r) > standardPartitions || design.Int(r.Properties, "RetentionPeriodHours", 24) > standardHours
		}
		premium = premium || count > standardHubs || units > standardUnits
		sku := namespaces.Sku{Name: namespaces.SkuNameStandard, Tier: new(namespaces.SkuTierStandard), Capacity: new(int64(max(1, units)))}
		properties := namespaces.EHNamespaceProperties{
			MinimumTlsVersion: new(namespaces.TlsVersionOnePointTwo), DisableLocalAuth: new(true), PublicNetworkAccess: new(namespaces.PublicNetworkAccessEnabled), ZoneRedundant: new(true),
			IsAutoInflateEnabled: new(grow && !premium), KafkaEnabled: new(true),
		}
		if premium {
			// One processing unit does about 5 to 10 MB/s in (Microsoft Learn,
			// "Azure Event Hubs Premium").
			sku = namespaces.Sku{Name: namespaces.SkuNamePremium, Tier: new(namespaces.SkuTierPremium), Capacity: new(int64(atLeast([]int{1, 2, 4, 6, 8, 10, 12, 16}, (units+4)/5)))}
		} else if grow {
			properties.MaximumThroughputUnits = new(int64(standardUnits))
		}
		return c.Put(design.Target{Type: hubNamespace, Base: c.Options.Workload, Model: namespaces.EHNamespace{Sku: &sku, Properties: &properties}})
	})
}

func (s *sheet) premium(namespace cloud.ResourceID) bool {
	return skuOf(s.c, namespace) == string(namespaces.SkuNamePremium)
}

// putHub puts an event hub with its partitions and retention.
func (s *sheet) putHub(shards, hours int, r *inventory.Resource) cloud.ResourceID {
	namespace := hubs(s.c)
	s.c.Attach(r, namespace)
	mostPartitions, mostHours := standardPartitions, standardHours
	if s.premium(namespace) {
		mostPartitions, mostHours = premiumPartitions, premiumHours
	}
	if shards > mostPartitions {
		s.Gap("kinesis.partitions", "ShardCount="+itoa(shards))
	}
	if hours > mostHours {
		s.Gap("kinesis.retention", "RetentionPeriodHours="+itoa(hours))
	}
	return s.c.Put(design.Target{Type: hub, Parent: namespace, Base: base(r), NoLocation: true, Model: eventhubs.Eventhub{Properties: &eventhubs.EventhubProperties{
		PartitionCount:       new(int64(min(shards, mostPartitions))),
		RetentionDescription: &eventhubs.RetentionDescription{CleanupPolicy: new(eventhubs.CleanupPolicyRetentionDescriptionDelete), RetentionTimeInHours: new(int64(min(max(hours, 1), mostHours)))},
	}}}, r)
}

func stream(s *sheet) design.Decision {
	s.Knows("Name", "StreamModeDetails", "ShardCount", "StreamStatus", "WarmThroughputObject", "StreamARN", "StreamName")
	shards, hours := shardsOf(s.r), s.int("RetentionPeriodHours", 24)
	id := s.putHub(shards, hours, s.r)
	namespace := hubs(s.c)
	s.private(namespace, "namespace", endpointVPCs(s.c, "kinesis-streams"))
	if strings.EqualFold(s.text("StreamEncryption.EncryptionType"), "KMS") && !strings.Contains(design.Text(s.r.Properties, "StreamEncryption.KeyId"), "alias/aws/") {
		s.Meets("kinesis.key", "StreamEncryption.KeyId")
	}
	s.Knows("StreamEncryption")
	if onDemand(s.r) {
		s.Gap("kinesis.on-demand", "StreamModeDetails.StreamMode=ON_DEMAND")
	}
	s.gapIf("kinesis.on-demand", "WarmThroughputMiBps")
	if s.int("MaxRecordSizeInKiB", standardKiB) > standardKiB {
		s.Meets("kinesis.record-size", "MaxRecordSizeInKiB")
	}
	s.gapIf("kinesis.shard-metrics", "DesiredShardLevelMetrics")
	s.Gap("kinesis.api", "Kind=AWS::Kinesis::Stream")
	s.Do("replace the Kinesis producer and consumer libraries of %s by the Event Hubs SDK (or Kafka clients), and checkpoints in DynamoDB by a checkpoint store in a blob container", s.r.Name)
	s.Do("give producers the role Azure Event Hubs Data Sender and consumers Azure Event Hubs Data Receiver on %s (keys are off)", common.LastName(id))
	s.Not("Azure Service Bus", "a broker for messages that are taken away one by one, without replay")
	s.Decision.EffortDays = 4
	s.Decision.Cost = s.hubCost(shards)
	return s.done(design.Migrate, 0.65, "the stream with %s and %s of retention becomes event hub %s with as many partitions in namespace %s (%s)", common.Count(shards, "shard"), common.Count(hours, "hour"), common.LastName(id), common.LastName(namespace), skuOf(s.c, namespace))
}

// hubCost is the stream's share of the namespace's throughput units.
func (s *sheet) hubCost(shards int) *design.Cost {
	out := design.Cost{}
	if e, ok := s.c.Catalog.Unit("aws_kinesis_stream", "PROVISIONED"); ok && !onDemand(s.r) {
		out.Before = cents(e.Month() * float64(shards))
	}
	e, ok := s.c.Catalog.Unit("azurerm_eventhub_namespace", "Capacity (Standard)")
	if ok && !s.premium(hubs(s.c)) {
		out.After = cents(e.USD * float64(shards))
	}
	if out.Before == nil && out.After == nil {
		return nil
	}
	out.Basis = e.Basis + "; shard hours and throughput units, without requests"
	return &out
}

func streamConsumer(s *sheet) design.Decision {
	s.Knows("ConsumerName", "ConsumerARN", "ConsumerStatus", "ConsumerCreationTimestamp")
	owner, ok := s.c.Find(s.r, s.At("StreamARN"), "AWS::Kinesis::Stream")
	id, put := s.c.TargetOf(owner, hub)
	if !ok || !put {
		s.Do("make a consumer group for %s where its stream goes", s.r.Name)
		return s.done(design.Manual, 0.4, "no automatic mapping: its stream has no event hub in this design")
	}
	group := s.c.Put(design.Target{Type: hubGroup, Parent: id, Base: base(s.r), NoLocation: true, Model: consumergroups.ConsumerGroup{Properties: &consumergroups.ConsumerGroupProperties{UserMetadata: new("enhanced fan-out consumer " + s.r.Name)}}}, s.r)
	s.Gap("kinesis.fan-out", "ConsumerName="+s.r.Name)
	return s.done(design.Migrate, 0.7, "the consumer with enhanced fan-out becomes consumer group %s of event hub %s", common.LastName(group), common.LastName(id))
}

// capture lets the event hub write what it gets to the container that stands
// for the bucket of a delivery stream.
func capture(c *book, r *inventory.Resource) {
	s := read(c, r)
	to := delivery(r)
	bucket, ok := c.Find(r, design.At(to.config, "BucketARN"), "AWS::S3::Bucket")
	id := s.deliverySource()
	if !ok || id == "" || c.Shared(r) {
		return
	}
	container, put := c.TargetOf(bucket, storageContainer)
	account, _ := c.TargetOf(bucket, storageAccount)
	h, found := c.Resource(id)
	if !put || !found || design.At(h.Body, "properties.captureDescription") != nil {
		return
	}
	identity := captureIdentity(c)
	grant := common.RoleAssignment(c.Context, identity, container, blobContributor, r)
	namespace, _ := c.Resource(hubs(c))
	namespace.Body["identity"] = map[string]any{"type": "UserAssigned", "userAssignedIdentities": map[string]any{string(identity): map[string]any{}}}
	seconds := design.Int(to.config, "BufferingHints.IntervalInSeconds", 300)
	mebibytes := design.Int(to.config, "BufferingHints.SizeInMBs", 5)
	mapping(h.Body["properties"])["captureDescription"] = map[string]any{
		"enabled": true, "encoding": "Avro", "skipEmptyArchives": true,
		"intervalInSeconds": min(max(seconds, 60), 900), "sizeLimitInBytes": min(max(mebibytes, 10), 500) << 20,
		"destination": map[string]any{
			"name": "EventHubArchive.AzureBlockBlob", "identity": map[string]any{"type": "UserAssigned", "userAssignedIdentity": string(identity)},
			"properties": map[string]any{
				"storageAccountResourceId": string(account), "blobContainer": common.LastName(container), "archiveNameFormat": "{Namespace}/{EventHub}/{PartitionId}/{Year}/{Month}/{Day}/{Hour}/{Minute}/{Second}",
			},
		},
	}
	h.DependsOn = append(h.DependsOn, grant)
	c.Attach(r, container)
}
