package testkit_test

import (
	"bufio"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/proc"
	"example.com/landfall/internal/testkit"
)

// leaverVariable makes TestLeaver, run in a child, start servers and wait.
const leaverVariable = "LANDFALL_TESTKIT_TEST_LEAVER"

// TestLeaver is the child's side of the test below; alone it has nothing to do.
func TestLeaver(t *testing.T) {
	if os.Getenv(leaverVariable) == "" {
		return
	}
	pg, own := testkit.Postgres(t), testkit.OwnObjectStore(t)
	os.Stdout.WriteString("ready " + pg.Address + " " + own.URL + "\n")
	time.Sleep(time.Hour) // killed long before
}

// A test binary is killed with SIGKILL while a shared and an own server run:
// both are gone, and the next test binary removes what lay in the temp folder.
func TestKilledTestBinaryLeavesNothing(t *testing.T) {
	t.Parallel()
	temp := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestLeaver$")
	cmd.Env = append(os.Environ(), leaverVariable+"=1", "TMPDIR="+temp, "LANDFALL_TESTKIT_CONTROL=")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	line := ""
	for s := bufio.NewScanner(out); line == "" && s.Scan(); {
		line = s.Text()
	}
	fields := strings.Fields(line)
	if len(fields) != 3 || fields[0] != "ready" {
		t.Fatalf("the child said %q", line)
	}
	dirs, err := filepath.Glob(filepath.Join(temp, "landfall-testkit-*"))
	if err != nil || len(dirs) != 1 {
		t.Fatalf("folders of the child: %v, %v", dirs, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	testkit.Eventually(t, time.Minute, func() error {
		if proc.PortTaken(fields[1]) {
			return fault.Newf(fault.Conflict, "PostgreSQL still listens on %s", fields[1])
		}
		if res, err := http.Get(fields[2]); err == nil {
			res.Body.Close()
			return fault.Newf(fault.Conflict, "versitygw still answers on %s", fields[2])
		}
		found, err := proc.Find(context.Background(), proc.Query{Tag: filepath.Base(dirs[0])})
		if err == nil && len(found) > 0 {
			return fault.Newf(fault.Conflict, "%s is still there", found[0])
		}
		return err
	})
	next := exec.Command(os.Args[0], "-test.run", "^$")
	next.Env = append(os.Environ(), "TMPDIR="+temp, "LANDFALL_TESTKIT_CONTROL=")
	if text, err := next.CombinedOutput(); err != nil {
		t.Fatalf("the next test binary: %v\n%s", err, text)
	}
	left, err := filepath.Glob(filepath.Join(temp, "landfall-testkit-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A missing tool fails the test with the command that installs it.
func TestMissingToolNamesTheCommand(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestMotoOfOnesOwn$|^TestObjectStore$")
	cmd.Env = append(os.Environ(), "LANDFALL_CACHE="+t.TempDir(), "LANDFALL_TESTKIT_CONTROL=")
	text, err := cmd.CombinedOutput()
	if err == nil || strings.Count(string(text), "hint: landfall sandbox setup") != 2 || strings.Contains(string(text), "SKIP") {
		t.Errorf("%v\n%s", err, text)
	}
}
