package compare

import (
	"context"

	"example.com/landfall/internal/move/postgres/compare/rows"
	"example.com/landfall/internal/move/postgres/compare/schema"
	"example.com/landfall/internal/move/postgres/pg"
)

// Parts is which comparisons are made. The zero value is all of them.
type Parts struct {
	NoSchema, NoRows, NoSequences, NoLargeObjects, NoViews bool
}

// Options say how two databases are compared.
type Options struct {
	rows.Options
	Parts Parts
	Known schema.Known
}

// Sequence is the state of a sequence on both sides.
type Sequence struct {
	pg.Name
	// Next is the value that it gives next, nil where the side has none or its login
	// may not read it.
	SourceNext *int64 `json:"sourceNext,omitempty"`
	TargetNext *int64 `json:"targetNext,omitempty"`
	// Verdict is rows.Equal where the target gives the same value next, or one further
	// on in the direction of its increment (Ahead).
	Verdict rows.Verdict `json:"verdict"`
	Ahead   bool         `json:"ahead,omitempty"`
	Reason  string       `json:"reason,omitempty"`
}

// LargeObjects is the comparison of large objects by content.
type LargeObjects struct {
	Verdict rows.Verdict `json:"verdict"`
	Source  int64        `json:"source"`
	Target  int64        `json:"target"`
	Bytes   int64        `json:"bytes"`
	// Missing are at the source only, Extra at the target only, Changed differ in
	// content: counted in full.
	Missing int64 `json:"missing"`
	Extra   int64 `json:"extra"`
	Changed int64 `json:"changed"`
	// OIDs are the first of them.
	OIDs   []uint32 `json:"oids,omitempty"`
	Reason string   `json:"reason,omitempty"`
}

// Report is everything that was compared. A part that was left out is nil.
type Report struct {
	Source pg.Server      `json:"source"`
	Target pg.Server      `json:"target"`
	Schema *schema.Result `json:"schema,omitempty"`
	// Tables are in the order of their names, Views the materialized views in theirs.
	Tables       []rows.Table  `json:"tables,omitempty"`
	Views        []rows.Table  `json:"views,omitempty"`
	Sequences    []Sequence    `json:"sequences,omitempty"`
	LargeObjects *LargeObjects `json:"largeObjects,omitempty"`
	// Rows and Bytes of the source that were hashed.
	Rows    int64   `json:"rows"`
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

// Equal reports whether everything that was compared is equal and proved.
func (r Report) Equal() bool { return len(r.Differences()) == 0 }

// Run compares two databases. A difference is no error: it is in the report. An
// error means that the comparison did not come to its end; what the journal has
// of it is not done again.
func Run(ctx context.Context, sides rows.Sides, options Options) (Report, error) {
	return run(ctx, sides, options)
}
