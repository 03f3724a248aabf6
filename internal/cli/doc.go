// Package cli is the command line: a file per command, each with an options
// struct, a constructor that binds the flags, and a run function that takes
// the options. Arguments are parsed here, the work is done in app, and what
// is shown comes from view.
//
// Results go to standard output, talk and errors to standard error; with
// --json the result is one JSON document. The process's exit code is decided
// by the kind of the error alone (package fault). Everything runs in-process,
// so that tests call Main as a user would.
package cli
