package facts

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"example.com/landfall/internal/move/postgres/pg"
)

// Table is a table that holds rows, with what decides how it can be moved.
type Table struct {
	Name  pg.Name `json:"name"`
	Owner string  `json:"owner"`
	// Bytes are those of the table and its TOAST table, Rows an estimate.
	Bytes int64   `json:"bytes"`
	Rows  float64 `json:"rows"`
	// Indexes and IndexBytes are of all its indexes.
	Indexes    int   `json:"indexes"`
	IndexBytes int64 `json:"indexBytes"`
	// Identity is relreplident, Replicated says that updates and deletes can be
	// replicated with it; Candidate is an index that could be the identity.
	Identity   string `json:"identity"`
	Replicated bool   `json:"replicated"`
	Candidate  string `json:"candidate,omitempty"`
	// Primary says that it has a primary key.
	Primary bool `json:"primary"`
	// Unlogged tables are not replicated.
	Unlogged bool `json:"unlogged,omitempty"`
	// Partition is the partitioned table that it is a leaf of, Inherits its parents
	// that are no partitioned tables.
	Partition string   `json:"partition,omitempty"`
	Inherits  []string `json:"inherits,omitempty"`
	// Owned says that the login has the rights of the owner, Readable that it may
	// read all rows, Secured and Forced are row security.
	Owned    bool `json:"owned"`
	Readable bool `json:"readable"`
	Secured  bool `json:"secured,omitempty"`
	Forced   bool `json:"forced,omitempty"`
	// Unequal are columns whose type has no equality, Generated those that are
	// computed, GeneratedKey those of them in the identity, Text those that go over as
	// text, Identities the identity columns.
	Unequal      []string `json:"unequal,omitempty"`
	Generated    []string `json:"generated,omitempty"`
	GeneratedKey []string `json:"generatedKey,omitempty"`
	Text         []string `json:"text,omitempty"`
	Identities   []string `json:"identities,omitempty"`
	// OIDs says that it has the hidden column of PostgreSQL 11 and before.
	OIDs bool `json:"oids,omitempty"`
	// Types are the types of its columns that mean something else, or nothing, on
	// another server: "column type".
	Types []string `json:"types,omitempty"`
	// Money are its columns of type money.
	Money []string `json:"money,omitempty"`
}

// more is what pg.Tables does not read.
type more struct {
	OID                      uint32
	Indexes                  int
	IndexBytes               int64
	Candidate                string
	Identity                 []string
	Owned, Readable, Sec, FR bool
	OIDs                     bool
}

func (r *reader) tables(ctx context.Context) error {
	tables, err := pg.Tables(ctx, r.conn, r.o.Select)
	if err != nil {
		return err
	}
	details, err := r.details(ctx, tables)
	if err != nil {
		return err
	}
	for _, t := range tables {
		d := details[t.OID]
		out := Table{
			Name: t.Name, Owner: t.Owner, Bytes: t.Bytes, Rows: t.Rows, Identity: t.Identity, Replicated: t.Replicated, Primary: t.Primary, Unlogged: t.Persistence == "u",
			Indexes: d.Indexes, IndexBytes: d.IndexBytes, Candidate: d.Candidate, Owned: d.Owned, Readable: d.Readable, Secured: d.Sec, Forced: d.FR, OIDs: d.OIDs,
		}
		if t.Root != nil {
			out.Partition = t.Root.String()
		}
		for _, p := range t.Inherits {
			out.Inherits = append(out.Inherits, p.String())
		}
		for _, c := range t.Columns {
			out.column(c, d.Identity)
		}
		r.facts.Tables = append(r.facts.Tables, out)
	}
	return r.forget(ctx)
}

func (t *Table) column(c pg.Column, key []string) {
	switch {
	case c.Generated && slices.Contains(key, c.Name):
		t.GeneratedKey = append(t.GeneratedKey, c.Name)
		fallthrough
	case c.Generated:
		t.Generated = append(t.Generated, c.Name)
		return
	case !c.Equal:
		t.Unequal = append(t.Unequal, c.Name+" "+c.Type)
	}
	if !c.Binary {
		t.Text = append(t.Text, c.Name+" "+c.Type)
	}
	if c.Identity != "" {
		t.Identities = append(t.Identities, c.Name)
	}
	base := strings.TrimSuffix(c.Type, "[]")
	if slices.Contains(local(), base) {
		t.Types = append(t.Types, c.Name+" "+c.Type)
	}
	if base == "money" {
		t.Money = append(t.Money, c.Name)
	}
}

// local are types whose values are of this server: places in its log, numbers of
// its transactions, and OIDs of what is in its catalogue, which every server
// numbers anew (PostgreSQL manual, "Object Identifier Types").
func local() []string {
	return []string{"cid", "pg_lsn", "pg_snapshot", "regclass", "regcollation", "regconfig", "regdictionary", "regnamespace", "regoper", "regoperator",
		"regproc", "regprocedure", "regrole", "regtype", "tid", "txid_snapshot", "xid", "xid8"}
}

// details asks for indexes and rights. An index can be the replica identity when
// it is unique, not partial, not deferrable, and over columns that are NOT NULL
// (PostgreSQL manual, ALTER TABLE); for the column of which relreplident speaks,
// the present one is asked too.
func (r *reader) details(ctx context.Context, tables []pg.Table) (map[uint32]more, error) {
	ids := make([]uint32, len(tables))
	for i, t := range tables {
		ids[i] = t.OID
	}
	var rows []more
	keys := r.choose(11, "i.indnkeyatts", "i.indnatts")
	oids := r.choose(12, "false", "c.relhasoids")
	generated := r.choose(12, "a.attgenerated <> ''", "false")
	err := collect(ctx, r, &rows, `
SELECT c.oid, coalesce(x.number, 0)::int4, coalesce(x.bytes, 0)::int8, coalesce(k.name, ''), coalesce(ident.cols, '{}'),
       pg_catalog.pg_has_role(current_user, c.relowner, 'USAGE'),
       pg_catalog.has_table_privilege(c.oid, 'SELECT') AND pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE') AND NOT pg_catalog.row_security_active(c.oid),
       c.relrowsecurity, c.relforcerowsecurity, `+oids+`
FROM pg_catalog.pg_class c
LEFT JOIN LATERAL (SELECT pg_catalog.count(*) AS number, pg_catalog.sum(pg_catalog.pg_relation_size(i.indexrelid)) AS bytes FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid) x ON true
LEFT JOIN LATERAL (
  SELECT ic.relname::text AS name FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid
  WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
    AND NOT EXISTS (SELECT FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY o(num, at) JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = o.num
                    WHERE o.at <= `+keys+` AND (NOT a.attnotnull OR `+generated+`))
  ORDER BY i.indisprimary DESC, `+keys+`, ic.relpages, ic.relname LIMIT 1) k ON true
LEFT JOIN LATERAL (
  SELECT pg_catalog.array_agg(a.attname::text ORDER BY a.attnum) AS cols FROM pg_catalog.pg_index i, pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY o(num, at), pg_catalog.pg_attribute a
  WHERE i.indrelid = c.oid AND a.attrelid = c.oid AND a.attnum = o.num AND o.at <= `+keys+`
    AND (c.relreplident = 'd' AND i.indisprimary OR c.relreplident = 'i' AND i.indisreplident)) ident ON true
WHERE c.oid = ANY($1::oid[])`, ids)
	out := map[uint32]more{}
	for _, m := range rows {
		out[m.OID] = m
	}
	return out, err
}

// forget lets the server drop what it keeps in the session of a large catalogue.
func (r *reader) forget(ctx context.Context) error {
	_, err := r.conn.Exec(ctx, "DISCARD PLANS")
	return err
}

// Largest are the tables by size, largest first.
func (f *Facts) Largest() []Table {
	out := slices.Clone(f.Tables)
	slices.SortStableFunc(out, func(a, b Table) int { return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), a.Name.Compare(b.Name)) })
	return out
}
