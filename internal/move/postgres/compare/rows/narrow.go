package rows

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// copies are rows of one side with the same hash: n of them, one place.
type copies struct {
	row int64
	n   int64
	at  string
}

// suspect is a key (or the hash of a row, without one) that the sides do not agree
// on.
type suspect struct {
	id     int64
	key    []string
	source []copies
	target []copies
}

// missing, extra and changed count what differs.
func (s suspect) counts() (missing, extra, changed int64) {
	left := map[int64]int64{}
	for _, c := range s.source {
		left[c.row] += c.n
	}
	for _, c := range s.target {
		left[c.row] -= c.n
	}
	for _, n := range left {
		missing += max(n, 0)
		extra += max(-n, 0)
	}
	if s.key != nil {
		changed = min(missing, extra)
	}
	return missing - changed, extra - changed, changed
}

// entry is a row of a listing.
type entry struct {
	id   int64
	key  []string
	copy copies
}

// listing is the statement that lists the rows of buckets in the order of their
// ids. Without a key, equal rows are one line.
func (s shape) listing(n int64) string {
	where := s.from() + " WHERE " + s.bucket(n) + " = ANY($1::pg_catalog.int8[])"
	if s.key == nil {
		return "SELECT h, h, pg_catalog.count(*), pg_catalog.min(at), NULL::pg_catalog.text[] FROM (SELECT " + s.row + " AS h, ctid::pg_catalog.text AS at" + where + ") q GROUP BY h ORDER BY h"
	}
	return "SELECT " + s.id + " AS id, " + s.row + ", 1::pg_catalog.int8, ctid::pg_catalog.text, " + s.keys() + where + " ORDER BY id"
}

// walker goes through a listing one id at a time.
type walker struct {
	rows pgx.Rows
	next *entry
	err  error
}

func walk(ctx context.Context, conn *pgx.Conn, sql string, args ...any) (*walker, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	w := &walker{rows: rows}
	w.advance()
	return w, w.err
}

func (w *walker) advance() {
	w.next = nil
	if !w.rows.Next() {
		w.err = w.rows.Err()
		return
	}
	var e entry
	if w.err = w.rows.Scan(&e.id, &e.copy.row, &e.copy.n, &e.copy.at, &e.key); w.err == nil {
		w.next = &e
	}
}

// take returns the entries of the lowest id, if it is this one.
func (w *walker) take(id int64) []entry {
	var out []entry
	for w.next != nil && w.next.id == id {
		out = append(out, *w.next)
		w.advance()
	}
	return out
}

// differ lists the suspects of a group of buckets, each once, in the order of their ids.
func (s shape) differ(ctx context.Context, c couple, n int64, group []int64, found func(suspect)) error {
	var ws [2]*walker
	err := c.both(func(side int, conn *pgx.Conn) (err error) {
		ws[side], err = walk(ctx, conn, s.listing(n), group)
		return at(side, err)
	})
	for _, w := range ws {
		if w != nil {
			defer w.rows.Close()
		}
	}
	if err != nil {
		return err
	}
	for ws[0].next != nil || ws[1].next != nil {
		id := lowest(ws[0].next, ws[1].next)
		for _, one := range match(id, ws[0].take(id), ws[1].take(id)) {
			found(one)
		}
	}
	return cmp.Or(at(0, ws[0].err), at(1, ws[1].err))
}

func lowest(a, b *entry) int64 {
	switch {
	case a == nil:
		return b.id
	case b == nil:
		return a.id
	}
	return min(a.id, b.id)
}

// match makes suspects of the entries of one id. Keys whose hashes collide are
// told apart by their text; a key may be there more than once where the index that should forbid it is
// broken or not there.
func match(id int64, source, target []entry) []suspect {
	var all []*suspect
	of := func(key []string) *suspect {
		for _, s := range all {
			if slices.Equal(s.key, key) {
				return s
			}
		}
		all = append(all, &suspect{id: id, key: key})
		return all[len(all)-1]
	}
	for _, e := range source {
		s := of(e.key)
		s.source = append(s.source, e.copy)
	}
	for _, e := range target {
		s := of(e.key)
		s.target = append(s.target, e.copy)
	}
	var out []suspect
	for _, s := range all {
		if m, e, c := s.counts(); m+e+c > 0 {
			out = append(out, *s)
		}
	}
	return out
}

// hex is how a digest is shown.
func hex(id int64) string {
	text := strconv.FormatUint(uint64(id), 16)
	return "0000000000000000"[len(text):] + text
}
