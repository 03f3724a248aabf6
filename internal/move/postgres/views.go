package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/compare/rows"
	"example.com/landfall/internal/move/postgres/pg"
)

// freshen makes the materialized views of the side that will serve hold what their
// definitions give. A view is as of its last refresh, which each side makes for
// itself: one that is not equal says nothing of its rows, which were compared before
// this, and is refreshed. Nobody else can write at either side.
func (m *Mover) freshen(ctx context.Context, serves pg.Endpoint) error {
	views, err := rows.Views(ctx, rows.Sides{Source: m.ports.Source, Target: m.ports.Target}, rows.Options{Select: m.settings.Select, Limits: m.limits})
	if err != nil {
		return err
	}
	stale := map[pg.Name]bool{}
	for _, v := range views {
		switch v.Verdict {
		case rows.Equal:
		case rows.Different:
			stale[v.Name] = true
		default:
			return fault.Newf(fault.Found, "compare materialized view %s: %s %s", v.Name, v.Verdict, v.Reason).Hintf("landfall verify postgres --json says more")
		}
	}
	if len(stale) == 0 {
		return nil
	}
	conn, err := serves.Connect(ctx, "refresh")
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // each statement is done
	all, err := refreshOrder(ctx, conn)
	if err != nil {
		return err
	}
	began := m.ports.Now()
	var done []string
	for _, view := range all {
		if !stale[view] {
			continue
		}
		if _, err := conn.Exec(ctx, "REFRESH MATERIALIZED VIEW "+view.SQL()); err != nil {
			return pg.Fault(err, "refresh materialized view", view.String())
		}
		done = append(done, view.String())
	}
	return m.tell("refreshed", map[string]any{"database": serves.String(), "views": done, "milliseconds": m.ports.Now().Sub(began).Round(time.Millisecond).Milliseconds()})
}

// refreshOrder lists materialized views, each after those that it reads, by way of
// plain views too.
func refreshOrder(ctx context.Context, conn *pgx.Conn) ([]pg.Name, error) {
	rows, err := conn.Query(ctx, `
WITH RECURSIVE reads AS (SELECT DISTINCT r.ev_class AS view, d.refobjid AS of FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend d
  ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> r.ev_class),
deep AS (SELECT oid AS view, 0 AS depth FROM pg_catalog.pg_class WHERE relkind = 'm' UNION SELECT reads.view, deep.depth + 1 FROM deep JOIN reads ON reads.of = deep.view)
SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN deep ON deep.view = c.oid
WHERE c.relkind = 'm' GROUP BY 1, 2 ORDER BY max(deep.depth), 1, 2`)
	if err != nil {
		return nil, pg.Fault(err, "list the materialized views", "")
	}
	names, err := pgx.CollectRows(rows, pgx.RowToStructByPos[pg.Name])
	return names, pg.Fault(err, "list the materialized views", "")
}
