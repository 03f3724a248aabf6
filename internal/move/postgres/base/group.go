package base

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
)

const (
	// smallTable is up to which size tables go in groups: what they cost is the way
	// to the servers and back, and the beginning and end of transactions.
	smallTable = 1 << 20
	// groupTables and groupBytes bound a group. The locks of all its tables and indexes
	// are held together, of which a server has room for 6,400 by default
	// (max_locks_per_transaction).
	groupTables = 64
	groupBytes  = 8 << 20
)

// bundles puts small tables together; all else goes alone. The order stays.
func (b *Base) bundles(units []unit) [][]unit {
	foreign := len(b.foreign()) > 0
	b.mu.Lock()
	defer b.mu.Unlock()
	var out [][]unit
	var group []unit
	var bytes int64
	for _, u := range units {
		_, plain := b.script(b.following(u.table))
		if foreign || !plain || u.chunks > 1 || u.mended || u.Bytes > smallTable {
			out = append(out, []unit{u})
			continue
		}
		if len(group) == groupTables || group != nil && bytes+u.Bytes > groupBytes {
			out, group, bytes = append(out, group), nil, 0
		}
		group, bytes = append(group, u), bytes+u.Bytes
	}
	if group != nil {
		out = append(out, group)
	}
	return out
}

// bundle copies units that go together; one by one where that is refused.
func (b *Base) bundle(ctx context.Context, w *worker, units []unit, q *queue) error {
	if len(units) > 1 {
		if b.Protect != nil {
			if err := b.Protect(ctx); err != nil {
				return err
			}
		}
		err := b.group(ctx, w, units)
		if err == nil || errors.Is(err, errDoubt) || ctx.Err() != nil {
			return err
		}
		if ofTarget(err) && (w.target == nil || w.target.broken) {
			q.mu.Lock()
			q.doubt = true
			q.mu.Unlock()
		}
	}
	for _, u := range units {
		if err := b.unit(ctx, w, u, q); err != nil {
			return err
		}
	}
	return nil
}

// group copies small tables, makes what follows their rows and notes all that, in
// one transaction of either side. An error but errDoubt says that nothing was done.
func (b *Base) group(ctx context.Context, w *worker, units []unit) error {
	names := b.snapshot.names()
	if len(names) == 0 {
		return snapshotLost()
	}
	if err := w.open(ctx); err != nil {
		return &sided{w.source == nil, err}
	}
	b.begins(units)
	b.point("chunk begins")
	var read, write []string
	for _, u := range units {
		read, write = append(read, u.whole()), append(write, u.taking(u.heap >= freezeFrom))
	}
	bytes := make([]int64, len(units))
	from, _, err := forward(ctx, w.source, w.target, carrying{inSnapshotSQL(names[0]) + strings.Join(read, "; ") + "; COMMIT", "BEGIN; " + strings.Join(write, "; "), len(units),
		func(ctx context.Context, i, n int) error {
			bytes[i] += int64(n)
			b.meter.carried(units[i].table, n)
			return b.pace.take(ctx, n)
		}})
	if err == nil {
		b.point("chunk sent")
		err = b.groupDone(ctx, w.target, units, moved(from.copied(), bytes))
	}
	if err != nil {
		for i, u := range units {
			b.meter.carried(u.table, -int(bytes[i]))
		}
	}
	return err
}

func moved(rows, bytes []int64) []Moved {
	out := make([]Moved, len(rows))
	for i := range rows {
		out[i] = Moved{rows[i], bytes[i]}
	}
	return out
}

// begins marks units as under way.
func (b *Base) begins(units []unit) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, u := range units {
		u.begin()
	}
}

// groupDone makes what follows the rows of a group, whose transaction is open, and
// commits it.
func (b *Base) groupDone(ctx context.Context, target *wire, units []unit, sent []Moved) error {
	var entries []*entry
	var analyze []string
	all := make([]note, len(units))
	b.mu.Lock()
	for i, u := range units {
		entries = append(entries, b.following(u.table)...)
		n := note{Name: u.Name, chunks: 1, generation: b.snapshot.generation, Moved: sent[i], how: u.how}
		n.Frozen, n.Analyzed = u.heap >= freezeFrom, u.Root == nil
		if n.Analyzed { // the partitioned table is analyzed with all its leaves later
			analyze = append(analyze, u.SQL())
		}
		all[i] = n
	}
	b.mu.Unlock()
	sql, ok := b.script(entries)
	if !ok {
		return errors.Join(errors.New("one of the tables has to be finished alone"), settle(target))
	}
	sql += notesSQL(b.Run, all...)
	if len(analyze) > 0 {
		sql += "; ANALYZE " + strings.Join(analyze, ", ")
	}
	release := target.bound(ctx)
	_, err := target.query(sql + "; COMMIT")
	release()
	if err != nil && target.broken {
		return errors.Join(b.endLost(ctx, target.pid), fault.Of(fault.Unavailable, "copy small tables", "", errDoubt), err)
	}
	if err != nil {
		return atTarget(errors.Join(err, settle(target)))
	}
	b.haveMade(entries)
	b.mu.Lock()
	for i, u := range units {
		u.moved, u.how, u.left, u.doing = all[i].Moved, all[i].how, 0, ""
	}
	b.mu.Unlock()
	b.point("chunk noted")
	return nil
}

// endLost ends what a session of the target was doing that did not tell how that
// ended: from then on the notes tell it.
func (b *Base) endLost(ctx context.Context, pid uint32) error {
	return b.makers.do(ctx, func(conn *pgx.Conn) error { return end(ctx, conn, b.Run, pid) })
}
