// Package dump has pg_dump and pg_restore tell the schema of a database: one entry
// for each object, in an order in which they can be made, with the statements that
// make it and the entries it needs.
//
// What it is not: it executes nothing on a server, and no row passes through it.
// Its children get the password in their environment and never among their
// arguments; they end with the context.
//
// Called by base.
package dump
