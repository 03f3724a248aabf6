// Package graph is what depends on what at the source: nodes and edges with
// evidence, the boundary of the workload, and its critical flows.
//
// Edges come from the configuration in the inventory and from what was
// observed: conversations in flow logs, API use in CloudTrail, requests in
// access logs. The package does no I/O; readers of logs hand in the observed
// values of this package.
package graph
