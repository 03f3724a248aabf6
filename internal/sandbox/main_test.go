package sandbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/sandbox/proc"
	"example.com/landfall/internal/sandbox/tools"
)

// binVariable is the folder with the sample workload's executable, built once
// for all tests.
const binVariable = "LANDFALL_TEST_BIN"

// TestMain is also the landfall executable of these tests: Up starts it again
// with "sandbox serve".
func TestMain(m *testing.M) {
	if len(os.Args) == 7 && os.Args[1] == "sandbox" && os.Args[2] == "serve" {
		os.Exit(serve(os.Args[4]))
	}
	if os.Getenv(cliVariable) != "" {
		os.Exit(landfall())
	}
	if text := os.Getenv(upVariable); text != "" {
		os.Exit(upAlone(text))
	}
	os.Exit(runTests(m))
}

// upVariable turns the test binary into a process that calls Up with the
// options it holds, so that Up itself can be killed.
const upVariable = "LANDFALL_TEST_UP"

func upAlone(text string) int {
	var o sandbox.Options
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if _, err := sandbox.Up(context.Background(), o, nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return fault.ExitCode(err)
	}
	return 0
}

func serve(workspace string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := sandbox.Serve(ctx, sandbox.ServeOptions{Workspace: workspace, Environ: os.Environ(), Log: log}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return fault.ExitCode(err)
	}
	return 0
}

func runTests(m *testing.M) int {
	bin, err := os.MkdirTemp("", "landfall-sandbox-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(bin)
	if out, err := exec.Command("go", "build", "-o", bin+"/", "../../examples/bookshop").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the sample workload: %v\n%s", err, out)
		return 1
	}
	os.Setenv(binVariable, bin)
	return m.Run()
}

// options asks for a small sandbox in a workspace of its own. Whatever the
// test does, nothing of it runs afterwards.
func options(t *testing.T) sandbox.Options {
	t.Helper()
	cache, err := tools.CacheDir(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := os.Getenv(binVariable)
	workspace := t.TempDir()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 2*time.Minute)
		defer cancel()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(workspace, ".landfall", "sandbox", "logs", "supervisor.log"))
			t.Logf("supervisor.log:\n%s", log)
		}
		if _, err := sandbox.Down(ctx, workspace); err != nil {
			t.Errorf("down: %v", err)
		}
		if left := processes(t, ctx, workspace); len(left) > 0 {
			t.Errorf("left running: %v", left)
		}
	})
	return sandbox.Options{
		Workspace: workspace, CacheDir: cache, Exe: exe, Objects: 20, HistoryDays: 1, Seed: 7,
		Environ: append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH")),
	}
}

// processes finds what runs for the workspace, by the machine's own list and
// not by the sandbox's state.
func processes(t *testing.T, ctx context.Context, workspace string) []proc.Found {
	t.Helper()
	tag := sandbox.Tag(workspace)
	found, err := proc.Find(ctx, proc.Query{Tag: tag, Title: part.PostgresTitle(tag)})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func up(t *testing.T, o sandbox.Options) sandbox.Upped {
	t.Helper()
	log := &events{}
	got, err := sandbox.Up(t.Context(), o, log.add)
	if err != nil {
		t.Fatalf("up: %v\nhint: %s\nevents: %s", err, fault.HintOf(err), log)
	}
	return got
}

// events collects progress.
type events struct {
	mu   sync.Mutex
	list []sandbox.Event
}

func (e *events) add(one sandbox.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, one)
}

func (e *events) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var b strings.Builder
	for _, one := range e.list {
		fmt.Fprintf(&b, "%s: %s\n", one.Stage, one.Text)
	}
	return b.String()
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
