// Package link puts a network with faults between two parts of the sandbox:
// latency, a narrow pipe, connections that are reset, a black hole that
// swallows everything, a cable that is pulled. It wraps toxiproxy, used as a
// library, behind a closed set of faults. Tests and rehearsals dial the link
// instead of the part; product code knows nothing of it.
package link
