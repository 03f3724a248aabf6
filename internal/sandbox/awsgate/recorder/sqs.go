package recorder

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const typeQueue = "AWS::SQS::Queue"

type sqsReader struct {
	*reader
	client *sqs.Client
}

func (r *reader) sqs() family {
	q := sqsReader{r, sqs.NewFromConfig(r.config)}
	return family{name: "sqs", services: []string{"sqs"}, kinds: []kind{{[]string{typeQueue}, q.queues}}}
}

func (q sqsReader) queues(ctx context.Context) ([]item, error) {
	var urls []string
	err := pages(ctx, sqs.NewListQueuesPaginator(q.client, &sqs.ListQueuesInput{}), func(out *sqs.ListQueuesOutput) {
		urls = append(urls, out.QueueUrls...)
	})
	if err != nil {
		return nil, err
	}
	var items []item
	for _, address := range urls {
		it, err := q.queue(ctx, address)
		if err != nil {
			return nil, err
		}
		items = append(items, it)
	}
	return items, nil
}

func (q sqsReader) queue(ctx context.Context, address string) (item, error) {
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &address, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	if err != nil {
		return item{}, err
	}
	name, arn := afterLast(address, "/"), out.Attributes["QueueArn"]
	// The URL of the control plane is not the one clients use; the region's is.
	public := "https://sqs." + q.region + ".amazonaws.com/" + q.account + "/" + name
	it := q.item(typeQueue, public, name, arn)
	it.configuration = map[string]any{"QueueName": name, "QueueUrl": public, "Arn": arn}
	for _, attribute := range slices.Sorted(maps.Keys(out.Attributes)) {
		if strings.HasPrefix(attribute, "Approximate") {
			continue
		}
		it.configuration[attribute] = attributeValue(out.Attributes[attribute])
	}
	if policy, ok := it.configuration["RedrivePolicy"].(map[string]any); ok {
		target, _ := policy["deadLetterTargetArn"].(string)
		it.relate(associated, typeQueue, target)
	}
	it.relate(associated, typeKey, keyOf(out.Attributes["KmsMasterKeyId"]))
	tags, err := q.client.ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: &address})
	if err != nil {
		return item{}, err
	}
	it.tags = tags.Tags
	return it, nil
}

// keyOf returns the key id of a key that may be given by id, ARN or alias.
func keyOf(key string) string {
	if strings.Contains(key, "alias/") {
		return ""
	}
	return afterLast(key, "/")
}

// attributeValue gives an attribute, which the API sends as text, the type
// that the CloudFormation property has.
func attributeValue(value string) any {
	if n, err := strconv.ParseInt(value, 10, 64); err == nil {
		return n
	}
	if b, err := strconv.ParseBool(value); err == nil && len(value) > 3 {
		return b
	}
	var object map[string]any
	if strings.HasPrefix(value, "{") && json.Unmarshal([]byte(value), &object) == nil {
		return object
	}
	return value
}
