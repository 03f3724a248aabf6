package azure

import (
	"errors"
	"net"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"example.com/landfall/internal/fault"
)

// classify gives an SDK error one of Landfall's kinds, by the HTTP status
// that Resource Manager documents for it.
func classify(err error) fault.Kind {
	if err == nil {
		return ""
	}
	if _, ok := errors.AsType[*azidentity.AuthenticationFailedError](err); ok {
		return fault.Denied
	}
	if response, ok := errors.AsType[*azcore.ResponseError](err); ok {
		return classifyStatus(response.StatusCode)
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return fault.Unavailable
	}
	return fault.KindOf(err)
}

func classifyStatus(status int) fault.Kind {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fault.Denied
	case http.StatusNotFound, http.StatusGone:
		return fault.NotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return fault.Conflict
	case http.StatusTooManyRequests:
		return fault.Throttled
	case http.StatusRequestTimeout:
		return fault.Timeout
	}
	if status >= http.StatusInternalServerError {
		return fault.Unavailable
	}
	return fault.Invalid
}

// brief returns the first line of what an SDK error says: its multi-line dump
// of request and response belongs into a debug log, not into a sentence.
func brief(err error) error {
	if response, ok := errors.AsType[*azcore.ResponseError](err); ok {
		return errors.New(response.ErrorCode + " (HTTP " + http.StatusText(response.StatusCode) + ")")
	}
	return err
}
