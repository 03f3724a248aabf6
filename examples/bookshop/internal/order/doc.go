// Package order is what a customer orders: the content, its rules, and the
// hash that says whether two orders are the same.
//
// It is pure: no database, no clock, no network. The web server, the load
// generator and the audit all use this one hash, so that "the same content"
// means the same thing on both ends of the wire and afterwards in the
// database.
//
// Invariants: Hash depends on every field of Content and on the order of the
// lines; a Content that passes Check has between 1 and MaxLines lines, each
// with another book.
package order
