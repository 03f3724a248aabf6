package pg

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.com/landfall/internal/fault"
)

// Fault gives an error of a server its kind. op and subject are those of
// fault.Of. A nil error stays nil.
func Fault(err error, op, subject string) error {
	if err == nil {
		return nil
	}
	return fault.Of(kindOf(err), op, subject, cause(err))
}

// Code is the SQLSTATE of an error, "" for one that is not a server's.
func Code(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// kindOf tells by the SQLSTATE (PostgreSQL manual, "PostgreSQL Error Codes").
func kindOf(err error) fault.Kind {
	if kind := fault.KindOf(err); kind != fault.Internal {
		return kind
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.NotFound
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return kindOfCode(e.Code)
	}
	var broken net.Error
	var connect *pgconn.ConnectError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fault.Timeout
	case errors.As(err, &connect), errors.As(err, &broken), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		strings.Contains(err.Error(), "conn closed"):
		return fault.Unavailable
	}
	return fault.Internal
}

func kindOfCode(code string) fault.Kind {
	switch code {
	case "42501":
		return fault.Denied
	case "3D000", "42P01", "42704", "42883", "3F000", "42703":
		return fault.NotFound
	case "42710", "42P07", "42P04", "42P06", "42723", "55006", "55P03", "40001", "40P01":
		return fault.Conflict
	case "25006": // read-only transaction
		return fault.Refused
	case "57014": // query canceled
		return fault.Canceled
	case "0A000":
		return fault.Unsupported
	}
	if len(code) < 2 {
		return fault.Internal
	}
	switch code[:2] {
	case "08", "57", "58", "53", "55": // connection, intervention, system, resources, not in the state for it
		return fault.Unavailable
	case "28":
		return fault.Denied
	case "22", "23":
		return fault.Invalid
	}
	return fault.Internal
}

// cause is an error in the words of the server, with its code.
func cause(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		text := e.Message
		// The detail of a bad value or a broken constraint quotes the row.
		if class := e.Code[:min(2, len(e.Code))]; e.Detail != "" && class != "22" && class != "23" {
			text += " (" + e.Detail + ")"
		}
		return &serverError{text + " (SQLSTATE " + e.Code + ")", err}
	}
	return err
}

// serverError says what a server said, and is the error that it said it with.
type serverError struct {
	text string
	err  error
}

func (e *serverError) Error() string { return e.text }
func (e *serverError) Unwrap() error { return e.err }

func sorted(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
