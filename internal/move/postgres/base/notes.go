package base

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/dump"
	"example.com/landfall/internal/move/postgres/pg"
)

// notesVersion is that of the tables below.
const notesVersion = 1

// Name is what the slot, publication and subscription of a generation are called.
func Name(run string, generation int) string {
	return "landfall_" + run + "_" + strconv.Itoa(generation)
}

// notes is the schema of a run on the target, as statements need it.
func notes(run string) string { return pg.Quote("landfall_" + run) }

// notesTables makes the tables of a run. What they hold is written in the same
// transaction as what it tells of.
func notesTables(run string) string {
	s := notes(run)
	return `BEGIN;
CREATE SCHEMA IF NOT EXISTS ` + s + `;
CREATE TABLE IF NOT EXISTS ` + s + `.run (one int PRIMARY KEY DEFAULT 1 CHECK (one = 1), version int NOT NULL, source text NOT NULL, selection text NOT NULL, epoch bigint NOT NULL, begun timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS ` + s + `.generation (number int PRIMARY KEY, lsn text NOT NULL, begun timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS ` + s + `.entry (seq int PRIMARY KEY, entry text NOT NULL, state text NOT NULL, trouble text NOT NULL);
CREATE TABLE IF NOT EXISTS ` + s + `.progress (schema text, name text, chunk int, chunks int NOT NULL, generation int NOT NULL, rows bigint NOT NULL, bytes bigint NOT NULL, how text NOT NULL, PRIMARY KEY (schema, name, chunk));
CREATE TABLE IF NOT EXISTS ` + s + `.done (what text PRIMARY KEY);
COMMIT`
}

// state of an entry.
const (
	stateOpen   = ""
	stateDone   = "done"
	stateFailed = "failed" // its first statement
	statePartly = "partly" // others
	stateLoose  = "loose"  // a foreign key that is not validated
)

// trouble is a statement that the target refused.
type trouble struct {
	Statement int    `json:"statement"`
	SQL       string `json:"sql"`
	Code      string `json:"code,omitempty"`
	Message   string `json:"message"`
	Later     bool   `json:"later,omitempty"`
}

// entry is an entry of the dump with what the run knows of it.
type entry struct {
	seq int
	dump.Entry
	Extra
	noted   *dump.Entry // as it is in the notes: statements of Entry may have changed
	state   string
	trouble []trouble
	loose   bool // a foreign key is made without looking at the rows
	// onForeign is a table of others that it needs, "" for none.
	onForeign string
}

// Extra is what the source's catalogue adds to an entry. It is exported for its
// encoding alone.
type Extra struct {
	// Table is the one that an index, constraint or statistics object belongs to.
	Table *pg.Name `json:"table,omitempty"`
	// Build and Attach make a constraint in two steps: as a unique index, then of it.
	Build, Attach string `json:",omitempty"`
	// Validate is the statement that validates a foreign key made NOT VALID.
	Validate string `json:",omitempty"`
	// LeftOut says why it is not to be made.
	LeftOut string `json:",omitempty"`
}

// kept is the form of an entry in the notes.
type kept struct {
	Dump  dump.Entry
	Extra Extra
}

// note is one chunk that is done.
type note struct {
	pg.Name
	chunk, chunks, generation int
	Moved
	how
}

// how is in which way rows were copied.
type how struct {
	Text   bool   `json:"text,omitempty"`
	Frozen bool   `json:"frozen,omitempty"`
	Again  string `json:"again,omitempty"`
	// File is the source's file of a table that goes in pieces.
	File string `json:"file,omitempty"`
	// Analyzed says that the planner was told in the transaction of the rows.
	Analyzed bool `json:"analyzed,omitempty"`
}

// known is what the notes say.
type known struct {
	generations []Generation
	entries     []*entry
	notes       []note
	done        map[string]bool
	// of are the entries of a table that come after the rows; foreign are tables of
	// others by the number of their entry, nil where that is to be found out.
	of      map[pg.Name][]*entry
	foreign map[int]string
}

// register makes the notes if there are none, and takes the run over: sessions with
// an older epoch may note nothing more.
func register(ctx context.Context, conn *pgx.Conn, run, source, selection string) (epoch int64, err error) {
	s := notes(run)
	var there bool
	if err := conn.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", s+".done").Scan(&there); err != nil {
		return 0, pg.Fault(err, "look for the notes of run", run)
	}
	if !there {
		if _, err := conn.PgConn().Exec(ctx, notesTables(run)).ReadAll(); err != nil {
			_, _ = conn.Exec(ctx, "ROLLBACK") // the error before it tells
			return 0, pg.Fault(err, "make the notes of run", run)
		}
	}
	sql := "INSERT INTO " + s + ".run (version, source, selection, epoch, begun) SELECT $1, $2, $3, 0, now() WHERE NOT EXISTS (SELECT FROM " + s + ".run)"
	if _, err := conn.Exec(ctx, sql, notesVersion, source, selection); err != nil {
		return 0, pg.Fault(err, "make the notes of run", run)
	}
	var version int
	var begunWith, kept string
	err = conn.QueryRow(ctx, "UPDATE "+s+".run SET epoch = epoch + 1 RETURNING version, source, selection, epoch").Scan(&version, &begunWith, &kept, &epoch)
	switch {
	case err != nil:
		return 0, pg.Fault(err, "read the notes of run", run)
	case version != notesVersion:
		return 0, fault.Newf(fault.Unsupported, "read the notes of run %s: they are of version %d, this Landfall knows %d", run, version, notesVersion)
	case begunWith != source:
		return 0, fault.Newf(fault.Conflict, "go on with run %s: it was begun with another source (%s, not %s)", run, begunWith, source)
	case kept != selection:
		return 0, fault.Newf(fault.Conflict, "go on with run %s: it was begun with another selection of tables (%s, not %s)", run, kept, selection)
	}
	return epoch, nil
}

// read reads all notes. What was known of the entries before, but for their state,
// is taken from there: it does not change.
func read(ctx context.Context, conn *pgx.Conn, run string, before *known) (*known, error) {
	s := notes(run)
	k := &known{done: map[string]bool{}, of: map[pg.Name][]*entry{}}
	entries, row := "SELECT seq, state, trouble, entry FROM ", k.readEntry
	if before != nil && len(before.entries) > 0 {
		entries = "SELECT seq, state, trouble FROM "
		row = func(row pgx.CollectableRow) error { return k.readState(row, before) }
	}
	steps := []struct {
		sql string
		row func(pgx.CollectableRow) error
	}{
		{"SELECT number, lsn, begun FROM " + s + ".generation ORDER BY number", func(row pgx.CollectableRow) error { return k.readGeneration(row, run) }},
		{entries + s + ".entry ORDER BY seq", row},
		{"SELECT schema, name, chunk, chunks, generation, rows, bytes, how FROM " + s + ".progress ORDER BY schema, name, chunk", k.readNote},
		{"SELECT what FROM " + s + ".done", func(row pgx.CollectableRow) error {
			var what string
			err := row.Scan(&what)
			k.done[what] = true
			return err
		}},
	}
	for _, step := range steps {
		rows, err := conn.Query(ctx, step.sql)
		if err == nil {
			_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) { return struct{}{}, step.row(row) })
		}
		if err != nil {
			return nil, pg.Fault(err, "read the notes of run", run)
		}
	}
	return k, nil
}

func (k *known) readGeneration(row pgx.CollectableRow, run string) error {
	var g Generation
	var lsn string
	if err := row.Scan(&g.Number, &lsn, &g.Begun); err != nil {
		return err
	}
	g.Name = Name(run, g.Number)
	if lsn != "" {
		var err error
		if g.LSN, err = pg.ParseLSN(lsn); err != nil {
			return err
		}
	}
	k.generations = append(k.generations, g)
	return nil
}

func (k *known) readEntry(row pgx.CollectableRow) error {
	e := &entry{}
	var text, troubles string
	if err := row.Scan(&e.seq, &e.state, &troubles, &text); err != nil {
		return err
	}
	var all kept
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return fmt.Errorf("entry %d: %w", e.seq, err)
	}
	e.noted, e.Extra = &all.Dump, all.Extra
	return k.add(e, troubles)
}

func (k *known) readState(row pgx.CollectableRow, before *known) error {
	e := &entry{}
	var troubles string
	if err := row.Scan(&e.seq, &e.state, &troubles); err != nil {
		return err
	}
	at := len(k.entries)
	if at >= len(before.entries) || before.entries[at].seq != e.seq {
		return fmt.Errorf("entry %d was not there before", e.seq)
	}
	e.noted, e.Extra = before.entries[at].noted, before.entries[at].Extra
	return k.add(e, troubles)
}

func (k *known) add(e *entry, troubles string) error {
	if troubles != "" {
		if err := json.Unmarshal([]byte(troubles), &e.trouble); err != nil {
			return fmt.Errorf("entry %d: %w", e.seq, err)
		}
	}
	e.Entry = *e.noted
	e.Statements = slices.Clone(e.noted.Statements)
	k.entries = append(k.entries, e)
	if e.After && e.Table != nil {
		k.of[*e.Table] = append(k.of[*e.Table], e)
	}
	return nil
}

func (k *known) readNote(row pgx.CollectableRow) error {
	var n note
	var ways string
	if err := row.Scan(&n.Schema, &n.Name.Name, &n.chunk, &n.chunks, &n.generation, &n.Rows, &n.Bytes, &ways); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(ways), &n.how); err != nil {
		return err
	}
	k.notes = append(k.notes, n)
	return nil
}

// notesSQL is the statement that notes chunks. It fails with a unique violation where
// one is noted already: by a session that was thought to be gone.
func notesSQL(run string, all ...note) string {
	rows := make([]string, len(all))
	for i, n := range all {
		ways, _ := json.Marshal(n.how) // strings and booleans
		rows[i] = fmt.Sprintf("(%s, %s, %d, %d, %d, %d, %d, %s)", pg.Literal(n.Schema), pg.Literal(n.Name.Name),
			n.chunk, n.chunks, n.generation, n.Rows, n.Bytes, pg.Literal(string(ways)))
	}
	return "INSERT INTO " + notes(run) + ".progress VALUES " + strings.Join(rows, ", ")
}

// forgetSQL is the statement that takes back the notes of a table.
func forgetSQL(run string, n pg.Name) string {
	return fmt.Sprintf("DELETE FROM %s.progress WHERE schema = %s AND name = %s", notes(run), pg.Literal(n.Schema), pg.Literal(n.Name))
}

// doneSQL is the statement that notes that something is done; it may be repeated.
func doneSQL(run, what string) string {
	return fmt.Sprintf("INSERT INTO %s.done VALUES (%s) ON CONFLICT DO NOTHING", notes(run), pg.Literal(what))
}

// stateSQL is the statement that notes the state of an entry.
func (e *entry) stateSQL(run string) string {
	text := ""
	if len(e.trouble) > 0 {
		b, _ := json.Marshal(e.trouble) // strings and numbers
		text = string(b)
	}
	return fmt.Sprintf("UPDATE %s.entry SET state = %s, trouble = %s WHERE seq = %d", notes(run), pg.Literal(e.state), pg.Literal(text), e.seq)
}

// storeEntries writes what is to be made, once for a run.
func storeEntries(ctx context.Context, conn *pgx.Conn, run string, entries []*entry) error {
	_, err := conn.CopyFrom(ctx, pgx.Identifier{"landfall_" + run, "entry"}, []string{"seq", "entry", "state", "trouble"}, pgx.CopyFromSlice(len(entries), func(i int) ([]any, error) {
		text, err := json.Marshal(kept{entries[i].Entry, entries[i].Extra})
		return []any{entries[i].seq, string(text), stateOpen, ""}, err
	}))
	return pg.Fault(err, "note the schema for run", run)
}

// storeGeneration notes a generation, or where its snapshot is.
func storeGeneration(ctx context.Context, conn *pgx.Conn, run string, g Generation) error {
	lsn := ""
	if g.LSN > 0 {
		lsn = g.LSN.String()
	}
	_, err := conn.Exec(ctx, "INSERT INTO "+notes(run)+".generation VALUES ($1, $2, $3) ON CONFLICT (number) DO UPDATE SET lsn = excluded.lsn", g.Number, lsn, g.Begun.UTC().Truncate(time.Microsecond))
	return pg.Fault(err, "note generation", g.Name)
}
