// Package base carries a database over as one snapshot of it shows it: the schema,
// the rows of its tables in chunks, large objects, indexes, constraints, and all
// that comes after the rows. The snapshot belongs to a replication slot, so that
// what is written meanwhile can be followed from exactly there.
//
// A run has generations. Each is a slot and its snapshot, with the tables whose
// rows were taken from it. There is one, unless the snapshot is lost (Landfall or
// the source ended): what is finished by then keeps its generation, and the rest
// goes into the next one. What is finished is noted on the target, in a schema of
// the run's own and in the transaction that makes it so. No note lies anywhere else.
//
// What it is not: it makes no publication and no subscription (follow does), and
// proves nothing about the rows (compare does). It writes nothing to the source
// but the slots.
//
// Called by package postgres. A run is worked on by one process at a time: the
// last that opens it ends the sessions of the others.
package base
