package host_test

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/testkit"
)

// roleVariable makes the test binary play an engine: the real one is a program
// of another module. It keeps to the same contract of lock, address and signal.
const roleVariable = "LANDFALL_TEST_ENGINE_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(play(role, os.Args))
	}
	os.Exit(m.Run())
}

func play(role string, args []string) int {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	dir := args[3] // PROGRAM serve --dir DIR
	if role == "refuses" {
		fmt.Fprintf(os.Stderr, "some noise\nlandfall-engine: open the engine's store: it has schema 0.99\n  next: start an older one\n")
		return fault.ExitCode(fault.Newf(fault.Unsupported, ""))
	}
	if role == "mute" {
		return 1
	}
	release, err := host.Lock(dir)
	if err != nil {
		fmt.Fprintf(os.Stderr, "landfall-engine: %v\n", err)
		return fault.ExitCode(err)
	}
	defer release()
	if role == "deaf" {
		signal.Ignore(syscall.SIGTERM)
	}
	if role != "slow" && role != "deaf" {
		time.Sleep(50 * time.Millisecond) // as a start takes its time
		address := host.Address{Address: "127.0.0.1:1", Namespace: host.Namespace, PID: os.Getpid(), Version: strings.Join(args[4:], " "), Schema: os.Getenv("LANDFALL_ID_TOKEN") + os.Getenv("LANDFALL_ID_TOKEN_FILE") + os.Getenv("LANDFALL_SSH_KEY"), Server: os.Getenv("AWS_PROFILE")}
		if err := host.WriteAddress(dir, address); err != nil {
			return 1
		}
	}
	select {
	case <-signals:
	case <-time.After(time.Minute): // nothing of a broken test stays
	}
	if err := os.Remove(filepath.Join(dir, host.FileAddress)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return 1
	}
	return 0
}

// fake returns the path of a program that plays the role.
func fake(t *testing.T, role string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "landfall-engine")
	script := fmt.Sprintf("#!/bin/sh\n%s=%s exec '%s' \"$@\"\n", roleVariable, role, self)
	testkit.WriteProgram(t, path, script)
	return path
}

// folder is an engine's folder whose engine is gone when the test ends.
func folder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "engine folder")
	t.Cleanup(func() { kill(t, dir) })
	return dir
}

// kill ends the engine of a folder without asking it.
func kill(t *testing.T, dir string) {
	t.Helper()
	for {
		pid, held, err := host.Holder(dir)
		if err != nil {
			t.Error(err)
		}
		if err != nil || !held {
			return
		}
		if pid > 0 {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may be gone by now
		}
		time.Sleep(10 * time.Millisecond)
	}
}
