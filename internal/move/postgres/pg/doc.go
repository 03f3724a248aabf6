// Package pg is what all parts of the mover of PostgreSQL share: how a server is
// reached and with which session settings, what kind of server it is, what its
// errors mean, and which tables a database has. A value of a row is read and
// written in the same form on both sides, whatever roles and databases have set.
//
// What it is not: it changes nothing on a server but with Privileged, whose
// statements come from the caller. It knows nothing of what is moved.
//
// Called by the packages beside it. A password lives in Endpoint only, and in
// what Conninfo returns; no error and no String holds it.
package pg
