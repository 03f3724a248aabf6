// Package data decides what becomes of databases, tables, caches, buckets,
// file systems, streams and the services that move and analyse data.
//
// Each file holds the rules of one family of AWS kinds, under the name that
// internal/source/aws gives the family. A rule reads the properties of one
// resource through a sheet, which remembers what was read: what no rule reads
// ends up in the decision's list of things to do, so that no property is
// silently dropped. The parameters of PostgreSQL, MySQL and Redis are tables in
// *.tsv files, one row per parameter.
//
// It copies no data and opens no connection; package move does. Package rules
// lists this family, and design.Make calls it.
package data
