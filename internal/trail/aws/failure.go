package aws

import (
	"errors"

	"github.com/aws/smithy-go"

	"example.com/landfall/internal/awserror"
	"example.com/landfall/internal/fault"
)

// failed turns an error of the SDK into one of ours.
func failed(err error, operation, resource string) error {
	if err == nil {
		return nil
	}
	return fault.Of(kindOf(err), operation, resource, errors.New(code(err)))
}

// code is the API's own code, or the text of an error that never got there.
func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return err.Error()
}

// kindOf is the kind of an error of the SDK; an object that has to be restored
// first is refused.
func kindOf(err error) fault.Kind {
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "InvalidObjectState" {
		return fault.Refused
	}
	if kind := awserror.Kind(err); kind != fault.Internal {
		return kind
	}
	return fault.Unavailable
}

// why is the reason as it stands under unread: the kind and the API's code.
func why(err error) string {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		if e.Err != nil {
			return string(e.Kind) + ": " + code(e.Err)
		}
		return string(e.Kind)
	}
	return string(kindOf(err)) + ": " + code(err)
}
