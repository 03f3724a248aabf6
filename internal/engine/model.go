package engine

import (
	"encoding/json"
	"time"

	"example.com/landfall/internal/runbook"
)

// Mode is where a run is heading.
type Mode string

// The modes.
const (
	// Forward carries steps out.
	Forward Mode = "forward"
	// Back undoes what was done, newest first.
	Back Mode = "back"
	// Ended is over: Result says how.
	Ended Mode = "ended"
)

// Status is where a step stands.
type Status string

// The statuses of a step.
const (
	// Pending waits for the steps that it needs.
	Pending Status = "pending"
	// Waiting sits out its wait, or until the window opens.
	Waiting Status = "waiting"
	// Gated asks its gates.
	Gated Status = "gated"
	// Asked waits for approvals.
	Asked Status = "asked"
	// Running is being carried out.
	Running Status = "running"
	// Probing finds out what a step whose outcome is not known has done.
	Probing Status = "probing"
	// Retrying waits for the next attempt.
	Retrying Status = "retrying"
	// Ready may begin (or go on, or be taken back) as soon as the run allows it
	// and fewer attempts are under way than the rules bound.
	Ready Status = "ready"
	// Operator waits for a person: retry, skip or roll back.
	Operator Status = "operator"
	// Person waits for a person to carry it out and to say so.
	Person Status = "person"
	// Done has its effect, and that was verified.
	Done Status = "done"
	// Skipped was passed over, with a reason.
	Skipped Status = "skipped"
	// Undoing is being taken back.
	Undoing Status = "undoing"
	// Undone was taken back.
	Undone Status = "undone"
	// Kept could not be taken back, as the runbook had said, or a person said
	// to leave it.
	Kept Status = "kept"
)

// State is all that is known of a run. It is a value: Next never changes the
// one that it was given, and shares with it what did not change, so nobody else
// may change one either. As JSON it is the checkpoint from which another engine
// goes on.
type State struct {
	Run string `json:"run"`
	// Plan is the fingerprint of the runbook that was approved.
	Plan string `json:"plan"`
	// Interpreter is the version of the rules by which this run goes.
	Interpreter int  `json:"interpreterVersion"`
	Mode        Mode `json:"mode"`
	// Result of an ended run: "done", "rolled back", "aborted", "drained".
	Result string `json:"result,omitempty"`
	// Resumes is the mode in which a run that was drained or aborted goes on.
	Resumes Mode `json:"resumes,omitempty"`
	// Begun and Now are the times of the first and the last event.
	Begun time.Time `json:"begun"`
	Now   time.Time `json:"now"`
	// Seq counts the events, Records the records that were written.
	Seq     int64 `json:"seq"`
	Records int64 `json:"records"`
	// Until is the last phase to carry out, "" for all.
	Until runbook.Phase `json:"until,omitempty"`
	// Paused starts nothing new; Why says who asked and for what reason.
	Paused bool   `json:"paused,omitempty"`
	Why    string `json:"why,omitempty"`
	// PausedBy is the person who asked, "" for a trigger.
	PausedBy string `json:"pausedBy,omitempty"`
	// Held says that everything up to Until is done and the run waits for
	// Extend.
	Held bool `json:"held,omitempty"`
	// Aborting lets what is under way end, and then ends the run.
	Aborting bool `json:"aborting,omitempty"`
	// Draining lets what is under way end, and starts nothing new, because the
	// run goes on in another engine.
	Draining bool `json:"draining,omitempty"`
	// Steps stand as in the runbook.
	Steps []*StepState `json:"steps"`
	// Order are the indices of steps in the order in which they were done or
	// skipped. Going back takes from its end; what has an effect without being
	// done is put there when the way back begins.
	Order []int `json:"order"`
	// Target is the index of the step that a rollback takes back last, -1 for
	// all; Floor is the length of Order at which it has got there.
	Target int `json:"target"`
	Floor  int `json:"floor,omitempty"`
	// Triggers stand as in the runbook.
	Triggers []TriggerState `json:"triggers"`
	// Phases stand in the order of the journey.
	Phases []PhaseState `json:"phases"`
	// Queue are the steps that are Ready forward, first come first.
	Queue []int `json:"queue,omitempty"`
	// InFlight counts attempts under way, Active the steps that are neither
	// pending nor settled nor waiting to be taken back.
	InFlight int `json:"inFlight,omitempty"`
	Active   int `json:"active,omitempty"`

	// compiled is the plan made ready for the rules. It goes along from state to
	// state so that it is not made for every event; it is no part of the state.
	compiled *compiled
}

// PhaseState is where one phase stands.
type PhaseState struct {
	Phase runbook.Phase `json:"phase"`
	// Open counts its steps that are neither done nor skipped.
	Open  int  `json:"open"`
	Begun bool `json:"begun,omitempty"`
	Ended bool `json:"ended,omitempty"`
}

// StepState is where one step stands.
type StepState struct {
	Status Status `json:"status"`
	// Attempt is the number of the attempt under way or last ended, from 1. All
	// attempts of the step count: to do, to take back, to probe, to go on.
	Attempt int `json:"attempt,omitempty"`
	// Tries and Probes are those since a person last said to try again.
	Tries  int `json:"tries,omitempty"`
	Probes int `json:"probes,omitempty"`
	// Round counts how often the step was taken back: doing it anew is another
	// effect, with another idempotency key.
	Round int `json:"round,omitempty"`
	// Outcome of the last attempt, with what it said.
	Outcome runbook.Outcome `json:"outcome,omitempty"`
	Detail  string          `json:"detail,omitempty"`
	// Undo says that the attempt is one of taking it back.
	Undo bool `json:"undo,omitempty"`
	// Effect says that something of it is there, or may be.
	Effect bool `json:"effect,omitempty"`
	// Yielding says that the attempt under way was asked to stop.
	Yielding bool `json:"yielding,omitempty"`
	// Late says that a person let it begin outside the window.
	Late bool `json:"late,omitempty"`
	// Passed says that its gates were held open once; they are asked once more.
	Passed bool `json:"passed,omitempty"`
	// Approvals that were given for this step.
	Approvals []Approval `json:"approvals,omitempty"`
	// Gates stand as in the step.
	Gates []GateState `json:"gates,omitempty"`
	// Wake is when its timer fires, zero for none.
	Wake time.Time `json:"wake,omitzero"`
	// Cursor is where an attempt that yielded goes on.
	Cursor json.RawMessage `json:"cursor,omitempty"`
	// Evidence are the fingerprints of what proves the outcome.
	Evidence []string `json:"evidence,omitempty"`
	// Since is when it came to this status. Begun is when its first attempt
	// began, Ended when it was done.
	Since time.Time `json:"since,omitzero"`
	Begun time.Time `json:"begun,omitzero"`
	Ended time.Time `json:"ended,omitzero"`
}

// GateState is where one gate stands.
type GateState struct {
	// Open is nil while there is no data: not open.
	Open *bool `json:"open,omitempty"`
	// Since is when it was first asked, Held since when it is open without a
	// break.
	Since time.Time `json:"since,omitzero"`
	Held  time.Time `json:"held,omitzero"`
	// Asking numbers the questions; Out says that the last has no answer yet.
	Asking int  `json:"asking,omitempty"`
	Out    bool `json:"out,omitempty"`
	// Late says that the answer to the last question is awaited for longer than
	// the time between two.
	Late bool `json:"late,omitempty"`
	// Next is when it is asked again.
	Next   time.Time `json:"next,omitzero"`
	Detail string    `json:"detail,omitempty"`
}

// TriggerState is where one trigger stands.
type TriggerState struct {
	Watching bool `json:"watching,omitempty"`
	// Held is since when it is true without a break.
	Held time.Time `json:"held,omitzero"`
	// Fired says that it has acted; once it is false again it may act again.
	Fired bool `json:"fired,omitempty"`
	// Blind says that people were told that it has no data.
	Blind bool `json:"blind,omitempty"`
	// Told says that people were told that it would act if the run moved.
	Told bool `json:"told,omitempty"`
	// Asking numbers the questions; Out says that the last has no answer yet.
	Asking int  `json:"asking,omitempty"`
	Out    bool `json:"out,omitempty"`
	// Late is that of a gate.
	Late   bool      `json:"late,omitempty"`
	Detail string    `json:"detail,omitempty"`
	Wake   time.Time `json:"wake,omitzero"`
}

// Approval is a person's yes to one step of one fingerprint.
type Approval struct {
	By   string    `json:"by"`
	Role string    `json:"role,omitempty"`
	How  string    `json:"how"`
	At   time.Time `json:"at"`
	// Proof is what a worker checks that with before it acts.
	Proof map[string]string `json:"proof,omitempty"`
}

// EventKind says what happened.
type EventKind string

// The events.
const (
	// Begin starts a run, or goes on from a checkpoint.
	Begin EventKind = "begin"
	// AttemptEnded brings the outcome of a Do, an Undo or a Probe.
	AttemptEnded EventKind = "attempt ended"
	// GateAsked brings what a gate was found to be.
	GateAsked EventKind = "gate asked"
	// TriggerAsked brings what a trigger was found to be.
	TriggerAsked EventKind = "trigger asked"
	// Woke says that a timer fired.
	Woke EventKind = "woke"
	// Clock says what time it is, where that may be earlier than it was.
	Clock EventKind = "clock"
	// Approve and Reject are a person's word on a step.
	Approve EventKind = "approve"
	Reject  EventKind = "reject"
	// Confirm says that a person has carried a step out (or, in Back, taken it
	// back), with what proves it.
	Confirm EventKind = "confirm"
	// Pause, Resume, Skip, Retry, Settle, Rollback, Abort, Drain and Extend
	// (another last phase) are the operator's.
	Pause    EventKind = "pause"
	Resume   EventKind = "resume"
	Skip     EventKind = "skip"
	Retry    EventKind = "retry"
	Settle   EventKind = "settle"
	Rollback EventKind = "rollback"
	Abort    EventKind = "abort"
	Drain    EventKind = "drain"
	Extend   EventKind = "extend"
)

// OfPeople says whether an event is a person's word, and not a report of the
// driver.
func (k EventKind) OfPeople() bool {
	switch k {
	case Approve, Reject, Confirm, Pause, Resume, Skip, Retry, Settle, Rollback, Abort, Drain, Extend:
		return true
	default:
		return false
	}
}

// Event is something that happened. Only what its kind needs is set.
type Event struct {
	Kind EventKind `json:"kind"`
	At   time.Time `json:"at"`
	// Step is the id that it concerns, Gate and Trigger likewise.
	Step    string `json:"step,omitempty"`
	Gate    string `json:"gate,omitempty"`
	Trigger string `json:"trigger,omitempty"`
	// Attempt that ended, or question that was answered, by its command's number;
	// one that is not under way is of no concern.
	Attempt int             `json:"attempt,omitempty"`
	Outcome runbook.Outcome `json:"outcome,omitempty"`
	// Final says that trying again by itself cannot help.
	Final bool `json:"final,omitempty"`
	// Open is what a gate or trigger was found to be, nil without data.
	Open *bool `json:"open,omitempty"`
	// Effect says what a probe found: true for there, false for not there, nil
	// for cannot tell. Settle carries the same from a person.
	Effect   *bool           `json:"effect,omitempty"`
	Detail   string          `json:"detail,omitempty"`
	Cursor   json.RawMessage `json:"cursor,omitempty"`
	Evidence []string        `json:"evidence,omitempty"`
	// By, Role and How are the person, the role and how that was proved.
	By   string `json:"by,omitempty"`
	Role string `json:"role,omitempty"`
	How  string `json:"how,omitempty"`
	// Proof is what an auditor checks that with: a signature, a token's claims.
	Proof map[string]string `json:"proof,omitempty"`
	// Reason that a person gave.
	Reason string `json:"reason,omitempty"`
	// Plan is the fingerprint that a person has seen.
	Plan string `json:"plan,omitempty"`
	// Until is the last phase, for Begin and Extend.
	Until runbook.Phase `json:"until,omitempty"`
	// From is a checkpoint, for Begin.
	From *State `json:"from,omitempty"`
	// Accept says that the person accepts what going back loses.
	Accept bool `json:"accept,omitempty"`
}

// CommandKind says what is to be done.
type CommandKind string

// The commands. Records come first: what a command begins is in the ledger
// before it begins.
const (
	// Record writes one entry of the ledger.
	Record CommandKind = "record"
	// Do, Undo and Probe carry out an attempt of a step.
	DoStep    CommandKind = "do"
	UndoStep  CommandKind = "undo"
	ProbeStep CommandKind = "probe"
	// YieldStep asks an attempt under way to stop where it is.
	YieldStep CommandKind = "yield"
	// AskGate and AskTrigger measure the facts of one.
	AskGate    CommandKind = "ask gate"
	AskTrigger CommandKind = "ask trigger"
	// Wake sends Woke at a time; a second one for the same step or trigger
	// takes the place of the first. Unwake takes it back.
	Wake   CommandKind = "wake"
	Unwake CommandKind = "unwake"
	// Tell sends a message to people.
	Tell CommandKind = "tell"
	// End closes the run.
	End CommandKind = "end"
)

// Command is something to be done. Only what its kind needs is set.
type Command struct {
	Kind    CommandKind `json:"kind"`
	Step    string      `json:"step,omitempty"`
	Gate    string      `json:"gate,omitempty"`
	Trigger string      `json:"trigger,omitempty"`
	// Attempt is the number of the attempt or of the question.
	Attempt int `json:"attempt,omitempty"`
	// Round is part of the idempotency key: see Key.
	Round  int             `json:"round,omitempty"`
	At     time.Time       `json:"at,omitzero"`
	Cursor json.RawMessage `json:"cursor,omitempty"`
	// Entry of a Record.
	Entry *Entry `json:"entry,omitempty"`
	// Message of a Tell.
	Message *runbook.Message `json:"message,omitempty"`
	// Clearance is what the driver was told of an attempt; the rules give none.
	Clearance *Clearance `json:"clearance,omitempty"`
}

// Entry is what the ledger is told of a transition. Number counts the entries
// of the run from 1, so that one written twice is seen.
type Entry struct {
	Number int64             `json:"number"`
	At     time.Time         `json:"at"`
	Kind   string            `json:"kind"`
	Step   string            `json:"step,omitempty"`
	By     string            `json:"by,omitempty"`
	Text   string            `json:"text"`
	Data   map[string]string `json:"data,omitempty"`
	// Proof is that of the event, on its first entry.
	Proof map[string]string `json:"proof,omitempty"`
}
