// Package enginekit is what tests of the durable engine share: the embedded
// engine as its own process, workers as child processes that can be killed at
// named points, a runbook with all kinds of steps whose effects are lines in a
// file, and an operator who answers what a run asks. It is no part of the
// product; tests of engine/temporal and of the benchmarks call it.
package enginekit
