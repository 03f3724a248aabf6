// Package objectkit is what tests and benchmarks of moving objects share.
//
//   - Sink speaks the part of Blob Storage that a mover uses, discards bodies and
//     checks them: a target that costs so little that the mover is measured.
//   - Faults stands in front of a real server and breaks what a rule names.
//   - FromURL stands in front of Azurite and carries out what Azurite does not:
//     Put Block From URL with a source that is not Azurite itself.
//   - Listing answers listings of any number of objects by formula, on both
//     sides, so that memory and rate can be watched at ten million.
//
// Each says in its comment which facts of the services it relies on. None is
// proof of what the services do: the conformance suites (folder conformance)
// run over versitygw and Azurite.
//
// It is not part of the product. Called by tests and benchmarks.
package objectkit
