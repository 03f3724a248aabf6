package data

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/eventgrid/2025-02-15/eventsubscriptions"
	"github.com/hashicorp/go-azure-sdk/resource-manager/eventgrid/2025-02-15/systemtopics"
)

// eventKinds are the lists of a bucket's notification configuration.
func eventKinds() []string {
	return []string{"QueueConfigurations", "TopicConfigurations", "LambdaConfigurations"}
}

// bucketEvents puts a subscription for each queue and topic that hears of a
// bucket's objects. Functions and rules of buses subscribe in their own family.
func bucketEvents(c *book, r *inventory.Resource) {
	account, ok := c.TargetOf(r, storageAccount)
	if !ok {
		return
	}
	bucketLogs(c, r)
	config := mapping(r.Properties["NotificationConfiguration"])
	container, _ := c.TargetOf(r, storageContainer)
	for _, kind := range []string{"QueueConfigurations", "TopicConfigurations"} {
		for _, m := range design.Maps(config[kind]) {
			readEvent(kind, m).put(c, r, account, container)
		}
	}
}

// systemTopic is the account's only one (Microsoft Learn, "System topics in
// Azure Event Grid"): that of the family of functions and buses, if it has put
// one already.
func systemTopic(c *book, r *inventory.Resource, account cloud.ResourceID) cloud.ResourceID {
	if id, ok := c.TargetOf(r, "Microsoft.EventGrid/systemTopics"); ok {
		return id
	}
	return c.Put(design.Target{Type: "Microsoft.EventGrid/systemTopics", Base: base(r), Model: systemtopics.SystemTopic{Properties: &systemtopics.SystemTopicProperties{
		Source: new(string(account)), TopicType: new("Microsoft.Storage.StorageAccounts"),
	}}}, r)
}

// event is one notification of a bucket.
type event struct {
	types          []string
	prefix, suffix string
	to             any
}

func readEvent(kind string, m map[string]any) event {
	e := event{to: m[strings.TrimSuffix(kind, "Configurations")]}
	for _, name := range append(design.Texts(m["Event"]), design.Texts(m["Events"])...) {
		switch {
		case strings.HasPrefix(name, "s3:ObjectCreated:"):
			e.types = append(e.types, "Microsoft.Storage.BlobCreated")
		case strings.HasPrefix(name, "s3:ObjectRemoved:"), strings.HasPrefix(name, "s3:LifecycleExpiration:"):
			e.types = append(e.types, "Microsoft.Storage.BlobDeleted")
		case strings.HasPrefix(name, "s3:LifecycleTransition"), strings.HasPrefix(name, "s3:ObjectRestore:Completed"):
			e.types = append(e.types, "Microsoft.Storage.BlobTierChanged")
		}
	}
	for _, rule := range design.Maps(design.At(m, "Filter.S3Key.Rules")) {
		switch strings.ToLower(design.Text(rule, "Name")) {
		case "prefix":
			e.prefix = design.Text(rule, "Value")
		case "suffix":
			e.suffix = design.Text(rule, "Value")
		}
	}
	return e
}

func (e event) put(c *book, r *inventory.Resource, account, container cloud.ResourceID) {
	to, ok := c.Find(r, e.to, "AWS::SQS::Queue", "AWS::SNS::Topic")
	if !ok || len(e.types) == 0 {
		return
	}
	destination := destinationOf(c, to)
	if destination == nil {
		return
	}
	filter := &eventsubscriptions.EventSubscriptionFilter{
		IncludedEventTypes: &e.types, SubjectBeginsWith: new("/blobServices/default/containers/" + common.LastName(container) + "/blobs/" + e.prefix),
	}
	if e.suffix != "" {
		filter.SubjectEndsWith = new(e.suffix)
	}
	c.Put(design.Target{Type: "Microsoft.EventGrid/systemTopics/eventSubscriptions", Parent: systemTopic(c, r, account), Base: base(to), NoLocation: true, Model: eventsubscriptions.EventSubscription{
		Properties: &eventsubscriptions.EventSubscriptionProperties{
			Destination: destination, Filter: filter, EventDeliverySchema: new(eventsubscriptions.EventDeliverySchemaCloudEventSchemaVOneZero),
		},
	}}, r)
}

// destinationOf is where the events for a queue or topic go at the target, nil
// when it has no counterpart in this design.
func destinationOf(c *book, to *inventory.Resource) eventsubscriptions.EventSubscriptionDestination {
	if id, ok := c.TargetOf(to, "Microsoft.ServiceBus/namespaces/queues"); ok {
		return eventsubscriptions.ServiceBusQueueEventSubscriptionDestination{
			EndpointType: eventsubscriptions.EndpointTypeServiceBusQueue,
			Properties:   &eventsubscriptions.ServiceBusQueueEventSubscriptionDestinationProperties{ResourceId: new(string(id))},
		}
	}
	if id, ok := c.TargetOf(to, "Microsoft.ServiceBus/namespaces/topics"); ok {
		return eventsubscriptions.ServiceBusTopicEventSubscriptionDestination{
			EndpointType: eventsubscriptions.EndpointTypeServiceBusTopic,
			Properties:   &eventsubscriptions.ServiceBusTopicEventSubscriptionDestinationProperties{ResourceId: new(string(id))},
		}
	}
	if id, ok := c.TargetOf(to, "Microsoft.Storage/storageAccounts/queueServices/queues"); ok {
		account, _, _ := strings.Cut(string(id), "/queueServices/")
		return eventsubscriptions.StorageQueueEventSubscriptionDestination{
			EndpointType: eventsubscriptions.EndpointTypeStorageQueue,
			Properties:   &eventsubscriptions.StorageQueueEventSubscriptionDestinationProperties{ResourceId: new(account), QueueName: new(common.LastName(id))},
		}
	}
	return nil
}

// bucketLogs sends the account's resource logs to the workspace, and to the
// counterpart of the log bucket when that bucket moves.
func bucketLogs(c *book, r *inventory.Resource) {
	if design.At(r.Properties, "LoggingConfiguration") == nil {
		return
	}
	service, ok := c.TargetOf(r, storageService)
	if !ok {
		return
	}
	id := common.Diagnostics(c.Context, service)
	if id == "" {
		return
	}
	c.Attach(r, id)
	to, _ := c.Find(r, design.At(r.Properties, "LoggingConfiguration.DestinationBucketName"), "AWS::S3::Bucket")
	setting, ok := c.Resource(id)
	if account, moves := c.TargetOf(to, storageAccount); ok && moves && to != r {
		mapping(setting.Body["properties"])["storageAccountId"] = string(account)
	}
}
