package schema

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.com/landfall/examples/bookshop/internal/trouble"
)

// SQLSTATEs that the shop acts on, from appendix A of the PostgreSQL manual.
const (
	stateReadOnly        = "25006" // read_only_sql_transaction
	stateUniqueViolation = "23505"
	stateCheckViolation  = "23514"
	stateUndefinedTable  = "42P01"
)

// Trouble gives a database error its kind. A nil err gives nil, and one that
// has a kind already is returned as it is.
//
// ReadOnly means that the server is up and takes no writes (a fence, or a
// replica); Unavailable that it cannot be reached or is going down.
func Trouble(err error, op, resource string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*trouble.Error](err); ok {
		return err
	}
	if State(err) == stateUndefinedTable {
		err = fmt.Errorf("%w: run \"bookshop migrate\" first", err)
	}
	return trouble.Of(kindOf(err), op, resource, err)
}

func kindOf(err error) trouble.Kind {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return kindOfState(pg.Code)
	}
	if _, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
		return trouble.Usage
	}
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return trouble.NotFound
	case errors.Is(err, context.Canceled):
		return trouble.Canceled
	case errors.Is(err, context.DeadlineExceeded), pgconn.Timeout(err):
		return trouble.Unavailable
	}
	// What is left comes from the network: refused, reset, closed early.
	return trouble.Unavailable
}

func kindOfState(code string) trouble.Kind {
	switch {
	case code == stateReadOnly:
		return trouble.ReadOnly
	case code == stateUniqueViolation || code == stateCheckViolation:
		return trouble.Conflict
	case code == stateUndefinedTable:
		return trouble.NotFound
	case strings.HasPrefix(code, "28"), code == "42501": // invalid authorization, insufficient privilege
		return trouble.Denied
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "57P"), strings.HasPrefix(code, "53"):
		return trouble.Unavailable // connection, shutdown, out of resources
	case code == "57014", code == "55P03", strings.HasPrefix(code, "40"):
		return trouble.Unavailable // statement_timeout, lock_timeout, deadlock: again, later
	}
	return trouble.Internal
}

// State returns the SQLSTATE of err, or "" when err is not from the server.
func State(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return ""
}

// Constraint returns the name of the constraint that err says was violated.
func Constraint(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.ConstraintName
	}
	return ""
}

// ReadOnly reports whether the server refused a write because it takes none.
func ReadOnly(err error) bool { return State(err) == stateReadOnly }
