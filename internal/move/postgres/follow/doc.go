// Package follow keeps a database up to date with another by PostgreSQL's own
// logical replication: publications, slot and subscription of each generation of
// a run, how far behind they are, the guard that never lets a slot fill the disk
// of its server, and the same in the other direction after the cutover. Its
// children hold what surrounds the switch: fence (one writer), sequence (numbers
// ahead) and ddl (changes of the schema that replication does not carry).
//
// What it is not: it copies no rows and compares none, and it decides nothing:
// which transition comes when is the caller's, who also journals.
//
// In order: Identify and Publish; then the slot, with the snapshot of the base copy;
// Subscribe; Enable when a generation's tables have rows and indexes; Follower.Watch.
// The switch: fence.Look and Shut at the source, Follower.Mark and Await of the
// fence's LSN, sequence.Carry, Stream.Disable, Rest and Drop of every generation; then the Reversed
// stream: Publish, MakeSlot, Subscribe, Enable; then fence.Open at the target. The way
// back is the same the other way round. Two directions are never there at the same
// time: MakeSlot and Subscribe refuse it, because versions before 16 cannot tell a
// change that was replicated from one of the publisher's own.
//
// Every function may be called again after a kill at any instant: what exists as
// wanted is left, what is half made is completed or made anew. The password of the
// publisher's login goes to the subscriber's server inside CREATE or ALTER
// SUBSCRIPTION, stands there until the subscription is dropped, and in no error.
//
// Called by the package above it, postgres.
package follow
