package temporal

import (
	"context"
	"errors"
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
}

// Silence says how long others may be silent before they count as dead. The
// zero value is what a run of weeks wants; tests that kill workers do not want
// to wait for so long. It is part of a run from its start.
type Silence struct {
	// Work is that of a worker that carries something out.
	Work time.Duration
	// Turn is that of a worker that interprets.
	Turn time.Duration
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

// workflowID is that of a run: one name, one run, however often it is started.
func workflowID(run string) string { return "landfall-run/" + run }

// Start begins a run, or finds the one of that name that is under way. A run of
// that name that has ended is a Conflict.
func (c *Client) Start(ctx context.Context, r engine.Request) error {
	plan, err := pack("the runbook", r.Plan)
	if err != nil {
		return err
	}
	in := Input{Run: r.Run, Fingerprint: r.Fingerprint, Plan: plan, Until: r.Until, Queues: r.Queues, By: r.By, How: r.How, Role: r.Role, BeatMillis: c.silence.Work.Milliseconds()}
	if r.From != nil {
		if in.From, err = pack("the checkpoint", r.From); err != nil {
			return err
		}
	}
	_, err = c.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: workflowID(r.Run), TaskQueue: c.queue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		StaticSummary:            "Landfall run " + r.Run,
		WorkflowTaskTimeout:      c.silence.Turn,
	}, workflowName, in)
	return told("start the run", err)
}

// Send gives an event to a run, and returns when it is in the ledger. The run's
// refusal comes back with its kind.
func (c *Client) Send(ctx context.Context, run string, e engine.Event) error {
	handle, err := c.client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{WorkflowID: workflowID(run), UpdateName: eventUpdate, Args: []any{e}, WaitForStage: client.WorkflowUpdateStageCompleted})
	if err != nil {
		return told(string(e.Kind), err)
	}
	return told(string(e.Kind), handle.Get(ctx, nil))
}

// Status asks how a run stands. It needs a worker that answers.
func (c *Client) Status(ctx context.Context, run string) (engine.Summary, error) {
	var s engine.Summary
	value, err := c.client.QueryWorkflow(ctx, workflowID(run), "", statusQuery)
	if err != nil {
		return s, told("ask for the status", err)
	}
	return s, value.Get(&s)
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
		return engine.State{}, told("read the end of the run", err)
	}
	var s engine.State
	return s, unpack("the state of the run", ended.State, &s)
}

// told turns an error of the engine into one of ours.
func told(what string, err error) error {
	if err == nil {
		return nil
	}
	var refused *temporal.ApplicationError
	if errors.As(err, &refused) && refused.Type() != "" {
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
