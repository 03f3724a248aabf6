package proxy

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/renameio/v2"
	"golang.org/x/time/rate"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/traffic/proxy/accesslog"
	"example.com/landfall/internal/traffic/proxy/pool"
	"example.com/landfall/internal/traffic/proxy/rules"
	"example.com/landfall/internal/traffic/proxy/shadow"
)

// Options make a proxy.
type Options struct {
	// File is the configuration. It is watched, and written by the admin API.
	File  string
	Admin Admin
	Log   *slog.Logger
	Now   func() time.Time
	// Listening hears of each address that takes requests; the admin API is "admin".
	Listening func(name, address string)
	// Hangup asks for the access log to be opened anew and the files to be read again.
	Hangup <-chan os.Signal
	// Poll is how often files are looked at, 0 for once a second.
	Poll time.Duration
}

// Admin is where the admin API listens; no address, no API.
type Admin struct {
	Address, Token    string
	CertFile, KeyFile string
}

// Proxy is a proxy that runs or may be run, once.
type Proxy struct {
	options Options
	log     *accesslog.Log
	state   atomic.Pointer[state]
	// base ends requests that outlast the drain.
	base    context.Context
	end     context.CancelFunc
	reverse http.Handler
	stats   *stats
	metrics *metrics
	report  *shadow.Report

	// running counts exchanges, those too whose connection changed its protocol.
	running  atomic.Int64
	draining atomic.Bool
	drained  atomic.Pointer[time.Time]

	// changing is held while the configuration, or its file, changes.
	changing sync.Mutex
	refused  atomic.Pointer[Refusal]
}

// state is a configuration with all that it needs to serve. A request takes
// one at its begin and keeps it.
type state struct {
	*rules.Rules
	version int64
	applied time.Time
	sides   map[string]*pool.Side
	limits  map[string]*rate.Limiter
	mirror  *shadow.Mirror
}

// Refusal says why a changed file is not in use.
type Refusal struct {
	Fingerprint string    `json:"fingerprint"`
	Error       string    `json:"error"`
	At          time.Time `json:"at"`
}

// New reads the configuration and prepares everything that can go wrong before
// the first request.
func New(o Options) (*Proxy, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Poll == 0 {
		o.Poll = time.Second
	}
	if err := o.Admin.check(); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(o.File)
	if err != nil {
		return nil, fault.Wrap(err, "read proxy configuration", o.File)
	}
	parsed, err := rules.Parse(o.File, text)
	if err != nil {
		return nil, err
	}
	p := &Proxy{options: o, stats: newStats(o.Now), report: &shadow.Report{}}
	p.metrics = newMetrics(p)
	p.base, p.end = context.WithCancel(context.Background())
	p.reverse = p.newReverse()
	s, err := p.build(parsed)
	if err != nil {
		return nil, err
	}
	if p.log, err = accesslog.Open(parsed.AccessLog.File); err != nil {
		return nil, err
	}
	p.swap(s)
	return p, nil
}

// build makes the state for a configuration, with the sides of the present one
// that stay as they are. It changes nothing.
func (p *Proxy) build(r *rules.Rules) (*state, error) {
	before := p.state.Load()
	s := &state{Rules: r, version: 1, applied: p.options.Now(), sides: map[string]*pool.Side{}, limits: map[string]*rate.Limiter{}}
	if before != nil {
		s.version = before.version + 1
		if !reflect.DeepEqual(before.Listeners, r.Listeners) || before.AccessLog != r.AccessLog {
			return nil, fault.Newf(fault.Refused, "change proxy configuration: listeners and accessLog cannot change while it runs").
				Hintf("start a second instance with the new listeners, then drain this one")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Sides)) {
		o := pool.Options{Name: name, Config: r.Sides[name], Log: p.options.Log, Now: p.options.Now, Ejected: p.metrics.ejected}
		if before != nil {
			o.Previous = before.sides[name]
		}
		side, err := pool.New(o)
		if err != nil {
			return nil, err
		}
		s.sides[name] = side
	}
	for _, route := range r.Routes {
		if route.Rate.PerSecond > 0 {
			s.limits[route.Name] = limiter(before, route)
		}
	}
	return s, nil
}

// limiter keeps the one of a route whose rate stays: a change elsewhere must
// not give everybody a new burst.
func limiter(before *state, route rules.Route) *rate.Limiter {
	if before != nil {
		if l := before.limits[route.Name]; l != nil && l.Limit() == rate.Limit(route.Rate.PerSecond) && l.Burst() == route.Rate.Burst {
			return l
		}
	}
	return rate.NewLimiter(rate.Limit(route.Rate.PerSecond), route.Rate.Burst)
}

// swap puts a state into use and retires what only the one before it needs.
func (p *Proxy) swap(s *state) {
	before := p.state.Load()
	if before != nil && before.Shadow == s.Shadow {
		s.mirror = before.mirror
	} else {
		s.mirror = shadow.NewMirror(p.base, s.Shadow, p.report, p.options.Now)
	}
	for _, side := range s.sides {
		side.Start(p.base)
	}
	p.state.Store(s)
	p.refused.Store(nil)
	if before == nil {
		return
	}
	for name, side := range before.sides {
		if s.sides[name] != side {
			side.Retire()
		}
	}
	if before.mirror != s.mirror {
		before.mirror.Close()
	}
	p.options.Log.Info("configuration in use", "version", s.version, "fingerprint", s.Fingerprint)
}

// change puts a text into use for which the fingerprint of the present one is
// match ("" or "*" for any), and writes it to the file first, so that a
// restart and an instance that shares the file have it too.
func (p *Proxy) change(match string, next func(*rules.Rules) ([]byte, error)) (*state, error) {
	p.changing.Lock()
	defer p.changing.Unlock()
	before := p.state.Load()
	if match != "" && match != "*" && match != before.Fingerprint {
		return nil, fault.Newf(fault.Conflict, "change proxy configuration: it is %s, not %s", before.Fingerprint, match).Hintf("read it again: GET /config")
	}
	text, err := next(before.Rules)
	if err != nil {
		return nil, err
	}
	parsed, err := rules.Parse("request", text)
	if err != nil {
		return nil, err
	}
	if parsed.Fingerprint == before.Fingerprint {
		return before, nil
	}
	s, err := p.build(parsed)
	if err != nil {
		return nil, err
	}
	if err := p.write(before.Fingerprint, text); err != nil {
		return nil, err
	}
	p.swap(s)
	return s, nil
}

// write replaces the file, unless somebody else changed it meanwhile.
func (p *Proxy) write(expected string, text []byte) error {
	file := p.options.File
	present, err := os.ReadFile(file)
	if err != nil {
		return fault.Wrap(err, "read proxy configuration", file)
	}
	if on, err := rules.Parse(file, present); err == nil && on.Fingerprint != expected {
		return fault.Of(fault.Conflict, "change proxy configuration", file, errors.New("the file was changed and is not in use yet")).Hintf("read it again: GET /config")
	}
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(file); err == nil {
		mode = info.Mode().Perm()
	}
	return fault.Wrap(renameio.WriteFile(file, text, mode), "write proxy configuration", file)
}

// Drain makes the probe say no and the answers close their connections;
// requests are served as before. Undrain takes it back.
func (p *Proxy) Drain() {
	if p.draining.CompareAndSwap(false, true) {
		now := p.options.Now()
		p.drained.Store(&now)
		p.options.Log.Info("draining")
	}
}

// Undrain ends a drain.
func (p *Proxy) Undrain() { p.draining.Store(false) }
