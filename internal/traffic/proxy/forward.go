package proxy

import (
	"context"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"os"
	"strings"
	"sync"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/traffic/proxy/rules"
)

// newReverse returns the standard library's reverse proxy, which drops
// hop-by-hop headers, passes trailers and switches protocols.
func (p *Proxy) newReverse() http.Handler {
	return &httputil.ReverseProxy{
		Rewrite:        rewrite,
		Transport:      forwarder{},
		ModifyResponse: p.answered,
		ErrorHandler:   p.broken,
		BufferPool:     &buffers{},
		ErrorLog:       log.New(io.Discard, "", 0),
	}
}

// forwarder sends through the side that was decided for.
type forwarder struct{}

// RoundTrip sends a request to its side.
func (forwarder) RoundTrip(req *http.Request) (*http.Response, error) {
	x := exchangeOf(req.Context())
	if x.copy != nil {
		x.copy.sent(req)
	}
	return x.side.Send(req, &x.call)
}

// rewrite sets the headers that tell a side who asked.
func rewrite(r *httputil.ProxyRequest) {
	x := exchangeOf(r.In.Context())
	// The query goes on as it came: nothing here reads it, so nothing can be
	// read in two ways.
	r.Out.URL.RawQuery = r.In.URL.RawQuery
	in, out := r.In.Header, r.Out.Header
	through := func(name, own string) {
		if value := in.Get(name); x.trusted && value != "" {
			out.Set(name, value)
		} else {
			out.Set(name, own)
		}
	}
	peer := x.peer.Addr().Unmap().WithZone("").String()
	if before := in.Values("X-Forwarded-For"); x.trusted && len(before) > 0 {
		peer = strings.Join(before, ", ") + ", " + peer
	}
	out.Set("X-Forwarded-For", peer)
	through("X-Forwarded-Proto", schemeOf(x.secure))
	through("X-Forwarded-Host", r.In.Host)
	through("X-Forwarded-Port", localPort(r.In.Context()))
	if !x.trusted {
		out.Del("X-Real-Ip")
	} else if before := in.Values("Forwarded"); len(before) > 0 {
		out["Forwarded"] = before
	}
}

func schemeOf(secure bool) string {
	if secure {
		return "https"
	}
	return "http"
}

func localPort(ctx context.Context) string {
	if a, ok := ctx.Value(http.LocalAddrContextKey).(net.Addr); ok {
		if _, port, err := net.SplitHostPort(a.String()); err == nil {
			return port
		}
	}
	return ""
}

// userOf returns the address of the user: the peer's, or behind trusted
// proxies the last one that none of them has.
func userOf(r *rules.Rules, peer netip.Addr, h http.Header) netip.Addr {
	user := peer
	list := strings.Split(strings.Join(h.Values("X-Forwarded-For"), ","), ",")
	for i := len(list) - 1; i >= 0 && r.Trusts(user); i-- {
		text := strings.TrimSpace(list[i])
		next, err := netip.ParseAddr(text)
		if withPort, errPort := netip.ParseAddrPort(text); errPort == nil {
			next, err = withPort.Addr(), nil
		}
		if err != nil {
			break
		}
		user = next
	}
	return user.Unmap().WithZone("")
}

// answered sees the head of a side's answer before the user does.
func (p *Proxy) answered(res *http.Response) error {
	x := exchangeOf(res.Request.Context())
	x.sideStatus, x.went = res.StatusCode, p.options.Now()
	if x.decision.Key != "" {
		res.Header.Add("Set-Cookie", x.cookie())
	}
	if x.copy != nil {
		x.copy.answered(res)
	}
	return nil
}

// broken answers when the side did not.
func (p *Proxy) broken(_ http.ResponseWriter, r *http.Request, err error) {
	x := exchangeOf(r.Context())
	if x.record.status != 0 {
		return
	}
	status, reason := x.why(err, r.Context())
	p.options.Log.Log(r.Context(), level(status), "no answer from the side", "side", x.decision.Side, "route", x.decision.Route.Name, "status", status, "error", err)
	x.refuse(status, reason)
}

// level keeps what users do to themselves out of an operator's log.
func level(status int) slog.Level {
	if status >= 500 {
		return slog.LevelWarn
	}
	return slog.LevelDebug
}

func (x *exchange) why(err error, ctx context.Context) (status int, reason string) {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok || x.body != nil && x.body.over.Load() {
		return http.StatusRequestEntityTooLarge, "BodyTooLarge"
	}
	// The server takes a read that ends so for a user who left, too.
	if x.body != nil && x.body.late.Load() {
		return http.StatusRequestTimeout, "BodyTimeout"
	}
	timeout, ok := errors.AsType[net.Error](err)
	late := ok && timeout.Timeout() || errors.Is(err, os.ErrDeadlineExceeded)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return http.StatusGatewayTimeout, "RouteTimeout"
	case errors.Is(ctx.Err(), context.Canceled):
		return statusGone, "UserGone"
	case x.body != nil && x.body.state.Failed.Load():
		return http.StatusBadRequest, "BodyBroken"
	case fault.Is(err, fault.Unavailable) && x.call.Endpoint == nil:
		return http.StatusServiceUnavailable, "NoEndpoint"
	case late:
		return http.StatusGatewayTimeout, "SideTimeout"
	}
	return http.StatusBadGateway, "SideBroken"
}

const bufferBytes = 32 << 10

// buffers lends the buffers that bodies are copied with.
type buffers struct{ pool sync.Pool }

// Get lends a buffer.
func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return *p
	}
	return make([]byte, bufferBytes)
}

// Put takes a buffer back.
func (b *buffers) Put(p []byte) { b.pool.Put(&p) }
