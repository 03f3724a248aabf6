package aws

import (
	"errors"
	"strings"

	"github.com/aws/smithy-go"

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

// kindOf sorts the codes that reading logs can bring.
func kindOf(err error) fault.Kind {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		if kind := fault.KindOf(err); kind != fault.Internal {
			return kind
		}
		return fault.Unavailable
	}
	switch c := api.ErrorCode(); {
	case strings.Contains(c, "AccessDenied"), strings.Contains(c, "Forbidden"), strings.Contains(c, "Unauthorized"), strings.HasPrefix(c, "KMS."),
		strings.Contains(c, "Expired"), strings.Contains(c, "InvalidAccessKey"), strings.Contains(c, "InvalidClientToken"), strings.Contains(c, "SignatureDoesNotMatch"):
		return fault.Denied
	case strings.HasPrefix(c, "NoSuch"), strings.Contains(c, "NotFound"):
		return fault.NotFound
	case strings.Contains(c, "Throttl"), strings.Contains(c, "SlowDown"), strings.Contains(c, "RequestLimit"), strings.Contains(c, "TooManyRequests"):
		return fault.Throttled
	case c == "InvalidObjectState":
		return fault.Refused
	case api.ErrorFault() == smithy.FaultServer, strings.Contains(c, "Internal"), strings.Contains(c, "Unavailable"):
		return fault.Unavailable
	}
	return fault.Invalid
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
