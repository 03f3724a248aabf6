package kinds

import "example.com/landfall/internal/inventory"

// kinesisRules are those of Kinesis Data Streams and of Firehose.
func kinesisRules() []Rule {
	return []Rule{
		{
			Kind: "AWS::Kinesis::Stream",
			Move: map[string]string{
				"StreamARN": "Arn", "StreamName": "Name", "OpenShardCount": "ShardCount", "KeyId": "StreamEncryption.KeyId", "EncryptionType": "StreamEncryption.EncryptionType",
				"EnhancedMonitoring[].ShardLevelMetrics[]": "DesiredShardLevelMetrics[]",
			},
			Shape: shapes(kinesisStream, without("EnhancedMonitoring")), ID: idAt("Arn", "Name"), Name: nameAt("Name"),
			Unordered: []string{"DesiredShardLevelMetrics"}, Aliases: []string{"Name"}, Marks: when(inventory.Deleted, "StreamStatus", "DELETING"),
		},
		{Kind: "AWS::Kinesis::StreamConsumer", ID: idAt("ConsumerARN"), Name: nameAt("ConsumerName")},
		{
			Kind: "AWS::KinesisFirehose::DeliveryStream",
			Move: map[string]string{
				"DeliveryStreamARN": "Arn", "Source.KinesisStreamSourceDescription.KinesisStreamARN": "KinesisStreamSourceConfiguration.KinesisStreamARN",
				"Source.KinesisStreamSourceDescription.RoleARN": "KinesisStreamSourceConfiguration.RoleARN",
				"Source.MSKSourceDescription":                   "MSKSourceConfiguration",
				"DeliveryStreamEncryptionConfiguration.KeyARN":  "DeliveryStreamEncryptionConfigurationInput.KeyARN",
				"DeliveryStreamEncryptionConfiguration.KeyType": "DeliveryStreamEncryptionConfigurationInput.KeyType",
			},
			Drop: []string{"Destinations", "VersionId", "LastUpdateTimestamp", "HasMoreDestinations"}, Shape: firehoseDestinations, ID: idAt("Arn", "DeliveryStreamName"), Name: nameAt("DeliveryStreamName"),
			Aliases: []string{"DeliveryStreamName"}, Marks: when(inventory.Deleted, "DeliveryStreamStatus", "DELETING"),
		},
	}
}

func kinesisStream(r *Reading) {
	if textAt(r.Properties, "StreamEncryption.EncryptionType") == "NONE" {
		delete(r.Properties, "StreamEncryption")
	}
	// The number of shards of a stream on demand is AWS's business.
	if r.said("StreamModeDetails.StreamMode") == "ON_DEMAND" {
		delete(r.Properties, "ShardCount")
	}
}

// firehoseDestinations: the API describes what was given at creation as a
// destination with other names of the same members.
func firehoseDestinations(r *Reading) {
	for _, destination := range objectsAt(r.Item, "Destinations") {
		for _, sort := range []struct{ described, given string }{
			{"ExtendedS3DestinationDescription", "ExtendedS3DestinationConfiguration"}, {"RedshiftDestinationDescription", "RedshiftDestinationConfiguration"},
			{"ElasticsearchDestinationDescription", "ElasticsearchDestinationConfiguration"}, {"SplunkDestinationDescription", "SplunkDestinationConfiguration"},
			{"AmazonopensearchserviceDestinationDescription", "AmazonopensearchserviceDestinationConfiguration"}, {"HttpEndpointDestinationDescription", "HttpEndpointDestinationConfiguration"},
			{"AmazonOpenSearchServerlessDestinationDescription", "AmazonOpenSearchServerlessDestinationConfiguration"}, {"SnowflakeDestinationDescription", "SnowflakeDestinationConfiguration"},
			{"IcebergDestinationDescription", "IcebergDestinationConfiguration"},
		} {
			if d := objectAt(destination, sort.described); d != nil {
				r.Properties[sort.given] = configured(d)
			}
		}
		if r.Properties["ExtendedS3DestinationConfiguration"] == nil {
			fill(r.Properties, "S3DestinationConfiguration", objectAt(destination, "S3DestinationDescription"))
		}
	}
}

// configured renames the destinations inside a destination.
func configured(d map[string]any) map[string]any {
	out := map[string]any{}
	for name, value := range d {
		switch name {
		case "S3DestinationDescription":
			out["S3Configuration"] = value
		case "S3BackupDescription":
			out["S3BackupConfiguration"] = value
		case "VpcConfigurationDescription":
			out["VpcConfiguration"] = value
		default:
			out[name] = value
		}
	}
	return out
}
