package rows

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
)

// atOnce is how many rows one statement looks up.
const atOnce = 1000

// sight is what a side has of a suspect at a moment. Two equal contents are equal
// rows; two equal marks are the very same versions of rows.
type sight struct {
	copies  []copies
	content string
	mark    string
}

// chosen is the WHERE clause for some suspects and its arguments: by the index of
// the key, else by their ids, which reads the table.
func (s shape) chosen(suspects []*suspect) (string, []any) {
	var args []any
	where := s.choose(suspects, func(list any) string {
		args = append(args, list)
		return fmt.Sprintf("$%d", len(args))
	})
	return where, args
}

// written is the same clause with its arguments in it: COPY takes none.
func (s shape) written(suspects []*suspect) string {
	return s.choose(suspects, func(list any) string {
		var values []string
		switch list := list.(type) {
		case []string:
			for _, v := range list {
				values = append(values, pg.Literal(v))
			}
		case []int64:
			for _, v := range list {
				values = append(values, strconv.FormatInt(v, 10))
			}
		}
		return "ARRAY[" + strings.Join(values, ", ") + "]"
	})
}

func (s shape) choose(suspects []*suspect, argument func(list any) string) string {
	if !s.direct {
		ids := make([]int64, len(suspects))
		for i, one := range suspects {
			ids[i] = one.id
		}
		return " WHERE (" + s.id + ") = ANY(" + argument(ids) + "::pg_catalog.int8[])"
	}
	var columns, casts, arrays, names []string
	for i, c := range s.key {
		name := fmt.Sprintf("k%d", i)
		names = append(names, name)
		columns = append(columns, pg.Quote(c.Name))
		casts = append(casts, "w."+name+"::"+c.Type)
		values := make([]string, len(suspects))
		for j, one := range suspects {
			values[j] = one.key[i]
		}
		arrays = append(arrays, argument(values)+"::pg_catalog.text[]")
	}
	return " WHERE (" + strings.Join(columns, ", ") + ") IN (SELECT " + strings.Join(casts, ", ") + " FROM unnest(" + strings.Join(arrays, ", ") +
		") AS w(" + strings.Join(names, ", ") + "))"
}

// lookup reads suspects as they are now on one side.
func (s shape) lookup(ctx context.Context, conn *pgx.Conn, suspects []*suspect) ([]sight, error) {
	out := make([]sight, 0, len(suspects))
	for part := range slices.Chunk(suspects, atOnce) {
		found, err := s.lookupPart(ctx, conn, part)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

func (s shape) lookupPart(ctx context.Context, conn *pgx.Conn, suspects []*suspect) ([]sight, error) {
	where, args := s.chosen(suspects)
	sql := "SELECT " + s.id + ", " + s.row + ", 1::pg_catalog.int8, ctid::pg_catalog.text, " + s.keys() + ", xmin::pg_catalog.text" + s.from() + where
	if s.key == nil {
		sql = "SELECT h, h, pg_catalog.count(*), pg_catalog.min(at), NULL::pg_catalog.text[], pg_catalog.concat_ws(' ', pg_catalog.min(x), pg_catalog.max(x), pg_catalog.max(at)) FROM (SELECT " +
			s.row + " AS h, ctid::pg_catalog.text AS at, xmin::pg_catalog.text AS x" + s.from() + where + ") q GROUP BY h"
	}
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	index := map[string]int{}
	for i, one := range suspects {
		index[one.name()] = i
	}
	out := make([]sight, len(suspects))
	marks := make([][]string, len(suspects))
	var e entry
	var version string
	_, err = pgx.ForEachRow(rows, []any{&e.id, &e.copy.row, &e.copy.n, &e.copy.at, &e.key, &version}, func() error {
		one := suspect{id: e.id, key: e.key}
		if i, asked := index[one.name()]; asked {
			out[i].copies = append(out[i].copies, e.copy)
			marks[i] = append(marks[i], e.copy.at+" "+version)
		}
		e.key = nil
		return nil
	})
	for i := range out {
		out[i].finish(marks[i])
	}
	return out, err
}

func (s *sight) finish(marks []string) {
	slices.SortFunc(s.copies, func(a, b copies) int { return cmp.Or(cmp.Compare(a.row, b.row), strings.Compare(a.at, b.at)) })
	slices.Sort(marks)
	var text strings.Builder
	for _, c := range s.copies {
		fmt.Fprintf(&text, "%d*%d ", c.row, c.n)
	}
	s.content = text.String()
	s.mark = s.content + strings.Join(marks, ",")
}

// name tells suspects apart.
func (s *suspect) name() string { return hex(s.id) + "\x00" + strings.Join(s.key, "\x00") }

// byIndex makes the planner use the index of the key for few rows of a large
// table, whatever it thinks of unnest. The scope is SESSION or LOCAL.
func (c couple) byIndex(ctx context.Context, scope string, on bool) error {
	value := "on"
	if on {
		value = "off"
	}
	return c.both(func(side int, conn *pgx.Conn) error {
		for _, name := range []string{"enable_seqscan", "enable_hashjoin", "enable_mergejoin"} {
			if _, err := conn.Exec(ctx, "SET "+scope+" "+name+" = "+value); err != nil {
				return pg.Fault(err, "set", name)
			}
		}
		return nil
	})
}
