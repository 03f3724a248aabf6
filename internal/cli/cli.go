package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/view"
)

// Streams is everything of the process that a command may touch.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
	// OutTerminal and ErrTerminal say whether a person looks at the stream.
	OutTerminal bool
	ErrTerminal bool
	// Getenv reads one environment variable.
	Getenv func(string) (string, bool)
	// Dir is the working directory.
	Dir string
	// Exe is the path of the running program, for children of its own.
	Exe string
	// Version is what the build says of itself.
	Version string
	// User is the user of this machine, for the ledger.
	User string
	// Environ is the whole environment, for children of the sandbox.
	Environ []string
	// Now is the clock.
	Now func() time.Time
}

// Build makes the application for one command: it finds the workspace, loads
// the configuration and builds the drivers. Package wire is the only one.
type Build func(app.Setup) (*app.App, error)

// Main runs one command line (without the program's name) and returns the
// exit code. It never calls os.Exit.
func Main(ctx context.Context, s Streams, build Build, args []string) int {
	e := &env{Streams: s, build: build}
	root := rootCommand(e)
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	err := root.ExecuteContext(ctx)
	// A flag that cannot be parsed ends the parsing, perhaps before --json was
	// seen; who wants JSON wants it then too.
	e.json = e.json || slices.Contains(args, "--json")
	if err == nil {
		return 0
	}
	if ctx.Err() != nil && !fault.Is(err, fault.Unknown) {
		err = fault.Of(fault.Canceled, "stopped", "", err)
	}
	e.complain(err)
	return fault.ExitCode(err)
}

// env is what the commands share: the streams, the global flags, the builder.
type env struct {
	Streams
	build Build

	workspace string
	json      bool
	logLevel  string
	// sshKey is the key of who signs, for the commands that say something in
	// somebody's name.
	sshKey string
	// settings are the flags that set a configuration key, by flag name.
	settings *pflag.FlagSet
}

// configFlags returns the configuration flags that the user gave.
func (e *env) configFlags() map[string]string {
	given := map[string]string{}
	for _, key := range config.Keys() {
		if f := e.settings.Lookup(key.Flag); key.Flag != "" && f != nil && f.Changed {
			given[key.Flag] = f.Value.String()
		}
	}
	return given
}

// app builds the application for the command that runs.
func (e *env) app() (*app.App, error) {
	setup, err := e.setup()
	if err != nil {
		return nil, err
	}
	return e.build(setup)
}

func (e *env) setup() (app.Setup, error) {
	log, err := e.logger()
	if err != nil {
		return app.Setup{}, err
	}
	return app.Setup{
		Dir: e.Dir, Workspace: e.workspace, Exe: e.Exe, Flags: e.configFlags(),
		Getenv: e.Getenv, Log: log, Now: e.Now, Version: e.Version,
		User: e.User, SSHKey: e.sshKey, Environ: e.Environ,
	}, nil
}

func (e *env) logger() (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(e.logLevel)); err != nil {
		return nil, fault.Newf(fault.Usage, "--log-level %q is not debug, info, warn or error", e.logLevel)
	}
	return slog.New(slog.NewTextHandler(e.Err, &slog.HandlerOptions{Level: level})), nil
}

// show writes the result to standard output: JSON with --json, else text.
func (e *env) show(r view.Result) error {
	if e.json {
		return fault.Wrap(view.JSON(e.Out, r), "write result", "")
	}
	p := view.NewPaper(e.Out, e.OutTerminal && e.colour())
	r.Text(p)
	return fault.Wrap(p.Err(), "write result", "")
}

// progress returns the progress on standard error.
func (e *env) progress() *view.Progress {
	return view.NewProgress(e.Err, e.ErrTerminal && e.colour(), e.Now)
}

// colour honours https://no-color.org: any non-empty NO_COLOR switches
// colour off, and so does a terminal that calls itself dumb.
func (e *env) colour() bool {
	if v, ok := e.Getenv("NO_COLOR"); ok && v != "" {
		return false
	}
	term, _ := e.Getenv("TERM")
	return term != "dumb"
}

// complaint is the JSON form of an error on standard error.
type complaint struct {
	Error struct {
		Kind string `json:"kind"`
		Text string `json:"text"`
		Hint string `json:"hint,omitempty"`
	} `json:"error"`
}

// complain writes err to standard error: one line for each of the errors it
// joins, then the hint on a line of its own.
func (e *env) complain(err error) {
	if e.json {
		var c complaint
		c.Error.Kind = string(fault.KindOf(err))
		c.Error.Text = err.Error()
		c.Error.Hint = fault.HintOf(err)
		data, _ := json.Marshal(c) // three strings always marshal
		fmt.Fprintf(e.Err, "%s\n", data)
		return
	}
	for _, line := range lines(err) {
		fmt.Fprintf(e.Err, "landfall: %s\n", line)
	}
	if hint := fault.HintOf(err); hint != "" {
		fmt.Fprintf(e.Err, "  next: %s\n", hint)
	}
}

// lines returns one line for each error that err joins.
func lines(err error) []string {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []string
		for _, inner := range joined.Unwrap() {
			all = append(all, lines(inner)...)
		}
		return all
	}
	return []string{strings.Join(strings.Fields(err.Error()), " ")}
}

// usage turns what the flag parser says into an error of kind Usage with the
// command that tells more.
func usage(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	return fault.Of(fault.Usage, "", "", err).Hintf("%s --help", cmd.CommandPath())
}
