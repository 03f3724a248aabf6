package cloudwatch

import (
	"cmp"
	"strconv"

	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
)

// integrationFamilies: queues, topics, streams, rules and workflows.
func integrationFamilies() []family {
	return []family{
		// A queue that nothing used for hours sends nothing until it is used again.
		{kinds: kinds("AWS::SQS::Queue"), namespace: "AWS/SQS", targets: byLast("QueueName"), specs: plain(
			count(kpi.Throughput, "NumberOfMessagesSent").as("sent"), count(kpi.Throughput, "NumberOfMessagesDeleted").as("deleted"), count(kpi.Throughput, "NumberOfMessagesReceived").as("received").maybe(),
			gauge(kpi.QueueDepth, "ApproximateNumberOfMessagesVisible"), gauge(kpi.QueueAge, "ApproximateAgeOfOldestMessage"),
		)},
		{kinds: kinds("AWS::SNS::Topic"), namespace: "AWS/SNS", targets: byLast("TopicName"), specs: plain(
			count(kpi.Throughput, "NumberOfMessagesPublished").quiet(), spec{metric: kpi.ErrorRate, how: quotient, names: []string{"NumberOfNotificationsFailed"},
				base: []string{"NumberOfNotificationsDelivered", "NumberOfNotificationsFailed"}, sparse: true, optional: true},
		)},
		{kinds: kinds("AWS::Kinesis::Stream"), namespace: "AWS/Kinesis", targets: byLast("StreamName"), specs: plain(
			count(kpi.Throughput, "IncomingRecords"), amount(kpi.BytesIn, "IncomingBytes"), amount(kpi.BytesOut, "GetRecords.Bytes").maybe(),
			gauge(kpi.QueueAge, "GetRecords.IteratorAgeMilliseconds").by(millisecond).maybe(),
			count(kpi.Throttles, "WriteProvisionedThroughputExceeded").as("writes").maybe(), count(kpi.Throttles, "ReadProvisionedThroughputExceeded").as("reads").maybe(),
		)},
		{kinds: kinds("AWS::KinesisFirehose::DeliveryStream"), namespace: "AWS/Firehose", targets: byLast("DeliveryStreamName"), specs: plain(
			count(kpi.Throughput, "IncomingRecords").quiet(), amount(kpi.BytesIn, "IncomingBytes").quiet(), gauge(kpi.QueueAge, "DeliveryToS3.DataFreshness").maybe(),
		)},
		{kinds: kinds("AWS::Events::Rule"), namespace: "AWS/Events", targets: byRule, specs: plain(
			count(kpi.Throughput, "Invocations").quiet().maybe(), over(kpi.ErrorRate, "Invocations", "FailedInvocations").quiet().maybe(),
		)},
		{kinds: kinds("AWS::StepFunctions::StateMachine"), namespace: "AWS/States", targets: by("StateMachineArn", func(r *inventory.Resource) string { return string(r.ID) }), specs: plain(
			count(kpi.Throughput, "ExecutionsStarted").quiet(), over(kpi.ErrorRate, "ExecutionsStarted", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted").quiet(),
			timed(kpi.Latency, "ExecutionTime", millisecond).quiet(), count(kpi.Throttles, "ExecutionThrottled").quiet().maybe(),
		)},
		{kinds: kinds("AWS::MSK::Cluster"), namespace: "AWS/Kafka", targets: kafkaCluster, specs: plain(
			gauge(kpi.UnhealthyTargets, "OfflinePartitionsCount").as("offline partitions").maybe(), spec{metric: kpi.Availability, how: healthy, names: []string{"ActiveControllerCount"}, optional: true},
		)},
		{kinds: kinds("AWS::MSK::Cluster"), namespace: "AWS/Kafka", targets: kafkaBrokers, specs: plain(
			gauge(kpi.CPUUtilisation, "CpuUser"), gauge(kpi.StorageUtilisation, "KafkaDataLogsDiskUsed"), gauge(kpi.MemoryUsed, "MemoryUsed").maybe(),
			gauge(kpi.BytesIn, "BytesInPerSec"), gauge(kpi.BytesOut, "BytesOutPerSec"), gauge(kpi.Connections, "ConnectionCount").maybe(),
		), missing: "the number of its brokers"},
		{kinds: kinds("AWS::AmazonMQ::Broker"), namespace: "AWS/AmazonMQ", targets: by("Broker", func(r *inventory.Resource) string { return cmp.Or(text(r.Properties, "BrokerName"), r.Name) }), specs: plain(
			gauge(kpi.CPUUtilisation, "SystemCpuUtilization").maybe(), gauge(kpi.QueueDepth, "MessageReadyCount").maybe(), gauge(kpi.Connections, "ConnectionCount").maybe(),
		)},
	}
}

// byRule: the default bus has the rule's name alone; another one comes with
// its own ("rule/<bus>/<name>").
func byRule(_ *world, r *inventory.Resource) []target {
	d := []dimension{{"RuleName", last(r.ID)}}
	if bus := text(r.Properties, "EventBusName"); bus != "" && bus != "default" {
		d = append(d, dimension{"EventBusName", bus})
	}
	return []target{{dimensions: d}}
}

// kafkaName: "cluster/<name>/<uuid>".
func kafkaName(r *inventory.Resource) string {
	if name := text(r.Properties, "ClusterName"); name != "" {
		return name
	}
	return r.Name
}

func kafkaCluster(_ *world, r *inventory.Resource) []target {
	return []target{{dimensions: []dimension{{"Cluster Name", kafkaName(r)}}}}
}

func kafkaBrokers(_ *world, r *inventory.Resource) []target {
	var out []target
	for n := 1; n <= min(whole(r.Properties["NumberOfBrokerNodes"]), 100); n++ {
		id := strconv.Itoa(n)
		out = append(out, target{[]dimension{{"Cluster Name", kafkaName(r)}, {"Broker ID", id}}, "broker " + id})
	}
	return out
}
