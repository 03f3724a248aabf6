// Package preflight says, before anything is touched, what stands in the way of
// moving a database of PostgreSQL, what would be lost on the way, what the move
// will do to the source, and about how long it takes. Each finding names one
// object of the live catalogue and what to do about it: a statement, a
// parameter, or something that a person does.
//
// What it is not: it changes nothing, on neither side; its sessions are read
// only. The one exception is Options.Probe, which is asked for by name and
// takes back what it tried. It copies nothing and reads no row but for the
// timed sample, whose rows are thrown away.
//
// Facts are read by package facts and judged here by functions that see no
// server, so that a version that is not at hand is judged as well as one that
// is. Roles are planned by package roles.
//
// Called by the orchestration of the mover and by the command that shows the
// report.
package preflight
