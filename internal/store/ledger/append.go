package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"example.com/landfall/internal/fault"
)

// lockWait bounds the wait for other writers. An append holds the lock for the
// time of two disk syncs.
const lockWait = 30 * time.Second

// Append adds one entry and returns it when it is safe on disk. It may be
// called from many goroutines and processes at once. Called twice it adds two
// entries. Kinds of error: Invalid for a record that breaks the limits, Refused
// for one that holds a secret, Conflict when others held the lock for too long,
// Storage when the disk is full, Found when the ledger's own end is broken; in
// all these cases nothing was added. Unknown says that the disk failed while
// it was asked to keep the entry: Verify or Head tells.
func (l *Ledger) Append(ctx context.Context, r Record) (Entry, error) {
	e, err := r.entry()
	if err != nil {
		return Entry{}, err
	}
	err = l.write(ctx, func(conn *sql.Conn) error {
		e, err = l.insert(ctx, conn, e)
		return err
	})
	if err != nil {
		return Entry{}, failure(ctx, "append to ledger", l.path, err)
	}
	return e, nil
}

// write runs do as the only writer, in one transaction, and keeps the copy of
// the head.
func (l *Ledger) write(ctx context.Context, do func(conn *sql.Conn) error) error {
	select {
	case l.writing <- struct{}{}:
		defer func() { <-l.writing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	conn, err := l.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close() // gives it back to the pool
	if err := l.locked(ctx, conn, func() error { return do(conn) }); err != nil {
		return err
	}
	// The entry is in the ledger. A copy of the head that lags behind is put
	// right by the next append, so it is no reason to report failure: the
	// caller would append the same again.
	if err := l.keepHead(ctx, conn); err != nil {
		l.log.Warn("ledger head copy lags", "path", headPath(l.path), "error", err)
	}
	return nil
}

// locked runs do in a transaction that excludes other writers from its first
// statement on, and commits. A transaction that began as a reader could not
// become a writer once another had written.
func (l *Ledger) locked(ctx context.Context, conn *sql.Conn, do func() error) error {
	deadline := time.Now().Add(lockWait)
	for {
		_, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE")
		if err == nil {
			break
		}
		if !busy(err) || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
	}
	// What ends the transaction must run also when the caller has gone.
	end := context.WithoutCancel(ctx)
	if err := do(); err != nil {
		_, undo := conn.ExecContext(end, "ROLLBACK")
		if undo != nil && primary(undo) == codes.SQLITE_ERROR {
			undo = nil // SQLite has rolled back by itself, as it does on a full disk
		}
		return errors.Join(err, undo)
	}
	_, err := conn.ExecContext(end, "COMMIT")
	if err == nil {
		return nil
	}
	conn.ExecContext(end, "ROLLBACK") // fails when SQLite has done so itself
	if nothingWritten(err) {
		return err
	}
	return fault.Of(fault.Unknown, "append to ledger", l.path, err).
		Hintf("mend the disk, then %q", "landfall ledger verify")
}

// nothingWritten reports whether a commit's error means that the entry is not
// in the file. A write that was cut short leaves a WAL frame whose checksum is
// wrong, which SQLite ignores. After a failed sync the frame is complete and
// may or may not be found again after a crash.
func nothingWritten(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (primary(err) == codes.SQLITE_FULL || primary(err) == codes.SQLITE_BUSY || e.Code() == codes.SQLITE_IOERR_WRITE)
}

// insert adds the entry behind the last one.
func (l *Ledger) insert(ctx context.Context, conn *sql.Conn, e Entry) (Entry, error) {
	head, err := l.soundHead(ctx, conn)
	if err != nil {
		return Entry{}, err
	}
	e.Seq = head.Seq + 1
	e.Time = l.now().UTC().Format(timeForm)
	e.Previous = head.Hash
	e.Hash = e.sum()
	_, err = conn.ExecContext(ctx, "INSERT INTO entry ("+columns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		e.Seq, e.Time, e.Kind, e.Actor, e.Subject, string(e.Body), e.Previous, e.Hash)
	return e, err
}

// soundHead returns the head after checking that the last entry is the one it
// names: nothing may be chained onto a broken end.
func (l *Ledger) soundHead(ctx context.Context, q queryer) (Head, error) {
	head, err := readHead(ctx, q)
	if err != nil {
		return Head{}, err
	}
	last, err := scan(q.QueryRowContext(ctx, "SELECT "+columns+" FROM entry ORDER BY seq DESC LIMIT 1"))
	if errors.Is(err, sql.ErrNoRows) {
		a, err := readAnchor(ctx, q)
		if err == nil && (head.Seq != 0 || head.Hash != a.sum()) {
			err = l.brokenEnd()
		}
		return head, err
	}
	if err != nil {
		return Head{}, err
	}
	if last.Seq != head.Seq || last.Hash != head.Hash || last.sum() != last.Hash {
		return Head{}, l.brokenEnd()
	}
	return head, nil
}

func (l *Ledger) brokenEnd() error {
	return fault.Newf(fault.Found, "append to ledger %q: its last entry is not the one that its head names", l.path).
		Hintf("landfall ledger verify")
}

// Head returns number and hash of the last entry.
func (l *Ledger) Head(ctx context.Context) (Head, error) {
	h, err := readHead(ctx, l.db)
	if err != nil {
		return Head{}, failure(ctx, "read head of ledger", l.path, err)
	}
	return h, l.settled()
}
