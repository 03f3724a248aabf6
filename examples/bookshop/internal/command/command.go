package command

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/examples/bookshop/internal/config"
	"example.com/landfall/examples/bookshop/internal/schema"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

const usage = `bookshop is a small web shop, and the tools to test it.

  bookshop migrate                    bring the database to the newest schema
  bookshop stock  --books N ...       fill catalogue, stock, past orders and covers
  bookshop serve                      run the web server and a worker
  bookshop worker                     run a worker alone
  bookshop load   --url U ...         send a constant stream of requests, keep a journal
  bookshop audit  --journal FILE ...  hold the database against journals

Settings come from the environment; README.md lists them. Each verb explains
its flags with --help.
`

// Env is what the program gets from its surroundings.
type Env struct {
	Out, Err io.Writer
	Get      func(string) string // os.Getenv
	Now      func() time.Time
}

// verb is one command.
type verb func(ctx context.Context, env Env, args []string) error

// errFound is returned by the audit when it has printed violations.
var errFound = errors.New("the audit found violations")

// Main runs the verb in args and returns the exit code.
func Main(ctx context.Context, env Env, args []string) int {
	verbs := map[string]verb{"migrate": migrate, "stock": fill, "serve": serve, "worker": work, "load": generate, "audit": check}
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		fmt.Fprint(env.Out, usage)
		return 0
	}
	run, known := verbs[args[0]]
	if !known {
		fmt.Fprintf(env.Err, "bookshop: no verb %q\n\n%s", args[0], usage)
		return 2
	}
	err := run(ctx, env, args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errFound):
		return 1
	case err != nil:
		fmt.Fprintf(env.Err, "bookshop %s: %v\n", args[0], err)
	}
	return trouble.ExitCode(err)
}

// flags returns a flag set that reports to stderr and leaves exiting to Main.
func flags(env Env, name string) *flag.FlagSet {
	set := flag.NewFlagSet("bookshop "+name, flag.ContinueOnError)
	set.SetOutput(env.Err)
	return set
}

// parse reads flags only; an argument that is none is an error.
func parse(set *flag.FlagSet, args []string) error {
	err := set.Parse(args)
	if err == nil && set.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", set.Arg(0))
	}
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return err
	}
	return trouble.Of(trouble.Usage, "read command line", "", err)
}

// settings reads the environment and requires the named variables.
func settings(env Env, need ...string) (config.Config, error) {
	cfg, err := config.FromEnv(env.Get)
	if err == nil {
		err = cfg.Need(need...)
	}
	return cfg, err
}

func logger(env Env) *slog.Logger { return slog.New(slog.NewTextHandler(env.Err, nil)) }

// connect opens one connection, for the verbs that need no pool.
func connect(ctx context.Context, url string) (*pgx.Conn, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, schema.Trouble(err, "read database URL", "")
	}
	cfg.ConnectTimeout = 5 * time.Second
	cfg.RuntimeParams["application_name"] = "bookshop"
	cfg.RuntimeParams["timezone"] = "UTC"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	return conn, schema.Trouble(err, "connect to database", cfg.Host)
}

func printJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
