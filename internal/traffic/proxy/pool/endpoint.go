package pool

import (
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// Endpoint is one address of a side, and what is known of its health.
type Endpoint struct {
	URL *url.URL

	inFlight atomic.Int64
	mu       sync.Mutex
	state    condition
}

// condition is what was seen of an endpoint.
type condition struct {
	// checked says that an active check ended; down is what the checks say.
	checked, down bool
	// streak counts the checks in a row that contradict down.
	streak int
	// failures counts the failed requests in a row; out is until when they keep
	// the endpoint out, times how often in a row.
	failures, times int
	out             time.Time
}

// Condition is an endpoint as a person sees it.
type Condition struct {
	URL      string     `json:"url"`
	Healthy  bool       `json:"healthy"`
	Checked  bool       `json:"checked"`
	InFlight int64      `json:"inFlight"`
	OutUntil *time.Time `json:"outUntil,omitempty"`
}

func (e *Endpoint) usable(now time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return !e.state.down && !now.Before(e.state.out)
}

func (e *Endpoint) condition(now time.Time) Condition {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := Condition{URL: e.URL.String(), Healthy: !e.state.down, Checked: e.state.checked, InFlight: e.inFlight.Load()}
	if now.Before(e.state.out) {
		out := e.state.out
		c.OutUntil = &out
	}
	return c
}

// checked takes the result of an active check and reports whether the state
// changed. The first result counts at once: a side that comes up broken must
// not wait for its third failure.
func (e *Endpoint) checked(good bool, rise, fall int) (changed bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := &e.state
	first := !s.checked
	s.checked = true
	if good != s.down {
		s.streak = 0
		return false
	}
	s.streak++
	need := fall
	if good {
		need = rise
	}
	if !first && s.streak < need {
		return false
	}
	s.down, s.streak = !good, 0
	return true
}

// succeeded ends a row of failures. An endpoint that held for as long as it
// was out last begins anew.
func (e *Endpoint) succeeded(now time.Time, time time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state.failures = 0
	if now.Sub(e.state.out) > time {
		e.state.times = 0
	}
}

// failed counts a failure and returns how many there are in a row.
func (e *Endpoint) failed() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state.failures++
	return e.state.failures
}

// maxTimes bounds how much longer an endpoint is out each time.
const maxTimes = 10

func (e *Endpoint) eject(now time.Time, unit time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state.times = min(e.state.times+1, maxTimes)
	e.state.failures = 0
	e.state.out = now.Add(unit * time.Duration(e.state.times))
}
