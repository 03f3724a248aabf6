// Package shadow sends copies of requests to another side after the user has
// the answer, and compares what both sides said.
//
// Compare is pure. A Mirror has a bounded queue and a bounded number of
// workers; what finds no place is dropped and counted, so that no user ever
// waits for a copy. A Report tallies differences by route and path of a field.
// It holds paths and kinds of values, never a value: answers hold secrets and
// people's data.
//
// Its only caller is package proxy, which says where copies go.
package shadow
