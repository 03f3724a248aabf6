package app

import (
	"context"
	"strings"
	"testing"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
)

// overheard is an engine's connection on which somebody hears what is said.
type overheard struct {
	*playing
	last engine.Event
}

func (o *overheard) Send(ctx context.Context, run string, e engine.Event) error {
	o.last = e
	return o.playing.Send(ctx, run, e)
}

// A word that a run refused is good for nothing later: whoever heard it could
// give it to the run when it would fit, and undo what people have decided since.
func TestAWordThatWasRefusedIsUsedUp(t *testing.T) {
	t.Parallel()
	p := play(t, signingShop(t), pieces(piece("plan.first", "manual"), piece("plan.then", "act", "plan.first")), "")
	o := &overheard{playing: p}
	p.Engines.Connect = func(context.Context, EnginePlace, bool) (engine.Runs, func(), error) { return o, func() {}, nil }
	ctx := t.Context()
	if err := p.Operate(ctx, engine.Event{Kind: engine.Resume, Reason: "go on"}); err == nil {
		t.Fatal("a run that does not stand is resumed")
	}
	vain := o.last
	for _, e := range []engine.Event{{Kind: engine.Pause, Reason: "an alarm"}, {Kind: engine.Confirm, Step: "plan.first", Reason: "done"}} {
		if err := p.Operate(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.take(ctx, vain); err != nil {
		t.Fatalf("the engine knows no signers, and takes it: %v", err)
	}
	p.stopped(t, "plan.then", "the same was used in entry")
	verdict, err := p.LedgerCheck(ctx, LedgerOptions{})
	if !fault.Is(err, fault.Found) || verdict.Proofs == nil || len(verdict.Proofs.Wrong) != 1 || !strings.Contains(verdict.Proofs.Wrong[0].Why, "the same was used in entry") {
		t.Errorf("%+v, %v", verdict.Proofs, err)
	}
	for _, e := range []engine.Event{{Kind: engine.Resume, Reason: "the alarm is over"}, {Kind: engine.Retry, Step: "plan.then", Reason: "said again"}} {
		if err := p.Operate(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	if !p.did("plan.then") {
		t.Errorf("said again by who may, it is not done: %+v", p.step("plan.then"))
	}
}
