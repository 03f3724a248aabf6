package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/base"
	"example.com/landfall/internal/move/postgres/dump"
	"example.com/landfall/internal/move/postgres/pg"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "postgresbench:", err)
		if hint := fault.HintOf(err); hint != "" {
			fmt.Fprintln(os.Stderr, "hint:", hint)
		}
		os.Exit(1)
	}
}

// options are what a comparison was asked for.
type options struct {
	dir, out    string
	sets        string
	scale, runs int
	jobs        int
}

func run(ctx context.Context, args []string, to io.Writer) error {
	if len(args) > 0 && args[0] == "copy" {
		return copyOnce(ctx, args[1:])
	}
	var o options
	flags := flag.NewFlagSet("postgresbench", flag.ContinueOnError)
	flags.StringVar(&o.dir, "dir", "", "folder for the servers' data; a temporary one if empty")
	flags.StringVar(&o.out, "out", "", "file that a line of JSON for each run is added to")
	flags.StringVar(&o.sets, "sets", "pgbench,many,wide", "data sets: pgbench, many (small tables), wide (rows with many indexes)")
	flags.IntVar(&o.scale, "scale", 10, "scale of pgbench: 100,000 rows each; the other sets grow with it")
	flags.IntVar(&o.runs, "runs", 3, "runs of each mover")
	flags.IntVar(&o.jobs, "jobs", 2, "jobs of each mover")
	if err := flags.Parse(args); err != nil {
		return err
	}
	return compare(ctx, o, to)
}

// copyOnce is the child that is measured: SOURCE TARGET JOBS.
func copyOnce(ctx context.Context, args []string) error {
	if len(args) != 3 {
		return errors.New("want copy SOURCE TARGET JOBS")
	}
	source, err := pg.Parse(args[0])
	if err != nil {
		return err
	}
	target, err := pg.Parse(args[1])
	if err != nil {
		return err
	}
	jobs, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	run := make([]byte, 4)
	if _, err := rand.Read(run); err != nil {
		return err
	}
	b, err := base.Open(ctx, base.Options{Source: source, Target: target, Run: hex.EncodeToString(run), Jobs: jobs, IndexJobs: jobs})
	if err != nil {
		return err
	}
	r, err := b.Copy(ctx)
	b.Close()
	left, cleaned := base.Clean(ctx, source, target, hex.EncodeToString(run))
	if len(left) > 0 {
		cleaned = errors.Join(cleaned, fmt.Errorf("left over: %+v", left))
	}
	return errors.Join(err, r.Err(), cleaned)
}

// compare makes each data set and lets each mover carry it, in turns.
func compare(ctx context.Context, o options, to io.Writer) (err error) {
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "landfall-postgresbench-"); err != nil {
			return err
		}
		defer os.RemoveAll(o.dir)
	}
	programs, err := dump.Find(ctx, dump.Wanted{})
	if err != nil {
		return err
	}
	s, err := start(ctx, o.dir, filepath.Dir(programs.Dump))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	var all []measured
	for set := range strings.SplitSeq(o.sets, ",") {
		if err := s.fill(ctx, set, o.scale); err != nil {
			return fmt.Errorf("make data set %s: %w", set, err)
		}
		want, err := s.digest(ctx, s.source)
		if err != nil {
			return err
		}
		for range o.runs {
			for _, m := range movers(programs, o.jobs) {
				one, err := s.measure(ctx, set, m, want)
				if err != nil {
					return fmt.Errorf("%s of %s: %w", m.name, set, err)
				}
				all = append(all, one)
				if err := keep(o.out, one); err != nil {
					return err
				}
			}
		}
		fmt.Fprint(to, table(set, all))
	}
	return nil
}

func keep(file string, m measured) error {
	if file == "" {
		return nil
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(f).Encode(m), f.Close())
}

// mover is a command that carries a database; SOURCE, TARGET and DIR stand for what
// they say.
type mover struct {
	name    string
	command []string
}

func movers(p dump.Programs, jobs int) []mover {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	n := strconv.Itoa(jobs)
	psql := filepath.Join(filepath.Dir(p.Dump), "psql")
	all := []mover{
		{"landfall", []string{self, "copy", "SOURCE", "TARGET", n}},
		{"pg_dump | psql", []string{"sh", "-c", p.Dump + " SOURCE | " + psql + " -q -X -v ON_ERROR_STOP=1 TARGET > DIR/psql.out"}},
		{"pg_dump -j | pg_restore -j", []string{"sh", "-c", "rm -rf DIR/dump && " + p.Dump + " -Fd -Z0 -j " + n + " -f DIR/dump SOURCE && " + p.Restore + " -j " + n + " -d TARGET DIR/dump"}},
	}
	if path, err := exec.LookPath("pgcopydb"); err == nil {
		all = append(all, mover{"pgcopydb clone", []string{path, "clone", "--source", "SOURCE", "--target", "TARGET", "--table-jobs", n, "--index-jobs", n, "--dir", "DIR/pgcopydb", "--restart"}})
	}
	return all
}

// measured is one run.
type measured struct {
	Set     string  `json:"set"`
	Mover   string  `json:"mover"`
	Seconds float64 `json:"seconds"`
	// Tool, Source and Target are seconds of processor time; WAL is what the target
	// wrote, in MiB.
	Tool   float64 `json:"tool"`
	Source float64 `json:"source"`
	Target float64 `json:"target"`
	WAL    float64 `json:"wal"`
}

func (s *servers) measure(ctx context.Context, set string, m mover, want string) (measured, error) {
	if err := s.empty(ctx); err != nil {
		return measured{}, err
	}
	replace := strings.NewReplacer("SOURCE", s.source.url(database), "TARGET", s.target.url(database), "DIR", s.dir)
	var args []string
	for _, a := range m.command {
		args = append(args, replace.Replace(a))
	}
	before, err := s.spent(ctx)
	if err != nil {
		return measured{}, err
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	said := &strings.Builder{}
	cmd.Stderr = said
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return measured{}, fmt.Errorf("%w: %.2000s", err, said)
	}
	took := time.Since(began)
	after, err := s.spent(ctx)
	if err != nil {
		return measured{}, err
	}
	if got, err := s.digest(ctx, s.target); err != nil || got != want {
		return measured{}, fmt.Errorf("the copy is not what it should be: %s, not %s (%w)", got, want, err)
	}
	return measured{set, m.name, took.Seconds(), (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(),
		after.source - before.source, after.target - before.target, (after.wal - before.wal) / (1 << 20)}, nil
}

// empty makes the target's database anew, and settles both servers.
func (s *servers) empty(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.target.url("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + database + " WITH (FORCE)", "CREATE DATABASE " + database, "CHECKPOINT"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}
