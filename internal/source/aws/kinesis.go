package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

type firehoseReader interface {
	DescribeDeliveryStream(context.Context, *firehose.DescribeDeliveryStreamInput, ...func(*firehose.Options)) (*firehose.DescribeDeliveryStreamOutput, error)
	ListDeliveryStreams(context.Context, *firehose.ListDeliveryStreamsInput, ...func(*firehose.Options)) (*firehose.ListDeliveryStreamsOutput, error)
	ListTagsForDeliveryStream(context.Context, *firehose.ListTagsForDeliveryStreamInput, ...func(*firehose.Options)) (*firehose.ListTagsForDeliveryStreamOutput, error)
}

type kinesisReader interface {
	kinesis.ListStreamConsumersAPIClient
	kinesis.ListStreamsAPIClient
	DescribeStreamSummary(context.Context, *kinesis.DescribeStreamSummaryInput, ...func(*kinesis.Options)) (*kinesis.DescribeStreamSummaryOutput, error)
	ListTagsForStream(context.Context, *kinesis.ListTagsForStreamInput, ...func(*kinesis.Options)) (*kinesis.ListTagsForStreamOutput, error)
}

func kinesisService() service {
	return service{name: "kinesis", steps: func(config sdk.Config) []*step {
		var api kinesisReader = kinesis.NewFromConfig(config)
		return []*step{list(api.ListStreams).items("StreamNames", "AWS::Kinesis::Stream").as("StreamName").with(
			get(api.DescribeStreamSummary, "StreamName").into("StreamDescriptionSummary", "").first(),
			list(api.ListTagsForStream, "StreamName", "Limit:50").into("Tags", "Tags"),
			list(api.ListStreamConsumers, "StreamARN").items("Consumers", "AWS::Kinesis::StreamConsumer").carrying("StreamARN"),
		)}
	}}
}

// firehoseService reads delivery streams. Their listing has no token: it goes
// on after a name, and says whether there is more.
func firehoseService() service {
	return service{name: "firehose", steps: func(config sdk.Config) []*step {
		var api firehoseReader = firehose.NewFromConfig(config)
		return []*step{list(api.ListDeliveryStreams, "Limit:10000").items("DeliveryStreamNames", "AWS::KinesisFirehose::DeliveryStream").as("DeliveryStreamName").with(
			get(api.DescribeDeliveryStream, "DeliveryStreamName").into("DeliveryStreamDescription", "").first(),
			get(api.ListTagsForDeliveryStream, "DeliveryStreamName", "Limit:50").into("Tags", "Tags"),
		)}
	}}
}
