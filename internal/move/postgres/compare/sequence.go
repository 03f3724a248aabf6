package compare

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/compare/rows"
	"example.com/landfall/internal/move/postgres/pg"
)

// counter is a sequence of one side.
type counter struct {
	pg.Name
	by     int64
	next   *int64
	reason string
}

// manySequences is how many are read by one statement.
const manySequences = 100

// sequences compares what sequences give next: the target has to be at the same
// place or further on, or it gives keys that exist.
func (p pair) sequences(ctx context.Context, selection pg.Selection) ([]Sequence, error) {
	var sides [2]map[pg.Name]counter
	err := p.each(func(side int, conn *pgx.Conn) (err error) {
		sides[side], err = counters(ctx, conn, selection)
		return pg.Fault(err, "read sequences", "")
	})
	if err != nil {
		return nil, err
	}
	var out []Sequence
	for name, source := range sides[0] {
		target, there := sides[1][name]
		out = append(out, compareSequence(source, target, there))
	}
	for name, target := range sides[1] {
		if _, there := sides[0][name]; !there {
			out = append(out, Sequence{Name: name, TargetNext: target.next, Verdict: rows.Extra, Reason: "the source has no such sequence"})
		}
	}
	slices.SortFunc(out, func(a, b Sequence) int { return a.Name.Compare(b.Name) })
	return out, nil
}

func compareSequence(source, target counter, there bool) Sequence {
	s := Sequence{Name: source.Name, SourceNext: source.next, TargetNext: target.next}
	switch {
	case !there:
		s.Verdict, s.Reason = rows.Missing, "the target has no such sequence"
	case source.next == nil || target.next == nil:
		s.Verdict, s.Reason = rows.Unreadable, source.reason+target.reason
	case *source.next == *target.next:
		s.Verdict = rows.Equal
	case (*target.next > *source.next) == (source.by > 0):
		s.Verdict, s.Ahead = rows.Equal, true
	default:
		s.Verdict, s.Reason = rows.Different, fmt.Sprintf("the target gives %d next, the source %d", *target.next, *source.next)
	}
	return s
}

func counters(ctx context.Context, conn *pgx.Conn, selection pg.Selection) (map[pg.Name]counter, error) {
	rows, err := conn.Query(ctx, `SELECT n.nspname::text, c.relname::text, s.seqincrement FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^(pg_temp|landfall_)' ORDER BY 1, 2`)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c counter, err error) {
		return c, row.Scan(&c.Schema, &c.Name.Name, &c.by)
	})
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(c counter) bool { return !selection.Keeps(c.Name) })
	out := map[pg.Name]counter{}
	for part := range slices.Chunk(all, manySequences) {
		if err := readCounters(ctx, conn, part); err != nil {
			return nil, err
		}
		for _, c := range part {
			out[c.Name] = c
		}
	}
	return out, nil
}

// readCounters fills in what the sequences give next: together, and one by one
// where the login may not read one of them.
func readCounters(ctx context.Context, conn *pgx.Conn, part []counter) error {
	var parts []string
	for i, c := range part {
		parts = append(parts, fmt.Sprintf("SELECT %d, last_value, is_called FROM %s", i, c.SQL()))
	}
	rows, err := conn.Query(ctx, strings.Join(parts, " UNION ALL "))
	if err != nil {
		return err
	}
	var i int
	var last int64
	var called bool
	_, err = pgx.ForEachRow(rows, []any{&i, &last, &called}, func() error {
		part[i].next = next(last, part[i].by, called)
		return nil
	})
	if code := pg.Code(err); code != "42501" && code != "42P01" {
		return err
	}
	if len(part) == 1 {
		part[0].reason = pg.Fault(err, "", "").Error()
		return nil
	}
	for i := range part {
		if err := readCounters(ctx, conn, part[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// next is what a sequence gives next; at the end of the numbers it stays there.
func next(last, by int64, called bool) *int64 {
	switch {
	case !called:
	case by > 0 && last > math.MaxInt64-by:
		last = math.MaxInt64
	case by < 0 && last < math.MinInt64-by:
		last = math.MinInt64
	default:
		last += by
	}
	return &last
}
