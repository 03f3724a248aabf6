package rows

import (
	"context"

	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/postgres/pg"
)

// Verdict is what is known of a table's content.
type Verdict string

// The verdicts. Only Equal is a yes.
const (
	Equal     Verdict = "equal"
	Different Verdict = "different"
	// Undecided: it differed as long as it was looked at, and changed meanwhile.
	Undecided Verdict = "undecided"
	// Unreadable: a side does not let it be read in full.
	Unreadable Verdict = "unreadable"
	// Missing is at the source only, Extra at the target only.
	Missing Verdict = "missing"
	Extra   Verdict = "extra"
)

// Row is a row that differs.
type Row struct {
	// Key are the values of the key's columns as text; nil for a table without key.
	Key []string `json:"key,omitempty"`
	// Text is the row of a table without key, cut, where values are asked for.
	Text string `json:"text,omitempty"`
	// Digest is the hash of the key, or of the row without one, in hex.
	Digest string `json:"digest"`
	// SourceAt and TargetAt are the places (ctid) where the row was found, "" for not there.
	SourceAt string `json:"sourceAt,omitempty"`
	TargetAt string `json:"targetAt,omitempty"`
	// SourceCopies and TargetCopies count equal rows of a table without key, and
	// are 0 or 1 with one.
	SourceCopies int64 `json:"sourceCopies"`
	TargetCopies int64 `json:"targetCopies"`
	// Columns names those that differ, where both sides have the row.
	Columns []Cell `json:"columns,omitempty"`
}

// Cell is a column of a row that differs. The values are there only where they are
// asked for, and cut.
type Cell struct {
	Name   string  `json:"name"`
	Source *string `json:"source,omitempty"`
	Target *string `json:"target,omitempty"`
}

// Table is the result for one table.
type Table struct {
	pg.Name
	Verdict Verdict    `json:"verdict"`
	Proof   move.Proof `json:"proof"`
	// Reason says why it is not equal where no row does: "the target has no column b".
	Reason string `json:"reason,omitempty"`
	Keyed  bool   `json:"keyed"`
	// SourceRows and TargetRows are exact, each at the moment that it was read.
	SourceRows int64 `json:"sourceRows"`
	TargetRows int64 `json:"targetRows"`
	// Bytes is the size of the table at the source.
	Bytes int64 `json:"bytes"`
	// Missing rows are at the source only, Extra at the target only, Changed on both
	// with other values: counted in full, proved to differ. Open differed to the end
	// and could not be proved.
	Missing int64 `json:"missing"`
	Extra   int64 `json:"extra"`
	Changed int64 `json:"changed"`
	Open    int64 `json:"open,omitempty"`
	// Rows are the first of them, in the order of their digests.
	Rows []Row `json:"rows,omitempty"`
	// At is the place in the source's log that the target had when it was compared,
	// "" where nothing flowed. Reread counts rows that differed at first and were read
	// again.
	At      string  `json:"at,omitempty"`
	Reread  int64   `json:"reread,omitempty"`
	Seconds float64 `json:"seconds"`
}

// Options say how tables are compared. The zero value compares standing databases.
type Options struct {
	Select pg.Selection
	// Applied makes it a comparison under change: it returns when the target has
	// applied everything up to the place in the source's log (the insert position, which
	// is ahead of what is flushed where commits are asynchronous: the function has to wait
	// for the flush as well). nil: nothing writes on either side, and every difference
	// is one at once.
	Applied func(ctx context.Context, at pg.LSN) error
	// Jobs is how many tables, or pieces of large ones, are read at once on each
	// side; 0 is four. Workers is max_parallel_workers_per_gather of the sessions; 0
	// leaves the server's, negative is none.
	Jobs, Workers int
	// Limits bounds what is read: BytesPerSecond of tables on each side.
	Limits move.Limits
	// First is how many rows that differ are listed per table; 0 is twenty.
	First int
	// Values lists the values of columns that differ, cut to 200 characters. Without
	// it only keys leave the servers; everything else does as a hash.
	Values bool
	// Rounds is how often rows that differ are read again under change; 0 is thirty.
	Rounds int
	// Journal remembers tables that are finished, Pass tells this comparison from
	// others in it: a fence's LSN, or the name of a run under change. nil remembers nothing.
	Journal move.Journal
	Pass    string
	// Progress is called at every table and piece, from one goroutine at a time.
	Progress func(move.Progress)

	// piece is the size of a piece of a large table in bytes, 0 for pieceBytes; keep
	// how many suspects of a table are held at once, 0 for keepSuspects.
	piece int64
	keep  int
}
