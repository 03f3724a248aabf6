// Package command is the shop's command line: one file per verb or pair of
// verbs. It reads flags and environment, opens drivers and calls the package
// that does the work.
//
// Results go to stdout, talk goes to stderr. Exit codes: 0 done, 1 the audit
// found a violation, 2 wrong usage or environment, 3 broken input, 4 not
// found, 5 conflict, 6 denied, 8 not available, 9 unknown outcome, 70 a
// defect, 130 stopped.
package command
