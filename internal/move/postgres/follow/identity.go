package follow

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
)

// Identity is a change of a replica identity. It is journaled before it is made.
type Identity struct {
	Table pg.Name `json:"table"`
	// Was is relreplident before: "d", or "n".
	Was string `json:"was"`
	// Index is what is set: REPLICA IDENTITY USING INDEX, or FULL when it is "".
	Index string `json:"index,omitempty"`
}

// Identities plans REPLICA IDENTITY for the tables whose updates and deletes could
// not be replicated: the unique index over columns that are not null where there is
// one, otherwise the whole row. A table that has a column without equality is left out
// then: the worker could not find a row by it, and would stop at the first change.
func Identities(tables []pg.Table) []Identity {
	var all []Identity
	for _, t := range tables {
		if t.Replicated || t.Persistence != "p" {
			continue
		}
		index := t.KeyIndex
		if slices.ContainsFunc(t.Columns, func(c pg.Column) bool { return c.Generated && slices.Contains(t.Key, c.Name) }) {
			index = "" // values of generated columns are not sent
		}
		if index == "" && len(t.Unequal()) > 0 {
			continue
		}
		// A table with the identity "i" that is not replicated has lost its index: what
		// it goes back to is what the server takes it for then, nothing.
		was := t.Identity
		if was == "i" {
			was = "n"
		}
		all = append(all, Identity{Table: t.Name, Was: was, Index: index})
	}
	return all
}

// Identify sets replica identities at a server. Streams want the tables as pg.Tables
// reads them afterwards.
func Identify(ctx context.Context, at pg.Endpoint, all []Identity) error {
	return within(ctx, at, func(conn *pgx.Conn) error {
		for _, i := range all {
			if _, err := conn.Exec(ctx, i.Statement()); err != nil {
				return pg.Fault(err, "set the replica identity of", i.Table.String())
			}
		}
		return nil
	})
}

// Statement is the SQL that sets it, for plans.
func (i Identity) Statement() string {
	if i.Index != "" {
		return alterIdentity(i.Table, "USING INDEX "+pg.Quote(i.Index))
	}
	return alterIdentity(i.Table, "FULL")
}

func alterIdentity(table pg.Name, what string) string {
	return "ALTER TABLE ONLY " + table.SQL() + " REPLICA IDENTITY " + what
}

// Restore is the opposite of Identify. An identity that somebody else has changed
// since then stays, and so does that of a table which is gone.
func Restore(ctx context.Context, at pg.Endpoint, all []Identity) error {
	return within(ctx, at, func(conn *pgx.Conn) error { return restore(ctx, conn, all) })
}

func restore(ctx context.Context, conn *pgx.Conn, all []Identity) error {
	for _, i := range all {
		stands, err := i.stands(ctx, conn)
		if err == nil && stands {
			_, err = conn.Exec(ctx, i.undo())
		}
		if err != nil {
			return pg.Fault(err, "take back the replica identity of", i.Table.String())
		}
	}
	return nil
}

func (i Identity) undo() string {
	if i.Was == "n" {
		return alterIdentity(i.Table, "NOTHING")
	}
	return alterIdentity(i.Table, "DEFAULT")
}

func (i Identity) stands(ctx context.Context, conn *pgx.Conn) (bool, error) {
	want := "f"
	if i.Index != "" {
		want = "i"
	}
	var stands bool
	err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2 AND c.relreplident::text = $3 AND ($4 = '' OR EXISTS (SELECT FROM pg_catalog.pg_index x
JOIN pg_catalog.pg_class ic ON ic.oid = x.indexrelid WHERE x.indrelid = c.oid AND x.indisreplident AND ic.relname = $4)))`,
		i.Table.Schema, i.Table.Name, want, i.Index).Scan(&stands)
	return stands, err
}
