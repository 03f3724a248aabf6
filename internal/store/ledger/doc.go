// Package ledger is the product's memory: an append-only list of decisions,
// approvals, effects and measurements in which no entry can be changed,
// removed, inserted or moved without being found.
//
// The entries stand in a SQLite file. Each holds the hash of the one before it
// and its own hash, over a length-prefixed encoding of all its fields (entry.go
// defines it, so that anyone can check it with another program). The first
// entry continues the ledger's anchor, a random id and a date; the head row
// holds number and hash of the last one, so that a cut tail shows. Beside the
// file stands NAME.head with a copy of the head; further copies belong into
// artefacts, reports and version control, because a chain can prove that it is
// whole only against a head that its forger could not reach. Who can rewrite
// the file, the head row and every copy of the head is not found.
//
// Triggers in the file refuse UPDATE and DELETE, so that a mistaken statement
// in a SQL shell does no harm. They are a guard rail; the chain is the proof.
//
// What it is not: a log of the program (slog is) and a store of secrets: an
// entry whose body holds one is refused (package redact).
//
// Called by app, action and wire. Invariants: an entry that Append returned
// survives a kill at any moment and, with the disk's word, a power cut; many
// goroutines and processes may append at once and each entry gets its own
// number without gaps; reading changes nothing on disk.
package ledger
