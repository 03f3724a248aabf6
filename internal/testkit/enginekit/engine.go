package enginekit

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/engine/temporal"
	"example.com/landfall/internal/sandbox/tools"
)

// Patience bounds what a test waits for of other processes.
const Patience = 4 * time.Minute

// Binary is the path of the engine program: what LANDFALL_ENGINE names, else
// the one that was made once. Without it the test fails.
func Binary(t testing.TB) string {
	t.Helper()
	if path := os.Getenv(host.Variable); path != "" {
		return path
	}
	dir, err := tools.CacheDir(os.Getenv)
	check(t, err)
	path := filepath.Join(dir, "engine", "landfall-engine")
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the engine program is not there (%v); make it with: make engine", err)
	}
	return path
}

// Engine is an embedded engine in a folder of its own.
type Engine struct {
	Dir    string
	binary string
	flags  []string
}

// NewEngine starts an engine that is gone when the test ends.
func NewEngine(t testing.TB, flags ...string) *Engine {
	t.Helper()
	// It ends by itself when the test binary is killed and cannot end it.
	e := &Engine{Dir: filepath.Join(t.TempDir(), "engine"), binary: Binary(t), flags: append([]string{"--hours", "0.05"}, flags...)}
	t.Cleanup(func() {
		e.Kill(t)
		if log, err := os.ReadFile(filepath.Join(e.Dir, host.FileLog)); err == nil && t.Failed() {
			t.Logf("the end of the engine's log:\n%s", log[max(0, len(log)-4000):])
		}
	})
	e.Up(t)
	return e
}

// Up starts the engine unless it runs.
func (e *Engine) Up(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	_, err := host.Start(ctx, e.binary, e.Dir, e.flags...)
	check(t, err)
}

// Kill ends the engine as a power cut would, if it runs.
func (e *Engine) Kill(t testing.TB) {
	t.Helper()
	// Also while the test is ending, when its context is over.
	for end := time.Now().Add(Patience); time.Now().Before(end); time.Sleep(lookEvery / 4) {
		pid, held, err := host.Holder(e.Dir)
		check(t, err)
		if !held {
			return
		}
		if pid > 0 {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may be gone by now
		}
	}
	t.Fatal("the killed engine is not gone")
}

// PID is the process id of the engine.
func (e *Engine) PID(t testing.TB) int {
	t.Helper()
	a, err := host.Find(e.Dir)
	check(t, err)
	return a.PID
}

// Server says how workers and clients reach a server.
type Server struct {
	// Dir is the folder of an embedded engine, or of the keyring for Address.
	Dir string `json:"dir"`
	// Address is that of a server without TLS, "" for the embedded engine.
	Address string `json:"address,omitempty"`
}

// Server says how to reach the engine.
func (e *Engine) Server() Server { return Server{Dir: e.Dir} }

// Config is that of a connection.
func (s Server) Config() (host.Config, error) {
	if s.Address != "" {
		return host.Config{Address: s.Address, TLS: host.TLS{Off: true}, KeyringDir: s.Dir}, nil
	}
	a, err := host.Find(s.Dir)
	return host.Local(s.Dir, a, nil), err
}

// Connect connects when the server answers. The log, which may be nil, hears
// what the SDK has to say.
func (s Server) Connect(ctx context.Context, log *slog.Logger) (*temporal.Connection, error) {
	for {
		config, err := s.Config()
		config.Log = log
		if err == nil {
			var c *temporal.Connection
			if c, err = temporal.Connect(ctx, config); err == nil {
				return c, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(lookEvery):
		}
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
