package proc_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/proc"
)

// timeout is a context that outlives the test's own, for cleaning up.
func timeout(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), d)
	t.Cleanup(cancel)
	return ctx
}

func TestStopKillsAChildThatIgnoresTheRequest(t *testing.T) {
	t.Parallel()
	c, spec := start(t, `trap '' TERM; echo ready; while :; do sleep 0.01; done`, func(s *proc.Spec) { s.Grace = 50 * time.Millisecond })
	eventually(t, "the child is ready", fileHolds(spec.Log, "ready\n"))
	if err := c.Stop(t.Context()); err != nil {
		t.Fatalf("stop: %v", err)
	}
	if c.Running() || c.Identity().Alive() {
		t.Error("the child runs after Stop")
	}
	if err := c.Err(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("Err = %v, want killed", err)
	}
	if err := c.Stop(t.Context()); err != nil {
		t.Errorf("stopping twice: %v", err)
	}
}

func TestStopLetsAChildFinishItsWork(t *testing.T) {
	t.Parallel()
	c, spec := start(t, `trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done`, nil)
	eventually(t, "the child is ready", fileHolds(spec.Log, "ready\n"))
	if err := c.Stop(t.Context()); err != nil {
		t.Fatalf("stop: %v", err)
	}
	if err := c.Err(); err != nil {
		t.Errorf("Err = %v after an orderly end", err)
	}
	if proc.Tail(spec.Log, 1) != "bye" {
		t.Errorf("log = %q", proc.Tail(spec.Log, 5))
	}
}

// A cancelled caller does not wait the whole grace, and still leaves nothing.
func TestStopHonoursItsContext(t *testing.T) {
	t.Parallel()
	c, spec := start(t, `trap '' TERM; echo ready; while :; do sleep 0.01; done`, func(s *proc.Spec) { s.Grace = time.Hour })
	eventually(t, "the child is ready", fileHolds(spec.Log, "ready\n"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Stop(ctx); err != nil {
		t.Fatalf("stop: %v", err)
	}
	if c.Running() {
		t.Error("the child runs after Stop")
	}
}

// Grandchildren are found whether they stay in the group, leave it for a
// session of their own, or outlive the child that started them.
func TestNothingOfAChildIsLeft(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]string{"stopped": "wait", "ended by itself": "exit 3"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, spec := start(t, `sleep 300 & setsid sleep 300 & (setsid sh -c 'sleep 300; true' &) ; echo ready; `+end, nil)
			eventually(t, "ready", fileHolds(spec.Log, "ready\n"))
			if end == "wait" {
				// The shell is ready before its descendants have begun.
				eventually(t, "the child and its three kinds of descendants", func() bool {
					found, err := proc.Find(t.Context(), proc.Query{Tag: spec.Tag})
					return err == nil && len(found) >= 4
				})
			} else {
				<-c.Done()
			}
			if err := c.Stop(t.Context()); err != nil {
				t.Fatalf("stop: %v", err)
			}
			found, err := proc.Find(t.Context(), proc.Query{Tag: spec.Tag})
			if err != nil || len(found) != 0 {
				t.Errorf("left: %v, %v", found, err)
			}
		})
	}
}

// A state file may name a process whose number belongs to another one by now.
func TestAnotherProcessWithTheSameNumberIsLeftAlone(t *testing.T) {
	t.Parallel()
	c, _ := start(t, `sleep 300`, nil)
	recycled := c.Identity()
	recycled.Start = "an earlier process"
	if recycled.Alive() {
		t.Error("the earlier process counts as alive")
	}
	if err := recycled.Signal(syscall.SIGKILL); !fault.Is(err, fault.NotFound) {
		t.Errorf("Signal = %v, want not found", err)
	}
	if !c.Identity().Alive() {
		t.Error("the later process was killed")
	}
	if got, err := proc.Identify(c.Identity().PID); err != nil || got != c.Identity() {
		t.Errorf("Identify = %v, %v, want %v", got, err, c.Identity())
	}
}

func TestIdentifyADeadProcess(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// Not collected: the number is taken, the process is dead all the same.
	eventually(t, "the process counts as gone", func() bool {
		_, err := proc.Identify(cmd.Process.Pid)
		return fault.Is(err, fault.NotFound)
	})
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range []int{0, -1, cmd.Process.Pid} {
		if _, err := proc.Identify(pid); !fault.Is(err, fault.NotFound) {
			t.Errorf("Identify(%d) = %v, want not found", pid, err)
		}
	}
}

// The parent is killed as a crash would: its child goes with it by the death
// signal, the grandchild in another session stays, and Sweep finds it.
func TestSweepAfterTheParentWasKilled(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "killed-"+strconv.Itoa(os.Getpid()))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	parent := exec.Command(exe)
	parent.Env = append(os.Environ(), parentVariable+"="+dir)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var grandchild int
	eventually(t, "the grandchild runs", func() bool {
		raw, _ := os.ReadFile(filepath.Join(dir, "grandchild"))
		grandchild, _ = strconv.Atoi(strings.TrimSpace(string(raw)))
		return grandchild > 0
	})
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := parent.Wait(); err == nil {
		t.Error("the parent ended by itself")
	}
	query := proc.Query{Tag: filepath.Base(dir)}
	eventually(t, "the child died with its parent", func() bool {
		found, err := proc.Find(t.Context(), query)
		return err == nil && len(found) == 1 && found[0].PID == grandchild
	})
	killed, err := proc.Sweep(t.Context(), query)
	if err != nil || len(killed) != 1 || killed[0].PID != grandchild || killed[0].Part != "nested" {
		t.Errorf("Sweep = %v, %v; want the grandchild %d", killed, err, grandchild)
	}
	if killed, err := proc.Sweep(t.Context(), query); err != nil || len(killed) != 0 {
		t.Errorf("sweeping twice = %v, %v", killed, err)
	}
}

func TestFindIsNarrow(t *testing.T) {
	t.Parallel()
	c, spec := start(t, `exec sleep 300`, nil)
	for name, q := range map[string]proc.Query{
		"another tag":          {Tag: spec.Tag + "x"},
		"a shorter tag":        {Tag: spec.Tag[:len(spec.Tag)-1]},
		"another part":         {Tag: spec.Tag, Part: "other"},
		"a title in the midst": {Tag: "nobody", Title: "leep 300"},
	} {
		if found, err := proc.Find(t.Context(), q); err != nil || len(found) != 0 {
			t.Errorf("%s: Find = %v, %v", name, found, err)
		}
	}
	eventually(t, "the shell became sleep", func() bool {
		found, err := proc.Find(t.Context(), proc.Query{Tag: spec.Tag, Part: "script"})
		return err == nil && len(found) == 1 && found[0].Name == "sleep" && found[0].Identity == c.Identity()
	})
	if _, err := proc.Find(t.Context(), proc.Query{}); err == nil {
		t.Error("a query without a tag means every process of the machine")
	}
}

// A process that wrote its title over its environment is known by the title.
func TestFindByTitle(t *testing.T) {
	t.Parallel()
	title := "landfall-title-" + strconv.Itoa(os.Getpid())
	cmd := exec.Command("/bin/sleep", "300")
	cmd.Args[0] = title
	cmd.Env = []string{}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	killed, err := proc.Sweep(t.Context(), proc.Query{Tag: title, Title: title})
	if err != nil || len(killed) != 1 || killed[0].PID != cmd.Process.Pid {
		t.Errorf("Sweep = %v, %v", killed, err)
		cmd.Process.Kill()
	}
}

func TestSweepSparesItsCaller(t *testing.T) {
	t.Parallel()
	// The shell's child asks for a sweep of the tag both carry: neither dies.
	dir := t.TempDir()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", `"$0" -test.run '^TestSweepOwnTag$' -test.v; echo shell lives`, exe)
	cmd.Env = append(os.Environ(), proc.TagVariable+"=own-"+filepath.Base(dir))
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "PASS: TestSweepOwnTag") || !strings.HasSuffix(string(out), "shell lives\n") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestSweepOwnTag does its work when TestSweepSparesItsCaller runs it with a
// tag; alone it sweeps a tag nobody has.
func TestSweepOwnTag(t *testing.T) {
	t.Parallel()
	tag := os.Getenv(proc.TagVariable)
	if tag == "" {
		tag = "nobody-has-this-tag"
	}
	if killed, err := proc.Sweep(t.Context(), proc.Query{Tag: tag}); err != nil || len(killed) != 0 {
		t.Errorf("Sweep = %v, %v", killed, err)
	}
}

func TestEnvironmentOfAChild(t *testing.T) {
	t.Parallel()
	_, spec := start(t, `env | sort`, func(s *proc.Spec) {
		s.Environ = append(proc.BaseEnviron([]string{"PATH=/usr/bin:/bin", "AWS_PROFILE=prod", "PGHOST=prod", "TZ=UTC"}), "X=1", proc.TagVariable+"=other")
	})
	want := "LANDFALL_SANDBOX=" + spec.Tag + " | LANDFALL_SANDBOX_PART=script | PATH=/usr/bin:/bin | PWD=" + spec.Dir + " | TZ=UTC | X=1"
	eventually(t, "the environment is printed", func() bool { return proc.Tail(spec.Log, 20) == want })
}

func TestStartErrors(t *testing.T) {
	t.Parallel()
	s := proc.NewStarter()
	dir := t.TempDir()
	spec := proc.Spec{Tag: "t", Part: "p", Path: filepath.Join(dir, "absent"), Dir: dir, Log: filepath.Join(dir, "log")}
	if _, err := s.Start(spec); !fault.Is(err, fault.Missing) {
		t.Errorf("absent program: %v", err)
	}
	spec.Log = filepath.Join(dir, "no", "log")
	if _, err := s.Start(spec); !fault.Is(err, fault.NotFound) {
		t.Errorf("absent log folder: %v", err)
	}
	spec.Log, spec.Tag = filepath.Join(dir, "log"), ""
	if _, err := s.Start(spec); !fault.Is(err, fault.Internal) {
		t.Errorf("no tag: %v", err)
	}
	spec.Tag, spec.Path = "t", "/bin/true"
	s.Close()
	s.Close()
	if _, err := s.Start(spec); err == nil {
		t.Error("a closed starter starts")
	}
}

// Closing the starter is what a crash of this process does to its children.
func TestChildrenDieWithTheStarter(t *testing.T) {
	t.Parallel()
	s := proc.NewStarter()
	dir := t.TempDir()
	c, err := s.Start(proc.Spec{Tag: "close-" + filepath.Base(dir), Part: "p", Path: "/bin/sleep", Args: []string{"300"}, Dir: dir, Log: filepath.Join(dir, "log")})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	select {
	case <-c.Done():
	case <-time.After(20 * time.Second):
		t.Error("the child outlived the thread that started it")
	}
}

func TestRunAsAnOrdinaryUser(t *testing.T) {
	t.Parallel()
	as, err := proc.Unprivileged(t.Context(), "postgres")
	if err != nil {
		t.Fatalf("unprivileged: %v", err)
	}
	c, spec := start(t, `id -u; trap '' TERM; echo ready; sleep 300`, func(s *proc.Spec) { s.As, s.Grace = as, 50*time.Millisecond })
	eventually(t, "the child is ready", func() bool { return strings.HasSuffix(proc.Tail(spec.Log, 2), "ready") })
	if first, _, _ := strings.Cut(proc.Tail(spec.Log, 2), " "); first == "0" {
		t.Error("the child runs as root")
	}
	if err := c.Stop(t.Context()); err != nil {
		t.Errorf("stop: %v", err)
	}
	if got := c.Identity().Memory(t.Context()); got != 0 {
		t.Errorf("memory of a dead process = %d", got)
	}
}
