package tools

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"example.com/landfall/internal/fault"
)

// server makes a folder that looks like the programs of a PostgreSQL server.
func server(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"initdb", "pg_ctl"} {
		writeScript(t, filepath.Join(dir, name), "exit 0")
	}
	writeScript(t, filepath.Join(dir, "postgres"), "echo '"+version+"'")
	return dir
}

func writeScript(t *testing.T, path, body string) {
	t.Helper()
	// As testkit.WriteProgram, which stands on this package.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestNewestServerWins(t *testing.T) {
	t.Parallel()
	old := server(t, "postgres (PostgreSQL) 14.9")
	deb15 := server(t, "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)")
	pg16 := server(t, "postgres (PostgreSQL) 16.2")
	pg16b := server(t, "postgres (PostgreSQL) 16.11")
	beta := server(t, "postgres (PostgreSQL) 17beta1")
	broken := server(t, "segmentation fault")
	client := t.TempDir()
	writeScript(t, filepath.Join(client, "psql"), "exit 0")
	for _, c := range []struct {
		places  []string
		want    string
		version string
	}{
		{[]string{deb15}, deb15, "15.18"},
		{[]string{client, broken, old, deb15, deb15}, deb15, "15.18"},
		{[]string{pg16b, deb15, pg16}, pg16b, "16.11"},
		{[]string{deb15, beta, pg16}, beta, "17.0"},
	} {
		tool, err := locatePostgres(c.places)
		if err != nil || tool.Dir != c.want || tool.Version != c.version {
			t.Errorf("%v: %+v, %v, want %s", c.places, tool, err, c.want)
		}
		if err == nil && tool.Program("initdb") != filepath.Join(c.want, "initdb") {
			t.Errorf("program = %q", tool.Program("initdb"))
		}
	}
	for _, places := range [][]string{nil, {client}, {old}, {filepath.Join(client, "none")}} {
		_, err := locatePostgres(places)
		if !fault.Is(err, fault.Missing) || !strings.HasSuffix(fault.HintOf(err), setupCommand) {
			t.Errorf("%v: %v, hint %q", places, err, fault.HintOf(err))
		}
	}
	if _, err := locatePostgres([]string{old}); err == nil || !strings.Contains(err.Error(), old) {
		t.Errorf("the error does not name the server that is too old: %v", err)
	}
}

func TestPostgresPlaces(t *testing.T) {
	t.Parallel()
	places := postgresPlaces("/opt/pg/bin:relative::/usr/bin/")
	if len(places) < 2 || places[0] != "/opt/pg/bin" || places[1] != "/usr/bin" {
		t.Errorf("places = %v", places)
	}
}

// The sandbox and the test kit are of no use without the real one.
func TestRealServerIsFound(t *testing.T) {
	t.Parallel()
	tool, err := Locate(t.TempDir(), PostgreSQL)
	if err != nil {
		t.Fatalf("%v; run: %s", err, fault.HintOf(err))
	}
	if _, err := os.Stat(tool.Program("initdb")); err != nil {
		t.Error(err)
	}
}

func FuzzParsePostgresVersion(f *testing.F) {
	for _, s := range []string{"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", "postgres (PostgreSQL) 17beta1", "postgres (PostgreSQL) 9999999999999999.1", "", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		major, minor, ok := parsePostgresVersion(s)
		if !ok && (major != 0 || minor != 0) {
			t.Errorf("%q: %d.%d without ok", s, major, minor)
		}
		if ok && !strings.Contains(s, fmt.Sprint(major)) && !strings.Contains(s, fmt.Sprintf("%03d", major)) && !strings.Contains(s, fmt.Sprintf("%02d", major)) {
			t.Errorf("%q: major %d is not in it", s, major)
		}
	})
}

// aptTest puts an apt-get of ours on PATH. It changes the environment, so the
// tests that use it are not parallel.
func aptTest(t *testing.T, body string) (log string) {
	t.Helper()
	bin := t.TempDir()
	log = filepath.Join(t.TempDir(), "apt.log")
	writeScript(t, filepath.Join(bin, "apt-get"), `echo "$DEBIAN_FRONTEND $*" >> `+log+"\n"+body)
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	return log
}

func aptJob(t *testing.T) *job {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "install.log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	spec, err := specOf(PostgreSQL)
	if err != nil {
		t.Fatal(err)
	}
	return &job{ctx: t.Context(), spec: spec, log: f, say: func(string, ...any) {}}
}

// While the package is installed, Debian is told not to start a server of its
// own; afterwards nothing of that is left.
func TestPostgresFromDebian(t *testing.T) {
	common := t.TempDir()
	dir := server(t, "postgres (PostgreSQL) 15.1")
	log := aptTest(t, "cat "+common+"/createcluster.d/*.conf > "+common+"/seen")
	installed := false
	err := installPostgres(aptJob(t), postgresSystem{
		places:    func() []string { installed = true; return []string{dir} },
		root:      true,
		commonDir: common,
	})
	if err != nil || !installed {
		t.Fatal(err)
	}
	calls, err := os.ReadFile(log)
	if err != nil || !strings.Contains(string(calls), "noninteractive") || !strings.Contains(string(calls), "install -y --no-install-recommends postgresql\n") {
		t.Errorf("apt-get was called with %q, %v", calls, err)
	}
	seen, err := os.ReadFile(filepath.Join(common, "seen"))
	if err != nil || !strings.Contains(string(seen), "create_main_cluster = false") {
		t.Errorf("the package saw %q, %v", seen, err)
	}
	left, err := os.ReadDir(filepath.Join(common, "createcluster.d"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// Without root nothing is installed, and the hint says what to type.
func TestPostgresWithoutRoot(t *testing.T) {
	log := aptTest(t, "exit 1")
	err := installPostgres(aptJob(t), postgresSystem{places: func() []string { return nil }, commonDir: t.TempDir()})
	if !fault.Is(err, fault.Missing) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(log); !errors.Is(err, os.ErrNotExist) {
		t.Error("apt-get was called")
	}
}
