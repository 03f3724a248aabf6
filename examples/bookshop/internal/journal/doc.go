// Package journal is the load generator's own account of every order it
// tried: written before an order is sent, and again when its outcome is
// known. The audit holds the database against it.
//
// It is a file of JSON lines. A generator that is killed leaves at most one
// unfinished line at the end, which Read counts and forgives; a broken line
// anywhere else is an error, since a journal with a hole proves nothing.
//
// Invariants: what Try wrote is with the operating system before the order
// leaves (it survives a kill -9 of the generator, not a power cut); a file
// holds one run, and an existing file is never written to.
package journal
