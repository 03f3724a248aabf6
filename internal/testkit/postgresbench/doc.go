// Command postgresbench compares the base copy of a PostgreSQL database with
// pg_dump and psql, pg_dump and pg_restore in parallel, and pgcopydb where it is
// installed: the time that passes, and the processor time of the tool, the source
// and the target, which is what counts where all three share a machine. It starts
// both servers itself. The Makefile calls it: make bench-postgres.
package main
