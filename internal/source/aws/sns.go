package aws

import (
	"context"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

type snsReader interface {
	sns.ListSubscriptionsAPIClient
	sns.ListTopicsAPIClient
	GetSubscriptionAttributes(context.Context, *sns.GetSubscriptionAttributesInput, ...func(*sns.Options)) (*sns.GetSubscriptionAttributesOutput, error)
	GetTopicAttributes(context.Context, *sns.GetTopicAttributesInput, ...func(*sns.Options)) (*sns.GetTopicAttributesOutput, error)
	ListTagsForResource(context.Context, *sns.ListTagsForResourceInput, ...func(*sns.Options)) (*sns.ListTagsForResourceOutput, error)
}

func snsService() service {
	return service{name: "sns", steps: func(config sdk.Config) []*step {
		var api snsReader = sns.NewFromConfig(config)
		return []*step{
			list(api.ListTopics).items("Topics", "AWS::SNS::Topic").with(
				get(api.GetTopicAttributes, "TopicArn").into("Attributes", ""),
				get(api.ListTagsForResource, "ResourceArn=TopicArn").into("Tags", "Tags"),
			),
			list(api.ListSubscriptions).items("Subscriptions", "AWS::SNS::Subscription").with(
				get(api.GetSubscriptionAttributes, "SubscriptionArn").into("Attributes", "").given(confirmed),
			),
		}
	}}
}

// confirmed subscriptions have an ARN; the others have words in its place.
func confirmed(subscription item) bool {
	return strings.HasPrefix(subscription.text("SubscriptionArn"), "arn:")
}
