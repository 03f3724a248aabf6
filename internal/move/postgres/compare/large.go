package compare

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/compare/rows"
	"example.com/landfall/internal/move/postgres/pg"
)

// lob is the content of a large object: its size, and a sum of hashes of its
// pages. Zeros at the end of a page count for nothing, since holes have no pages
// (PostgreSQL manual, "pg_largeobject").
type lob struct {
	oid  uint32
	size int64
	sum  string
}

// pageHash is the hash of a page: its place, and its bytes.
const pageHash = `('x' || pg_catalog.left(pg_catalog.md5(%s || ' ' || pg_catalog.rtrim(pg_catalog.encode(%s, 'hex'), '0')), 16))::bit(64)::int8`

// zeros are pages that say nothing.
const zeros = `pg_catalog.rtrim(pg_catalog.encode(%s, 'hex'), '0') <> ''`

const beginReading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

// lobsAtOnce bounds the descriptors that one transaction holds.
const lobsAtOnce = 100

func (p pair) largeObjects(ctx context.Context, first int) (*LargeObjects, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := &LargeObjects{Verdict: rows.Equal}
	var nexts [2]func() (lob, error, bool)
	var group sync.WaitGroup
	// The sessions are the caller's: nothing uses them when this returns.
	defer group.Wait()
	defer cancel()
	for side, conn := range p {
		found := make(chan result, lobsAtOnce)
		group.Go(func() {
			defer close(found)
			for one, err := range lobs(ctx, conn) {
				select {
				case found <- result{one, err}:
				case <-ctx.Done():
					return
				}
			}
		})
		nexts[side] = func() (lob, error, bool) {
			r, more := <-found
			return r.lob, r.err, more
		}
	}
	err := merge(nexts, func(source, target *lob) { out.add(source, target, first) })
	if code := pg.Code(err); code == "42501" || code == "55000" {
		out.Verdict, out.Reason = rows.Unreadable, pg.Fault(err, "", "").Error()
		return out, nil
	}
	if out.Missing+out.Extra+out.Changed > 0 {
		out.Verdict = rows.Different
	}
	return out, pg.Fault(err, "read large objects", "")
}

type result struct {
	lob lob
	err error
}

func (l *LargeObjects) add(source, target *lob, first int) {
	one := source
	if source != nil {
		l.Source++
		l.Bytes += source.size
	}
	if target != nil {
		l.Target++
		one = target
	}
	switch {
	case target == nil:
		l.Missing++
		one = source
	case source == nil:
		l.Extra++
	case *source != *target:
		l.Changed++
	default:
		return
	}
	if len(l.OIDs) < first {
		l.OIDs = append(l.OIDs, one.oid)
	}
}

// merge goes through both sides in the order of OIDs.
func merge(nexts [2]func() (lob, error, bool), each func(source, target *lob)) error {
	var now [2]*lob
	step := func(side int) error {
		one, err, more := nexts[side]()
		now[side] = nil
		if more && err == nil {
			now[side] = &one
		}
		return err
	}
	for side := range now {
		if err := step(side); err != nil {
			return err
		}
	}
	for now[0] != nil || now[1] != nil {
		source, target := now[0], now[1]
		if source != nil && target != nil && source.oid != target.oid {
			if source.oid < target.oid {
				target = nil
			} else {
				source = nil
			}
		}
		each(source, target)
		for side, one := range []*lob{source, target} {
			if one == nil {
				continue
			}
			if err := step(side); err != nil {
				return err
			}
		}
	}
	return nil
}

// lobs lists the large objects of a side. Pages are read where the login may (a
// superuser), else each object is read by its functions.
func lobs(ctx context.Context, conn *pgx.Conn) iter.Seq2[lob, error] {
	return func(yield func(lob, error) bool) {
		defer func() { _, _ = conn.Exec(context.WithoutCancel(ctx), "ROLLBACK") }()
		if _, err := conn.Exec(ctx, beginReading); err != nil {
			yield(lob{}, err)
			return
		}
		var readable bool
		err := conn.QueryRow(ctx, "SELECT pg_catalog.has_column_privilege('pg_catalog.pg_largeobject', 'data', 'SELECT')").Scan(&readable)
		var ids []uint32
		if err == nil {
			ids, err = list(ctx, conn)
		}
		if err != nil {
			yield(lob{}, err)
			return
		}
		sql := byFunctions()
		if readable {
			sql = byPages()
		}
		for part := range slices.Chunk(ids, lobsAtOnce) {
			some, err := contents(ctx, conn, sql, part)
			if err == nil && !readable {
				// Descriptors are closed with their transaction.
				_, err = conn.Exec(ctx, "ROLLBACK")
			}
			if err == nil && !readable {
				_, err = conn.Exec(ctx, beginReading)
			}
			if err != nil {
				yield(lob{}, err)
				return
			}
			for _, one := range some {
				if !yield(one, nil) {
					return
				}
			}
		}
	}
}

func contents(ctx context.Context, conn *pgx.Conn, sql string, ids []uint32) ([]lob, error) {
	rows, err := conn.Query(ctx, sql, ids)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (l lob, err error) { return l, row.Scan(&l.oid, &l.size, &l.sum) })
}

func list(ctx context.Context, conn *pgx.Conn) ([]uint32, error) {
	rows, err := conn.Query(ctx, "SELECT oid FROM pg_catalog.pg_largeobject_metadata ORDER BY oid")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uint32])
}

func byPages() string {
	return `SELECT m.oid, coalesce(max(p.pageno::int8 * 2048 + pg_catalog.octet_length(p.data)), 0), coalesce(sum(` + fmt.Sprintf(pageHash, "p.pageno", "p.data") + `) FILTER (WHERE ` + fmt.Sprintf(zeros, "p.data") + `), 0)::text
FROM pg_catalog.pg_largeobject_metadata m LEFT JOIN pg_catalog.pg_largeobject p ON p.loid = m.oid WHERE m.oid = ANY($1::oid[]) GROUP BY m.oid ORDER BY m.oid`
}

// byFunctions opens each object for its size: 262144 is INV_READ, 2 is SEEK_END.
func byFunctions() string {
	return `SELECT m.oid, m.size, coalesce((SELECT sum(` + fmt.Sprintf(pageHash, "(o / 2048)", "d") + `) FROM (SELECT o, pg_catalog.lo_get(m.oid, o, 2048) AS d FROM pg_catalog.generate_series(0, m.size - 1, 2048) o) q WHERE ` + fmt.Sprintf(zeros, "d") + `), 0)::text
FROM (SELECT oid, pg_catalog.lo_lseek64(pg_catalog.lo_open(oid, 262144), 0, 2) AS size FROM pg_catalog.pg_largeobject_metadata WHERE oid = ANY($1::oid[]) OFFSET 0) m ORDER BY m.oid`
}
