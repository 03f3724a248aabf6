// Package query is the query language of AWS Config: SelectResourceConfig's
// SELECT over configuration items, as far as the "Query components" page of
// the AWS Config developer guide describes it.
//
//	SELECT property | COUNT(*) | MIN(p) | MAX(p) | SUM(p) | AVG(p) [, ...] | *
//	[WHERE condition]            =  <  <=  >  >=  LIKE  IN  BETWEEN  AND  OR  NOT  ( )
//	[GROUP BY property [, ...]]
//	[ORDER BY output [ASC|DESC] [, ...]]
//
// As there, "*" stands for the scalar properties of the top level, a property
// that runs through an array matches when any of its elements does, an address
// equals a CIDR block that contains it, and != does not exist (NOT does). LIKE
// knows % only. What is not known is refused by name: FROM, JOIN, HAVING,
// LIMIT, DISTINCT, AS.
//
// The package knows nothing of AWS or the recorder: it is given documents.
// Package recorder alone calls it.
//
// Invariants: parsing is bounded and never panics; running a query leaves the
// documents unchanged; equal documents in equal order give equal results.
package query
