// Package move is the port of what carries data from the source to the target:
// copy, follow, verify. It holds what all movers have in common: how far one
// is, what it may use up, where it keeps what it has done, and what its claims
// rest on. One folder below per kind of data.
//
// What it is not: a mover. It deletes nothing at the source; a mover reads
// there, whatever it is asked for.
//
// Called by app and action; drivers are built in wire.
package move
