// Package pgworld is a PostgreSQL schema with every kind of object that a database
// can hold, and deterministic rows for it, for tests of what moves and compares
// databases. It needs PostgreSQL 15 or newer.
//
// What it is not: a server; testkit has those.
package pgworld
