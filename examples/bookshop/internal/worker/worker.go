package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"example.com/landfall/examples/bookshop/internal/metrics"
	"example.com/landfall/examples/bookshop/internal/order"
	"example.com/landfall/examples/bookshop/internal/queue"
	"example.com/landfall/examples/bookshop/internal/store"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

// Options are what the worker needs. Zero durations and counts get defaults.
type Options struct {
	Store   *store.Store
	Queue   queue.Queue
	Metrics *metrics.Set
	Log     *slog.Logger
	Now     func() time.Time

	Resend      time.Duration // send a message again when its order is not fulfilled after this; 15 s
	Hide        time.Duration // hide a received message for this long, in whole seconds; 30 s
	Poll        time.Duration // wait for messages for this long, in whole seconds; 2 s
	Pause       time.Duration // between two rounds without work; 250 ms
	UpkeepEvery time.Duration // 30 s
	MaxReceives int           // bury a message that did not work this often; 4, below the 5 of a usual redrive policy
}

// Worker runs the three loops.
type Worker struct {
	opts  Options
	nudge chan struct{}
}

// New returns a worker.
func New(opts Options) *Worker {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	for value, fallback := range map[*time.Duration]time.Duration{
		&opts.Resend: 15 * time.Second, &opts.Hide: 30 * time.Second, &opts.Poll: 2 * time.Second,
		&opts.Pause: 250 * time.Millisecond, &opts.UpkeepEvery: 30 * time.Second,
	} {
		if *value == 0 {
			*value = fallback
		}
	}
	if opts.MaxReceives == 0 {
		opts.MaxReceives = 4
	}
	return &Worker{opts: opts, nudge: make(chan struct{}, 1)}
}

// Nudge makes the relay look at the outbox now. It never blocks.
func (w *Worker) Nudge() {
	select {
	case w.nudge <- struct{}{}:
	default:
	}
}

// Run works until ctx is done. What is in hand then is finished or left to
// come back; nothing is lost.
func (w *Worker) Run(ctx context.Context) {
	var loops sync.WaitGroup
	loops.Go(func() { w.loop(ctx, "relay", w.opts.Pause, w.Relay) })
	loops.Go(func() { w.loop(ctx, "fulfil", w.opts.Pause, w.FulfilBatch) })
	loops.Go(func() {
		w.loop(ctx, "upkeep", w.opts.UpkeepEvery, func(ctx context.Context) (int, error) {
			_, err := w.opts.Store.Upkeep(ctx, w.opts.Now())
			return 0, err
		})
	})
	loops.Wait()
}

// loop calls round again and again: at once after one that found work, after
// a pause otherwise, and after a growing pause while there is trouble.
func (w *Worker) loop(ctx context.Context, name string, pause time.Duration, round func(context.Context) (int, error)) {
	const maxPause = 5 * time.Second
	backoff := w.opts.Pause
	for ctx.Err() == nil {
		worked, err := round(ctx)
		result := "ok"
		wait := pause
		switch {
		case err != nil && ctx.Err() == nil:
			result = string(trouble.KindOf(err))
			w.opts.Log.Warn("worker met trouble", "loop", name, "error", err)
			wait, backoff = backoff, min(2*backoff, maxPause)
		case worked > 0:
			wait, backoff = 0, w.opts.Pause
		default:
			backoff = w.opts.Pause
		}
		w.opts.Metrics.WorkerRuns.WithLabelValues(name, result).Inc()
		w.sleep(ctx, name == "relay", wait)
	}
}

func (w *Worker) sleep(ctx context.Context, wakeable bool, wait time.Duration) {
	if wait == 0 {
		return
	}
	var nudge <-chan struct{} // nil: never ready
	if wakeable {
		nudge = w.nudge
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-nudge:
	case <-timer.C:
	}
}

// Relay sends one batch of what the outbox owes and returns how many letters
// it sent.
func (w *Worker) Relay(ctx context.Context) (int, error) {
	letters, err := w.opts.Store.Claim(ctx, queue.MaxBatch, w.opts.Resend)
	if err != nil || len(letters) == 0 {
		return 0, err
	}
	bodies := make([]string, len(letters))
	for i, l := range letters {
		bodies[i] = l.Body
	}
	if err := w.opts.Queue.Send(ctx, bodies); err != nil {
		// Some may have been sent; sending them again is harmless. When giving
		// back does not work either, the resend interval does it.
		back, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		return 0, errors.Join(err, w.opts.Store.Unclaim(back, letters))
	}
	w.opts.Metrics.Messages.WithLabelValues("sent").Add(float64(len(letters)))
	return len(letters), nil
}

// FulfilBatch receives one batch of messages and works them off. It returns
// how many it received.
func (w *Worker) FulfilBatch(ctx context.Context) (int, error) {
	if err := w.opts.Store.Writable(ctx); err != nil {
		return 0, err
	}
	messages, err := w.opts.Queue.Receive(ctx, queue.MaxBatch, queue.Wait{Poll: w.opts.Poll, Hide: w.opts.Hide})
	if err != nil {
		return 0, err
	}
	var group errgroup.Group
	group.SetLimit(4)
	for _, m := range messages {
		group.Go(func() error { return w.handle(ctx, m) })
	}
	return len(messages), group.Wait()
}

// handle works one message off. Its error is the database's or the queue's
// trouble, after which the message comes back by itself.
func (w *Worker) handle(ctx context.Context, m queue.Message) error {
	id, err := read(m.Body)
	first := false
	if err == nil {
		first, err = w.opts.Store.Fulfil(ctx, id)
	}
	switch {
	case err == nil && first:
		w.opts.Metrics.Messages.WithLabelValues("fulfilled").Inc()
		return w.opts.Queue.Delete(ctx, m)
	case err == nil:
		w.opts.Metrics.Messages.WithLabelValues("repeated").Inc()
		return w.opts.Queue.Delete(ctx, m)
	case !hopeless(err):
		return err
	case m.Receives < w.opts.MaxReceives:
		// Perhaps the order is not there yet: a queue can be ahead of a
		// database that is being copied.
		w.opts.Metrics.Messages.WithLabelValues("deferred").Inc()
		return nil
	}
	return w.bury(ctx, m, id, err)
}

// bury gives a message up, and with it the order, if there is one.
func (w *Worker) bury(ctx context.Context, m queue.Message, id string, cause error) error {
	w.opts.Log.Error("message given up", "message", m.ID, "receives", m.Receives, "error", cause)
	if id != "" {
		err := w.opts.Store.GiveUp(ctx, id, string(trouble.KindOf(cause)))
		if err != nil && !trouble.Is(err, trouble.NotFound) {
			return err
		}
	}
	if err := w.opts.Queue.Bury(ctx, m); err != nil {
		return err
	}
	w.opts.Metrics.Messages.WithLabelValues("buried").Inc()
	return nil
}

// hopeless reports whether the same message would meet the same trouble
// again. A database that is away or read-only says nothing about the message.
func hopeless(err error) bool {
	switch trouble.KindOf(err) {
	case trouble.NotFound, trouble.Invalid, trouble.Conflict, trouble.Internal:
		return true
	}
	return false
}

// read returns the order's id in a message.
func read(body string) (string, error) {
	var message struct {
		OrderID string `json:"orderId"`
	}
	if err := json.Unmarshal([]byte(body), &message); err != nil {
		return "", trouble.Of(trouble.Invalid, "read message", "", err)
	}
	if err := order.CheckID(message.OrderID); err != nil {
		return "", trouble.Of(trouble.Invalid, "read message", "", fmt.Errorf("order id: %w", err))
	}
	return message.OrderID, nil
}
