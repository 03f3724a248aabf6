// Package sequence carries the position of sequences over a switch: logical
// replication does not (PostgreSQL manual, "Logical Replication", Restrictions).
//
// What it is not: it makes and drops none. It reads positions at one server and
// sets them ahead at the other while nobody writes at either. Called by the
// package postgres.
package sequence
