// Package name says what an object is called on the other side: key to blob
// name, bucket to container, metadata and tag names, content headers, storage
// class to tier. What Azure cannot hold is refused with the rule that it
// breaks, or, where the policy says so, renamed; each rule stands in Rules with
// its source, and docs/reference/object-names.md is printed from that table.
//
// The renaming of blob names. Each byte that Azure would refuse, drop or turn
// into another one becomes "~x" and its two upper-case hexadecimal digits; so
// does a "~" that is followed by what looks like such an escape. Everything
// else stays. "a/b." becomes "a/b~x2E". Read backwards from left to right this
// gives the key again, for every name; therefore no two keys have one name, and
// a key that needs no renaming keeps its own. Metadata names are renamed in the
// same way with "_x" and lower-case digits, since "~" is not allowed there and
// case does not count; tags with "_x" and upper-case digits.
//
// Renamed names do not keep the order of the keys: whoever merges two sorted
// listings treats the names of which Escaped is true apart.
//
// What it is not: a client. It is pure, and what it accepts is what Microsoft's
// pages and reports of the service's answers say; the service has the last word.
//
// Called by the pipeline of objects, by its drivers and by the runbook's plan.
package name
