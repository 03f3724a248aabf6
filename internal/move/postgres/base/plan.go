package base

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// What the notes tell to be done as a whole.
const (
	doneSchema    = "schema"
	doneRows      = "rows"
	doneObjects   = "large objects"
	doneSequences = "sequences"
	doneAll       = "all"
	doneAnalyze   = "analyze "
)

const (
	// freezeFrom is from which size on a table is made anew for its rows, so that they
	// can be frozen: below, that costs more than it saves.
	freezeFrom = 256 << 10
	pageSize   = 8192
	// rangeScans is the version that reads a range of ctid without reading the rest
	// (release notes of PostgreSQL 14).
	rangeScans = 14
)

// table is a table of the source in this pass. b.mu guards what changes.
type table struct {
	pg.Table
	heap   int64  // bytes of the main fork
	file   string // of the main fork: another one has its rows in other places
	chunks int
	mended bool // it is brought up to the snapshot, not copied
	how
	left   int // chunks that are not done
	moved  Moved
	failed error
	since  time.Time
	doing  string
	live   atomic.Int64 // bytes that have passed
}

// unit is what a worker does at once: a table, or a part of one.
type unit struct {
	*table
	chunk int
}

// begin marks a table as under way. b.mu is held.
func (t *table) begin() {
	if t.since.IsZero() {
		t.since, t.doing = time.Now(), "copy"
		t.Text = t.text()
	}
}

// finished tells the tables whose chunks are all there, by their first note.
func finished(all []note) map[pg.Name]note {
	count, first := map[pg.Name]int{}, map[pg.Name]note{}
	for _, n := range all {
		f, ok := first[n.Name]
		if !ok {
			first[n.Name] = n
		} else {
			f.Rows += n.Rows
			f.Bytes += n.Bytes
			first[n.Name] = f
		}
		count[n.Name]++
	}
	for name, n := range first {
		if count[name] < n.chunks {
			delete(first, name)
		}
	}
	return first
}

// list reads the tables of the source through a session, and the size of each.
func (b *Base) list(ctx context.Context, conn *pgx.Conn) ([]*table, error) {
	listed, err := pg.Tables(ctx, conn, b.Selection)
	if err != nil {
		return nil, err
	}
	files := map[uint32]*table{}
	var tables []*table
	var ids []uint32
	for _, t := range listed {
		files[t.OID] = &table{Table: t, chunks: 1}
		tables = append(tables, files[t.OID])
		ids = append(ids, t.OID)
	}
	rows, err := conn.Query(ctx, "SELECT oid, pg_catalog.pg_relation_size(oid), coalesce(pg_catalog.pg_relation_filenode(oid), 0)::text FROM pg_catalog.unnest($1::oid[]) oid", ids)
	if err != nil {
		return nil, pg.Fault(err, "ask for the sizes of tables of", b.Source.String())
	}
	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		var id uint32
		var size *int64 // null for a table that was dropped meanwhile
		var file string
		err := row.Scan(&id, &size, &file)
		if err == nil && size != nil {
			files[id].heap, files[id].file = *size, file
		}
		return struct{}{}, err
	})
	return tables, pg.Fault(err, "ask for the sizes of tables of", b.Source.String())
}

// survey lists the tables and tells which are not finished.
func (b *Base) survey(ctx context.Context, conn *pgx.Conn) (outstanding []*table, err error) {
	tables, err := b.list(ctx, conn)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	done := finished(b.known.notes)
	b.tables = map[pg.Name]*table{}
	for _, t := range tables {
		b.tables[t.Name] = t
		if n, ok := done[t.Name]; ok {
			t.moved, t.how, t.chunks = n.Moved, n.how, n.chunks
			continue
		}
		t.left = 1
		outstanding = append(outstanding, t)
	}
	return outstanding, nil
}

// plan decides how the outstanding tables are copied from the snapshot of a
// generation, and takes back on the target what cannot be gone on with.
func (b *Base) plan(ctx context.Context, outstanding []*table) ([]unit, error) {
	parts := map[pg.Name][]note{}
	b.mu.Lock()
	for _, n := range b.known.notes {
		parts[n.Name] = append(parts[n.Name], n)
	}
	made := b.made()
	b.mu.Unlock()
	var units []unit
	for _, t := range outstanding {
		if why := made[t.Name]; why != "" {
			t.failed = fault.Newf(fault.Conflict, "%s", why)
			continue
		}
		if t.heap > b.ChunkBytes && b.source.Major() >= rangeScans {
			t.chunks = int((t.heap + b.ChunkBytes - 1) / b.ChunkBytes)
		}
		there, err := b.resume(ctx, t, parts[t.Name])
		if err != nil {
			return nil, err
		}
		t.left = 0
		for chunk := range t.chunks {
			if !there[chunk] {
				units = append(units, unit{t, chunk})
				t.left++
			}
		}
	}
	slices.SortStableFunc(units, func(a, b unit) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), a.Name.Compare(b.Name), a.chunk-b.chunk)
	})
	return units, nil
}

// resume tells which chunks of a table are there already. What another generation
// left in pieces is mended or made away with.
func (b *Base) resume(ctx context.Context, t *table, parts []note) (map[int]bool, error) {
	there := map[int]bool{}
	if len(parts) == 0 {
		return there, nil
	}
	first := parts[0]
	if first.generation == b.snapshot.generation && first.File == t.file {
		t.chunks = first.chunks
		for _, n := range parts {
			there[n.chunk] = true
			t.moved.Rows += n.Rows
			t.moved.Bytes += n.Bytes
		}
		return there, nil
	}
	if first.generation == b.snapshot.generation {
		t.Again = "the source wrote the table anew while it was copied"
	} else if b.Mend != nil && t.Key != nil {
		t.mended, t.chunks = true, 1
		t.Again = "mended: parts of it were of a snapshot that was lost"
		return there, nil
	} else {
		t.Again = "parts of it were of a snapshot that was lost"
		if t.Key == nil {
			t.Again += ", and it has no key to compare by"
		}
	}
	return there, b.empty(ctx, t)
}

// empty makes away with the rows of a table that the run has copied, and with
// their notes.
func (b *Base) empty(ctx context.Context, t *table) error {
	sql := "BEGIN; TRUNCATE ONLY " + t.SQL() + "; " + forgetSQL(b.Run, t.Name) + "; COMMIT"
	_, err := b.control.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		_, _ = b.control.Exec(ctx, "ROLLBACK") // the error tells
	}
	return pg.Fault(err, "empty table", t.String())
}

// made tells of each table that has an entry why its rows may not be copied, ""
// for those that this run made. A table that was there before is left alone.
// b.mu is held.
func (b *Base) made() map[pg.Name]string {
	made := map[pg.Name]string{}
	known := map[pg.Name]bool{}
	for _, e := range b.known.entries {
		if e.Kind != "TABLE" {
			continue
		}
		name := pg.Name{Schema: e.Schema, Name: e.Entry.Name}
		known[name] = true
		switch e.state {
		case stateDone, statePartly:
		default:
			made[name] = "the table could not be made on the target"
			if len(e.trouble) > 0 {
				made[name] += ": " + e.trouble[0].Message
			}
		}
	}
	for name := range b.tables {
		if !known[name] {
			made[name] = "the table was made on the source after its schema was read"
		}
	}
	return made
}

// inSnapshotSQL begins to read in the snapshot of that name.
func inSnapshotSQL(name string) string {
	return beginReading + "; SET TRANSACTION SNAPSHOT " + pg.Literal(name) + "; "
}

// reading is the query that reads a unit in the snapshot of that name. Of a part of
// a table it also tells the file that it was read from.
func (u unit) reading(snapshot string) string {
	if u.table.chunks == 1 {
		return inSnapshotSQL(snapshot) + u.whole() + "; COMMIT"
	}
	pages := (u.heap + pageSize - 1) / pageSize
	each := (pages + int64(u.table.chunks) - 1) / int64(u.table.chunks)
	where := fmt.Sprintf(" WHERE ctid >= '(%d,0)'::pg_catalog.tid", int64(u.chunk)*each)
	// Rows may lie behind the end that was seen before: the last chunk is open.
	if u.chunk < u.table.chunks-1 {
		where += fmt.Sprintf(" AND ctid < '(%d,0)'::pg_catalog.tid", int64(u.chunk+1)*each)
	}
	return inSnapshotSQL(snapshot) + "COPY (SELECT " + strings.Join(u.columns(), ", ") + " FROM ONLY " + u.SQL() + where + ") TO STDOUT" + u.form("") +
		"; SELECT coalesce(pg_catalog.pg_relation_filenode(" + strconv.FormatUint(uint64(u.OID), 10) + "), 0); COMMIT"
}

// whole is the statement that reads a table. A COPY of a table and not of a query
// leaves out the rows of those that inherit from it, and the executor: it costs the
// source less.
func (t *table) whole() string { return "COPY " + t.named() + " TO STDOUT" + t.form("") }

// named is the table with its columns. An empty list of columns is no syntax; all
// columns are none then.
func (t *table) named() string {
	if columns := t.columns(); len(columns) > 0 {
		return t.SQL() + " (" + strings.Join(columns, ", ") + ")"
	}
	return t.SQL()
}

// writing is the query that takes the rows, in a transaction that it leaves open.
func (t *table) writing(freeze bool) string { return "BEGIN; " + t.taking(freeze) }

// taking are the statements of it.
func (t *table) taking(freeze bool) string {
	sql, option := "", ""
	if freeze {
		sql, option = "TRUNCATE ONLY "+t.SQL()+"; ", ", FREEZE"
	}
	return sql + "COPY " + t.named() + " FROM STDIN" + t.form(option)
}

func (t *table) form(option string) string {
	if t.Text {
		return " (FORMAT text" + option + ")"
	}
	return " (FORMAT binary" + option + ")"
}

// columns are those that hold values of their own.
func (t *table) columns() []string {
	var names []string
	for _, c := range t.Columns {
		if !c.Generated {
			names = append(names, pg.Quote(c.Name))
		}
	}
	return names
}

// text reports whether the values have to go in their text form.
func (t *table) text() bool {
	return slices.ContainsFunc(t.Columns, func(c pg.Column) bool { return !c.Generated && !c.Binary })
}

// fails is the error that a table was given up with. b.mu is held.
func (t *table) fails() string {
	if t.failed == nil {
		return ""
	}
	return t.failed.Error()
}
