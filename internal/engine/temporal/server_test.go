package temporal_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/enginekit"
)

// batched is one long step, which can be stopped between batches, and the chain.
func batched(effects string) *runbook.Runbook {
	plan := enginekit.Chain(150)(effects)
	long := runbook.Step{ID: "long", Needs: []string{}, Inputs: map[string]any{"file": effects, "batches": 400, "slowMillis": 50}}
	return enginekit.Book(append([]runbook.Step{long}, plan.Steps...))
}

// With the server's limits lowered, a run of some hundred events goes over many
// histories and never meets the hard limit; a long attempt is asked to stop for
// it and goes on from its batch.
func TestLoweredLimitsOfHistory(t *testing.T) {
	t.Parallel()
	e := enginekit.NewEngine(t, "--limit", "limit.historyCount.suggestContinueAsNew=100", "--limit", "limit.historyCount.warn=700", "--limit", "limit.historyCount.error=800")
	w := enginekit.NewWorld(t, e.Server(), "limits", func(effects string) *runbook.Runbook {
		plan := batched(effects)
		plan.Steps[1].Needs = nil
		return plan
	})
	end, _ := finish(t, w, testkit.Crash{})
	if end.Result != "done" || strings.Count(enginekit.Essence(end), "done+effect") != 152 {
		t.Error(enginekit.Essence(end))
	}
	if long := end.Steps[0]; long.Attempt < 2 {
		t.Errorf("the long step took %d attempts: nothing made room", long.Attempt)
	}
}

// A pause stops an attempt where it is; it goes on from there and does nothing
// twice. A pause is true: nothing happens meanwhile.
func TestPauseOnAServer(t *testing.T) {
	t.Parallel()
	e := enginekit.NewEngine(t)
	w := enginekit.NewWorld(t, e.Server(), "pause", func(effects string) *runbook.Runbook {
		return enginekit.Book([]runbook.Step{{ID: "long", Inputs: map[string]any{"file": effects, "batches": 40, "slowMillis": 100}}, {ID: "sign-off", Kind: "manual", UndoReason: "it changes nothing"}})
	})
	leave := w.Workers(t, testkit.Crash{})
	w.Begin(t, nil)
	ctx, cancel := context.WithTimeout(context.Background(), enginekit.Patience)
	defer cancel()
	testkit.Eventually(t, enginekit.Patience, func() error {
		return w.Send(ctx, engine.Event{Kind: engine.Pause, By: "ada", Reason: "lunch"})
	})
	testkit.Eventually(t, enginekit.Patience, func() error {
		if s := w.State(t); s.InFlight > 0 || !s.Paused {
			return context.DeadlineExceeded
		}
		return nil
	})
	before := w.State(t)
	time.Sleep(2 * time.Second) // that nothing happens shows after a while only
	if after := w.State(t); after.Seq != before.Seq || after.Steps[0].Status != engine.Ready {
		t.Errorf("while it is paused it went from %d to %d events, the step is %s", before.Seq, after.Seq, after.Steps[0].Status)
	}
	end := w.Operate(t, nil) // says Resume
	w.Sound(t, *end)
	leave()
	if end.Result != "done" || end.Steps[0].Attempt != 2 {
		t.Errorf("%s, %d attempts", enginekit.Essence(*end), end.Steps[0].Attempt)
	}
}
