package azurequeue

import (
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"golang.org/x/sync/errgroup"

	"example.com/landfall/examples/bookshop/internal/azureaccount"
	"example.com/landfall/examples/bookshop/internal/queue"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

var _ queue.Queue = (*Queue)(nil)

// The service has no long poll, so Receive asks again, from the first pause
// doubling up to the last.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = time.Second
)

// Queue is one storage queue.
type Queue struct {
	client client
	name   string
}

// Open returns the queue. It does not call Azure.
func Open(account azureaccount.Account, name string) *Queue {
	return &Queue{client: newClient(account), name: name}
}

// Create creates the queue unless it exists.
func (q *Queue) Create(ctx context.Context) error {
	return q.client.do(ctx, "create queue", call{method: http.MethodPut, path: "/" + q.name,
		status: []int{http.StatusCreated, http.StatusNoContent}})
}

// Send implements queue.Queue. The service takes one message per request.
func (q *Queue) Send(ctx context.Context, bodies []string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for _, body := range bodies {
		group.Go(func() error { return q.send(ctx, q.name, body) })
	}
	return group.Wait()
}

type outgoing struct {
	XMLName xml.Name `xml:"QueueMessage"`
	Text    string   `xml:"MessageText"`
}

func (q *Queue) send(ctx context.Context, name, body string) error {
	// Base64, as Microsoft's own clients do by default: the text of a message
	// has to be valid XML.
	text, err := xml.Marshal(outgoing{Text: base64.StdEncoding.EncodeToString([]byte(body))})
	if err != nil {
		return trouble.Of(trouble.Internal, "send message", name, err)
	}
	return q.client.do(ctx, "send message", call{method: http.MethodPost, path: "/" + name + "/messages",
		body: text, status: []int{http.StatusCreated}})
}

type incoming struct {
	Messages []struct {
		ID         string `xml:"MessageId"`
		PopReceipt string `xml:"PopReceipt"`
		Dequeues   int    `xml:"DequeueCount"`
		Text       string `xml:"MessageText"`
	} `xml:"QueueMessage"`
}

// Receive implements queue.Queue.
func (q *Queue) Receive(ctx context.Context, limit int, wait queue.Wait) ([]queue.Message, error) {
	deadline := time.Now().Add(wait.Poll)
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		messages, err := q.receive(ctx, min(limit, queue.MaxBatch), wait.Hide)
		if err != nil || len(messages) > 0 || !time.Now().Add(pause).Before(deadline) {
			return messages, err
		}
		select {
		case <-ctx.Done():
			return nil, trouble.Of(trouble.Canceled, "receive messages", q.name, ctx.Err())
		case <-time.After(pause):
		}
	}
}

func (q *Queue) receive(ctx context.Context, limit int, hide time.Duration) ([]queue.Message, error) {
	var in incoming
	err := q.client.do(ctx, "receive messages", call{method: http.MethodGet, path: "/" + q.name + "/messages",
		query:  url.Values{"numofmessages": {strconv.Itoa(limit)}, "visibilitytimeout": {strconv.Itoa(int(hide / time.Second))}},
		status: []int{http.StatusOK}, into: &in})
	if err != nil {
		return nil, err
	}
	messages := make([]queue.Message, 0, len(in.Messages))
	for _, m := range in.Messages {
		body, err := base64.StdEncoding.DecodeString(m.Text)
		if err != nil {
			// Somebody else's encoding: hand it on as it is, so that the worker
			// counts it and gives it up like any message it cannot read.
			body = []byte(m.Text)
		}
		messages = append(messages, queue.Message{ID: m.ID, Body: string(body), Receives: m.Dequeues, Receipt: m.PopReceipt})
	}
	return messages, nil
}

// Delete implements queue.Queue.
func (q *Queue) Delete(ctx context.Context, m queue.Message) error {
	err := q.client.do(ctx, "delete message", call{method: http.MethodDelete, path: "/" + q.name + "/messages/" + url.PathEscape(m.ID),
		query: url.Values{"popreceipt": {m.Receipt}}, status: []int{http.StatusNoContent}})
	answer, ok := errors.AsType[*azcore.ResponseError](err)
	if ok && (answer.ErrorCode == "MessageNotFound" || answer.ErrorCode == "PopReceiptMismatch") {
		// Gone, or received by another since: not ours to delete.
		return nil
	}
	return err
}

// Bury implements queue.Queue.
func (q *Queue) Bury(ctx context.Context, m queue.Message) error {
	poison := &Queue{client: q.client, name: q.name + "-poison"}
	if err := poison.Create(ctx); err != nil {
		return err
	}
	if err := q.send(ctx, poison.name, m.Body); err != nil {
		return err
	}
	return q.Delete(ctx, m)
}

// Check implements queue.Queue.
func (q *Queue) Check(ctx context.Context) error {
	return q.client.do(ctx, "check queue", call{method: http.MethodGet, path: "/" + q.name,
		query: url.Values{"comp": {"metadata"}}, status: []int{http.StatusOK}})
}
