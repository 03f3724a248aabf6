// Package objects routes S3: bytes and listings to versitygw, the
// configuration of buckets to moto, creation and deletion of buckets to both.
//
// versitygw keeps objects as files, and a file system cannot hold every S3 key
// ("a//b", "..", "d" beside "d/e", 300 bytes without a slash). So keys are
// stored under a code (keycode.go) that keeps the order of keys and names a
// legal file for each; listings are translated back. Requests are decoded,
// whatever form of signature and body encoding they came in, and signed again
// with the store's root key.
//
// It holds no object and no listing: all state is in the two servers, but for
// the storage classes that listings show (kept.go). It is called by the gate
// (package awsgate) for every S3 call.
//
// Not to be had, and answered with an error that says so: the ACL of an
// object, customer encryption keys, uploads by HTML form, S3 Select, torrents,
// RestoreObject, renaming, and keys of more than about 600 spaces and control
// characters. Signatures and bucket policies are not enforced.
//
// Invariants: bodies are streamed; a checksum that the client sent reaches the
// store, which verifies it; decode(encode(key)) is key for every UTF-8 key,
// and encoding keeps the order and the prefixes of keys.
package objects
