package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"

	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/blob"
	"example.com/landfall/internal/move/objects/s3"
)

// The variables that tell the verb pipeline what is secret.
const (
	keyVariable, secretVariable, accountVariable = "OBJECTBENCH_KEY", "OBJECTBENCH_SECRET", "OBJECTBENCH_ACCOUNT_KEY"
)

// profileVariable names a folder for processor profiles of the verb pipeline.
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
	fmt.Println("proof:", result.Proof, "requests:", fmt.Sprintf("%+v", result.Use))
	return errors.Join(out.Flush(), result.Err())
}

// profile writes a profile of the processor, where one is asked for.
func profile() (stop func() error, err error) {
	folder := os.Getenv(profileVariable)
	if folder == "" {
		return func() error { return nil }, nil
	}
	file, err := os.CreateTemp(folder, "cpu-*.pprof")
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return file.Close()
	}, nil
}
