package engine

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"example.com/landfall/internal/runbook"
)

// Runs starts runs and speaks with them; a driver is engine/temporal.
type Runs interface {
	// Start begins a run, or finds the one of that name that is under way. One
	// that has ended is a Conflict.
	Start(ctx context.Context, r Request) error
	// Send gives an event to a run, and returns when the ledger has it. What the
	// run refuses comes back with the kind of Check.
	Send(ctx context.Context, run string, e Event) error
	// Status and State ask how a run stands; both need a worker that answers.
	Status(ctx context.Context, run string) (Summary, error)
	State(ctx context.Context, run string) (State, error)
	// Open reports whether a run is under way; one that the engine does not know
	// is NotFound.
	Open(ctx context.Context, run string) (bool, error)
	// Wait returns the last state of a run when it has ended. The error of one
	// that the engine closed is a *Closed.
	Wait(ctx context.Context, run string) (State, error)
}

// Closed is an end that a run did not come to by its own rules: somebody
// terminated it in the engine, or it could not be carried on. Nothing was taken
// back, and State tells where it stood.
type Closed struct {
	// How is one of the words that ClosedAs knows.
	How string
	// Why is what the engine says of it, "" for nothing.
	Why string
}

// The ways in which an engine closes a run.
const (
	Terminated = "terminated"
	Failed     = "failed"
	TimedOut   = "timed out"
	Canceled   = "cancelled"
)

// ClosedAs says whether the result of a run is that the engine closed it.
func ClosedAs(result string) bool {
	return slices.Contains([]string{Terminated, Failed, TimedOut, Canceled}, result)
}

// Error says how, and why.
func (c *Closed) Error() string {
	if c.Why == "" {
		return "it was " + c.How + " in the engine"
	}
	return "it was " + c.How + " in the engine: " + c.Why
}

// Recording tells how the writing of the ledger goes, where an engine can tell:
// how often the write under way was tried, and since when. No write is no try.
type Recording interface {
	Recording(ctx context.Context, run string) (tries int, since time.Time, err error)
}

// Request is what starts a run.
type Request struct {
	Run         string
	Plan        *runbook.Runbook
	Fingerprint string
	// Until is the last phase to carry out, "" for all.
	Until runbook.Phase
	// Queues are the queues of the workers by place; what is not named is done
	// where the ledger is.
	Queues map[runbook.Place]string
	// By, How and Role say who starts it, and how that was proved.
	By, How, Role string
	// From is a checkpoint of another engine, or nil.
	From *State
}

// Hands carry out what a worker is asked to do. They take credentials from the
// worker's own surroundings: there are none in a call.
type Hands interface {
	// Step carries out one attempt. beat tells how far it is and never blocks;
	// stop is closed when the attempt is asked to stop where it is.
	Step(ctx context.Context, call StepCall, beat func(Beat), stop <-chan struct{}) StepResult
	// Ask measures a gate or a trigger.
	Ask(ctx context.Context, q Question) (Answer, error)
	// Tell sends a message to people.
	Tell(ctx context.Context, t Telling) error
	// Prove keeps what an attempt proved in the ledger, and returns the hashes of
	// the entries. Kept twice it is there twice, which is no harm.
	Prove(ctx context.Context, run, step string, proof []Proof) ([]string, error)
	// Record writes entries to the ledger. An entry of the same run and number
	// that is there already is not written again.
	Record(ctx context.Context, run string, entries []Entry) error
}

// Clearing are hands that know the ledger of a run. Whoever carries commands out
// asks them when the entries are written that say that attempts begin, and gives
// the answers along: a worker elsewhere has no ledger to look into.
type Clearing interface {
	// Clear says of each step of which an attempt begins in these entries, which
	// are in the ledger, whether what it rests on is proved. What keeps it from
	// finding that out is a refusal as well.
	Clear(ctx context.Context, run string, entries []Entry) map[string]Clearance
}

// Clearance is the word of who knows the ledger on one attempt.
type Clearance struct {
	// Refused says why the attempt must not be carried out, "" for nothing
	// against it.
	Refused string `json:"refused,omitempty"`
}

// StepCall is one attempt of a step.
type StepCall struct {
	Run string `json:"run"`
	// Plan is the fingerprint of the runbook.
	Plan        string       `json:"plan"`
	Workload    string       `json:"workload"`
	Environment string       `json:"environment"`
	Step        runbook.Step `json:"step"`
	// Kind is DoStep, UndoStep or ProbeStep.
	Kind    CommandKind `json:"kind"`
	Attempt int         `json:"attempt"`
	// Round of the command; with the rest it gives the idempotency key (Key).
	Round  int             `json:"round,omitempty"`
	Cursor json.RawMessage `json:"cursor,omitempty"`
	// Approvals are those that were given to the step, with their proofs: whoever
	// acts on them checks them.
	Approvals []Approval `json:"approvals,omitempty"`
	// Clearance of the attempt, nil where nobody who knows the ledger has looked.
	Clearance *Clearance `json:"clearance,omitempty"`
	// Fan is what is asked about the parts of the attempt, nil where the driver
	// carries none out.
	Fan *Fan `json:"fan,omitempty"`
}

// StepResult is what an attempt came to.
type StepResult struct {
	Outcome runbook.Outcome `json:"outcome"`
	// Effect is the answer to a probe.
	Effect *bool           `json:"effect,omitempty"`
	Detail string          `json:"detail,omitempty"`
	Cursor json.RawMessage `json:"cursor,omitempty"`
	// Proof is what the ledger is given as evidence.
	Proof []Proof `json:"proof,omitempty"`
	// Final says that trying again cannot help.
	Final bool `json:"final,omitempty"`
	// Parts are those of an attempt that falls into some: there is no outcome then.
	Parts *Parts `json:"parts,omitempty"`
	// Left is what a part leaves to be kept elsewhere.
	Left []byte `json:"left,omitempty"`
}

// Proof is a fact that proves a claim, without a secret.
type Proof struct {
	// Kind is "deployment", "reachability", "confirmation", ...
	Kind string            `json:"kind"`
	Text string            `json:"text"`
	Data map[string]string `json:"data,omitempty"`
}

// Beat is a sign of life of an attempt.
type Beat struct {
	Text   string          `json:"text"`
	Done   int64           `json:"done,omitempty"`
	Of     int64           `json:"of,omitempty"`
	Cursor json.RawMessage `json:"cursor,omitempty"`
}

// Question asks for a gate or a trigger.
type Question struct {
	Run string `json:"run"`
	// Step is "" for a trigger.
	Step  string         `json:"step,omitempty"`
	ID    string         `json:"id"`
	Expr  string         `json:"expr"`
	Facts []runbook.Fact `json:"facts"`
}

// Answer is what a gate or a trigger was found to be; nil for no data.
type Answer struct {
	Open   *bool  `json:"open,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// Telling is a message to people.
type Telling struct {
	Run string `json:"run"`
	// Number tells the messages of a run apart.
	Number  int64           `json:"number"`
	Step    string          `json:"step,omitempty"`
	Message runbook.Message `json:"message"`
}
