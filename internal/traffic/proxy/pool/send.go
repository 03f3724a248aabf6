package pool

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"example.com/landfall/internal/fault"
)

// Body is what is known of a request's body while it goes out.
type Body struct {
	// Read says that bytes of it were taken, Failed that the user's side of it broke.
	Read, Failed atomic.Bool
}

// Call is one request on its way to a side.
type Call struct {
	// Body is nil for a request without one.
	Body *Body
	// Upgrade says that the connection is to become another protocol's, Shadow
	// that nobody waits for the answer.
	Upgrade, Shadow bool

	// Endpoint is the last one tried, Sent when that was, Headed when its answer
	// began; Tries counts the tries.
	Endpoint     *Endpoint
	Sent, Headed time.Time
	Tries        int

	side *Side
}

// Release ends the call: the caller has read the answer's body, or given up.
func (c *Call) Release() {
	if c.side == nil {
		return
	}
	s := c.side
	c.side = nil
	c.letGo()
	if s.running.Add(-1) == 0 && s.retired.Load() {
		s.ways.closeIdle()
	}
}

func (c *Call) letGo() {
	if c.Endpoint != nil && !c.Shadow {
		c.Endpoint.inFlight.Add(-1)
	}
}

// Send sends a request and returns the answer's head. The caller calls
// c.Release in the end. An error is of kind fault.Unavailable when the side
// has no endpoint to give; any other comes from the connection.
func (s *Side) Send(req *http.Request, c *Call) (*http.Response, error) {
	c.side = s
	s.running.Add(1)
	if !c.Shadow {
		s.budget.request()
	}
	var tried []*Endpoint
	for {
		e := s.pick(tried)
		if e == nil {
			return nil, fault.Of(fault.Unavailable, "find an endpoint of side", s.name, errors.New("each one is down, full or out"))
		}
		c.Endpoint = e
		if !c.Shadow {
			e.inFlight.Add(1)
		}
		c.Tries++
		res, err := s.once(req, c)
		if err == nil {
			return res, nil
		}
		tried = append(tried, e)
		if !s.again(req, c, err, tried) {
			return nil, err
		}
		c.letGo()
		c.Endpoint = nil
	}
}

// again reports whether the request may be sent once more, and pays for it.
func (s *Side) again(req *http.Request, c *Call, err error, tried []*Endpoint) bool {
	if c.Shadow || req.Context().Err() != nil || c.Tries > s.config.Retries.Max {
		return false
	}
	if !safeAgain(req.Method, c.Body, err) {
		return false
	}
	return s.pick(tried) != nil && s.budget.spend()
}

// safeAgain reports whether sending once more can do no harm. Without a
// connection nothing was sent, and the body is whole as long as nobody read
// from it. With one, the server may have acted: only methods that may be
// repeated (RFC 9110, section 9.2.2), without a body, and not after waiting
// for the answer in vain, which would double the wait.
func safeAgain(method string, body *Body, err error) bool {
	if body != nil && body.Read.Load() {
		return false
	}
	if noConnection(err) {
		return true
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return false
	}
	return body == nil && slices.Contains([]string{"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"}, method)
}

func noConnection(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// once sends a request to the endpoint of the call.
func (s *Side) once(req *http.Request, c *Call) (*http.Response, error) {
	out := req.WithContext(req.Context())
	u := *req.URL
	u.Scheme, u.Host = c.Endpoint.URL.Scheme, c.Endpoint.URL.Host
	out.URL = &u
	if s.config.Host != "" {
		out.Host = s.config.Host
	}
	if out.Body != nil && out.Body != http.NoBody {
		// A transport closes the body also when it never had a connection.
		out.Body = held{out.Body}
	}
	c.Sent = s.now()
	res, err := s.way(req, c).RoundTrip(out)
	c.Headed = s.now()
	if !c.Shadow {
		s.judge(req.Context(), c, res, err)
	}
	return res, err
}

func (s *Side) way(req *http.Request, c *Call) *http.Transport {
	switch {
	case c.Shadow:
		return s.ways.shadow
	case !c.Upgrade && IsGRPC(req.Header):
		return s.ways.grpc
	}
	return s.ways.plain
}

// IsGRPC reports whether a request speaks gRPC, which needs HTTP/2 on the
// whole way for its trailers (gRPC, "gRPC over HTTP2").
func IsGRPC(h http.Header) bool {
	rest, ok := strings.CutPrefix(h.Get("Content-Type"), "application/grpc")
	return ok && (rest == "" || rest[0] == '+' || rest[0] == ';')
}

// judge counts for or against the endpoint what is its doing: not a user who
// went away or whose body broke.
func (s *Side) judge(ctx context.Context, c *Call, res *http.Response, err error) {
	if err == nil && res.StatusCode < 500 {
		c.Endpoint.succeeded(s.now(), s.config.Ejection.Time.Std())
		return
	}
	if errors.Is(ctx.Err(), context.Canceled) || c.Body != nil && c.Body.Failed.Load() {
		return
	}
	s.fail(c.Endpoint)
}

type held struct{ io.ReadCloser }

func (held) Close() error { return nil }
