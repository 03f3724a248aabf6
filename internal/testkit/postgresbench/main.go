package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/dump"
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
	limit       time.Duration
	rate, load  int
}

func run(ctx context.Context, args []string, to io.Writer) error {
	if len(args) > 0 {
		if do := children()[args[0]]; do != nil {
			return do(ctx, args[1:])
		}
	}
	var o options
	flags := flag.NewFlagSet("postgresbench", flag.ContinueOnError)
	flags.StringVar(&o.dir, "dir", "", "folder for the servers' data; a temporary one if empty")
	flags.StringVar(&o.out, "out", "", "file that a line of JSON for each run is added to")
	flags.StringVar(&o.sets, "sets", "pgbench,many,wide", "data sets: pgbench, many (small tables), wide (rows with many indexes)")
	flags.IntVar(&o.scale, "scale", 10, "scale of pgbench: 100,000 rows each; the other sets grow with it")
	flags.IntVar(&o.runs, "runs", 3, "runs of each mover")
	flags.IntVar(&o.jobs, "jobs", 2, "jobs of each mover")
	flags.DurationVar(&o.limit, "limit", 15*time.Minute, "how long one run may take; a mover that takes longer is left out of the set")
	flags.IntVar(&o.rate, "rate", 300, "transactions a second of pgbench while the lag is measured; 0 leaves that out")
	flags.IntVar(&o.load, "load", 30, "seconds of that load")
	if err := flags.Parse(args); err != nil {
		return err
	}
	return compare(ctx, o, to)
}

// compare makes each data set and lets each mover carry it, in turns; then each
// prover compares the copy with its source, and the lag is measured under load.
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
	b := &bench{options: o, servers: s, programs: programs, to: to}
	fmt.Fprintf(to, "%d processors, load %s, scale %d, medians of %d runs in turns\n", runtime.NumCPU(), load(), o.scale, o.runs)
	for set := range strings.SplitSeq(o.sets, ",") {
		if err := b.set(ctx, set); err != nil {
			return err
		}
	}
	return nil
}

// load is that of the machine, as Linux tells it.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:1], " ")
}

// bench is one comparison.
type bench struct {
	options
	*servers
	programs dump.Programs
	to       io.Writer
	all      []measured
}

func (b *bench) set(ctx context.Context, set string) error {
	if err := b.fill(ctx, set, b.scale); err != nil {
		return fmt.Errorf("make data set %s: %w", set, err)
	}
	want, err := b.digest(ctx, b.source, database)
	if err != nil {
		return err
	}
	if err := b.turns(ctx, set, movers(b.programs, b.jobs), want); err != nil {
		return err
	}
	fmt.Fprint(b.to, table("copy of "+set, b.of(set, "copy")))
	if err := b.turns(ctx, set, provers(b.programs, b.jobs), want); err != nil {
		return err
	}
	fmt.Fprint(b.to, table("rows of "+set+" compared", b.of(set, "verify")))
	if set == "pgbench" && b.rate > 0 {
		if err := b.lags(ctx, set); err != nil {
			return err
		}
	}
	return b.clear(ctx)
}

func (b *bench) of(set, what string) []measured {
	var out []measured
	for _, m := range b.all {
		if m.Set == set && m.What == what {
			out = append(out, m)
		}
	}
	return out
}

// turns lets each mover do its work, one after the other, as often as there are runs.
func (b *bench) turns(ctx context.Context, set string, movers []mover, want string) error {
	late := map[string]bool{}
	for range b.runs {
		for _, m := range movers {
			if late[m.name] {
				continue
			}
			one, err := b.measure(ctx, set, m, want)
			if errors.Is(err, errLate) {
				late[m.name] = true
				fmt.Fprintf(b.to, "%s of %s: longer than %s\n", m.name, set, b.limit)
				continue
			}
			if err != nil {
				return fmt.Errorf("%s of %s: %w", m.name, set, err)
			}
			b.all = append(b.all, one)
			if err := keep(b.out, one); err != nil {
				return err
			}
		}
	}
	return nil
}

func keep(file string, m any) error {
	if file == "" {
		return nil
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(f).Encode(m), f.Close())
}
