package queue

import (
	"context"
	"time"
)

// MaxBatch is the most messages that Send and Receive handle in one call: the
// limit of SQS, below the 32 of Azure.
const MaxBatch = 10

// Message is a received message. It stays hidden from other receivers for as
// long as Receive was told, and comes back after that unless it is deleted.
type Message struct {
	ID       string
	Body     string
	Receives int    // how often it was received, this time included
	Receipt  string // proves this receive; only drivers read it
}

// Wait says how Receive waits.
type Wait struct {
	Poll time.Duration // return without messages after this long, at most 20 s
	Hide time.Duration // hide what was received for this long
}

// Queue is a queue. All methods may be called concurrently.
//
// Send sends all bodies, at most MaxBatch; after an error any of them may
// have been sent. Receive returns at most limit messages, none when none came
// in time. Delete of a message that is gone already is no error. Bury moves a
// message to the dead-letter queue; a crash in between leaves it in both.
// Check proves that the queue can be used.
type Queue interface {
	Send(ctx context.Context, bodies []string) error
	Receive(ctx context.Context, limit int, wait Wait) ([]Message, error)
	Delete(ctx context.Context, m Message) error
	Bury(ctx context.Context, m Message) error
	Check(ctx context.Context) error
}
