// Package graph is what depends on what at the source: nodes and edges with
// evidence, the boundary of the workload, and its critical flows.
//
// Edges come from the configuration in the inventory and from what was
// observed: conversations in flow logs, API use in CloudTrail, requests in
// access logs. The package does no I/O; readers of logs hand in the observed
// values of this package, and later stages (kpi, design, runbook, retire) read
// the graph.
//
// An edge points from the one that needs to the one that is needed. What a
// rule or a policy would merely let happen is a potential edge, which neither
// the boundary nor a flow follows. How sure an edge is follows the table in
// confidence.go: the best of what is configured, the best of what was seen,
// and the two combined as independent grounds.
//
// The boundary is the closure that type closure describes. Invariants: the
// same inventory and logs in any order give the same graph; each node has a
// boundary and a reason; more seeds never take a node out.
package graph
