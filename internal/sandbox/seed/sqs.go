package seed

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// sqs makes the order queue with its dead-letter queue and the mail queue.
func (s *scope) sqs() {
	s.queue("bookshop-orders-dlq", map[string]string{"MessageRetentionPeriod": "1209600"})
	s.queue("bookshop-orders", map[string]string{
		"VisibilityTimeout": "60", "ReceiveMessageWaitTimeSeconds": "20", "SqsManagedSseEnabled": "true",
		"RedrivePolicy": mustJSON(map[string]any{"deadLetterTargetArn": s.arn("sqs", "bookshop-orders-dlq"), "maxReceiveCount": 5}),
		"Policy": document(statement{Sid: "orders", Effect: "Allow", Principal: map[string]any{"AWS": s.iamARN("role/bookshop-instance")},
			Action: []string{"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"}, Resource: s.arn("sqs", "bookshop-orders")}),
	})
	s.queue("bookshop-mail", map[string]string{
		"VisibilityTimeout": "180",
		"Policy": document(
			statement{Sid: "topic", Effect: "Allow", Principal: map[string]any{"Service": "sns.amazonaws.com"}, Action: "sqs:SendMessage", Resource: s.arn("sqs", "bookshop-mail"),
				Condition: map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": s.arn("sns", "bookshop-order-events")}}},
			statement{Sid: "invoices", Effect: "Allow", Principal: map[string]any{"Service": "s3.amazonaws.com"}, Action: "sqs:SendMessage", Resource: s.arn("sqs", "bookshop-mail"),
				Condition: map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": "arn:aws:s3:::" + s.bucket("bookshop-invoices")}}}),
	})
}

func (s *scope) queue(name string, attributes map[string]string) {
	url := create(s, Resource{Kind: "AWS::SQS::Queue", Name: name}, s.clients.sqs.CreateQueue, &sqs.CreateQueueInput{
		QueueName: &name, Attributes: attributes, Tags: tagsOf(s.owner),
	}, func(o *sqs.CreateQueueOutput) *string { return o.QueueUrl })
	s.set("queue/"+name, url)
}

// sns makes the order topic and its subscriptions.
func (s *scope) sns() {
	tags := tagList(tagsOf(s.owner), func(k, v *string) snstypes.Tag { return snstypes.Tag{Key: k, Value: v} })
	topic := create(s, Resource{Kind: "AWS::SNS::Topic", Name: "bookshop-order-events"}, s.clients.sns.CreateTopic, &sns.CreateTopicInput{
		Name: aws.String("bookshop-order-events"), Tags: tags, Attributes: map[string]string{"DisplayName": "bookshop"},
	}, func(o *sns.CreateTopicOutput) *string { return o.TopicArn })
	s.set("topic", topic)
	alerts := create(s, Resource{Kind: "AWS::SNS::Topic", Name: "bookshop-alerts"}, s.clients.sns.CreateTopic, &sns.CreateTopicInput{Name: aws.String("bookshop-alerts"), Tags: tags},
		func(o *sns.CreateTopicOutput) *string { return o.TopicArn })
	s.set("alerts", alerts)
	for _, r := range []struct{ topic, protocol, endpoint string }{
		{topic, "sqs", s.arn("sqs", "bookshop-mail")},
		{topic, "lambda", s.arn("lambda", "function:bookshop-order-mailer")},
		{alerts, "email", "shop-oncall@bookshop.example"},
	} {
		create(s, Resource{Kind: "AWS::SNS::Subscription", Name: r.protocol, Untagged: true}, s.clients.sns.Subscribe, &sns.SubscribeInput{
			TopicArn: &r.topic, Protocol: &r.protocol, Endpoint: &r.endpoint, ReturnSubscriptionArn: true,
		}, func(o *sns.SubscribeOutput) *string { return o.SubscriptionArn })
	}
}
