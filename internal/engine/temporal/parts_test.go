package temporal_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/engine/temporal"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/enginekit"
)

// few are bounds with which a step of some hundred parts goes over many children.
func few() temporal.Fans { return temporal.Fans{Children: 3, PerChild: 7} }

// lowered are limits of the server with which the workflows of parts go over
// several histories, and meet the hard limit if they do not.
func lowered() []string {
	return []string{"--limit", "limit.historyCount.suggestContinueAsNew=40", "--limit", "limit.historyCount.warn=500", "--limit", "limit.historyCount.error=600"}
}

// onceEach checks that each part was done, and none twice.
func onceEach(t *testing.T, w *enginekit.World, parts int) {
	t.Helper()
	done := w.Parts(t)
	if len(done) != parts {
		t.Errorf("%s: %d of %d parts were done", w.Run, len(done), parts)
	}
	for part, n := range done {
		if n != 1 {
			t.Errorf("%s: part %s was done %d times", w.Run, part, n)
		}
	}
}

// Three workers share the parts of a step, with the limits of the server lowered.
// One is killed in the middle of a part, and once more after the effect of one:
// the others take its parts over, and none is done twice.
func TestPartsOnThreeWorkers(t *testing.T) {
	t.Parallel()
	e := enginekit.NewEngine(t, lowered()...)
	const parts = 150
	w := enginekit.NewWorld(t, e.Server(), "parts", enginekit.InParts(parts, 20))
	w.Bound(few())
	leave := w.Workers(t, testkit.Crash{At: testkit.Point{Name: "do long part ended", Hit: 15}}, testkit.Crash{}, testkit.Crash{})
	w.Begin(t, nil)
	end := w.Operate(t, nil)
	w.Sound(t, *end)
	onceEach(t, w, parts)
	if end.Result != "done" || end.Steps[0].Attempt != 1 {
		t.Errorf("%s, %d attempts", enginekit.Essence(*end), end.Steps[0].Attempt)
	}
	killed, worked := 0, 0
	for _, o := range leave() {
		carried := 0
		for _, p := range o.Points {
			if p.Name == "do long part begun" {
				carried++
			}
		}
		if o.Killed {
			killed++
		}
		if carried > 0 {
			worked++
		}
	}
	if killed < 1 || worked < 3 {
		t.Errorf("%d workers were killed, %d carried parts out", killed, worked)
	}
}

// A pause in the middle stops the parts where they are, and no further one is
// begun; those that are done stay done. A rollback in the middle takes the step
// back, although it was never whole.
func TestPartsHeedAPauseAndARollback(t *testing.T) {
	t.Parallel()
	e := enginekit.NewEngine(t, lowered()...)
	const parts = 120
	w := enginekit.NewWorld(t, e.Server(), "paused", enginekit.InParts(parts, 50))
	w.Bound(few())
	leave := w.Workers(t, testkit.Crash{})
	w.Begin(t, nil)
	ctx, cancel := context.WithTimeout(context.Background(), enginekit.Patience)
	defer cancel()
	some := func(least int) {
		testkit.Eventually(t, enginekit.Patience, func() error {
			if n := len(w.Parts(t)); n < least {
				return fmt.Errorf("%d parts are done", n)
			}
			return nil
		})
	}
	still := func() engine.State {
		var s engine.State
		testkit.Eventually(t, enginekit.Patience, func() error {
			if s = w.State(t); s.InFlight > 0 {
				return fmt.Errorf("an attempt is under way")
			}
			return nil
		})
		return s
	}
	some(20)
	if err := w.Send(ctx, engine.Event{Kind: engine.Pause, By: "ada", Reason: "lunch"}); err != nil {
		t.Fatal(err)
	}
	before, done := still(), len(w.Parts(t))
	if !before.Paused || done >= parts {
		t.Fatalf("paused %t, %d parts are done", before.Paused, done)
	}
	time.Sleep(2 * time.Second) // that nothing happens shows after a while only
	if n := len(w.Parts(t)); n != done {
		t.Errorf("while it is paused it went from %d to %d parts", done, n)
	}
	if err := w.Send(ctx, engine.Event{Kind: engine.Resume, By: "ada"}); err != nil {
		t.Fatal(err)
	}
	some(done + 10)
	if err := w.Send(ctx, engine.Event{Kind: engine.Rollback, By: "ada", Reason: "no", Accept: true}); err != nil {
		t.Fatal(err)
	}
	end := w.Operate(t, nil)
	leave()
	if end.Result != "rolled back" || len(w.Parts(t)) >= parts {
		t.Errorf("%s with %d parts", enginekit.Essence(*end), len(w.Parts(t)))
	}
	for part, n := range w.Parts(t) {
		if n != 1 {
			t.Errorf("part %s was done %d times", part, n)
		}
	}
}
