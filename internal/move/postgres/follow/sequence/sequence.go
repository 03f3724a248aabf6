package sequence

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// batch is how many sequences one statement reads.
const batch = 200

// Sequence is the position of a sequence, and what decides which numbers come next.
type Sequence struct {
	pg.Name
	// Last is the last number that was given out, or kept by a session for its cache;
	// while Called is false it is the next one.
	Last      int64 `json:"last"`
	Called    bool  `json:"called"`
	Increment int64 `json:"increment"`
	Min       int64 `json:"min"`
	Max       int64 `json:"max"`
	Cycle     bool  `json:"cycle,omitempty"`
	// Owner is the table of the column that it belongs to, nil for none: serial and
	// identity columns have theirs.
	Owner *pg.Name `json:"owner,omitempty"`
}

// Read lists the sequences of a database with their positions, in the order of
// their names. One that a column owns goes with its table, any other is selected by
// its own name. Positions are exact while nobody draws numbers.
func Read(ctx context.Context, conn *pgx.Conn, s pg.Selection) ([]Sequence, error) {
	rows, err := conn.Query(ctx, `
SELECT n.nspname, c.relname, q.seqincrement, q.seqmin, q.seqmax, q.seqcycle, coalesce(tn.nspname, ''), coalesce(t.relname, '')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_sequence q ON q.seqrelid = c.oid
LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.refclassid = d.classid AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
LEFT JOIN pg_catalog.pg_class t ON t.oid = d.refobjid LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
ORDER BY n.nspname::text COLLATE "C", c.relname::text COLLATE "C"`)
	if err != nil {
		return nil, pg.Fault(err, "list the sequences", "")
	}
	var all []Sequence
	var one Sequence
	var owner pg.Name
	_, err = pgx.ForEachRow(rows, []any{&one.Schema, &one.Name.Name, &one.Increment, &one.Min, &one.Max, &one.Cycle, &owner.Schema, &owner.Name}, func() error {
		found, name := one, one.Name
		if owner.Name != "" {
			name = owner
			found.Owner = &name
		}
		if s.Keeps(name) {
			all = append(all, found)
		}
		return nil
	})
	if err != nil {
		return nil, pg.Fault(err, "list the sequences", "")
	}
	return all, position(ctx, conn, all)
}

// position reads where the sequences are.
func position(ctx context.Context, conn *pgx.Conn, all []Sequence) error {
	for from := 0; from < len(all); from += batch {
		part := all[from:min(from+batch, len(all))]
		var words []string
		for i, s := range part {
			words = append(words, fmt.Sprintf("SELECT %d, last_value, is_called FROM %s", i, s.SQL()))
		}
		rows, err := conn.Query(ctx, strings.Join(words, " UNION ALL "))
		if err != nil {
			return pg.Fault(err, "read sequences", "")
		}
		var i int
		var last int64
		var called bool
		_, err = pgx.ForEachRow(rows, []any{&i, &last, &called}, func() error {
			part[i].Last, part[i].Called = last, called
			return nil
		})
		if err != nil {
			return pg.Fault(err, "read sequences", "")
		}
	}
	return nil
}

// Ahead is the sequence further on by a number of its numbers, as far as it has
// room: one that would run over its end stays at its end.
func (s Sequence) Ahead(numbers int64) Sequence {
	// Differences of two int64 fit a uint64.
	room, step := (uint64(s.Max)-uint64(s.Last))/uint64(max(s.Increment, 1)), s.Increment
	if s.Increment < 0 {
		room = (uint64(s.Last) - uint64(s.Min)) / -uint64(s.Increment)
	}
	k := min(uint64(max(numbers, 0)), room)
	s.Last += int64(k) * step
	return s
}

// behind reports whether the sequence would give out a number that the other has
// given out.
func (s Sequence) behind(o Sequence) bool {
	if s.Last == o.Last {
		return o.Called && !s.Called
	}
	return (s.Last < o.Last) == (o.Increment > 0)
}

// Carry sets every sequence of the list, as it was read at one server, at another:
// margin numbers ahead of its position here, unless it is further already. One that
// cycles is set in any case: no position of it is ahead of another. Sequences that are
// missing there are fault.NotFound, by name, after all others were set.
func Carry(ctx context.Context, there *pgx.Conn, all []Sequence, margin int64) error {
	now, err := byName(ctx, there)
	if err != nil {
		return err
	}
	var missing []string
	for _, s := range all {
		have, ok := now[s.Name]
		if !ok {
			missing = append(missing, s.String())
			continue
		}
		want := s.Ahead(margin)
		if !s.Cycle && !have.behind(want) {
			continue
		}
		if _, err := there.Exec(ctx, "SELECT pg_catalog.setval($1::text::regclass, $2, $3)", s.SQL(), want.Last, want.Called); err != nil {
			return pg.Fault(err, "set sequence", s.String())
		}
	}
	if len(missing) > 0 {
		return fault.Newf(fault.NotFound, "set %d sequences that do not exist: %s", len(missing), strings.Join(missing[:min(len(missing), 10)], ", "))
	}
	return nil
}

func byName(ctx context.Context, conn *pgx.Conn) (map[pg.Name]Sequence, error) {
	all, err := Read(ctx, conn, pg.Selection{})
	known := map[pg.Name]Sequence{}
	for _, s := range all {
		known[s.Name] = s
	}
	return known, err
}

// Behind names the sequences of the first list that would, at the other server, give
// out a number that was given out here; empty when none would.
func Behind(here, there []Sequence) []string {
	known := map[pg.Name]Sequence{}
	for _, s := range there {
		known[s.Name] = s
	}
	var all []string
	for _, s := range here {
		other, ok := known[s.Name]
		switch {
		case !ok:
			all = append(all, fmt.Sprintf("%s does not exist", s))
		case other.Increment != s.Increment:
			all = append(all, fmt.Sprintf("%s counts by %d, and by %d here", s, other.Increment, s.Increment))
		case other.behind(s):
			all = append(all, fmt.Sprintf("%s is at %d, and at %d here", s, other.Last, s.Last))
		}
	}
	return all
}
