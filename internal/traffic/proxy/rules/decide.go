package rules

import (
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Request is what a decision looks at.
type Request struct {
	// Host may have a port. Path is decoded.
	Host, Path, Method string
	// Client is the user's address, as far as trusted proxies tell it.
	Client netip.Addr
	// Headers returns the values of a header, Cookie that of a cookie.
	Headers func(name string) []string
	Cookie  func(name string) (string, bool)
}

// Reason is which part of a route decided.
type Reason string

// The reasons.
const (
	ByRoute  Reason = "route"
	ByCohort Reason = "cohort"
	BySplit  Reason = "split"
)

// Decision says where a request goes.
type Decision struct {
	// Route is the one that matched; nil when none did.
	Route  *Route
	Side   string
	Reason Reason
	Cohort string
	// Key is the new value of the proxy's own cookie, "" when it needs none.
	Key string
}

// OwnCookie is the cookie that keeps who has no other key on a side.
const OwnCookie = "landfall-key"

// Decide returns where a request goes. newKey makes the value of the proxy's
// own cookie, for a split whose key the request does not have.
func (r *Rules) Decide(q Request, newKey func() string) Decision {
	q.Host, q.Path = hostOf(q.Host), cleanPath(q.Path)
	for _, candidate := range r.routes {
		if candidate.matches(q) {
			return candidate.decide(q, r.Salt, newKey)
		}
	}
	return Decision{}
}

// Trusts reports whether the forwarding headers of a peer are believed.
func (r *Rules) Trusts(peer netip.Addr) bool { return r.trusted.contain(peer) }

type networks []netip.Prefix

func (n networks) contain(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(n, func(p netip.Prefix) bool { return p.Contains(a) })
}

// hostOf returns the name alone, lower case.
func hostOf(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// cleanPath is the path that a server will see in the end: without this,
// "/static/../api" would go by the rule of "/static".
func cleanPath(p string) string {
	if p == "" || p[0] != '/' {
		return "/" + strings.TrimPrefix(p, "/")
	}
	if !strings.Contains(p, "//") && !strings.Contains(p, "/.") {
		return p
	}
	clean := path.Clean(p)
	if strings.HasSuffix(p, "/") && clean != "/" {
		clean += "/"
	}
	return clean
}

// route is a route with its expressions compiled.
type route struct {
	*Route
	path    *regexp.Regexp
	headers []value
	cookies []value
	weights []weight
}

type value struct {
	ValueMatch
	expression *regexp.Regexp
}

func (r *Rules) compile() {
	for _, text := range r.TrustedProxies {
		n, _ := network(text) // the check took it
		r.trusted = append(r.trusted, n)
	}
	for i := range r.Config.Routes {
		c := &route{Route: &r.Config.Routes[i]}
		if c.Match.Path.Regexp != "" {
			c.path = whole(c.Match.Path.Regexp)
		}
		c.headers, c.cookies = values(c.Match.Headers), values(c.Match.Cookies)
		if c.Split != nil {
			c.weights = weights(c.Split.Weights)
		}
		r.routes = append(r.routes, c)
	}
}

func whole(text string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + text + `)$`) }

func values(list []ValueMatch) []value {
	out := make([]value, 0, len(list))
	for _, m := range list {
		v := value{ValueMatch: m}
		if m.Regexp != "" {
			v.expression = whole(m.Regexp)
		}
		out = append(out, v)
	}
	return out
}

func (v value) is(s string) bool {
	switch {
	case v.expression != nil:
		return v.expression.MatchString(s)
	case v.Value != "":
		return v.Value == s
	}
	return true
}

func (r *route) matches(q Request) bool {
	if len(r.Match.Methods) > 0 && !slices.Contains(r.Match.Methods, q.Method) {
		return false
	}
	if len(r.Match.Hosts) > 0 && !slices.ContainsFunc(r.Match.Hosts, func(h string) bool { return hostMatches(h, q.Host) }) {
		return false
	}
	if !r.pathMatches(q.Path) {
		return false
	}
	for _, h := range r.headers {
		if !slices.ContainsFunc(q.Headers(h.Name), h.is) {
			return false
		}
	}
	for _, c := range r.cookies {
		if got, ok := q.Cookie(c.Name); !ok || !c.is(got) {
			return false
		}
	}
	return true
}

func hostMatches(pattern, host string) bool {
	pattern = strings.ToLower(pattern)
	if below, ok := strings.CutPrefix(pattern, "*"); ok {
		return strings.HasSuffix(host, below) && len(host) > len(below)
	}
	return pattern == host
}

func (r *route) pathMatches(p string) bool {
	m := r.Match.Path
	switch {
	case m.Exact != "":
		return p == m.Exact
	case m.Prefix != "":
		rest, ok := strings.CutPrefix(p, strings.TrimSuffix(m.Prefix, "/"))
		return ok && (rest == "" && !strings.HasSuffix(m.Prefix, "/") || strings.HasPrefix(rest, "/"))
	case r.path != nil:
		return r.path.MatchString(p)
	}
	return true
}

func (r *route) decide(q Request, salt string, newKey func() string) Decision {
	d := Decision{Route: r.Route, Side: r.Side, Reason: ByRoute}
	for _, c := range r.Cohorts {
		if c.has(q) {
			d.Side, d.Reason, d.Cohort = c.Side, ByCohort, c.Name
			return d
		}
	}
	if r.Split == nil {
		return d
	}
	key, ok := r.Split.Key.of(q)
	if !ok {
		if key, ok = q.Cookie(OwnCookie); !ok || key == "" {
			key = newKey()
			d.Key = key
		}
	}
	d.Side, d.Reason = draw(r.weights, salt, key), BySplit
	return d
}

func (c Cohort) has(q Request) bool {
	if c.Header != "" {
		return slices.ContainsFunc(q.Headers(c.Header), func(v string) bool { return slices.Contains(c.Values, v) })
	}
	v, ok := q.Cookie(c.Cookie)
	return ok && slices.Contains(c.Values, v)
}

// of returns the key that a request brings.
func (k Key) of(q Request) (string, bool) {
	switch {
	case k.Header != "":
		if v := q.Headers(k.Header); len(v) > 0 && v[0] != "" {
			return v[0], true
		}
	case k.Cookie != "":
		if v, ok := q.Cookie(k.Cookie); ok && v != "" {
			return v, true
		}
	case k.Client && q.Client.IsValid():
		return q.Client.Unmap().WithZone("").String(), true
	}
	return "", false
}
