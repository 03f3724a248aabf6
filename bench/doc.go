// Command bench compares Landfall's readers of flow logs and CloudTrail with
// DuckDB on the same files and for the same answer:
//
//	bench generate --dir DIR --mib 1024
//	bench compare  --dir DIR --runs 3
//
// With --what residual the question is that of residual use, and jq answers it
// as well, which has to be installed:
//
//	bench compare --dir DIR --what residual
//
// The generator is seeded, so that everybody measures the same bytes. Every
// run is a process of its own, so that its peak memory is its own. A comparison
// whose answers differ is an error, not a result.
//
// It is a module of its own because DuckDB needs a C compiler and a library of
// 100 MB, which nobody who uses Landfall should have to fetch.
package main
