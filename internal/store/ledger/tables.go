package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
)

// applicationID marks the SQLite file as a ledger ("LFLG"); formVersion is the
// version of the tables.
const (
	applicationID = 0x4c464c47
	formVersion   = 1
)

// object is a table or trigger of the file.
type object struct{ name, statement string }

// objects are the tables and triggers, exactly as SQLite keeps their text.
// Verify compares them: a file without its triggers was opened up by somebody.
func objects() []object {
	refuse := func(event, table string) object {
		name := table + "_no_" + event
		return object{name, fmt.Sprintf("CREATE TRIGGER %s BEFORE %s ON %s BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END", name, event, table)}
	}
	return []object{
		{"anchor", "CREATE TABLE anchor (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL, created TEXT NOT NULL) STRICT"},
		{"entry", "CREATE TABLE entry (seq INTEGER PRIMARY KEY CHECK (seq > 0), time TEXT NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL, " +
			"subject TEXT NOT NULL, body TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL) STRICT"},
		{"head", "CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL) STRICT"},
		refuse("UPDATE", "anchor"), refuse("DELETE", "anchor"),
		refuse("UPDATE", "entry"), refuse("DELETE", "entry"), refuse("DELETE", "head"),
		// INSERT OR REPLACE deletes without firing delete triggers, so that the
		// number must be checked on insert as well.
		{"entry_follows", "CREATE TRIGGER entry_follows BEFORE INSERT ON entry WHEN NEW.seq <> (SELECT seq + 1 FROM head) OR NEW.previous <> (SELECT hash FROM head) " +
			"BEGIN SELECT RAISE(ABORT, 'the entry does not follow the head'); END"},
		{"entry_moves_head", "CREATE TRIGGER entry_moves_head AFTER INSERT ON entry BEGIN UPDATE head SET seq = NEW.seq, hash = NEW.hash; END"},
		{"head_grows", "CREATE TRIGGER head_grows BEFORE UPDATE ON head WHEN NEW.seq <> OLD.seq + 1 OR NEW.one <> 1 " +
			"BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"},
	}
}

// define makes the tables of a new ledger, in one transaction.
func define(ctx context.Context, db *sql.DB, a anchor) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after the commit
	for _, o := range objects() {
		if _, err := tx.ExecContext(ctx, o.statement); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO anchor VALUES (1, ?, ?)", a.ID, a.Created); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO head VALUES (1, 0, ?)", a.sum()); err != nil {
		return err
	}
	for _, pragma := range []string{fmt.Sprintf("application_id = %d", applicationID), fmt.Sprintf("user_version = %d", formVersion)} {
		if _, err := tx.ExecContext(ctx, "PRAGMA "+pragma); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// queryer is a connection, a transaction or a pool.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// tampered compares the tables and triggers of the file with objects and
// returns the first difference, or "".
func tampered(ctx context.Context, q queryer) (string, error) {
	rows, err := q.QueryContext(ctx, "SELECT name, coalesce(sql, '') FROM sqlite_schema")
	if err != nil {
		return "", err
	}
	defer rows.Close()
	found := map[string]string{}
	for rows.Next() {
		var name, statement string
		if err := rows.Scan(&name, &statement); err != nil {
			return "", err
		}
		found[name] = statement
	}
	if err := rows.Err(); err != nil {
		return "", err
	}
	for _, o := range objects() {
		statement, ok := found[o.name]
		if !ok {
			return fmt.Sprintf("table or trigger %q was removed from the file", o.name), nil
		}
		if statement != o.statement {
			return fmt.Sprintf("table or trigger %q of the file was changed", o.name), nil
		}
		delete(found, o.name)
	}
	if extra := slices.Sorted(maps.Keys(found)); len(extra) > 0 {
		return fmt.Sprintf("%q was added to the file", extra[0]), nil
	}
	return "", nil
}

const columns = "seq, time, kind, actor, subject, body, previous, hash"

// scan reads one row of columns.
func scan(row interface{ Scan(...any) error }) (Entry, error) {
	var e Entry
	var body string
	err := row.Scan(&e.Seq, &e.Time, &e.Kind, &e.Actor, &e.Subject, &body, &e.Previous, &e.Hash)
	e.Body = []byte(body)
	return e, err
}

func readAnchor(ctx context.Context, q queryer) (anchor, error) {
	var a anchor
	err := q.QueryRowContext(ctx, "SELECT id, created FROM anchor").Scan(&a.ID, &a.Created)
	return a, err
}

// readHead returns what the head row says.
func readHead(ctx context.Context, q queryer) (Head, error) {
	var h Head
	err := q.QueryRowContext(ctx, "SELECT anchor.id, head.seq, head.hash FROM anchor, head").Scan(&h.Ledger, &h.Seq, &h.Hash)
	return h, err
}
