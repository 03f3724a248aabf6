package base

import (
	"context"
	"errors"
	"sync"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// unitTries is how often a unit is begun again after a session was lost.
const unitTries = 5

// worker copies units, one after the other, with a session on either side.
type worker struct {
	base           *Base
	source, target *wire
}

func (w *worker) close() {
	w.source.close()
	w.target.close()
}

// open opens the sessions that are not open.
func (w *worker) open(ctx context.Context) (err error) {
	if w.source != nil && w.source.broken {
		w.source.close()
		w.source = nil
	}
	if w.target != nil && w.target.broken {
		w.target.close()
		w.target = nil
	}
	if w.source == nil {
		if w.source, err = w.base.openSource(ctx); err != nil {
			return err
		}
	}
	if w.target == nil {
		w.target, err = w.base.openTarget(ctx)
	}
	return err
}

// queue hands out units until there are none, or one worker met something that
// ends the pass.
type queue struct {
	mu    sync.Mutex
	units [][]unit
	err   error
	// doubt says that a session of the target was lost: what it had committed may be
	// lost as well, where the server itself went down.
	doubt bool
}

func (q *queue) take() ([]unit, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil || len(q.units) == 0 {
		return nil, false
	}
	u := q.units[0]
	q.units = q.units[1:]
	return u, true
}

func (q *queue) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil {
		q.err = err
	}
}

// errDoubt begins a pass again, with the notes as they are then.
var errDoubt = errors.New("the target was gone for a while")

// errRewritten begins a pass again: the places of the rows of a table in pieces are
// not what they were (VACUUM FULL, CLUSTER, TRUNCATE or ALTER TABLE at the source).
var errRewritten = errors.New("the source wrote a table anew while it was copied in pieces")

// rows copies units with all workers, and returns when all are done or given up.
func (b *Base) rows(ctx context.Context, units []unit) error {
	q := &queue{units: b.bundles(units)}
	var all sync.WaitGroup
	for range min(b.Jobs, len(q.units)) {
		all.Go(func() {
			w := &worker{base: b}
			defer w.close()
			for some, ok := q.take(); ok; some, ok = q.take() {
				if err := b.bundle(ctx, w, some, q); err != nil {
					q.fail(err)
				}
			}
		})
	}
	all.Wait()
	if q.err == nil && q.doubt {
		return fault.Of(fault.Unavailable, "copy rows", "", errDoubt)
	}
	return q.err
}

// unit does one unit. An error ends the pass; a table that cannot be copied is
// marked, and the others go on.
func (b *Base) unit(ctx context.Context, w *worker, u unit, q *queue) error {
	b.mu.Lock()
	over := u.failed != nil
	u.begin()
	b.mu.Unlock()
	if over {
		return nil
	}
	freeze := u.chunks == 1 && u.heap >= freezeFrom
	for failures := 0; ; {
		if b.Protect != nil {
			if err := b.Protect(ctx); err != nil {
				return err
			}
		}
		err := b.try(ctx, w, u, freeze)
		if err == nil {
			b.unitDone(ctx, u)
			return nil
		}
		next, ends := b.judge(ctx, w, u, err)
		switch {
		case errors.Is(err, errRewritten):
			b.mu.Lock()
			u.failed = err
			b.mu.Unlock()
			return err
		case ends != nil:
			return ends
		case next == giveItUp:
			b.mu.Lock()
			u.failed = pg.Fault(err, "copy table", u.String())
			b.mu.Unlock()
			return nil
		case next == noFreeze && freeze:
			freeze = false
		case next == asText && !u.Text:
			b.mu.Lock()
			u.Text = true
			b.mu.Unlock()
		default:
			if failures++; failures >= unitTries {
				return err
			}
			q.mu.Lock()
			q.doubt = q.doubt || ofTarget(err)
			q.mu.Unlock()
			if err := pg.Sleep(ctx, firstPause<<failures); err != nil {
				return err
			}
		}
	}
}

// verdict is what is done about an error of a unit.
type verdict int

const (
	again verdict = iota
	giveItUp
	noFreeze
	asText
)

func ofTarget(err error) bool {
	s, ok := errors.AsType[*sided](err)
	return ok && !s.source
}

// judge says what to do about an error; ends is set where the pass has to end.
func (b *Base) judge(ctx context.Context, w *worker, u unit, err error) (next verdict, ends error) {
	if ctx.Err() != nil {
		return again, fault.Wrap(ctx.Err(), "copy table", u.String())
	}
	code := pg.Code(err)
	kind := fault.KindOf(pg.Fault(err, "", ""))
	s, known := errors.AsType[*sided](err)
	switch {
	case !known:
		return again, err
	case w.source != nil && w.source.broken && s.source, kind == fault.Conflict && code != "42P07", code == "57014":
		return again, nil // the session, or a deadlock
	case errors.Is(err, errSnapshotLost), kind == fault.Unavailable && code[:min(2, len(code))] == "53":
		return again, err // no memory, no disk, no connection left: all others meet it as well
	case kind == fault.Unavailable, kind == fault.Timeout:
		return again, nil
	case !s.source && code == "55000":
		return noFreeze, nil
	case !s.source && !u.Text && (code == "22P03" || code == "42883" || code == "0A000" || code == "42804"):
		return asText, nil
	case !s.source && fault.KindOf(err) == fault.Conflict && code == "":
		return again, err // another Landfall
	}
	return giveItUp, nil
}

// try does a unit once, in one transaction of the target.
func (b *Base) try(ctx context.Context, w *worker, u unit, freeze bool) error {
	if err := w.open(ctx); err != nil {
		return &sided{w.source == nil, err}
	}
	if u.mended {
		return b.mend(ctx, w, u)
	}
	names := b.snapshot.names()
	if len(names) == 0 {
		return atSource(snapshotLost())
	}
	b.point("chunk begins")
	bytes := int64(0)
	from, to, err := forward(ctx, w.source, w.target, carrying{u.reading(names[0]), u.writing(freeze), 1, func(ctx context.Context, _, n int) error {
		bytes += int64(n)
		b.meter.carried(u.table, n)
		return b.pace.take(ctx, n)
	}})
	if err != nil {
		b.meter.carried(u.table, -int(bytes))
		if s, ok := errors.AsType[*sided](err); ok && s.source && notImported(err) {
			if b.snapshot.lost(ctx, names[0]) {
				return atSource(snapshotLost())
			}
			return atSource(fault.Of(fault.Unavailable, "import the snapshot", names[0], err)) // another name is tried
		}
		return err
	}
	if u.chunks > 1 && len(from.values) > 0 && from.values[0] != u.file {
		b.meter.carried(u.table, -int(bytes))
		if err := settle(w.target); err != nil {
			return atTarget(err)
		}
		return fault.Of(fault.Unavailable, "copy table", u.String(), errRewritten)
	}
	b.point("chunk sent")
	n := note{Name: u.Name, chunk: u.chunk, chunks: u.chunks, generation: b.snapshot.generation, Moved: Moved{to.copied()[0], bytes}, how: u.how}
	if n.Frozen = freeze; u.chunks > 1 {
		n.File = u.file
	}
	if err := b.noteChunk(ctx, w.target, n, notesSQL(b.Run, n)); err != nil {
		return err
	}
	b.mu.Lock()
	u.moved.Rows += n.Rows
	u.moved.Bytes += n.Bytes
	u.Frozen = freeze
	b.mu.Unlock()
	return nil
}

// noteChunk notes a chunk and commits it. One that is noted already was committed by a
// session whose last word did not arrive: what was copied now is rolled back.
func (b *Base) noteChunk(ctx context.Context, target *wire, n note, sql string) error {
	defer target.bound(ctx)()
	_, err := target.query(sql + "; COMMIT")
	if err != nil && pg.Code(err) != "23505" {
		return atTarget(errors.Join(err, settle(target)))
	}
	if err != nil {
		if err := settle(target); err != nil {
			return atTarget(err)
		}
	}
	b.point("chunk noted")
	b.advance()
	return nil
}

// mend brings the rows of an earlier snapshot up to this one.
func (b *Base) mend(ctx context.Context, w *worker, u unit) error {
	if err := b.makers.do(ctx, func(conn *pgx.Conn) error { return b.makeKey(ctx, conn, u.table) }); err != nil {
		return atTarget(err)
	}
	names := b.snapshot.names()
	if len(names) == 0 {
		return atSource(snapshotLost())
	}
	b.mu.Lock()
	g := b.complete(b.known.generations[len(b.known.generations)-1])
	b.mu.Unlock()
	moved, err := b.Mend(ctx, Mending{Table: u.Table, Generation: g, Snapshot: names[0]})
	if notImported(err) {
		if b.snapshot.lost(ctx, names[0]) {
			return atSource(snapshotLost())
		}
		return atSource(fault.Of(fault.Unavailable, "use the snapshot", names[0], err)) // another session holds it too
	}
	if err != nil {
		return err
	}
	n := note{Name: u.Name, chunks: 1, generation: g.Number, Moved: moved, how: u.how}
	if err := b.noteChunk(ctx, w.target, n, "BEGIN; "+forgetSQL(b.Run, u.Name)+"; "+notesSQL(b.Run, n)); err != nil {
		return err
	}
	b.mu.Lock()
	u.moved = moved
	b.mu.Unlock()
	return nil
}

// unitDone counts a unit, and begins what follows the last one of a table.
func (b *Base) unitDone(ctx context.Context, u unit) {
	b.mu.Lock()
	u.left--
	whole := u.left == 0
	b.mu.Unlock()
	if whole {
		b.finish(ctx, u.table)
	}
}
