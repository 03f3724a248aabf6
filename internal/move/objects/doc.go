// Package objects moves the objects of a bucket into a container, proves that
// they are equal, and keeps the container up with the bucket until cutover.
//
// A pass goes through both listings at once (listing), shard by shard. What the
// target has already costs nothing more than its line of the listing: each blob
// carries a mark that says which version it is a copy of. The rest is carried
// over by as many workers as pay (pace), each object proved on the way where the
// source holds a hash (checksum). Every object of the listing gets exactly one
// line in the manifest: what became of it, and what that rests on.
//
// A shard is the unit that is resumed: the journal keeps the finished ones, all
// else is found again by looking. Plan says what a pass would do. Copy and Verify
// are a pass over all shards in this process; Shards, CopyShard, VerifyShard and
// Join are its parts, for workers in several processes. Follow makes one pass
// after the other, and takes up single keys that an event names in between.
//
// What it is not: it writes nothing at the source but a request to restore what
// is archived, and deletes at the target only what it is told to.
//
// Called by app and action; the drivers s3 and blob are given to it by wire.
package objects
