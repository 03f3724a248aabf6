package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

type sqsReader interface {
	sqs.ListQueuesAPIClient
	GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
	ListQueueTags(context.Context, *sqs.ListQueueTagsInput, ...func(*sqs.Options)) (*sqs.ListQueueTagsOutput, error)
}

// sqsService reads queues, never a message of one.
func sqsService() service {
	return service{name: "sqs", steps: func(config sdk.Config) []*step {
		var api sqsReader = sqs.NewFromConfig(config)
		return []*step{
			// Without a page size SQS answers no token, and at most 1,000 queues.
			list(api.ListQueues, "MaxResults:1000").items("QueueUrls", "AWS::SQS::Queue").as("QueueUrl").with(
				get(api.GetQueueAttributes, "QueueUrl", "AttributeNames:All").into("Attributes", ""),
				get(api.ListQueueTags, "QueueUrl").into("Tags", "Tags"),
			),
		}
	}}
}
