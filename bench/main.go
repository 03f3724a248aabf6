package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the flags of all verbs.
type options struct {
	dir     string
	mib     int
	seed    uint64
	runs    int
	what    string
	reader  string
	threads int
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("want a verb: generate, compare or read")
	}
	var o options
	f := flag.NewFlagSet(args[0], flag.ContinueOnError)
	f.StringVar(&o.dir, "dir", "bench-data", "folder of the generated logs")
	f.IntVar(&o.mib, "mib", 1024, "size of each kind of log, compressed, in MiB")
	f.Uint64Var(&o.seed, "seed", 1, "seed of the generator")
	f.IntVar(&o.runs, "runs", 3, "runs of each reader; the median counts")
	f.StringVar(&o.what, "what", "", "flow, trail or residual; flow and trail when empty")
	f.StringVar(&o.reader, "reader", readerOurs, "landfall, duckdb or, for residual, jq (verb read)")
	f.IntVar(&o.threads, "threads", 0, "threads of each reader; 0 means the number of processors")
	if err := f.Parse(args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "generate":
		return generate(ctx, o)
	case "compare":
		return compare(ctx, o, os.Stdout)
	case "read":
		return readOnce(ctx, o, os.Stdout)
	}
	return fmt.Errorf("unknown verb %q", args[0])
}
