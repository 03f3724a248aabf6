package facts

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
)

// objects lists one kind. What extensions made belongs to them and is left out
// by the queries themselves.
func (r *reader) objects(ctx context.Context, k kind) error {
	rows, err := r.conn.Query(ctx, k.sql)
	if err != nil {
		return err
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Object, error) {
		o := Object{Kind: k.kind}
		into := []any{&o.Name.Schema, &o.Name.Name, &o.Detail}
		if len(row.FieldDescriptions()) > len(into) {
			into = append(into, &o.Arguments)
		}
		return o, row.Scan(into...)
	})
	if err != nil {
		return err
	}
	slices.SortFunc(found, func(a, b Object) int {
		return cmp.Or(a.Name.Compare(b.Name), strings.Compare(a.Arguments, b.Arguments), strings.Compare(a.Detail, b.Detail))
	})
	for _, o := range found {
		if o.Name.Schema == "" || r.o.Select.Keeps(o.Name) {
			r.facts.Objects = append(r.facts.Objects, o)
		}
	}
	return nil
}

func (r *reader) extensions(ctx context.Context) error {
	rows, err := r.conn.Query(ctx, `
SELECT e.extname::text, coalesce(e.extversion, ''), n.nspname::text, coalesce(e.extconfig, '{}'), coalesce(e.extcondition, '{}')
FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace ORDER BY 1`)
	if err != nil {
		return err
	}
	type config struct {
		at     int
		table  uint32
		filter string
	}
	var configs []config
	for rows.Next() {
		var e Extension
		var tables []uint32
		var filters []string
		if err := rows.Scan(&e.Name, &e.Version, &e.Schema, &tables, &filters); err != nil {
			rows.Close()
			return err
		}
		r.facts.Extensions = append(r.facts.Extensions, e)
		for i, t := range tables {
			c := config{len(r.facts.Extensions) - 1, t, ""}
			if i < len(filters) {
				c.filter = filters[i]
			}
			configs = append(configs, c)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, c := range configs {
		name, filled, err := r.filled(ctx, c.table, c.filter)
		if err != nil {
			return err
		}
		if e := &r.facts.Extensions[c.at]; filled {
			e.Data = append(e.Data, name)
			slices.Sort(e.Data)
		}
	}
	return nil
}

// filled reports whether a table of an extension has rows of the users'; filter is
// what the extension says of which rows those are. A sequence always has one row
// and says nothing.
func (r *reader) filled(ctx context.Context, table uint32, filter string) (string, bool, error) {
	var name pg.Name
	var kind string
	err := r.conn.QueryRow(ctx, `SELECT n.nspname, c.relname, c.relkind::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1`,
		table).Scan(&name.Schema, &name.Name, &kind)
	if err != nil || kind != "r" {
		return "", false, err
	}
	var filled bool
	err = r.conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM "+name.SQL()+" "+filter+")").Scan(&filled)
	if pg.Code(err) == denied {
		r.facts.Unread = append(r.facts.Unread, Unread{"rows of " + name.String(), pg.Fault(err, "read", name.String()).Error()})
		return "", false, nil
	}
	return name.String(), filled, err
}

func (r *reader) sequences(ctx context.Context) error {
	rows, err := r.conn.Query(ctx, `
SELECT n.nspname, c.relname, coalesce(v.last_value, s.seqstart), CASE WHEN s.seqincrement > 0
         THEN coalesce(v.last_value, s.seqmin)::float8 / least(s.seqmax, CASE a.atttypid WHEN 21 THEN 32767 WHEN 23 THEN 2147483647 ELSE 9223372036854775807 END)::float8
         ELSE coalesce(v.last_value, s.seqmax)::float8 / least(s.seqmin, -1)::float8 END,
       coalesce(tn.nspname, ''), coalesce(t.relname, ''), coalesce(a.attname, '')
FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_sequences v ON v.schemaname = n.nspname AND v.sequencename = c.relname
LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
LEFT JOIN pg_catalog.pg_class t ON t.oid = d.refobjid LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE c.relpersistence <> 't' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
ORDER BY 1, 2, 5, 6, 7`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var s Sequence
		var table pg.Name
		var column string
		if err := rows.Scan(&s.Name.Schema, &s.Name.Name, &s.Last, &s.Used, &table.Schema, &table.Name, &column); err != nil {
			return err
		}
		if table.Name != "" {
			s.Column = table.String() + " (" + column + ")"
		}
		if r.o.Select.Keeps(s.Name) {
			r.facts.Sequences = append(r.facts.Sequences, s)
		}
	}
	return rows.Err()
}

func (r *reader) large(ctx context.Context) error {
	f := &r.facts.Large
	err := r.conn.QueryRow(ctx, `SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject_metadata`).Scan(&f.Count)
	if err != nil || f.Count == 0 {
		return err
	}
	return r.conn.QueryRow(ctx, `SELECT pg_catalog.pg_table_size('pg_catalog.pg_largeobject')`).Scan(&f.Bytes)
}

// names lists what could collide with what another database has.
func (r *reader) names(ctx context.Context) error {
	rows, err := r.conn.Query(ctx, `
SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type' WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' ELSE 'table' END,
       n.nspname, c.relname, ''
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid >= 16384 AND c.relkind <> 't' AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
UNION ALL
SELECT 'function', n.nspname, p.proname, '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')'
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE p.oid >= 16384 AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
UNION ALL
SELECT 'type', n.nspname, t.typname, '' FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE t.oid >= 16384 AND t.typtype IN ('d', 'e', 'r', 'b') AND t.typelem = 0 AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
ORDER BY 1, 2, 3, 4`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var what, arguments string
		var n pg.Name
		if err := rows.Scan(&what, &n.Schema, &n.Name, &arguments); err != nil {
			return err
		}
		if r.o.Select.Keeps(n) {
			r.facts.Names = append(r.facts.Names, what+" "+n.String()+arguments)
		}
	}
	return rows.Err()
}
