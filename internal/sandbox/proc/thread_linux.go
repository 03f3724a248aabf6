package proc

import (
	"os"

	"golang.org/x/sys/unix"
)

// onMainThread reports whether the caller, locked to its thread, runs on the
// thread that the process began with.
func onMainThread() bool { return unix.Gettid() == os.Getpid() }
