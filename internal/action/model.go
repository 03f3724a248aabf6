package action

import (
	"context"
	"encoding/json"
	"log/slog"

	"example.com/landfall/internal/runbook"
)

// Call is one attempt of one step.
type Call struct {
	Run string
	// Plan is the fingerprint of the approved runbook.
	Plan     string
	Workload string
	// Environment is the target's.
	Environment string
	Step        runbook.Step
	// Key is the idempotency key: the same for every attempt to do (or to undo)
	// this step in this run. Services that take a client token are given it.
	Key     string
	Attempt int
	// Cursor is where an earlier attempt got to, nil for the beginning. It never
	// holds a secret.
	Cursor json.RawMessage
	// Beat reports that the attempt is alive and how far it is. It never blocks.
	Beat func(Progress)
	// Stop is closed when the attempt is asked to stop where it is; it then
	// returns a Yield with a cursor.
	Stop <-chan struct{}
	// Rehearsal is the factor by which waits inside an action may be shortened
	// in the sandbox, 1 for none.
	Rehearsal float64
	// Secret reports whether a text looks like a secret: it is then kept out of
	// what the attempt says. Nil takes every text for harmless.
	Secret func(text string) bool
	// Failpoint is called with the name of each moment at which a crash tells
	// something about an action (see Points); nil in product runs.
	Failpoint func(point string)
	// Log gets what must not be in the ledger, nil for nothing.
	Log *slog.Logger
}

// Progress is how far an attempt is.
type Progress struct {
	Text   string          `json:"text"`
	Done   int64           `json:"done,omitempty"`
	Of     int64           `json:"of,omitempty"`
	Cursor json.RawMessage `json:"cursor,omitempty"`
}

// Seen is what a look at the world found.
type Seen int

// What a look can find. The zero value is that it could not tell, so that
// nothing forgotten counts as a yes.
const (
	CannotTell Seen = iota
	// NotThere: nothing of the effect is there.
	NotThere
	// There: all of it is there. Whether it is right is for Verify.
	There
	// Partly: some of it is there, and Apply goes on with it.
	Partly
)

// Evidence proves a claim: the ledger gets it, and the record of the step its
// fingerprint. Of a secret it holds a reference at most.
type Evidence struct {
	// Kind is "deployment", "reachability", "confirmation", ...
	Kind string `json:"kind"`
	// Text is one line for people.
	Text string `json:"text"`
	// Data are the facts, without a secret.
	Data map[string]string `json:"data,omitempty"`
}

// Action is what a kind of step does. All four may be called any number of
// times, by any worker, also at the same time as an attempt that is thought
// dead: an action takes its idempotency from Call.Key and from looking.
type Action interface {
	// Check looks whether the effect is there. It changes nothing. An error says
	// that it could not look, CannotTell that looking does not help.
	Check(ctx context.Context, c *Call) (Seen, string, error)
	// Apply makes the effect, or goes on with one that is partly there. A *Yield
	// says that it stopped where it was asked to.
	Apply(ctx context.Context, c *Call) error
	// Verify proves that the effect is there and right.
	Verify(ctx context.Context, c *Call) ([]Evidence, error)
	// Undo takes the effect back, all or what is there of it; a step whose
	// runbook has no undo is never asked.
	Undo(ctx context.Context, c *Call) ([]Evidence, error)
}

// Yield is the error of an Apply that stopped because it was asked to.
type Yield struct {
	Cursor json.RawMessage
	At     string
}

// Error says where the attempt stopped.
func (y *Yield) Error() string { return "stopped as asked at " + y.At }

// FactSource answers what a fact is. An error or a nil value is no data.
type FactSource interface {
	Measure(ctx context.Context, f runbook.Fact) (Measured, error)
}

// Measured is a value with when it was true. Value is a float64, a string, a
// bool, or nil for no data.
type Measured struct {
	Value any    `json:"value"`
	Unix  int64  `json:"unix"`
	From  string `json:"from"`
}
