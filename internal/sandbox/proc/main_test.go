package proc_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"example.com/landfall/internal/sandbox/proc"
)

// parentVariable turns the test binary into a process that starts children
// and then waits to be killed; see TestSweepAfterTheParentWasKilled.
const parentVariable = "LANDFALL_TEST_PARENT"

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentVariable); dir != "" {
		if err := actAsParent(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// actAsParent starts a child that starts another one in a session of its own,
// and stays until it is killed.
func actAsParent(dir string) error {
	s := proc.NewStarter()
	defer s.Close()
	_, err := s.Start(proc.Spec{
		Tag: filepath.Base(dir), Part: "nested", Path: "/bin/sh",
		Args:    []string{"-c", "setsid sleep 300 & echo $! >" + filepath.Join(dir, "grandchild") + "; wait"},
		Environ: proc.BaseEnviron(os.Environ()), Dir: dir, Log: filepath.Join(dir, "nested.log"),
	})
	if err != nil {
		return err
	}
	time.Sleep(5 * time.Minute) // killed long before
	return nil
}

// start starts a shell script as a child of the test and stops it at the end.
func start(t *testing.T, script string, change func(*proc.Spec)) (*proc.Child, proc.Spec) {
	t.Helper()
	s := proc.NewStarter()
	t.Cleanup(s.Close)
	dir := t.TempDir()
	spec := proc.Spec{
		Tag: filepath.Base(filepath.Dir(dir)) + "-" + t.Name(), Part: "script", Path: "/bin/sh", Args: []string{"-c", script},
		Environ: proc.BaseEnviron(os.Environ()), Dir: dir, Log: filepath.Join(dir, "script.log"),
	}
	if change != nil {
		change(&spec)
	}
	c, err := s.Start(spec)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	t.Cleanup(func() {
		if err := c.Kill(t.Context()); err != nil && t.Context().Err() == nil {
			t.Errorf("kill: %v", err)
		}
		if _, err := proc.Sweep(timeout(t, 20*time.Second), proc.Query{Tag: spec.Tag}); err != nil {
			t.Errorf("sweep: %v", err)
		}
	})
	return c, spec
}

// eventually polls until ok, for 20 seconds at most.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 seconds: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func fileHolds(path, text string) func() bool {
	return func() bool {
		raw, err := os.ReadFile(path)
		return err == nil && string(raw) == text
	}
}
