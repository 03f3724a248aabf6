package rows

import (
	"context"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
)

// Sides are the two databases.
type Sides struct {
	Source, Target pg.Endpoint
}

// RepairOptions say what is repaired.
type RepairOptions struct {
	// Alone is the caller's word that nothing but this writes to the target's tables:
	// it is not followed and not opened, or both sides are fenced. Without it Repair
	// is fault.Refused.
	Alone bool
	// Tables are those to repair, as results of Compare: only Different and Missing
	// rows of them are touched.
	Tables []Table
	Options
}

// Repaired is what Repair did to a table.
type Repaired struct {
	pg.Name
	Inserted int64 `json:"inserted"`
	Updated  int64 `json:"updated"`
	Deleted  int64 `json:"deleted"`
	// Verdict is that of comparing it anew afterwards; Different with a reason where the
	// target refused.
	Verdict Verdict `json:"verdict"`
	Reason  string  `json:"reason,omitempty"`
}

// Piece is what BringUp did.
type Piece struct {
	// Ranges of the key that were compared, Recopied those that differed.
	Ranges   int   `json:"ranges"`
	Recopied int   `json:"recopied"`
	Rows     int64 `json:"rows"`
	Deleted  int64 `json:"deleted"`
}

// BringUpOptions say which table is brought up, from and to where.
type BringUpOptions struct {
	// Source is a session in a transaction that has the snapshot (REPEATABLE READ READ
	// ONLY, SET TRANSACTION SNAPSHOT); it is used by nobody else meanwhile.
	Source *pgx.Conn
	// Target is a session without a transaction: BringUp begins and commits one.
	Target *pgx.Conn
	// Table is the source's; it needs a Key.
	Table pg.Table
	// Rows in a range; 0 is 20,000.
	Rows int64
	// In is called in the transaction on the target before it commits; nil for nothing.
	In func(ctx context.Context, tx pgx.Tx) error
}
