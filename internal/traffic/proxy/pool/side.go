package pool

import (
	"context"
	"log/slog"
	"net/url"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/traffic/proxy/rules"
)

// Options make a side.
type Options struct {
	Name   string
	Config rules.Side
	// Previous is the side of this name under the configuration before: what is
	// known of endpoints that stay is kept.
	Previous *Side
	Log      *slog.Logger
	Now      func() time.Time
	// Ejected hears of each ejection.
	Ejected func(side string)
}

// Side is a side with its endpoints. Its methods may be called at once by many.
type Side struct {
	name      string
	config    rules.Side
	material  material
	ways      transports
	endpoints []*Endpoint
	next      atomic.Uint64
	limit     *rate.Limiter
	budget    *budget
	log       *slog.Logger
	now       func() time.Time
	ejected   func(string)

	running atomic.Int64
	retired atomic.Bool
	// ejecting keeps two ejections at once from taking more than the share.
	ejecting sync.Mutex
	stop     context.CancelFunc
	checks   sync.WaitGroup
}

// New returns the side, which is Previous itself where nothing changed. It
// reads the TLS files that the configuration names.
func New(o Options) (*Side, error) {
	first, err := url.Parse(o.Config.Endpoints[0])
	if err != nil {
		return nil, fault.Of(fault.Invalid, "read endpoint", "", err)
	}
	m, err := readMaterial(o.Config, first.Scheme == "https")
	if err != nil {
		return nil, fault.Wrap(err, "set up side", o.Name)
	}
	if p := o.Previous; p != nil && reflect.DeepEqual(p.config, o.Config) && p.material.sum == m.sum {
		return p, nil
	}
	s := &Side{
		name: o.Name, config: o.Config, material: m, ways: newTransports(o.Config, m.config),
		budget: newBudget(o.Config.Retries.BudgetPercent), log: o.Log, now: o.Now, ejected: o.Ejected,
	}
	if r := o.Config.Rate; r.PerSecond > 0 {
		s.limit = rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst)
	}
	for _, text := range o.Config.Endpoints {
		u, err := url.Parse(text)
		if err != nil {
			return nil, fault.Of(fault.Invalid, "read endpoint", "", err)
		}
		s.endpoints = append(s.endpoints, s.endpoint(u, o.Previous))
	}
	return s, nil
}

func (s *Side) endpoint(u *url.URL, previous *Side) *Endpoint {
	e := &Endpoint{URL: u}
	if previous == nil || previous.config.Health.Path != s.config.Health.Path {
		return e
	}
	for _, old := range previous.endpoints {
		if *old.URL == *u {
			old.mu.Lock()
			e.state = old.state
			old.mu.Unlock()
		}
	}
	return e
}

// Start begins the active checks. Retire ends them.
func (s *Side) Start(ctx context.Context) {
	if s.stop != nil {
		return
	}
	ctx, s.stop = context.WithCancel(ctx)
	if s.config.Health.Path == "" {
		return
	}
	for _, e := range s.endpoints {
		s.checks.Go(func() { s.watch(ctx, e) })
	}
}

// Retire ends the checks. Requests that run end undisturbed; the connections
// close when the last of them did.
func (s *Side) Retire() {
	s.retired.Store(true)
	if s.stop != nil {
		s.stop()
	}
	s.checks.Wait()
	if s.running.Load() == 0 {
		s.ways.closeIdle()
	}
}

// Admit reports whether the rate limit takes one more request.
func (s *Side) Admit() bool { return s.limit == nil || s.limit.AllowN(s.now(), 1) }

// Conditions returns the state of each endpoint.
func (s *Side) Conditions() []Condition {
	now, out := s.now(), make([]Condition, 0, len(s.endpoints))
	for _, e := range s.endpoints {
		out = append(out, e.condition(now))
	}
	return out
}

// pick returns the usable endpoint with the fewest requests under way, none of
// those that were tried; nil when there is none. Ties go around.
func (s *Side) pick(tried []*Endpoint) *Endpoint {
	now, start := s.now(), s.next.Add(1)
	var best *Endpoint
	for i := range s.endpoints {
		e := s.endpoints[(start+uint64(i))%uint64(len(s.endpoints))]
		load := e.inFlight.Load()
		if load >= int64(s.config.Connections.Max) || slices.Contains(tried, e) || !e.usable(now) {
			continue
		}
		if best == nil || load < best.inFlight.Load() {
			best = e
		}
	}
	return best
}

// fail counts a failure of an endpoint and takes it out when there were too
// many in a row, unless too many are out already.
func (s *Side) fail(e *Endpoint) {
	c := s.config.Ejection
	if n := e.failed(); c.Failures == 0 || n < c.Failures {
		return
	}
	s.ejecting.Lock()
	defer s.ejecting.Unlock()
	now, out := s.now(), 1
	if !e.usable(now) {
		return
	}
	for _, other := range s.endpoints {
		if other != e && !other.usable(now) {
			out++
		}
	}
	if out*100 > c.MaxPercent*len(s.endpoints) {
		return
	}
	e.eject(now, c.Time.Std())
	s.log.Warn("endpoint taken out after failures in a row", "side", s.name, "endpoint", e.URL.Host)
	if s.ejected != nil {
		s.ejected(s.name)
	}
}
