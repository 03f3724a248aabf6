// Package rows compares the content of tables on two servers. A row is a hash of
// 64 bits over all of its columns: whole numbers, texts and UUIDs by their bytes on the
// server, all else by the image that the server sends. A table is the count and the
// sum of its hashes, which no order changes. What differs is
// narrowed down by the hash of the key to the rows and their columns. While changes flow, rows
// that differ are read again until they are equal, or proved to differ: the row did
// not change at the source while the target was given the time to have it.
//
// What it is not: it never says equal of a table that it could not read in full.
// It writes only in Repair and BringUp, to the target.
//
// Called by compare, and by base (BringUp).
package rows
