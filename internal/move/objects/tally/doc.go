// Package tally counts the requests that go to both sides and the bytes that
// leave the source, says what they cost, and holds requests back to a rate. It
// does so around the two ports, so that no request goes uncounted.
//
// What it is not: it knows no prices; whoever calls objects gives them.
package tally
