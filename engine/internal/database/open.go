package database

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite", the one that the server uses

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/durable"
)

// busyTimeoutMillis is how long a statement waits for another process's write.
const busyTimeoutMillis = "10000"

// Pragmas are the settings of every connection to the files: a write-ahead
// log that is synced at each commit. SQLite's default, a rollback journal,
// is as safe and several times slower (SQLite documentation, "Write-Ahead
// Logging").
func Pragmas() map[string]string {
	return map[string]string{"journal_mode": "wal", "synchronous": "2", "busy_timeout": busyTimeoutMillis}
}

// Name is the path in the form that belongs into an SQLite URI, in which "?",
// "#" and "%" have meanings of their own (SQLite documentation, "Uniform
// Resource Identifiers").
func Name(path string) string { return (&url.URL{Path: path}).EscapedPath() }

// connect opens one connection. mode is SQLite's: "rw" must exist, "rwc" is
// made, "ro" is only read.
func connect(path, mode string) (*sql.DB, error) {
	settings := url.Values{"mode": {mode}, "_pragma": {"busy_timeout=" + busyTimeoutMillis, "synchronous=2"}}
	db, err := sql.Open("sqlite", "file:"+Name(path)+"?"+settings.Encode())
	if err != nil {
		return nil, fault.Wrap(err, "open database", path)
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// newFile makes a database at path with the statements, or nothing: a process
// that is killed half way leaves only a file of another name.
func newFile(ctx context.Context, path, statements string, f form) error {
	draft := path + ".new"
	if err := removeDatabase(draft); err != nil {
		return err
	}
	db, err := connect(draft, "rwc")
	if err != nil {
		return err
	}
	err = inTransaction(ctx, db, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, statements); err != nil {
			return err
		}
		return f.stamp(ctx, tx)
	})
	if err := errors.Join(err, db.Close()); err != nil {
		return fault.Of(fault.KindOf(err), "make database", path, err)
	}
	if err := os.Rename(draft, path); err != nil {
		return fault.Wrap(err, "make database", path)
	}
	return durable.SyncFolder(filepath.Dir(path))
}

func inTransaction(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// removeDatabase removes a database with the files that SQLite keeps beside it.
func removeDatabase(path string) error {
	for _, suffix := range []string{"-wal", "-shm", "-journal", ""} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fault.Wrap(err, "remove database", path+suffix)
		}
	}
	return nil
}

// exists reports whether there is anything at path.
func exists(path string) (bool, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fault.Wrap(err, "look at database", path)
	}
	return info.Size() > 0, nil
}

// Checkpoint moves the write-ahead log into the file, so that a stopped engine
// is one file and not two. It is a convenience: SQLite reads both.
func Checkpoint(path string) error {
	db, err := connect(path, "rw")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err = db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return fault.Wrap(errors.Join(err, db.Close()), "checkpoint database", path)
}
