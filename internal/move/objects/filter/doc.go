// Package filter leaves objects out of a move by patterns of their keys. It
// stands around the two ports, so that what is left out is on neither side: it is
// not copied, not compared, not counted, and its blob is no extra one that could
// be deleted.
//
// What it is not: a list of what is refused. What nobody chose stands in no
// manifest; the patterns stand in its head.
//
// Called by app.
package filter
