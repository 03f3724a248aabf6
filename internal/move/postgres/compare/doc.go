// Package compare says whether two databases of PostgreSQL are equal: what is in
// the catalogue (compare/schema), the content of every row (compare/rows),
// sequences, large objects and materialized views, on both servers at once and
// also while changes flow from one to the other. What could not be read is a
// result with a name; it is never equal.
//
// What it is not: a copier. It writes nothing but in rows.Repair and
// rows.BringUp, which write to the target only and are asked for by name.
//
// Called by the orchestration in move/postgres, and by base for rows.BringUp.
package compare
