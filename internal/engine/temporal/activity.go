package temporal

import (
	"context"
	"errors"
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

// beatsIn is how often a worker says that it lives in the time in which it may
// be silent.
const beatsIn = 6

// alive says that the worker lives, also while what it carries out says
// nothing, until over is closed. It calls asked, once, when what it carries out
// is to stop, and expired when its time is over.
func alive(ctx context.Context, beats <-chan engine.Beat, over <-chan struct{}, asked, expired func()) {
	var last engine.Beat
	every := beatTimeout
	if within := activity.GetInfo(ctx).HeartbeatTimeout; within > 0 {
		every = within
	}
	tick := time.NewTicker(max(every/beatsIn, time.Millisecond))
	defer tick.Stop()
	done, leaving, stop := ctx.Done(), activity.GetWorkerStopChannel(ctx), false
	for {
		select {
		case <-over:
			return
		case last = <-beats:
			continue
		case <-tick.C:
			activity.RecordHeartbeat(ctx, last)
			continue
		case <-done:
			done = nil
			if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
				expired()
			}
		case <-leaving:
			leaving = nil
		}
		if !stop {
			stop = true
			asked()
		}
	}
}

// step carries out an attempt.
func (a *activities) step(ctx context.Context, call engine.StepCall) (result engine.StepResult, err error) {
	stopped := make(chan struct{})
	live, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	beats, over := make(chan engine.Beat, 1), make(chan struct{})
	defer close(over)
	go alive(ctx, beats, over, func() { close(stopped) }, cancel)
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

// keep keeps what a part left. Anything but a success is tried again.
func (a *activities) keep(ctx context.Context, call engine.StepCall) error {
	return a.said(ctx, func(ctx context.Context) error {
		result := a.hands.Step(ctx, call, func(engine.Beat) {}, nil)
		if result.Outcome != runbook.Succeeded {
			return fault.Newf(fault.Unavailable, "keep what a part left: %s", result.Detail)
		}
		return nil
	})
}

// living carries out something short, and says that the worker lives: nobody
// waits for a dead one longer than for any other.
func living[T any](ctx context.Context, do func(context.Context) (T, error)) (T, error) {
	over := make(chan struct{})
	defer close(over)
	go alive(ctx, nil, over, func() {}, func() {})
	return do(ctx)
}

// said is living without a result.
func (a *activities) said(ctx context.Context, do func(context.Context) error) error {
	_, err := living(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, do(ctx) })
	return err
}

func (a *activities) ask(ctx context.Context, q engine.Question) (engine.Answer, error) {
	return living(ctx, func(ctx context.Context) (engine.Answer, error) { return a.hands.Ask(ctx, q) })
}

func (a *activities) tell(ctx context.Context, t engine.Telling) error {
	return a.said(ctx, func(ctx context.Context) error { return a.hands.Tell(ctx, t) })
}

// record writes entries, and then asks whoever knows the ledger about the attempts
// that begin with them.
func (a *activities) record(ctx context.Context, run string, entries []engine.Entry) (map[string]engine.Clearance, error) {
	return living(ctx, func(ctx context.Context) (map[string]engine.Clearance, error) {
		err := a.hands.Record(ctx, run, entries)
		clearing, ok := a.hands.(engine.Clearing)
		if err != nil || !ok {
			return nil, err
		}
		return clearing.Clear(ctx, run, entries), nil
	})
}

func (a *activities) prove(ctx context.Context, run, step string, proof []engine.Proof) ([]string, error) {
	return living(ctx, func(ctx context.Context) ([]string, error) { return a.hands.Prove(ctx, run, step, proof) })
}
