// Package journal keeps what a long piece of work has read so far, under keys,
// so that it goes on where it stopped when it was killed. It is a file that
// only grows: records with a checksum each, after a head that names the work
// it belongs to. A finished piece of work discards it.
//
// What it is not: an artefact, or a store to look things up in later. Nothing
// that only stands here counts as known.
//
// Called by wire for the scan of a live account (it is a source.Journal).
// Invariants: what Keep has returned nil for survives a kill and a power cut;
// a record that was cut short, and whatever stands after it, is dropped when
// the file is opened, and read anew by the work itself; two processes never
// write one journal; the file is readable by its owner only.
package journal
