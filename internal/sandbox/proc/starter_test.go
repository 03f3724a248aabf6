package proc_test

import (
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"example.com/landfall/internal/sandbox/proc"
)

// The Go runtime never ends the main thread, so a starter that happens to sit
// on it would keep its children alive after Close. With one processor and the
// main thread free, goroutines land on it often enough to show that.
func TestChildrenDieWithEveryStarter(t *testing.T) {
	dir := t.TempDir()
	for range 60 {
		runtime.Gosched()
		s := proc.NewStarter()
		c, err := s.Start(proc.Spec{Tag: "every-" + filepath.Base(dir), Part: "p", Path: "/bin/sleep", Args: []string{"300"}, Dir: dir, Log: filepath.Join(dir, "log")})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		select {
		case <-c.Done():
		case <-time.After(20 * time.Second):
			_ = c.Kill(t.Context())
			t.Fatal("the child outlived the thread that started it")
		}
	}
}
