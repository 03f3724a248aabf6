package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// kept keeps a shell script beside nothing, and returns what it has said and how
// to stop it.
func kept(t *testing.T, script string) (said func() string, stop func()) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "said")
	said = func() string {
		data, err := os.ReadFile(file)
		if err != nil && !os.IsNotExist(err) {
			t.Error(err)
		}
		return string(data)
	}
	k := keeper{command: []string{"/bin/sh", "-c", script, "worker", file}, dir: dir, log: slog.New(slog.DiscardHandler)}
	return said, k.keep(context.Background())
}

// A worker that ends is started again, and not in the same moment.
func TestWorkerIsStartedAgain(t *testing.T) {
	t.Parallel()
	said, stop := kept(t, `echo up >>"$1"; kill -9 $$`)
	defer stop()
	eventually(t, "the worker was started three times", func() bool { return strings.Count(said(), "up\n") >= 3 })
	if n := strings.Count(said(), "up\n"); n > 10 {
		t.Errorf("it was started %d times", n)
	}
}

// A worker is asked to leave, and waited for.
func TestWorkerIsAskedToLeave(t *testing.T) {
	t.Parallel()
	said, stop := kept(t, `trap 'sleep 0.3; echo bye >>"$1"; exit 0' TERM; echo up >>"$1"; while :; do sleep 0.05; done`)
	eventually(t, "the worker is up", func() bool { return said() != "" })
	stop()
	if said() != "up\nbye\n" {
		t.Errorf("it said %q", said())
	}
}

// Without a program there is nothing to keep; one that is not there does not
// end the engine.
func TestWorkerThatIsNotThere(t *testing.T) {
	t.Parallel()
	keeper{}.keep(context.Background())()
	k := keeper{command: []string{"/nowhere/worker"}, dir: t.TempDir(), log: slog.New(slog.DiscardHandler)}
	k.keep(context.Background())()
}

// A worker does not outlive an engine that is killed, and another engine has
// one of its own.
func TestWorkerGoesWithTheEngine(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	file := filepath.Join(t.TempDir(), "said")
	flags := []string{"--worker", "/bin/sh", "--worker-arg=-c", "--worker-arg=trap 'echo bye >>\"$1\"; exit 0' TERM; echo up >>\"$1\"; while :; do sleep 0.05; done", "--worker-arg=worker", "--worker-arg=" + file}
	said := func() string {
		data, _ := os.ReadFile(file) // there may be none yet
		return string(data)
	}
	start(t, dir, flags...)
	eventually(t, "the worker is up", func() bool { return said() == "up\n" })
	kill(t, dir)
	eventually(t, "the worker is gone", func() bool { return said() == "up\nbye\n" })
	start(t, dir, flags...)
	eventually(t, "another worker is up", func() bool { return said() == "up\nbye\nup\n" })
	stop(t, dir)
	if said() != "up\nbye\nup\nbye\n" {
		t.Errorf("it said %q", said())
	}
}
