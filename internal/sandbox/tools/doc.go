// Package tools finds and installs the external programs that the sandbox and
// its tests run: moto, Azurite, versitygw, PostgreSQL and the aws command line.
//
// It is not a process supervisor: it answers how a program is started, and
// sandbox/proc starts it. It never installs anything that nobody asked for;
// Locate only looks.
//
// Callers: the supervisor and "landfall sandbox setup" in package sandbox, the
// doctor, and testkit.
//
// Invariants:
//   - Every version is pinned, transitive ones included, by the files under pins.
//   - A tool lives in <cache>/tools/<name>-<version>/. It is built in a folder
//     of another name and renamed when it is complete, with a mark inside that
//     holds the fingerprint of its pins: a folder without the right mark is not
//     a tool, so an install that dies at any moment leaves none that looks whole.
//   - Two installs at once, in two processes as well, are safe: one works, the
//     other waits and finds the result.
//   - PostgreSQL alone is not below the cache: it is the system's own.
package tools
