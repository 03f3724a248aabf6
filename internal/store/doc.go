// Package store is the workspace on disk: the folder that landfall.yaml marks,
// the artefacts in it, and the private folder .landfall.
//
// Artefacts are JSON files that people keep in git and review. Each carries
// the schemaVersion of its form and, in inputs, the fingerprints of what it was
// made from, so that a stale one can be told. They are written whole or not at
// all (package durable), and their fingerprint does not depend on their layout
// (package canon). The private folder holds what is neither reviewed nor
// shared: the ledger (package ledger), the sandbox's state, the engine's file.
//
// What it is not: it does not know what stands in an artefact (the artefact
// packages do, and they know nothing of files), and it does not read
// landfall.yaml (config does).
//
// Called by app and wire. Invariants: Read accepts only the version that the
// program writes; a failed Write leaves the old artefact as it was and nothing
// beside it; .landfall is readable by its owner only.
package store
