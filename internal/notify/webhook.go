package notify

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
)

const (
	requestWithin = 10 * time.Second
	maxAnswer     = 4 << 10
)

// post gives a message to the chat channel whose address the variable holds.
func (n *Notifier) post(ctx context.Context, variable string, l letter) error {
	address, err := n.address(variable)
	if err != nil {
		return err
	}
	body, err := shape(address.Hostname(), l)
	if err != nil {
		return fault.Of(fault.Internal, "write the message", "", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address.String(), bytes.NewReader(body))
	if err != nil {
		return fault.Newf(fault.Invalid, "the address in %s cannot be used", variable)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", url.PathEscape(l.key()))
	answer, err := n.client.Do(request)
	if err != nil {
		return unsent(err, address)
	}
	defer answer.Body.Close()
	content, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer)) // only for the text of an error
	return n.taken(answer, string(content), address)
}

// address reads the address of a channel. What is wrong with it is said without
// it.
func (n *Notifier) address(variable string) (*url.URL, error) {
	text, _ := n.s.Getenv(variable)
	if text = strings.TrimSpace(text); text == "" {
		return nil, fault.Newf(fault.Invalid, "the variable is not set").Hintf("set %s to the address of the channel", variable)
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return nil, fault.Newf(fault.Invalid, "the variable holds no address")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, fault.Newf(fault.Invalid, "the address has to begin with https://")
	}
	return u, nil
}

// loopback reports whether a host is this machine, by its name or number alone.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// unsent says why a request got no answer. The library's error holds the whole
// address; what is inside holds the host at most.
func unsent(err error, address *url.URL) error {
	kind := fault.Unavailable
	if outer, ok := errors.AsType[*url.Error](err); ok {
		if outer.Timeout() {
			kind = fault.Timeout
		}
		err = outer.Err
	}
	if errors.Is(err, context.Canceled) {
		kind = fault.Canceled
	}
	return fault.Newf(kind, "%s", without(err.Error(), address))
}

// taken says what an answer means.
func (n *Notifier) taken(answer *http.Response, content string, address *url.URL) error {
	code := answer.StatusCode
	if code/100 == 2 {
		// Connectors of Teams answer 200 and put the trouble into the text
		// ("Create and Send Messages", Microsoft Learn: rate limiting).
		if teams(address.Hostname()) && strings.Contains(content, "HTTP error 429") {
			return fault.Newf(fault.Throttled, "the channel asks to slow down")
		}
		return nil
	}
	text := "the answer is " + strconv.Itoa(code)
	if said := without(content, address); said != "" {
		text += ": " + said
	}
	kind := fault.Invalid
	switch {
	case code == http.StatusTooManyRequests:
		kind = fault.Throttled
	case code >= 500:
		kind = fault.Unavailable
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		kind = fault.Denied
	case code == http.StatusNotFound, code == http.StatusGone:
		kind = fault.NotFound
	}
	err := fault.Newf(kind, "%s", text)
	if after := retryAfter(answer.Header.Get("Retry-After"), n.s.Now()); after > 0 {
		return later{err, after}
	}
	return err
}

// retryAfter reads seconds or a date (RFC 9110, "Retry-After").
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// without returns the beginning of a text from elsewhere on one line, or
// nothing when a part of the address stands in it: an answer may quote it.
func without(text string, address *url.URL) string {
	const most, telling = 160, 5
	parts := strings.FieldsFunc(address.EscapedPath()+"/"+address.RawQuery+"/"+address.User.String(), func(r rune) bool {
		return strings.ContainsRune("/&=:?", r)
	})
	for _, part := range parts {
		plain, err := url.QueryUnescape(part)
		if len(part) >= telling && strings.Contains(text, part) || err == nil && len(plain) >= telling && strings.Contains(text, plain) {
			return ""
		}
	}
	return shorten(strings.Join(strings.Fields(clean(text)), " "), most)
}
