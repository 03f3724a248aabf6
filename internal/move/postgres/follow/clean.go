package follow

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
)

// cleanWithin bounds the work on one server for a caller that sets no bound.
const cleanWithin = 30 * time.Second

// Leftovers names what could not be removed, and why: one sentence each.
type Leftovers []string

// Sides are the two servers of a run for Clean.
type Sides struct {
	Source, Target pg.Endpoint
	// Within bounds the work on one server, so that one that does not answer keeps
	// nobody waiting; 0 means 30 s.
	Within time.Duration
	// Identities are what was given to Identify at the source, to be taken back there,
	// TargetIdentities the same of the target, for the way back.
	Identities, TargetIdentities []Identity
}

// Clean removes everything of a run from both servers by its name alone:
// subscriptions, slots, publications, and takes the replica identities back. It may
// be called at any time and any number of times. A server that cannot be reached is
// left over by name; what is on the other is removed nevertheless. Subscriptions go
// first, on both: a worker that is left would ask for its slot for ever.
func Clean(ctx context.Context, run Run, sides Sides) (Leftovers, error) {
	if err := run.Valid(); err != nil {
		return nil, err
	}
	d := dropping{run: run, within: sides.Within}
	if d.within == 0 {
		d.within = cleanWithin
	}
	for _, at := range []pg.Endpoint{sides.Target, sides.Source} {
		d.at(ctx, at, d.subscriptions)
	}
	d.at(ctx, sides.Target, d.slots, d.publications, d.identities(sides.Target, sides.TargetIdentities))
	d.at(ctx, sides.Source, d.slots, d.publications, d.identities(sides.Source, sides.Identities))
	return d.left, ctx.Err()
}

// Drop removes subscription, slot and publications of the stream, whichever are
// left, and says what it could not remove.
func (s Stream) Drop(ctx context.Context) (Leftovers, error) {
	if err := s.valid(); err != nil {
		return nil, err
	}
	d := dropping{run: s.Run, only: s.Name, within: cleanWithin}
	d.at(ctx, s.Subscriber, d.subscriptions)
	d.at(ctx, s.Publisher, d.slots, d.publications)
	return d.left, ctx.Err()
}

// dropping removes what it finds and remembers what would not go.
type dropping struct {
	run    Run
	only   string // one stream; "" for all of the run
	within time.Duration
	left   Leftovers
	lost   map[string]bool // servers that did not answer, once each
}

func (d *dropping) at(ctx context.Context, at pg.Endpoint, works ...func(context.Context, *pgx.Conn)) {
	if d.lost[at.String()] {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, d.within)
	defer cancel()
	err := within(ctx, at, func(conn *pgx.Conn) error {
		for _, work := range works {
			work(ctx, conn)
		}
		return nil
	})
	if err != nil {
		d.left = append(d.left, fmt.Sprintf("what run %s made in %s: %v", d.run, at, err))
		if d.lost == nil {
			d.lost = map[string]bool{}
		}
		d.lost[at.String()] = true
	}
}

func (d *dropping) identities(at pg.Endpoint, all []Identity) func(context.Context, *pgx.Conn) {
	return func(ctx context.Context, conn *pgx.Conn) {
		if err := restore(ctx, conn, all); err != nil {
			d.left = append(d.left, fmt.Sprintf("replica identities in %s: %v", at, err))
		}
	}
}

// each removes what a query lists.
func (d *dropping) each(ctx context.Context, conn *pgx.Conn, kind, sql string, drop func(name string) error) {
	at := fmt.Sprintf("database %q of %s", conn.Config().Database, conn.Config().Host)
	names, err := texts(ctx, conn, sql)
	if err != nil {
		d.left = append(d.left, fmt.Sprintf("%ss in %s: %v", kind, at, err))
		return
	}
	for _, name := range names {
		if d.only != "" && name != d.only && name != d.only+insertsOnly {
			continue
		}
		if err := drop(name); err != nil {
			d.left = append(d.left, fmt.Sprintf("%s %q in %s: %v", kind, name, at, err))
		}
	}
}

func (d *dropping) subscriptions(ctx context.Context, conn *pgx.Conn) {
	d.each(ctx, conn, "subscription", subscribed(d.run),
		func(name string) error { return unsubscribe(ctx, conn, name) })
}

func (d *dropping) slots(ctx context.Context, conn *pgx.Conn) {
	d.each(ctx, conn, "slot", `SELECT slot_name FROM pg_catalog.pg_replication_slots
WHERE database = pg_catalog.current_database() AND `+d.run.ours("slot_name")+` ORDER BY 1`,
		func(name string) error { return dropSlot(ctx, conn, name) })
}

func (d *dropping) publications(ctx context.Context, conn *pgx.Conn) {
	d.each(ctx, conn, "publication", `SELECT pubname FROM pg_catalog.pg_publication WHERE `+d.run.ours("pubname")+` ORDER BY 1`,
		func(name string) error {
			_, err := conn.Exec(ctx, "DROP PUBLICATION IF EXISTS "+pg.Quote(name))
			return pg.Fault(err, "drop publication", name)
		})
}
