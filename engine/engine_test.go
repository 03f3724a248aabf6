package main

import (
	"bytes"
	"context"
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	common "go.temporal.io/api/common/v1"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"example.com/landfall/engine/internal/database"
	"example.com/landfall/internal/engine/codec"
	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/fault"
)

// A run outlives its engine, whether that is stopped or killed, and a client
// finds it at the same address.
func TestRunsOutliveTheEngine(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, string){"stop": stop, "kill": kill} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t)
			start(t, dir)
			c := connect(t, dir)
			stopWorker := work(t, c)
			begin(t, c, "r", waits, "hello")
			reached(t, c, "r", "waiting")
			stopWorker()
			end(t, dir)
			if _, err := host.Find(dir); !fault.Is(err, fault.NotFound) {
				t.Errorf("found after the end: %v", err)
			}
			start(t, dir)
			c = connect(t, dir)
			work(t, c)
			if err := c.SignalWorkflow(context.Background(), "r", "", "go", "world"); err != nil {
				t.Fatal(err)
			}
			if got := get[string](t, c, "r"); got != "hello world" {
				t.Errorf("the run ended with %q", got)
			}
		})
	}
}

// Killed at any moment of its start, first of all in the one that makes the
// folder, an engine starts the next time, and the run is there.
func TestKilledWhileStarting(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	storm := func() {
		for _, after := range []time.Duration{20, 60, 120, 250, 500, 900, 1500} {
			ctx, cancel := context.WithTimeout(context.Background(), after*time.Millisecond)
			_, err := host.Start(ctx, program(), dir)
			cancel()
			if err != nil && !fault.Is(err, fault.Timeout) {
				t.Errorf("start, to be killed after %d ms: %v", after, err)
			}
			kill(t, dir)
		}
	}
	storm()
	start(t, dir)
	c := connect(t, dir)
	stopWorker := work(t, c)
	begin(t, c, "r", waits, "hello")
	reached(t, c, "r", "waiting")
	stopWorker()
	kill(t, dir)
	storm()
	start(t, dir)
	c = connect(t, dir)
	work(t, c)
	if err := c.SignalWorkflow(context.Background(), "r", "", "go", "world"); err != nil {
		t.Fatal(err)
	}
	if got := get[string](t, c, "r"); got != "hello world" {
		t.Errorf("the run ended with %q", got)
	}
}

// Asked to stop while it starts, it does, and leaves nothing behind.
func TestStoppedWhileStarting(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if _, err := host.Start(ctx, program(), dir); err != nil && !fault.Is(err, fault.Timeout) {
		t.Fatal(err)
	}
	if _, err := host.Stop(context.Background(), dir); err != nil {
		t.Fatal(err)
	}
	if s, err := host.StatusOf(context.Background(), dir, nil); err != nil || s.State != host.Stopped {
		t.Errorf("status %+v, %v", s, err)
	}
	start(t, dir)
}

func TestFoldersThatCannotBe(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, filepath.Join(file, "below"), "/proc/self/engine"} {
		out, errs, code := command(t, "serve", "--dir", dir)
		if code == 0 || strings.Count(errs, "landfall-engine: ") != 1 || !strings.Contains(errs, dir) || strings.Contains(errs, "panic") {
			t.Errorf("%s: exit code %d, said %q", dir, code, out+errs)
		}
	}
}

func TestASecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	a := start(t, dir)
	_, errs, code := command(t, "serve", "--dir", dir)
	want := fault.Newf(fault.Conflict, "serve %q: process %d serves it already", dir, a.PID)
	if code != fault.ExitCode(want) || !strings.HasPrefix(errs, "landfall-engine: "+want.Error()+"\n") {
		t.Errorf("exit code %d, said %q", code, errs)
	}
	if now, err := host.Find(dir); err != nil || now != a {
		t.Errorf("the first one is %+v, %v; it was %+v", now, err, a)
	}
	if _, errs, code := command(t, "rotate", "--dir", dir); code != fault.ExitCode(want) {
		t.Errorf("rotate beside a running engine: %d, %q", code, errs)
	}
}

// All of the folder is for its user alone, also where the folder was open.
func TestFilesAreClosed(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	start(t, dir)
	found := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v", d.Name(), info.Mode())
		}
		found[d.Name()] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{host.FileStore, host.FileVisibility, host.FileCA, host.FileClientKey, host.FileKeyring, host.FileAddress, host.FileLock, host.FileLog} {
		if !found[name] {
			t.Errorf("%s is not there", name)
		}
	}
	stop(t, dir)
	if _, err := os.Stat(filepath.Join(dir, host.FileAddress)); err == nil {
		t.Error("the address stays after the stop")
	}
}

// What a run was given, what it answered and how it failed cannot be read in
// any file.
func TestNothingIsReadable(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	start(t, dir)
	c := connect(t, dir)
	work(t, c)
	begin(t, c, "r", waits, secret)
	begin(t, c, "f", fails, secret)
	if err := c.SignalWorkflow(context.Background(), "r", "", "go", secret); err != nil {
		t.Fatal(err)
	}
	if got := get[string](t, c, "r"); got != secret+" "+secret {
		t.Errorf("the run ended with %q", got)
	}
	if err := c.GetWorkflow(context.Background(), "f", "").Get(context.Background(), nil); err == nil || !strings.Contains(err.Error(), secret) {
		t.Errorf("the failure reads %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		read += len(data)
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("%s shows the secret", entry.Name())
		}
	}
	if read < 300_000 {
		t.Errorf("only %d bytes were looked through", read)
	}
}

// The list of runs is lost while one is open: the engine makes it anew, knows
// of the run from its store and waits for it, and ends when the run has.
func TestIdleStopKnowsRunsThatAreNotListed(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	start(t, dir)
	c := connect(t, dir)
	stopWorker := work(t, c)
	begin(t, c, "r", waits, "hello")
	reached(t, c, "r", "waiting")
	stopWorker()
	stop(t, dir)
	list := filepath.Join(dir, host.FileVisibility)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(list + suffix); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	const idle = 2 * time.Second
	first := start(t, dir, "--hours", "0.00055")
	c = connect(t, dir)
	// A young run is listed again from the store's queue, an old one is not.
	eventually(t, "the list was made anew", func() bool { return listedOpen(t, c) == 1 })
	edit(t, list, "DELETE FROM executions_visibility")
	if n := listedOpen(t, c); n != 0 {
		t.Fatalf("%d runs are listed, so nothing is tested", n)
	}
	time.Sleep(3 * idle) // that nothing happens shows after a while only
	if now, err := host.Find(dir); err != nil || now != first {
		t.Fatalf("the engine did not wait for the open run: %+v, %v", now, err)
	}
	work(t, c)
	if err := c.SignalWorkflow(context.Background(), "r", "", "go", "world"); err != nil {
		t.Fatal(err)
	}
	get[string](t, c, "r")
	eventually(t, "the engine ended by itself", func() bool {
		_, held, err := host.Holder(dir)
		return err == nil && !held
	})
	log, err := os.ReadFile(filepath.Join(dir, host.FileLog))
	if err != nil || !strings.Contains(string(log), "stop: no run was open") || !strings.Contains(string(log), `"stopped"`) {
		t.Errorf("the log does not say so, %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, host.FileAddress)); err == nil {
		t.Error("the address stays")
	}
}

// listedOpen is the number of open runs by the server's list.
func listedOpen(t *testing.T, c client.Client) int64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	open, _, err := countListed(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	return open
}

// edit runs a statement on a file of the folder, as another program would.
func edit(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+database.Name(path)+"?_pragma=busy_timeout=10000")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string) error
		kind  fault.Kind
		says  string
	}{
		"newer schema": {func(t *testing.T, dir string) error {
			edit(t, filepath.Join(dir, host.FileStore), "PRAGMA user_version = 1099")
			return nil
		}, fault.Unsupported, "it has schema 1.99, this engine works with"},
		"another keyring": {func(_ *testing.T, dir string) error { return host.WriteKeyring(dir, codec.NewKeyring()) }, fault.Denied, "not the one of the runs"},
		"no keyring":      {func(_ *testing.T, dir string) error { return os.Remove(filepath.Join(dir, host.FileKeyring)) }, fault.NotFound, "read keyring"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t)
			start(t, dir)
			stop(t, dir)
			if err := c.spoil(t, dir); err != nil {
				t.Fatal(err)
			}
			_, err := host.Start(context.Background(), program(), dir)
			if !fault.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) || fault.HintOf(err) == "" {
				t.Errorf("%v (%s), hint %q", err, fault.KindOf(err), fault.HintOf(err))
			}
		})
	}
}

// A question for the end of a run that goes on is given back after 2 s, so
// that a lost wake-up costs no more; and the namespace keeps runs for a year.
func TestSettingsOfTheServer(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	start(t, dir)
	c := connect(t, dir)
	work(t, c)
	run := begin(t, c, "r", waits, "hello")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	asked := time.Now()
	_, err := c.WorkflowService().GetWorkflowExecutionHistory(ctx, &workflowservice.GetWorkflowExecutionHistoryRequest{
		Namespace: host.Namespace, Execution: &common.WorkflowExecution{WorkflowId: "r", RunId: run.GetRunID()},
		WaitNewEvent: true, HistoryEventFilterType: enums.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
	})
	if took := time.Since(asked); err != nil || took < time.Second || took > 12*time.Second {
		t.Errorf("the question was held for %v, %v; want about 2 s and not 20", took, err)
	}
	namespace, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: host.Namespace})
	if err != nil || namespace.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration() != 365*24*time.Hour {
		t.Errorf("runs are kept for %v, %v", namespace.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration(), err)
	}
}

func TestLoweredLimits(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	start(t, dir, "--limit", "limit.historyCount.suggestContinueAsNew=25")
	c := connect(t, dir)
	work(t, c)
	begin(t, c, "asked", counts, 100)
	if length := get[int](t, c, "asked"); length < 25 || length > 60 {
		t.Errorf("the server asked for a new history after %d events", length)
	}
	stop(t, dir)
	start(t, dir, "--limit", "limit.historyCount.error=40", "--limit", "limit.historyCount.warn=30")
	c = connect(t, dir)
	work(t, c)
	run := begin(t, c, "ended", counts, 1000)
	eventually(t, "the server ended the run at the limit", func() bool {
		d, err := c.DescribeWorkflowExecution(context.Background(), "ended", run.GetRunID())
		return err == nil && d.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_TERMINATED
	})
}

// A copy made while the engine runs, with the keyring, is an engine.
func TestBackupOfARunningEngine(t *testing.T) {
	t.Parallel()
	dir, other := folder(t), folder(t)
	start(t, dir)
	c := connect(t, dir)
	stopWorker := work(t, c)
	begin(t, c, "r", waits, "hello")
	reached(t, c, "r", "waiting")
	if err := os.MkdirAll(other, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := command(t, "backup", "--dir", dir, "--to", filepath.Join(other, host.FileStore)); code != 0 {
		t.Fatalf("backup: %d, %s", code, errs)
	}
	stopWorker()
	kill(t, dir)
	keyring, err := os.ReadFile(filepath.Join(dir, host.FileKeyring))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other, host.FileKeyring), keyring, 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, other)
	c = connect(t, other)
	work(t, c)
	if err := c.SignalWorkflow(context.Background(), "r", "", "go", "from the copy"); err != nil {
		t.Fatal(err)
	}
	if got := get[string](t, c, "r"); got != "hello from the copy" {
		t.Errorf("the run ended with %q", got)
	}
}

// After a rotation, and after the key moved into the environment, what was
// sealed before is still read.
func TestKeysRotate(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	start(t, dir)
	c := connect(t, dir)
	stopWorker := work(t, c)
	begin(t, c, "r", waits, "sealed with the old key")
	reached(t, c, "r", "waiting")
	stopWorker()
	stop(t, dir)
	if out, errs, code := command(t, "rotate", "--dir", dir); code != 0 || !strings.HasPrefix(out, "sealing with key-") {
		t.Fatalf("rotate: %d, %q, %q", code, out, errs)
	}
	start(t, dir)
	c = connect(t, dir)
	work(t, c)
	if err := c.SignalWorkflow(context.Background(), "r", "", "go", "and the new"); err != nil {
		t.Fatal(err)
	}
	if got := get[string](t, c, "r"); got != "sealed with the old key and the new" {
		t.Errorf("the run ended with %q", got)
	}
	if k, err := host.Keyring(dir, nil); err != nil || len(k.IDs()) != 2 {
		t.Errorf("keyring %v, %v", k, err)
	}
}
