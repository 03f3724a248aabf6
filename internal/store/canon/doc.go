// Package canon writes JSON in its one canonical form and takes fingerprints
// of it, so that an approval, a ledger entry or an artefact's list of inputs
// can name a document independent of how it was laid out.
//
// The form is that of RFC 8785 (JSON Canonicalization Scheme): no white space,
// members ordered by the UTF-16 code units of their names, strings with the
// shortest escapes, numbers as ECMAScript prints the IEEE 754 double. What the
// RFC leaves to I-JSON (RFC 7493) is refused here with an error: a name that
// stands twice in one object, text that is not UTF-8, a surrogate without its
// other half, a number too large for a double. One rule is stricter: a whole
// number from 2^53 on whose digits change in the canonical form is refused,
// because two different numbers would get the same fingerprint; write such a
// number as a string.
//
// What it is not: a JSON library. It transforms bytes and knows no Go values.
//
// Called by store, store/ledger and by whoever binds an approval to a plan. It
// does no I/O except reading what Digest is given. Invariants: JSON(JSON(x)) =
// JSON(x); two documents have the same canonical form exactly when they hold
// the same data; memory is bounded by a small multiple of the input.
package canon
