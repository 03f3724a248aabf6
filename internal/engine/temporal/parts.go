package temporal

import (
	"errors"
	"maps"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/runbook"
)

// parts is a child: it carries its parts out at the same time, each by whichever
// worker has room for it, and has each tried again as the step says.
type parts struct {
	in      partsInput
	ended   map[string]bool
	leaving bool
}

// CarryParts is the workflow of some parts of an attempt.
func CarryParts(ctx workflow.Context, in partsInput) (engine.Fanned, error) {
	if in.Tries == nil {
		in.Tries = map[string]tries{}
	}
	p := &parts{in: in, ended: map[string]bool{}}
	under := workflow.NewWaitGroup(ctx)
	for _, part := range in.Parts {
		under.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer under.Done()
			p.carry(ctx, part)
		})
	}
	all, _ := workflow.NewDisconnectedContext(ctx)
	under.Wait(all)
	next := p.in
	next.Parts = slices.DeleteFunc(slices.Clone(in.Parts), func(part engine.Part) bool { return p.ended[part.ID] })
	if len(next.Parts) == 0 || ctx.Err() != nil || !p.leaving {
		return p.in.End, nil
	}
	maps.DeleteFunc(next.Tries, func(id string, _ tries) bool { return p.ended[id] })
	return p.in.End, workflow.NewContinueAsNewError(ctx, partsWorkflow, next)
}

// carry carries one part out, until it is done or given up, or until it is asked
// to stop: then it is neither.
func (p *parts) carry(ctx workflow.Context, part engine.Part) {
	for ctx.Err() == nil {
		if p.leaving = p.leaving || workflow.GetInfo(ctx).GetContinueAsNewSuggested(); p.leaving {
			return
		}
		wait, over := p.once(ctx, part)
		if over {
			return
		}
		if workflow.Sleep(ctx, wait) != nil {
			return
		}
	}
}

// once has a part tried once, and says how long to wait for the next time, if
// there is one.
func (p *parts) once(ctx workflow.Context, part engine.Part) (wait time.Duration, over bool) {
	step := &p.in.Call.Step
	in := Input{BeatMillis: p.in.Beat}
	options := workflow.ActivityOptions{
		TaskQueue: p.in.Queue, StartToCloseTimeout: attemptTime(step), HeartbeatTimeout: in.beat(), WaitForCancellation: true,
		// Tries are counted here: those whose worker fell silent are not like those
		// that failed.
		RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1}, Summary: part.ID,
	}
	all, _ := workflow.NewDisconnectedContext(ctx)
	var result engine.StepResult
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), partActivity, p.in.oneOf(part, engine.FanPart, nil)).Get(all, &result)
	var canceled *temporal.CanceledError
	if errors.As(err, &canceled) {
		return 0, true
	}
	if err != nil {
		result = engine.StepResult{Outcome: runbook.Unknown, Detail: trouble(err)}
	}
	if result.Outcome == runbook.Succeeded {
		p.keep(all, part, result.Left)
		p.in.End.Done++
		p.ended[part.ID] = true
		return 0, true
	}
	return p.again(part, result)
}

// again says whether a part is tried again. One that yielded without being asked
// has a worker that goes away.
func (p *parts) again(part engine.Part, result engine.StepResult) (wait time.Duration, over bool) {
	t, retry := p.in.Tries[part.ID], p.in.Call.Step.Retry
	n, most := 1, 2
	switch result.Outcome {
	case runbook.Yielded:
	case runbook.NoEffect, runbook.BadEffect:
		t.Failed++
		n, most = t.Failed, max(retry.Attempts, 1)
	default: // nobody knows, and to look what is there is how each part begins
		t.Lost++
		n, most = t.Lost, lostTries
	}
	p.in.Tries[part.ID] = t
	if !result.Final && n < most {
		return partWait(retry, n), false
	}
	p.ended[part.ID] = true
	p.in.End = together(p.in.End, engine.Fanned{Failed: 1, Why: []string{result.Detail}, Final: result.Final})
	return 0, true
}

// partWait doubles with each try, within the bounds of the step.
func partWait(r runbook.Retry, n int) time.Duration {
	const longest = 10 * time.Minute
	most := longest
	if r.MaxSeconds > 0 {
		most = min(most, time.Duration(min(r.MaxSeconds, int64(longest/time.Second)))*time.Second)
	}
	wait := max(time.Duration(min(r.FirstSeconds, int64(longest/time.Second)))*time.Second, time.Second)
	for range n - 1 {
		wait = min(2*wait, most)
	}
	return max(min(wait, most), time.Second)
}

// keep brings what a part left to where the parts come together. It is tried for
// ever, as the ledger is: a full disk is for people to mend.
func (p *parts) keep(ctx workflow.Context, part engine.Part, left []byte) {
	if len(left) == 0 {
		return
	}
	in := Input{BeatMillis: p.in.Beat}
	options := workflow.ActivityOptions{TaskQueue: p.in.Keep, StartToCloseTimeout: recordTimeout, HeartbeatTimeout: in.beat(), Summary: "keep " + part.ID,
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute}}
	if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), keepActivity, p.in.oneOf(part, engine.FanKeep, left)).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Warn("what a part left was not kept", "part", part.ID, "reason", err.Error())
	}
}
