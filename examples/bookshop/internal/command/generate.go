package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"example.com/landfall/examples/bookshop/internal/audit"
	"example.com/landfall/examples/bookshop/internal/journal"
	"example.com/landfall/examples/bookshop/internal/load"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

func generate(ctx context.Context, env Env, args []string) error {
	set := flags(env, "load")
	urls := set.String("url", "", "URL of the shop; several with commas are used in turn")
	mix := set.String("mix", "browse=70,search=10,cover=10,order=10", "share of each route")
	path := set.String("journal", "", "write the journal to this new file")
	opts := load.Options{Progress: env.Err, Now: env.Now}
	set.Float64Var(&opts.Rate, "rate", 50, "requests per second")
	set.DurationVar(&opts.Duration, "duration", 10*time.Second, "how long")
	set.StringVar(&opts.Run, "run", "", "name of the run, part of every order's id; empty: from the time")
	set.Uint64Var(&opts.Seed, "seed", 1, "the same seed gives the same requests")
	set.StringVar(&opts.Resolver, "resolver", "", "resolve the URL's host at this DNS server, HOST:PORT, and keep to its TTLs")
	set.IntVar(&opts.Clients, "clients", 16, "simulated clients, each with its own DNS cache and connections")
	set.DurationVar(&opts.Timeout, "timeout", 5*time.Second, "of one attempt")
	set.IntVar(&opts.Retries, "retries", 5, "further attempts at an order whose outcome is unknown")
	if err := parse(set, args); err != nil {
		return err
	}
	if *urls == "" || *path == "" {
		return trouble.Of(trouble.Usage, "generate load", "", errors.New("--url and --journal are needed"))
	}
	opts.URLs = strings.Split(*urls, ",")
	if opts.Run == "" {
		opts.Run = "run-" + strings.ToLower(env.Now().UTC().Format("20060102T150405.000"))
	}
	var err error
	if opts.Mix, err = load.ParseMix(*mix); err != nil {
		return err
	}
	if opts.Journal, err = journal.Create(*path, opts.Run, env.Now); err != nil {
		return err
	}
	summary, err := load.Run(ctx, opts)
	if err := errors.Join(err, opts.Journal.Close()); err != nil {
		return err
	}
	return printJSON(env.Out, summary)
}

func check(ctx context.Context, env Env, args []string) error {
	set := flags(env, "audit")
	url := set.String("database", "", "URL of the database; empty: BOOKSHOP_DATABASE_URL")
	paths := set.String("journal", "", "journals, with commas")
	asJSON := set.Bool("json", false, "print the result as JSON")
	opts := audit.Options{}
	set.DurationVar(&opts.Wait, "wait", 0, "wait this long for queued orders to be fulfilled")
	if err := parse(set, args); err != nil {
		return err
	}
	if *url == "" {
		*url = env.Get("BOOKSHOP_DATABASE_URL")
	}
	if *url == "" || *paths == "" {
		return trouble.Of(trouble.Usage, "audit", "", errors.New("--database and --journal are needed"))
	}
	for path := range strings.SplitSeq(*paths, ",") {
		j, err := readJournal(path)
		if err != nil {
			return err
		}
		opts.Journals = append(opts.Journals, j)
	}
	conn, err := connect(ctx, *url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	result, err := audit.Run(ctx, conn, opts)
	if err != nil {
		return err
	}
	if *asJSON {
		err = printJSON(env.Out, result)
	} else {
		err = result.Text(env.Out)
	}
	if err != nil {
		return fmt.Errorf("print result: %w", err)
	}
	if !result.OK {
		return errFound
	}
	return nil
}

func readJournal(path string) (*journal.Journal, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, trouble.Of(trouble.NotFound, "open journal", path, err)
	}
	defer file.Close() // only read
	return journal.Read(file, path)
}
