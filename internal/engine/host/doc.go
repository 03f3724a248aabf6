// Package host finds, starts, stops and connects to the engine.
//
// An engine is a process of the program landfall-engine that serves one folder:
// its files, certificates, lock and address lie there and belong to its user
// alone. This package knows that folder from the outside; the program knows it
// from the inside and uses the same names and the same Status and Stop. An
// existing Temporal cluster takes the place of that process by another Config,
// and nothing else differs.
//
// It holds no server and no worker, decides nothing about runs, and reads no
// configuration file: the caller, internal/app, says which folder or which
// cluster.
//
// Whoever holds the lock file of a folder is its engine. The kernel gives the
// lock back however its holder dies, so an address file without a held lock is
// a leftover and counts as no engine.
package host
