package web

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"example.com/landfall/examples/bookshop/internal/accesslog"
)

// requestTime bounds one request. The database's own statement_timeout is
// shorter, so that its answer still gets through.
const requestTime = 10 * time.Second

// observe adds what every request gets: a deadline, security headers, the
// access log and the metrics.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := s.opts.Now()
		ctx, cancel := context.WithTimeout(r.Context(), requestTime)
		defer cancel()
		r = r.WithContext(ctx)
		w.Header().Set("Content-Security-Policy", "default-src 'none'; img-src 'self'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Bookshop-Instance", s.opts.Instance)
		counted := &counter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(counted, r)

		finished := s.opts.Now()
		route := r.Pattern // set by the mux: one value per route, whatever the path
		s.opts.Metrics.Requests.WithLabelValues(route, strconv.Itoa(counted.status)).Inc()
		s.opts.Metrics.Duration.WithLabelValues(route).Observe(finished.Sub(began).Seconds())
		s.opts.AccessLog.Add(accesslog.Entry{
			Began: began, Finished: finished, Seconds: finished.Sub(began).Seconds(),
			Balancer: "app/bookshop/" + s.opts.Instance,
			Client:   client(r), Target: local(r),
			Status: counted.status, SentBytes: counted.bytes, ReceivedBytes: max(r.ContentLength, 0),
			Method: r.Method, URL: "http://" + r.Host + r.URL.RequestURI(), Protocol: r.Proto,
			UserAgent: r.UserAgent(), TraceID: r.Header.Get("X-Amzn-Trace-Id"), Host: host(r.Host),
		})
	})
}

// counter remembers the status and counts the bytes of an answer.
type counter struct {
	http.ResponseWriter
	status int
	bytes  int64
	wrote  bool
}

// WriteHeader implements http.ResponseWriter.
func (c *counter) WriteHeader(status int) {
	if !c.wrote {
		c.status, c.wrote = status, true
	}
	c.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (c *counter) Write(p []byte) (int, error) {
	c.wrote = true
	n, err := c.ResponseWriter.Write(p)
	c.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// client is the peer. X-Forwarded-For is not believed: without a list of the
// proxies in front anybody could write it.
func client(r *http.Request) netip.AddrPort {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port())
}

func local(r *http.Request) netip.AddrPort {
	address, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return netip.AddrPort{}
	}
	at, err := netip.ParseAddrPort(address.String())
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

func host(hostport string) string {
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		return h
	}
	return hostport
}
