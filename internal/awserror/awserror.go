package awserror

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"example.com/landfall/internal/fault"
)

// noCredentials is how the SDK ends its search for credentials: the instance
// metadata is the last place of its chain, so that not finding a role there
// means that no other place had any.
const noCredentials = "no EC2 IMDS role found"

// badCredentials are what the SDK says when a place of the chain has
// credentials that cannot be used: an expired SSO session, a role that cannot
// be assumed, a profile without a key. It has no type for them.
func badCredentials() []string {
	return []string{"failed to refresh cached credentials", "failed to retrieve credentials", "get identity: get credentials"}
}

// Kind gives an SDK error one of Landfall's kinds, by the error codes
// that AWS documents as common to its services (Common Error Types of the
// query and JSON protocols) and those that EC2, S3 and KMS spell differently.
func Kind(err error) fault.Kind {
	if err == nil {
		return ""
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.KindOf(err)
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return classifyCode(api.ErrorCode(), api.ErrorFault())
	}
	if status, ok := BareStatus(err); ok {
		return classifyStatus(status)
	}
	// The search for a role often ends in a connection error itself: there is
	// no instance metadata outside EC2. It still means "no credentials".
	text := err.Error()
	if strings.Contains(text, noCredentials) {
		return fault.Denied
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return fault.Unavailable
	}
	if slices.ContainsFunc(badCredentials(), func(sign string) bool { return strings.Contains(text, sign) }) {
		return fault.Denied
	}
	return fault.KindOf(err)
}

// BareStatus returns the HTTP status of an answer that is no error of the API:
// a proxy's page, or that of a server that does not know the operation.
func BareStatus(err error) (int, bool) {
	answer, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || answer.Response == nil || answer.Response.Response == nil || answer.HTTPStatusCode() < http.StatusBadRequest {
		return 0, false
	}
	return answer.HTTPStatusCode(), true
}

func classifyStatus(status int) fault.Kind {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		return fault.Denied
	case http.StatusNotFound, http.StatusGone:
		return fault.NotFound
	case http.StatusTooManyRequests:
		return fault.Throttled
	case http.StatusNotImplemented:
		return fault.Unsupported
	}
	if status >= http.StatusInternalServerError {
		return fault.Unavailable
	}
	return fault.Invalid
}

func classifyCode(code string, side smithy.ErrorFault) fault.Kind {
	denied := []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException",
		"SignatureDoesNotMatch", "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "OptInRequired", "MissingAuthenticationToken", "NotAuthorized", "AuthorizationError"}
	// LimitExceededException is how Kinesis and a few others throttle; where it
	// is a quota, trying again does no harm to a reader.
	_, throttled := retry.DefaultThrottleErrorCodes[code]
	throttled = throttled || slices.Contains([]string{"SlowDown", "ThrottledException", "LimitExceededException", "RequestThrottledException"}, code)
	unavailable := []string{"ServiceUnavailable", "InternalFailure", "InternalError", "InternalServerError", "Unavailable"}
	unknown := []string{"UnknownOperationException", "UnknownOperation", "InvalidAction", "NotImplemented"}
	switch {
	case slices.Contains(unknown, code):
		return fault.Unsupported
	case slices.Contains(denied, code) || strings.Contains(code, "AccessDenied") || strings.HasPrefix(code, "KMS."):
		return fault.Denied
	case throttled:
		return fault.Throttled
	case slices.Contains(unavailable, code) || strings.HasPrefix(code, "Internal") || side == smithy.FaultServer:
		return fault.Unavailable
	case strings.Contains(code, "NotFound") || strings.HasPrefix(code, "NoSuch"):
		return fault.NotFound
	}
	return fault.Invalid
}

// Brief returns what an SDK error says without the SDK's account of how it got
// there: the service's own code and words, the network's own trouble, or that
// there are no credentials. Anything else stays as it is.
func Brief(err error) error {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return errors.New(strings.TrimSuffix(api.ErrorCode()+": "+api.ErrorMessage(), ": "))
	}
	if strings.Contains(err.Error(), noCredentials) {
		return errors.New("no credentials: neither in the environment, nor in the shared files, nor as the role of this machine")
	}
	if network, ok := errors.AsType[*net.OpError](err); ok {
		return network
	}
	return err
}

// Hint says what to do about an error of the kind, as a command where there is
// one.
func Hint(kind fault.Kind) string {
	switch kind {
	case fault.Denied:
		return "aws configure, or: export AWS_PROFILE=NAME; then: aws sts get-caller-identity"
	case fault.Unavailable, fault.Timeout:
		return "look at the address, the proxy and the network: aws sts get-caller-identity"
	}
	return "aws sts get-caller-identity"
}
