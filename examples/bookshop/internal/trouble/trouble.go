package trouble

import (
	"context"
	"errors"
	"strconv"
	"strings"
)

// Kind is a class of trouble. The set is closed.
type Kind string

// The kinds.
const (
	Usage       Kind = "usage"       // the command line or the environment is wrong
	Invalid     Kind = "invalid"     // an input is broken
	NotFound    Kind = "not-found"   // the named thing is not there
	Conflict    Kind = "conflict"    // it exists already, with another content
	Denied      Kind = "denied"      // credentials are missing or do not allow it
	ReadOnly    Kind = "read-only"   // the database is up and takes no writes
	Unavailable Kind = "unavailable" // no answer, or the other side's own trouble; nothing was changed
	Unknown     Kind = "unknown"     // it may or may not have happened
	Canceled    Kind = "canceled"    // the caller stopped it
	Internal    Kind = "internal"    // a defect of the shop
)

// Error is an operation that did not do what was asked.
type Error struct {
	Op       string // verb first: "place order"
	Resource string // what it was done to, without credentials; may be empty
	Kind     Kind
	Err      error // the cause; may be nil
}

// Of returns an error of the kind. resource and cause may be empty.
func Of(kind Kind, op, resource string, cause error) *Error {
	return &Error{Op: op, Resource: resource, Kind: kind, Err: cause}
}

// Error is one line: operation, quoted resource, cause.
func (e *Error) Error() string {
	text := e.Op
	if e.Resource != "" {
		text += " " + strconv.Quote(e.Resource)
	}
	if e.Err == nil {
		return text
	}
	return text + ": " + strings.Join(strings.Fields(e.Err.Error()), " ")
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of err: that of the outermost Error in its chain,
// Canceled or Unavailable for the errors of a context, otherwise Internal. A
// nil err has the empty kind.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	switch {
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return Unavailable
	}
	return Internal
}

// Is reports whether err is of the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// ExitCode returns the exit code of the command line for err; 0 for nil. Code
// 1 is left to the audit, which uses it for "found a violation".
func ExitCode(err error) int {
	switch KindOf(err) {
	case "":
		return 0
	case Usage:
		return 2
	case Invalid:
		return 3
	case NotFound:
		return 4
	case Conflict:
		return 5
	case Denied:
		return 6
	case Unavailable, ReadOnly:
		return 8
	case Unknown:
		return 9
	case Canceled:
		return 130
	}
	return 70
}
