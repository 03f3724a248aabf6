package aws

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory/kinds"
)

// walk goes through a service's steps, with the step above each.
func walk(steps []*step, above *step, f func(s, above *step)) {
	for _, s := range steps {
		f(s, above)
		walk(s.steps, s, f)
	}
}

// Every table fits the SDK: its paths and fields exist, each step goes
// somewhere, and its operation is one that reads.
func TestServicesAreWellFormed(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, s := range services() {
		walk(s.steps(sdk.Config{Region: "us-east-1"}), nil, func(st, above *step) {
			at := s.name + ":" + st.operation
			for _, err := range st.check {
				t.Errorf("%s: %v", at, err)
			}
			seen++
			if st.call.do == nil {
				return // fixed
			}
			if !reads(st.operation) {
				t.Errorf("%s does not begin like a read", at)
			}
			if st.kind == "" && st.emit == nil && !st.merge && len(st.steps) == 0 {
				t.Errorf("%s: what it answers goes nowhere", at)
			}
			if above == nil && (st.merge || st.batch > 0 || st.when != nil) {
				t.Errorf("%s: a root step with nothing above it", at)
			}
			if st.batch > 0 && st.merge && st.match.to == "" {
				t.Errorf("%s: a batch that does not say what belongs to what", at)
			}
		})
	}
	if seen < 100 {
		t.Errorf("%d steps", seen)
	}
}

// reads reports whether an operation only reads, by AWS's own verbs. Search is
// that of the routes of a transit gateway, Select that of AWS Config: IAM's
// reference has both as reads.
func reads(operation string) bool {
	for _, verb := range []string{"Describe", "List", "Get", "BatchGet", "Lookup", "Filter", "Head", "SearchTransitGatewayRoutes", "SelectResourceConfig"} {
		if strings.HasPrefix(operation, verb) {
			return true
		}
	}
	return false
}

func TestKindsInTheTables(t *testing.T) {
	t.Parallel()
	converter := kinds.New()
	detailed := detailedKinds(append(coreServices(), otherServices()...))
	for _, kind := range []cloud.Kind{"AWS::EC2::Instance", "AWS::ElasticLoadBalancingV2::ListenerRule", "AWS::RDS::DBInstance", "AWS::S3::Bucket"} {
		if !detailed[kind] {
			t.Errorf("%s is not read in detail", kind)
		}
	}
	for _, kind := range strings.Fields(cloudControlKinds) {
		if _, known := converter.Kind(cloud.Kind(kind)); !known {
			t.Errorf("Cloud Control is asked for %s, which CloudFormation does not know", kind)
		}
		if detailed[cloud.Kind(kind)] {
			t.Errorf("%s is read in detail: take it off cloudcontrol.txt", kind)
		}
	}
}

func TestReasons(t *testing.T) {
	t.Parallel()
	bare := func(status int) error {
		return fmt.Errorf("operation error: %w", &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: errors.New("unexpected EOF")})
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{refused("AccessDenied"), "denied: AccessDenied"},
		{refused("Throttling"), "throttled: Throttling"},
		{fmt.Errorf("x: %w", &smithy.GenericAPIError{Code: "DBInstanceNotFound", Message: "id 17 of request 9"}), "not-found: DBInstanceNotFound"},
		{bare(http.StatusBadGateway), "unavailable: HTTP 502 without an AWS error"},
		{bare(http.StatusNotImplemented), "unsupported: HTTP 501 without an AWS error"},
		{bare(http.StatusForbidden), "denied: HTTP 403 without an AWS error"},
		{bare(http.StatusNotFound), "not-found: HTTP 404 without an AWS error"},
		{bare(http.StatusTooManyRequests), "throttled: HTTP 429 without an AWS error"},
		{bare(http.StatusTeapot), "invalid: HTTP 418 without an AWS error"},
		{fault.Newf(fault.Invalid, "read the answer: of a kind\nthat is odd"), "invalid: of a kind that is odd"},
	} {
		if got := reasonOf(c.err); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		header, value string
		want          string
	}{
		{"Retry-After", "3", "3s"}, {"Retry-After", "999999999999", "20s"}, {"Retry-After", "900", "20s"}, {"X-Amz-Retry-After", "250", "250ms"},
		{"Retry-After", "-1", "0s"}, {"Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT", "0s"}, {"Other", "3", "0s"},
	} {
		answer := &http.Response{Header: http.Header{}}
		answer.Header.Set(c.header, c.value)
		err := fmt.Errorf("x: %w", &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: answer}, Err: refused("Throttling")})
		if got := askedToWait(err).String(); got != c.want {
			t.Errorf("%s: %s: %s, want %s", c.header, c.value, got, c.want)
		}
	}
	if askedToWait(refused("Throttling")) != 0 {
		t.Error("an error without an answer asks to wait")
	}
}

func TestLabels(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind  cloud.Kind
		found item
		want  string
	}{
		{"AWS::EC2::Volume", item{"KmsKeyId": "k", "VolumeId": "v"}, "v"},
		{"AWS::Other::Thing", item{"Arn": "a", "ParentId": "p"}, "a"},
		{"AWS::Other::Thing", item{"ParentId": "p", "Size": int64(1)}, "p"},
		{"", item{"Size": int64(1)}, ""},
	} {
		if got := labelOf(c.kind, c.found); got != c.want {
			t.Errorf("%v: %q, want %q", c.found, got, c.want)
		}
	}
}
