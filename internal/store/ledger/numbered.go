package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"example.com/landfall/internal/fault"
)

// AppendNumbered adds records that have numbers of their own, so that a writer
// who does not know whether an earlier try came through can try again: those
// that are there already are passed over. The record i has the number first+i
// and the subject "<stream>/<number>"; numbers of a stream begin with 1 and have
// no gaps. A gap is a Conflict, and so is a number under which something else
// stands: a writer that goes on from an older copy of itself would otherwise
// work unrecorded. All of them are added, or none. It returns what was added.
// Other kinds of error are those of Append.
func (l *Ledger) AppendNumbered(ctx context.Context, stream string, first int64, records []Record) ([]Entry, error) {
	entries := make([]Entry, len(records))
	for i, r := range records {
		if r.Subject != "" || stream == "" || strings.Contains(stream, "%") || first < 1 {
			return nil, fault.Newf(fault.Internal, "append to ledger: record %d of stream %q has a subject of its own, or no number", i, stream)
		}
		r.Subject = stream + "/" + strconv.FormatInt(first+int64(i), 10)
		var err error
		if entries[i], err = r.entry(); err != nil {
			return nil, err
		}
	}
	var added []Entry
	err := l.write(ctx, func(conn *sql.Conn) error {
		added = nil
		last, err := lastNumber(ctx, conn, stream)
		if err != nil {
			return err
		}
		if first > last+1 {
			return fault.Newf(fault.Conflict, "append to ledger: %s ends with entry %d, and the next one is %d", stream, last, first).
				Hintf("go on with the ledger that this run began with")
		}
		for i := range entries {
			if first+int64(i) <= last {
				if err := l.sameAs(ctx, conn, entries[i]); err != nil {
					return err
				}
				continue
			}
			e, err := l.insert(ctx, conn, entries[i])
			if err != nil {
				return err
			}
			added = append(added, e)
		}
		return nil
	})
	if err != nil {
		return nil, failure(ctx, "append to ledger", l.path, err)
	}
	return added, nil
}

// sameAs says whether the entry that has the number of e is e.
func (l *Ledger) sameAs(ctx context.Context, q queryer, e Entry) error {
	// Looked for from the end, as in lastNumber.
	was, err := scan(q.QueryRowContext(ctx, "SELECT "+columns+" FROM entry WHERE subject = ? ORDER BY seq DESC LIMIT 1", e.Subject))
	if err != nil {
		return err
	}
	if was.Kind == e.Kind && was.Actor == e.Actor && bytes.Equal(was.Body, e.Body) {
		return nil
	}
	return fault.Newf(fault.Conflict, "append to ledger: entry %d is %q of %s already, and not this %q", was.Seq, was.Kind, e.Subject, e.Kind).
		Hintf("landfall ledger list   (the writer goes on from an older copy of itself)")
}

// lastNumber returns the number of the newest record of a stream, 0 when there
// is none. It looks from the end: a stream that is written to is near it.
func lastNumber(ctx context.Context, q queryer, stream string) (int64, error) {
	prefix := stream + "/"
	var subject string
	err := q.QueryRowContext(ctx, "SELECT subject FROM entry WHERE substr(subject, 1, ?) = ? ORDER BY seq DESC LIMIT 1", len([]rune(prefix)), prefix).Scan(&subject)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(subject[len(prefix):], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read the number of %q: %w", subject, err)
	}
	return n, nil
}
