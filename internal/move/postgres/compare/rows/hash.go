package rows

import (
	"fmt"
	"strings"

	"example.com/landfall/internal/move/postgres/pg"
)

// The OIDs of types whose values go into the hash as they are (pg_type.dat of the
// server).
const (
	boolean, int8Type, int2Type, int4Type = 16, 20, 21, 23
	textType, bpchar, varchar, uuidType   = 25, 1042, 1043, 2950
)

const (
	// nullsOfMask columns have a bit each in a number of 32 bits.
	nullsOfMask = 30
	// mostSteps bounds how deep the expression of a hash is nested: the server reads it
	// with a stack of 2 MB (max_stack_depth). Columns beyond go by their images.
	mostSteps = 200
)

// field is a column as it goes into a hash.
type field struct {
	pg.Column
	// image is the expression of its bytes; alike says that the other side has it of
	// the same type, and nullable that a side lets it be NULL.
	image           string
	alike, nullable bool
}

// digest is the hash of 64 bits of some columns of a row. Most types go by their
// images, as the elements of an array. Whole numbers, texts and UUIDs need none: the
// server's hash functions read their bytes, each with the hash of what came before as
// its seed. That is cheaper by half, and loses nothing: no two values of a column go
// into the function as the same bytes, and which values are NULL goes in as well.
// The step around the array keeps sums over many rows from being a sum over columns,
// in which values could change places between rows unseen.
func (f facts) digest(fields []field) string {
	if f.old {
		return "('x' OPERATOR(pg_catalog.||) pg_catalog.left(pg_catalog.md5(pg_catalog.array_send(ARRAY[" + strings.Join(images(fields), ", ") + "]::pg_catalog.bytea[])), 16))::pg_catalog.bit(64)::pg_catalog.int8"
	}
	var steps []func(string) string
	var rest []field
	var nulls []string
	for _, one := range fields {
		step := f.step(one)
		if step == nil || len(steps) == mostSteps {
			rest = append(rest, one)
			continue
		}
		steps = append(steps, step)
		if one.nullable {
			nulls = append(nulls, pg.Quote(one.Name))
		}
	}
	hash := "0::pg_catalog.int8"
	if len(rest) > 0 {
		hash = "pg_catalog.hash_array_extended(ARRAY[" + strings.Join(images(rest), ", ") + "]::pg_catalog.bytea[], 0)"
	}
	if len(steps) == 0 {
		return "pg_catalog.hashint4extended(0, " + hash + ")"
	}
	for from := 0; from < len(nulls); from += nullsOfMask {
		hash = "pg_catalog.hashint4extended(" + mask(nulls[from:min(from+nullsOfMask, len(nulls))]) + ", " + hash + ")"
	}
	for _, step := range steps {
		hash = step(hash)
	}
	return hash
}

func images(fields []field) []string {
	var out []string
	for _, one := range fields {
		out = append(out, one.image)
	}
	return out
}

// mask has a bit for each column that is NULL.
func mask(names []string) string {
	var bits []string
	for i, name := range names {
		bits = append(bits, fmt.Sprintf("CASE WHEN %s IS NULL THEN %d ELSE 0 END", name, 1<<i))
	}
	return strings.Join(bits, " OPERATOR(pg_catalog.+) ")
}

// step adds a column to a hash, nil where only its image can. The cast takes a domain
// for what it is made of: its conditions need not hold for what stands for NULL.
//
// hashint8extended folds a number to 32 bits, so that equal numbers of all sizes have
// equal hashes; with the upper half beside it the lower one is told. Texts are hashed
// by their bytes under the collation "C" (hashfunc.c of the server); blanks at the end
// of char(n) are not, of which all values have as many as it takes.
func (f facts) step(c field) func(string) string {
	if !c.alike {
		return nil
	}
	value := func(kind, otherwise string) string {
		v := pg.Quote(c.Name) + "::pg_catalog." + kind
		if c.nullable {
			v = "coalesce(" + v + ", " + otherwise + ")"
		}
		return v
	}
	call := func(function, argument string) func(string) string {
		return func(seed string) string { return "pg_catalog." + function + "(" + argument + ", " + seed + ")" }
	}
	switch c.BaseID {
	case int2Type:
		return call("hashint2extended", value("int2", "0::pg_catalog.int2"))
	case int4Type:
		return call("hashint4extended", value("int4", "0"))
	case boolean:
		return call("hashint4extended", value("bool", "false")+"::pg_catalog.int4")
	case int8Type:
		v := value("int8", "0::pg_catalog.int8")
		lower := call("hashint8extended", v)
		return func(seed string) string {
			return "pg_catalog.hashint4extended((" + v + " OPERATOR(pg_catalog.>>) 32)::pg_catalog.int4, " + lower(seed) + ")"
		}
	case uuidType:
		return call("uuid_hash_extended", value("uuid", "'00000000-0000-0000-0000-000000000000'::pg_catalog.uuid"))
	case textType, varchar:
		if f.encoded {
			return call("hashtextextended", value("text", "''::pg_catalog.text")+` COLLATE pg_catalog."C"`)
		}
	case bpchar:
		if f.encoded && c.TypeID == bpchar && strings.HasPrefix(c.Type, "character(") {
			return call("hashbpcharextended", value("bpchar", "''::pg_catalog.bpchar")+` COLLATE pg_catalog."C"`)
		}
	}
	return nil
}
