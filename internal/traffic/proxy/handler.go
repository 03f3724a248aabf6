package proxy

import (
	"context"
	"crypto/rand"
	"math"
	mathrand "math/rand/v2"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/traffic/proxy/pool"
	"example.com/landfall/internal/traffic/proxy/rules"
)

// statusGone stands in the log for a user who left before the answer began, as
// other proxies write it; nothing is sent.
const statusGone = 499

// handler serves one listener.
type handler struct {
	*Proxy
	listener rules.Listener
}

// exchange is one request on its way.
type exchange struct {
	*state
	begun   time.Time
	request *http.Request
	secure  bool
	upgrade bool
	// stream says that both directions flow for as long as they like (gRPC).
	stream   bool
	peer     netip.AddrPort
	user     netip.Addr
	trusted  bool
	decision rules.Decision
	side     *pool.Side
	call     pool.Call
	body     *requestBody
	record   recorder
	copy     *capture
	// sideStatus is what the side answered, went when its answer went on.
	sideStatus int
	went       time.Time
	reason     string
	// returned says that the handler came back and was not aborted.
	returned bool
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// ServeHTTP answers the probe, and everything else through a side.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := h.state.Load()
	if r.URL.Path == s.ProbePath {
		h.probe(w)
		return
	}
	x := h.begin(s, w, r)
	h.running.Add(1)
	defer h.finish(x)
	if status, reason := h.admit(x, w, r); status != 0 {
		x.refuse(status, reason)
		x.returned = true
		return
	}
	ctx := context.WithValue(r.Context(), exchangeKey{}, x)
	if t := x.decision.Route.Timeout.Std(); t > 0 && !x.upgrade {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, t)
		defer cancel()
	}
	out := r.WithContext(ctx)
	if x.body != nil {
		out.Body = x.body
	}
	h.reverse.ServeHTTP(&x.record, out)
	x.returned = true
	if x.record.status == statusGone {
		// A handler that says nothing says 200; this one ends the connection.
		panic(http.ErrAbortHandler)
	}
}

func (p *Proxy) probe(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	if p.draining.Load() {
		w.Header().Set("Connection", "close")
		http.Error(w, "draining", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ok\n")) // whoever left needs no answer
}

func (h *handler) begin(s *state, w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{state: s, begun: h.options.Now(), request: r, secure: r.TLS != nil, record: recorder{ResponseWriter: w, closing: h.draining.Load()}}
	x.peer, _ = netip.ParseAddrPort(r.RemoteAddr) // a peer without an address is not trusted
	x.trusted = s.Trusts(x.peer.Addr())
	x.user = userOf(s.Rules, x.peer.Addr(), r.Header)
	// Only this protocol is switched to: an upgrade to HTTP/2 would let a user
	// talk to the side past every rule.
	if up := r.Header.Get("Upgrade"); up != "" {
		if x.upgrade = strings.EqualFold(up, "websocket") && r.ProtoMajor == 1; !x.upgrade {
			r.Header.Del("Upgrade")
		}
	}
	r.Header.Del(rules.OwnHeader)
	x.stream = pool.IsGRPC(r.Header) && r.ProtoMajor == 2
	if r.ContentLength != 0 && !x.stream && !x.upgrade {
		// Also for a body that nobody asks for: the server reads it before it
		// answers. A writer that cannot bound the wait has no connection.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(h.listener.BodyTimeout.Std()))
	}
	return x
}

// admit decides where the request goes; a status other than 0 says that it goes nowhere.
func (h *handler) admit(x *exchange, w http.ResponseWriter, r *http.Request) (status int, reason string) {
	if r.Method == http.MethodConnect {
		return http.StatusMethodNotAllowed, "Connect"
	}
	x.decision = x.Decide(requestOf(r, x.user), rand.Text)
	route := x.decision.Route
	if route == nil {
		return http.StatusNotFound, "NoRoute"
	}
	x.side = x.sides[x.decision.Side]
	if limit := x.limits[route.Name]; limit != nil && !limit.AllowN(x.begun, 1) {
		return http.StatusTooManyRequests, "RouteRate"
	}
	if !x.side.Admit() {
		return http.StatusTooManyRequests, "SideRate"
	}
	if r.ContentLength > route.BodyBytes && !x.stream {
		return http.StatusRequestEntityTooLarge, "BodyTooLarge"
	}
	x.call.Upgrade = x.upgrade
	x.copy = h.wantsCopy(x, r)
	if r.ContentLength != 0 && r.Body != nil && r.Body != http.NoBody {
		x.body = newRequestBody(w, r, x.copy)
		if !x.stream {
			x.body.bound(h.listener.BodyTimeout.Std(), route.BodyBytes)
		}
		x.call.Body = &x.body.state
	}
	return 0, ""
}

func requestOf(r *http.Request, user netip.Addr) rules.Request {
	return rules.Request{
		Host: r.Host, Path: r.URL.Path, Method: r.Method, Client: user, Headers: r.Header.Values,
		Cookie: func(name string) (string, bool) {
			c, err := r.Cookie(name)
			if err != nil {
				return "", false
			}
			return c.Value, true
		},
	}
}

// wantsCopy returns where to keep what a copy needs, nil for no copy.
func (h *handler) wantsCopy(x *exchange, r *http.Request) *capture {
	c := x.decision.Route.Shadow
	if c == nil || c.Side == x.decision.Side || x.upgrade || x.stream || mathrand.IntN(rules.Whole) >= c.Share {
		return nil
	}
	if len(c.Methods) == 0 && !safe(r.Method) || len(c.Methods) > 0 && !slices.Contains(c.Methods, r.Method) {
		return nil
	}
	return &capture{limit: x.Shadow.BodyBytes}
}

// safe reports whether a method changes nothing (RFC 9110, section 9.2.1).
func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// refuse gives an answer of the proxy's own.
func (x *exchange) refuse(status int, reason string) {
	x.reason = reason
	if status == statusGone {
		x.record.status = status
		return
	}
	h := x.record.Header()
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
	h.Set("Cache-Control", "no-store")
	h.Set("X-Landfall-Proxy", reason)
	http.Error(&x.record, strconv.Itoa(status)+" "+http.StatusText(status), status)
}

// cookieAge keeps a user on a side for longer than a canary lasts.
const cookieAge = 90 * 24 * time.Hour

func (x *exchange) cookie() string {
	secure := x.secure || x.trusted && strings.EqualFold(x.request.Header.Get("X-Forwarded-Proto"), "https")
	c := http.Cookie{Name: rules.OwnCookie, Value: x.decision.Key, Path: "/", MaxAge: int(math.Round(cookieAge.Seconds())), HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode}
	return c.String()
}
