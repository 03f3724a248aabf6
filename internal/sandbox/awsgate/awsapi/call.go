package awsapi

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Protocol is the wire protocol of one call.
type Protocol string

// The protocols. A service may speak several (CloudWatch speaks three), so the
// protocol belongs to the call and not to the service.
const (
	JSON10   Protocol = "json-1.0"
	JSON11   Protocol = "json-1.1"
	Query    Protocol = "query"
	EC2      Protocol = "ec2"
	RestJSON Protocol = "rest-json"
	RestXML  Protocol = "rest-xml"
	CBOR     Protocol = "rpc-v2-cbor"
)

// Call is one API call, decoded. It is read-only once it was handed out.
type Call struct {
	// RequestID is the id this call is known by in the answer and in CloudTrail.
	RequestID string
	// Service is the signing name: "ec2", "monitoring", "config", "s3".
	Service string
	// Model is botocore's name of the service's model, which tells apart
	// services that share a signing name: "elb" and "elbv2".
	Model string
	// EventSource is CloudTrail's name of the service: "ec2.amazonaws.com".
	EventSource string
	// Operation is the API name, "DescribeInstances"; "" when the request
	// matches no operation that is known.
	Operation string
	// Version is the API version, "2016-11-15"; "" when unknown.
	Version string
	// Namespace is the XML namespace of the service's answers; "" when it has none.
	Namespace string
	// Region of the credential scope.
	Region string
	// AccessKey that signed the call; "" for an anonymous one.
	AccessKey string
	Protocol  Protocol
	Method    string
	// Path as sent, still escaped: keys of S3 objects depend on it.
	Path   string
	Query  url.Values
	Header http.Header
	// Params is the decoded input: nested map[string]any and []any. Query
	// forms give strings as leaves; JSON gives string, json.Number, bool;
	// CBOR gives its own types and time.Time. Use String, Int, Float, Bool,
	// Time, List and Map, which accept them all. For REST protocols it holds
	// path labels, query parameters and the members of a JSON body. Nil when
	// the body was longer than the parser's limit.
	Params map[string]any
	// Body as far as the parser read it: complete when the whole body was
	// within the limit, which BodyWhole says.
	Body      []byte
	BodyWhole bool
	Identity  Identity
	Time      time.Time
	SourceIP  string
	UserAgent string
}

// Identity is who made a call, in the terms of CloudTrail's userIdentity.
type Identity struct {
	// Type is "Root", "IAMUser", "AssumedRole", "AWSService" or "Unknown".
	Type        string
	PrincipalID string
	ARN         string
	AccountID   string
	AccessKeyID string
	UserName    string
	// Issuer is the role behind an assumed role; nil otherwise.
	Issuer *Issuer
	// SessionStart is when the role was assumed; zero otherwise.
	SessionStart time.Time
	// InvokedBy is the AWS service that made the call; "" otherwise.
	InvokedBy string
	// Admin marks the sandbox's own administrator, which rate limits spare.
	Admin bool
}

// Issuer is the role that an assumed-role session was issued for.
type Issuer struct {
	Type        string
	PrincipalID string
	ARN         string
	AccountID   string
	UserName    string
}

// Outcome is how a call ended.
type Outcome struct {
	// Status is the HTTP status; 0 when no answer was sent.
	Status int
	// Result is the decoded answer of a successful call, in the spelling of
	// the answer; nil when it was empty, binary or longer than the limit.
	Result map[string]any
	// ErrorCode and ErrorMessage are those of the service; "" on success.
	ErrorCode    string
	ErrorMessage string
	// RequestID of the answer.
	RequestID string
	// Duration from the first byte of the request to the last of the answer.
	Duration time.Duration
}

// OK reports whether the call did what was asked.
func (o Outcome) OK() bool { return o.Status >= 200 && o.Status < 400 && o.ErrorCode == "" }

// Service answers calls instead of the control plane behind the gate. Both
// methods are called concurrently.
type Service interface {
	// Answers reports whether this service answers the operation. It must not
	// depend on anything but its arguments and must not block.
	Answers(service, operation string) bool
	// Answer does the operation. The result is encoded in the protocol of the
	// call: values may be string, bool, integers, floats, time.Time, []byte,
	// json.Number, maps with string keys (structures), Entries (AWS maps) and
	// slices of these; nil members are left out. An error that is no *Error is sent as
	// InternalFailure without its text, which may hold what callers must not see.
	Answer(ctx context.Context, call *Call) (map[string]any, error)
}

// Observer is told of every call after its answer was sent. Observed is called
// concurrently, must not keep the context and should return soon: the caller
// of the API waits for nothing, but the gate bounds how many observers run.
type Observer interface {
	Observed(ctx context.Context, call *Call, outcome Outcome)
}

// Entries is a map of the AWS model (arbitrary keys), as opposed to a
// structure (fixed members): query XML writes the two differently.
type Entries map[string]any

// Error is an error answer.
type Error struct {
	// Code is the service's error code: "ThrottlingException".
	Code    string
	Message string
	// Status is the HTTP status; 0 means 400 when Sender, otherwise 500.
	Status int
	// Sender: the caller is at fault.
	Sender bool
}

// Error returns code and message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// HTTPStatus is the status that the error is sent with.
func (e *Error) HTTPStatus() int {
	switch {
	case e.Status != 0:
		return e.Status
	case e.Sender:
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}

// Refuse returns an error that is the caller's fault, with status 400.
func Refuse(code, message string) *Error {
	return &Error{Code: code, Message: message, Status: http.StatusBadRequest, Sender: true}
}
