package temporal

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"go.temporal.io/sdk/activity"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// activities binds Hands to Temporal.
type activities struct {
	hands engine.Hands
	log   *slog.Logger
}

// step carries out an attempt and keeps the server informed that it lives, also
// while the attempt itself says nothing.
func (a *activities) step(ctx context.Context, call engine.StepCall) (result engine.StepResult, err error) {
	stopped, stop := make(chan struct{}), false
	live, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	beats, over := make(chan engine.Beat, 1), make(chan struct{})
	defer close(over)
	go func() {
		var last engine.Beat
		tick := time.NewTicker(beatTimeout / 6)
		defer tick.Stop()
		asked, leaving := ctx.Done(), activity.GetWorkerStopChannel(ctx)
		for {
			select {
			case <-over:
				return
			case last = <-beats:
			case <-tick.C:
				activity.RecordHeartbeat(ctx, last)
			case <-asked:
				asked = nil
			case <-leaving:
				leaving = nil
			}
			if (asked == nil || leaving == nil) && !stop {
				stop = true
				close(stopped)
			}
			if ctx.Err() != nil && context.Cause(ctx) == context.DeadlineExceeded {
				cancel()
			}
		}
	}()
	beat := func(b engine.Beat) {
		select {
		case <-beats: // the older one
		default:
		}
		select {
		case beats <- b:
		default:
		}
	}
	// A panic may come before or after an effect: nobody knows.
	defer func() {
		if p := recover(); p != nil {
			a.log.Error("a step broke off", "step", call.Step.ID, "reason", p, "stack", string(debug.Stack()))
			result, err = engine.StepResult{Outcome: runbook.Unknown, Detail: fmt.Sprintf("the step broke off: %v", p)}, nil
		}
	}()
	return a.hands.Step(live, call, beat, stopped), nil
}

func (a *activities) ask(ctx context.Context, q engine.Question) (engine.Answer, error) {
	return a.hands.Ask(ctx, q)
}

// tell sends a message. What cannot help is not tried again.
func (a *activities) tell(ctx context.Context, t engine.Telling) error {
	err := a.hands.Tell(ctx, t)
	if err != nil && !fault.ClassOf(err).Retry {
		return refusal(err)
	}
	return err
}

func (a *activities) record(ctx context.Context, run string, entries []engine.Entry) error {
	return a.hands.Record(ctx, run, entries)
}

func (a *activities) prove(ctx context.Context, run, step string, proof []engine.Proof) ([]string, error) {
	return a.hands.Prove(ctx, run, step, proof)
}
