package preflight

import (
	"context"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/postgres/dump"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/move/postgres/preflight/facts"
)

// Planned is a target that is not there yet.
type Planned struct {
	// Platform is pg.Flexible as a rule; "" means so too.
	Platform pg.Platform
	// Major is the major version of PostgreSQL that it will have; 0 is the source's.
	Major int
	// Storage is its size in bytes, SKU its compute size ("Standard_D4ds_v5"); 0 and
	// "" when they are not known.
	Storage int64
	SKU     string
}

// Options say what is going to be moved, and how. The zero value is an online
// move of the whole database with a way back.
type Options struct {
	Select pg.Selection
	// Run is the run's 8 hex digits: what is named after it is not foreign. "" for
	// a run that has not begun.
	Run string
	// Offline leaves out what concerns following: the source stands still while it
	// is copied.
	Offline bool
	// NoReturn leaves out what concerns reverse replication.
	NoReturn bool
	// Identity says that Landfall sets replica identities that are missing, and
	// takes them back.
	Identity bool
	// Planned describes a target without a server (an endpoint that is not valid),
	// and gives storage and SKU of one that is there, which no SQL tells.
	Planned Planned
	// Jobs is how many tables are copied at once; 0 is 4.
	Jobs int
	// Sample bounds the timed reads of the largest tables together; 0 is 5 s, less
	// than 0 reads none.
	Sample time.Duration
	// Programs are the pg_dump and pg_restore that the move is given; the zero value
	// looks for them.
	Programs dump.Programs
	// Probe tries whether the two servers reach each other, by making subscriptions
	// that are dropped at once. It is the only thing that writes.
	Probe bool
	// Progress is told how far the check is; nil is nobody.
	Progress func(move.Progress)
}

// defaultSample bounds the timed reads.
const defaultSample = 5 * time.Second

// Check looks at both sides and reports. The target may be the zero Endpoint:
// then Options.Planned says what it will be. An error means that a side could
// not be looked at; what is in the way of the move is no error but a finding.
func Check(ctx context.Context, source, target pg.Endpoint, o Options) (Report, error) {
	if !source.Valid() {
		return Report{}, fault.Newf(fault.Usage, "check before the move: no source is named").Hintf("name it with --source postgres://USER@HOST/DATABASE")
	}
	p := progress{report: o.Progress}
	s, err := facts.Read(ctx, source, facts.Options{Select: o.Select, Each: p.next})
	if err != nil {
		return Report{}, err
	}
	if s.Missing {
		return Report{}, fault.Newf(fault.NotFound, "check %q before the move: the server has no such database", source.String())
	}
	var t *facts.Facts
	if target.Valid() {
		if t, err = facts.Read(ctx, target, facts.Options{Select: o.Select, Each: p.next}); err != nil {
			return Report{}, err
		}
	}
	j, err := newJudge(s, t, o)
	if err != nil {
		return Report{}, err
	}
	if j.probed, err = probes(ctx, source, target, o, t); err != nil {
		return Report{}, err
	}
	p.next("programs")
	if err := j.program(ctx); err != nil {
		return Report{}, err
	}
	p.next("speed")
	within := o.Sample
	if within == 0 {
		within = defaultSample
	}
	samples, err := facts.Samples(ctx, source, s, within)
	if err != nil {
		return Report{}, err
	}
	report := Report{Source: s, Target: t, Findings: j.all(), Roles: j.roles, Estimate: j.estimate(samples)}
	report.Effects = j.effects()
	p.end()
	return report, nil
}

// program finds the programs that the schema is read with.
func (j *judge) program(ctx context.Context) error {
	if j.programs.Dump != "" {
		return nil
	}
	var err error
	j.programs, err = dump.Find(ctx, dump.Wanted{Source: j.s.Server.Major(), Target: j.major})
	if fault.Is(err, fault.Missing) {
		j.unread, err = err.Error(), nil
	}
	return err
}

// probes tries both ways, as far as they will be used.
func probes(ctx context.Context, source, target pg.Endpoint, o Options, t *facts.Facts) ([]probe, error) {
	if !o.Probe || o.Offline || t == nil || t.Missing {
		return nil, nil
	}
	forward, err := try(ctx, Target, target, source)
	if err != nil || o.NoReturn {
		return []probe{forward}, err
	}
	back, err := try(ctx, Source, source, target)
	return []probe{forward, back}, err
}

// progress counts the parts that are read.
type progress struct {
	report func(move.Progress)
	done   int64
}

func (p *progress) next(what string) {
	if p.report != nil {
		p.report(move.Progress{Doing: what, Items: p.done})
	}
	p.done++
}

func (p *progress) end() {
	if p.report != nil {
		p.report(move.Progress{Doing: "done", Items: p.done, TotalItems: p.done, Listed: true})
	}
}
