// Package trouble is the shop's one error type: what was being done, to what,
// and of which kind the trouble is.
//
// The kind decides what a caller may do: the web server turns it into a
// status, the worker into a pause or a dead letter, the command line into an
// exit code. It is not a log and holds no stack; texts are one line, start
// with a verb and never hold a secret.
package trouble
