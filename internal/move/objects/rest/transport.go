package rest

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// idle connections are kept for every request that can be in flight at once
	// (256 to a side), so that none is dialled twice.
	idleConnections = 512
	idleWithin      = 55 * time.Second
	// stall ends a connection on which nothing has moved. It is above the time
	// that Azure takes for a block list of 50,000 blocks, and above idleWithin,
	// since an idle connection is one that waits in a Read.
	stall = 2 * time.Minute
	// A request with a small body, and an answer with one, fit whole: one write
	// and one read of the socket. Two of these for each connection are 48 KiB.
	writeBuffer = 24 << 10
	readBuffer  = 24 << 10
	// piece bounds one write of a large body, so that the deadline of the
	// connection moves while a slow line takes it.
	piece = 1 << 20
)

// TransportOptions are what differs between users of the transport.
type TransportOptions struct {
	// TLS is for authorities besides the system's; nil for none.
	TLS *tls.Config
	// Stall replaces the two minutes after which a connection without movement
	// is given up.
	Stall time.Duration
}

// Transport returns a transport for many requests to one host at once.
func Transport(o TransportOptions) *http.Transport {
	if o.Stall == 0 {
		o.Stall = stall
	}
	dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy: remembered(http.ProxyFromEnvironment),
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &watched{Conn: conn, stall: o.Stall, started: time.Now()}, nil
		},
		TLSClientConfig: o.TLS, TLSHandshakeTimeout: 30 * time.Second,
		// HTTP/1.1 only: one stream for each connection lets the kernel share the
		// line, where HTTP/2 would put all bodies onto one connection.
		ForceAttemptHTTP2: false, TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
		// A body that was compressed for the wire would not be what is stored.
		DisableCompression:  true,
		MaxIdleConns:        2 * idleConnections,
		MaxIdleConnsPerHost: idleConnections,
		IdleConnTimeout:     idleWithin,
		WriteBufferSize:     writeBuffer, ReadBufferSize: readBuffer,
	}
}

// remembered asks once for each change of the host: a driver talks to one, and
// the rules of the environment cost microseconds for each request.
func remembered(ask func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	type answer struct {
		scheme, host string
		proxy        *url.URL
		err          error
	}
	var last atomic.Pointer[answer]
	return func(r *http.Request) (*url.URL, error) {
		if a := last.Load(); a != nil && a.scheme == r.URL.Scheme && a.host == r.URL.Host {
			return a.proxy, a.err
		}
		proxy, err := ask(r)
		last.Store(&answer{r.URL.Scheme, r.URL.Host, proxy, err})
		return proxy, err
	}
}

// watched is a connection that gives up when nothing moves on it. Deadlines of
// the connection cost no timer and no goroutine for a request.
type watched struct {
	net.Conn
	stall   time.Duration
	started time.Time
	until   atomic.Int64 // of started, in nanoseconds
}

// push moves the deadline when an eighth of it has passed, so that a busy
// connection seldom touches the runtime's timers.
func (w *watched) push() {
	now := time.Since(w.started)
	if time.Duration(w.until.Load())-now > w.stall-w.stall/8 {
		return
	}
	w.until.Store(int64(now + w.stall))
	// An error here comes back from the Read or Write that follows.
	_ = w.Conn.SetDeadline(w.started.Add(now + w.stall))
}

func (w *watched) Read(p []byte) (int, error) {
	w.push()
	return w.Conn.Read(p)
}

func (w *watched) Write(p []byte) (n int, err error) {
	for len(p) > 0 || n == 0 {
		w.push()
		k, err := w.Conn.Write(p[:min(len(p), piece)])
		n += k
		if err != nil || k == len(p) {
			return n, err
		}
		p = p[k:]
	}
	return n, nil
}

// ReadFrom writes the rest of a Payload from where it lies. net/http hands the
// bodies of large requests over this way (through an io.LimitedReader), and
// would copy them in pieces of 32 KiB otherwise, with a system call for each.
func (w *watched) ReadFrom(r io.Reader) (int64, error) {
	limited, ok := r.(*io.LimitedReader)
	if !ok {
		return io.Copy(onlyWriter{w}, r)
	}
	payload, ok := limited.R.(*Payload)
	if !ok {
		return io.Copy(onlyWriter{w}, r)
	}
	rest := payload.rest(limited.N)
	n, err := w.Write(rest)
	payload.at += n
	limited.N -= int64(n)
	return int64(n), err
}

// onlyWriter hides ReadFrom, which io.Copy would call again.
type onlyWriter struct{ io.Writer }

// Payload is the body of one request that lies in memory.
type Payload struct {
	body []byte
	at   int
	gone chan struct{}
	once sync.Once
}

// NewPayload returns a reader of body, which must not change before Wait has
// returned.
func NewPayload(body []byte) *Payload { return &Payload{body: body, gone: make(chan struct{})} }

// Wait returns when the transport has let go of the body. That can be later
// than the answer, which a service may give before it has read everything; a
// buffer that is used again before then would be sent with other bytes in it.
func (p *Payload) Wait() { <-p.gone }

func (p *Payload) rest(limit int64) []byte {
	return p.body[p.at : p.at+int(min(limit, int64(len(p.body)-p.at)))]
}

func (p *Payload) Read(into []byte) (int, error) {
	if p.at == len(p.body) {
		return 0, io.EOF
	}
	n := copy(into, p.body[p.at:])
	p.at += n
	return n, nil
}

func (p *Payload) Close() error {
	p.once.Do(func() { close(p.gone) })
	return nil
}
