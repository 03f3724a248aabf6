// Package accesslog measures flows and fronts from access logs of load
// balancers, distributions, buckets and web servers: every request counts, so
// its numbers are exact where CloudWatch sums up.
//
// A flow is what users do: front, host, method and route. Routes are paths
// whose ids are folded by a stated rule (see kpi.Route), and whose levels with more
// than a hundred different names are folded as well (see routes.go). The number
// of routes is bounded; what is beyond goes to the flow "other", by count, never
// dropped.
//
// Package records opens the files and records/weblog understands the lines;
// this package sums up in bounded memory, by worker, and merges. Neither the
// order of lines and files nor how they were cut among workers changes a bit of
// the result.
package accesslog
