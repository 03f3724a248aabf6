// Package fault is the one error type of Landfall.
//
// An error says which operation did not succeed, on which resource, of which
// kind the trouble is, what caused it, and, where there is one, what to do
// next. The kind decides three things, in one table: whether trying again can
// help, the exit code of the command line, and the HTTP status of the local
// web server. Nothing else in the program maps errors to behaviour.
//
// Rules for the text: verb first, lower case, one line, no full stop, values
// quoted, no "failed to" (the colon already says so), never a secret. Context
// is added once, by the function that was given the value.
package fault
