package temporal_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/enginekit"
)

// The same runbook on the official server, with three workers that are killed in
// the middle: each that has written to the ledger a few times.
func TestExternalServer(t *testing.T) {
	t.Parallel()
	w := enginekit.NewWorld(t, enginekit.External(t, enginekit.SQLite), "external", enginekit.AllKinds)
	w.Back = true
	crash := testkit.Crash{At: testkit.Point{Name: "recorded", Hit: 4}}
	leave := w.Workers(t, crash, crash, crash)
	w.Begin(t, nil)
	end := w.Operate(t, nil)
	w.Sound(t, *end)
	if end.Result != "rolled back" {
		t.Error(enginekit.Essence(*end))
	}
	worked, killed := 0, 0
	for _, o := range leave() {
		if o.Killed {
			killed++
		}
		if len(o.Points) > 0 {
			worked++
		}
	}
	if killed < 2 || worked < 2 {
		t.Errorf("%d workers were killed, %d worked", killed, worked)
	}
}

// A run goes half of its way on the embedded engine, is drained, goes on on the
// official server, and goes back: over the steps that were done on the first
// one as well. The official server keeps its runs in PostgreSQL.
func TestMoveToAnotherServer(t *testing.T) {
	t.Parallel()
	e := enginekit.NewEngine(t)
	other := enginekit.External(t, enginekit.PostgreSQL)
	w := enginekit.NewWorld(t, e.Server(), "moves", enginekit.AllKinds)
	w.Back = true
	leave := w.Workers(t, testkit.Crash{})
	w.Begin(t, nil)
	approved := func(s engine.Summary) bool {
		return slices.ContainsFunc(s.Active, func(a engine.ActiveStep) bool { return a.ID == "asked" && a.Status == engine.Asked })
	}
	if end := w.Operate(t, approved); end != nil {
		t.Fatal("it came to its end before half of its way")
	}
	ctx, cancel := context.WithTimeout(context.Background(), enginekit.Patience)
	defer cancel()
	// One of two persons has said yes; that stays.
	if err := w.Send(ctx, engine.Event{Kind: engine.Approve, Step: "asked", By: "cleo", Plan: enginekit.Print(t, w.Plan)}); err != nil {
		t.Fatal(err)
	}
	if err := w.Send(ctx, engine.Event{Kind: engine.Drain, By: "ada"}); err != nil {
		t.Fatal(err)
	}
	checkpoint := w.Operate(t, nil)
	w.Sound(t, *checkpoint)
	if checkpoint.Result != "drained" {
		t.Fatal(enginekit.Essence(*checkpoint))
	}
	leave()
	e.Kill(t)
	before := w.Effects(t)
	w.Move(t, other)
	begun := time.Now()
	leave = w.Workers(t, testkit.Crash{})
	w.Begin(t, checkpoint)
	end := w.Operate(t, nil)
	w.Sound(t, *end)
	leave()
	t.Logf("the second half took %v", time.Since(begun))
	essence := enginekit.Essence(*end)
	if end.Result != "rolled back" || strings.Contains(essence, " done") {
		t.Error(essence)
	}
	effects := w.Effects(t)
	for _, line := range before {
		if back := strings.Replace(line, "do ", "undo ", 1); !slices.Contains(effects, back) {
			t.Errorf("%q was done on the first engine and is not taken back", line)
		}
	}
	if len(before) < 5 || len(effects) < 2*len(before)+2 {
		t.Errorf("%d effects before, %d in all", len(before), len(effects))
	}
}
