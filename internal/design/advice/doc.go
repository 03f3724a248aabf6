// Package advice looks at a finished design as a whole: which regions could
// take it, what it needs of the subscription's limits, and what moving its data
// out of AWS costs.
//
// It makes no target resource and decides nothing; package rules runs it behind
// all families that do.
package advice
