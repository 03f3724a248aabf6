package app

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	es "github.com/hashicorp/go-azure-sdk/resource-manager/eventgrid/2025-02-15/eventsubscriptions"
)

// feed is one kind of stream or queue that a function reads.
type feed struct {
	kinds  []cloud.Kind
	target cloud.Kind
	// name is what Functions calls the trigger.
	name string
	// batch is how many records Lambda takes at a time when nothing is said
	// (Lambda API reference, "CreateEventSourceMapping").
	batch int
	apply func(t *told, app, target cloud.ResourceID, source *inventory.Resource)
}

func feeds() []feed {
	return []feed{
		{[]cloud.Kind{"AWS::SQS::Queue"}, busQueueKind, "Service Bus trigger", 10, (*told).fromQueue},
		{[]cloud.Kind{"AWS::Kinesis::Stream", "AWS::Kinesis::StreamConsumer"}, "Microsoft.EventHub/namespaces/eventhubs", "Event Hubs trigger", 100, (*told).fromStream},
		{[]cloud.Kind{"AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"}, "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers", "Cosmos DB trigger", 100, (*told).fromTable},
		{[]cloud.Kind{"AWS::MSK::Cluster", "AWS::MSK::ServerlessCluster"}, "Microsoft.EventHub/namespaces", "Kafka trigger", 100, (*told).fromKafka},
		{[]cloud.Kind{"AWS::AmazonMQ::Broker"}, busKind, "Service Bus trigger", 100, (*told).fromBroker},
	}
}

func applyEventSource(c *design.Context, r *inventory.Resource) design.Decision {
	t, function, app := ofFunction(c, r, "FunctionName", design.Replace)
	read := []string{"FunctionName", "EventSourceArn", "BatchSize", "Enabled", "MaximumBatchingWindowInSeconds", "StartingPosition*", "EventSourceMappingArn", "FunctionArn", "LastModified",
		"StateTransitionReason", "LastProcessingResult", "UUID", "FilterCriteria", "ScalingConfig", "FunctionResponseTypes", "DestinationConfig", "BisectBatchOnFunctionError",
		"MaximumRecordAgeInSeconds", "MaximumRetryAttempts", "ParallelizationFactor", "TumblingWindowInSeconds", "Topics", "Queues", "SourceAccessConfigurations",
		"SelfManagedEventSource", "AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig", "DocumentDBEventSourceConfig", "KmsKeyArn", "MetricsConfig", "ProvisionedPollerConfig", "LoggingConfig"}
	ref := t.at("EventSourceArn")
	for _, f := range feeds() {
		source, ok := c.Find(r, ref, f.kinds...)
		if !ok {
			continue
		}
		t.why("%s reads %s in batches of %d; the app does so with a %s", nameOr(function, t.at("FunctionName")), source.Name, design.Int(r.Properties, "BatchSize", f.batch), f.name)
		target, ok := c.TargetOf(source, f.target)
		if !ok || app == "" {
			t.Action = design.Manual
			t.todo("connect %s to %s by hand: one of the two has no target here", nameOr(function, t.at("FunctionName")), source.Name)
			return t.done(read...)
		}
		c.Attach(r, target)
		f.apply(t, app, target, source)
		t.mappingGaps(app, function)
		return t.done(read...)
	}
	t.Action, t.Confidence = design.Manual, redesign
	t.why("%s reads %s, for which no trigger can be set up by itself", nameOr(function, t.at("FunctionName")), eventSourceName(r))
	t.todo("give %s a trigger for %s: a Kafka, RabbitMQ or MongoDB source needs its own extension of Functions or a small reader", nameOr(function, t.at("FunctionName")), eventSourceName(r))
	return t.done(read...)
}

func eventSourceName(r *inventory.Resource) string {
	if ref := design.At(r.Properties, "EventSourceArn"); ref != nil {
		return shown(ref)
	}
	if servers := design.At(r.Properties, "SelfManagedEventSource"); servers != nil {
		return "the Kafka servers of its own"
	}
	return "an unknown source"
}

func (t *told) fromQueue(app, target cloud.ResourceID, source *inventory.Resource) {
	setSetting(t.c, app, "QUEUE_"+settingName(source.Name), common.LastName(target))
	busConnection(t.c, app, target)
	t.batch(app, batching{"serviceBus", "maxMessageBatchSize", "minMessageBatchSize", "maxBatchWaitTime", 10, 150})
	if isFIFO(source) {
		t.todo("set isSessionsEnabled on the trigger for %s: its messages come in sessions", source.Name)
	}
	if t.at("ScalingConfig.MaximumConcurrency") != nil {
		t.gapOf("lambda.source-concurrency", "ScalingConfig.MaximumConcurrency")
	}
}

func (t *told) fromStream(app, target cloud.ResourceID, source *inventory.Resource) {
	setSetting(t.c, app, "STREAM_"+settingName(source.Name), common.LastName(target))
	connection(t.c, app, "EVENTHUB", "fullyQualifiedNamespace", common.LastName(parentOf(target))+".servicebus.windows.net")
	if who, ok := identityFor(t.c, app); ok {
		allow(t.c, who, target, roleHubReceiver)
	}
	t.batch(app, batching{"eventHubs", "maxEventBatchSize", "minEventBatchSize", "maxWaitTime", 100, 600})
	start := map[string]string{"TRIM_HORIZON": "fromStart", "LATEST": "fromEnd", "AT_TIMESTAMP": "fromEnqueuedTime"}[strings.ToUpper(t.text("StartingPosition"))]
	if start != "" {
		setSetting(t.c, app, "AzureFunctionsJobHost__extensions__eventHubs__initialOffsetOptions__type", start)
	}
	t.gap("lambda.stream-checkpoint", "EventSourceArn="+source.Name)
}

func (t *told) fromTable(app, target cloud.ResourceID, source *inventory.Resource) {
	account := parentOf(parentOf(target))
	setSetting(t.c, app, "TABLE_"+settingName(source.Name), common.LastName(target))
	connection(t.c, app, "COSMOS", "accountEndpoint", t.c.Output(account, "properties.documentEndpoint"))
	t.gap("lambda.change-feed", "EventSourceArn="+source.Name)
	t.todo("give the identity of %s a data role of Cosmos DB account %s that covers a lease container beside %s", common.LastName(app), common.LastName(account), common.LastName(target))
}

func (t *told) fromKafka(app, target cloud.ResourceID, source *inventory.Resource) {
	setSetting(t.c, app, "KAFKA_BROKERS", common.LastName(target)+".servicebus.windows.net:9093")
	t.gap("lambda.kafka", "Topics="+shown(t.at("Topics")))
	t.todo("let %s read topics %s of what stands for %s", common.LastName(app), shown(t.at("Topics")), source.Name)
}

func (t *told) fromBroker(app, _ cloud.ResourceID, source *inventory.Resource) {
	busConnection(t.c, app, "")
	t.todo("let %s read queues %s of what stands for %s through the Service Bus trigger", common.LastName(app), shown(t.at("Queues")), source.Name)
}

// batching is how an extension of the host is told to hand over several
// messages: the most, the least that it waits for, and how many seconds it does
// at most (Microsoft Learn, "Azure Service Bus bindings for Azure Functions" and
// "Azure Event Hubs bindings for Azure Functions", host.json settings).
type batching struct {
	extension, most, least, wait string
	usual, longest               int
}

// batch sets how many messages the host hands over at a time, in the form in
// which a setting overrides host.json. It waits for more only when there is a
// least number.
func (t *told) batch(app cloud.ResourceID, b batching) {
	head := "AzureFunctionsJobHost__extensions__" + b.extension + "__"
	size := max(design.Int(t.r.Properties, "BatchSize", b.usual), 1)
	setSetting(t.c, app, head+b.most, shown(size))
	wait := design.Int(t.r.Properties, "MaximumBatchingWindowInSeconds", 0)
	if wait <= 0 || size < 2 {
		return
	}
	setSetting(t.c, app, head+b.least, shown(size))
	setSetting(t.c, app, head+b.wait, span(min(wait, b.longest)))
	if wait > b.longest {
		t.todo("know that %s waits %d s for a batch at most: %d s at the source", common.LastName(app), b.longest, wait)
	}
}

// mappingGaps names what a trigger does not do.
func (t *told) mappingGaps(app cloud.ResourceID, function *inventory.Resource) {
	if design.Text(t.r.Properties, "Enabled") == "false" {
		setSetting(t.c, app, "AzureWebJobs."+appFunctionName(function)+".Disabled", "true")
	}
	if filters := design.List(t.at("FilterCriteria.Filters")); len(filters) > 0 {
		t.gap("lambda.event-filter", "FilterCriteria="+shown(filters))
	}
	for _, kind := range design.Texts(t.at("FunctionResponseTypes")) {
		t.gap("lambda.partial-batch", "FunctionResponseTypes="+kind)
	}
	for _, name := range []string{"ParallelizationFactor", "TumblingWindowInSeconds", "BisectBatchOnFunctionError", "MaximumRecordAgeInSeconds", "MaximumRetryAttempts"} {
		v := t.at(name)
		if n, ok := design.Number(t.r.Properties, name); said(v) && !(ok && (n == -1 || n == 0 || name == "ParallelizationFactor" && n == 1)) {
			t.gapOf("lambda.stream-retry", name)
		}
	}
	if dead := t.at("DestinationConfig.OnFailure.Destination"); dead != nil {
		t.deadLetters(app, dead, "DestinationConfig.OnFailure.Destination")
	}
}

// bucketTriggers brings the events of buckets to the function's queue: the
// function itself can only subscribe once its code is there.
func (t *told) bucketTriggers() {
	for _, bucket := range t.c.OfKind("AWS::S3::Bucket") {
		account, ok := t.c.TargetOf(bucket, accountKind)
		for i, config := range design.Maps(design.At(bucket.Properties, "NotificationConfiguration.LambdaConfigurations")) {
			if function, found := findFunction(t.c, bucket, config["Function"]); !found || function != t.r {
				continue
			}
			if !ok {
				t.todo("bring the events of bucket %s, which has no target here, to %s", bucket.Name, t.r.Name)
				continue
			}
			queue, ok := inbox(t.c, t.r)
			if !ok {
				return
			}
			f := bucketFilter(t.c, bucket, config)
			t.lost(f)
			t.deliver(systemTopic(t.c, bucket, account, "Microsoft.Storage.StorageAccounts"), t.r.Name+"-"+bucket.Name+map[bool]string{true: "-" + shown(i)}[i > 0], f, t.queueDestination(queue), nil)
			t.gap("events.s3", "NotificationConfiguration of "+bucket.Name)
		}
	}
}

// bucketFilter writes the events and keys of a notification as a filter: an
// object has to have the prefix and the suffix.
func bucketFilter(c *design.Context, bucket *inventory.Resource, config map[string]any) filter {
	var f filter
	for _, name := range append(design.Texts(config["Event"]), design.Texts(config["Events"])...) {
		switch {
		case strings.HasPrefix(name, "s3:ObjectCreated"):
			f.types = append(f.types, "Microsoft.Storage.BlobCreated")
		case strings.HasPrefix(name, "s3:ObjectRemoved"), strings.HasPrefix(name, "s3:LifecycleExpiration"):
			f.types = append(f.types, "Microsoft.Storage.BlobDeleted")
		default:
			f.lost = append(f.lost, "Event="+name)
		}
	}
	prefix := ""
	for _, rule := range design.Maps(design.At(config, "Filter.S3Key.Rules")) {
		value, name := design.Text(rule, "Value"), strings.ToLower(design.Text(rule, "Name"))
		switch {
		case unknown(value):
			f.lost = append(f.lost, "Filter.S3Key."+name)
		case name == "prefix":
			prefix = value
		case name == "suffix" && value != "":
			f.advanced = append(f.advanced, es.StringEndsWithAdvancedFilter{Key: new("subject"), Values: &[]string{value}})
		}
	}
	f.below(containerHead(c, bucket), []string{prefix})
	return f
}
