// Package mangle spoils log files for tests: it cuts them off, flips bytes,
// repeats and drops pieces, from a seed. The parsers under records all have a
// test that no such file makes them panic or read without end. Nothing of the
// product imports it.
package mangle
