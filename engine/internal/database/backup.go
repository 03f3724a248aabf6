package database

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/durable"
)

// Backup copies the store at path, as of one instant, into the new file to.
// The engine may run meanwhile. A file that is there already is a Conflict. A
// backup that is cut short leaves no file of that name.
func Backup(ctx context.Context, path, to string) error {
	if there, err := exists(path); err != nil {
		return err
	} else if !there {
		return fault.Newf(fault.NotFound, "back up the engine's store %q: it is not there", path).Hintf("landfall engine status")
	}
	if _, err := os.Lstat(to); err == nil {
		return fault.Of(fault.Conflict, "write backup", to, fs.ErrExist).Hintf("name a file that is not there")
	}
	db, err := connect(path, "rw")
	if err != nil {
		return err
	}
	f, err := readForm(ctx, db)
	switch {
	case err != nil:
		err = fault.Of(fault.Invalid, "back up the engine's store", path, err)
	case f.application != storeApplication:
		err = fault.Newf(fault.Invalid, "back up the engine's store %q: it is a database of another program", path)
	default:
		err = copyDatabase(ctx, db, to)
	}
	return errors.Join(err, db.Close())
}

// copyDatabase writes a copy of db as the new file to, complete and synced, or
// no file.
func copyDatabase(ctx context.Context, db *sql.DB, to string) error {
	draft := filepath.Join(filepath.Dir(to), "."+filepath.Base(to)+"."+uuid.NewString())
	// VACUUM INTO reads one snapshot while others write, and keeps the numbers
	// in the header (SQLite documentation, "VACUUM").
	_, err := db.ExecContext(ctx, "VACUUM INTO ?", draft)
	if err == nil {
		err = check(ctx, draft)
	}
	if err == nil {
		err = publish(draft, to)
	}
	if removeErr := os.Remove(draft); removeErr != nil && !errors.Is(removeErr, fs.ErrNotExist) {
		err = errors.Join(err, removeErr)
	}
	return fault.Wrap(err, "copy the engine's store to", to)
}

// check reads a copy through: a backup that cannot be read is none.
func check(ctx context.Context, path string) error {
	db, err := connect(path, "ro")
	if err != nil {
		return err
	}
	found, err := texts(ctx, db, "PRAGMA quick_check(1)")
	if err == nil && (len(found) != 1 || found[0] != "ok") {
		err = fault.Newf(fault.Storage, "check the copy: %q", found)
	}
	return errors.Join(err, db.Close())
}

// publish syncs the draft and gives it its name, readable by the owner alone.
func publish(draft, to string) error {
	file, err := os.OpenFile(draft, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(file.Chmod(0o600), file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := durable.Publish(draft, to); err != nil {
		return err
	}
	return durable.SyncFolder(filepath.Dir(to))
}
