// Package database looks after the two SQLite files of an engine's folder
// before and beside the server: it makes them, checks what form they have,
// brings an older store to the present form, and copies the store.
//
// The server itself checks no schema when it opens a file, and with an old one
// it starts and then fails without end; so a file is opened by the server only
// when its form is known to be right. The store holds the runs: it is made
// once, migrated with the statements that the server's own module ships, and
// refused when that does not help. The list for visibility has no migrations
// and nothing that is not also in the store: it is made anew.
//
// It runs no query of the server's and writes to no table while the server
// runs. The callers are the command's serve and backup.
package database
