package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/base"
	"example.com/landfall/internal/move/postgres/follow"
	"example.com/landfall/internal/move/postgres/pg"
)

// lag is how far the target was behind while pgbench wrote at the source.
type lag struct {
	Set   string `json:"set"`
	What  string `json:"what"`
	Mover string `json:"mover"`
	// Rate is in transactions a second; Times are seconds from before a commit at the
	// source until the row is seen at the target, Bytes what the slot had not confirmed
	// meanwhile, each in their order. CaughtUp is the time after the end of the load
	// until everything was there.
	Rate     float64   `json:"rate"`
	Times    []float64 `json:"times"`
	Bytes    []float64 `json:"bytes"`
	CaughtUp float64   `json:"caughtUp"`
	Source   float64   `json:"source"`
	Target   float64   `json:"target"`
	Load     string    `json:"load"`
}

// lags measures the lag of Landfall's following and of a plain subscription, one after
// the other, and proves the rows equal afterwards.
func (b *bench) lags(ctx context.Context, set string) error {
	fmt.Fprintf(b.to, "\n| lag of %s, %d s of load | tx/s | seconds: median | 95 %% | most | KiB: median | most | caught up after, s | CPU s: source | target |\n|---|---|---|---|---|---|---|---|---|---|\n", set, b.load)
	for range b.runs {
		for _, m := range []struct {
			name  string
			begin func(context.Context, ends) (slot string, stop func() error, err error)
		}{{"landfall", following}, {"native subscription", b.native}} {
			one, err := b.lag(ctx, m.begin)
			if err != nil {
				return fmt.Errorf("%s, lag: %w", m.name, err)
			}
			one.Set, one.What, one.Mover = set, "lag", m.name
			fmt.Fprintf(b.to, "| %s | %.0f | %.3f | %.3f | %.3f | %.0f | %.0f | %.2f | %.1f | %.1f |\n", m.name, one.Rate, at(one.Times, 0.5), at(one.Times, 0.95), at(one.Times, 1),
				at(one.Bytes, 0.5)/1024, at(one.Bytes, 1)/1024, one.CaughtUp, one.Source, one.Target)
			if err := keep(b.out, one); err != nil {
				return err
			}
		}
	}
	return nil
}

// at is the value below which that share of sorted ones lies.
func at(sorted []float64, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

func (b *bench) lag(ctx context.Context, begin func(context.Context, ends) (string, func() error, error)) (l lag, err error) {
	if err := b.empty(ctx, "pgbench"); err != nil {
		return l, err
	}
	e := ends{sourceURL: b.source.url(database), jobs: b.jobs}
	if e.source, err = pg.Parse(e.sourceURL); err != nil {
		return l, err
	}
	if e.target, err = pg.Parse(b.target.url(b.at)); err != nil {
		return l, err
	}
	slot, stop, err := begin(ctx, e)
	defer func() { err = errors.Join(err, stop()) }()
	if err != nil {
		return l, err
	}
	before, err := b.used()
	if err != nil {
		return l, err
	}
	if err := b.under(ctx, e, slot, &l); err != nil {
		return l, err
	}
	after, err := b.used()
	l.Source, l.Target, l.Load = after.source-before.source, after.target-before.target, load()
	return l, errors.Join(err, verifyOnce(ctx, e))
}

// used is the processor time of both servers, with sessions open.
func (s *servers) used() (out spent, err error) {
	if out.source, err = cpu(s.source.postmaster); err != nil {
		return out, err
	}
	out.target, err = cpu(s.target.postmaster)
	return out, err
}

var ratePattern = regexp.MustCompile(`tps = ([0-9.]+)`)

// under lets pgbench write and looks at the lag all the time.
func (b *bench) under(ctx context.Context, e ends, slot string, l *lag) error {
	p, err := newPinger(ctx, e, slot)
	if err != nil {
		return err
	}
	defer p.close()
	cmd := exec.CommandContext(ctx, filepath.Join(b.servers.programs, "pgbench"), "-n", "-c", "4", "-R", strconv.Itoa(b.rate), "-T", strconv.Itoa(b.load), e.sourceURL)
	var said []byte
	ended := make(chan error, 1)
	go func() {
		var err error
		said, err = cmd.CombinedOutput()
		ended <- err
	}()
	for {
		select {
		case err = <-ended:
			if err != nil {
				return fmt.Errorf("pgbench: %w: %s", err, said)
			}
			if m := ratePattern.FindSubmatch(said); m != nil {
				l.Rate, _ = strconv.ParseFloat(string(m[1]), 64)
			}
			l.CaughtUp, err = p.ping(ctx)
			slices.Sort(l.Times)
			slices.Sort(l.Bytes)
			return err
		default:
		}
		bytes, err := p.behind(ctx)
		if err != nil {
			return err
		}
		took, err := p.ping(ctx)
		if err != nil {
			return err
		}
		l.Times, l.Bytes = append(l.Times, took), append(l.Bytes, bytes)
	}
}

// pinger writes rows at the source and waits for them at the target.
type pinger struct {
	source, target *pgx.Conn
	slot           string
	last           int
}

func newPinger(ctx context.Context, e ends, slot string) (*pinger, error) {
	p := &pinger{slot: slot}
	var err error
	if p.source, err = e.source.Connect(ctx, "ping"); err != nil {
		return nil, err
	}
	if p.target, err = e.target.Connect(ctx, "ping"); err != nil {
		p.close()
		return nil, err
	}
	return p, p.source.QueryRow(ctx, "SELECT coalesce(max(id), 0) FROM public.ping").Scan(&p.last)
}

func (p *pinger) close() {
	for _, conn := range []*pgx.Conn{p.source, p.target} {
		if conn != nil {
			_ = conn.Close(context.Background()) // it has told what it had to
		}
	}
}

// looks is the pause between two looks for a row.
const looks = 2 * time.Millisecond

func (p *pinger) ping(ctx context.Context) (seconds float64, err error) {
	began := time.Now()
	p.last++
	if _, err := p.source.Exec(ctx, "INSERT INTO public.ping VALUES ($1)", p.last); err != nil {
		return 0, err
	}
	for there := false; !there; {
		if err := p.target.QueryRow(ctx, "SELECT EXISTS (SELECT FROM public.ping WHERE id = $1)", p.last).Scan(&there); err != nil {
			return 0, err
		}
		if ctx.Err() != nil || time.Since(began) > grace {
			return 0, errors.Join(ctx.Err(), errLate)
		}
		time.Sleep(looks)
	}
	return time.Since(began).Seconds(), nil
}

// behind is what the slot has not confirmed.
func (p *pinger) behind(ctx context.Context) (bytes float64, err error) {
	err = p.source.QueryRow(ctx, "SELECT (pg_current_wal_lsn() - confirmed_flush_lsn)::float8 FROM pg_replication_slots WHERE slot_name = $1", p.slot).Scan(&bytes)
	return max(bytes, 0), err
}

// following copies with Landfall and follows, with its looks at both servers.
func following(ctx context.Context, e ends) (slot string, stop func() error, err error) {
	run, err := newRun()
	if err != nil {
		return "", func() error { return nil }, err
	}
	var streams []follow.Stream
	stream := func(g base.Generation) follow.Stream {
		return follow.Stream{Run: follow.Run(run), Name: g.Name, Publisher: e.source, Subscriber: e.target, Tables: g.Tables}
	}
	watching, cancel := context.WithCancel(ctx)
	watched := make(chan error, 1)
	watched <- nil
	stop = func() error {
		cancel()
		<-watched // it ends with its context
		_, err := follow.Clean(context.WithoutCancel(ctx), follow.Run(run), follow.Sides{Source: e.source, Target: e.target})
		left, cleaned := base.Clean(context.WithoutCancel(ctx), e.source, e.target, run)
		if len(left) > 0 {
			cleaned = errors.Join(cleaned, fmt.Errorf("left over: %+v", left))
		}
		return errors.Join(err, cleaned)
	}
	b, err := base.Open(ctx, base.Options{Source: e.source, Target: e.target, Run: run, Jobs: e.jobs, IndexJobs: e.jobs, Hooks: base.Hooks{
		Publish: func(ctx context.Context, g base.Generation) error { return stream(g).Publish(ctx) },
		Ready: func(ctx context.Context, g base.Generation) error {
			s := stream(g)
			streams = append(streams, s)
			return errors.Join(s.Publish(ctx), s.Subscribe(ctx), s.Enable(ctx))
		}}})
	if err != nil {
		return "", stop, err
	}
	r, err := b.Copy(ctx)
	b.Close()
	if err := errors.Join(err, r.Err()); err != nil || len(streams) != 1 {
		return "", stop, errors.Join(err, fmt.Errorf("%d generations", len(streams)))
	}
	<-watched
	go func() {
		f := follow.NewFollower(streams, follow.Options{})
		defer f.Close()
		watched <- f.Watch(watching, func(follow.State) error { return nil })
	}()
	return streams[0].Name, stop, nil
}

// native makes the schema and a subscription with its own copy.
func (b *bench) native(ctx context.Context, e ends) (slot string, stop func() error, err error) {
	psql := filepath.Join(b.servers.programs, "psql")
	m := mover{"schema", "copy", []string{"sh", "-c", b.programs.Dump + " -s SOURCE | " + psql + " -q -X -v ON_ERROR_STOP=1 TARGET > DIR/psql.out"}}
	if _, _, err := b.command(ctx, m); err != nil {
		return "", func() error { return nil }, err
	}
	stop, err = e.subscribe(ctx)
	return "bench", stop, err
}
