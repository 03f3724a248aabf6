package temporal

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
)

var _ engine.Runs = (*Client)(nil)

// Client starts runs and speaks with them.
type Client struct {
	client  client.Client
	queue   string
	silence Silence
	fans    Fans
}

// Silence says how long others may be silent before they count as dead. The
// zero value is what a run of weeks wants; tests that kill workers do not want
// to wait for so long. It is part of a run from its start.
type Silence struct {
	// Work is that of a worker that carries something out.
	Work time.Duration
	// Turn is that of a worker that interprets.
	Turn time.Duration
	// Taken is how long an attempt waits for a worker before people are told.
	Taken time.Duration
}

// NewClient returns a client whose runs are on the queue.
func NewClient(c client.Client, queue string) *Client { return &Client{client: c, queue: queue} }

// Within returns the client with other bounds of silence for runs that it
// starts.
func (c *Client) Within(s Silence) *Client {
	out := *c
	out.silence = s
	return &out
}

// Bounded returns the client with other bounds of parts for runs that it starts.
func (c *Client) Bounded(f Fans) *Client {
	out := *c
	out.fans = f
	return &out
}

// workflowID is that of a run: one name, one run, however often it is started.
func workflowID(run string) string { return "landfall-run/" + run }

// Start begins a run, or finds the one of that name that is under way. A run of
// that name that has ended is a Conflict, unless it goes on from its checkpoint.
func (c *Client) Start(ctx context.Context, r engine.Request) error {
	in, err := c.input(r)
	if err != nil {
		return err
	}
	again := enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	if r.From != nil {
		// It may go on in the engine in which it was drained.
		again = enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	}
	_, err = c.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: workflowID(r.Run), TaskQueue: c.queue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    again,
		// Otherwise the SDK takes a run that has ended for one that was begun.
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            "Landfall run " + r.Run,
		WorkflowTaskTimeout:                      c.silence.Turn,
	}, workflowName, in)
	return told("start the run", err)
}

// input is what a run is started with. A plan that is not the approved one, or
// too large to be carried to its end, is refused.
func (c *Client) input(r engine.Request) (Input, error) {
	if err := asFingerprinted(r.Plan, r.Fingerprint); err != nil {
		return Input{}, err
	}
	plan, err := pack("the runbook", r.Plan)
	if err != nil {
		return Input{}, err
	}
	if err := carries(r.Plan, len(plan)); err != nil {
		return Input{}, err
	}
	in := Input{Run: r.Run, Fingerprint: r.Fingerprint, Plan: plan, Until: r.Until, Queues: r.Queues, By: r.By, How: r.How, Role: r.Role,
		BeatMillis: c.silence.Work.Milliseconds(), TakenMillis: c.silence.Taken.Milliseconds(), Fans: c.fans, Form: form}
	if r.From != nil {
		in.From, err = packState(*r.From, room(len(plan)*4/3+aside))
	}
	return in, err
}

// Send gives an event to a run, and returns when it is in the ledger. The run's
// refusal comes back with its kind; a run that is over refuses everything.
func (c *Client) Send(ctx context.Context, run string, e engine.Event) error {
	err := c.send(ctx, run, e)
	if err == nil || refusedByRun(err) != nil || ctx.Err() != nil {
		return told(string(e.Kind), err)
	}
	// A server says in several ways that a run takes no word any more.
	if open, lookErr := c.Open(ctx, run); lookErr == nil && !open {
		return fault.Newf(fault.Conflict, "%s: the run %s is over", e.Kind, run).Hintf("landfall status")
	}
	return told(string(e.Kind), err)
}

func (c *Client) send(ctx context.Context, run string, e engine.Event) error {
	handle, err := c.client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{WorkflowID: workflowID(run), UpdateName: eventUpdate, Args: []any{e}, WaitForStage: client.WorkflowUpdateStageCompleted})
	if err != nil {
		return err
	}
	return handle.Get(ctx, nil)
}

// Status asks how a run stands. It needs a worker that answers. One that the
// engine closed has no status of its own; see Wait.
func (c *Client) Status(ctx context.Context, run string) (engine.Summary, error) {
	const what = "ask for the status"
	answer, err := c.client.QueryWorkflowWithOptions(ctx, &client.QueryWorkflowWithOptionsRequest{
		WorkflowID: workflowID(run), QueryType: statusQuery, QueryRejectCondition: enums.QUERY_REJECT_CONDITION_NOT_COMPLETED_CLEANLY,
	})
	if err != nil {
		return engine.Summary{}, told(what, err)
	}
	if answer.QueryRejected != nil {
		return engine.Summary{}, fault.Newf(fault.Aborted, "%s: the engine closed the run %s", what, run)
	}
	var s standing
	if err := answer.QueryResult.Get(&s); err != nil {
		return engine.Summary{}, err
	}
	c.untaken(ctx, run, &s)
	return s.Summary, nil
}

// State asks for the whole state of a run: its checkpoint.
func (c *Client) State(ctx context.Context, run string) (engine.State, error) {
	var s engine.State
	var packed []byte
	value, err := c.client.QueryWorkflow(ctx, workflowID(run), "", stateQuery)
	if err != nil {
		return s, told("ask for the state", err)
	}
	if err := value.Get(&packed); err != nil {
		return s, err
	}
	return s, unpack("the state of the run", packed, &s)
}

// pollEvery is how often an ended run is looked for. A waiting client of the
// server can miss the end by its whole long-poll period, a question cannot.
const pollEvery = time.Second

// Wait returns the last state of a run when it has ended.
func (c *Client) Wait(ctx context.Context, run string) (engine.State, error) {
	for {
		open, err := c.Open(ctx, run)
		if err != nil {
			return engine.State{}, err
		}
		if !open {
			return c.last(ctx, run)
		}
		select {
		case <-ctx.Done():
			return engine.State{}, ctx.Err()
		case <-time.After(pollEvery):
		}
	}
}

// Open reports whether a run is under way. A run that the engine does not know
// is NotFound.
func (c *Client) Open(ctx context.Context, run string) (bool, error) {
	d, err := c.client.DescribeWorkflowExecution(ctx, workflowID(run), "")
	if err != nil {
		return false, told("look for the run", err)
	}
	return d.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING, nil
}

func (c *Client) last(ctx context.Context, run string) (engine.State, error) {
	var ended Ended
	if err := c.client.GetWorkflow(ctx, workflowID(run), "").Get(ctx, &ended); err != nil {
		if closed := c.closed(ctx, run, err); closed != nil {
			return engine.State{}, fault.Of(fault.Aborted, "read the end of", run, closed)
		}
		return engine.State{}, told("read the end of the run", err)
	}
	var s engine.State
	return s, unpack("the state of the run", ended.State, &s)
}

// closed is the end of a run that is not one of its own, nil for another error.
func (c *Client) closed(ctx context.Context, run string, err error) *engine.Closed {
	var end *temporal.WorkflowExecutionError
	if !errors.As(err, &end) {
		return nil
	}
	var terminated *temporal.TerminatedError
	var late *temporal.TimeoutError
	var canceled *temporal.CanceledError
	var failed *temporal.ApplicationError
	switch {
	case errors.As(err, &terminated):
		return &engine.Closed{How: engine.Terminated, Why: c.whyTerminated(ctx, run)}
	case errors.As(err, &late):
		return &engine.Closed{How: engine.TimedOut}
	case errors.As(err, &canceled):
		return &engine.Closed{How: engine.Canceled}
	case errors.As(err, &failed):
		return &engine.Closed{How: engine.Failed, Why: failed.Message()}
	}
	return &engine.Closed{How: engine.Failed, Why: end.Error()}
}

// whyTerminated is what the person said who terminated a run, "" when the engine
// does not tell.
func (c *Client) whyTerminated(ctx context.Context, run string) string {
	events := c.client.GetWorkflowHistory(ctx, workflowID(run), "", false, enums.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT)
	if !events.HasNext() {
		return ""
	}
	event, err := events.Next()
	if err != nil {
		return ""
	}
	end := event.GetWorkflowExecutionTerminatedEventAttributes()
	if end.GetIdentity() == "" {
		return end.GetReason()
	}
	return strings.TrimSpace(end.GetReason() + " (by " + end.GetIdentity() + ")")
}

// refusedByRun is a run's own refusal, nil when an error is another one.
func refusedByRun(err error) *temporal.ApplicationError {
	var refused *temporal.ApplicationError
	if errors.As(err, &refused) && slices.ContainsFunc(fault.Kinds(), func(c fault.Class) bool { return string(c.Kind) == refused.Type() }) {
		return refused
	}
	return nil
}

// told turns an error of the engine into one of ours.
func told(what string, err error) error {
	if err == nil {
		return nil
	}
	if refused := refusedByRun(err); refused != nil {
		out := fault.Newf(fault.Kind(refused.Type()), "%s", refused.Message())
		var hint string
		if refused.HasDetails() && refused.Details(&hint) == nil && hint != "" {
			return out.Hintf("%s", hint)
		}
		return out
	}
	var missing *serviceerror.NotFound
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	switch {
	case errors.As(err, &missing):
		return fault.Of(fault.NotFound, what, "", err)
	case errors.As(err, &started):
		return fault.Of(fault.Conflict, what, "", err)
	case errors.Is(err, context.Canceled):
		return err
	}
	return fault.Of(fault.Unavailable, what, "", err)
}
