// Package residual says who still uses what at the source after the cutover:
// from CloudTrail, VPC flow logs, access logs and DNS query logs, for each
// resource used, unused or unobservable, and what was created since and still
// exists.
//
// "unused" is said only where a log that would have shown a use covers the
// whole window; everything else without a use is unobservable, with the reason.
// What AWS itself, Landfall and expected users do is told apart by rules, each
// with its count; an attempt that was denied counts as use.
//
// Events are counted once by their ID. The IDs stand in memory, 16 bytes each
// in a hash set, up to a stated number: an event may be delivered again by
// another trail or a day later, so neither a window in time nor a set per file
// would find it, and a set on disk would make reading wait for it. Beyond the
// number the result says how many events may count twice; that changes counts,
// never whether a resource is used.
//
// Package app calls it with a finder of package trail. The log formats are
// understood in package records; here is neither a cloud API nor a clock.
package residual
