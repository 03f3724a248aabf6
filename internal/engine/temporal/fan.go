package temporal

import (
	"encoding/json"
	"errors"
	"strconv"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/runbook"
)

const (
	// fanForm is the version of the driver from which on attempts fall into parts.
	fanForm = 2
	// mostStages bounds how often the end of one attempt's parts brings further
	// ones.
	mostStages = 16
	// childrenAtOnce bounds the children of an attempt that are under way, and
	// partsPerChild and childBytes the parts of one. A worker takes what it has room
	// for, so that what is under way only has to be more than all of them have. A
	// server refuses 2,000 pending children, and activities of one workflow (server
	// v1.32.1, limits of pending work).
	childrenAtOnce = 10
	partsPerChild  = 40
	childBytes     = 256 << 10
	// lostTries is how often a part is begun anew whose worker fell silent: each
	// time another worker may have it, and what the others did is there.
	lostTries = 10
	// mostWhy bounds the reasons that are kept of parts that failed.
	mostWhy = 5
)

// Fans bound how attempts fall into parts; what is 0 is as the product has it.
// They are part of a run from its start.
type Fans struct {
	Children int `json:"children,omitempty"`
	PerChild int `json:"perChild,omitempty"`
}

func (f Fans) children() int { return orElse(f.Children, childrenAtOnce) }

func (f Fans) perChild() int { return orElse(f.PerChild, partsPerChild) }

func orElse(n, otherwise int) int {
	if n > 0 {
		return n
	}
	return otherwise
}

// fanInput starts the workflow of an attempt's parts, and carries it over into
// its next history.
type fanInput struct {
	// ID is its own; those of the children begin with it.
	ID string `json:"id"`
	// Call is that of the attempt; what all parts share is in it.
	Call engine.StepCall `json:"call"`
	// Parts that are neither done nor given up, packed.
	Parts []byte `json:"parts"`
	// Queue is that of the parts, Keep that of what they leave.
	Queue string        `json:"queue"`
	Keep  string        `json:"keep"`
	Fans  Fans          `json:"fans,omitzero"`
	Beat  int64         `json:"beatMillis"`
	End   engine.Fanned `json:"end"`
	// Begun numbers the children.
	Begun int `json:"begun,omitempty"`
}

// fans carries the parts of an attempt out that falls into some, and closes it:
// the outcome is that of the attempt. An attempt that falls into none has it
// already.
func (r *run) fans(ctx, child workflow.Context, options workflow.ActivityOptions, call engine.StepCall, result engine.StepResult) engine.StepResult {
	if call.Fan == nil || result.Parts == nil {
		return result
	}
	place := options.TaskQueue
	// What the parts leave comes together where the run and its ledger are.
	options.TaskQueue = ""
	name := attemptID(call.Step.ID, call.Attempt)
	if call.Fan.Do == engine.FanAsk {
		call.Fan = &engine.Fan{Do: engine.FanSplit}
		result = r.asked(ctx, child, options, call, name+" split")
	}
	for stage := 1; result.Parts != nil; stage++ {
		if stage > mostStages {
			return engine.StepResult{Outcome: runbook.BadEffect, Final: true, Detail: "its parts fall into parts again and again"}
		}
		at := name + " " + strconv.Itoa(stage)
		ended := r.parts(ctx, child, fanInput{Call: call, Queue: r.queueOf(ctx, place) + partsQueue, Keep: r.queueOf(ctx, "") + ledgerQueue, Fans: r.in.Fans, Beat: r.in.BeatMillis}, result.Parts, at)
		call.Fan = &engine.Fan{Do: engine.FanClose, Work: result.Parts.Work, Ended: ended}
		result = r.closed(ctx, child, options, call, at+" close")
	}
	return result
}

// queueOf is the whole name of a queue.
func (r *run) queueOf(ctx workflow.Context, name string) string {
	if name == "" {
		return workflow.GetInfo(ctx).TaskQueueName
	}
	return name
}

// asked waits for the answer to a further question about an attempt.
func (r *run) asked(ctx, child workflow.Context, options workflow.ActivityOptions, call engine.StepCall, id string) (result engine.StepResult) {
	options.ActivityID = id
	if err := workflow.ExecuteActivity(workflow.WithActivityOptions(child, options), stepActivity, call).Get(ctx, &result); err != nil {
		return lost(err, call)
	}
	return result
}

// closed closes an attempt. Also one that is asked to stop is closed, so that
// others may touch what it worked on.
func (r *run) closed(ctx, child workflow.Context, options workflow.ActivityOptions, call engine.StepCall, id string) engine.StepResult {
	if !call.Fan.Ended.Stopped && child.Err() == nil {
		var result engine.StepResult
		options.ActivityID = id
		err := workflow.ExecuteActivity(workflow.WithActivityOptions(child, options), stepActivity, call).Get(ctx, &result)
		var canceled *temporal.CanceledError
		if err == nil {
			return result
		}
		if !errors.As(err, &canceled) {
			return lost(err, call)
		}
		id += " again"
	}
	call.Fan.Ended.Stopped = true
	return r.asked(ctx, ctx, options, call, id)
}

// parts carries the parts of one stage out, by a workflow of its own: the
// history of the run has one child for them, however many there are.
func (r *run) parts(ctx, child workflow.Context, in fanInput, parts *engine.Parts, id string) engine.Fanned {
	in.End = engine.Fanned{Done: parts.Done, Of: parts.Done + len(parts.All)}
	in.Call.Fan = &engine.Fan{Do: engine.FanPart, Work: parts.Work}
	if len(parts.All) == 0 || child.Err() != nil {
		in.End.Stopped = child.Err() != nil
		return in.End
	}
	var err error
	if in.Parts, err = pack("the parts of the step", parts.All); err != nil {
		in.End.Failed, in.End.Why, in.End.Final = len(parts.All), []string{err.Error()}, true
		return in.End
	}
	limited, stop := workflow.WithCancel(child)
	late, over := false, false
	workflow.Go(limited, func(ctx workflow.Context) {
		if workflow.Sleep(ctx, attemptTime(&in.Call.Step)) == nil && !over {
			late = true
			stop()
		}
	})
	in.ID = workflowID(r.in.Run) + "/" + id
	options := workflow.ChildWorkflowOptions{WorkflowID: in.ID, WaitForCancellation: true, StaticSummary: "parts of " + id}
	end := in.End
	err = workflow.ExecuteChildWorkflow(workflow.WithChildOptions(limited, options), fanWorkflow, in).Get(ctx, &end)
	over = true
	stop()
	end.Late = late
	var canceled *temporal.CanceledError
	switch {
	case errors.As(err, &canceled):
		end = in.End
		end.Stopped, end.Late = true, late
	case err != nil:
		end = in.End
		end.Failed, end.Why = 1, []string{trouble(err)}
	}
	return end
}

// fanned is the workflow of the parts of one attempt: it gives them out to
// children, a few of them at a time, and counts what they came to.
type fanned struct {
	in      fanInput
	rest    []engine.Part
	leaving bool
}

// FanOut is the workflow of an attempt's parts.
func FanOut(ctx workflow.Context, in fanInput) (engine.Fanned, error) {
	f := &fanned{in: in}
	if err := unpack("the parts of the step", in.Parts, &f.rest); err != nil {
		return in.End, fatal(err)
	}
	lanes := workflow.NewWaitGroup(ctx)
	for range in.Fans.children() {
		lanes.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer lanes.Done()
			f.lane(ctx)
		})
	}
	all, _ := workflow.NewDisconnectedContext(ctx)
	lanes.Wait(all)
	f.in.End.Stopped = ctx.Err() != nil
	if len(f.rest) == 0 || f.in.End.Stopped || f.in.End.Failed > 0 || !f.leaving {
		return f.in.End, nil
	}
	var err error
	if f.in.Parts, err = pack("the parts of the step", f.rest); err != nil {
		return f.in.End, fatal(err)
	}
	return f.in.End, workflow.NewContinueAsNewError(ctx, fanWorkflow, f.in)
}

// lane has one child under way after the other. After the first part that failed
// nothing more is given out: what is wrong is mostly wrong for all.
func (f *fanned) lane(ctx workflow.Context) {
	for len(f.rest) > 0 && ctx.Err() == nil && f.in.End.Failed == 0 {
		if f.leaving = f.leaving || workflow.GetInfo(ctx).GetContinueAsNewSuggested(); f.leaving {
			return
		}
		n := batch(f.rest, f.in.Fans.perChild(), childBytes)
		given := f.rest[:n]
		f.rest = f.rest[n:]
		f.in.Begun++
		f.child(ctx, given, f.in.Begun)
	}
}

// batch is how many of the parts, one at least, go to one child.
func batch(parts []engine.Part, most, bytes int) int {
	size := 0
	for i := range parts {
		size += len(parts[i].ID) + len(parts[i].Work)
		if i > 0 && (i == most || size > bytes) {
			return i
		}
	}
	return len(parts)
}

// child carries some parts out. One that has not come to an end of its own has
// done nobody knows how many of them: they count as failed, and are looked at by
// the next attempt.
func (f *fanned) child(ctx workflow.Context, given []engine.Part, n int) {
	in := partsInput{Call: f.in.Call, Parts: given, Queue: f.in.Queue, Keep: f.in.Keep, Beat: f.in.Beat}
	options := workflow.ChildWorkflowOptions{WorkflowID: f.in.ID + "/" + strconv.Itoa(n), WaitForCancellation: true}
	var end engine.Fanned
	all, _ := workflow.NewDisconnectedContext(ctx)
	err := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, options), partsWorkflow, in).Get(all, &end)
	var canceled *temporal.CanceledError
	if errors.As(err, &canceled) {
		return
	}
	if err != nil {
		end = engine.Fanned{Failed: len(given), Why: []string{trouble(err)}}
	}
	f.in.End = together(f.in.End, end)
}

// together adds what some parts came to.
func together(all, more engine.Fanned) engine.Fanned {
	all.Done += more.Done
	all.Failed += more.Failed
	all.Final = all.Final || more.Final
	for _, why := range more.Why {
		if len(all.Why) < mostWhy {
			all.Why = append(all.Why, why)
		}
	}
	return all
}

// fan is the first question about an attempt, nil for one that no worker is to
// cut: a worker elsewhere says whether it falls into parts, one where the ledger
// is cuts it.
func (r *run) fan(kind engine.CommandKind, queue string) *engine.Fan {
	switch {
	case r.in.Form < fanForm || kind != engine.DoStep:
		return nil
	case queue != "":
		return &engine.Fan{Do: engine.FanAsk}
	}
	return &engine.Fan{Do: engine.FanSplit}
}

// partsInput is what a child carries out. It is that of its next history, too.
type partsInput struct {
	Call  engine.StepCall `json:"call"`
	Parts []engine.Part   `json:"parts"`
	Queue string          `json:"queue"`
	Keep  string          `json:"keep"`
	Beat  int64           `json:"beatMillis"`
	End   engine.Fanned   `json:"end"`
	// Tries are those of parts that are tried again.
	Tries map[string]tries `json:"tries,omitempty"`
}

// tries are those that came to nothing, and those of which nobody knows.
type tries struct {
	Failed int `json:"failed,omitempty"`
	Lost   int `json:"lost,omitempty"`
}

// oneOf is the question for one part.
func (in *partsInput) oneOf(part engine.Part, do engine.FanKind, left []byte) engine.StepCall {
	call := in.Call
	call.Fan = &engine.Fan{Do: do, Work: json.RawMessage(in.Call.Fan.Work), Part: part, Left: left}
	return call
}
