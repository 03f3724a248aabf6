// Package redact recognises credentials by their name and by their shape, so
// that they can be kept out of the ledger, the configuration file and
// whatever else is written down.
//
// It is a guard against mistakes, not a scanner: a secret under an innocent
// name with an innocent shape passes. The rules that hold everywhere are that
// code never puts a secret into a value that is stored, and that a reference
// to a secret (an ARN, a Key Vault address, a variable name) is stored
// instead.
//
// Called by store/ledger (before an entry is accepted) and by config (to
// explain why a key does not exist). It does no I/O, keeps no state, and never
// puts a value it looked at into its results: only the path of the value.
package redact
