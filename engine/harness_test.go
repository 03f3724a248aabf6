package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"example.com/landfall/internal/engine/host"
)

// The tests of this package run the program itself: the one that
// LANDFALL_ENGINE names, or one that is built before the first test. They
// reach it as the rest of Landfall does, through package host.

const (
	// patience bounds what a test waits for; the machine may be busy.
	patience = 90 * time.Second
	queue    = "test"
	secret   = "hunter2-is-in-every-payload"
)

func TestMain(m *testing.M) { os.Exit(withProgram(m)) }

func withProgram(m *testing.M) int {
	if os.Getenv(host.Variable) != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "landfall-engine-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "landfall-engine")
	// Default flags: with others the server would be compiled anew.
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the engine: %v\n%s", err, out)
		return 1
	}
	if err := os.Setenv(host.Variable, path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func program() string { return os.Getenv(host.Variable) }

// folder is a folder whose engine is gone when the test ends.
func folder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "engine of 100%?")
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, host.FileLog)) // there may be none
			t.Logf("the engine's log:\n%s", log)
		}
		kill(t, dir)
	})
	return dir
}

// start makes sure that the folder is served.
func start(t *testing.T, dir string, flags ...string) host.Address {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	a, err := host.Start(ctx, program(), dir, flags...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func stop(t *testing.T, dir string) {
	t.Helper()
	if stopped, err := host.Stop(context.Background(), dir); err != nil || !stopped {
		t.Fatalf("stopped %v, %v", stopped, err)
	}
}

// kill ends the engine as a power cut would.
func kill(t *testing.T, dir string) {
	t.Helper()
	eventually(t, "the killed engine is gone", func() bool {
		pid, held, err := host.Holder(dir)
		if err != nil {
			t.Fatal(err)
		}
		if held && pid > 0 {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may be gone by now
		}
		return !held
	})
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %v not so: %s", patience, what)
		}
	}
}

// connect returns a client, as the command line would have it.
func connect(t *testing.T, dir string) client.Client {
	t.Helper()
	a, err := host.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := host.Dial(ctx, host.Local(dir, a, os.LookupEnv))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// work runs a worker with the workflows below until the test ends or stop is
// called.
func work(t *testing.T, c client.Client) (stop func()) {
	t.Helper()
	w := worker.New(c, queue, worker.Options{WorkerStopTimeout: time.Second})
	w.RegisterWorkflow(waits)
	w.RegisterWorkflow(counts)
	w.RegisterWorkflow(fails)
	w.RegisterActivity(echo)
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			w.Stop()
		}
	}
	t.Cleanup(stop)
	return stop
}

func begin(t *testing.T, c client.Client, id string, what any, arg any) client.WorkflowRun {
	t.Helper()
	run, err := c.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{ID: id, TaskQueue: queue}, what, arg)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func get[T any](t *testing.T, c client.Client, id string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var result T
	if err := c.GetWorkflow(ctx, id, "").Get(ctx, &result); err != nil {
		t.Fatalf("the run %s: %v", id, err)
	}
	return result
}

// reached waits until the run answers the query with the state.
func reached(t *testing.T, c client.Client, id, state string) {
	t.Helper()
	eventually(t, id+" is "+state, func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		var now string
		answer, err := c.QueryWorkflow(ctx, id, "", "state")
		return err == nil && answer.Get(&now) == nil && now == state
	})
}

// waits does something, then waits for a word.
func waits(ctx workflow.Context, arg string) (string, error) {
	state := "begun"
	if err := workflow.SetQueryHandler(ctx, "state", func() (string, error) { return state, nil }); err != nil {
		return "", err
	}
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	var heard string
	if err := workflow.ExecuteActivity(ctx, echo, arg).Get(ctx, &heard); err != nil {
		return "", err
	}
	state = "waiting"
	var word string
	workflow.GetSignalChannel(ctx, "go").Receive(ctx, &word)
	return heard + " " + word, nil
}

// counts does things until the server asks for a new history, and says how
// long this one is; after limit things it ends without being asked.
func counts(ctx workflow.Context, limit int) (int, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	for i := 0; i < limit && !workflow.GetInfo(ctx).GetContinueAsNewSuggested(); i++ {
		if err := workflow.ExecuteActivity(ctx, echo, "x").Get(ctx, nil); err != nil {
			return 0, err
		}
	}
	return workflow.GetInfo(ctx).GetCurrentHistoryLength(), nil
}

// fails fails with the secret in its text.
func fails(_ workflow.Context, _ string) error { return fmt.Errorf("cannot use %s", secret) }

func echo(ctx context.Context, text string) (string, error) {
	activity.RecordHeartbeat(ctx, text)
	return text, nil
}

// command runs the program and returns what it said and its exit code.
func command(t *testing.T, args ...string) (out, errs string, code int) {
	t.Helper()
	var stdout, stderr strings.Builder
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(), args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}
