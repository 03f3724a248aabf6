package temporal_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/shirou/gopsutil/v4/process"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/engine/temporal"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/testkit/enginekit"
)

// emptyHands do nothing, at once.
type emptyHands struct{ enginekit.Hands }

func (emptyHands) Step(context.Context, engine.StepCall, func(engine.Beat), <-chan struct{}) engine.StepResult {
	return engine.StepResult{Outcome: runbook.Succeeded}
}

func (emptyHands) Record(context.Context, string, []engine.Entry) error { return nil }

// stepsVariable says how many steps the benchmark has, 1,000 without it;
// docs/benchmarks.md has the figures of 10,000.
const stepsVariable = "LANDFALL_STEPS"

// BenchmarkSteps carries out a runbook of steps that do nothing, a hundred side
// by side, on the embedded engine.
func BenchmarkSteps(b *testing.B) {
	steps := 1000
	if text := os.Getenv(stepsVariable); text != "" {
		var err error
		if steps, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	begun := time.Now()
	e := enginekit.NewEngine(b)
	b.ReportMetric(time.Since(begun).Seconds(), "s-start")
	connection, err := e.Server().Connect(ctx, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer connection.Close()
	done := make(chan error, 1)
	go func() {
		done <- connection.Work(ctx, temporal.WorkerOptions{Queue: "bench", Home: true, Hands: emptyHands{}, Log: slog.New(slog.DiscardHandler)})
	}()
	runs, plan := connection.Runs("bench"), wide(steps)
	idle := usage(b, e)
	b.ReportMetric(idle.rss, "MB-idle")
	for n := 0; b.Loop(); n++ {
		run := fmt.Sprintf("bench-%d", n)
		if err := runs.Start(ctx, engine.Request{Run: run, Plan: plan, Fingerprint: enginekit.Print(b, plan), By: "ada"}); err != nil {
			b.Fatal(err)
		}
		if s, err := runs.Wait(ctx, run); err != nil || s.Result != "done" {
			b.Fatal(s.Result, err)
		}
	}
	after := usage(b, e)
	b.ReportMetric((after.cpu-idle.cpu)/float64(b.N), "s-CPU/op")
	b.ReportMetric(after.rss, "MB-after")
	b.ReportMetric(after.file, "MB-file")
	b.ReportMetric(float64(steps*b.N)/b.Elapsed().Seconds(), "steps/s")
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}

// wide is a runbook of layers of a hundred steps.
func wide(n int) *runbook.Runbook {
	const width = 100
	var steps []runbook.Step
	for i := range n {
		s := runbook.Step{ID: fmt.Sprintf("s%05d", i), Needs: []string{}}
		if i >= width {
			s.Needs = []string{fmt.Sprintf("s%05d", i-width)}
		}
		steps = append(steps, s)
	}
	return enginekit.Book(steps)
}

type used struct{ cpu, rss, file float64 }

// usage is what the engine's process has used, in seconds and megabytes.
func usage(b testing.TB, e *enginekit.Engine) (u used) {
	b.Helper()
	p, err := process.NewProcess(int32(e.PID(b)))
	if err != nil {
		b.Fatal(err)
	}
	times, err := p.Times()
	if err != nil {
		b.Fatal(err)
	}
	memory, err := p.MemoryInfo()
	if err != nil {
		b.Fatal(err)
	}
	u = used{cpu: times.User + times.System, rss: float64(memory.RSS) / 1e6}
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(filepath.Join(e.Dir, host.FileStore+suffix)); err == nil {
			u.file += float64(info.Size()) / 1e6
		}
	}
	return u
}

// BenchmarkStatus asks how a run stands over a new connection each time, as
// "landfall status" does.
func BenchmarkStatus(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	e := enginekit.NewEngine(b)
	first, err := e.Server().Connect(ctx, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer first.Close()
	go func() {
		_ = first.Work(ctx, temporal.WorkerOptions{Queue: "bench", Home: true, Hands: emptyHands{}, Log: slog.New(slog.DiscardHandler)}) // it ends with the benchmark
	}()
	plan := enginekit.Chain(100)("none")
	if err := first.Runs("bench").Start(ctx, engine.Request{Run: "status", Plan: plan, Fingerprint: enginekit.Print(b, plan), By: "ada"}); err != nil {
		b.Fatal(err)
	}
	for {
		if s, err := first.Runs("bench").Status(ctx, "status"); err == nil && len(s.Active) > 0 && s.Active[0].Status == engine.Person {
			break
		}
		time.Sleep(time.Second)
	}
	var connecting, describing, asking time.Duration
	for b.Loop() {
		begun := time.Now()
		c, err := e.Server().Connect(ctx, nil)
		if err != nil {
			b.Fatal(err)
		}
		connected := time.Now()
		open, err := c.Runs("bench").Open(ctx, "status")
		if err != nil || !open {
			b.Fatal(open, err)
		}
		described := time.Now()
		if _, err := c.Runs("bench").Status(ctx, "status"); err != nil {
			b.Fatal(err)
		}
		connecting += connected.Sub(begun)
		describing += described.Sub(connected)
		asking += time.Since(described)
		c.Close()
	}
	for name, d := range map[string]time.Duration{"ms-connect": connecting, "ms-describe": describing, "ms-query": asking} {
		b.ReportMetric(float64(d.Microseconds())/1000/float64(b.N), name)
	}
}
