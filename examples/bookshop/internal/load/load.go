package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"time"

	"example.com/landfall/examples/bookshop/internal/journal"
	"example.com/landfall/examples/bookshop/internal/order"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

// Options say what to send. Zero values get the defaults noted.
type Options struct {
	URLs        []string
	Rate        float64 // requests per second
	Duration    time.Duration
	Run         string // part of every order id; letters, digits, '-'
	Seed        uint64
	Mix         Mix
	Resolver    string        // host:port of a DNS server; empty: the system's
	Clients     int           // simulated clients, each with its own DNS cache and connections; 16
	Timeout     time.Duration // of one attempt; 5 s
	Retries     int           // further attempts at an order with an unknown outcome; 5
	MaxInFlight int64         // beyond it a request is counted as "overload" and not sent; 4096
	Journal     *journal.Writer
	Progress    io.Writer // a line each second; nil: none
	Now         func() time.Time
}

func (o *Options) complete() error {
	if o.Mix == nil {
		o.Mix = DefaultMix()
	}
	if o.Clients == 0 {
		o.Clients = 16
	}
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	if o.MaxInFlight == 0 {
		o.MaxInFlight = 4096
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	if o.Rate <= 0 || o.Rate > 100_000 || o.Duration <= 0 || len(o.URLs) == 0 || o.Clients < 1 || o.Retries < 0 {
		return trouble.Of(trouble.Usage, "generate load", "", errors.New("want at least one URL, a rate from 0 to 100000, a duration, one client or more and no negative number of retries"))
	}
	if err := order.CheckID(o.Run + "-c00000000"); err != nil || strings.Contains(o.Run, "_") {
		return trouble.Of(trouble.Usage, "name the run", o.Run, errors.New("want letters, digits, '.' and '-', at most 50"))
	}
	return nil
}

// runner is one run.
type runner struct {
	opts      Options
	clients   []*client
	known     catalogue
	customers *customers
	report    *report
	flights   sync.WaitGroup

	mu     sync.Mutex
	broken error // the journal could not be written
	stop   context.CancelFunc
}

// Run sends load until the duration is over or ctx is done, waits for what is
// on the way, and returns the summary. It returns an error when it cannot
// start, or when the journal cannot be written: orders that are not recorded
// prove nothing, so it stops sending.
func Run(ctx context.Context, opts Options) (Summary, error) {
	if err := opts.complete(); err != nil {
		return Summary{}, err
	}
	r := &runner{opts: opts, customers: newCustomers(opts.Run), report: newReport(opts.Run, opts.Rate)}
	for number := range opts.Clients {
		base, err := url.Parse(strings.TrimRight(opts.URLs[number%len(opts.URLs)], "/"))
		if err != nil || base.Host == "" {
			return Summary{}, trouble.Of(trouble.Usage, "read URL", opts.URLs[number%len(opts.URLs)], err)
		}
		r.clients = append(r.clients, newClient(base, opts, uint64(number)))
	}
	if opts.Clients < len(opts.URLs) {
		return Summary{}, trouble.Of(trouble.Usage, "generate load", "", fmt.Errorf("%d clients for %d URLs: want at least one each", opts.Clients, len(opts.URLs)))
	}
	var err error
	if r.known, err = learn(ctx, r.clients[0]); err != nil {
		return Summary{}, err
	}
	sending, stop := context.WithCancel(ctx)
	defer stop()
	r.stop = stop
	began := opts.Now()
	talked := make(chan struct{})
	go func() { defer close(talked); r.talk(sending, began) }()
	r.send(sending, began)
	// What is on the way is not cancelled when the sending ends: an order
	// that is cut off would turn into an unknown one without need.
	r.flights.Wait()
	elapsed := opts.Now().Sub(began)
	stop()
	<-talked
	for _, c := range r.clients {
		c.close()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.report.summary(elapsed), r.broken
}

// send starts each request when it is due.
func (r *runner) send(ctx context.Context, began time.Time) {
	random := rand.New(rand.NewPCG(r.opts.Seed, 1))
	count := int64(r.opts.Rate * r.opts.Duration.Seconds())
	for i := range count {
		due := began.Add(time.Duration(float64(i) / r.opts.Rate * float64(time.Second)))
		route, seed := r.opts.Mix.pick(random), random.Uint64()
		if !sleepUntil(ctx, due, r.opts.Now) {
			return
		}
		if r.report.began() > r.opts.MaxInFlight {
			r.report.done(route, "overload", "", r.opts.Now().Sub(due))
			continue
		}
		client := r.clients[i%int64(len(r.clients))]
		r.flights.Go(func() {
			class, address := r.request(context.WithoutCancel(ctx), client, route, rand.New(rand.NewPCG(seed, uint64(i))))
			r.report.done(route, class, address, r.opts.Now().Sub(due))
		})
	}
}

// sleepUntil waits until due and returns false when ctx ended before. When due
// has passed it returns at once: the stream catches up.
func sleepUntil(ctx context.Context, due time.Time, now func() time.Time) bool {
	wait := due.Sub(now())
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func (r *runner) talk(ctx context.Context, began time.Time) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			r.report.progress(r.opts.Progress, r.opts.Now().Sub(began))
		}
	}
}

// giveUp stops the run because the journal cannot be written.
func (r *runner) giveUp(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken == nil {
		r.broken = err
	}
	r.stop()
}
