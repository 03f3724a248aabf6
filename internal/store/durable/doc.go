// Package durable writes files so that a reader, after a crash or a full disk
// at any moment, finds either the whole old content or the whole new one.
//
// The content goes into a temporary file in the same folder, is synced, takes
// the final name by rename (or by link, when an existing file must stay), and
// the folder is synced. A write that does not succeed removes its temporary
// file; one that was killed leaves ".NAME" and digits, which the next write of
// the same name removes once it is an hour old.
//
// What it is not: a lock. Of two writers at once the later rename wins, whole.
//
// Called by store and store/ledger. Invariants: when Replace or Create returns
// nil, content and name survive a power cut; when it returns an error before
// the rename, the old file is untouched.
package durable
