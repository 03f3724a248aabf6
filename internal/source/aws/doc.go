// Package aws is the source driver for a live AWS account. It uses the AWS
// SDK's own credential chain and endpoints, so the same code reads a real
// account and the sandbox. Every client in it is behind an interface that
// holds reads only.
//
// A scan is made of services, a file each, which are tables of calls
// (service.go). Running a table (run.go), paging and trying again (lane.go),
// pacing (pace.go, rates.go), accounts and regions (place.go) and the account
// of what was not read (unread.go) are the same for all of them. What no file
// reads is found by the sweep (sweep.go).
//
// Invariants: every page is read or unread, and an unread entry names the
// operation, the account, the region and what may be missing; the calls to a
// service stay below the share of its rate; nothing that looks like a secret
// is given to the journal.
package aws
