// Package part says how each server of the sandbox is started, when it is
// ready and what its crash means, and keeps it running.
//
// A Server is the description of one program (Moto, ObjectStore, Azurite,
// Postgres; internal/sandbox describes the sample workload the same way);
// Start turns it into a Running one: a free port, a process, a real request
// that was answered, and a watcher.
//
// It does not decide which servers a sandbox has, and it puts nothing into
// them but what makes a server what its cloud hands out (roles and databases
// of a managed PostgreSQL). Its callers are internal/sandbox and the test kit.
//
// Invariants:
//   - Everything listens on one loopback address, on ports that were free.
//   - "Ready" means that our process answered a real request of its protocol;
//     a stranger's server on the same port does not count.
//   - A server whose data outlives its process is started again after a
//     crash, with a growing pause and a bound; one whose data does not (moto)
//     is reported as failed, because going on with an empty account in silence
//     would turn every later result into nonsense.
//   - No secret stands in a command line, a log or an error.
package part
