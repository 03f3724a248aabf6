package runbook

import (
	"time"

	"example.com/landfall/internal/cloud"
)

// Version is the schemaVersion of runbook.json.
const Version = 1

// Interpreter is the newest version of the rules by which a runbook is run.
// A runbook carries the version that it was made for, and the engine keeps all
// of them, so that a release cannot change a run under way.
const Interpreter = 1

// Runbook is runbook.json. All lists are ordered; the same design, graph,
// baseline and configuration give the same bytes.
type Runbook struct {
	SchemaVersion      int `json:"schemaVersion"`
	InterpreterVersion int `json:"interpreterVersion"`
	// Inputs are the fingerprints ("sha256:<hex>") of what it was made from, by
	// name.
	Inputs   map[string]string `json:"inputs"`
	Workload string            `json:"workload"`
	// Environment is the one that takes over from the source.
	Environment string   `json:"environment"`
	Strategy    Strategy `json:"strategy"`
	// Why says in one or two sentences why this strategy.
	Why string `json:"why"`
	// Window is the maintenance window, nil when the strategy needs none.
	Window *Window `json:"window,omitempty"`
	// Steps stand in an order in which each comes after those that it needs.
	Steps []Step `json:"steps"`
	// Data are the sets of data that move, each with one writer at any time.
	Data []DataSet `json:"data"`
	// Routes are the ways in which users reach the workload; weights are theirs.
	Routes []Route `json:"routes"`
	// Triggers make a run go back by itself, or ask.
	Triggers []Trigger `json:"triggers"`
	// Acceptance is what has to hold before the sign-off.
	Acceptance []Criterion `json:"acceptance"`
	Contacts   []Contact   `json:"contacts"`
	// PointOfNoReturn is the id of the first step after which the source cannot
	// be returned to service without a loss; "" when every step can be undone.
	PointOfNoReturn string `json:"pointOfNoReturn,omitempty"`
	// CriticalPath are the ids of the steps that decide how long it takes, from
	// the freeze of changes to the end of the cutover.
	CriticalPath []string `json:"criticalPath"`
	// ExpectedSeconds is the length of the critical path, waits included.
	ExpectedSeconds int64 `json:"expectedSeconds"`
	// Findings are what the checks found, those that block first.
	Findings []Finding `json:"findings"`
	// NotPlanned names what the runbook does not carry out, with the reason.
	NotPlanned []NotPlanned `json:"notPlanned"`
}

// ArtefactVersion is the schemaVersion that the program writes and reads.
func (Runbook) ArtefactVersion() int { return Version }

// Strategy is how the target takes over.
type Strategy string

// The strategies.
const (
	// BigBang switches all at one time in a window, without a parallel run.
	BigBang Strategy = "big-bang"
	// Phased moves component by component.
	Phased Strategy = "phased"
	// BlueGreen runs both sides and switches all traffic in a window.
	BlueGreen Strategy = "blue-green"
	// Canary shifts traffic in shares while both sides serve.
	Canary Strategy = "canary"
)

// Strategies returns all of them.
func Strategies() []Strategy { return []Strategy{BigBang, Phased, BlueGreen, Canary} }

// Phase is one of the five phases of the journey.
type Phase string

// The phases.
const (
	Plan         Phase = "plan"
	Prepare      Phase = "prepare"
	Execute      Phase = "execute"
	Evaluate     Phase = "evaluate"
	Decommission Phase = "decommission"
)

// Phases returns the phases in their order.
func Phases() []Phase { return []Phase{Plan, Prepare, Execute, Evaluate, Decommission} }

// Place is where a step has to run.
type Place string

// The places.
const (
	// Anywhere is wherever the workspace is.
	Anywhere Place = "anywhere"
	// NearSource is a worker that reaches the source's network.
	NearSource Place = "source"
	// NearTarget is a worker that reaches the target's network.
	NearTarget Place = "target"
)

// StepKind names what carries out a step; action has one file for each.
type StepKind string

// Step is one unit of the runbook. Each has Undo or UndoReason.
type Step struct {
	// ID is stable over re-planning: "<phase>.<what>[.<of what>]", of lower-case
	// letters, digits, dots and hyphens.
	ID    string   `json:"id"`
	Phase Phase    `json:"phase"`
	Kind  StepKind `json:"kind"`
	Title string   `json:"title"`
	// Owner is the role that answers for it ("database", "network").
	Owner string `json:"owner"`
	Place Place  `json:"place"`
	// Needs are the ids of steps that have to be done or skipped before.
	Needs []string `json:"needs"`
	Gates []Gate   `json:"gates"`
	// Approvals is what people have to say before it begins.
	Approvals Approvals `json:"approvals"`
	// Inputs are the arguments of the kind; never a secret.
	Inputs map[string]any `json:"inputs,omitempty"`
	// Probe, Do and Verify say for people how to see whether it is done already,
	// what happens, and how it is proved.
	Probe  string `json:"probe"`
	Do     string `json:"do"`
	Verify string `json:"verify"`
	// Undo takes it back; nil with UndoReason.
	Undo       *Undo  `json:"undo,omitempty"`
	UndoReason string `json:"undoReason,omitempty"`
	// TimeoutSeconds bounds one attempt.
	TimeoutSeconds int64 `json:"timeoutSeconds"`
	Retry          Retry `json:"retry"`
	// ExpectedSeconds is how long it takes, ExpectedBasis how that is known
	// ("measured in the rehearsal", "stated: 100 MB/s").
	ExpectedSeconds int64  `json:"expectedSeconds"`
	ExpectedBasis   string `json:"expectedBasis"`
	// WaitSeconds is a wait that is part of the plan (a TTL that runs out, an
	// observation), kept by a durable timer before the step is carried out.
	WaitSeconds int64 `json:"waitSeconds,omitempty"`
	// InWindow steps begin in the maintenance window only.
	InWindow bool `json:"inWindow,omitempty"`
	// After is what is so once the step is done; the checks follow it.
	After After `json:"after,omitzero"`
	// Messages go out when the step begins, is done, or fails.
	Messages []Message `json:"messages,omitempty"`
	// About are the source and target ids that it concerns.
	About []cloud.ResourceID `json:"about,omitempty"`
}

// Undo takes a step back.
type Undo struct {
	// Do says for people what happens.
	Do string `json:"do"`
	// Inputs are given to the kind's undo beside the step's own.
	Inputs          map[string]any `json:"inputs,omitempty"`
	ExpectedSeconds int64          `json:"expectedSeconds"`
	// Loses says what is lost by going back, "" for nothing. A step that loses
	// something is the point of no return or lies behind it.
	Loses string `json:"loses,omitempty"`
	// After is what is so once it is taken back; nil means what was so before.
	After *After `json:"after,omitempty"`
}

// Retry is how often and how soon a step that had no effect is tried again.
type Retry struct {
	// Attempts in all, at least 1.
	Attempts int `json:"attempts"`
	// FirstSeconds is the first wait; each further one is twice as long, up to
	// MaxSeconds.
	FirstSeconds int64 `json:"firstSeconds,omitempty"`
	MaxSeconds   int64 `json:"maxSeconds,omitempty"`
}

// Approvals is what people have to say before a step begins.
type Approvals struct {
	// Count of different persons; 0 for none.
	Count int `json:"count"`
	// Roles of which each approver has one; empty for anyone who may approve.
	Roles []string `json:"roles,omitempty"`
	// Why is what the approver answers for.
	Why string `json:"why,omitempty"`
}

// Gate is a condition before a step. Without data it stays closed.
type Gate struct {
	// ID is unique in the step.
	ID string `json:"id"`
	// Expr is a CEL expression over the names of Facts that is true when the
	// gate is open.
	Expr  string `json:"expr"`
	Facts []Fact `json:"facts"`
	// HoldSeconds is how long it has to be true without a break.
	HoldSeconds int64 `json:"holdSeconds,omitempty"`
	// EverySeconds is how often it is asked.
	EverySeconds int64 `json:"everySeconds"`
	// TimeoutSeconds is how long it may stay closed before a person is asked.
	TimeoutSeconds int64  `json:"timeoutSeconds"`
	Why            string `json:"why"`
}

// Fact is a named value that gates and triggers are about.
type Fact struct {
	// Name in the expression ("lag_seconds").
	Name string `json:"name"`
	// Source is what answers: "kpi", "lag", "objects", "probe", "dns",
	// "deployment", "run".
	Source string `json:"source"`
	// Inputs tell the source what is asked.
	Inputs map[string]any `json:"inputs,omitempty"`
	// Type in the expression: "number", "text", "bool".
	Type string `json:"type"`
	// Unit of a number ("s", "ms", "%", "bytes", "").
	Unit string `json:"unit,omitempty"`
	// MaxAgeSeconds is how old a measurement may be before it is no data.
	MaxAgeSeconds int64 `json:"maxAgeSeconds,omitempty"`
}

// Side is one of the two clouds, or neither.
type Side string

// The sides.
const (
	AtSource Side = "source"
	AtTarget Side = "target"
	// Nowhere is the state under a fence at both sides.
	Nowhere Side = "none"
)

// After is what is so once a step is done. What it does not name stays.
type After struct {
	// Writers says which side takes writes, by the id of a data set.
	Writers map[string]Side `json:"writers,omitempty"`
	// Weights are the shares of new traffic in percent, by the id of a route.
	Weights map[string]Weights `json:"weights,omitempty"`
	// TTLSeconds is the time to live of a route's name.
	TTLSeconds map[string]int64 `json:"ttlSeconds,omitempty"`
	// Replicates says where changes of a data set are carried to: the source's
	// to the target ("target"), back to the source ("source"), or nowhere.
	Replicates map[string]Side `json:"replicates,omitempty"`
	// Serves says which sides could take users now.
	Serves map[Side]bool `json:"serves,omitempty"`
	// Gone says that something at the source is no longer there.
	Gone bool `json:"gone,omitempty"`
}

// Weights are shares in percent; they sum to 100.
type Weights struct {
	Source int `json:"source"`
	Target int `json:"target"`
}

// Window is the maintenance window.
type Window struct {
	// Opens is its begin, nil until people have agreed on it.
	Opens *time.Time `json:"opens,omitempty"`
	// Seconds is its length, the time for going back included.
	Seconds int64 `json:"seconds"`
	// RollbackSeconds is the part kept for going back.
	RollbackSeconds int64 `json:"rollbackSeconds"`
	// Zone is the IANA time zone in which people read it.
	Zone string `json:"zone"`
}

// DataSet is data that moves as one, with one writer at any time.
type DataSet struct {
	// ID is used in After ("db:shop", "bucket:media").
	ID string `json:"id"`
	// Kind is "postgres", "mysql", "sqlserver", "objects", "files", "redis",
	// "dynamodb", "queue", "images", "disks", "secrets", "other".
	Kind   string           `json:"kind"`
	Source cloud.ResourceID `json:"source"`
	// Target is "" when a person has to name it.
	Target cloud.ResourceID `json:"target,omitempty"`
	// Bytes is its size, 0 when not known.
	Bytes int64 `json:"bytes,omitempty"`
	// Method is "online" (copy, then follow) or "offline" (copy under the fence).
	Method string `json:"method"`
	// Returns says whether changes made at the target can be carried back.
	Returns bool `json:"returns"`
	// ReadOnly data is never written by the workload.
	ReadOnly bool `json:"readOnly,omitempty"`
}

// Route is a way in which users reach the workload.
type Route struct {
	// ID is used in After: the name that users call.
	ID string `json:"id"`
	// Front is the source's entry point, Target the target's.
	Front  cloud.ResourceID `json:"front"`
	Target cloud.ResourceID `json:"target,omitempty"`
	// By is what shifts it: "dns-weights", "dns-switch", "proxy", "person".
	By string `json:"by"`
	// TTLSeconds of its name at the start, 0 when not known.
	TTLSeconds int64  `json:"ttlSeconds,omitempty"`
	Zone       string `json:"zone,omitempty"`
}

// Trigger watches while the run is between two steps.
type Trigger struct {
	ID string `json:"id"`
	// Expr is true when it is time to go back; without data it never is, and
	// people are told.
	Expr         string `json:"expr"`
	Facts        []Fact `json:"facts"`
	HoldSeconds  int64  `json:"holdSeconds,omitempty"`
	EverySeconds int64  `json:"everySeconds"`
	// From and Until are ids of steps: watched after From is done, until Until
	// is done.
	From  string `json:"from"`
	Until string `json:"until"`
	// Action is "rollback" (to the state before To), "pause", or "ask".
	Action string `json:"action"`
	To     string `json:"to,omitempty"`
	// Decides is the role that may overrule it.
	Decides string `json:"decides"`
	Why     string `json:"why"`
}

// Criterion is a condition of acceptance.
type Criterion struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	// Gate measures it; nil when a person says so.
	Gate *Gate `json:"gate,omitempty"`
}

// Contact is who to call.
type Contact struct {
	Role  string `json:"role"`
	Name  string `json:"name"`
	Reach string `json:"reach"`
	// Does is what the role does in the cutover.
	Does string `json:"does"`
}

// Message is a communication that goes out at a moment of a step.
type Message struct {
	// When is "before", "begun", "done" or "failed".
	When string `json:"when"`
	// To are roles or "users".
	To   []string `json:"to"`
	Text string   `json:"text"`
}

// Finding is something that a check found.
type Finding struct {
	// ID is stable: "<check>:<what>".
	ID   string `json:"id"`
	Text string `json:"text"`
	// Steps concerned.
	Steps []string `json:"steps,omitempty"`
	// Example is a sequence of events that leads to it.
	Example []string `json:"example,omitempty"`
	Do      string   `json:"do,omitempty"`
	// Blocks says that it cannot be approved.
	Blocks bool `json:"blocks"`
}

// NotPlanned is something that the runbook does not carry out.
type NotPlanned struct {
	About cloud.ResourceID `json:"about"`
	What  string           `json:"what"`
	Why   string           `json:"why"`
}
