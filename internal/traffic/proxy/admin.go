package proxy

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/traffic/proxy/rules"
	"example.com/landfall/internal/traffic/proxy/shadow"
)

// leastToken is how long a token must be: 16 characters that a machine drew
// cannot be guessed.
const leastToken = 16

func (a Admin) check() error {
	if a.Address == "" {
		return nil
	}
	if len(a.Token) < leastToken {
		return fault.Newf(fault.Usage, "serve the admin API: wants a token of at least %d characters", leastToken).
			Hintf("openssl rand -hex 32 > admin.token, then --admin-token-file admin.token")
	}
	if (a.CertFile == "") != (a.KeyFile == "") {
		return fault.Newf(fault.Usage, "serve the admin API: wants a certificate and its key, or neither")
	}
	host, _, err := net.SplitHostPort(a.Address)
	if err != nil {
		return fault.Of(fault.Usage, "read admin address", a.Address, err)
	}
	ip, err := netip.ParseAddr(host)
	if loopback := host == "localhost" || err == nil && ip.IsLoopback(); !loopback && a.CertFile == "" {
		return fault.Newf(fault.Refused, "serve the admin API at %q: outside loopback the token would cross the network in clear", a.Address).
			Hintf("--admin 127.0.0.1:9901, or --admin-cert and --admin-key")
	}
	return nil
}

// Status is what GET /status answers.
type Status struct {
	Name string `json:"name"`
	// Version counts the configurations of this instance; Fingerprint is equal
	// on instances with the same text.
	Version     int64     `json:"version"`
	Fingerprint string    `json:"fingerprint"`
	Applied     time.Time `json:"applied"`
	Draining    bool      `json:"draining"`
	// Refused is a changed file that is not in use, and why.
	Refused *Refusal                  `json:"refused,omitempty"`
	Weights map[string]map[string]int `json:"weights"`
	// WindowSeconds is the window of the observed shares.
	WindowSeconds int          `json:"windowSeconds"`
	Sides         []SideStatus `json:"sides"`
}

// Status returns the state of the proxy.
func (p *Proxy) Status() Status {
	s := p.state.Load()
	out := Status{
		Name: s.Name, Version: s.version, Fingerprint: s.Fingerprint, Applied: s.applied, Draining: p.draining.Load(),
		Refused: p.refused.Load(), Weights: s.Weights(), WindowSeconds: window,
		Sides: p.stats.status(slices.Collect(maps.Keys(s.sides))),
	}
	for i := range out.Sides {
		side := s.sides[out.Sides[i].Side]
		if side == nil {
			continue // a side of an earlier configuration, with its counts
		}
		conditions := side.Conditions()
		out.Sides[i].Endpoints = conditions
		for _, c := range conditions {
			out.Sides[i].InFlight += c.InFlight
		}
	}
	return out
}

// Weights is the body of PUT /weights. Without a route, each route that is
// split gets them.
type Weights struct {
	Route   string         `json:"route,omitempty"`
	Weights map[string]int `json:"weights"`
}

func (p *Proxy) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /config", func(w http.ResponseWriter, _ *http.Request) {
		s := p.state.Load()
		w.Header().Set("Content-Type", "application/yaml")
		w.Header().Set("ETag", etag(s.Fingerprint))
		_, _ = w.Write(s.Text) // whoever left needs no answer
	})
	mux.HandleFunc("PUT /config", p.putConfig)
	mux.HandleFunc("GET /weights", func(w http.ResponseWriter, _ *http.Request) { p.tellWeights(w, p.state.Load()) })
	mux.HandleFunc("PUT /weights", p.putWeights)
	mux.HandleFunc("POST /drain", func(w http.ResponseWriter, _ *http.Request) { p.Drain(); tell(w, p.Status()) })
	mux.HandleFunc("DELETE /drain", func(w http.ResponseWriter, _ *http.Request) { p.Undrain(); tell(w, p.Status()) })
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { tell(w, p.Status()) })
	mux.HandleFunc("GET /shadow", func(w http.ResponseWriter, _ *http.Request) {
		tell(w, map[string][]shadow.RouteReport{"routes": p.report.Routes()})
	})
	mux.Handle("GET /metrics", p.metrics.handler())
	open := http.NewServeMux()
	open.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { p.probe(w) })
	open.Handle("/", p.guarded(mux))
	return open
}

// guarded lets only bearers of the token through. The digests are compared, so
// that neither the content nor the length of the token shows in the time it takes.
func (p *Proxy) guarded(next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(p.options.Admin.Token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		got := sha256.Sum256([]byte(token))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 || !ok {
			w.Header().Set("WWW-Authenticate", "Bearer")
			complain(w, http.StatusUnauthorized, fault.Newf(fault.Denied, "use the admin API: wants the header Authorization: Bearer TOKEN"))
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// maxAdminBody bounds what the admin API reads: a little more than the longest
// configuration, so that this one is told to be too long.
const maxAdminBody = 2 << 20

func (p *Proxy) putConfig(w http.ResponseWriter, r *http.Request) {
	match := matchOf(r)
	if match == "" {
		complain(w, http.StatusPreconditionRequired, fault.Newf(fault.Usage, "change proxy configuration: wants If-Match with the ETag of GET /config, or *"))
		return
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAdminBody))
	if err != nil {
		complain(w, http.StatusBadRequest, fault.Of(fault.Invalid, "read request", "", err))
		return
	}
	s, err := p.change(match, func(*rules.Rules) ([]byte, error) { return text, nil })
	if err != nil {
		complain(w, statusOf(err), err)
		return
	}
	w.Header().Set("ETag", etag(s.Fingerprint))
	tell(w, p.Status())
}

func (p *Proxy) putWeights(w http.ResponseWriter, r *http.Request) {
	var want Weights
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAdminBody))
	d.DisallowUnknownFields()
	if err := d.Decode(&want); err != nil {
		complain(w, http.StatusBadRequest, fault.Of(fault.Invalid, "read weights", "", err))
		return
	}
	s, err := p.change(matchOf(r), func(present *rules.Rules) ([]byte, error) { return present.WithWeights(want.Route, want.Weights) })
	if err != nil {
		complain(w, statusOf(err), err)
		return
	}
	p.tellWeights(w, s)
}

func (p *Proxy) tellWeights(w http.ResponseWriter, s *state) {
	w.Header().Set("ETag", etag(s.Fingerprint))
	tell(w, map[string]any{"version": s.version, "fingerprint": s.Fingerprint, "weights": s.Weights()})
}

func etag(fingerprint string) string { return `"` + fingerprint + `"` }

func matchOf(r *http.Request) string {
	return strings.Trim(strings.TrimSpace(r.Header.Get("If-Match")), `"`)
}

// statusOf is the status of an error here: a conflict is a precondition that
// does not hold, and what was sent is at fault for an invalid one.
func statusOf(err error) int {
	switch fault.KindOf(err) {
	case fault.Conflict:
		return http.StatusPreconditionFailed
	case fault.Refused:
		return http.StatusConflict
	}
	return fault.HTTPStatus(err)
}

func tell(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // whoever left needs no answer
}

func complain(w http.ResponseWriter, status int, err error) {
	type complaint struct {
		Kind  string   `json:"kind"`
		Texts []string `json:"texts"`
		Hint  string   `json:"hint,omitempty"`
	}
	c := complaint{Kind: string(fault.KindOf(err)), Hint: fault.HintOf(err)}
	if joined, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err); ok {
		for _, one := range joined.Unwrap() {
			c.Texts = append(c.Texts, one.Error())
		}
	} else {
		c.Texts = []string{err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]complaint{"error": c}) // whoever left needs no answer
}
