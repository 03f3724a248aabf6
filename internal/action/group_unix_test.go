//go:build unix

package action_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/runbook"
)

// A command that is stopped goes with everything that it started.
func TestStopEndsTheWholeGroup(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pid")
	c := call(action.KindChecks, map[string]any{"commands": []any{map[string]any{"run": "sleep 300 & echo $! > " + file + ".part; mv " + file + ".part " + file + "; wait"}}})
	stop := make(chan struct{})
	c.Stop = stop
	done := make(chan action.Result)
	go func() { done <- action.Run(t.Context(), action.Checks{Environ: os.Environ()}, c, false) }()
	var pid int
	for pid == 0 {
		if data, err := os.ReadFile(file); err == nil {
			pid, _ = strconv.Atoi(strings.TrimSpace(string(data)))
		}
		time.Sleep(5 * time.Millisecond)
	}
	close(stop)
	if r := <-done; r.Outcome != runbook.Yielded {
		t.Errorf("%s: %s", r.Outcome, r.Detail)
	}
	for n := 0; alive(pid); n++ {
		if n > 1000 {
			t.Fatal("what the command started lives on")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// alive takes a process that nobody has waited for yet as dead.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(data), ") Z ")
}
