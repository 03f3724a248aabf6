package awserror

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/smithy-go"

	"example.com/landfall/internal/fault"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	for _, c := range []struct {
		err  error
		want fault.Kind
	}{
		{nil, ""},
		{&smithy.GenericAPIError{Code: "InvalidNextToken"}, fault.Invalid},
		{&smithy.GenericAPIError{Code: "InternalServiceFault"}, fault.Unavailable},
		{&smithy.GenericAPIError{Code: "ServiceUnavailable"}, fault.Unavailable},
		{&smithy.GenericAPIError{Code: "KMS.DisabledException"}, fault.Denied},
		{&smithy.GenericAPIError{Code: "S3AccessDenied"}, fault.Denied},
		{&smithy.GenericAPIError{Code: "UnauthorizedOperation"}, fault.Denied},
		{&smithy.GenericAPIError{Code: "AccessDeniedException"}, fault.Denied},
		{&smithy.GenericAPIError{Code: "ExpiredToken"}, fault.Denied},
		{&smithy.GenericAPIError{Code: "InvalidClientTokenId"}, fault.Denied},
		{&smithy.GenericAPIError{Code: "RequestLimitExceeded"}, fault.Throttled},
		{&smithy.GenericAPIError{Code: "ThrottlingException"}, fault.Throttled},
		{&smithy.GenericAPIError{Code: "UnknownOperationException", Fault: smithy.FaultServer}, fault.Unsupported},
		{&smithy.GenericAPIError{Code: "InvalidAction"}, fault.Unsupported},
		{&smithy.GenericAPIError{Code: "PriorRequestNotComplete"}, fault.Throttled},
		{&smithy.GenericAPIError{Code: "LimitExceededException"}, fault.Throttled},
		{&smithy.GenericAPIError{Code: "EC2ThrottledException"}, fault.Throttled},
		{&smithy.GenericAPIError{Code: "SlowDown", Fault: smithy.FaultServer}, fault.Throttled},
		{&smithy.GenericAPIError{Code: "InternalFailure"}, fault.Unavailable},
		{&smithy.GenericAPIError{Code: "NobodyKnows", Fault: smithy.FaultServer}, fault.Unavailable},
		{&smithy.GenericAPIError{Code: "InvalidVpcID.NotFound"}, fault.NotFound},
		{&smithy.GenericAPIError{Code: "NoSuchBucket"}, fault.NotFound},
		{&smithy.GenericAPIError{Code: "ValidationError"}, fault.Invalid},
		{fmt.Errorf("operation error: %w", &smithy.GenericAPIError{Code: "AccessDenied"}), fault.Denied},
		{fmt.Errorf("request send failed: %w", refused), fault.Unavailable},
		// Outside EC2 the search for a role ends in a connection error.
		{fmt.Errorf("get credentials: failed to refresh cached credentials, no EC2 IMDS role found: %w", refused), fault.Denied},
		// Credentials that need an answer nobody gives say nothing of themselves.
		{fmt.Errorf("get credentials: failed to refresh cached credentials: %w", refused), fault.Unavailable},
		{errors.New("get identity: get credentials: the SSO session has expired"), fault.Denied},
		{fmt.Errorf("canceled: %w", context.Canceled), fault.Canceled},
		{fmt.Errorf("late: %w", context.DeadlineExceeded), fault.Timeout},
		{errors.New("something else"), fault.Internal},
	} {
		if got := Kind(c.err); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}

func TestBrief(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("operation error EC2: DescribeVpcs, https response: %w", &smithy.GenericAPIError{Code: "AccessDenied", Message: "not for you"}), "AccessDenied: not for you"},
		{&smithy.GenericAPIError{Code: "Throttling"}, "Throttling"},
		{fmt.Errorf("attempts: %w", &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}), "dial tcp: connection refused"},
		{errors.New("as it is"), "as it is"},
	} {
		if got := Brief(c.err).Error(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	if got := Brief(errors.New("a, b, no EC2 IMDS role found, c")).Error(); !strings.HasPrefix(got, "no credentials") {
		t.Errorf("got %q", got)
	}
}
