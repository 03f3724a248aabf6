package runbook

// Outcome is what became of one attempt.
type Outcome string

// The outcomes of an attempt.
const (
	// Succeeded: the effect is there and verified.
	Succeeded Outcome = "done"
	// NoEffect: failed before anything changed; it may be tried again.
	NoEffect Outcome = "failed before effect"
	// BadEffect: the effect is there, or a part of it, and it is not right.
	BadEffect Outcome = "failed after effect"
	// Unknown: nobody can tell. It is never tried again blindly.
	Unknown Outcome = "unknown"
	// Yielded: stopped where it was because it was asked to; Cursor goes on.
	Yielded Outcome = "yielded"
)
