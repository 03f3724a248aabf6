package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/durable"
)

// Options of a ledger that is written. The zero value is sensible.
type Options struct {
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Random gives the id of a new ledger; nil means the system's generator.
	Random io.Reader
	// Log is where the ledger says what is odd and harmless; nil discards.
	Log *slog.Logger
}

// Ledger is an open ledger. It may be used from several goroutines.
type Ledger struct {
	path string
	db   *sql.DB
	now  func() time.Time
	log  *slog.Logger
	// writing has room for one: it orders the writers of this process, as
	// SQLite orders the processes.
	writing chan struct{}
	// still is what the file looked like when it was opened as one that
	// nobody writes; nil when it was opened otherwise.
	still fs.FileInfo
	// copied is a folder to remove on Close, or "".
	copied string
}

// Open opens the ledger at path for writing and makes it when there is none;
// its folder must exist. Kinds of error: Invalid when the file is no ledger,
// Unsupported when it is of a newer form, Storage when the disk is full.
func Open(ctx context.Context, path string, o Options) (*Ledger, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fault.Wrap(err, "open ledger", path)
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := create(ctx, path, o); err != nil {
			return nil, err
		}
		info, err = os.Stat(path)
	}
	if err := usable(path, info, err); err != nil {
		return nil, err
	}
	const ownerOnly = 0o600
	if info.Mode().Perm()&^ownerOnly != 0 {
		if err := os.Chmod(path, ownerOnly); err != nil {
			return nil, fault.Wrap(err, "close ledger to others", path)
		}
	}
	l := &Ledger{path: path, db: database(path, "rw", writePragmas()), now: o.Now, log: o.Log, writing: make(chan struct{}, 1)}
	return l.identified(ctx)
}

// OpenReadOnly opens a ledger, or a copy of one, without changing anything on
// disk. Without a file the error's kind is NotFound.
func OpenReadOnly(ctx context.Context, path string) (*Ledger, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fault.Wrap(err, "open ledger", path)
	}
	info, err := os.Stat(path)
	if err := usable(path, info, err); err != nil {
		return nil, err
	}
	l := reader(path)
	if !inUse(path) {
		// SQLite would make its own files beside a file in WAL mode, which a
		// copy in a read-only folder does not allow; "immutable" tells it that
		// nobody writes. settled checks afterwards that this was true.
		l.still = info
		l.db = database(path, "ro&immutable=1", nil)
		opened, err := l.identified(ctx)
		if err == nil || l.settled() == nil {
			return opened, err
		}
		l = reader(path) // somebody writes it, as is seen
	}
	l.db = database(path, "ro", nil)
	opened, err := l.identified(ctx)
	if err == nil || !fault.Is(err, fault.Denied) && !fault.Is(err, fault.Storage) {
		return opened, err
	}
	return openCopy(ctx, path)
}

func reader(path string) *Ledger {
	return &Ledger{path: path, now: time.Now, log: slog.New(slog.DiscardHandler), writing: make(chan struct{}, 1)}
}

// openCopy reads a ledger whose writer was killed (its WAL is still there) and
// whose folder cannot be written, from a private copy.
func openCopy(ctx context.Context, path string) (*Ledger, error) {
	folder, err := os.MkdirTemp("", "landfall-ledger-")
	if err != nil {
		return nil, fault.Wrap(err, "copy ledger", path)
	}
	copied := filepath.Join(folder, filepath.Base(path))
	for _, suffix := range []string{"", "-wal"} {
		if err := copyFile(path+suffix, copied+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, errors.Join(fault.Wrap(err, "copy ledger", path), os.RemoveAll(folder))
		}
	}
	l := reader(path)
	l.copied = folder
	l.db = database(copied, "rw", nil)
	return l.identified(ctx)
}

func copyFile(from, into string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close() // nothing was written to it
	target, err := os.OpenFile(into, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// inUse reports whether a writer has the ledger open, or was killed while it
// had: SQLite's files stand beside it.
func inUse(path string) bool {
	for _, suffix := range []string{"-wal", "-shm"} {
		if _, err := os.Lstat(path + suffix); err == nil {
			return true
		}
	}
	return false
}

// settled checks, after reading a file as one that nobody writes, that nobody
// did.
func (l *Ledger) settled() error {
	if l.still == nil {
		return nil
	}
	info, err := os.Stat(l.path)
	if err != nil || inUse(l.path) || info.Size() != l.still.Size() || !info.ModTime().Equal(l.still.ModTime()) {
		return fault.Of(fault.Conflict, "read ledger", l.path, errMoved).Hintf("try again")
	}
	return nil
}

// usable checks what the file system says about the file.
func usable(path string, info fs.FileInfo, err error) error {
	const op = "open ledger"
	switch {
	case err != nil:
		return fault.Of(fault.KindOf(err), op, path, errors.Unwrap(err))
	case !info.Mode().IsRegular():
		return broken(op, path, "it is not a regular file")
	case info.Size() == 0:
		// SQLite would take an empty file for an empty database.
		return broken(op, path, "the file is empty")
	}
	return nil
}

// identified checks that the file is a ledger that this program knows.
func (l *Ledger) identified(ctx context.Context) (*Ledger, error) {
	id, version := 0, 0
	err := l.db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id)
	if err == nil {
		err = l.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
	}
	switch {
	case err != nil:
		err = failure(ctx, "open ledger", l.path, err)
	case id != applicationID:
		err = broken("open ledger", l.path, "it is a SQLite file, but not a ledger")
	case version > formVersion:
		err = fault.Newf(fault.Unsupported, "open ledger %q: its version %d is newer than this program knows (%d)", l.path, version, formVersion).
			Hintf("install a newer landfall")
	case version < formVersion:
		err = broken("open ledger", l.path, "it has no version")
	}
	if err != nil {
		l.release()
		return nil, err
	}
	return l, nil
}

// Close closes the ledger. What was appended is safe already.
func (l *Ledger) Close() error {
	if err := l.release(); err != nil {
		return fault.Wrap(err, "close ledger", l.path)
	}
	return nil
}

func (l *Ledger) release() error {
	err := l.db.Close()
	if l.copied != "" {
		err = errors.Join(err, os.RemoveAll(l.copied))
	}
	return err
}

// Path returns the path of the ledger.
func (l *Ledger) Path() string { return l.path }

// writePragmas: FULL makes a commit wait for the disk, which WAL mode would not
// do by itself. The short wait for a lock keeps cancelling quick; transactions
// are tried again for longer (see locked).
func writePragmas() []string {
	return []string{"busy_timeout(1000)", "synchronous(FULL)", "trusted_schema(OFF)", "cell_size_check(ON)"}
}

// database returns a pool for the file. It connects on first use. A crafted
// file can carry SQL of its own in views and triggers; without trust in its
// schema, and with checked cells, reading it is safe.
func database(path, mode string, pragmas []string) *sql.DB {
	if pragmas == nil {
		pragmas = []string{"busy_timeout(1000)", "trusted_schema(OFF)", "cell_size_check(ON)", "query_only(ON)"}
	}
	query := "mode=" + mode + "&_defensive=1&_error_rc=1"
	for _, p := range pragmas {
		query += "&_pragma=" + url.QueryEscape(p)
	}
	// The path is escaped, because SQLite reads "?", "#" and "%" in a URI.
	db, err := sql.Open("sqlite", "file://"+(&url.URL{Path: path}).EscapedPath()+"?"+query)
	if err != nil { // the driver is registered, and opening is lazy
		panic(err)
	}
	db.SetMaxOpenConns(4)
	return db
}

// create makes a ledger under a temporary name and publishes it whole, so that
// of two programs that start at once both end up with the same one and a kill
// half way leaves none.
func create(ctx context.Context, path string, o Options) (err error) {
	const op = "create ledger"
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, ".ledger-*")
	if err != nil {
		return storage(op, path, err)
	}
	temporary := f.Name()
	defer func() {
		for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
			os.Remove(temporary + suffix)
		}
	}()
	if err := f.Close(); err != nil {
		return storage(op, path, err)
	}
	id := make([]byte, 16)
	if _, err := io.ReadFull(o.Random, id); err != nil {
		return fault.Of(fault.Internal, op, path, err)
	}
	db := database(temporary, "rw", writePragmas())
	err = define(ctx, db, anchor{ID: hex.EncodeToString(id), Created: o.Now().UTC().Format(timeForm)})
	if err == nil {
		// The mode is kept in the file. In WAL mode readers do not wait for
		// writers.
		_, err = db.ExecContext(ctx, "PRAGMA journal_mode = WAL")
	}
	if err := errors.Join(err, db.Close()); err != nil {
		return failure(ctx, op, path, err)
	}
	if err := durable.Publish(temporary, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return storage(op, path, err)
	}
	return durable.SyncFolder(folder)
}

// storage gives an error of the operating system its kind.
func storage(op, path string, err error) error {
	cause := err
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		cause = e.Err // its path is that of the temporary file
	}
	kind := fault.KindOf(err)
	if kind == fault.Internal {
		kind = fault.Storage
	}
	return fault.Of(kind, op, path, cause)
}
