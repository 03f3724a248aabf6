package rows

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

const (
	// rangeRows is how many rows a range has.
	rangeRows = 20_000
	// sampled is how many rows are looked at for each bound.
	sampled = 30
	// mostRanges keeps the list of bounds short.
	mostRanges = 20_000
)

// BringUp makes a table of the target, of which a part was copied in an earlier
// snapshot, equal to the source's in the snapshot of its session: the rows are
// hashed by ranges of the first column of the key on both sides at once, and
// ranges that differ are deleted and copied anew, in one transaction. No index is
// needed: each side is read twice at most. Calling it again does no harm. A table without key is
// fault.Unsupported, one that the target has not is fault.NotFound.
func BringUp(ctx context.Context, o BringUpOptions) (Piece, error) {
	var done Piece
	name := o.Table.Name.String()
	if o.Table.Key == nil {
		return done, fault.Newf(fault.Unsupported, "bring table %q up to another snapshot: it has no key", name).Hintf("copy it anew from the start")
	}
	c := couple{o.Source, o.Target}
	for _, conn := range c {
		if err := settle(ctx, conn, 0); err != nil {
			return done, err
		}
	}
	f, err := look(ctx, c[0], c[1])
	if err != nil {
		return done, err
	}
	if err := f.prepare(ctx, c); err != nil {
		return done, err
	}
	target, err := pg.Tables(ctx, o.Target, pg.Selection{Tables: []string{name}})
	if err != nil {
		return done, err
	}
	if len(target) == 0 {
		return done, fault.Newf(fault.NotFound, "bring table %q up to another snapshot: the target has no such table", name)
	}
	s, why := f.shapeOf(o.Table, target[0])
	if why != "" {
		return done, fault.Newf(fault.Conflict, "bring table %q up to another snapshot: %s", name, why)
	}
	r, err := ranged(ctx, o, s)
	if err != nil {
		return done, pg.Fault(err, "cut into ranges table", name)
	}
	tx, err := o.Target.Begin(ctx)
	if err != nil {
		return done, pg.Fault(err, "begin at", sideName(1))
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := quietly(ctx, o.Target); err != nil {
		return done, pg.Fault(err, "begin at", sideName(1))
	}
	if done, err = r.bring(ctx, c, target[0]); err != nil {
		return done, pg.Fault(err, "bring up to another snapshot table", name)
	}
	if o.In != nil {
		if err := o.In(ctx, tx); err != nil {
			return done, err
		}
	}
	return done, pg.Fault(tx.Commit(ctx), "commit table", name)
}

// ranges are those of a table: an expression that numbers them.
type ranges struct {
	shape  shape
	bucket string
	count  int
}

// ranged cuts a table by a sample of its key. Texts are put in the order of their
// bytes, which is the same everywhere. Types that a server may not know are cut by
// the hash of the key.
func ranged(ctx context.Context, o BringUpOptions, s shape) (ranges, error) {
	per := o.Rows
	if per <= 0 {
		per = rangeRows
	}
	rows := int64(o.Table.Rows)
	if rows == 0 {
		// Never analyzed: as many as fit into the pages, about.
		rows = o.Table.Bytes / 100
	}
	n := min(max(rows/per, 1), mostRanges)
	key := s.key[0]
	if key.BaseID >= firstOwn || key.Class == "c" {
		r := ranges{shape: s, count: 64}
		for r.count < int(n) {
			r.count *= 2
		}
		r.bucket = s.bucket(int64(r.count))
		return r, nil
	}
	var base string
	var collates bool
	if err := o.Source.QueryRow(ctx, "SELECT pg_catalog.format_type(oid, -1), typcollation <> 0 FROM pg_catalog.pg_type WHERE oid = $1", key.BaseID).Scan(&base, &collates); err != nil {
		return ranges{}, err
	}
	value := pg.Quote(key.Name) + "::" + base
	if collates {
		value += ` COLLATE "C"`
	}
	share := min(100, float64(n*sampled)*100/float64(max(rows, 1)))
	var bounds *string
	err := o.Source.QueryRow(ctx, fmt.Sprintf(`SELECT pg_catalog.percentile_disc((SELECT pg_catalog.array_agg(i / %d.0) FROM pg_catalog.generate_series(1, %d) i)) WITHIN GROUP (ORDER BY %s)::pg_catalog.text
FROM ONLY %s TABLESAMPLE SYSTEM (%f) REPEATABLE (1)`, n, max(n-1, 1), value, s.name.SQL(), share)).Scan(&bounds)
	if err != nil {
		return ranges{}, err
	}
	r := ranges{shape: s, count: int(n), bucket: "0"}
	if bounds != nil {
		r.bucket = fmt.Sprintf("pg_catalog.width_bucket(%s, %s::%s[])", value, pg.Literal(*bounds), base)
	}
	return r, nil
}

func (r ranges) bring(ctx context.Context, c couple, target pg.Table) (Piece, error) {
	done := Piece{Ranges: r.count}
	var spreads [2]map[int64]total
	err := c.both(func(side int, conn *pgx.Conn) (err error) {
		spreads[side], err = r.shape.spreadBy(ctx, conn, r.bucket)
		return err
	})
	if err != nil {
		return done, err
	}
	var differ []int64
	for _, group := range differing(spreads[0], spreads[1], 1<<62) {
		differ = append(differ, group...)
	}
	done.Recopied = len(differ)
	if len(differ) == 0 {
		return done, nil
	}
	where := fmt.Sprintf(" WHERE %s = ANY ('{%s}'::pg_catalog.int8[])", r.bucket, strings.Trim(strings.ReplaceAll(fmt.Sprint(differ), " ", ","), "[]"))
	tag, err := c[1].Exec(ctx, "DELETE"+r.shape.from()+where)
	if err != nil {
		return done, err
	}
	done.Deleted = tag.RowsAffected()
	columns, binary := r.shape.carried(target)
	done.Rows, err = carry(ctx, c, "SELECT "+columns+r.shape.from()+where, copying{into: r.shape.name.SQL(), columns: columns, binary: binary})
	return done, err
}

// carried are the columns whose values are copied, and whether in binary form.
func (s shape) carried(target pg.Table) (columns string, binary bool) {
	types := map[string]pg.Column{}
	for _, c := range target.Columns {
		types[c.Name] = c
	}
	binary = true
	var names []string
	for _, c := range s.columns {
		other := types[c.Name]
		if c.Generated || other.Generated {
			continue
		}
		names = append(names, pg.Quote(c.Name))
		binary = binary && c.Binary && other.Binary && c.Type == other.Type && (c.BaseID < firstOwn && s.plain(c) || c.Class == "e" && c.TypeID == c.BaseID)
	}
	return strings.Join(names, ", "), binary
}

// plain reports whether the binary form of a column holds no OIDs: those that go
// by their text to be compared may.
func (s shape) plain(c pg.Column) bool {
	for i := range s.columns {
		if s.columns[i].Name == c.Name {
			return !strings.HasPrefix(s.fields[i].image, "pg_catalog.textsend(ROW(")
		}
	}
	return false
}

// copying is where rows go.
type copying struct {
	into, columns string
	binary        bool
}

// buffer is what is gathered of the stream before it is handed on: a hand-over per
// row costs more than everything else.
const buffer = 256 << 10

// carry copies what a query gives at the source into a table of the target. Text
// has all digits of a float, whatever hashes are computed with; for that, the
// session at the source is in a transaction.
func carry(ctx context.Context, c couple, query string, to copying) (int64, error) {
	format := ""
	if to.binary {
		format = " (FORMAT binary)"
	}
	columns := " (" + to.columns + ")"
	if to.columns == "" {
		columns = ""
	}
	if _, err := c[0].Exec(ctx, "SET LOCAL extra_float_digits = 3"); err != nil {
		return 0, at(0, err)
	}
	read, write := io.Pipe()
	sent := make(chan error, 1)
	go func() {
		buffered := bufio.NewWriterSize(write, buffer)
		_, err := c[0].PgConn().CopyTo(ctx, buffered, "COPY ("+query+") TO STDOUT"+format)
		if err == nil {
			err = buffered.Flush()
		}
		_ = write.CloseWithError(err)
		sent <- err
	}()
	tag, err := c[1].PgConn().CopyFrom(ctx, bufio.NewReaderSize(read, buffer), "COPY "+to.into+columns+" FROM STDIN"+format)
	_ = read.CloseWithError(io.ErrClosedPipe)
	if failed := <-sent; failed != nil && (err == nil || pg.Code(failed) != "") {
		err = at(0, failed)
	}
	return tag.RowsAffected(), err
}
