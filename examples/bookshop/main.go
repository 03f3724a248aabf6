// Command bookshop is a small but honest web shop, the workload that the
// sandbox runs on one cloud and carries to the other. README.md tells how to
// run it; package command holds the verbs.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"example.com/landfall/examples/bookshop/internal/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := command.Main(ctx, command.Env{Out: os.Stdout, Err: os.Stderr, Get: os.Getenv, Now: time.Now}, os.Args[1:])
	stop()
	os.Exit(code)
}
