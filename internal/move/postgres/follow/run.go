package follow

import (
	"fmt"
	"regexp"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// Run tells the objects of one move from those of others on the same servers: 8
// lower-case hexadecimal digits. Every name begins with "landfall_<run>_".
type Run string

var runForm = regexp.MustCompile(`^[0-9a-f]{8}$`)

// Valid refuses a run whose names could not be told from those of others.
func (r Run) Valid() error {
	if !runForm.MatchString(string(r)) {
		return fault.Newf(fault.Invalid, "read the run %q: want 8 lower-case hexadecimal digits", string(r))
	}
	return nil
}

// Generation is the name of slot, publication and subscription of a generation.
func (r Run) Generation(n int) string { return fmt.Sprintf("%s%d", r.prefix(), n) }

// Reverse is their name for the way back.
func (r Run) Reverse() string { return r.prefix() + "back" }

func (r Run) prefix() string { return "landfall_" + string(r) + "_" }

// insertsOnly is what the name of the publication of tables without a replica
// identity ends with.
const insertsOnly = "_inserts"

// ours is the condition that a column holds a name of a run. LIKE would take the
// underscores for anything.
func (r Run) ours(column string) string {
	return "pg_catalog.left(" + column + ", " + fmt.Sprint(len(r.prefix())) + ") = " + pg.Literal(r.prefix())
}
