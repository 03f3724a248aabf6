package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// Empty drops from the target what an abandoned move has copied there: every
// schema but those of the system, of extensions and of the service. It is refused
// for a move that was not abandoned: its copy began with an empty target, so that
// all that is there is a copy.
func (m *Mover) Empty(ctx context.Context) error {
	if err := m.at("empty the target", Abandoned); err != nil {
		return err
	}
	if !m.doc.TargetWasEmpty {
		return fault.Newf(fault.Refused, "empty the target: it held other things before the copy").Hintf("drop by hand what was copied")
	}
	conn, err := m.ports.Target.Connect(ctx, "empty")
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // what counts is committed
	var dropped []string
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		dropped, err = dropSchemas(ctx, tx)
		return err
	})
	if err != nil {
		return pg.Fault(err, "empty", m.ports.Target.String())
	}
	return m.tell("emptied", map[string]any{"schemas": dropped})
}

// isEmpty reports whether a database holds nothing of its users.
func isEmpty(ctx context.Context, at pg.Endpoint) (bool, error) {
	conn, err := at.Connect(ctx, "look")
	if err != nil {
		return false, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it only read
	var n int64
	err = conn.QueryRow(ctx, `
WITH own AS (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e'))
SELECT (SELECT count(*) FROM pg_catalog.pg_class c JOIN own ON own.oid = c.relnamespace WHERE NOT EXISTS
         (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))
     + (SELECT count(*) FROM pg_catalog.pg_proc p JOIN own ON own.oid = p.pronamespace WHERE NOT EXISTS
         (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'))
     + (SELECT count(*) FROM pg_catalog.pg_type t JOIN own ON own.oid = t.typnamespace WHERE NOT EXISTS
         (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid AND d.deptype IN ('e', 'i')))
     + (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata)`).Scan(&n)
	return n == 0, pg.Fault(err, "look whether the target is empty", at.String())
}

// dropSchemas drops them in one transaction, and makes "public" anew where it was.
func dropSchemas(ctx context.Context, tx pgx.Tx) ([]string, error) {
	rows, err := tx.Query(ctx, `
SELECT n.nspname FROM pg_catalog.pg_namespace n
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND pg_catalog.pg_has_role(n.nspowner, 'USAGE')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')
ORDER BY n.nspname`)
	if err != nil {
		return nil, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if _, err := tx.Exec(ctx, "DROP SCHEMA "+pg.Quote(name)+" CASCADE"); err != nil {
			return nil, pg.Fault(err, "drop schema", name)
		}
	}
	if slices.Contains(names, "public") {
		for _, sql := range []string{"CREATE SCHEMA public", "GRANT USAGE ON SCHEMA public TO PUBLIC", "COMMENT ON SCHEMA public IS 'standard public schema'"} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return nil, err
			}
		}
	}
	if _, err := tx.Exec(ctx, "SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata WHERE pg_catalog.pg_has_role(lomowner, 'USAGE')"); err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fault.Newf(fault.NotFound, "find anything to drop")
	}
	return names, nil
}
