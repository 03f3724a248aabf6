// Package schema holds the shop's PostgreSQL schema and brings a database to
// the newest version of it.
//
// The SQL lies in numbered files beside this one. Apply runs those that a
// database has not had, each in a transaction, under an advisory lock, so
// that two instances that start together do not run one twice. `bookshop
// migrate` calls it; nothing else does.
//
// Invariants: a file that has been applied anywhere is never edited, a new
// one is added; nothing needs a superuser (the owner of an RDS or Flexible
// Server database is none); functions name their schema in full, because
// logical replication applies rows with an empty search_path.
package schema
