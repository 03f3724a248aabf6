package base

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
)

// pass does what is outstanding, once. It is begun again where a server was lost.
func (b *Base) pass(ctx context.Context) error {
	if err := b.connect(ctx); err != nil {
		return err
	}
	b.point("pass begins")
	if err := b.reread(ctx); err != nil {
		return err
	}
	b.mu.Lock()
	b.left = nil
	b.mu.Unlock()
	b.meter.doing("list")
	outstanding, err := b.survey(ctx, b.catalog)
	if err != nil {
		return err
	}
	if len(outstanding) > 0 || !b.known.done[doneObjects] || len(b.known.entries) == 0 {
		if err := b.load(ctx, outstanding); err != nil {
			return err
		}
	} else if err := b.finishRest(ctx); err != nil {
		return err
	}
	b.release()
	if err := b.reread(ctx); err != nil {
		return err
	}
	if err := b.ready(ctx); err != nil {
		return err
	}
	if err := b.noteDone(ctx, doneRows); err != nil {
		return err
	}
	return b.postData(ctx)
}

// load copies rows: those of the tables that are not finished, from a snapshot.
func (b *Base) load(ctx context.Context, outstanding []*table) error {
	var names []pg.Table
	for _, t := range outstanding {
		names = append(names, t.Table)
	}
	if err := b.generation(ctx, names); err != nil {
		return err
	}
	if len(b.known.entries) == 0 {
		b.meter.doing("schema")
		if err := b.readSchema(ctx); err != nil {
			return err
		}
	}
	b.meter.doing("schema")
	if err := b.preData(ctx); err != nil {
		return err
	}
	// The tables are those of the snapshot; the list before was of another moment.
	err := b.inSnapshot(ctx, func(conn *pgx.Conn) (err error) {
		outstanding, err = b.survey(ctx, conn)
		return err
	})
	if err != nil {
		return err
	}
	units, err := b.plan(ctx, outstanding)
	if err != nil {
		return err
	}
	b.meter.doing("copy")
	b.finishTables(ctx, outstanding)
	rowsErr := b.rows(ctx, units)
	if rowsErr == nil {
		rowsErr = b.secondTry(ctx, outstanding)
	}
	if rowsErr == nil {
		rowsErr = b.largeObjects(ctx)
	}
	if rowsErr == nil {
		b.release()
	}
	b.after.Wait()
	return errors.Join(rowsErr, b.wrapAfter())
}

// finishTables begins what follows the rows of tables that are complete.
func (b *Base) finishTables(ctx context.Context, outstanding []*table) {
	open := map[pg.Name]bool{}
	for _, t := range outstanding {
		open[t.Name] = true
	}
	b.mu.Lock()
	all := make([]*table, 0, len(b.tables))
	for _, t := range b.tables {
		all = append(all, t)
	}
	b.mu.Unlock()
	slices.SortFunc(all, func(a, b *table) int { return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), a.Name.Compare(b.Name)) })
	for _, t := range all {
		if !open[t.Name] {
			b.finish(ctx, t)
		}
	}
}

// finishRest finishes tables when no row is outstanding.
func (b *Base) finishRest(ctx context.Context) error {
	if err := b.preData(ctx); err != nil {
		return err
	}
	b.meter.doing("index")
	b.finishTables(ctx, nil)
	b.after.Wait()
	return b.wrapAfter()
}

// secondTry copies once more what the target refused: a check may look at rows of
// a table that came later.
func (b *Base) secondTry(ctx context.Context, outstanding []*table) error {
	var units []unit
	b.mu.Lock()
	for _, t := range outstanding {
		if t.failed == nil || !ofTarget(t.failed) || t.chunks > 1 {
			continue
		}
		t.failed = nil
		units = append(units, unit{t, 0})
	}
	b.mu.Unlock()
	return b.rows(ctx, units)
}

// postData makes what comes after the rows and their indexes.
func (b *Base) postData(ctx context.Context) error {
	b.meter.doing("finish")
	b.mu.Lock()
	plain := b.tables
	several := len(b.known.generations) > 1
	for _, e := range b.known.entries {
		if e.Kind == kindForeign && e.Validate != "" {
			t := plain[*e.Table]
			e.loose = several || t != nil && t.heap >= largeFrom
		}
	}
	b.mu.Unlock()
	steps := []func(e *entry) bool{
		func(e *entry) bool {
			return e.After && !e.grants() && !e.last() && e.Kind != kindRefresh && (!b.ofTable(e, plain) || plain[*e.Table].failed != nil)
		},
		func(e *entry) bool { return !e.grants() && !e.last() && e.Kind != kindRefresh && len(e.trouble) > 0 }, // again, now that all else is there
		func(e *entry) bool { return e.grants() },
	}
	for _, step := range steps {
		if err := b.apply(ctx, b.control, b.of(step)); err != nil {
			return err
		}
	}
	if err := b.constraints(ctx); err != nil {
		return err
	}
	if err := b.apply(ctx, b.control, b.of(func(e *entry) bool { return e.Kind == kindRefresh })); err != nil {
		return err
	}
	if err := b.sequences(ctx); err != nil {
		return err
	}
	if err := b.analyzeRest(ctx); err != nil {
		return err
	}
	if err := b.apply(ctx, b.control, b.of((*entry).last)); err != nil {
		return err
	}
	b.point("all made")
	return b.noteDone(ctx, doneAll)
}

// analyzeRest tells the planner about what has rows of others: partitioned tables,
// parents, materialized views.
func (b *Base) analyzeRest(ctx context.Context) error {
	names := map[pg.Name]bool{}
	b.mu.Lock()
	for _, t := range b.tables {
		if t.Root != nil {
			names[*t.Root] = true
		}
		for _, parent := range t.Inherits {
			names[parent] = true
		}
	}
	for _, e := range b.known.entries {
		if e.Kind == kindRefresh && e.state == stateDone {
			names[*e.Table] = true
		}
	}
	done := b.known.done
	b.mu.Unlock()
	for _, name := range slices.SortedFunc(maps.Keys(names), pg.Name.Compare) {
		what := doneAnalyze + "all of " + name.String()
		if done[what] {
			continue
		}
		if err := b.tell(ctx, b.control, "ANALYZE "+name.SQL(), what); err != nil {
			return err
		}
	}
	return nil
}

// sequences sets every sequence to where the source's is. It does so once: when the
// target is in use, its own are ahead.
func (b *Base) sequences(ctx context.Context) error {
	if b.known.done[doneSequences] {
		return nil
	}
	values, err := b.readSequences(ctx)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(values, batch) {
		var calls []string
		for _, v := range some {
			calls = append(calls, v.call())
		}
		if _, err := b.control.Exec(ctx, "SELECT "+strings.Join(calls, ", "), pgx.QueryExecModeSimpleProtocol); err == nil {
			continue
		} else if b.control.IsClosed() || retry(err) {
			return pg.Fault(err, "set sequences of", b.Target.String())
		}
		for _, v := range some {
			if _, err := b.control.Exec(ctx, "SELECT "+v.call(), pgx.QueryExecModeSimpleProtocol); err != nil {
				if b.control.IsClosed() || retry(err) {
					return pg.Fault(err, "set sequence", v.String())
				}
				b.leave(Left{Kind: "SEQUENCE VALUE", Name: v.String(), Message: message(err), Code: pg.Code(err), SQL: "SELECT " + v.call()})
			}
		}
	}
	return b.noteDone(ctx, doneSequences)
}

// sequence is a sequence of the source and where it is.
type sequence struct {
	pg.Name
	last   int64
	called bool
}

func (s sequence) call() string {
	return fmt.Sprintf("pg_catalog.setval(%s::pg_catalog.regclass, %d, %t)", pg.Literal(s.SQL()), s.last, s.called)
}

// readSequences reads the sequences that belong to what was selected. One that was
// never used needs nothing.
func (b *Base) readSequences(ctx context.Context) ([]sequence, error) {
	rows, err := b.catalog.Query(ctx, `SELECT n.nspname, c.relname, coalesce(tn.nspname, ''), coalesce(t.relname, '')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')
LEFT JOIN pg_catalog.pg_class t ON t.oid = d.refobjid LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend x WHERE x.classid = 'pg_catalog.pg_class'::regclass AND x.objid = c.oid AND x.deptype = 'e')
ORDER BY 1, 2`)
	if err != nil {
		return nil, pg.Fault(err, "list the sequences of", b.Source.String())
	}
	made := map[pg.Name]bool{}
	for _, e := range b.of(func(e *entry) bool {
		return (e.Kind == "SEQUENCE" || e.Kind == "TABLE") && e.LeftOut == "" && e.state != stateFailed
	}) {
		made[pg.Name{Schema: e.Schema, Name: e.Entry.Name}] = true
	}
	var names []pg.Name
	if _, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		var n, owner pg.Name
		err := row.Scan(&n.Schema, &n.Name, &owner.Schema, &owner.Name)
		if made[n] || made[owner] {
			names = append(names, n)
		}
		return struct{}{}, err
	}); err != nil {
		return nil, pg.Fault(err, "list the sequences of", b.Source.String())
	}
	var all []sequence
	for some := range slices.Chunk(names, batch) {
		var parts []string
		for i, n := range some {
			parts = append(parts, fmt.Sprintf("SELECT %d, last_value, is_called FROM %s", i, n.SQL()))
		}
		rows, err := b.catalog.Query(ctx, strings.Join(parts, " UNION ALL ")+" ORDER BY 1")
		if err != nil {
			return nil, pg.Fault(err, "read the sequences of", b.Source.String())
		}
		if _, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
			var i int
			var s sequence
			err := row.Scan(&i, &s.last, &s.called)
			s.Name = some[i]
			all = append(all, s)
			return struct{}{}, err
		}); err != nil {
			return nil, pg.Fault(err, "read the sequences of", b.Source.String())
		}
	}
	return all, nil
}
