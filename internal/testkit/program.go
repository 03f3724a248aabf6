package testkit

import (
	"os"
	"syscall"
	"testing"
)

// WriteProgram writes a program that the test runs afterwards. No process is
// forked meanwhile: one that is would hold the file open for writing until it
// runs its own program, and the system runs no file that is open so.
func WriteProgram(t testing.TB, path, text string) {
	t.Helper()
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}
