// Package inventory is what exists at the source: every resource in its
// canonical form, where each of its properties was learnt, and what could not
// be read.
//
// The canonical form of a resource is its CloudFormation type with
// CloudFormation's property names, whichever way it was read. Readers hand in
// observations; the builder merges those of one resource and lists their
// differences. The package does no I/O: the drivers of package source feed it,
// package graph reads it.
package inventory
