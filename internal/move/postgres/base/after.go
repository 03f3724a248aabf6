package base

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// largeFrom is from which size on the indexes of a table are built at once, and its
// foreign keys are validated beside others: below, the round trips cost more.
const largeFrom = 64 << 20

// finish begins what follows the rows of a table, beside the copying of others.
func (b *Base) finish(ctx context.Context, t *table) {
	b.after.Go(func() {
		err := b.finishTable(ctx, t)
		b.mu.Lock()
		defer b.mu.Unlock()
		t.doing = ""
		if err != nil {
			b.afterErr = errors.Join(b.afterErr, err)
		}
	})
}

// finishTable builds the indexes of a table, and tells the planner about its rows.
func (b *Base) finishTable(ctx context.Context, t *table) error {
	b.mu.Lock()
	t.doing = "index"
	entries := b.following(t)
	b.mu.Unlock()
	if t.heap >= largeFrom && len(entries) > 1 {
		if err := b.buildAtOnce(ctx, t, entries); err != nil {
			return err
		}
	}
	return b.makers.do(ctx, func(conn *pgx.Conn) error {
		if err := b.apply(ctx, conn, entries); err != nil {
			return err
		}
		return b.analyze(ctx, conn, t)
	})
}

// following are the entries that are made as soon as the rows of a table are in, and
// are not done. b.mu is held.
func (b *Base) following(t *table) []*entry {
	var out []*entry
	for _, e := range b.known.of[t.Name] {
		if e.state != stateDone && b.ofTable(e, b.tables) {
			out = append(out, e)
		}
	}
	return out
}

// buildAtOnce builds all indexes of a table beside each other, those of constraints
// as well, which are made of them afterwards.
func (b *Base) buildAtOnce(ctx context.Context, t *table, entries []*entry) error {
	var all sync.WaitGroup
	errs := make([]error, len(entries))
	for i, e := range entries {
		all.Go(func() {
			errs[i] = b.makers.do(ctx, func(conn *pgx.Conn) error {
				switch {
				case e.Build != "":
					return b.build(ctx, conn, e)
				case e.Kind == kindIndex:
					return b.apply(ctx, conn, []*entry{e})
				}
				return nil
			})
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// build makes the index of a constraint, once. Where that is refused, the
// constraint makes it itself.
func (b *Base) build(ctx context.Context, conn *pgx.Conn, e *entry) error {
	what := fmt.Sprintf("built %d", e.seq)
	b.mu.Lock()
	there := b.known.done[what]
	b.mu.Unlock()
	if !there {
		_, err := conn.PgConn().Exec(ctx, "BEGIN; "+e.settings(b.tablespaces)+e.Build+"; "+doneSQL(b.Run, what)+"; COMMIT").ReadAll()
		if err != nil && (conn.IsClosed() || ctx.Err() != nil || passes(err)) {
			return errors.Join(pg.Fault(err, "build index of", e.Entry.Name), rollback(ctx, conn))
		}
		if err != nil {
			return rollback(ctx, conn)
		}
		b.point("index built")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known.done[what] = true
	if e.Attach != "" && len(e.Statements) > 0 {
		e.Statements[0] = e.Attach
	}
	return nil
}

func rollback(ctx context.Context, conn *pgx.Conn) error {
	if conn.IsClosed() {
		return nil
	}
	_, err := conn.Exec(ctx, "ROLLBACK")
	return err
}

// makeKey makes the index behind the key of a table before the others.
func (b *Base) makeKey(ctx context.Context, conn *pgx.Conn, t *table) error {
	return b.apply(ctx, conn, b.of(func(e *entry) bool {
		return e.Table != nil && *e.Table == t.Name && (e.Kind == kindIndex && e.Entry.Name == t.KeyIndex || e.Kind == kindConstraint && e.Entry.Name == t.Name.Name+" "+t.KeyIndex)
	}))
}

// analyze tells the planner about a table. Rows that could not be frozen are
// vacuumed, so that indexes alone can answer.
func (b *Base) analyze(ctx context.Context, conn *pgx.Conn, t *table) error {
	what := doneAnalyze + t.String()
	b.mu.Lock()
	skip := b.known.done[what] || t.Analyzed
	t.doing = "vacuum"
	vacuum := t.heap >= freezeFrom && !t.Frozen
	b.mu.Unlock()
	if skip {
		return nil
	}
	sql := "ANALYZE "
	switch {
	case vacuum && t.Root != nil:
		sql = "VACUUM " // the partitioned table is analyzed with all its leaves later
	case vacuum:
		sql = "VACUUM (ANALYZE) "
	case t.Root != nil:
		return nil
	}
	return b.tell(ctx, conn, sql+t.SQL(), what)
}

// tell executes a statement that changes no content, and notes it. A refusal is
// kept for the result, and tried again in the next pass.
func (b *Base) tell(ctx context.Context, conn *pgx.Conn, sql, what string) error {
	_, err := conn.Exec(ctx, sql)
	if err != nil && (conn.IsClosed() || ctx.Err() != nil || retry(err)) {
		return pg.Fault(err, "execute", sql)
	}
	if err != nil {
		b.leave(Left{Kind: "STATISTICS", Name: what, Message: message(err), Code: pg.Code(err), SQL: sql})
		return nil
	}
	if _, err := conn.Exec(ctx, doneSQL(b.Run, what)); err != nil {
		return pg.Fault(err, "note", what)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.known.done[what] = true
	return nil
}

func (b *Base) leave(l Left) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = append(b.left, l)
}

// ready tells of generations whose tables have all that they are followed with.
func (b *Base) ready(ctx context.Context) error {
	if b.Ready == nil {
		return nil
	}
	for _, g := range b.State().Generations {
		if g.Live || len(g.Tables) == 0 || b.readied[g.Number] {
			continue
		}
		if err := b.Ready(ctx, g); err != nil {
			return err
		}
		b.readied[g.Number] = true
	}
	return nil
}

// release lets the snapshot go, when nothing more is read from it.
func (b *Base) release() {
	b.mu.Lock()
	s := b.snapshot
	b.snapshot = nil
	b.mu.Unlock()
	s.release()
}

// constraints validates the foreign keys that were made without looking at rows,
// several tables at once.
func (b *Base) constraints(ctx context.Context) error {
	tables := map[pg.Name][]*entry{}
	for _, e := range b.of(func(e *entry) bool { return e.state == stateLoose }) {
		tables[*e.Table] = append(tables[*e.Table], e)
	}
	later := len(b.State().Generations) > 1
	var all sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for _, entries := range tables {
		all.Go(func() {
			err := b.makers.do(ctx, func(conn *pgx.Conn) error {
				for _, e := range entries {
					if err := b.validate(ctx, conn, e, later); err != nil {
						return err
					}
				}
				return nil
			})
			mu.Lock()
			defer mu.Unlock()
			failed = errors.Join(failed, err)
		})
	}
	all.Wait()
	return failed
}

// validate validates one foreign key. Where tables are of several generations, a
// row may be missing only because its table is behind.
func (b *Base) validate(ctx context.Context, conn *pgx.Conn, e *entry, later bool) error {
	next := entry{seq: e.seq, state: stateDone}
	for try := 0; ; try++ {
		_, err := conn.PgConn().Exec(ctx, "BEGIN; "+e.Validate+"; "+next.stateSQL(b.Run)+"; COMMIT").ReadAll()
		if err == nil {
			b.mu.Lock()
			e.state, e.trouble = next.state, nil
			b.mu.Unlock()
			return nil
		}
		if conn.IsClosed() || ctx.Err() != nil {
			return pg.Fault(err, "validate constraint", e.Entry.Name)
		}
		if failed := rollback(ctx, conn); failed != nil || passes(err) && try >= entryTries {
			return pg.Fault(errors.Join(err, failed), "validate constraint", e.Entry.Name)
		}
		if passes(err) {
			continue
		}
		next = entry{seq: e.seq, state: stateLoose, trouble: []trouble{{0, e.Validate, pg.Code(err), message(err), later && pg.Code(err) == "23503"}}}
		if _, err := conn.Exec(ctx, next.stateSQL(b.Run)); err != nil {
			return pg.Fault(err, "note constraint", e.Entry.Name)
		}
		b.mu.Lock()
		e.trouble = next.trouble
		b.mu.Unlock()
		return nil
	}
}

// wrapAfter is the error of what followed the rows, nil if there was none.
func (b *Base) wrapAfter() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	err := b.afterErr
	b.afterErr = nil
	if err == nil {
		return nil
	}
	return fault.Wrap(err, "finish the tables of", b.Target.String())
}
