package fault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"syscall"
)

// Error is an operation that did not do what was asked.
type Error struct {
	// Op is the operation, verb first: "read configuration".
	Op string
	// Resource is the thing operated on: a path, an ARN, a URL without
	// credentials. It is quoted in the text. Empty when Op says it all.
	Resource string
	// Kind decides retry, exit code and HTTP status.
	Kind Kind
	// Err is the cause; nil when the operation itself found the trouble.
	Err error
	// Hint is what to do next, as a command where possible. It is shown on a
	// line of its own and is not part of the text.
	Hint string
}

// Of returns an error of the kind. resource and cause may be empty.
func Of(kind Kind, op, resource string, cause error) *Error {
	return &Error{Op: op, Resource: resource, Kind: kind, Err: cause}
}

// Newf returns an error of the kind whose operation text is formatted.
func Newf(kind Kind, format string, args ...any) *Error {
	return &Error{Op: fmt.Sprintf(format, args...), Kind: kind}
}

// Wrap adds an operation and a resource to err and keeps the kind of err. A
// nil err gives nil.
func Wrap(err error, op, resource string) error {
	if err == nil {
		return nil
	}
	return &Error{Op: op, Resource: resource, Kind: KindOf(err), Err: err}
}

// Hintf returns a copy of e with the hint set.
func (e *Error) Hintf(format string, args ...any) *Error {
	c := *e
	c.Hint = fmt.Sprintf(format, args...)
	return &c
}

// Error is the one-line text: operation, quoted resource, cause.
func (e *Error) Error() string {
	parts := make([]string, 0, 2)
	head := e.Op
	if e.Resource != "" {
		head = strings.TrimSpace(head + " " + strconv.Quote(e.Resource))
	}
	if head != "" {
		parts = append(parts, head)
	}
	if e.Err != nil {
		parts = append(parts, oneLine(e.Err.Error()))
	}
	if len(parts) == 0 {
		return string(e.Kind)
	}
	return strings.Join(parts, ": ")
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// oneLine folds a cause from elsewhere (an SDK, a server) into one line, so
// that the rule "one clear line" holds whatever the other side wrote.
func oneLine(s string) string {
	return strings.Join(strings.Fields(s), " ")
}

// KindOf returns the kind of err: that of the outermost Error in its chain,
// otherwise what the standard library's own errors tell, otherwise Internal.
// A nil err has the empty kind.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok && e.Kind != "" {
		return e.Kind
	}
	switch {
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT),
		errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EIO),
		errors.Is(err, syscall.EFBIG): // the file-size limit of a process acts like a full disk
		return Storage
	case errors.Is(err, fs.ErrNotExist):
		return NotFound
	case errors.Is(err, fs.ErrPermission):
		return Denied
	case errors.Is(err, fs.ErrExist), errors.Is(err, syscall.EADDRINUSE):
		return Conflict
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET):
		return Unavailable
	}
	return Internal
}

// Is reports whether err is of the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// HintOf returns the first hint in the chain of err, or "".
func HintOf(err error) string {
	for err != nil {
		e, ok := errors.AsType[*Error](err)
		if !ok {
			return ""
		}
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
	return ""
}
