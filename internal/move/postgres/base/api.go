package base

import (
	"context"
	"time"

	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/postgres/dump"
	"example.com/landfall/internal/move/postgres/pg"
)

// Options say what is carried from where to where, and who is told and asked.
type Options struct {
	Source, Target pg.Endpoint
	// Run names everything that is made on both servers: eight lower-case
	// hexadecimal digits.
	Run string
	// Selection leaves out tables, and what needs them. What a selected table needs
	// of other schemas comes with it. It must stay the same for a run.
	Selection pg.Selection
	// Programs are pg_dump and pg_restore; the zero value lets dump.Find look for those
	// that suit the servers.
	Programs dump.Programs
	// Jobs copy at once, IndexJobs build indexes at once; 0 is 4, and less where the
	// servers have few connections left.
	Jobs, IndexJobs int
	// ChunkBytes is the size from which on a table is copied in pieces, and the size
	// of those; 0 is 2 GiB.
	ChunkBytes int64
	// Once copies without a slot: nothing can be followed from it. It is for servers
	// and logins that cannot replicate.
	Once bool
	// Limits bound what is taken from the source; BytesPerSecond is the one that
	// counts here.
	Limits move.Limits

	Hooks
}

// Hooks are called while the work goes on; each may be nil. An error of one ends
// the pass with that error, and the next pass calls it again.
type Hooks struct {
	// Protect is asked before each chunk: it returns when the source may be burdened.
	// It may be called from several goroutines at once.
	Protect func(ctx context.Context) error
	// Progress is told how far the pass is, some times a second, one call at a time.
	Progress func(Progress)
	// Publish is called before the slot of a generation is made, with the tables that
	// are to be in it: a publication has to be older than what is decoded for it
	// (PostgreSQL manual, "Logical Decoding Output Plugins"). Afterwards a generation
	// may end up with fewer tables: Ready has the final list.
	Publish func(ctx context.Context, g Generation) error
	// Discard is called before the slot of a generation that got no table is dropped.
	Discard func(ctx context.Context, g Generation) error
	// Ready is called when all tables of a generation have their rows and indexes, and
	// the generation gets no more of them: from then on it can be followed. It is called
	// again in every later pass.
	Ready func(ctx context.Context, g Generation) error
	// Mend makes the rows that the target has of a table equal to those of a snapshot,
	// for a table that an earlier generation left in pieces. Its key has an index on the
	// target by then. Nil truncates such a table and copies it anew.
	Mend func(ctx context.Context, m Mending) (Moved, error)
	// Point is passed at places where a kill would be the most interesting.
	Point func(name string)
}

// Mending is one call of Hooks.Mend.
type Mending struct {
	Table      pg.Table
	Generation Generation
	// Snapshot can be imported in the source's database (SET TRANSACTION SNAPSHOT) for
	// as long as the call lasts.
	Snapshot string
}

// Moved counts what was carried over.
type Moved struct {
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"`
}

// Generation is one slot with its snapshot, and what was taken from that.
type Generation struct {
	// Number begins with 1; Name is the name of its slot, publication and
	// subscription: landfall_<run>_<number>.
	Number int    `json:"number"`
	Name   string `json:"name"`
	// LSN is the consistent point: what commits after it is not in the snapshot, and
	// the slot has it. 0 with Options.Once, and in a call of Publish.
	LSN   pg.LSN    `json:"lsn"`
	Begun time.Time `json:"begun"`
	// Live says that the snapshot is still there: tables can still join.
	Live bool `json:"live"`
	// Tables are those that hold their rows of this generation, in the order of their
	// names; in a call of Publish those that are meant to.
	Tables []pg.Table `json:"tables"`
}

// Progress is how far a pass is. Items are tables; bytes are those of the tables at
// the source, estimated until they are there.
type Progress struct {
	move.Progress
	Rows          int64   `json:"rows"`
	RowsPerSecond float64 `json:"rowsPerSecond"`
	// Indexes are built ones of TotalIndexes, constraints with an index included.
	Indexes, TotalIndexes int64
	// UnderWay are the tables that are being copied or indexed, largest first.
	UnderWay []TableProgress
}

// TableProgress is how far one table is.
type TableProgress struct {
	Table pg.Name `json:"table"`
	// Doing is "copy", "index" or "vacuum".
	Doing string `json:"doing"`
	Moved
	TotalBytes int64 `json:"totalBytes"`
	// Chunks are done ones of TotalChunks.
	Chunks      int       `json:"chunks"`
	TotalChunks int       `json:"totalChunks"`
	Since       time.Time `json:"since"`
}

// State is what the target knows of a run.
type State struct {
	Generations []Generation `json:"generations"`
	// Schema says that what comes before the rows is there, Loaded that all tables are
	// finished or given up, Done that all else has been made or tried as well.
	Schema bool `json:"schema"`
	Loaded bool `json:"loaded"`
	Done   bool `json:"done"`
}

// TableResult is what became of one table.
type TableResult struct {
	Table pg.Name `json:"table"`
	// Generation is 0 as long as the table is not finished.
	Generation int `json:"generation"`
	Moved
	// Chunks is the number of pieces it was copied in; Text says that the values went
	// in their text form. Frozen says that it needs no vacuum.
	Chunks int  `json:"chunks"`
	Text   bool `json:"text,omitempty"`
	Frozen bool `json:"frozen,omitempty"`
	// Again says why rows that had arrived were copied anew, "" if they were not.
	Again string `json:"again,omitempty"`
	// Error is why the table was given up; the rest went on.
	Error string `json:"error,omitempty"`
}

// Left is something that the target does not have.
type Left struct {
	// Kind is the word of pg_dump's list: TABLE, FUNCTION, ACL, FK CONSTRAINT, ...;
	// ROWS for a table's rows, LARGE OBJECT, SEQUENCE VALUE.
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Message is the server's; Code its SQLSTATE, "" where Landfall itself left it out.
	Message string `json:"message"`
	Code    string `json:"code,omitempty"`
	// SQL is the statement.
	SQL string `json:"sql,omitempty"`
	// Later says that it waits for following: the tables are of several generations,
	// and Copy tries it again when called after they have come to one place.
	Later bool `json:"later,omitempty"`
}

// Result is what the run has come to.
type Result struct {
	State
	Tables []TableResult `json:"tables"`
	// Left is in the order in which it was tried.
	Left []Left `json:"left"`
	Moved
	Objects      int           `json:"objects"`
	LargeObjects int64         `json:"largeObjects"`
	Indexes      int           `json:"indexes"`
	Took         time.Duration `json:"took"`
}

// Leftover is something that a clean-up could not remove.
type Leftover struct {
	// Side is "source" or "target", Kind "slot", "schema" or "session".
	Side string `json:"side"`
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Message says why; Statement removes it.
	Message   string `json:"message"`
	Statement string `json:"statement,omitempty"`
}
