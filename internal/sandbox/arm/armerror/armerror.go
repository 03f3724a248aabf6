package armerror

import (
	"errors"
	"fmt"
	"net/http"
)

// Error is one refusal of Resource Manager.
type Error struct {
	// Status is the HTTP status; it is not part of the body.
	Status int `json:"-"`
	// Code is Resource Manager's own code: "ResourceNotFound".
	Code string `json:"code"`
	// Message is for people.
	Message string `json:"message"`
	// Target names the property or resource that is meant.
	Target string `json:"target,omitempty"`
	// Details are the single findings of a refusal that has several.
	Details []*Error `json:"details,omitempty"`
}

// New returns an error with a formatted message.
func New(status int, code, format string, args ...any) *Error {
	return &Error{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Error is the code and the message in one line.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// At returns a copy of e that names the target.
func (e *Error) At(target string) *Error {
	c := *e
	c.Target = target
	return &c
}

// With returns a copy of e with details.
func (e *Error) With(details ...*Error) *Error {
	c := *e
	c.Details = append(append([]*Error(nil), e.Details...), details...)
	return &c
}

// Of returns the Error in the chain of err, or an internal one around err. A
// nil err gives nil.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return New(http.StatusInternalServerError, "InternalServerError", "%s", err.Error())
}

// BadRequest is a 400 with the code.
func BadRequest(code, format string, args ...any) *Error {
	return New(http.StatusBadRequest, code, format, args...)
}

// NotFound is a 404 with the code.
func NotFound(code, format string, args ...any) *Error {
	return New(http.StatusNotFound, code, format, args...)
}

// Conflict is a 409 with the code.
func Conflict(code, format string, args ...any) *Error {
	return New(http.StatusConflict, code, format, args...)
}

// NotSupported is a 501 that says what the sandbox lacks, so that a hole shows
// up as a hole and never as a wrong answer.
func NotSupported(what string) *Error {
	return New(http.StatusNotImplemented, "NotSupportedBySandbox", "The sandbox does not support %s.", what)
}
