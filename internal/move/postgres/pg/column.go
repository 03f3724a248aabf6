package pg

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// firstOwn is the first OID of objects that are not part of a new cluster
// (FirstNormalObjectId of the server): they differ from cluster to cluster.
const firstOwn = 16384

// kind is what has to be known of a type to know whether its binary form can be
// read by another server.
type kind struct {
	class       string
	base, elem  uint32 // of a domain, of an array
	columns     []uint32
	sends, asks bool
	equal       bool
}

func addColumns(ctx context.Context, conn *pgx.Conn, tables []Table) error {
	kinds, err := readKinds(ctx, conn)
	if err != nil {
		return err
	}
	at := map[uint32]*Table{}
	var ids []uint32
	for i := range tables {
		at[tables[i].OID] = &tables[i]
		ids = append(ids, tables[i].OID)
	}
	rows, err := conn.Query(ctx, `
SELECT a.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.atttypid,
       `+generated(conn)+`, a.attidentity::text, a.attnotnull
FROM pg_catalog.pg_attribute a WHERE a.attrelid = ANY($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum`, ids)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var table uint32
		var c Column
		if err := rows.Scan(&table, &c.Name, &c.Type, &c.TypeID, &c.Generated, &c.Identity, &c.NotNull); err != nil {
			return err
		}
		k := kinds[c.TypeID]
		c.Class, c.BaseID, c.Binary, c.Equal = k.class, c.TypeID, kinds.binary(c.TypeID), kinds.equal(c.TypeID)
		for kinds[c.BaseID].class == "d" {
			c.BaseID = kinds[c.BaseID].base
		}
		if elem := kinds[c.BaseID].elem; elem != 0 {
			c.Class = kinds[elem].class
		}
		at[table].Columns = append(at[table].Columns, c)
	}
	return rows.Err()
}

// generated tells whether a column's value is computed, which PostgreSQL 12 brought.
func generated(conn *pgx.Conn) string {
	switch version := conn.PgConn().ParameterStatus("server_version"); {
	case strings.HasPrefix(version, "10."), strings.HasPrefix(version, "11."):
		return "false"
	}
	return "a.attgenerated <> ''"
}

type kinds map[uint32]kind

func readKinds(ctx context.Context, conn *pgx.Conn) (kinds, error) {
	rows, err := conn.Query(ctx, `
SELECT t.oid, t.typtype::text, t.typbasetype, CASE WHEN t.typlen = -1 AND t.typelem <> 0 AND t.typinput = 'pg_catalog.array_in'::regproc THEN t.typelem ELSE 0 END,
       t.typsend::oid <> 0, t.typreceive::oid <> 0,
       coalesce((SELECT pg_catalog.array_agg(a.atttypid) FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), '{}'),
       direct.id IS NOT NULL
FROM pg_catalog.pg_type t LEFT JOIN (`+equality+`) direct ON direct.id = t.oid`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := kinds{}
	for rows.Next() {
		var id uint32
		var k kind
		if err := rows.Scan(&id, &k.class, &k.base, &k.elem, &k.sends, &k.asks, &k.columns, &k.equal); err != nil {
			return nil, err
		}
		all[id] = k
	}
	return all, rows.Err()
}

// equality lists the types with an equality that the worker of a subscription can use:
// that of the default operator class of btree or hash (function lookup_type_cache of
// the server).
const equality = `WITH direct AS (SELECT DISTINCT o.opcintype AS id FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod WHERE m.amname IN ('btree', 'hash') AND o.opcdefault)
SELECT id FROM direct UNION SELECT c.castsource FROM pg_catalog.pg_cast c JOIN direct ON direct.id = c.casttarget WHERE c.castmethod = 'b' AND c.castcontext = 'i'`

// equal reports whether values of a type can be compared. Enums, ranges and
// multiranges always can: the server has classes for all of them.
func (all kinds) equal(id uint32) bool {
	k, known := all[id]
	switch {
	case !known || k.equal:
		return known
	case k.class == "d":
		return all.equal(k.base)
	case k.elem != 0:
		return all.equal(k.elem)
	case k.class == "c":
		return !slices.ContainsFunc(k.columns, func(c uint32) bool { return !all.equal(c) })
	}
	return k.class == "e" || k.class == "r" || k.class == "m"
}

// names are the types whose values name an object (regproc, regprocedure, regoper,
// regoperator, regclass, regtype, regrole, regnamespace, regconfig, regdictionary,
// regcollation): their binary form is its OID, which another server has for another
// object ("Object Identifier Types").
func names() []uint32 {
	return []uint32{24, 2202, 2203, 2204, 2205, 2206, 4096, 4089, 3734, 3769, 4191}
}

// binary reports whether values of the type can be sent by one server and
// received by another. Arrays and rows carry the OIDs of what is in them, which
// are the same on both only for the types that every server has (array_recv and
// record_recv of the server check them).
func (all kinds) binary(id uint32) bool {
	k, known := all[id]
	if !known || !k.sends || !k.asks || slices.Contains(names(), id) {
		return false
	}
	switch {
	case k.class == "d":
		return all.binary(k.base)
	case k.elem != 0:
		return k.elem < firstOwn && all.binary(k.elem)
	case k.class == "c":
		for _, c := range k.columns {
			if c >= firstOwn || !all.binary(c) {
				return false
			}
		}
	}
	return true
}
