package rows

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
)

// firstOwn is the first OID that is not written in the server's source
// (FirstGenbkiObjectId): from there on, types have other OIDs on other servers.
const firstOwn = 10000

// facts are what the expressions of a pair of servers depend on.
type facts struct {
	// sends are the send functions of built-in types whose image is the same on all
	// servers that have the same value.
	sends map[uint32]string
	// old says that a side has no 64-bit hash functions (before PostgreSQL 11), or
	// has others; floats that a side writes floats of 15 digits only.
	old bool
	// floats says that text of floats reads the same on both (extra_float_digits
	// since PostgreSQL 12 is the shortest exact form).
	floats bool
	// encoded says that both databases keep texts in the same encoding.
	encoded bool
}

// probe is a constant whose hash tells whether two servers compute the same one:
// it depends on the order of bytes of the processor.
const probe = `SELECT pg_catalog.hashint4extended(0, pg_catalog.hash_array_extended(ARRAY['\x6c616e6466616c6c20636f6d7061726573'::pg_catalog.bytea, NULL], 0))`

func look(ctx context.Context, source, target *pgx.Conn) (facts, error) {
	f := facts{sends: map[uint32]string{}}
	var versions [2]int
	var sums [2]int64
	var encodings [2]string
	for i, conn := range []*pgx.Conn{source, target} {
		if err := conn.QueryRow(ctx, "SELECT pg_catalog.current_setting('server_version_num')::int, pg_catalog.current_setting('server_encoding')").Scan(&versions[i], &encodings[i]); err != nil {
			return f, pg.Fault(err, "ask for the version of", sideName(i))
		}
		if versions[i] < 110000 {
			f.old = true
			continue
		}
		if err := conn.QueryRow(ctx, probe).Scan(&sums[i]); err != nil {
			return f, pg.Fault(err, "compute a hash at", sideName(i))
		}
	}
	f.old = f.old || sums[0] != sums[1]
	f.encoded = encodings[0] == encodings[1]
	f.floats = (versions[0] >= 120000) == (versions[1] >= 120000)
	rows, err := source.Query(ctx, `
SELECT t.oid, p.proname::text FROM pg_catalog.pg_type t JOIN pg_catalog.pg_proc p ON p.oid = t.typsend
WHERE t.oid < $1::int::oid AND t.typtype IN ('b', 'r', 'm') AND p.pronamespace = 'pg_catalog'::regnamespace
  AND t.typname !~ '^_?reg' AND t.typcategory <> 'G' AND coalesce((SELECT e.typcategory <> 'G' AND e.typsend <> 0 FROM pg_catalog.pg_type e WHERE e.oid = t.typelem), true)
  AND t.typname !~ '^(pg_node_tree|pg_ndistinct|pg_dependencies|pg_mcv_list|pg_brin_.*)$'`, firstOwn)
	if err != nil {
		return f, pg.Fault(err, "list the types of", sideName(0))
	}
	var id uint32
	var name string
	_, err = pgx.ForEachRow(rows, []any{&id, &name}, func() error {
		f.sends[id] = "pg_catalog." + pg.Quote(name)
		return nil
	})
	return f, pg.Fault(err, "list the types of", sideName(0))
}

// The OIDs of types that need care (pg_type.dat of the server).
const (
	float4, float8           = 700, 701
	float4Array, float8Array = 1021, 1022
)

// image is the expression of the bytes that stand for a column; other is the same
// column on the other side. Two servers give the same bytes exactly if the value
// reads the same. What holds OIDs that differ from cluster to cluster, or has more than one
// image of a value that reads the same (NaN in floats), goes by its text, inside a
// row so that NULL and the empty text stay apart.
func (f facts) image(c, other pg.Column) string {
	name := pg.Quote(c.Name)
	send := f.sends[c.BaseID]
	switch {
	case c.Type != other.Type || c.BaseID != other.BaseID || c.BaseID >= firstOwn:
		if c.Class == "e" && other.Class == "e" && c.TypeID == c.BaseID && !strings.HasSuffix(c.Type, "[]") && !strings.HasSuffix(other.Type, "[]") {
			return "pg_catalog.enum_send(" + name + ")"
		}
	case c.BaseID == float4 || c.BaseID == float8:
		return fmt.Sprintf("%s(CASE WHEN %s OPERATOR(pg_catalog.=) 'NaN' THEN 'NaN' ELSE %s END)", send, name, name)
	case (c.BaseID == float4Array || c.BaseID == float8Array) && f.floats:
	case send != "":
		return send + "(" + name + ")"
	}
	return "pg_catalog.textsend(ROW(" + name + ")::pg_catalog.text)"
}

// shape is how the rows of a table are read, the same on both sides.
type shape struct {
	name    pg.Name
	columns []pg.Column
	fields  []field
	// key are the columns that tell rows apart, nil without.
	key []pg.Column
	// row and id are the hashes of the row and of its key (of the row, without one).
	row, id string
	// direct says that rows can be looked up by their key with an index.
	direct bool
}

// shapeOf makes the shape of a table, or says why the two are not comparable.
func (f facts) shapeOf(source, target pg.Table) (shape, string) {
	s := shape{name: source.Name}
	others := map[string]pg.Column{}
	for _, c := range target.Columns {
		others[c.Name] = c
	}
	var key []field
	for _, c := range source.Columns {
		other, there := others[c.Name]
		if !there {
			return s, fmt.Sprintf("the target has no column %q", c.Name)
		}
		delete(others, c.Name)
		s.columns = append(s.columns, c)
		s.fields = append(s.fields, field{c, f.image(c, other), c.Type == other.Type && c.BaseID == other.BaseID, !c.NotNull || !other.NotNull})
	}
	for _, c := range target.Columns {
		if _, left := others[c.Name]; left {
			return s, fmt.Sprintf("the source has no column %q", c.Name)
		}
	}
	s.direct = indexed(source.Key, target.Key)
	for _, k := range source.Key {
		i := slices.IndexFunc(s.columns, func(c pg.Column) bool { return c.Name == k })
		s.key = append(s.key, s.columns[i])
		key = append(key, s.fields[i])
		s.direct = s.direct && s.columns[i].BaseID < firstOwn
	}
	s.row = f.digest(s.fields)
	s.id = s.row
	if s.key != nil {
		s.id = f.digest(key)
	} else {
		s.direct = false
	}
	return s, ""
}

// indexed reports whether both sides have an index over the columns of the key.
func indexed(source, target []string) bool {
	a, b := slices.Clone(source), slices.Clone(target)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// from is the FROM clause: rows of inheriting tables are theirs.
func (s shape) from() string { return " FROM ONLY " + s.name.SQL() }

// keys is the array of the key's values as text, as the output functions write
// them (a cast would cut the blanks of a char(n)).
func (s shape) keys() string {
	if s.key == nil {
		return "NULL::pg_catalog.text[]"
	}
	var parts []string
	for _, c := range s.key {
		parts = append(parts, "pg_catalog.format('%s', "+pg.Quote(c.Name)+")")
	}
	return "ARRAY[" + strings.Join(parts, ", ") + "]"
}

func sideName(i int) string { return [2]string{"the source", "the target"}[i] }
