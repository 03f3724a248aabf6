package app

import (
	"encoding/json"
	"fmt"
	"strconv"
	"testing"
	"time"

	"example.com/landfall/internal/config"
	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/store/ledger"
)

// BenchmarkAttemptsOfALongRun measures what looking at one attempt of a run of
// 10,000 steps costs, each of which needs all before it: one entry came since the
// attempt before.
func BenchmarkAttemptsOfALongRun(b *testing.B) {
	const n, run = 10_000, "shop-1"
	setup := Setup{Dir: b.TempDir(), Now: time.Now, User: "tester", Version: "test", Getenv: func(string) (string, bool) { return "", false }}
	if _, err := Init(b.Context(), setup, "shop"); err != nil {
		b.Fatal(err)
	}
	w, err := store.Open(setup.Dir)
	if err != nil {
		b.Fatal(err)
	}
	s := New(setup, Parts{Workspace: w, Config: &config.Config{}})
	plan := pieces()
	for i := range n {
		step := piece("plan.s"+strconv.Itoa(i), "act")
		if i > 0 {
			step.Needs = []string{"plan.s" + strconv.Itoa(i-1)}
		}
		plan.Steps = append(plan.Steps, step)
	}
	fingerprint, err := plan.Fingerprint()
	if err != nil {
		b.Fatal(err)
	}
	content, err := json.Marshal(plan)
	if err == nil {
		err = s.Workspace.KeepFor(run, "runbook", content)
	}
	if err != nil {
		b.Fatal(err)
	}
	me, err := s.speak(b.Context(), said{Verb: sayRun, Runbook: fingerprint})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := s.recordAs(b.Context(), me.By, entryRunBegun, run, map[string]any{"runbook": fingerprint}); err != nil {
		b.Fatal(err)
	}
	l, err := ledger.Open(b.Context(), s.Workspace.LedgerPath(), ledger.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // all is read back
	number := int64(1)
	write := func(records ...ledger.Record) {
		if _, err := l.AppendNumbered(b.Context(), "run/"+run, number, records); err != nil {
			b.Fatal(err)
		}
		number += int64(len(records))
	}
	entry := func(kind string, step, attempt int) ledger.Record {
		return ledger.Record{Kind: kind, Actor: unprompted, Body: map[string]any{"step": "plan.s" + strconv.Itoa(step), "text": "x", "data": map[string]string{"attempt": strconv.Itoa(attempt), "outcome": "succeeded"}}}
	}
	for i := range n - 1 {
		if i%100 == 0 {
			var all []ledger.Record
			for k := i; k < min(i+100, n-1); k++ {
				all = append(all, entry("attempt.begun", k, 1), entry("attempt.ended", k, 1), entry("step.done", k, 1))
			}
			write(all...)
		}
	}
	f := newLedgerWords(s)
	last := plan.Steps[n-1]
	began := time.Now()
	if _, _, err := f.about(b.Context(), run); err != nil {
		b.Fatal(err)
	}
	first := time.Since(began)
	attempt := 0
	for b.Loop() {
		attempt++
		b.StopTimer()
		write(entry("attempt.begun", n-1, attempt))
		b.StartTimer()
		known, err := f.stands(b.Context(), &engine.StepCall{Run: run, Plan: fingerprint, Step: runbook.Step{ID: last.ID}, Kind: engine.DoStep, Attempt: attempt})
		if err != nil || !known {
			b.Fatal(fmt.Errorf("%v, %w", known, err))
		}
	}
	b.ReportMetric(float64(first.Milliseconds()), "ms-first")
}
