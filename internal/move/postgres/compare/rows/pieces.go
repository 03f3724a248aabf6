package rows

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
)

// totals reads a table on both sides at once.
func (w *worker) totals(ctx context.Context, p pair) ([2]total, error) {
	var out [2]total
	err := w.couple.both(func(side int, conn *pgx.Conn) error {
		n, version, err := pages(ctx, conn, p.shape.name)
		if err != nil {
			return at(side, err)
		}
		cut := pieces(n, w.perPiece(version))
		if len(cut) == 1 {
			if err := w.pace[side].take(ctx, n*blockSize); err != nil {
				return err
			}
			err = out[side].read(ctx, conn, p.shape.totals(cut[0]))
		} else {
			out[side], err = w.inPieces(ctx, side, p.shape, cut)
		}
		if side == 0 && len(cut) == 1 {
			w.meter.did(out[0].rows, n*blockSize)
		}
		return at(side, err)
	})
	return out, err
}

// perPiece is the size of a piece in pages; 0 where the server would read the
// whole table for each.
func (w *worker) perPiece(version int) int64 {
	if version < tidRanges {
		return 0
	}
	size := int64(pieceBytes)
	if w.options.piece > 0 {
		size = w.options.piece
	}
	if limit := w.options.Limits.BytesPerSecond; limit > 0 {
		size = min(size, max(limit, 1<<20))
	}
	return max(size/blockSize, 1)
}

// inPieces reads a large table in pieces by several sessions that share the
// snapshot of the worker's own.
func (w *worker) inPieces(ctx context.Context, side int, s shape, cut []piece) (total, error) {
	var snapshot string
	if err := w.couple[side].QueryRow(ctx, "SELECT pg_catalog.pg_export_snapshot()").Scan(&snapshot); err != nil {
		return total{}, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan piece)
	var all total
	var lock sync.Mutex
	var group sync.WaitGroup
	for i := range min(len(cut), w.jobs()) {
		group.Go(func() {
			conn, done, err := w.share(ctx, side, i, snapshot)
			if err != nil {
				return // the server lets no more sessions in: those that are there do it
			}
			defer done()
			if err := w.read(ctx, side, s, reading{conn, queue, &all, &lock}); err != nil {
				cancel(err)
			}
		})
	}
	for _, p := range cut {
		select {
		case queue <- p:
		case <-ctx.Done():
		}
	}
	close(queue)
	group.Wait()
	return all, context.Cause(ctx)
}

type reading struct {
	conn  *pgx.Conn
	queue <-chan piece
	all   *total
	lock  *sync.Mutex
}

func (w *worker) read(ctx context.Context, side int, s shape, r reading) error {
	for p := range r.queue {
		var t total
		bytes := max(p.to-p.from, 0) * blockSize
		if err := w.pace[side].take(ctx, bytes); err != nil {
			return err
		}
		if err := t.read(ctx, r.conn, s.totals(p)); err != nil {
			return err
		}
		r.lock.Lock()
		err := r.all.add(t.rows, t.sum.String())
		r.lock.Unlock()
		if err != nil {
			return err
		}
		if side == 0 {
			w.meter.did(t.rows, bytes)
		}
	}
	return nil
}

// share opens one more session in a snapshot; the first is the worker's own.
func (w *worker) share(ctx context.Context, side, i int, snapshot string) (*pgx.Conn, func(), error) {
	if i == 0 {
		return w.couple[side], func() {}, nil
	}
	e := w.sides.Source
	if side == 1 {
		e = w.sides.Target
	}
	conn, err := e.Connect(ctx, "compare")
	if err != nil {
		return nil, nil, err
	}
	done := func() { _ = conn.Close(context.WithoutCancel(ctx)) }
	if err = settle(ctx, conn, w.options.Workers); err == nil && !w.facts.floats {
		_, err = conn.Exec(ctx, "SET extra_float_digits = 0")
	}
	if err == nil {
		_, err = conn.Exec(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
	}
	if err == nil {
		_, err = conn.Exec(ctx, "SET TRANSACTION SNAPSHOT "+pg.Literal(snapshot))
	}
	if err != nil {
		done()
		return nil, nil, err
	}
	return conn, done, nil
}
