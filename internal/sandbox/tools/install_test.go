package tools

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
)

// childVariable makes this test binary an installer: its value is the cache
// folder, and the arguments are names of tools ("script:STAGE" for scriptTool).
const childVariable = "LANDFALL_TOOLS_TEST_CHILD"

func TestMain(m *testing.M) {
	if cache := os.Getenv(childVariable); cache != "" {
		os.Exit(child(cache, os.Args[1:]))
	}
	os.Exit(m.Run())
}

func child(cache string, args []string) int {
	var specs []Spec
	for _, arg := range args {
		if stage, ok := strings.CutPrefix(arg, "script:"); ok {
			specs = append(specs, scriptSpec(stage))
			continue
		}
		spec, err := specOf(Name(arg))
		if err != nil {
			fmt.Println("error:", err)
			return 2
		}
		specs = append(specs, spec)
	}
	err := installAll(context.Background(), cache, specs, func(name Name, line string) { fmt.Printf("%s: %s\n", name, line) })
	if err != nil {
		fmt.Printf("error: %v\nhint: %s\n", err, fault.HintOf(err))
		return 1
	}
	return 0
}

// scriptTool is a tool that a shell script builds in many small writes. hang
// names the moment at which it stops for good: "" never, "early" after the
// first file, "late" after the last.
type scriptTool struct{ hang string }

func (s scriptTool) pins() []byte { return []byte("one") }

func (s scriptTool) command(dir string) (command, env []string) {
	return []string{filepath.Join(dir, "program")}, nil
}

func (s scriptTool) intact(dir string) error {
	_, err := os.Stat(filepath.Join(dir, "program"))
	return err
}

func (s scriptTool) build(j *job) error {
	// The process waits in the pipe of its own making, and the parent-death
	// signal ends it.
	stop := func(at string) string {
		if s.hang != at {
			return ""
		}
		return "echo $$ > ../pid; mv ../pid ../hung; mkfifo p; read line < p;"
	}
	script := "set -e; echo half > program;" + stop("early") +
		"for i in 1 2 3 4 5 6 7 8; do echo $i > file$i; done; printf '#!/bin/sh\\necho whole\\n' > program; chmod +x program; echo x >> ../builds;" + stop("late")
	return j.run(step{what: "running the script", argv: []string{"/bin/sh", "-c", script}, dir: j.dir})
}

func scriptSpec(hang string) Spec {
	return Spec{Name: "script", Version: "1", build: scriptTool{hang}}
}

func startChild(t *testing.T, cache string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), childVariable+"="+cache)
	cmd.Stderr = os.Stderr
	t.Cleanup(func() {
		if cmd.ProcessState == nil && cmd.Process != nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	return cmd
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func partials(t *testing.T, cache string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(toolsDir(cache), ".partial-*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A real process is killed with SIGKILL while its tool is half or wholly
// built: no tool is found, its installer dies too, and the next install works
// and leaves nothing of the first.
func TestKillDuringInstallLeavesNoTool(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{"early", "late"} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			cache := t.TempDir()
			hung := filepath.Join(toolsDir(cache), "hung")
			cmd := startChild(t, cache, "script:"+stage)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the installer hangs", func() bool { return exists(hung) })
			pid, err := os.ReadFile(hung)
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			eventually(t, "the installer died with its parent", func() bool {
				return !running(strings.TrimSpace(string(pid)))
			})
			if _, err := locate(cache, scriptSpec("")); !fault.Is(err, fault.Missing) {
				t.Fatalf("after the kill: locate gives %v, want missing", err)
			}
			if len(partials(t, cache)) != 1 {
				t.Fatalf("the kill came at another moment than meant: %v", partials(t, cache))
			}
			if err := installAll(context.Background(), cache, []Spec{scriptSpec("")}, nil); err != nil {
				t.Fatal(err)
			}
			wantWhole(t, cache)
			if left := partials(t, cache); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// running reports whether the process is there and not a zombie.
func running(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func wantWhole(t *testing.T, cache string) {
	t.Helper()
	tool, err := locate(cache, scriptSpec(""))
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool.Command[0]).Output()
	if err != nil || string(out) != "whole\n" {
		t.Errorf("the tool says %q, %v", out, err)
	}
}

// Four processes and four goroutines at once build the tool once.
func TestInstallsAtOnceBuildOnce(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	var wait sync.WaitGroup
	for range 4 {
		cmd := startChild(t, cache, "script:")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		wait.Go(func() {
			if err := cmd.Wait(); err != nil {
				t.Errorf("child: %v", err)
			}
		})
		wait.Go(func() {
			if err := installAll(context.Background(), cache, []Spec{scriptSpec("")}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	wantWhole(t, cache)
	builds, err := os.ReadFile(filepath.Join(toolsDir(cache), "builds"))
	if err != nil || string(builds) != "x\n" {
		t.Errorf("built %q times, want once (%v)", builds, err)
	}
}

func TestWaitingForTheLockEndsWithTheContext(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	spec := scriptSpec("")
	if err := os.MkdirAll(toolsDir(cache), 0o755); err != nil {
		t.Fatal(err)
	}
	unlock, err := lock(context.Background(), spec.lockPath(cache), func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(context.Background())
	err = installAll(ctx, cache, []Spec{spec}, func(_ Name, line string) {
		if strings.Contains(line, "waiting") {
			cancel()
		}
	})
	if !fault.Is(err, fault.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
}

func TestCancelledInstallKillsItsInstaller(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- installAll(ctx, cache, []Spec{scriptSpec("early")}, nil) }()
	hung := filepath.Join(toolsDir(cache), "hung")
	eventually(t, "the installer hangs", func() bool { return exists(hung) })
	cancel()
	if err := <-done; !fault.Is(err, fault.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
	pid, err := os.ReadFile(hung)
	if err != nil {
		t.Fatal(err)
	}
	if running(strings.TrimSpace(string(pid))) {
		t.Error("the installer still runs")
	}
	if left := partials(t, cache); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// funcTool builds with a function.
type funcTool struct {
	scriptTool
	make func(j *job) error
	pin  string
}

func (f funcTool) build(j *job) error { return f.make(j) }
func (f funcTool) pins() []byte       { return []byte(f.pin) }

func TestFailedInstallerShowsItsLastWordsAndItsLog(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	spec := Spec{Name: "sad", Version: "1", build: funcTool{make: func(j *job) error {
		return j.run(step{what: "trying", argv: []string{"/bin/sh", "-c", "echo one; echo 'no such planet'; exit 3"}})
	}}}
	var lines []string
	err := installAll(context.Background(), cache, []Spec{spec}, func(_ Name, line string) { lines = append(lines, line) })
	if err == nil || !strings.Contains(err.Error(), "no such planet") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error = %v", err)
	}
	if hint := fault.HintOf(err); !strings.Contains(hint, spec.logPath(cache)) {
		t.Errorf("hint %q does not name the log", hint)
	}
	if !slices.Contains(lines, "| one") || !slices.Contains(lines, "| no such planet") {
		t.Errorf("progress lines lack the tail: %q", lines)
	}
	if left := partials(t, cache); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestDownloadsAreTriedAgainOthersAreNot(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		download bool
		want     string
		kind     fault.Kind
	}{{true, "x\nx\n", ""}, {false, "x\n", fault.Unavailable}} {
		cache := t.TempDir()
		spec := Spec{Name: "script", Version: "1", build: funcTool{make: func(j *job) error {
			script := "echo x >> ../tries; test $(wc -l < ../tries) -gt 1 && touch program"
			return j.run(step{what: "trying", argv: []string{"/bin/sh", "-c", script}, dir: j.dir, download: c.download})
		}}}
		err := installAll(context.Background(), cache, []Spec{spec}, nil)
		if fault.KindOf(err) != c.kind {
			t.Errorf("download %v: error %v", c.download, err)
		}
		tries, _ := os.ReadFile(filepath.Join(toolsDir(cache), "tries"))
		if string(tries) != c.want {
			t.Errorf("download %v: tries %q, want %q", c.download, tries, c.want)
		}
	}
}

func TestOneFailureDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	sad := Spec{Name: "sad", Version: "1", build: funcTool{make: func(*job) error { return errors.New("no") }}}
	err := installAll(context.Background(), cache, []Spec{sad, scriptSpec("")}, nil)
	if err == nil {
		t.Error("no error")
	}
	wantWhole(t, cache)
}

// A tool made from other pins is not this tool, and is replaced.
func TestChangedPinsReplaceTheTool(t *testing.T) {
	t.Parallel()
	cache := t.TempDir()
	make := func(text string) Spec {
		return Spec{Name: "script", Version: "1", build: funcTool{pin: text, make: func(j *job) error {
			return os.WriteFile(filepath.Join(j.dir, "program"), []byte(text), 0o755)
		}}}
	}
	for _, text := range []string{"first", "second", "second"} {
		if err := installAll(context.Background(), cache, []Spec{make(text)}, nil); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(make(text).dir(cache), "program"))
		if err != nil || string(got) != text {
			t.Errorf("program = %q, %v, want %q", got, err, text)
		}
	}
	if _, err := locate(cache, make("first")); !errors.Is(err, errOtherPins) {
		t.Errorf("locate with the first pins: %v", err)
	}
}

// A folder is removed although somebody writes into it for a while longer.
func TestRemoveAllOutlastsAWriter(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "half")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	script := "i=0; while [ $i -lt 3000 ]; do echo x > $0/$i 2>/dev/null || true; i=$((i+1)); done"
	cmd := exec.Command("/bin/sh", "-c", script, dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the writer writes", func() bool { return exists(filepath.Join(dir, "50")) })
	err := removeAll(t.Context(), dir)
	if waitErr := cmd.Wait(); waitErr != nil {
		t.Fatal(waitErr)
	}
	if err != nil || exists(dir) {
		t.Errorf("%v, still there: %v", err, exists(dir))
	}
}
