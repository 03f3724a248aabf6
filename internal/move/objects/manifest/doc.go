// Package manifest is the record of one copy or one verification of objects:
// a line for each object, what it was called, what is known of its content and
// what became of it.
//
// The file is JSON lines, compressed with zstd. First the head: what was
// compared with what. Then one segment after the other, each of them its lines
// and a line that closes it. Then the end: counts and the root of a hash tree
// over all segments. Then signatures, if there are any. A segment is written by
// itself, while its shard is worked on, and Join puts the finished ones together
// as they are, without decompressing them; the frames of zstd allow that (RFC
// 8878, section 3).
//
// The hash trees are those of RFC 6962, section 2.1, with SHA-256: one over the
// lines of each segment, and one over the closing lines of the segments. So one
// line can be proved later with some forty hashes, without the file (Prove).
// What is signed is a short text with the SHA-256 over head and end, which any
// implementation of SSH signatures can check.
//
// Each line has one valid spelling. A reader refuses any other one, and every
// file that is cut off, changed or continued; it holds one line in memory.
//
// What it is not: it opens no files and knows no keys; Signer and Verifier are
// given to it. The lines of a segment stand in the order in which they were
// added, and the closing line says whether that was the order of the keys:
// Compare needs it.
//
// Called by the pipeline of objects and by the commands that verify.
package manifest
