package command

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"example.com/landfall/examples/bookshop/internal/config"
	"example.com/landfall/examples/bookshop/internal/open"
	"example.com/landfall/examples/bookshop/internal/schema"
	"example.com/landfall/examples/bookshop/internal/stock"
)

func migrate(ctx context.Context, env Env, args []string) error {
	if err := parse(flags(env, "migrate"), args); err != nil {
		return err
	}
	cfg, err := settings(env, "BOOKSHOP_DATABASE_URL")
	if err != nil {
		return err
	}
	conn, err := connect(ctx, cfg.DatabaseURL)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	result, err := schema.Apply(ctx, conn, env.Now())
	if err == nil {
		fmt.Fprintf(env.Out, "schema version %d (was %d), %d event partitions added\n", result.After, result.Before, result.Partitions)
	}
	return err
}

func fill(ctx context.Context, env Env, args []string) error {
	set := flags(env, "stock")
	books := set.Int("books", 2000, "books in the catalogue")
	covers := set.Int("covers", -1, "cover images; -1 means one per book")
	orders := set.Int("orders", -1, "past orders; -1 means half as many as books")
	seed := set.Uint64("seed", 1, "the same seed gives the same shop")
	if err := parse(set, args); err != nil {
		return err
	}
	if *covers < 0 {
		*covers = *books
	}
	if *orders < 0 {
		*orders = *books / 2
	}
	need := []string{"BOOKSHOP_DATABASE_URL"}
	if *covers > 0 {
		need = append(need, "BOOKSHOP_BLOBS")
	}
	cfg, err := settings(env, need...)
	if err != nil {
		return err
	}
	if err := fillRows(ctx, env, cfg, stock.Options{Books: *books, Orders: *orders, Seed: *seed}); err != nil || *covers == 0 {
		return err
	}
	return fillCovers(ctx, env, cfg, stock.CoverOptions{Count: *covers, Seed: *seed})
}

func fillRows(ctx context.Context, env Env, cfg config.Config, opts stock.Options) error {
	conn, err := connect(ctx, cfg.DatabaseURL)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	began := env.Now()
	filled, err := stock.Rows(ctx, conn, opts, began)
	if err != nil {
		return err
	}
	what := "was there already"
	if filled {
		what = fmt.Sprintf("filled in %s", env.Now().Sub(began).Round(time.Millisecond))
	}
	fmt.Fprintf(env.Out, "catalogue of %d books and %d past orders %s\n", opts.Books, opts.Orders, what)
	return nil
}

func fillCovers(ctx context.Context, env Env, cfg config.Config, opts stock.CoverOptions) error {
	store, err := open.Blobs(ctx, cfg)
	if err != nil {
		return err
	}
	// Thousands of small requests make much garbage and keep little of it:
	// collecting less often costs some 10 MB and saves a tenth of the time.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	began := env.Now()
	opts.Progress = func(done int) {
		fmt.Fprintf(env.Err, "covers: %d of %d (%.0f/s)\n", done, opts.Count, float64(done)/env.Now().Sub(began).Seconds())
	}
	result, err := stock.Covers(ctx, store, opts)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.Out, "covers: %d put (%d KiB), %d kept, in %s\n", result.Put, result.PutBytes>>10, result.Kept, env.Now().Sub(began).Round(time.Millisecond))
	return nil
}
