package proxy

import (
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"time"

	"example.com/landfall/internal/traffic/proxy/accesslog"
	"example.com/landfall/internal/traffic/proxy/pool"
	"example.com/landfall/internal/traffic/proxy/shadow"
)

// finish runs when an exchange is over, also when it was aborted: then the
// handler is on its way out with a panic that the server expects.
func (h *handler) finish(x *exchange) {
	defer h.running.Add(-1)
	x.call.Release()
	ended := h.options.Now()
	failed := x.ended()
	route := ""
	if x.decision.Route != nil {
		route = x.decision.Route.Name
		h.stats.add(x.decision.Side, failed)
		h.metrics.exchange(x, ended)
	}
	if h.log != nil {
		h.log.Add(x.entry(route, ended))
	}
	if x.copy != nil && x.copy.ended && x.record.status == x.sideStatus {
		h.offer(x)
	}
}

// ended settles how the exchange ended and reports whether that is the side's
// failure. An exchange that was cut off has a status already, mostly.
func (x *exchange) ended() (failed bool) {
	if !x.returned {
		switch {
		case x.record.status == 0 || x.request.Context().Err() != nil:
			x.reason = "UserGone"
		default:
			x.reason = "SideAborted"
		}
		if x.record.status == 0 {
			x.record.status = statusGone
		}
		return x.reason == "SideAborted"
	}
	if x.record.status == 0 {
		x.record.status = http.StatusOK
	}
	return x.record.status >= 500
}

// entry tells the exchange as the access log does.
func (x *exchange) entry(route string, ended time.Time) *accesslog.Entry {
	r := x.request
	e := &accesslog.Entry{
		Kind: x.kind(), Front: x.Name, Begun: x.begun, Ended: ended, Client: x.client(),
		Before: -1, Waited: -1, After: -1, Status: x.record.status, SideStatus: x.sideStatus, BytesOut: x.record.bytes,
		Method: r.Method, URL: x.url(), Protocol: r.Proto, UserAgent: r.UserAgent(),
		Side: x.decision.Side, Route: route, Trace: r.Header.Get("X-Amzn-Trace-Id"), Reason: x.reason,
	}
	if x.body != nil {
		e.BytesIn = x.body.bytes.Load()
	}
	if x.call.Endpoint != nil {
		e.Endpoint = x.call.Endpoint.URL.Host
		e.Before = x.call.Sent.Sub(x.begun)
		if x.sideStatus != 0 {
			e.Waited, e.After = x.call.Headed.Sub(x.call.Sent), max(x.went.Sub(x.call.Headed), 0)
		}
	}
	if r.TLS != nil {
		e.ServerName, e.Cipher = r.TLS.ServerName, tls.CipherSuiteName(r.TLS.CipherSuite)
		e.TLSVersion = strings.Replace(tls.VersionName(r.TLS.Version), "TLS ", "TLSv", 1)
	}
	return e
}

// client is the user with the port of the connection: behind a load balancer
// the address alone tells who asked.
func (x *exchange) client() string {
	if !x.user.IsValid() {
		return ""
	}
	_, port, err := net.SplitHostPort(x.request.RemoteAddr)
	if err != nil {
		port = "0"
	}
	return net.JoinHostPort(x.user.String(), port)
}

func (x *exchange) kind() string {
	switch {
	case x.upgrade && x.secure:
		return "wss"
	case x.upgrade:
		return "ws"
	case pool.IsGRPC(x.request.Header) && x.secure:
		return "grpcs"
	case x.request.ProtoMajor == 2 && x.secure:
		return "h2"
	}
	return schemeOf(x.secure)
}

// url writes the port always, as a load balancer does.
func (x *exchange) url() string {
	host := x.request.Host
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(strings.Trim(host, "[]"), localPort(x.request.Context()))
	}
	path := x.request.URL.RequestURI()
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return schemeOf(x.secure) + "://" + host + path
}

// offer hands what was kept to the mirror.
func (h *handler) offer(x *exchange) {
	body, whole := x.copy.bodyOf()
	route := x.decision.Route
	if !whole || x.copy.request == nil {
		h.report.Drop(route.Name)
		return
	}
	c := shadow.Copy{Route: route.Name, Config: *route.Shadow, Request: x.copy.request, Body: body, First: x.copy.answer, Other: sender(x.sides[route.Shadow.Side])}
	if route.Shadow.Repeat && safe(x.request.Method) {
		c.Again = sender(x.side)
	}
	h.state.Load().mirror.Offer(c)
}

func sender(side *pool.Side) shadow.Sender {
	return func(req *http.Request) (*http.Response, func(), error) {
		call := &pool.Call{Shadow: true}
		res, err := side.Send(req, call)
		return res, call.Release, err
	}
}
