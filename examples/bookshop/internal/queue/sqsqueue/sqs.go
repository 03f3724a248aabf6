package sqsqueue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"example.com/landfall/examples/bookshop/internal/queue"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

var _ queue.Queue = (*Queue)(nil)

// Queue is one SQS queue.
type Queue struct {
	client *sqs.Client
	url    string
}

// Open returns the queue. address is the queue's URL without its scheme; the
// SDK sends to its own endpoint and only names the queue by the URL, so the
// scheme does not matter. It does not call SQS.
func Open(cfg aws.Config, address string) (*Queue, error) {
	if strings.Count(address, "/") < 2 {
		return nil, trouble.Of(trouble.Usage, "read BOOKSHOP_QUEUE", "sqs://"+address, errors.New("want sqs://HOST/ACCOUNT/NAME, the queue's URL without its scheme"))
	}
	return &Queue{client: sqs.NewFromConfig(cfg), url: "https://" + address}, nil
}

// Send implements queue.Queue.
func (q *Queue) Send(ctx context.Context, bodies []string) error {
	if len(bodies) == 0 {
		return nil
	}
	entries := make([]types.SendMessageBatchRequestEntry, len(bodies))
	for i, body := range bodies {
		entries[i] = types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: &body}
	}
	out, err := q.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: entries})
	if err != nil {
		return problem(err, "send messages", q.url)
	}
	// A batch can succeed in part, with status 200.
	if n := len(out.Failed); n > 0 {
		return trouble.Of(trouble.Unavailable, "send messages", q.url,
			fmt.Errorf("%d of %d refused, the first with %s", n, len(bodies), aws.ToString(out.Failed[0].Code)))
	}
	return nil
}

// Receive implements queue.Queue.
func (q *Queue) Receive(ctx context.Context, limit int, wait queue.Wait) ([]queue.Message, error) {
	out, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:                    &q.url,
		MaxNumberOfMessages:         int32(min(limit, queue.MaxBatch)),
		WaitTimeSeconds:             int32(min(wait.Poll/time.Second, 20)),
		VisibilityTimeout:           int32(wait.Hide / time.Second),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameApproximateReceiveCount},
	})
	if err != nil {
		return nil, problem(err, "receive messages", q.url)
	}
	messages := make([]queue.Message, 0, len(out.Messages))
	for _, m := range out.Messages {
		count, err := strconv.Atoi(m.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)])
		if err != nil {
			return nil, trouble.Of(trouble.Unavailable, "read receive count", aws.ToString(m.MessageId), err)
		}
		messages = append(messages, queue.Message{
			ID: aws.ToString(m.MessageId), Body: aws.ToString(m.Body), Receives: count, Receipt: aws.ToString(m.ReceiptHandle),
		})
	}
	return messages, nil
}

// Delete implements queue.Queue.
func (q *Queue) Delete(ctx context.Context, m queue.Message) error {
	_, err := q.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &q.url, ReceiptHandle: &m.Receipt})
	if api, ok := errors.AsType[smithy.APIError](err); ok && strings.Contains(api.ErrorCode(), "ReceiptHandleIsInvalid") {
		// Another receiver has it by now, or it is gone: not ours to delete.
		return nil
	}
	return problem(err, "delete message", m.ID)
}

// Bury implements queue.Queue.
func (q *Queue) Bury(ctx context.Context, m queue.Message) error {
	dead, err := q.deadLetterURL(ctx)
	if err != nil {
		return err
	}
	if _, err := q.client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &dead, MessageBody: &m.Body}); err != nil {
		return problem(err, "bury message", m.ID)
	}
	return q.Delete(ctx, m)
}

// deadLetterURL asks the queue each time: burials are rare, and the policy
// may have been changed since the start.
func (q *Queue) deadLetterURL(ctx context.Context) (string, error) {
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameRedrivePolicy},
	})
	if err != nil {
		return "", problem(err, "read redrive policy", q.url)
	}
	var policy struct {
		DeadLetterTargetArn string `json:"deadLetterTargetArn"`
	}
	text := out.Attributes[string(types.QueueAttributeNameRedrivePolicy)]
	if text == "" {
		return "", trouble.Of(trouble.Invalid, "bury message", q.url, errors.New("the queue has no redrive policy and so no dead-letter queue"))
	}
	if err := json.Unmarshal([]byte(text), &policy); err != nil {
		return "", trouble.Of(trouble.Invalid, "read redrive policy", q.url, err)
	}
	// arn:aws:sqs:REGION:ACCOUNT:NAME
	parts := strings.Split(policy.DeadLetterTargetArn, ":")
	if len(parts) != 6 {
		return "", trouble.Of(trouble.Invalid, "read redrive policy", policy.DeadLetterTargetArn, errors.New("not the ARN of a queue"))
	}
	found, err := q.client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &parts[5], QueueOwnerAWSAccountId: &parts[4]})
	if err != nil {
		return "", problem(err, "find dead-letter queue", parts[5])
	}
	return aws.ToString(found.QueueUrl), nil
}

// Check implements queue.Queue.
func (q *Queue) Check(ctx context.Context) error {
	_, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &q.url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn},
	})
	return problem(err, "check queue", q.url)
}

// problem gives an SDK error its kind.
func problem(err error, op, name string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*types.QueueDoesNotExist](err); ok {
		return trouble.Of(trouble.NotFound, op, name, err)
	}
	if answer, ok := errors.AsType[*awshttp.ResponseError](err); ok && (answer.HTTPStatusCode() == 401 || answer.HTTPStatusCode() == 403) {
		return trouble.Of(trouble.Denied, op, name, err)
	}
	if errors.Is(err, context.Canceled) {
		return trouble.Of(trouble.Canceled, op, name, err)
	}
	return trouble.Of(trouble.Unavailable, op, name, err)
}
