package awsgate

import (
	"net"
	"net/http"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// throttled is the error by which the call's service asks to slow down. The
// names differ by service and clients retry by name.
func throttled(c *awsapi.Call) *awsapi.Error {
	e := &awsapi.Error{Code: "ThrottlingException", Message: "Rate exceeded", Status: http.StatusBadRequest, Sender: true}
	switch {
	case c.Service == "s3":
		return &awsapi.Error{Code: "SlowDown", Message: "Please reduce your request rate.", Status: http.StatusServiceUnavailable}
	case c.Protocol == awsapi.EC2:
		return &awsapi.Error{Code: "RequestLimitExceeded", Message: "Request limit exceeded.", Status: http.StatusServiceUnavailable}
	case c.Service == "dynamodb":
		e.Code, e.Message = "ProvisionedThroughputExceededException", "The level of configured provisioned throughput for the table was exceeded."
	case c.Service == "lambda":
		e.Code, e.Status = "TooManyRequestsException", http.StatusTooManyRequests
	case c.Service == "sqs" && c.Protocol != awsapi.Query:
		e.Code = "RequestThrottled"
	case c.Protocol == awsapi.Query || c.Protocol == awsapi.RestXML:
		e.Code = "Throttling"
	case c.Protocol == awsapi.RestJSON:
		e.Status = http.StatusTooManyRequests
	}
	return e
}

func internalError(c *awsapi.Call) *awsapi.Error {
	code := "InternalFailure"
	switch {
	case c.Service == "s3", c.Protocol == awsapi.EC2:
		code = "InternalError"
	case c.Service == "dynamodb":
		code = "InternalServerError"
	}
	return &awsapi.Error{Code: code, Message: "We encountered an internal error. Please try again.", Status: http.StatusInternalServerError}
}

// cut resets the connection: the client reads ECONNRESET, not an empty answer.
func cut(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		if tcp, ok := connection.(*net.TCPConn); ok {
			// Linger 0 makes the close a reset.
			_ = tcp.SetLinger(0)
		}
		_ = connection.Close()
	}
	panic(http.ErrAbortHandler)
}

// blackHole takes an answer that nobody will see.
type blackHole struct{ header http.Header }

func newBlackHole() *blackHole { return &blackHole{header: http.Header{}} }

func (b *blackHole) Header() http.Header         { return b.header }
func (b *blackHole) Write(p []byte) (int, error) { return len(p), nil }
func (b *blackHole) WriteHeader(int)             {}
