package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/landfall/internal/traffic/proxy/pool"
	"example.com/landfall/internal/traffic/proxy/shadow"
)

// recorder notes what goes to the user.
type recorder struct {
	http.ResponseWriter
	status  int
	bytes   int64
	closing bool
}

// Unwrap lets the standard library find what the writer below it can do.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// WriteHeader notes the final status; those below 200 come before it.
func (r *recorder) WriteHeader(status int) {
	if status >= 200 && r.status == 0 {
		r.status = status
		// HTTP/2 has no such header; the server says with a GOAWAY that it wants no more.
		if r.closing {
			r.Header().Set("Connection", "close")
		}
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Hijack hands over the connection of an upgrade.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(r.ResponseWriter).Hijack()
	if err == nil {
		r.status = http.StatusSwitchingProtocols
	}
	return conn, rw, err
}

// requestBody is the body of a request on its way to a side. The transport may
// read it for a moment longer than the exchange lasts.
type requestBody struct {
	io.ReadCloser
	state    pool.Body
	over     atomic.Bool
	late     atomic.Bool
	bytes    atomic.Int64
	writer   http.ResponseWriter
	deadline *http.ResponseController
	wait     time.Duration
	copy     *capture
}

func newRequestBody(w http.ResponseWriter, r *http.Request, c *capture) *requestBody {
	return &requestBody{ReadCloser: r.Body, writer: w, copy: c}
}

// bound limits the size, and the wait for the next bytes.
func (b *requestBody) bound(wait time.Duration, most int64) {
	b.ReadCloser = http.MaxBytesReader(b.writer, b.ReadCloser, most)
	b.deadline, b.wait = http.NewResponseController(b.writer), wait
}

func (b *requestBody) Read(p []byte) (int, error) {
	b.state.Read.Store(true)
	if b.deadline != nil {
		// A writer that cannot bound the wait is one without a connection.
		_ = b.deadline.SetReadDeadline(time.Now().Add(b.wait))
	}
	n, err := b.ReadCloser.Read(p)
	b.bytes.Add(int64(n))
	if b.copy != nil {
		b.copy.took(p[:n], errors.Is(err, io.EOF))
	}
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		// The server goes on reading to see whether the user leaves; a bound on
		// that would end a slow exchange.
		if b.deadline != nil {
			_ = b.deadline.SetReadDeadline(time.Time{})
		}
	default:
		// The bound stays: the server reads what is left before it answers.
		_, over := errors.AsType[*http.MaxBytesError](err)
		b.over.Store(over)
		b.late.Store(errors.Is(err, os.ErrDeadlineExceeded))
		b.state.Failed.Store(true)
	}
	return n, err
}

// capture keeps what a copy of a request and its comparison need. The body may
// still be read by a transport when the exchange is over.
type capture struct {
	limit int64

	mu      sync.Mutex
	request *http.Request
	body    []byte
	whole   bool
	cut     bool
	answer  shadow.Answer
	ended   bool
}

func (c *capture) sent(req *http.Request) {
	c.request = req.Clone(req.Context())
	c.request.Body = nil
	c.whole = req.Body == nil || req.Body == http.NoBody
}

func (c *capture) took(p []byte, end bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if int64(len(c.body)+len(p)) > c.limit {
		c.cut = true
		return
	}
	c.body = append(c.body, p...)
	c.whole = c.whole || end
}

// bodyOf returns the request's body, and whether it is all there.
func (c *capture) bodyOf() ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.body), c.whole && !c.cut
}

// answered begins to keep the answer while it goes to the user.
func (c *capture) answered(res *http.Response) {
	c.answer = shadow.Answer{Status: res.StatusCode, Header: res.Header.Clone()}
	res.Body = &tee{ReadCloser: res.Body, capture: c}
}

// tee keeps the first bytes of an answer's body.
type tee struct {
	io.ReadCloser
	capture *capture
	kept    bytes.Buffer
}

func (t *tee) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	a := &t.capture.answer
	if int64(t.kept.Len()+n) > t.capture.limit {
		a.Cut = true
	} else {
		t.kept.Write(p[:n])
	}
	if errors.Is(err, io.EOF) {
		t.capture.ended = true
		if !a.Cut {
			a.Body = t.kept.Bytes()
		}
	}
	return n, err
}
