// Package faultplan decides which API calls go wrong, and how: throttling, an
// internal error, a connection that is cut before or after the call took
// effect, a delay.
//
// A plan is a list of rules. Each call is asked about once, with Next; the
// same seed and the same order of calls give the same faults, so that a test
// that found something finds it again. Handler is the small HTTP surface that
// both sandboxes (AWS and Azure) offer for it.
//
// It does not produce the faults: the gate that asked does, in the words of
// its own API. It keeps no time and opens no connection.
//
// Invariants: at most one rule applies to a call, the first that fires; a
// rule counts every call it matches, whether it fires or not; a rule never
// fires more often than its maxCount.
package faultplan
