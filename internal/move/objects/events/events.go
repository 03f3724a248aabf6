package events

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects"
)

const (
	// batch and wait are the most that one request may ask for (Amazon SQS API
	// Reference, "ReceiveMessage").
	batch = 10
	wait  = 20
	// hidden is how long a message stays with us before the queue tells it again.
	hidden = 10 * 60
	pause  = 5 * time.Second
)

// Queue is the part of the SQS client that is used.
type Queue interface {
	ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, o ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessage(ctx context.Context, in *sqs.DeleteMessageInput, o ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error)
}

// Options say what is read.
type Options struct {
	Queue Queue
	// URL of the queue.
	URL string
	// Bucket whose events are wanted: others are let go of.
	Bucket string
	// Trouble hears of what went wrong with the queue; the reading goes on.
	Trouble func(error)
}

// Open makes sure that the queue can be read: hours of copying may come before
// the first event is wanted. Nothing is taken out of the queue until the function
// that it returns is called, which yields changes until its ctx ends, and closes
// the channel then. Error kinds: fault.NotFound, fault.Denied, fault.Unavailable.
func Open(ctx context.Context, o Options) (read func(context.Context) <-chan objects.Change, err error) {
	if o.Trouble == nil {
		o.Trouble = func(error) {}
	}
	if _, err := o.receive(ctx, glance); err != nil {
		return nil, err
	}
	return o.read, nil
}

func (o Options) read(ctx context.Context) <-chan objects.Change {
	out := make(chan objects.Change)
	go func() {
		defer close(out)
		for ctx.Err() == nil {
			messages, err := o.receive(ctx, take)
			if err != nil && ctx.Err() == nil {
				o.Trouble(err)
				rest(ctx, pause)
			}
			for i := range messages {
				o.yield(ctx, &messages[i], out)
			}
		}
	}()
	return out
}

func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// asking is how messages are asked for: to take them, or only to see whether
// that is allowed, when they stay as visible as they are.
type asking int

const (
	take asking = iota
	glance
)

func (o Options) receive(ctx context.Context, how asking) ([]types.Message, error) {
	in := &sqs.ReceiveMessageInput{QueueUrl: &o.URL, MaxNumberOfMessages: batch, WaitTimeSeconds: wait, VisibilityTimeout: hidden}
	if how == glance {
		in.MaxNumberOfMessages, in.WaitTimeSeconds, in.VisibilityTimeout = 1, 0, 0
	}
	answer, err := o.Queue.ReceiveMessage(ctx, in)
	if err != nil {
		return nil, refusal(err, o.URL)
	}
	return answer.Messages, nil
}

// refusal is why a queue cannot be read, by the codes of the Amazon SQS API
// Reference, "ReceiveMessage" and "Common Errors".
func refusal(err error, url string) error {
	kind, hint := fault.Unavailable, ""
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		code := api.ErrorCode()
		switch {
		case strings.Contains(code, "NonExistentQueue"), code == "QueueDoesNotExist":
			kind, hint = fault.NotFound, "aws sqs list-queues; the URL is that of a queue to which the bucket sends events"
		case strings.HasPrefix(code, "AccessDenied"), code == "SignatureDoesNotMatch", code == "InvalidClientTokenId", code == "ExpiredToken", code == "OptInRequired":
			kind, hint = fault.Denied, "allow sqs:ReceiveMessage and sqs:DeleteMessage on it"
		}
		err = errors.New(code + ": " + api.ErrorMessage())
	}
	out := fault.Of(kind, "read the event queue", url, err)
	if hint != "" {
		return out.Hintf("%s", hint)
	}
	return out
}

// yield gives out what a message names. It is deleted when the last of it is
// done; a message that names nothing of the bucket is of no use to anybody who
// reads this queue for it.
func (o Options) yield(ctx context.Context, m *types.Message, out chan<- objects.Change) {
	drop := func() {
		if _, err := o.Queue.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &o.URL, ReceiptHandle: m.ReceiptHandle}); err != nil && ctx.Err() == nil {
			o.Trouble(fault.Of(fault.Unavailable, "delete a message of the event queue", o.URL, err))
		}
	}
	found, err := Parse([]byte(aws.ToString(m.Body)))
	if err != nil {
		o.Trouble(err)
		return // it stays: somebody else's message is not ours to delete
	}
	var ours []Event
	for _, e := range found {
		if e.Bucket == o.Bucket {
			ours = append(ours, e)
		}
	}
	if len(ours) == 0 {
		drop()
		return
	}
	var open atomic.Int64
	open.Store(int64(len(ours)))
	for _, e := range ours {
		change := objects.Change{Key: e.Key, At: e.At, Done: func() {
			if open.Add(-1) == 0 {
				drop()
			}
		}}
		select {
		case out <- change:
		case <-ctx.Done():
			return
		}
	}
}

// Event is one thing that happened to a key.
type Event struct {
	Bucket, Key string
	At          time.Time
}

// record is one of a notification of S3 ("Event message structure").
type record struct {
	EventTime time.Time `json:"eventTime"`
	S3        struct {
		Bucket struct {
			Name string `json:"name"`
		} `json:"bucket"`
		Object struct {
			Key string `json:"key"`
		} `json:"object"`
	} `json:"s3"`
}

// message is any of the three forms, and S3's test message.
type message struct {
	Records []record `json:"Records"`
	// Event of a test message: "s3:TestEvent".
	Event string `json:"Event"`
	// Message is what SNS wraps.
	Type    string `json:"Type"`
	Message string `json:"Message"`
	// Of EventBridge.
	Source string    `json:"source"`
	Time   time.Time `json:"time"`
	Detail struct {
		Bucket struct {
			Name string `json:"name"`
		} `json:"bucket"`
		Object struct {
			Key string `json:"key"`
		} `json:"object"`
	} `json:"detail"`
}

// Parse reads the body of a message. Kind of error: fault.Invalid (no event of
// S3).
func Parse(body []byte) ([]Event, error) {
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, fault.Of(fault.Invalid, "read a message of the event queue", "", err)
	}
	switch {
	case m.Type == "Notification" && m.Message != "":
		var inner message
		if err := json.Unmarshal([]byte(m.Message), &inner); err != nil || inner.Type != "" {
			return nil, fault.Newf(fault.Invalid, "read a message of the event queue: what SNS sent is no event of S3")
		}
		return inner.events()
	case m.Source == "aws.s3":
		// EventBridge does not escape keys.
		return []Event{{Bucket: m.Detail.Bucket.Name, Key: m.Detail.Object.Key, At: m.Time}}, nil
	}
	return m.events()
}

func (m *message) events() ([]Event, error) {
	if m.Event == "s3:TestEvent" {
		return nil, nil
	}
	var out []Event
	for _, r := range m.Records {
		// The key is escaped as in a form: a space is a "+".
		key, err := url.QueryUnescape(r.S3.Object.Key)
		if err != nil || r.S3.Bucket.Name == "" {
			return nil, fault.Newf(fault.Invalid, "read a message of the event queue: the key %q is not escaped as S3 does", r.S3.Object.Key)
		}
		out = append(out, Event{Bucket: r.S3.Bucket.Name, Key: key, At: r.EventTime})
	}
	if len(out) == 0 {
		return nil, fault.Newf(fault.Invalid, "read a message of the event queue: it is no event of S3: %.60q", strings.TrimSpace(m.Event+" "+m.Source))
	}
	return out, nil
}
