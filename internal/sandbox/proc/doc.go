// Package proc starts, watches and stops the child processes of a sandbox,
// and finds the ones that somebody else left behind.
//
// It knows processes, ports and log files, and no server: what to start is
// told by its callers (internal/sandbox/part, internal/sandbox and the test
// kit).
//
// Invariants:
//   - A child and everything it starts carries the tag of its sandbox in the
//     environment, so that Sweep finds it after its parent is gone.
//   - A child dies with the process that started it (Linux), and is the leader
//     of a process group of its own.
//   - No process is ever signalled by its number alone: a number that was
//     handed to another process meanwhile is recognised by its start time.
//   - A log file never grows past its limit (one older half is kept).
package proc
