package events

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

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

// Read yields changes until ctx ends, and closes the channel then. The first
// request is made at once: its error, of a queue that is not there or may not be
// read, is returned.
func Read(ctx context.Context, o Options) (<-chan objects.Change, error) {
	if o.Trouble == nil {
		o.Trouble = func(error) {}
	}
	first, err := o.receive(ctx, 0)
	if err != nil {
		return nil, err
	}
	out := make(chan objects.Change)
	go func() {
		defer close(out)
		messages := first
		for ctx.Err() == nil {
			for i := range messages {
				o.yield(ctx, &messages[i], out)
			}
			if messages, err = o.receive(ctx, wait); err != nil && ctx.Err() == nil {
				o.Trouble(err)
				rest(ctx, pause)
			}
		}
	}()
	return out, nil
}

func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (o Options) receive(ctx context.Context, seconds int32) ([]types.Message, error) {
	answer, err := o.Queue.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &o.URL, MaxNumberOfMessages: batch, WaitTimeSeconds: seconds, VisibilityTimeout: hidden})
	if err != nil {
		return nil, fault.Of(fault.Unavailable, "read the event queue", o.URL, err).
			Hintf("the URL is that of an SQS queue to which the bucket sends events; reading needs sqs:ReceiveMessage and sqs:DeleteMessage")
	}
	return answer.Messages, nil
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
