package aws

import (
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/aws/smithy-go"

	"example.com/landfall/internal/fault"
)

// classify gives an SDK error one of Landfall's kinds, by the error codes
// that AWS documents as common to its services (Common Error Types of the
// query and JSON protocols) and those that EC2 and S3 spell differently.
func classify(err error) fault.Kind {
	if err == nil {
		return ""
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return classifyCode(api.ErrorCode(), api.ErrorFault())
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return fault.Unavailable
	}
	text := err.Error()
	for _, sign := range []string{"failed to refresh cached credentials", "no EC2 IMDS role found", "failed to retrieve credentials", "get identity: get credentials"} {
		if strings.Contains(text, sign) {
			return fault.Denied
		}
	}
	return fault.KindOf(err)
}

func classifyCode(code string, side smithy.ErrorFault) fault.Kind {
	denied := []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException",
		"SignatureDoesNotMatch", "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "OptInRequired", "MissingAuthenticationToken", "NotAuthorized", "AuthorizationError"}
	throttled := []string{"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException", "SlowDown", "ProvisionedThroughputExceededException", "RequestThrottled", "RequestThrottledException"}
	unavailable := []string{"ServiceUnavailable", "InternalFailure", "InternalError", "InternalServerError", "Unavailable"}
	switch {
	case slices.Contains(denied, code):
		return fault.Denied
	case slices.Contains(throttled, code):
		return fault.Throttled
	case slices.Contains(unavailable, code) || side == smithy.FaultServer:
		return fault.Unavailable
	case strings.Contains(code, "NotFound") || strings.HasPrefix(code, "NoSuch"):
		return fault.NotFound
	}
	return fault.Invalid
}
