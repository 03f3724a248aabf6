package ledger

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"

	"modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"example.com/landfall/internal/fault"
)

// primary returns SQLite's primary result code of an error, 0 for others. The
// low byte of an extended code is its primary code.
func primary(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

func busy(err error) bool { return primary(err) == codes.SQLITE_BUSY }

// damaged reports whether the error says that the file's content is not what
// SQLite wrote, in contrast to a disk that cannot be read.
func damaged(err error) bool {
	switch primary(err) {
	case codes.SQLITE_CORRUPT, codes.SQLITE_NOTADB:
		return true
	case codes.SQLITE_ERROR:
		return true // a table or column that the statement names is missing
	}
	// A row, or a value of the expected type, is missing.
	return errors.Is(err, sql.ErrNoRows) || primary(err) == 0 && !foreign(err)
}

// foreign errors are not about the content: the caller's context, the file
// system.
func foreign(err error) bool {
	_, path := errors.AsType[*fs.PathError](err)
	return path || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, sql.ErrConnDone) || errors.Is(err, sql.ErrTxDone)
}

// failure gives an error of SQLite its kind.
func failure(ctx context.Context, op, path string, err error) error {
	if err == nil {
		return nil
	}
	// SQLite answers an interrupted statement with its own code.
	if ctx.Err() != nil {
		return fault.Of(fault.KindOf(ctx.Err()), op, path, ctx.Err())
	}
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e
	}
	switch primary(err) {
	case codes.SQLITE_BUSY, codes.SQLITE_LOCKED:
		return fault.Newf(fault.Conflict, "%s %q: another process holds the lock", op, path).Hintf("wait for it to end, then try again")
	case codes.SQLITE_FULL, codes.SQLITE_IOERR, codes.SQLITE_READONLY:
		return fault.Of(fault.Storage, op, path, err).Hintf("make room or mend the disk, then run the command again")
	case codes.SQLITE_CANTOPEN, codes.SQLITE_PERM:
		return fault.Of(fault.Denied, op, path, err)
	case codes.SQLITE_CONSTRAINT:
		return fault.Of(fault.Internal, op, path, err)
	}
	if damaged(err) {
		return broken(op, path, "the file is not a ledger, or is damaged: "+err.Error())
	}
	return fault.Of(fault.KindOf(err), op, path, err)
}

// broken is the error for a file that cannot be used as a ledger.
func broken(op, path, why string) error {
	return fault.Of(fault.Invalid, op, path, errors.New(why)).
		Hintf("restore the ledger and its .head file from a copy; %q tells whether a copy is whole", "landfall ledger verify")
}
