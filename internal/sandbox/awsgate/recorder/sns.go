package recorder

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

const typeTopic = "AWS::SNS::Topic"

type snsReader struct {
	*reader
	client *sns.Client
}

func (r *reader) sns() family {
	s := snsReader{r, sns.NewFromConfig(r.config)}
	return family{name: "sns", services: []string{"sns"}, kinds: []kind{{[]string{typeTopic}, s.topics}}}
}

func (s snsReader) topics(ctx context.Context) ([]item, error) {
	var arns []string
	err := pages(ctx, sns.NewListTopicsPaginator(s.client, &sns.ListTopicsInput{}), func(out *sns.ListTopicsOutput) {
		for _, topic := range out.Topics {
			arns = append(arns, text(topic.TopicArn))
		}
	})
	if err != nil {
		return nil, err
	}
	var items []item
	for _, arn := range arns {
		it, err := s.topic(ctx, arn)
		if err != nil {
			return nil, err
		}
		items = append(items, it)
	}
	return items, nil
}

func (s snsReader) topic(ctx context.Context, arn string) (item, error) {
	out, err := s.client.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &arn})
	if err != nil {
		return item{}, err
	}
	it := s.item(typeTopic, arn, afterLast(arn, ":"), arn)
	it.configuration = map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(out.Attributes)) {
		// Counts of subscriptions change by themselves when one is confirmed.
		if !strings.HasPrefix(name, "Subscriptions") {
			it.configuration[name] = out.Attributes[name]
		}
	}
	it.relate(associated, typeKey, keyOf(out.Attributes["KmsMasterKeyId"]))
	var subscriptions []any
	err = pages(ctx, sns.NewListSubscriptionsByTopicPaginator(s.client, &sns.ListSubscriptionsByTopicInput{TopicArn: &arn}), func(page *sns.ListSubscriptionsByTopicOutput) {
		for _, one := range page.Subscriptions {
			subscriptions = append(subscriptions, map[string]any{"Endpoint": text(one.Endpoint), "Protocol": text(one.Protocol)})
		}
	})
	if err != nil {
		return item{}, err
	}
	if subscriptions != nil {
		it.configuration["Subscription"] = subscriptions
	}
	tags, err := s.client.ListTagsForResource(ctx, &sns.ListTagsForResourceInput{ResourceArn: &arn})
	if err != nil {
		return item{}, err
	}
	it.tags = tagged(tags.Tags, func(t types.Tag) (*string, *string) { return t.Key, t.Value })
	return it, nil
}
