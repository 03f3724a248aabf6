package testkit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
)

// What the parent tells a child, by environment.
const (
	bodyVariable   = "LANDFALL_TESTKIT_BODY"
	dirVariable    = "LANDFALL_TESTKIT_DIR"
	killVariable   = "LANDFALL_TESTKIT_KILL"
	pointsVariable = "LANDFALL_TESTKIT_POINTS"
)

const (
	// childWithin bounds a child that the caller does not bound.
	childWithin = time.Minute
	// maxPoints bounds a crash matrix; a body that passes more is to be cut.
	maxPoints = 500
	// maxChildOutput of a child is kept: its end.
	maxChildOutput = 64 << 10
)

// Body is a piece of work that a child process of the test binary does, so
// that it can be killed in the middle. Main is told all bodies of a package.
type Body struct {
	Name string
	Run  func(ctx context.Context, c Child) error
}

// Child is what a Body knows of its run.
type Child struct {
	// Dir is its folder; what it leaves there is what a crash leaves.
	Dir   string
	point func(name string)
}

// Point says that the body has come to a named point, where the harness may
// kill it. It has the form of a hook, so that code under test can call it.
// It may be called concurrently.
func (c Child) Point(name string) { c.point(name) }

// Point is one passing of a named point: the first has Hit 1.
type Point struct {
	Name string
	Hit  int
}

// String is "name#hit".
func (p Point) String() string { return p.Name + "#" + strconv.Itoa(p.Hit) }

// Crash describes one run of a body in a child process.
type Crash struct {
	Body string
	Dir  string
	// Env is added to the environment of the test binary.
	Env []string
	// At is where the child is killed; After, when. Zero for neither.
	At    Point
	After time.Duration
	// Within bounds the run; a minute when 0.
	Within time.Duration
}

// Outcome is how a child ended.
type Outcome struct {
	// Killed is true when SIGKILL ended it: the harness's, since nobody else sends it.
	Killed   bool
	ExitCode int
	// Output is the end of what it wrote to stdout and stderr.
	Output string
	// Points are those it passed, in order.
	Points []Point
}

// runBody is the child's side.
func runBody(name string, bodies []Body) int {
	for _, b := range bodies {
		if b.Name != name {
			continue
		}
		c := Child{Dir: os.Getenv(dirVariable), point: pointHook(os.Getenv(pointsVariable), os.Getenv(killVariable))}
		if err := b.Run(context.Background(), c); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return fault.ExitCode(err)
		}
		return 0
	}
	fmt.Fprintf(os.Stderr, "testkit: no body %q was given to Main\n", name)
	return 2
}

// pointHook returns a hook that notes every point in the file and kills this
// process at the one that was chosen.
func pointHook(file, kill string) func(name string) {
	var mu sync.Mutex
	hits := map[string]int{}
	return func(name string) {
		mu.Lock()
		defer mu.Unlock()
		hits[name]++
		if err := appendLine(file, name); err != nil {
			fmt.Fprintln(os.Stderr, "testkit: note point:", err)
			os.Exit(2)
		}
		if (Point{name, hits[name]}).String() != kill {
			return
		}
		// Not os.Exit: nothing of the process may get a chance to tidy up.
		if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
			fmt.Fprintln(os.Stderr, "testkit: kill:", err)
			os.Exit(2)
		}
		select {}
	}
}

func appendLine(file, line string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line + "\n")
	return errors.Join(err, f.Close())
}

// Run runs a body in a child process and returns how it ended. A child that
// is not done in time is killed and fails the test.
func (c Crash) Run(t testing.TB) Outcome {
	t.Helper()
	points := filepath.Join(t.TempDir(), "points")
	within := c.Within
	if within == 0 {
		within = childWithin
	}
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	cmd := exec.CommandContext(ctx, testBinary(t))
	cmd.Env = append(append(os.Environ(), c.Env...), bodyVariable+"="+c.Body, dirVariable+"="+c.Dir, pointsVariable+"="+points)
	if c.At.Name != "" {
		cmd.Env = append(cmd.Env, killVariable+"="+c.At.String())
	}
	output := &tail{}
	cmd.Stdout, cmd.Stderr = output, output
	cmd.WaitDelay = time.Second
	err := runBound(cmd, c.After)
	if ctx.Err() != nil {
		t.Fatalf("the child %q was not done within %s:\n%s", c.Body, within, output)
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok && err != nil {
		check(t, err)
	} else if ok && !exit.Exited() && signalOf(exit) != syscall.SIGKILL {
		t.Fatalf("the child %q ended by %s:\n%s", c.Body, exit, output)
	}
	state := cmd.ProcessState
	return Outcome{Killed: !state.Exited(), ExitCode: state.ExitCode(), Output: output.String(), Points: readPoints(t, points)}
}

func signalOf(e *exec.ExitError) syscall.Signal {
	status, ok := e.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return 0
	}
	return status.Signal()
}

// runBound runs the command, which dies with this process, and kills it after
// the time, if there is one.
func runBound(cmd *exec.Cmd, after time.Duration) error {
	// The parent-death signal follows the thread that starts the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	bindToParent(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	if after > 0 {
		timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) // it may have ended just now
		defer timer.Stop()
	}
	return cmd.Wait()
}

func readPoints(t testing.TB, file string) []Point {
	t.Helper()
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	check(t, err)
	hits := map[string]int{}
	var points []Point
	for name := range strings.Lines(string(b)) {
		name = strings.TrimSuffix(name, "\n")
		hits[name]++
		points = append(points, Point{name, hits[name]})
	}
	return points
}

// CrashMatrix runs a body once to the end and then, each time in a new folder,
// kills it at every point it passed and runs it again to the end. verify is
// called after every run to the end; it must find the same each time.
func CrashMatrix(t *testing.T, body string, verify func(t *testing.T, dir string)) {
	t.Helper()
	whole := Crash{Body: body, Dir: t.TempDir()}
	outcome := whole.Run(t)
	mustEnd(t, outcome)
	verify(t, whole.Dir)
	if len(outcome.Points) == 0 || len(outcome.Points) > maxPoints {
		t.Fatalf("the body %q passed %d points, want 1 to %d", body, len(outcome.Points), maxPoints)
	}
	for _, p := range outcome.Points {
		t.Run("killed at "+p.String(), func(t *testing.T) {
			c := Crash{Body: body, Dir: t.TempDir(), At: p}
			if killed := c.Run(t); !killed.Killed {
				t.Fatalf("it was not killed: exit code %d\n%s", killed.ExitCode, killed.Output)
			}
			c.At = Point{}
			mustEnd(t, c.Run(t))
			verify(t, c.Dir)
		})
	}
}

func mustEnd(t testing.TB, o Outcome) {
	t.Helper()
	if o.Killed || o.ExitCode != 0 {
		t.Fatalf("the child did not end well: exit code %d\n%s", o.ExitCode, o.Output)
	}
}

func testBinary(t testing.TB) string {
	t.Helper()
	path, err := os.Executable()
	check(t, err)
	return path
}

// tail keeps the end of what is written.
type tail struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *tail) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.b.Write(p)
	if over := w.b.Len() - maxChildOutput; over > 0 {
		w.b.Next(over)
	}
	return len(p), nil
}

func (w *tail) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}
