// Package seed fills the sandbox's AWS account as two teams and their past
// would have left it: the bookshop workload, the payroll workload beside it
// that shares a key, a bucket, a NAT gateway and a policy with it, a handful
// of strays nobody owns, and two weeks of metrics, access logs, flow logs and
// CloudTrail that agree with each other and with the ids of the resources.
//
// It is not a migration source driver and not a fake: every resource is made
// through the AWS SDK against the endpoint it is given. The one part that
// AWS has no call for, history, goes to the sandbox's own admin endpoints.
//
// The sandbox supervisor calls it once, after the AWS side is up. Tests of
// discovery call it too and compare what they find with Summary.Truth.
//
// Invariants: an account is seeded once, a second run is refused before it
// changes anything; the history depends on nothing but the resource ids, the
// seed and the clock value it was given; the database password goes to the
// database's own secret and nowhere else.
package seed
