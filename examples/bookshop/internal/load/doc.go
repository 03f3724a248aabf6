// Package load sends a constant stream of requests to the shop and keeps a
// journal of every order it tried.
//
// The stream is open-loop: when each request is due is fixed in advance, and
// an answer that is late does not hold back the next request. Latency counts
// from the moment a request was due, not from the moment it could be sent, so
// a shop that stalls for a second shows a second of bad latencies and not one
// bad request (this is what "coordinated omission" hides).
//
// `bookshop load` runs it. It does not judge: `bookshop audit` does, with the
// journal.
//
// Invariants: a customer has one order on the way at a time, and none after
// an order whose outcome stayed unknown, so the customer's sequence numbers
// must come out of the database in the same order; an order with an unknown
// outcome is sent again with the same id and content only; every request is
// counted in exactly one class.
package load
