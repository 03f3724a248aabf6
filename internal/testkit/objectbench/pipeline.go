package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"

	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/blob"
	"example.com/landfall/internal/move/objects/s3"
)

// The variables that tell the verb pipeline what is secret.
const (
	keyVariable, secretVariable, accountVariable = "OBJECTBENCH_KEY", "OBJECTBENCH_SECRET", "OBJECTBENCH_ACCOUNT_KEY"
)

// profileVariable names a folder for profiles of the verb pipeline.
const profileVariable = "OBJECTBENCH_PROFILES"

func (m mover) pipeline(w work) command {
	return command{
		path: m.path, args: []string{"pipeline", "--from", w.store.url, "--bucket", w.bucket, "--to", w.to.url + "/" + w.to.container, "--folder", w.folder}, dir: w.folder,
		env: []string{keyVariable + "=" + w.store.key, secretVariable + "=" + w.store.secret, accountVariable + "=" + w.to.key, childVariable + "=1"},
	}
}

// pipeline is the verb of that name: one pass with nothing around it.
func pipeline(ctx context.Context, args []string) (err error) {
	var from, bucket, to, folder string
	f := flag.NewFlagSet("pipeline", flag.ContinueOnError)
	f.StringVar(&from, "from", "", "URL of the source")
	f.StringVar(&bucket, "bucket", "", "the bucket")
	f.StringVar(&to, "to", "", "URL of the container")
	f.StringVar(&folder, "folder", "", "folder for the manifest")
	if err := f.Parse(args); err != nil {
		return err
	}
	stop, err := profile()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	config := store{url: from, key: os.Getenv(keyVariable), secret: os.Getenv(secretVariable)}.config()
	source, err := s3.New(ctx, s3.Options{Config: config, Bucket: bucket})
	if err != nil {
		return err
	}
	credential, err := blob.SharedKey(account, os.Getenv(accountVariable))
	if err != nil {
		return err
	}
	target, err := blob.New(blob.Options{URL: to, Credential: credential})
	if err != nil {
		return err
	}
	mover, err := objects.New(objects.Ports{Source: source, Target: target, Folder: folder},
		objects.Settings{Source: "s3://" + bucket, Target: "az://" + account}, move.Limits{})
	if err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(folder, "manifest"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	out := bufio.NewWriter(file)
	result, err := mover.Copy(ctx, objects.Pass{ID: "bench"}, out)
	if err != nil {
		return err
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	fmt.Printf("weakest proof %d, requests %+v, %d lines, %d allocations of %d bytes, %d collections\n", result.Proof, result.Use, result.Counts.Lines, memory.Mallocs, memory.TotalAlloc, memory.NumGC)
	return errors.Join(out.Flush(), result.Err())
}

// profile writes profiles of the processor and of what was allocated, where they
// are asked for.
func profile() (stop func() error, err error) {
	folder := os.Getenv(profileVariable)
	if folder == "" {
		return func() error { return nil }, nil
	}
	cpu, err := os.CreateTemp(folder, "cpu-*.pprof")
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, errors.Join(err, cpu.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		allocated, err := os.Create(strings.Replace(cpu.Name(), "cpu-", "allocated-", 1))
		if err != nil {
			return errors.Join(err, cpu.Close())
		}
		return errors.Join(pprof.Lookup("allocs").WriteTo(allocated, 0), allocated.Close(), cpu.Close())
	}, nil
}
