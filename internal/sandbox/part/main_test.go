package part_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/sandbox/proc"
	"example.com/landfall/internal/sandbox/tools"
)

// host returns a machine side for one test; everything on it is gone after it.
func host(t *testing.T) part.Host {
	t.Helper()
	cache, err := tools.CacheDir(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	h := part.Host{
		Starter: proc.NewStarter(),
		Tag:     "part-" + filepath.Base(filepath.Dir(dir)),
		Locate:  func(n tools.Name) (tools.Tool, error) { return tools.Locate(cache, n) },
		Dir:     filepath.Join(dir, "data"), LogDir: filepath.Join(dir, "logs"),
		Address: "127.0.0.1", Environ: os.Environ(),
	}
	t.Cleanup(func() {
		h.Starter.Close()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
		defer cancel()
		left, err := proc.Sweep(ctx, proc.Query{Tag: h.Tag, Title: part.PostgresTitle(h.Tag)})
		if err != nil {
			t.Errorf("sweep: %v", err)
		}
		if len(left) > 0 && !t.Failed() {
			t.Errorf("left running: %v", left)
		}
		if err := os.RemoveAll(part.ForeignDir(h.Tag)); err != nil {
			t.Error(err)
		}
	})
	return h
}

func start(t *testing.T, h part.Host, s part.Server) *part.Running {
	t.Helper()
	r, err := part.Start(t.Context(), h, s)
	if err != nil {
		t.Fatalf("start %s: %v\n%s", s.Name, err, fault.HintOf(err))
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
		defer cancel()
		if err := r.Stop(ctx); err != nil {
			t.Errorf("stop %s: %v", s.Name, err)
		}
	})
	return r
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// script is a server made of a shell line: it is ready when the file "ready"
// lies in its folder.
func script(line string) part.Server {
	return part.Server{
		Name: "script", ReadyWithin: 20 * time.Second,
		Command: func(part.Site) part.Command {
			return part.Command{Path: "/bin/sh", Args: []string{"-c", line}, Grace: 100 * time.Millisecond}
		},
		Healthy: func(_ context.Context, s part.Site) error {
			_, err := os.Stat(filepath.Join(s.Dir, "ready"))
			return err
		},
	}
}

func read(path string) string {
	raw, _ := os.ReadFile(path)
	return strings.TrimSpace(string(raw))
}
