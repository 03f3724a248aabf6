package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/base"
	"example.com/landfall/internal/move/postgres/compare/rows"
	"example.com/landfall/internal/move/postgres/pg"
)

// children are the processes that are measured, by their first argument; all take
// SOURCE TARGET JOBS.
func children() map[string]func(context.Context, []string) error {
	return map[string]func(context.Context, []string) error{
		"copy": between(copyOnce), "verify": between(verifyOnce), "queries": between(queries), "native": between(nativeOnce),
	}
}

// ends are what a child works between.
type ends struct {
	source, target pg.Endpoint
	sourceURL      string
	jobs           int
}

func between(do func(context.Context, ends) error) func(context.Context, []string) error {
	return func(ctx context.Context, args []string) error {
		if len(args) != 3 {
			return errors.New("want SOURCE TARGET JOBS")
		}
		e := ends{sourceURL: args[0]}
		var err error
		if e.source, err = pg.Parse(args[0]); err != nil {
			return err
		}
		if e.target, err = pg.Parse(args[1]); err != nil {
			return err
		}
		if e.jobs, err = strconv.Atoi(args[2]); err != nil {
			return err
		}
		return do(ctx, e)
	}
}

func newRun() (string, error) {
	run := make([]byte, 4)
	_, err := rand.Read(run)
	return hex.EncodeToString(run), err
}

// copyOnce is Landfall's base copy.
func copyOnce(ctx context.Context, e ends) error {
	run, err := newRun()
	if err != nil {
		return err
	}
	b, err := base.Open(ctx, base.Options{Source: e.source, Target: e.target, Run: run, Jobs: e.jobs, IndexJobs: e.jobs})
	if err != nil {
		return err
	}
	r, err := b.Copy(ctx)
	b.Close()
	left, cleaned := base.Clean(ctx, e.source, e.target, run)
	if len(left) > 0 {
		cleaned = errors.Join(cleaned, fmt.Errorf("left over: %+v", left))
	}
	return errors.Join(err, r.Err(), cleaned)
}

// verifyOnce is Landfall's comparison of the rows.
func verifyOnce(ctx context.Context, e ends) error {
	tables, err := rows.Compare(ctx, rows.Sides{Source: e.source, Target: e.target}, rows.Options{Jobs: e.jobs})
	for _, t := range tables {
		if t.Verdict != rows.Equal && err == nil {
			err = fmt.Errorf("table %s: %s", t.Name, t.Verdict)
		}
	}
	return err
}

// queries compares with the query that pgcopydb sends for each table (its page
// "pgcopydb compare").
func queries(ctx context.Context, e ends) error {
	conn, err := e.source.Connect(ctx, "bench")
	if err != nil {
		return err
	}
	tables, err := pg.Tables(ctx, conn, pg.Selection{})
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return err
	}
	queue := make(chan pg.Table, len(tables))
	for _, t := range tables {
		queue <- t
	}
	close(queue)
	errs := make([]error, e.jobs)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { errs[i] = e.query(ctx, queue) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func (e ends) query(ctx context.Context, queue <-chan pg.Table) error {
	var conns [2]*pgx.Conn
	for i, at := range []pg.Endpoint{e.source, e.target} {
		conn, err := at.Connect(ctx, "bench")
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
		conns[i] = conn
	}
	for t := range queue {
		var sums [2]string
		for i, conn := range conns {
			sql := "SELECT pg_catalog.concat(count(1), ' ', sum(hashtext(q::text)::bigint)) FROM ONLY " + t.SQL() + " q"
			if err := conn.QueryRow(ctx, sql).Scan(&sums[i]); err != nil {
				return err
			}
		}
		if sums[0] != sums[1] {
			return fmt.Errorf("table %s differs", t.Name)
		}
	}
	return nil
}

// polls is the pause between two looks at a subscription.
const polls = 50 * time.Millisecond

// nativeOnce is the copy that a subscription of PostgreSQL begins with; the schema
// is there.
func nativeOnce(ctx context.Context, e ends) error {
	stop, err := e.subscribe(ctx)
	return errors.Join(err, stop())
}

// subscribe makes a publication and a subscription of all tables and waits until
// their rows are there. stop drops both, and may be called after an error.
func (e ends) subscribe(ctx context.Context) (stop func() error, err error) {
	var made []func(context.Context) error
	stop = func() error {
		ctx, cancel := context.WithTimeout(context.Background(), grace/2)
		defer cancel()
		var errs []error
		for i := len(made) - 1; i >= 0; i-- {
			errs = append(errs, made[i](ctx))
		}
		return errors.Join(errs...)
	}
	var conns [2]*pgx.Conn
	for i, at := range []pg.Endpoint{e.source, e.target} {
		conn, err := at.Connect(ctx, "bench")
		if err != nil {
			return stop, err
		}
		made = append(made, conn.Close)
		conns[i] = conn
	}
	for i, sql := range []string{"CREATE PUBLICATION bench FOR ALL TABLES", "CREATE SUBSCRIPTION bench CONNECTION " + pg.Literal(e.sourceURL) + " PUBLICATION bench"} {
		if _, err := conns[i].Exec(ctx, sql); err != nil {
			return stop, err
		}
		undo := []string{"DROP PUBLICATION bench", "DROP SUBSCRIPTION bench"}[i]
		made = append(made, func(ctx context.Context) error {
			conn, err := []pg.Endpoint{e.source, e.target}[i].Connect(ctx, "bench")
			if err != nil {
				return err
			}
			_, err = conn.Exec(ctx, undo)
			return errors.Join(err, conn.Close(ctx))
		})
	}
	for left := 1; left > 0; {
		if err := conns[1].QueryRow(ctx, "SELECT count(*) FROM pg_subscription_rel WHERE srsubstate NOT IN ('r', 's')").Scan(&left); err != nil {
			return stop, err
		}
		select {
		case <-ctx.Done():
			return stop, ctx.Err()
		case <-time.After(polls):
		}
	}
	return stop, nil
}
