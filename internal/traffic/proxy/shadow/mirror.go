package shadow

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"example.com/landfall/internal/traffic/proxy/rules"
)

// Sender sends a request to a side. done is called when the answer was read.
type Sender func(*http.Request) (res *http.Response, done func(), err error)

// Copy is a request that was answered, to be sent again.
type Copy struct {
	Route  string
	Config rules.Shadow
	// Request has the headers that went to the side; Body is its whole body.
	Request *http.Request
	Body    []byte
	// First is the answer that the user got.
	First Answer
	// Other goes to the other side, Again to the first one; nil to ask only once.
	Other, Again Sender
}

// Mirror sends copies. Its methods may be called at once by many.
type Mirror struct {
	limits rules.ShadowLimits
	report *Report
	now    func() time.Time
	queue  chan Copy
	over   sync.WaitGroup
	stop   context.CancelFunc
}

// NewMirror starts the workers; Close ends them.
func NewMirror(ctx context.Context, limits rules.ShadowLimits, report *Report, now func() time.Time) *Mirror {
	ctx, stop := context.WithCancel(ctx)
	m := &Mirror{limits: limits, report: report, now: now, queue: make(chan Copy, limits.Queue), stop: stop}
	for range limits.Concurrency {
		m.over.Go(func() { m.work(ctx) })
	}
	return m
}

// Close ends the workers; copies that wait are not sent.
func (m *Mirror) Close() {
	m.stop()
	m.over.Wait()
}

// Offer takes a copy, or drops and counts it when the queue is full. It never waits.
func (m *Mirror) Offer(c Copy) {
	select {
	case m.queue <- c:
	default:
		m.report.Drop(c.Route)
	}
}

func (m *Mirror) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-m.queue:
			m.compare(ctx, c)
		}
	}
}

func (m *Mirror) compare(ctx context.Context, c Copy) {
	other, err := m.ask(ctx, c, c.Other)
	if err != nil {
		m.report.Fail(c.Route)
		return
	}
	all := Compare(c.First, other, c.Config.Headers)
	o := Outcome{Route: c.Route, At: m.now(), Cut: c.First.Cut || other.Cut}
	// Equal answers need no second call to tell them apart.
	if c.Again != nil && len(all) > 0 {
		again, err := m.ask(ctx, c, c.Again)
		if err == nil {
			o.Natural, o.Repeated = Compare(c.First, again, c.Config.Headers), true
		}
	}
	o.Repeated = o.Repeated || len(all) == 0
	o.Counted = Without(all, o.Natural, c.Config.Ignore)
	m.report.Add(o)
}

func (m *Mirror) ask(ctx context.Context, c Copy, send Sender) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, m.limits.Timeout.Std())
	defer cancel()
	req := c.Request.Clone(ctx)
	req.Header.Set(rules.OwnHeader, "1")
	req.Header.Del("Expect") // the body is here already
	req.Body, req.ContentLength = http.NoBody, int64(len(c.Body))
	if len(c.Body) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(c.Body))
	}
	res, done, err := send(req)
	defer done()
	if err != nil {
		return Answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, m.limits.BodyBytes+1))
	if err != nil {
		return Answer{}, err
	}
	a := Answer{Status: res.StatusCode, Header: res.Header, Body: body}
	if a.Cut = int64(len(body)) > m.limits.BodyBytes; a.Cut {
		a.Body = nil
	}
	return a, nil
}
