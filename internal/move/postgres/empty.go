package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// empty drops from the target what was copied there, behind its fence. It is refused
// where the target held anything before.
func (m *Mover) empty(ctx context.Context) error {
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
		dropped, err = dropCopied(ctx, tx, m.doc.TargetHad)
		return err
	})
	if err != nil {
		return pg.Fault(err, "empty", m.ports.Target.String())
	}
	return m.tell("emptied", map[string]any{"dropped": len(dropped)})
}

// ownSchemas are those of users: not of the system, nor of extensions.
const ownSchemas = `SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e')`

// contents says whether a database holds nothing of its users but schemas, and names
// those.
func contents(ctx context.Context, at pg.Endpoint) (empty bool, schemas []string, err error) {
	conn, err := at.Connect(ctx, "look")
	if err != nil {
		return false, nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it only read
	var n int64
	err = conn.QueryRow(ctx, `
WITH own AS (`+ownSchemas+`)
SELECT (SELECT count(*) FROM pg_catalog.pg_depend d JOIN own ON own.oid = d.refobjid WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.deptype = 'n'
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e') AND d.classid <> 'pg_catalog.pg_extension'::regclass)
     + (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata),
       (SELECT coalesce(pg_catalog.array_agg(own.nspname::text ORDER BY own.nspname), '{}') FROM own)`).Scan(&n, &schemas)
	return n == 0, schemas, pg.Fault(err, "look whether the target is empty", at.String())
}

// dropCopied drops, in one transaction, the schemas that were not there before, and
// what lies in those that were; extensions that were not copied stay. It returns the
// statements.
func dropCopied(ctx context.Context, tx pgx.Tx, had []string) ([]string, error) {
	rows, err := tx.Query(ctx, ownSchemas)
	if err != nil {
		return nil, err
	}
	type schema struct {
		OID  uint32
		Name string
	}
	schemas, err := pgx.CollectRows(rows, pgx.RowToStructByPos[schema])
	if err != nil {
		return nil, err
	}
	var done []string
	for _, s := range schemas {
		statements := []string{"DROP SCHEMA " + pg.Quote(s.Name) + " CASCADE"}
		if slices.Contains(had, s.Name) {
			if statements, err = dropWithin(ctx, tx, s.OID); err != nil {
				return nil, err
			}
		}
		for _, sql := range statements {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return nil, pg.Fault(err, "execute", sql)
			}
		}
		done = append(done, statements...)
	}
	_, err = tx.Exec(ctx, "SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata")
	return done, err
}

// dropWithin drops each object of a schema by its own kind and identity. The identity
// of an aggregate is that of a routine: DROP AGGREGATE wants (*) for one without
// arguments, and ORDER BY for an ordered set.
func dropWithin(ctx context.Context, tx pgx.Tx, schema uint32) ([]string, error) {
	rows, err := tx.Query(ctx, `
SELECT 'DROP ' || CASE WHEN i.type = 'statistics object' THEN 'STATISTICS' WHEN i.type = 'aggregate' AND current_setting('server_version_num')::int >= 110000 THEN 'ROUTINE' ELSE upper(i.type) END || ' IF EXISTS ' || i.identity || ' CASCADE'
FROM pg_catalog.pg_depend d, pg_catalog.pg_identify_object(d.classid, d.objid, 0) i
WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.refobjid = $1 AND d.deptype = 'n' AND d.classid <> 'pg_catalog.pg_extension'::regclass
  AND i.type NOT IN ('index', 'composite type', 'default acl', 'publication namespace')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype IN ('e', 'i', 'a'))
ORDER BY i.type, i.identity`, schema)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
