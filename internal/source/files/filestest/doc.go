// Package filestest helps to test the readers of exported files: a sink that
// keeps what it is given, requests for texts in memory, and the fixtures in
// ../testdata. It is imported by tests only.
package filestest
