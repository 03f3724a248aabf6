package rules

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// Bounds that keep a mistyped number from being taken for a wish.
const (
	maxRoutes    = 1000
	maxEndpoints = 200
)

var nameForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,62})$`)

func (p *problems) check(c *Config) {
	if c.SchemaVersion != 1 {
		p.add("schemaVersion", "got %d, want 1", c.SchemaVersion)
	}
	p.named("name", c.Name)
	if !strings.HasPrefix(c.ProbePath, "/") {
		p.add("probePath", "%q does not begin with a slash", c.ProbePath)
	}
	for i, n := range c.TrustedProxies {
		if _, err := network(n); err != nil {
			p.add(fmt.Sprintf("trustedProxies[%d]", i), "%q is no address and no network", n)
		}
	}
	p.listeners(c.Listeners)
	p.sides(c.Sides)
	p.routes(c)
	positive(p, "shadow.queue", c.Shadow.Queue)
	positive(p, "shadow.concurrency", c.Shadow.Concurrency)
	positive(p, "shadow.bodyBytes", c.Shadow.BodyBytes)
	positive(p, "shadow.timeout", c.Shadow.Timeout)
}

func (p *problems) named(path, name string) {
	if !nameForm.MatchString(name) {
		p.add(path, "%q is no name: lower-case letters, digits, dot, dash, underscore", name)
	}
}

// number is what a bound may be.
type number interface {
	~int | ~int64 | ~float64
}

func positive[N number](p *problems, path string, v N) {
	if v <= 0 {
		p.add(path, "got %v, want more than zero", v)
	}
}

func between[N number](p *problems, path string, v, least, most N) {
	if v < least || v > most {
		p.add(path, "got %v, want %v to %v", v, least, most)
	}
}

func (p *problems) listeners(list []Listener) {
	if len(list) == 0 {
		p.add("listeners", "there is none")
	}
	seen := map[string]bool{}
	for i, l := range list {
		at := fmt.Sprintf("listeners[%d]", i)
		p.named(at+".name", l.Name)
		if seen[l.Name] {
			p.add(at+".name", "%q stands twice", l.Name)
		}
		seen[l.Name] = true
		if host, port, ok := cutPort(l.Address); !ok || host != "" && strings.ContainsAny(host, "/ ") || !isPort(port) {
			p.add(at+".address", "%q is not HOST:PORT or :PORT", l.Address)
		}
		for j, c := range l.Certificates {
			if c.CertFile == "" || c.KeyFile == "" {
				p.add(fmt.Sprintf("%s.certificates[%d]", at, j), "wants certFile and keyFile")
			}
		}
		between(p, at+".headerBytes", l.HeaderBytes, 1024, 1<<20)
		positive(p, at+".connections", l.Connections)
		positive(p, at+".headerTimeout", l.HeaderTimeout)
		positive(p, at+".bodyTimeout", l.BodyTimeout)
		positive(p, at+".idleTimeout", l.IdleTimeout)
	}
}

// cutPort cuts at the last colon; the brackets of an IPv6 address stay.
func cutPort(address string) (host, port string, ok bool) {
	i := strings.LastIndexByte(address, ':')
	if i < 0 || strings.Contains(address[:i], ":") && !strings.HasPrefix(address, "[") {
		return "", "", false
	}
	return address[:i], address[i+1:], true
}

func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}

func (p *problems) sides(all map[string]Side) {
	if len(all) < 2 {
		p.add("sides", "got %d, want two or more: those between which requests move", len(all))
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		p.named("sides."+name, name)
		p.side("sides."+name, all[name])
	}
}

func (p *problems) side(at string, s Side) {
	between(p, at+".endpoints", len(s.Endpoints), 1, maxEndpoints)
	scheme, seen := "", map[string]bool{}
	for i, text := range s.Endpoints {
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
			p.add(fmt.Sprintf("%s.endpoints[%d]", at, i), "not a URL of the form http://HOST:PORT or https://HOST:PORT")
			continue
		}
		if seen[text] || scheme != "" && scheme != u.Scheme {
			p.add(fmt.Sprintf("%s.endpoints[%d]", at, i), "%q stands twice, or has another scheme than the first", text)
		}
		seen[text], scheme = true, u.Scheme
	}
	if !slices.Contains([]Protocol{Auto, HTTP1, HTTP2}, s.Protocol) {
		p.add(at+".protocol", "%q is not auto, http1 or http2", s.Protocol)
	}
	if (s.TLS.CertFile == "") != (s.TLS.KeyFile == "") {
		p.add(at+".tls", "wants certFile and keyFile, or neither")
	}
	if s.TLS != (ClientTLS{}) && scheme == "http" {
		p.add(at+".tls", "the endpoints have no TLS")
	}
	if !validHost(s.Host) || !validHost(s.Health.Host) {
		p.add(at+".host", "%q or %q is no host name", s.Host, s.Health.Host)
	}
	p.health(at+".health", s.Health)
	positive(p, at+".timeouts.connect", s.Timeouts.Connect)
	positive(p, at+".timeouts.header", s.Timeouts.Header)
	positive(p, at+".timeouts.idle", s.Timeouts.Idle)
	positive(p, at+".connections.max", s.Connections.Max)
	between(p, at+".connections.idle", s.Connections.Idle, 0, s.Connections.Max)
	between(p, at+".ejection.failures", s.Ejection.Failures, 0, 1000)
	between(p, at+".ejection.maxPercent", s.Ejection.MaxPercent, 0, 100)
	positive(p, at+".ejection.time", s.Ejection.Time)
	between(p, at+".retries.max", s.Retries.Max, 0, 5)
	between(p, at+".retries.budgetPercent", s.Retries.BudgetPercent, 0, 100)
	p.rate(at+".rate", s.Rate)
}

func validHost(host string) bool { return host == "" || httpguts.ValidHostHeader(host) }

func (p *problems) health(at string, h Health) {
	if h.Path != "" && !strings.HasPrefix(h.Path, "/") {
		p.add(at+".path", "%q does not begin with a slash", h.Path)
	}
	positive(p, at+".interval", h.Interval)
	positive(p, at+".timeout", h.Timeout)
	between(p, at+".rise", h.Rise, 1, 100)
	between(p, at+".fall", h.Fall, 1, 100)
	for i, status := range h.Statuses {
		between(p, fmt.Sprintf("%s.statuses[%d]", at, i), status, 100, 599)
	}
}

func (p *problems) rate(at string, r Rate) {
	between(p, at+".perSecond", r.PerSecond, 0, 1e7)
	if r.PerSecond > 0 && r.Burst < 1 {
		p.add(at+".burst", "got %d, want at least 1 beside perSecond", r.Burst)
	}
}

// network reads a network, or an address as one of its own.
func network(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	n, err := netip.ParsePrefix(text)
	if err != nil {
		return n, err
	}
	return n.Masked(), nil
}
