// Package check says whether a runbook may be approved: that its steps can be
// carried out and taken back, that each set of data has one writer at any time,
// that users are only sent where they are served, that names expire in time and
// that the window is long enough. Findings that block must be mended; nothing
// accepts them.
//
// It proves what the runbook says of itself and nothing about the world: that a
// fence holds is verified when it is put up. The app calls it for "landfall
// plan", and the run again before it begins.
package check
