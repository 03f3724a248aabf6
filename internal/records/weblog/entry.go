package weblog

import "time"

// Source is the kind of log an entry comes from.
type Source string

// The kinds of logs.
const (
	ALB        Source = "alb"
	NLB        Source = "nlb"
	ClassicELB Source = "classic-elb"
	CloudFront Source = "cloudfront"
	S3         Source = "s3"
	// Common is the common log format of web servers, and the combined one,
	// which has the referrer and the agent besides.
	Common Source = "common"
	JSON   Source = "json"
)

// None is the duration of a part that the log does not know.
const None time.Duration = -1

// Entry is one request (for network load balancers: one connection) of an
// access log. Empty strings, zero numbers and negative durations are not known.
type Entry struct {
	// Time is when the entry was made: mostly when the answer had been sent.
	Time   time.Time
	Source Source
	Method string
	Scheme string
	// Host is the requested name without port, lower case; Port the listener's.
	Host string
	Port int
	// Path is the requested path without the query, as it was sent; Query comes
	// without its "?".
	Path, Query string
	// Status is what the front answered, TargetStatus what the target answered.
	Status, TargetStatus int
	// RequestTime is until the target got the request, TargetTime until its
	// answer began, ResponseTime until the front began to send it; Took is all of
	// it as far as the log knows. Negative: none.
	RequestTime, TargetTime, ResponseTime, Took time.Duration
	// BytesIn came from the client, BytesOut went to it.
	BytesIn, BytesOut int64
	// Client is the address that asked, without port.
	Client string
	// Target is "address:port", "" when none was chosen or it has no address
	// (a function); TargetGroup is an ARN.
	Target, TargetGroup string
	// Front is the load balancer's, distribution's or bucket's name in the log.
	Front string
	// Principal is the ARN or canonical id that signed the request (S3).
	Principal string
	// Operation is the S3 operation ("REST.GET.OBJECT") or an error reason of
	// the load balancer ("LambdaInvalidResponse").
	Operation, Reason string
	UserAgent         string
}

// reset clears the entry for the next line.
func (e *Entry) reset(s Source) {
	*e = Entry{Source: s, RequestTime: None, TargetTime: None, ResponseTime: None, Took: None}
}

// Failed reports whether the request ended in an error of the serving side
// (5xx): the client's own mistakes do not count.
func (e *Entry) Failed() bool { return e.Status >= 500 || e.TargetStatus >= 500 }
