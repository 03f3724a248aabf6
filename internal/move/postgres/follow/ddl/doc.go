// Package ddl finds changes of a schema that logical replication does not carry:
// it reads a digest of every object of the catalogue, the same for the same
// definition on every server and after every restart, and names the difference
// between two of them object by object.
//
// What it is not: it compares no two servers (compare does, by definitions), and it
// repairs nothing. Called by the package postgres at intervals while it follows.
package ddl
