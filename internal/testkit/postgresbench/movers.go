package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"example.com/landfall/internal/move/postgres/dump"
)

// mover is a command that carries or compares a database; SOURCE, TARGET and DIR
// stand for what they say.
type mover struct {
	name, what string
	command    []string
}

// movers end with the same: rows, indexes, constraints and the planner's statistics.
// Those that leave out the last are followed by ANALYZE, as the manual of pg_dump
// has it.
func movers(p dump.Programs, jobs int) []mover {
	n := strconv.Itoa(jobs)
	psql := filepath.Join(filepath.Dir(p.Dump), "psql") + " -q -X -v ON_ERROR_STOP=1"
	analyze := " && " + psql + " -c ANALYZE TARGET"
	sh := func(script string) []string { return []string{"sh", "-c", script} }
	all := []mover{
		{"landfall", "copy", []string{self(), "copy", "SOURCE", "TARGET", n}},
		{"pg_dump \\| psql", "copy", sh(p.Dump + " SOURCE | " + psql + " TARGET > DIR/psql.out" + analyze)},
		{"pg_dump -j, pg_restore -j", "copy", sh("rm -rf DIR/dump && " + p.Dump + " -Fd -Z0 -j " + n + " -f DIR/dump SOURCE && " + p.Restore + " -j " + n + " -d TARGET DIR/dump" + analyze)},
		{"native subscription", "copy", sh(p.Dump + " -s SOURCE | " + psql + " TARGET > DIR/psql.out && " + self() + " native SOURCE TARGET " + n + analyze)},
	}
	if path, err := exec.LookPath("pgcopydb"); err == nil {
		all = append(all, mover{"pgcopydb clone", "copy", []string{path, "clone", "--source", "SOURCE", "--target", "TARGET", "--table-jobs", n, "--index-jobs", n, "--dir", "DIR/pgcopydb", "--restart"}})
	}
	return all
}

// provers compare the rows of both databases. A pgcopydb that has no "compare data"
// is stood in for by the query that it sends for each table, source and target one
// after the other, by as many sessions as there are jobs.
func provers(p dump.Programs, jobs int) []mover {
	n := strconv.Itoa(jobs)
	all := []mover{{"landfall", "verify", []string{self(), "verify", "SOURCE", "TARGET", n}}}
	if path, err := exec.LookPath("pgcopydb"); err == nil && exec.Command(path, "compare", "data", "--help").Run() == nil {
		all = append(all, mover{"pgcopydb compare data", "verify", []string{path, "compare", "data", "--source", "SOURCE", "--target", "TARGET", "--dir", "DIR/pgcopydb", "--restart"}})
	} else {
		all = append(all, mover{"the queries of pgcopydb compare data", "verify", []string{self(), "queries", "SOURCE", "TARGET", n}})
	}
	return append(all, mover{"(ANALYZE of the copy alone)", "verify", []string{filepath.Join(filepath.Dir(p.Dump), "psql"), "-q", "-X", "-c", "ANALYZE", "TARGET"}})
}

func self() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

// measured is one run.
type measured struct {
	Set     string  `json:"set"`
	What    string  `json:"what"`
	Mover   string  `json:"mover"`
	Seconds float64 `json:"seconds"`
	// Tool, Source and Target are seconds of processor time; WAL is what the target
	// wrote and Memory what all processes of the tool held at most together, in MiB.
	Tool   float64 `json:"tool"`
	Source float64 `json:"source"`
	Target float64 `json:"target"`
	WAL    float64 `json:"wal"`
	Memory float64 `json:"memory"`
	Load   string  `json:"load"`
}

var errLate = errors.New("it takes too long")

// grace is how long a mover that takes too long has to clean up.
const grace = time.Minute

func (b *bench) measure(ctx context.Context, set string, m mover, want string) (measured, error) {
	if m.what == "copy" {
		if err := b.empty(ctx, set); err != nil {
			return measured{}, err
		}
	}
	before, err := b.spent(ctx)
	if err != nil {
		return measured{}, err
	}
	began := time.Now()
	state, memory, err := b.command(ctx, m)
	if err != nil {
		return measured{}, err
	}
	took := time.Since(began)
	after, err := b.spent(ctx)
	if err != nil {
		return measured{}, err
	}
	if got, err := b.digest(ctx, b.target, b.at); err != nil || got != want {
		return measured{}, fmt.Errorf("the copy is not what it should be: %s, not %s (%w)", got, want, err)
	}
	return measured{set, m.what, m.name, took.Seconds(), (state.UserTime() + state.SystemTime()).Seconds(),
		after.source - before.source, after.target - before.target, (after.wal - before.wal) / (1 << 20), memory, load()}, nil
}

// command executes a mover, and tells the most memory that it had. One that takes too
// long is asked to end, with all that it started.
func (b *bench) command(ctx context.Context, m mover) (*os.ProcessState, float64, error) {
	ctx, cancel := context.WithTimeout(ctx, b.limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, m.command[0], b.arguments(m)...)
	said := &strings.Builder{}
	cmd.Stderr, cmd.Stdout = said, nil
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = grace
	if err := cmd.Start(); err != nil {
		return nil, 0, err
	}
	stop := peak(cmd.Process.Pid)
	err := cmd.Wait()
	memory := stop()
	if ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, 0, errLate
	}
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %.2000s", err, said)
	}
	return cmd.ProcessState, memory, nil
}

func (b *bench) arguments(m mover) []string {
	replace := strings.NewReplacer("SOURCE", b.source.url(database), "TARGET", b.target.url(b.at), "DIR", b.servers.dir)
	var args []string
	for _, a := range m.command[1:] {
		args = append(args, replace.Replace(a))
	}
	return args
}
