package fault

import "net/http"

// Kind is a class of trouble. The set is closed: see Kinds.
type Kind string

// The kinds. What each means for retry, exit code and HTTP status stands in
// the table below and in docs/reference/exit-codes.md, which a test compares.
const (
	Found       Kind = "found"       // a check ran and found something wrong: a difference, a broken chain
	Usage       Kind = "usage"       // the command line is wrong
	Invalid     Kind = "invalid"     // an input document is broken or contradicts itself
	NotFound    Kind = "not-found"   // the named thing is not there
	Conflict    Kind = "conflict"    // it exists already, is locked, or changed meanwhile
	Denied      Kind = "denied"      // credentials are missing or do not allow it
	Missing     Kind = "missing"     // a tool that the operation needs is not installed
	Throttled   Kind = "throttled"   // the other side asks to slow down
	Unavailable Kind = "unavailable" // the other side does not answer, or answers with its own trouble
	Timeout     Kind = "timeout"     // no answer in time, and nothing was changed
	Unknown     Kind = "unknown"     // it may or may not have happened: a probe or a person must settle it
	Refused     Kind = "refused"     // a gate or a safety rule says no
	Storage     Kind = "storage"     // the local disk is full, read-only or broken
	Canceled    Kind = "canceled"    // the caller stopped it
	RolledBack  Kind = "rolled-back" // the run ended, and what it did was taken back
	Aborted     Kind = "aborted"     // the run was ended, and what it did stays
	Unsupported Kind = "unsupported" // Landfall does not know this (format, resource kind, feature)
	Internal    Kind = "internal"    // a broken invariant of ours
)

// Class is what a kind means to the rest of the program.
type Class struct {
	Kind Kind
	// Retry: trying the same again, later, can help and can do no harm.
	Retry bool
	// ExitCode of the command line.
	ExitCode int
	// HTTPStatus of the local web server.
	HTTPStatus int
	// Meaning, for the exit-code page.
	Meaning string
}

// Kinds is the whole table, in the order of the exit codes.
func Kinds() []Class {
	return []Class{
		{Found, false, 1, http.StatusUnprocessableEntity, "a check ran and found something: a difference, a broken ledger, a failed doctor's check"},
		{Usage, false, 2, http.StatusBadRequest, "the command line is wrong"},
		{Invalid, false, 3, http.StatusBadRequest, "an input document is broken; the line says where"},
		{NotFound, false, 4, http.StatusNotFound, "the named thing is not there"},
		{Conflict, false, 5, http.StatusConflict, "it exists already, is locked by another process, or changed meanwhile"},
		{Denied, false, 6, http.StatusForbidden, "credentials are missing or do not allow it"},
		{Missing, false, 7, http.StatusFailedDependency, "a tool is not installed; the hint is the command that installs it"},
		{Throttled, true, 8, http.StatusTooManyRequests, "the other side asked to slow down for longer than the retries lasted"},
		{Unavailable, true, 8, http.StatusServiceUnavailable, "the other side does not answer, or answers with its own trouble"},
		{Timeout, true, 8, http.StatusGatewayTimeout, "no answer in time; nothing was changed"},
		{Unknown, false, 9, http.StatusInternalServerError, "it may or may not have happened; never retried by itself"},
		{Refused, false, 10, http.StatusPreconditionFailed, "a gate or a safety rule says no"},
		{Storage, false, 11, http.StatusInsufficientStorage, "the local disk is full, read-only or broken; nothing half-written was left"},
		{Unsupported, false, 12, http.StatusNotImplemented, "Landfall does not know this format, kind or feature"},
		{RolledBack, false, 20, http.StatusConflict, "the run ended, and what it did was taken back"},
		{Aborted, false, 21, http.StatusConflict, "the run was ended by an operator, and what it did stays as it is"},
		{Internal, false, 70, http.StatusInternalServerError, "a defect of Landfall: please report it"},
		{Canceled, false, 130, 499, "stopped by the user"},
	}
}

// ClassOf returns what the kind of err means; the class of Internal for a
// kind that is not in the table.
func ClassOf(err error) Class {
	kind := KindOf(err)
	var internal Class
	for _, c := range Kinds() {
		if c.Kind == kind {
			return c
		}
		if c.Kind == Internal {
			internal = c
		}
	}
	return internal
}

// ExitCode returns the exit code for err; 0 for nil.
func ExitCode(err error) int {
	if err == nil {
		return 0
	}
	return ClassOf(err).ExitCode
}

// HTTPStatus returns the status of the local web server for err; 200 for nil.
func HTTPStatus(err error) int {
	if err == nil {
		return http.StatusOK
	}
	return ClassOf(err).HTTPStatus
}

// Retryable reports whether trying the same again, later, can help and can do
// no harm. An outcome that is unknown is never retryable.
func Retryable(err error) bool { return err != nil && ClassOf(err).Retry }
