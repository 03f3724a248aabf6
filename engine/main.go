// Command landfall-engine is the durable engine under a runbook: a Temporal
// server with its store in one folder, reachable by clients of that folder
// alone, and Landfall's worker. It is a program of its own because the server
// is several times the size of the rest of Landfall and dictates which Go
// version builds it.
//
// The landfall program starts it by itself when a run needs it, and it ends
// when no run is open. Where an existing Temporal cluster is used instead, it
// is not needed at all. It is no client: nothing here starts or approves a run.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"example.com/landfall/internal/fault"
)

// version is stamped by the release build.
var version = "development"

func main() {
	// All that this process makes is for its user alone, also the files that
	// SQLite makes.
	syscall.Umask(0o077)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, streams{os.Stdout, os.Stderr, os.LookupEnv}, os.Args[1:]))
}

// streams are what the process shares with its surroundings.
type streams struct {
	out, err io.Writer
	env      func(string) (string, bool)
}

// run runs one command and returns the exit code, by the table of package
// fault.
func run(ctx context.Context, s streams, args []string) int {
	root := rootCommand(s)
	root.SetArgs(args)
	root.SetOut(s.out)
	root.SetErr(s.err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if _, ours := errors.AsType[*fault.Error](err); !ours {
		// What the library says without a kind is about the command line.
		err = fault.Of(fault.Usage, "read the command line", "", err).Hintf("landfall-engine --help")
	}
	complain(s.err, err)
	return fault.ExitCode(err)
}

// complain writes the error in the form that host.Start reads back.
func complain(w io.Writer, err error) {
	fmt.Fprintf(w, "landfall-engine: %s\n", strings.Join(strings.Fields(err.Error()), " "))
	if hint := fault.HintOf(err); hint != "" {
		fmt.Fprintf(w, "  next: %s\n", hint)
	}
}
