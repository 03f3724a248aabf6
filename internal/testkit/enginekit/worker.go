package enginekit

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"example.com/landfall/internal/engine/temporal"
	"example.com/landfall/internal/testkit"
)

const bodyName = "enginekit worker"

// lookEvery is how often a process looks for what others did.
const lookEvery = 100 * time.Millisecond

// askEvery is how often a run is asked what it waits for. Each question is work
// for server and worker, and in tests of many runs the most of it.
const askEvery = 250 * time.Millisecond

// Queue is that of a world's run.
func Queue(run string) string { return "test-" + run }

// Quick are bounds of silence for tests that kill. Work is long enough for a
// machine on which a process sometimes stands still for a second.
func Quick() temporal.Silence {
	return temporal.Silence{Work: 5 * time.Second, Turn: 4 * time.Second, Taken: 15 * time.Second}
}

// Body is a worker of a world as a child process. It leaves when it is asked
// to; give it to testkit.Main.
func Body() testkit.Body { return testkit.Body{Name: bodyName, Run: work} }

type workOrder struct {
	Server Server `json:"server"`
	Run    string `json:"run"`
}

func work(ctx context.Context, c testkit.Child) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var o workOrder
	data, err := os.ReadFile(filepath.Join(c.Dir, fileServer))
	if err == nil {
		err = json.Unmarshal(data, &o)
	}
	if err != nil {
		return err
	}
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(filepath.Join(c.Dir, fileLeave)); err == nil {
				cancel()
			}
			time.Sleep(lookEvery)
		}
	}()
	file, err := os.OpenFile(filepath.Join(c.Dir, fileLog), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	log := slog.New(slog.NewTextHandler(file, &slog.HandlerOptions{Level: slog.LevelWarn}))
	connection, err := o.Server.Connect(ctx, log)
	if err != nil {
		return err
	}
	defer connection.Close()
	return connection.Work(ctx, temporal.WorkerOptions{Queue: Queue(o.Run), Home: true, Hands: Hands{Dir: c.Dir, Point: c.Point}, Log: log, Silence: Quick()})
}

// Workers keeps workers of a world running: each that is killed is started
// again, without what killed it. The returned function asks them to leave, and
// returns the points that each process passed.
func (w *World) Workers(t *testing.T, how ...testkit.Crash) (leave func() []testkit.Outcome) {
	t.Helper()
	order, err := json.Marshal(workOrder{w.Server, w.Run})
	check(t, err)
	check(t, os.WriteFile(filepath.Join(w.Dir, fileServer), order, 0o600))
	_ = os.Remove(filepath.Join(w.Dir, fileLeave)) // there is none the first time
	var mu sync.Mutex
	var all []testkit.Outcome
	var group sync.WaitGroup
	for _, crash := range how {
		crash.Body, crash.Dir, crash.Within = bodyName, w.Dir, 2*Patience
		group.Go(func() {
			for kills := 1; ; kills++ {
				o := crash.Run(t)
				mu.Lock()
				all = append(all, o)
				mu.Unlock()
				if !o.Killed && o.ExitCode == 0 {
					return
				}
				if !o.Killed {
					t.Logf("a worker ended with %d and is started again: %s", o.ExitCode, o.Output)
					time.Sleep(lookEvery)
				}
				// The runbook of all kinds kills a worker by itself as well.
				if crash.After = 0; kills > 1 {
					crash.At = testkit.Point{}
				}
			}
		})
	}
	var once sync.Once
	leave = func() []testkit.Outcome {
		once.Do(func() {
			if err := os.WriteFile(filepath.Join(w.Dir, fileLeave), nil, 0o600); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Error(err)
			}
			group.Wait()
		})
		return all
	}
	t.Cleanup(func() { leave() })
	return leave
}
