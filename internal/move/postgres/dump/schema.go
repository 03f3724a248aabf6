package dump

import (
	"context"
	"os"
	"path/filepath"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// lockWithin bounds the wait for a table that somebody has locked away.
const lockWithin = "5min"

// Options say what is read.
type Options struct {
	Source pg.Endpoint
	// Snapshot is the name of an exported one; "" takes the state of the moment.
	Snapshot string
	// QuoteAll quotes every name: for a target of another version, which may reserve
	// other words (pg_dump's page, "--quote-all-identifiers").
	QuoteAll bool
}

// Schema lists the objects of a database in an order in which they can be made:
// what comes before the rows, then what comes after them. Subscriptions are left
// out: made on the target they would take away what is meant for the source.
func (p Programs) Schema(ctx context.Context, o Options) ([]Entry, error) {
	dir, err := os.MkdirTemp("", "landfall-dump-")
	if err != nil {
		return nil, fault.Wrap(err, "make a folder for", "pg_dump")
	}
	defer os.RemoveAll(dir)
	archive := filepath.Join(dir, "schema")
	args := []string{"--format=custom", "--compress=0", "--schema-only", "--no-subscriptions", "--encoding=UTF8", "--no-password", "--lock-wait-timeout=" + lockWithin, "--file=" + archive}
	if o.Snapshot != "" {
		args = append(args, "--snapshot="+o.Snapshot)
	}
	if o.QuoteAll {
		args = append(args, "--quote-all-identifiers")
	}
	if err := run(ctx, o.Source.Environment(), p.Dump, args...); err != nil {
		return nil, pg.Fault(err, "read the schema of", o.Source.String())
	}
	var entries []Entry
	for i, section := range []string{"pre-data", "post-data"} {
		script := filepath.Join(dir, section)
		if err := run(ctx, os.Environ(), p.Restore, "--verbose", "--section="+section, "--file="+script, archive); err != nil {
			return nil, pg.Fault(err, "read the schema of", o.Source.String())
		}
		text, err := os.ReadFile(script)
		if err != nil {
			return nil, fault.Wrap(err, "read what pg_restore wrote of the schema of", o.Source.String())
		}
		more, err := parse(string(text), i == 1)
		if err != nil {
			return nil, err
		}
		entries = append(entries, more...)
	}
	return entries, nil
}
