package dump

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"example.com/landfall/internal/fault"
)

// Programs are a pg_dump and the pg_restore beside it.
type Programs struct {
	Dump    string `json:"dump"`
	Restore string `json:"restore"`
	// Major is their major version.
	Major int `json:"major"`
}

// Wanted says which programs are looked for.
type Wanted struct {
	// Dir is the folder that they have to be in; "" looks where packages put them, and
	// in PATH.
	Dir string
	// Source and Target are the major versions of the servers. pg_dump refuses to read
	// from a newer server (pg_dump's page in the PostgreSQL manual, "Notes"), and its
	// own page recommends that of the server that is loaded.
	Source, Target int
}

// Find returns the programs that suit best: those of the target's version, or else
// the oldest that are not older than the source. Without any it is fault.Missing.
func Find(ctx context.Context, w Wanted) (Programs, error) {
	var found []Programs
	newest := 0
	for _, dir := range w.folders() {
		p, err := look(ctx, dir)
		if err != nil {
			return Programs{}, err
		}
		newest = max(newest, p.Major)
		if p.Major >= w.Source && p.Major > 0 {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		err := fault.Newf(fault.Missing, "find pg_dump for PostgreSQL %d", w.Source)
		if newest > 0 {
			err = fault.Newf(fault.Missing, "find pg_dump for PostgreSQL %d: the newest one here is of PostgreSQL %d, and none reads from a newer server", w.Source, newest)
		}
		return Programs{}, err.Hintf("apt-get install postgresql-client-%d, or dnf install postgresql%d", max(w.Source, w.Target), max(w.Source, w.Target))
	}
	return slices.MinFunc(found, func(a, b Programs) int {
		return cmp.Or(rank(a, w)-rank(b, w), a.Major-b.Major)
	}), nil
}

func rank(p Programs, w Wanted) int {
	if p.Major == w.Target {
		return 0
	}
	return 1
}

// folders are those to look in. Those of packages come before PATH: what Debian has
// there is a script that chooses a version by the clusters of this machine.
func (w Wanted) folders() []string {
	if w.Dir != "" {
		return []string{w.Dir}
	}
	var dirs []string
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/libpq/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/libpq/bin"} {
		more, _ := filepath.Glob(pattern) // the patterns are right: there is no other error
		dirs = append(dirs, more...)
	}
	return append(dirs, filepath.SplitList(os.Getenv("PATH"))...)
}

var version = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// look returns the programs of a folder; zero when it has none of PostgreSQL 10 or
// newer.
func look(ctx context.Context, dir string) (Programs, error) {
	p := Programs{Dump: filepath.Join(dir, "pg_dump"), Restore: filepath.Join(dir, "pg_restore")}
	for _, file := range []string{p.Dump, p.Restore} {
		if info, err := os.Stat(file); err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
			return Programs{}, nil
		}
	}
	// A program that does not run is as if it were not there.
	out, _ := exec.CommandContext(ctx, p.Dump, "--version").Output()
	if ctx.Err() != nil {
		return Programs{}, fault.Wrap(ctx.Err(), "ask for the version of", p.Dump)
	}
	m := version.FindSubmatch(out)
	if m == nil {
		return Programs{}, nil
	}
	major, err := strconv.Atoi(string(m[1]))
	if err != nil || major < 10 {
		return Programs{}, nil
	}
	p.Major = major
	return p, nil
}

// run runs a program to its end. What it says when it fails becomes the error.
func run(ctx context.Context, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(slices.Clone(env), "LC_ALL=C") // what it says is read
	said := &strings.Builder{}
	cmd.Stderr = said
	err := cmd.Run()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fault.Wrap(ctx.Err(), "run", filepath.Base(name))
	}
	if lost.MatchString(said.String()) {
		err = syscall.ECONNRESET // which the caller may try again
	}
	return &failure{filepath.Base(name), said.String(), err}
}

// lost is how libpq, and a server that ends a session, say that the connection is gone
// (sources of PostgreSQL, fe-misc.c, fe-secure.c, postgres.c). The messages are English:
// the programs run so.
var lost = regexp.MustCompile(`server closed the connection unexpectedly|connection has been closed unexpectedly|could not (receive data from|send data to) server|terminating connection due to|the database system is (starting up|shutting down)|Connection refused`)

// failure is a program that ended with an error.
type failure struct {
	program, said string
	err           error
}

// Error is the first error that the program told, without the lines before it that
// tell what it was doing.
func (f *failure) Error() string {
	for line := range strings.Lines(f.said) {
		if _, text, ok := strings.Cut(line, f.program+": error: "); ok {
			return f.program + ": " + strings.TrimSpace(text)
		}
	}
	last := strings.TrimSpace(f.said)
	return f.program + ": " + cmp.Or(last[strings.LastIndexByte(last, '\n')+1:], f.err.Error())
}

func (f *failure) Unwrap() error { return f.err }
