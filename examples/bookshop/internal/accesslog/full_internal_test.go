package accesslog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The disk is full for a while: what comes after it is in the log again, and
// Close still tells that something is missing.
func TestTheLogRecoversFromAFullDisk(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "access.log")
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	// Writing to this device always fails as on a full disk.
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	l.mu.Lock()
	l.buffer.Reset(full)
	l.mu.Unlock()
	l.Add(Entry{Method: "GET", URL: "http://x/lost"})
	l.mu.Lock()
	l.flush()
	l.mu.Unlock()
	l.Add(Entry{Method: "GET", URL: "http://x/kept"})
	if err := l.Close(); err == nil {
		t.Error("the lost line is not told")
	}
	text, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(text), "lost") || !strings.Contains(string(text), "kept") {
		t.Errorf("%v: %s", err, text)
	}
}
