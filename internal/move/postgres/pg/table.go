package pg

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Column is a column of a table, in the order of the table.
type Column struct {
	Name string `json:"name"`
	// Type is the name with its modifiers: numeric(10,2), shop.order_status[].
	Type string `json:"type"`
	// TypeID is the OID, BaseID that of the type under a domain, Class its typtype:
	// b base, c composite, d domain, e enum, p pseudo, r range, m multirange. An
	// array has the class of its elements.
	TypeID, BaseID uint32 `json:"-"`
	Class          string `json:"-"`
	// Binary says that the type, and what it is made of, can be sent and received in
	// binary form.
	Binary bool `json:"binary"`
	// Equal says that two values of the type can be compared for equality: a row whose
	// replica identity is all its columns is found by that.
	Equal bool `json:"equal"`
	// Generated says that the value is computed (GENERATED ALWAYS AS ... STORED);
	// Identity is "a" for ALWAYS, "d" for BY DEFAULT, "" for none.
	Generated bool   `json:"generated,omitempty"`
	Identity  string `json:"identity,omitempty"`
	NotNull   bool   `json:"notNull,omitempty"`
}

// Table is a table that holds rows: a plain one, or a leaf of a partitioned one.
type Table struct {
	OID uint32 `json:"oid"`
	Name
	Columns []Column `json:"columns"`
	// Key are the columns of the primary key, or else of a unique index over columns
	// that are not null, in its order; nil without either.
	Key []string `json:"key,omitempty"`
	// KeyIndex is the index behind Key, Primary says which of the two it is.
	KeyIndex string `json:"keyIndex,omitempty"`
	Primary  bool   `json:"primary,omitempty"`
	// Identity is relreplident: d the primary key, n nothing, f all columns, i an
	// index; Replicated says that updates and deletes of it can be replicated.
	Identity   string `json:"identity"`
	Replicated bool   `json:"replicated"`
	// Persistence is p for permanent, u for unlogged.
	Persistence string `json:"persistence"`
	// Root is the partitioned table at the top, "" for none; Parents of inheritance
	// that is no partitioning are in Inherits.
	Root     *Name  `json:"root,omitempty"`
	Inherits []Name `json:"inherits,omitempty"`
	// Pages and Rows are estimates of the planner; Bytes is the size of the table and
	// its TOAST table now.
	Pages int64   `json:"pages"`
	Rows  float64 `json:"rows"`
	Bytes int64   `json:"bytes"`
	Owner string  `json:"owner"`
}

// Unequal names the columns that rows of the table cannot be compared by. Generated
// ones are not compared (function tuples_equal of the server).
func (t Table) Unequal() []Column {
	var out []Column
	for _, c := range t.Columns {
		if !c.Generated && !c.Equal {
			out = append(out, c)
		}
	}
	return out
}

// Selection says which schemas and tables are meant. The zero value means all of
// the database that is no extension's and not the system's.
type Selection struct {
	// Schemas and Tables are exact names, "schema" and "schema.table" as String of
	// Name writes them; nil is all. Except leaves out in the same forms.
	Schemas []string `json:"schemas,omitempty"`
	Tables  []string `json:"tables,omitempty"`
	Except  []string `json:"except,omitempty"`
}

// Keeps reports whether a table is meant.
func (s Selection) Keeps(n Name) bool {
	schema := plain(n.Schema)
	if slices.Contains(s.Except, schema) || slices.Contains(s.Except, n.String()) {
		return false
	}
	if s.Schemas == nil && s.Tables == nil {
		return true
	}
	return slices.Contains(s.Schemas, schema) || slices.Contains(s.Tables, n.String())
}

// Tables lists the tables that hold rows and are meant, in the order of their
// names. Tables of extensions, temporary and foreign ones are left out.
func Tables(ctx context.Context, conn *pgx.Conn, s Selection) ([]Table, error) {
	return list(ctx, conn, s, "r")
}

// Views lists the materialized views that are meant, in the order of their names.
func Views(ctx context.Context, conn *pgx.Conn, s Selection) ([]Table, error) {
	return list(ctx, conn, s, "m")
}

func list(ctx context.Context, conn *pgx.Conn, s Selection, kind string) ([]Table, error) {
	tables, err := relations(ctx, conn, kind)
	if err != nil {
		return nil, Fault(err, "list the tables", "")
	}
	tables = slices.DeleteFunc(tables, func(t Table) bool { return !s.Keeps(t.Name) })
	if err := addColumns(ctx, conn, tables); err != nil {
		return nil, Fault(err, "list the columns", "")
	}
	slices.SortFunc(tables, func(a, b Table) int { return a.Name.Compare(b.Name) })
	return tables, nil
}

// keyColumns is the number of an index's columns without those that it only
// includes, which PostgreSQL 11 brought.
func keyColumns(conn *pgx.Conn) string {
	if strings.HasPrefix(conn.PgConn().ParameterStatus("server_version"), "10.") {
		return "i.indnatts"
	}
	return "i.indnkeyatts"
}

func relations(ctx context.Context, conn *pgx.Conn, kind string) ([]Table, error) {
	rows, err := conn.Query(ctx, strings.ReplaceAll(`
WITH RECURSIVE top AS (
  SELECT c.oid AS leaf, i.inhparent AS parent FROM pg_catalog.pg_class c JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid WHERE c.relispartition
  UNION ALL
  SELECT t.leaf, i.inhparent FROM top t JOIN pg_catalog.pg_class c ON c.oid = t.parent AND c.relispartition JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid
)
SELECT c.oid, n.nspname, c.relname, c.relreplident::text, c.relpersistence::text, c.relpages, greatest(c.reltuples, 0)::float8,
       pg_catalog.pg_table_size(c.oid), pg_catalog.pg_get_userbyid(c.relowner),
       CASE c.relreplident WHEN 'f' THEN true WHEN 'n' THEN false
         WHEN 'i' THEN EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisreplident AND i.indisvalid)
         ELSE EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indisvalid) END,
       coalesce(rn.nspname, ''), coalesce(r.relname, ''),
       coalesce((SELECT pg_catalog.json_agg(pg_catalog.json_build_object('schema', pn.nspname, 'name', p.relname) ORDER BY i.inhseqno) FROM pg_catalog.pg_inherits i
          JOIN pg_catalog.pg_class p ON p.oid = i.inhparent JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace WHERE i.inhrelid = c.oid AND NOT c.relispartition), '[]'),
       coalesce(k.name, ''), coalesce(k.prim, false), coalesce(k.cols, '{}')
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (SELECT t.parent FROM top t JOIN pg_catalog.pg_class p ON p.oid = t.parent WHERE t.leaf = c.oid AND NOT p.relispartition LIMIT 1) tp ON true
LEFT JOIN pg_catalog.pg_class r ON r.oid = tp.parent
LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
LEFT JOIN LATERAL (
  SELECT ic.relname::text AS name, i.indisprimary AS prim,
         (SELECT pg_catalog.array_agg(a.attname::text ORDER BY o.at) FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY o(num, at)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = o.num WHERE o.at <= i.indnkeyatts) AS cols
  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid
  WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
    AND NOT EXISTS (SELECT FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY o(num, at) JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = o.num
                    WHERE o.at <= i.indnkeyatts AND NOT a.attnotnull)
  ORDER BY i.indisprimary DESC, i.indnkeyatts, ic.relname LIMIT 1) k ON true
WHERE c.relkind = $1::"char" AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`, "i.indnkeyatts", keyColumns(conn)), kind)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Table, error) {
		var t Table
		var root Name
		err := row.Scan(&t.OID, &t.Schema, &t.Name.Name, &t.Identity, &t.Persistence, &t.Pages, &t.Rows, &t.Bytes, &t.Owner, &t.Replicated,
			&root.Schema, &root.Name, &t.Inherits, &t.KeyIndex, &t.Primary, &t.Key)
		if root.Name != "" {
			t.Root = &root
		}
		if len(t.Key) == 0 {
			t.Key = nil
		}
		return t, err
	})
}
