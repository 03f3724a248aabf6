// Package trail is CloudTrail: it turns every call through the gate into a
// record, answers LookupEvents from the records, and delivers them as files to
// the buckets of the trails that were created.
//
// Records lie in one append-only file, NDJSON; an index in memory holds where
// each lies and what LookupEvents can ask for. Trails themselves (CreateTrail
// and the like) are moto's: this package asks moto for them.
//
// It is no event data store and no Insights, and writes no digest files.
//
// The gate (package awsgate) calls Observed for each call, routes LookupEvents
// here, and loads the past with Load.
//
// Invariants: no secret of a request or answer reaches a record; a record is
// found by LookupEvents as soon as Observed returned; a page token keeps its
// meaning while events arrive; what does not fit the bounds is counted.
package trail
