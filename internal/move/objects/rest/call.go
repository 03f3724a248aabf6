package rest

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"

	"example.com/landfall/internal/fault"
)

const (
	defaultTries = 8
	firstPause   = 200 * time.Millisecond
	longestPause = 20 * time.Second
	// longestAsked is how long a Retry-After is obeyed.
	longestAsked = 2 * time.Minute
	// longestWords of an answer that is an error are read; the services write a
	// few hundred bytes, a proxy its page.
	longestWords = 64 << 10
)

// Trouble is an answer that is not the one that was asked for.
type Trouble struct {
	Status int
	// Code and Message are the service's own, "" when it gave none.
	Code, Message string
	Header        http.Header
	Body          []byte
}

func (t *Trouble) Error() string {
	text := t.Code
	if text == "" {
		text = "HTTP " + strconv.Itoa(t.Status) + " " + http.StatusText(t.Status)
	}
	if t.Message != "" {
		text += ": " + t.Message
	}
	return text
}

// Verdict is what an answer means.
type Verdict struct {
	Kind fault.Kind
	// Reason goes below the error, for errors.Is; nil for the Trouble itself.
	Reason error
	Hint   string
	// Again says that the same request can succeed later.
	Again bool
	// Mended says that what was wrong is known and set right: once more, without
	// a pause. It is believed once in a call.
	Mended bool
}

// Caller sends the requests of one driver. Its fields are set before the first.
type Caller struct {
	Transport http.RoundTripper
	// Judge says what an answer means whose status is 300 or more. It is called
	// from many goroutines.
	Judge func(*Trouble) Verdict
	// Tries bounds how often one request is sent, Pause replaces the first bound
	// of the pause between two.
	Tries int
	Pause time.Duration
	// Slowed, where set, hears of each answer that asks to slow down, with the
	// pause that it asked for. It must not block.
	Slowed func(asked time.Duration)
}

// Call is one operation.
type Call struct {
	// Op and Resource are those of errors.
	Op, Resource string
	// Build makes and signs the request; it is called before each sending.
	Build func() (*http.Request, error)
}

// Do sends a request until an answer is final and returns one whose status is
// below 300; its body is the caller's to close. sent says that an earlier
// sending may have been carried out although its answer was lost.
func (c *Caller) Do(ctx context.Context, call Call) (response *http.Response, sent bool, err error) {
	tries := c.Tries
	if tries == 0 {
		tries = defaultTries
	}
	mended := false
	for n := 1; ; n++ {
		var verdict Verdict
		var asked time.Duration
		response, verdict, asked, err = c.once(ctx, call)
		if err == nil {
			return response, sent, nil
		}
		if verdict.Mended && !mended {
			mended = true
			n--
			continue
		}
		if !verdict.Again || n >= tries || ctx.Err() != nil {
			return nil, sent, err
		}
		sent = sent || verdict.Kind != fault.Throttled
		if stopped := c.wait(ctx, n, asked); stopped != nil {
			return nil, sent, fault.Of(fault.KindOf(stopped), call.Op, call.Resource, stopped)
		}
	}
}

// once sends the request one time.
func (c *Caller) once(ctx context.Context, call Call) (*http.Response, Verdict, time.Duration, error) {
	request, err := call.Build()
	if err != nil {
		return nil, Verdict{}, 0, fault.Wrap(err, call.Op, call.Resource)
	}
	response, err := c.Transport.RoundTrip(request)
	if err != nil {
		err := broken(ctx, call.Op, call.Resource, err)
		return nil, Verdict{Kind: fault.KindOf(err), Again: fault.Retryable(err)}, 0, err
	}
	if response.StatusCode < http.StatusMultipleChoices {
		return response, Verdict{}, 0, nil
	}
	trouble := read(response)
	verdict := c.Judge(trouble)
	var asked time.Duration
	if verdict.Again {
		asked = RetryAfter(trouble.Header, time.Now())
	}
	if verdict.Kind == fault.Throttled && c.Slowed != nil {
		c.Slowed(asked)
	}
	return nil, verdict, asked, verdict.fault(call, trouble)
}

func (v Verdict) fault(call Call, trouble *Trouble) error {
	var cause error = trouble
	if v.Reason != nil {
		cause = reasoned{trouble, v.Reason}
	}
	return &fault.Error{Op: call.Op, Resource: call.Resource, Kind: v.Kind, Err: cause, Hint: v.Hint}
}

// reasoned is the service's answer with the sentinel that tells it apart.
type reasoned struct {
	*Trouble
	reason error
}

func (r reasoned) Error() string   { return r.reason.Error() + " (" + r.Trouble.Error() + ")" }
func (r reasoned) Unwrap() []error { return []error{r.Trouble, r.reason} }

// read takes the words of an answer and gives the connection back.
func read(response *http.Response) *Trouble {
	defer response.Body.Close()
	// What cannot be read leaves the status, which is enough to judge by.
	words, _ := io.ReadAll(io.LimitReader(response.Body, longestWords))
	return &Trouble{Status: response.StatusCode, Header: response.Header, Body: words}
}

// wait pauses before sending number n+1: somewhere between nothing and a bound
// that doubles, because callers that were turned away together would otherwise
// come back together; and no shorter than the service asked for.
func (c *Caller) wait(ctx context.Context, n int, asked time.Duration) error {
	bound := c.Pause
	if bound == 0 {
		bound = firstPause
	}
	bound = min(bound<<min(n-1, 10), longestPause)
	pause := time.Duration(rand.Int64N(int64(bound) + 1))
	if asked > 0 {
		pause += min(asked, longestAsked)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// RetryAfter reads the header of that name, which holds seconds or a date, and
// Azure's in milliseconds; 0 for neither.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	for _, name := range []string{"X-Ms-Retry-After-Ms", "Retry-After-Ms"} {
		if ms, err := strconv.ParseInt(h.Get(name), 10, 32); err == nil && ms > 0 {
			return time.Duration(ms) * time.Millisecond
		}
	}
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// broken gives trouble of the connection its kind.
func broken(ctx context.Context, op, resource string, err error) error {
	if ctx.Err() != nil {
		return fault.Of(fault.KindOf(ctx.Err()), op, resource, context.Cause(ctx))
	}
	if network, ok := errors.AsType[net.Error](err); ok && network.Timeout() {
		return fault.Of(fault.Timeout, op, resource, err)
	}
	return fault.Of(fault.Unavailable, op, resource, err)
}
