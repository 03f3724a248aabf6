// Command landfall carries one workload from AWS to Azure and proves every
// claim it makes. This file only connects the process's streams to package
// cli and returns its exit code.
package main

import (
	"context"
	"os"
	"os/signal"
	"os/user"
	"syscall"
	"time"

	"golang.org/x/term"

	"example.com/landfall/internal/cli"
	"example.com/landfall/internal/wire"
)

// version is stamped by the release build.
var version = "development"

func main() {
	boundMemory()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, _ := os.Getwd()      // an unknown folder is reported by the command that needs it
	exe, _ := os.Executable() // likewise
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	os.Exit(cli.Main(ctx, cli.Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		Getenv:      os.LookupEnv, Dir: dir, Exe: exe, Version: version, Now: time.Now,
		User: name, Environ: os.Environ(),
	}, wire.Build, os.Args[1:]))
}
