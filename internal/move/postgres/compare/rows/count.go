package rows

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
)

// total is what a set of rows adds up to. Equal totals of hashes of 64 bits mean
// equal sets; the sum does not overflow (numeric of the server).
type total struct {
	rows int64
	sum  *big.Int
}

func (t total) equal(o total) bool { return t.rows == o.rows && t.sum.Cmp(o.sum) == 0 }

func (t *total) add(rows int64, sum string) error {
	n, ok := new(big.Int).SetString(sum, 10)
	if !ok {
		return fmt.Errorf("sum of hashes %q is no number", sum)
	}
	if t.sum == nil {
		t.sum = new(big.Int)
	}
	t.rows += rows
	t.sum.Add(t.sum, n)
	return nil
}

// piece is a range of pages of a table on one side; to is 0 for the end.
type piece struct{ from, to int64 }

func (p piece) where() string {
	var parts []string
	if p.from > 0 {
		parts = append(parts, fmt.Sprintf("ctid >= '(%d,0)'::pg_catalog.tid", p.from))
	}
	if p.to > 0 {
		parts = append(parts, fmt.Sprintf("ctid < '(%d,0)'::pg_catalog.tid", p.to))
	}
	if parts == nil {
		return ""
	}
	return " WHERE " + strings.Join(parts, " AND ")
}

// totals is the statement that counts and adds up the hashes of rows.
func (s shape) totals(p piece) string {
	return "SELECT pg_catalog.count(*), coalesce(pg_catalog.sum(" + s.row + "), 0)::pg_catalog.text" + s.from() + p.where()
}

func (t *total) read(ctx context.Context, conn *pgx.Conn, sql string) error {
	var rows int64
	var sum string
	if err := conn.QueryRow(ctx, sql).Scan(&rows, &sum); err != nil {
		return err
	}
	return t.add(rows, sum)
}

const (
	blockSize = 8192
	// pieceBytes is the size of a piece: each is a statement, and a step of the
	// progress. A table below it is read by one statement, in parallel where the
	// server allows.
	pieceBytes = 1 << 30
	// tidRanges is the version that reads a range of pages without the others.
	tidRanges = 140000
)

// pieces cuts a table on one side. The ranges of both sides need not be the same:
// sums add up to the same over any cut.
func pieces(pages, perPiece int64) []piece {
	if perPiece <= 0 || pages <= perPiece {
		return []piece{{}}
	}
	var out []piece
	for from := int64(0); from < pages; from += perPiece {
		out = append(out, piece{from, from + perPiece})
	}
	out[len(out)-1].to = 0
	return out
}

// pages is the size of a table now, by which it is cut.
func pages(ctx context.Context, conn *pgx.Conn, name pg.Name) (n int64, version int, err error) {
	err = conn.QueryRow(ctx, "SELECT pg_catalog.pg_relation_size(pg_catalog.to_regclass($1)) / pg_catalog.current_setting('block_size')::int8, pg_catalog.current_setting('server_version_num')::int",
		name.SQL()).Scan(&n, &version)
	return n, version, err
}

// buckets is a power of two, such that a bucket has few hundred rows.
func buckets(rows int64) int64 {
	n := int64(64)
	for n < 65536 && n*256 < rows {
		n *= 2
	}
	return n
}

func (s shape) bucket(n int64) string {
	return fmt.Sprintf("((%s) OPERATOR(pg_catalog.&) %d::pg_catalog.int8)", s.id, n-1)
}

// spread reads the totals of all buckets of one side.
func (s shape) spread(ctx context.Context, conn *pgx.Conn, n int64) (map[int64]total, error) {
	return s.spreadBy(ctx, conn, s.bucket(n))
}

// spreadBy does so for any expression that numbers the rows' buckets.
func (s shape) spreadBy(ctx context.Context, conn *pgx.Conn, bucket string) (map[int64]total, error) {
	rows, err := conn.Query(ctx, "SELECT "+bucket+", pg_catalog.count(*), pg_catalog.sum("+s.row+")::pg_catalog.text"+s.from()+" GROUP BY 1")
	if err != nil {
		return nil, err
	}
	out := map[int64]total{}
	var id, count int64
	var sum string
	_, err = pgx.ForEachRow(rows, []any{&id, &count, &sum}, func() error {
		var t total
		if err := t.add(count, sum); err != nil {
			return err
		}
		out[id] = t
		return nil
	})
	return out, err
}

// differing lists the buckets that are not equal, in groups of at most so many
// rows, so that what the server sorts to list them is bounded.
func differing(source, target map[int64]total, atMost int64) [][]int64 {
	var ids []int64
	for b, t := range source {
		if o, there := target[b]; !there || !t.equal(o) {
			ids = append(ids, b)
		}
	}
	for b := range target {
		if _, there := source[b]; !there {
			ids = append(ids, b)
		}
	}
	slices.Sort(ids)
	var out [][]int64
	var group []int64
	var rows int64
	for _, b := range ids {
		more := source[b].rows + target[b].rows
		if group != nil && rows+more > atMost {
			out, group, rows = append(out, group), nil, 0
		}
		group = append(group, b)
		rows += more
	}
	if group != nil {
		out = append(out, group)
	}
	return out
}
