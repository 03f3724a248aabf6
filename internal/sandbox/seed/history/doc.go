// Package history makes up the past of the seeded account: what its load
// balancer, network, CloudWatch, CloudTrail, buckets and CDN would have
// recorded in the days before the clock value it is given.
//
// One traffic model feeds everything. Each customer connection of the model
// becomes lines of the access log, records of the flow logs and samples of the
// balancer's metrics, and the load it puts on instances, database and cache
// becomes theirs, so that any two of the records agree. The flow logs hold the
// addresses of the interfaces in World and nothing else from the inside.
//
// It calls no AWS API: files and admin posts go to the Sink. Package seed is
// its only caller; the tests of discovery use its Truth.
//
// Invariants: output depends on Options alone, byte for byte, and not on the
// number of processors; every five-minute bin draws from a generator of its
// own, so a shifted window repeats the bins it shares; Truth counts what was
// written, not what was intended.
package history
