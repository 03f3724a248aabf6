package preflight

import (
	"cmp"
	"slices"
	"strings"

	"example.com/landfall/internal/move/postgres/preflight/facts"
	"example.com/landfall/internal/move/postgres/preflight/roles"
)

// Severity is what a finding means for the move.
type Severity string

// The severities, gravest first.
const (
	// Blocks: the move does not start before it is mended.
	Blocks Severity = "blocks"
	// Loses: the move works, and something of the source does not arrive, or the
	// way back is not there.
	Loses Severity = "loses"
	// Warns: the move works; it takes longer, harms the source, or behaves
	// otherwise afterwards, unless somebody looks at it.
	Warns Severity = "warns"
	// Notes: good to know; nothing to do, or Landfall does it.
	Notes Severity = "notes"
)

// Severities lists all of them, gravest first.
func Severities() []Severity { return []Severity{Blocks, Loses, Warns, Notes} }

// Side is where something is, or is to be done.
type Side string

// The two sides.
const (
	Source Side = "source"
	Target Side = "target"
)

// Parameter is a server parameter with the value that it should have.
type Parameter struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	// Restart says that the server takes it at its next start only.
	Restart bool `json:"restart,omitempty"`
}

// Fix is what makes a finding go away. Of SQL, Parameters and Action one is set,
// or none where nothing has to be done.
type Fix struct {
	// Side is where it is done; the finding may be of the other side.
	Side Side `json:"side,omitempty"`
	// SQL are statements for a session on the database, in this order, by a login
	// that may execute them.
	SQL []string `json:"sql,omitempty"`
	// Parameters are set in the parameter group, in the server parameters, or by
	// ALTER SYSTEM, as the platform has it.
	Parameters []Parameter `json:"parameters,omitempty"`
	// Action is what a person does, in words.
	Action string `json:"action,omitempty"`
}

// None reports whether nothing has to be done.
func (f Fix) None() bool { return len(f.SQL) == 0 && len(f.Parameters) == 0 && f.Action == "" }

// Finding is one thing about one object.
type Finding struct {
	// ID is that of a Kind: a word with hyphens, which stays the same.
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	Side     Side     `json:"side"`
	// Subject is the object: a table, a role, a parameter, an extension, or "" for
	// the database or server as a whole.
	Subject string `json:"subject,omitempty"`
	// What is as it is here, Why is what follows from it.
	What string `json:"what"`
	Why  string `json:"why"`
	Fix  Fix    `json:"fix"`
}

// compare orders findings: gravest first, then by id, side and subject.
func (f Finding) compare(o Finding) int {
	rank := func(s Severity) int { return slices.Index(Severities(), s) }
	return cmp.Or(cmp.Compare(rank(f.Severity), rank(o.Severity)), strings.Compare(f.ID, o.ID), strings.Compare(string(f.Side), string(o.Side)),
		strings.Compare(f.Subject, o.Subject), strings.Compare(f.What, o.What))
}

// Effect is something that the move does to a server.
type Effect struct {
	Side Side `json:"side"`
	// When is the phase: "copy", "follow", "cutover", "way back", "sign-off".
	When string `json:"when"`
	What string `json:"what"`
	// SQL are the statements, or their form.
	SQL []string `json:"sql,omitempty"`
	// Undone says when and how it is taken back.
	Undone string `json:"undone"`
}

// Report is the result of Check.
type Report struct {
	// Source and Target are what was read; Target is nil when there is no server
	// yet.
	Source *facts.Facts `json:"source"`
	Target *facts.Facts `json:"target,omitempty"`
	// Findings are ordered, gravest first.
	Findings []Finding `json:"findings"`
	// Effects are all that the move will write on the two servers, the source's
	// first.
	Effects  []Effect `json:"effects"`
	Estimate Estimate `json:"estimate"`
	// Roles is the plan for roles and their settings on the target.
	Roles roles.Plan `json:"roles"`
}

// Count is the number of findings of a severity.
func (r Report) Count(s Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// Ready reports whether nothing blocks the move.
func (r Report) Ready() bool { return r.Count(Blocks) == 0 }

// Estimate is how long the move takes, as far as it can be known beforehand.
// Everything in it is an estimate, and Basis says what it stands on.
type Estimate struct {
	// Tables, Rows and Bytes are what is to be copied; rows as the planner guesses.
	Tables     int     `json:"tables"`
	Rows       float64 `json:"rows"`
	Bytes      int64   `json:"bytes"`
	Indexes    int     `json:"indexes"`
	IndexBytes int64   `json:"indexBytes"`
	// Samples are the timed reads.
	Samples []facts.Sample `json:"samples,omitempty"`
	// BytesPerSecond is what all jobs together are expected to copy.
	BytesPerSecond float64 `json:"bytesPerSecond"`
	// Seconds of the phases; the whole lies between Low and High. All are 0 where
	// nothing was measured.
	CopySeconds    float64 `json:"copySeconds"`
	IndexSeconds   float64 `json:"indexSeconds"`
	CompareSeconds float64 `json:"compareSeconds"`
	LowSeconds     float64 `json:"lowSeconds"`
	HighSeconds    float64 `json:"highSeconds"`
	// Basis are sentences that say where the numbers come from.
	Basis []string `json:"basis"`
}
