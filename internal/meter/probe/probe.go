package probe

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/meter"
)

// The caps and defaults.
const (
	// SafeRate is the highest rate that needs no permission.
	SafeRate         = 50.0
	maxRate          = 100_000.0
	maxDuration      = 24 * time.Hour
	maxRequests      = 50_000_000
	defaultInFlight  = 256
	defaultTimeout   = 30 * time.Second
	matchBytes       = 64 << 10
	maxAnswerBytes   = 256 << 20
	defaultUserAgent = "landfall-probe"
)

// Options say what is sent, and how.
type Options struct {
	// Targets are from Parse.
	Targets []Target
	// Rate is in requests per second, over all targets.
	Rate float64
	// Duration is measured, after WarmUp, whose requests are sent and not
	// counted.
	Duration, WarmUp time.Duration
	// Arrivals is Poisson when empty. The same Seed gives the same arrivals.
	Arrivals Arrivals
	Seed     uint64
	// MaxInFlight bounds the requests on the way, 256 when 0. What is due
	// beyond is counted as dropped.
	MaxInFlight int
	// Timeout bounds one request, 30 s when 0.
	Timeout time.Duration
	// Follow goes after redirects; each is part of the same request then.
	Follow bool
	// TLS holds authorities, a client certificate and the like; nil is the
	// system's.
	TLS *tls.Config
	// Proxy is asked for the proxy of a request; nil means none.
	Proxy func(*http.Request) (*url.URL, error)
	// Allow permits a rate above SafeRate, Unsafe methods besides GET and HEAD.
	Allow, Unsafe bool
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	Log *slog.Logger
}

// Meter sends the load each time it is asked.
type Meter struct{ o Options }

var _ meter.Meter = (*Meter)(nil)

// New checks the options. Error kinds: Usage, and Refused for what needs Allow
// or Unsafe.
func New(o Options) (*Meter, error) {
	if o.Arrivals == "" {
		o.Arrivals = Poisson
	}
	if o.MaxInFlight == 0 {
		o.MaxInFlight = defaultInFlight
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	return &Meter{o}, nil
}

func (o *Options) check() error {
	usage := func(why string) error { return fault.Newf(fault.Usage, "prepare probe: %s", why) }
	switch {
	case len(o.Targets) == 0 || !slices.ContainsFunc(o.Targets, func(t Target) bool { return t.Weight > 0 }):
		return usage("there is no request to send")
	case !(o.Rate > 0) || o.Rate > maxRate:
		return usage("the rate must be above 0 and at most 100000 a second")
	case o.Duration <= 0 || o.WarmUp < 0 || o.Duration > maxDuration || o.WarmUp > maxDuration:
		return usage("the duration must be above zero and at most a day")
	case o.Rate*(o.Duration+o.WarmUp).Seconds() > maxRequests:
		return usage("more than 50 million requests")
	case o.MaxInFlight < 0 || o.MaxInFlight > 100_000 || o.Timeout < 0:
		return usage("requests on the way and time-out must be above zero")
	case o.Arrivals != Poisson && o.Arrivals != Constant:
		return usage(`arrivals must be "poisson" or "constant"`)
	case o.Rate > SafeRate && !o.Allow:
		return fault.Newf(fault.Refused, "prepare probe: %g requests a second is more than %g at a service in production", o.Rate, SafeRate).Hintf("landfall probe --allow, once its owners agree")
	}
	for i := range o.Targets {
		t := &o.Targets[i]
		if t.URL == nil {
			return usage("a request has no url")
		}
		if t.Method != http.MethodGet && t.Method != http.MethodHead && !o.Unsafe {
			return fault.Of(fault.Refused, "prepare probe: the method may change something", t.String(), nil).Hintf("landfall probe --unsafe, where that is meant")
		}
	}
	return nil
}

// Query sends the whole load and waits for what is on the way. Cancelled half
// way it stops sending and returns the context's error.
func (m *Meter) Query(ctx context.Context, r meter.Request) (meter.Answer, error) {
	transport := &http.Transport{Proxy: m.o.Proxy, TLSClientConfig: m.o.TLS.Clone(), ForceAttemptHTTP2: true, MaxIdleConns: m.o.MaxInFlight, MaxIdleConnsPerHost: m.o.MaxInFlight,
		IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: m.o.Timeout, MaxResponseHeaderBytes: 1 << 20, DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	if !m.o.Follow {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	run := &run{o: &m.o, client: client, places: make(chan struct{}, m.o.MaxInFlight)}
	run.group(r.Resources)
	if err := run.send(ctx); err != nil {
		return meter.Answer{}, fault.Wrap(err, "send the probe", "")
	}
	m.o.Log.Info("probe sent", "requests", run.sent, "dropped", run.dropped, "late", run.latest.String())
	return run.answer(), nil
}

// run is one load.
type run struct {
	o       *Options
	client  *http.Client
	began   time.Time
	places  chan struct{} // one for each request on the way
	flights sync.WaitGroup

	// Of the sending goroutine alone until it ended.
	sent, dropped int64
	// latest is how late the probe itself was with the worst request.
	latest time.Duration

	mu sync.Mutex
	// tallies are one for each flow, of is the tally of each target.
	tallies []*tally
	of      []*tally
}

// send starts each request when it is due.
func (r *run) send(ctx context.Context) error {
	r.began = r.o.Now()
	defer r.flights.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for a := range schedule(r.o) {
		if wait := a.due - r.o.Now().Sub(r.began); wait > 0 {
			timer.Reset(wait)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-timer.C:
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		r.latest = max(r.latest, r.o.Now().Sub(r.began)-a.due)
		select {
		case r.places <- struct{}{}:
		default:
			r.drop(a)
			continue
		}
		r.sent++
		r.flights.Go(func() {
			defer func() { <-r.places }()
			result := r.request(ctx, &r.o.Targets[a.target], r.began.Add(a.due))
			r.count(a, result)
		})
	}
	r.flights.Wait()
	return ctx.Err()
}

func (r *run) drop(a arrival) {
	if a.due < r.o.WarmUp {
		return
	}
	r.dropped++
	r.count(a, result{class: classDropped})
}

// classOf is the class of an HTTP answer that was not as it should be.
func classOf(t *Target, status int) string {
	switch {
	case t.expected(status):
		return ""
	case status >= 500:
		return "5xx"
	case status >= 400:
		return "4xx"
	}
	return "unexpected status"
}

// host drops the port that goes without saying, as access logs do.
func host(u *url.URL) string { return strings.ToLower(u.Hostname()) }
