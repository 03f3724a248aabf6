package cli_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/cli"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/wire"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// landfall runs one command line in-process, as main does.
func landfall(t *testing.T, dir string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = cli.Main(context.Background(), cli.Streams{
		In: strings.NewReader(""), Out: &out, Err: &err, Dir: dir, Now: time.Now, User: "tester", Version: "test",
		Getenv: func(name string) (string, bool) {
			v, ok := map[string]string{"HOME": dir}[name]
			return v, ok
		},
	}, wire.Build, args)
	return code, out.String(), err.String()
}

// On a full disk "init" says so in one line with the documented exit code, and
// leaves no landfall.yaml, whole or half, and no temporary file.
func TestInitOnAFullDisk(t *testing.T) {
	testkit.FullDisk(t, 0, func(dir string) {
		code, stdout, stderr := landfall(t, dir, "init", "shop", "--workspace", filepath.Join(dir, "w"))
		if code != 11 || stdout != "" {
			t.Errorf("exit code %d, stdout %q; want 11 and nothing", code, stdout)
		}
		if lines := strings.Split(strings.TrimSpace(stderr), "\n"); !strings.Contains(lines[0], "no space left") || len(lines) > 2 {
			t.Errorf("stderr %q; want one line that says there is no space, and perhaps a hint", stderr)
		}
		left, err := os.ReadDir(filepath.Join(dir, "w"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
		for _, entry := range left {
			t.Errorf("left %s", entry.Name())
		}
	})
}

// An init whose ledger entry cannot be written takes landfall.yaml back, so
// that running it again, when there is room, is all that is to be done.
func TestInitThatCannotRecordCanBeRepeated(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// A file where the private folder should be.
	if err := os.WriteFile(filepath.Join(dir, ".landfall"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := landfall(t, dir, "init", "shop"); code == 0 {
		t.Fatalf("init made a workspace without a ledger: %s", stderr)
	}
	if err := os.Remove(filepath.Join(dir, ".landfall")); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := landfall(t, dir, "init", "shop"); code != 0 {
		t.Errorf("the second init ended with %d: %s", code, stderr)
	}
}

// A closed output (a pager that was quit) is an error and no panic.
func TestResultThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	var errs bytes.Buffer
	code := cli.Main(context.Background(), cli.Streams{
		Out: failing{}, Err: &errs, Dir: t.TempDir(), Now: time.Now,
		Getenv: func(string) (string, bool) { return "", false },
	}, wire.Build, []string{"doctor", "--json"})
	if code == 0 || !strings.Contains(errs.String(), "write result") {
		t.Errorf("exit code %d, %q; want an error that says the result was not written", code, errs.String())
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, fs.ErrClosed }
