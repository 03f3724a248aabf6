package events

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects"
)

func notification(bucket string, keys ...string) string {
	out := ""
	for i, k := range keys {
		if i > 0 {
			out += ","
		}
		out += fmt.Sprintf(`{"eventTime":"2026-03-01T10:00:00.000Z","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":%q},"object":{"key":%q,"size":3}}}`, bucket, k)
	}
	return `{"Records":[` + out + `]}`
}

func TestParse(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		body string
		want []Event
	}{
		"S3":          {notification("b", "a+b%2Bc%2F%C3%A9", "x"), []Event{{"b", "a b+c/é", at}, {"b", "x", at}}},
		"SNS":         {`{"Type":"Notification","Message":` + strconv.Quote(notification("b", "k")) + `}`, []Event{{"b", "k", at}}},
		"EventBridge": {`{"source":"aws.s3","time":"2026-03-01T10:00:00Z","detail":{"bucket":{"name":"b"},"object":{"key":"a+b %41"}}}`, []Event{{"b", "a+b %41", at}}},
		"test":        {`{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}`, nil},
	} {
		got, err := Parse([]byte(c.body))
		if err != nil || fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
	for _, bad := range []string{"", "hello", "{}", `{"Records":[]}`, notification("b", "%zz"), notification("", "k"), `{"Type":"Notification","Message":"hello"}`} {
		if _, err := Parse([]byte(bad)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.30q: %v", bad, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(notification("b", "k"))
	f.Add(`{"Type":"Notification","Message":"{}"}`)
	f.Fuzz(func(t *testing.T, body string) {
		events, err := Parse([]byte(body))
		if err != nil && len(events) > 0 {
			t.Errorf("%q: events and an error", body)
		}
	})
}

// queue tells each message again until it is deleted.
type queue struct {
	mu     sync.Mutex
	bodies []string
	told   map[int]bool
	gone   map[int]bool
	fails  int
	err    error
}

func (q *queue) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.fails > 0 {
		q.fails--
		if q.err != nil {
			return nil, q.err
		}
		return nil, errors.New("no route to host")
	}
	out := &sqs.ReceiveMessageOutput{}
	for i, b := range q.bodies {
		if !q.told[i] && !q.gone[i] && len(out.Messages) < int(in.MaxNumberOfMessages) {
			q.told[i] = in.VisibilityTimeout > 0
			out.Messages = append(out.Messages, types.Message{Body: aws.String(b), ReceiptHandle: aws.String(strconv.Itoa(i))})
		}
	}
	if len(out.Messages) == 0 && in.WaitTimeSeconds > 0 {
		q.mu.Unlock()
		rest(ctx, time.Duration(in.WaitTimeSeconds)*time.Second)
		q.mu.Lock()
	}
	return out, nil
}

func (q *queue) DeleteMessage(_ context.Context, in *sqs.DeleteMessageInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	i, _ := strconv.Atoi(aws.ToString(in.ReceiptHandle))
	q.gone[i] = true
	return &sqs.DeleteMessageOutput{}, nil
}

// A message goes only when the last of what it names is done.
func TestMessagesAreLetGoOfWhenDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		q := &queue{bodies: []string{notification("b", "k1", "k2"), notification("other", "k"), "not an event"}, told: map[int]bool{}, gone: map[int]bool{}}
		var troubles []error
		read, err := Open(ctx, Options{Queue: q, URL: "u", Bucket: "b", Trouble: func(err error) { troubles = append(troubles, err) }})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(q.told) != 1 || q.told[0] {
			t.Errorf("taken before anybody asked for it: %v", q.told)
		}
		changes := read(ctx)
		var got []objects.Change
		got = append(got, <-changes, <-changes)
		synctest.Wait()
		if q.gone[0] || !q.gone[1] || q.gone[2] {
			t.Errorf("deleted before it is done: %v", q.gone)
		}
		got[0].Done()
		if q.gone[0] {
			t.Error("deleted when half of it is done")
		}
		got[1].Done()
		if !q.gone[0] || got[0].Key != "k1" || got[1].Key != "k2" || len(troubles) != 1 {
			t.Errorf("%v %v %v", q.gone, got, troubles)
		}
		cancel()
		if _, open := <-changes; open {
			t.Error("the channel stays open")
		}
	})
}

// A queue that cannot be read is said at once; later trouble passes.
func TestTroubleOfTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		q := &queue{told: map[int]bool{}, gone: map[int]bool{}}
		for kind, code := range map[fault.Kind]string{fault.Unavailable: "", fault.NotFound: "AWS.SimpleQueueService.NonExistentQueue", fault.Denied: "AccessDeniedException"} {
			q.fails, q.err = 1, nil
			if code != "" {
				q.err = &smithy.GenericAPIError{Code: code, Message: "no"}
			}
			if _, err := Open(ctx, Options{Queue: q, URL: "u", Bucket: "b"}); !fault.Is(err, kind) || code != "" && fault.HintOf(err) == "" {
				t.Errorf("%s: %v", code, err)
			}
		}
		troubles := make(chan error, 9)
		read, err := Open(ctx, Options{Queue: q, URL: "u", Bucket: "b", Trouble: func(err error) { troubles <- err }})
		if err != nil {
			t.Fatal(err)
		}
		q.mu.Lock()
		q.fails, q.bodies = 2, []string{notification("b", "k")}
		q.mu.Unlock()
		changes := read(ctx)
		if c := <-changes; c.Key != "k" || len(troubles) != 2 {
			t.Errorf("%v after %d troubles", c, len(troubles))
		}
		cancel()
		for range changes { //nolint:revive // it ends
		}
	})
}
