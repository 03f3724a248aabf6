// Package trail says who uses what at the source, from its logs: VPC flow
// logs, CloudTrail, access logs. It is the port of discovery and of
// residual use (package residual) to them: a Finder tells where logs are, Read reads them and
// gives the graph's Observed, with everything that was not read listed.
//
// The drivers find logs: package files on this machine, package aws in the
// buckets, log groups and event history of the account. What stands in the
// logs is understood in package records and its children, once for all
// drivers.
package trail
