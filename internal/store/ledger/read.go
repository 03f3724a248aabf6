package ledger

import (
	"context"
	"iter"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
)

// Filter chooses entries; the zero value chooses all.
type Filter struct {
	// Kind is a whole kind, or the beginning of one with its dot
	// ("approval."); Actor and Subject are whole texts.
	Kind, Actor, Subject string
	// Since and Until bound the time, both inclusive.
	Since, Until time.Time
}

// Entries yields the entries from number from on that the filter chooses, in
// order, as they stood when the iteration began; entries may be appended
// meanwhile. An entry whose content does not fit its hash, or an error, ends
// it. Whether the chain is whole only Verify tells.
func (l *Ledger) Entries(ctx context.Context, from int64, f Filter) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		where, args := f.where(from)
		rows, err := l.db.QueryContext(ctx, "SELECT "+columns+" FROM entry WHERE "+where+" ORDER BY seq", args...)
		if err != nil {
			yield(Entry{}, failure(ctx, "read ledger", l.path, err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			e, err := scan(rows)
			if err == nil && e.sum() != e.Hash {
				err = fault.Newf(fault.Found, "read ledger %q: entry %d was changed", l.path, e.Seq).Hintf("landfall ledger verify")
			}
			if err != nil {
				yield(Entry{}, failure(ctx, "read ledger", l.path, err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
		err = rows.Err()
		if err == nil {
			err = l.settled()
		}
		if err != nil {
			yield(Entry{}, failure(ctx, "read ledger", l.path, err))
		}
	}
}

func (f Filter) where(from int64) (string, []any) {
	clauses, args := []string{"seq >= ?"}, []any{from}
	add := func(clause string, values ...any) {
		clauses, args = append(clauses, clause), append(args, values...)
	}
	switch {
	case strings.HasSuffix(f.Kind, "."):
		add("substr(kind, 1, ?) = ?", len(f.Kind), f.Kind)
	case f.Kind != "":
		add("kind = ?", f.Kind)
	}
	if f.Actor != "" {
		add("actor = ?", f.Actor)
	}
	if f.Subject != "" {
		add("subject = ?", f.Subject)
	}
	if !f.Since.IsZero() {
		add("time >= ?", f.Since.UTC().Format(timeForm))
	}
	if !f.Until.IsZero() {
		add("time <= ?", f.Until.UTC().Format(timeForm))
	}
	return strings.Join(clauses, " AND "), args
}
