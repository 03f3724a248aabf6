package base

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.com/landfall/internal/move/postgres/dump"
	"example.com/landfall/internal/move/postgres/pg"
)

type pgError = pgconn.PgError

// The kinds of entries that are treated apart.
const (
	kindIndex      = "INDEX"
	kindConstraint = "CONSTRAINT"
	kindStatistics = "STATISTICS"
	kindForeign    = "FK CONSTRAINT"
	kindRefresh    = "MATERIALIZED VIEW DATA"
)

// readSchema reads the schema as the snapshot shows it, and notes it.
func (b *Base) readSchema(ctx context.Context) error {
	names := b.snapshot.names()
	if len(names) == 0 {
		return snapshotLost()
	}
	all, err := b.Programs.Schema(ctx, dump.Options{Source: b.Source, Snapshot: names[0], QuoteAll: b.source.Major() != b.target.Major()})
	if err != nil {
		// A program tells no code: those who hold the snapshot know whether it was lost.
		if b.snapshot.check(ctx); !slices.Contains(b.snapshot.names(), names[0]) {
			return snapshotLost()
		}
		return err
	}
	var entries []*entry
	for i, choice := range choose(all, b.Selection) {
		entries = append(entries, &entry{seq: i + 1, Entry: choice.Entry, Extra: Extra{LeftOut: choice.why}})
	}
	if err := b.inSnapshot(ctx, func(conn *pgx.Conn) error {
		if err := addExtras(ctx, conn, entries); err != nil {
			return pg.Fault(err, "read the catalogue of", b.Source.String())
		}
		more, err := refreshes(ctx, conn, entries)
		entries = append(entries, more...)
		return pg.Fault(err, "read the catalogue of", b.Source.String())
	}); err != nil {
		return err
	}
	if err := storeEntries(ctx, b.control, b.Run, entries); err != nil {
		return err
	}
	b.point("schema noted")
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range entries {
		noted := e.Entry
		e.noted = &noted
		if err := b.known.add(e, ""); err != nil {
			return err
		}
	}
	return nil
}

// addExtras reads what pg_dump does not tell: the tables of indexes and
// constraints, and how a constraint is made of an index.
func addExtras(ctx context.Context, conn *pgx.Conn, entries []*entry) error {
	at := map[[2]uint32]*entry{}
	for _, e := range entries {
		at[[2]uint32{e.Class, e.OID}] = e
	}
	rows, err := conn.Query(ctx, `
SELECT 'pg_catalog.pg_class'::regclass::oid, i.indexrelid, n.nspname, c.relname, c.relkind::text, '', '', '', ''
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
UNION ALL
SELECT 'pg_catalog.pg_statistic_ext'::regclass::oid, s.oid, n.nspname, c.relname, c.relkind::text, '', '', '', ''
FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_class c ON c.oid = s.stxrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
UNION ALL
SELECT 'pg_catalog.pg_constraint'::regclass::oid, k.oid, n.nspname, c.relname, c.relkind::text, k.contype::text, k.conname,
  CASE WHEN k.contype IN ('p', 'u') AND pg_catalog.pg_relation_size(c.oid) >= $1 THEN pg_catalog.pg_get_indexdef(k.conindid) ELSE '' END,
  CASE WHEN k.condeferrable THEN ' DEFERRABLE' || CASE WHEN k.condeferred THEN ' INITIALLY DEFERRED' ELSE '' END ELSE '' END
FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`, largeFrom)
	if err != nil {
		return err
	}
	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		var class, id uint32
		var table pg.Name
		var relkind, contype, name, index, deferrable string
		if err := row.Scan(&class, &id, &table.Schema, &table.Name, &relkind, &contype, &name, &index, &deferrable); err != nil {
			return struct{}{}, err
		}
		e := at[[2]uint32{class, id}]
		if e == nil {
			return struct{}{}, nil
		}
		e.Table = &table
		switch {
		case relkind != "r":
		case contype == "f":
			e.loosen(table, name)
		case index != "":
			e.split(table, name, contype, index, deferrable)
		}
		return struct{}{}, nil
	})
	return err
}

// loosen notes how a foreign key is validated, if it is to be.
func (e *entry) loosen(table pg.Name, name string) {
	if len(e.Statements) > 0 && !strings.HasSuffix(e.Statements[0], " NOT VALID") {
		e.Validate = "ALTER TABLE " + table.SQL() + " VALIDATE CONSTRAINT " + pg.Quote(name)
	}
}

// split notes how a primary key or unique constraint is made in two steps: several
// indexes of one table are built at once, while two constraints are not ("ALTER
// TABLE", ADD table_constraint_using_index).
func (e *entry) split(table pg.Name, name, contype, index, deferrable string) {
	word := " UNIQUE"
	if contype == "p" {
		word = " PRIMARY KEY"
	}
	e.Build = index
	e.Attach = "ALTER TABLE " + table.SQL() + " ADD CONSTRAINT " + pg.Quote(name) + word + " USING INDEX " + pg.Quote(name) + deferrable
}

// refreshes are entries that fill the materialized views that the source has
// filled, each after those that it reads.
func refreshes(ctx context.Context, conn *pgx.Conn, entries []*entry) ([]*entry, error) {
	rows, err := conn.Query(ctx, `SELECT c.oid, coalesce(ARRAY(SELECT DISTINCT d.refobjid FROM pg_catalog.pg_rewrite r
  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> c.oid
  WHERE r.ev_class = c.oid ORDER BY d.refobjid), '{}'), c.relkind = 'm' AND c.relispopulated
FROM pg_catalog.pg_class c WHERE c.relkind IN ('v', 'm')`)
	if err != nil {
		return nil, err
	}
	reads, filled := map[uint32][]uint32{}, map[uint32]bool{}
	if _, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		var id uint32
		var of []uint32
		var full bool
		err := row.Scan(&id, &of, &full)
		reads[id], filled[id] = of, full
		return struct{}{}, err
	}); err != nil {
		return nil, err
	}
	views := map[uint32]*entry{}
	for _, e := range entries {
		if e.Kind == "MATERIALIZED VIEW" && e.LeftOut == "" {
			views[e.OID] = e
		}
	}
	var out []*entry
	seen := map[uint32]bool{}
	var visit func(id uint32)
	visit = func(id uint32) {
		if seen[id] {
			return
		}
		seen[id] = true
		for _, of := range reads[id] {
			visit(of)
		}
		if v := views[id]; v != nil && filled[id] {
			name := pg.Name{Schema: v.Schema, Name: v.Entry.Name}
			out = append(out, &entry{seq: len(entries) + len(out) + 1, Extra: Extra{Table: &name}, Entry: dump.Entry{
				Kind: kindRefresh, Schema: v.Schema, Name: v.Entry.Name, After: true, Needs: []int{v.ID}, Statements: []string{"REFRESH MATERIALIZED VIEW " + name.SQL()}}})
		}
	}
	for _, e := range entries {
		if e.Kind == "MATERIALIZED VIEW" {
			visit(e.OID)
		}
	}
	return out, nil
}

// of selects entries of the run.
func (b *Base) of(keep func(*entry) bool) []*entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []*entry
	for _, e := range b.known.entries {
		if keep(e) {
			out = append(out, e)
		}
	}
	return out
}

// grants reports whether an entry comes when all else is there, as pg_restore has it
// (RESTORE_PASS_ACL): rights may take away what a later statement needs.
func (e *entry) grants() bool { return e.Kind == "ACL" || e.Kind == "DEFAULT ACL" }

// last reports whether an entry comes even after the grants.
func (e *entry) last() bool {
	return e.Kind == "EVENT TRIGGER" || (e.Kind == "COMMENT" || e.Kind == "SECURITY LABEL") && strings.HasPrefix(e.Entry.Name, "EVENT TRIGGER ")
}

// preData makes what comes before the rows.
func (b *Base) preData(ctx context.Context) error {
	steps := []func(e *entry) bool{
		func(e *entry) bool { return !e.After && !e.grants() && !e.last() },
		// An owner needs rights on the schema: those come at once where something was refused.
		func(e *entry) bool {
			return e.Kind == "ACL" && strings.HasPrefix(e.Entry.Name, "SCHEMA ") && b.troubled(false)
		},
		func(e *entry) bool { return !e.After && !e.grants() && !e.last() && len(e.trouble) > 0 },
	}
	for _, step := range steps {
		if err := b.apply(ctx, b.control, b.of(step)); err != nil {
			return err
		}
	}
	return b.noteDone(ctx, doneSchema)
}

// troubled reports whether something before or after the rows was refused. b.mu is
// held.
func (b *Base) troubled(after bool) bool {
	return slices.ContainsFunc(b.known.entries, func(e *entry) bool { return e.After == after && len(e.trouble) > 0 })
}

func (b *Base) noteDone(ctx context.Context, what string) error {
	// What was noted asynchronously before is on disk when this is.
	_, err := b.control.PgConn().Exec(ctx, "BEGIN; SET LOCAL synchronous_commit = on; "+doneSQL(b.Run, what)+"; COMMIT").ReadAll()
	if err != nil {
		return pg.Fault(err, fmt.Sprintf("note that %s is done for run", what), b.Run)
	}
	b.mu.Lock()
	b.known.done[what] = true
	b.mu.Unlock()
	return nil
}

// ofTable reports whether an entry is made as soon as the rows of a table are in.
func (b *Base) ofTable(e *entry, plain map[pg.Name]*table) bool {
	return e.After && e.Table != nil && slices.Contains([]string{kindIndex, kindConstraint, kindStatistics}, e.Kind) && plain[*e.Table] != nil
}
