package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"example.com/landfall/internal/fault"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "objectbench:", err)
		if hint := fault.HintOf(err); hint != "" {
			fmt.Fprintln(os.Stderr, "hint:", hint)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, to io.Writer) error {
	if len(args) == 0 {
		return errors.New("want a verb: run, measure or pipeline")
	}
	switch args[0] {
	case "run":
		o, err := parse(args[1:])
		if err != nil {
			return err
		}
		return compare(ctx, o, to)
	case "measure":
		return measureChild(args[1:], to)
	case "pipeline":
		return pipeline(ctx, args[1:])
	}
	return fmt.Errorf("unknown verb %q: want run, measure or pipeline", args[0])
}

// options are what a run was asked for.
type options struct {
	dir, out         string
	landfall, rclone string
	movers, parts    list
	targets, sets    list
	runs             int
	scale            float64
}

// list is a flag of words.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(text string) error {
	*l = strings.Split(text, ",")
	return nil
}

// The words of the flags.
const (
	partCopy, partMemory, partCrash = "copy", "memory", "crash"
	targetSink, targetAzurite       = "sink", "azurite"
)

func parse(args []string) (options, error) {
	o := options{
		movers: list{moverLandfall, moverRclone, moverRcloneTuned, moverAzCopy}, parts: list{partCopy, partMemory, partCrash},
		targets: list{targetSink, targetAzurite}, sets: list{setSmall, setMid, setBig},
	}
	f := flag.NewFlagSet("objectbench run", flag.ContinueOnError)
	f.StringVar(&o.dir, "dir", "", "folder for the data of the servers; a temporary one when empty")
	f.StringVar(&o.out, "out", "bench-objects.jsonl", "file that gets a JSON line for each run")
	f.StringVar(&o.landfall, "landfall", "bin/landfall", "landfall's program")
	f.StringVar(&o.rclone, "rclone", "rclone", "rclone's program")
	f.Var(&o.movers, "movers", "what is compared; the first is what the others are held against")
	f.Var(&o.parts, "parts", "copy, memory and crash")
	f.Var(&o.targets, "targets", "sink and azurite")
	f.Var(&o.sets, "sets", "small, mid and big")
	f.IntVar(&o.runs, "runs", 3, "runs of each mover; the median counts")
	f.Float64Var(&o.scale, "scale", 1, "part of the full size, for trial runs: 0.01")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unknown argument %q", f.Arg(0))
	case o.runs < 1 || o.scale <= 0 || o.scale > 1:
		return o, errors.New("want at least one run, and a scale above 0 and up to 1")
	}
	known := map[string][]string{
		"--movers": {moverLandfall, moverPipeline, moverRclone, moverRcloneTuned, moverAzCopy}, "--parts": {partCopy, partMemory, partCrash},
		"--targets": {targetSink, targetAzurite}, "--sets": {setSmall, setMid, setBig},
	}
	for name, words := range map[string]list{"--movers": o.movers, "--parts": o.parts, "--targets": o.targets, "--sets": o.sets} {
		for _, word := range words {
			if !slices.Contains(known[name], word) {
				return o, fmt.Errorf("use %s %q: want some of %s", name, word, strings.Join(known[name], ","))
			}
		}
	}
	for _, program := range []*string{&o.landfall, &o.rclone} {
		if strings.ContainsRune(*program, filepath.Separator) {
			path, err := filepath.Abs(*program)
			if err != nil {
				return o, err
			}
			*program = path
		}
	}
	return o, nil
}
