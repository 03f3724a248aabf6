package rows

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

const (
	// smallTable is the size up to which tables are compared several at once: what
	// they cost is the way to the server and back.
	smallTable = 1 << 20
	batchBytes = 8 << 20
	batchCount = 32
	// batchColumns keeps the statement of a batch short.
	batchColumns = 800
)

// batch puts small tables together. Those that are on one side only, or cannot be
// compared, stand alone.
func batch(pairs []pair) [][]pair {
	var out [][]pair
	var group []pair
	var bytes, columns int64
	for _, p := range pairs {
		if p.source == nil || p.target == nil || p.why != "" || p.size() > smallTable {
			out = append(out, []pair{p})
			continue
		}
		if len(group) == batchCount || group != nil && (bytes+p.size() > batchBytes || columns+int64(len(p.shape.columns)) > batchColumns) {
			out, group, bytes, columns = append(out, group), nil, 0, 0
		}
		group = append(group, p)
		bytes += p.size()
		columns += int64(len(p.shape.columns))
	}
	if group != nil {
		out = append(out, group)
	}
	return out
}

// sums reads the totals of small tables with one statement on each side.
func (w *worker) sums(ctx context.Context, pairs []pair) (string, [2][]total, error) {
	var out [2][]total
	place, err := w.couple.begin(ctx, w.options.Applied)
	if err != nil {
		return "", out, err
	}
	var parts []string
	var bytes int64
	for i, p := range pairs {
		one := p.shape.totals(piece{})
		parts = append(parts, fmt.Sprintf("SELECT %d, ", i)+strings.TrimPrefix(one, "SELECT "))
		bytes += p.size()
	}
	sql := strings.Join(parts, " UNION ALL ")
	err = w.couple.both(func(side int, conn *pgx.Conn) error {
		if err := w.pace[side].take(ctx, bytes); err != nil {
			return err
		}
		out[side] = make([]total, len(pairs))
		rows, err := conn.Query(ctx, sql)
		if err != nil {
			return at(side, err)
		}
		var i int
		var count int64
		var sum string
		_, err = pgx.ForEachRow(rows, []any{&i, &count, &sum}, func() error { return out[side][i].add(count, sum) })
		return at(side, err)
	})
	if err != nil {
		return place, out, err
	}
	return place, out, w.couple.end(ctx)
}
