package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"syscall"
	"time"
)

// The classes of what went wrong before there was an answer.
const (
	classDropped = "dropped"
	className    = "name not resolved"
	classRefused = "connection refused"
	classConnect = "no connection"
	classTLS     = "TLS"
	classTimeout = "time-out"
	classReset   = "connection broken"
	classBody    = "answer without the expected text"
	classAnswer  = "no valid answer"
	classCut     = "answer cut short"
)

// none is a phase that did not happen: a connection was there already.
const none = time.Duration(-1)

// result is what came of one request. Durations are negative where the phase
// did not happen.
type result struct {
	class  string
	status int
	// total is from when the request was due.
	total                         time.Duration
	name, connect, tls, firstByte time.Duration
}

// stamps are the times of the phases. The transport may still call the hooks of
// a connection that it opened for another request, even after this one ended.
type stamps struct {
	mu                                                                               sync.Mutex
	nameStart, nameEnd, connectStart, connectEnd, tlsStart, tlsEnd, wrote, firstByte time.Time
}

func (s *stamps) set(at *time.Time, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at.IsZero() {
		*at = now
	}
}

func (s *stamps) trace(now func() time.Time) *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:             func(httptrace.DNSStartInfo) { s.set(&s.nameStart, now()) },
		DNSDone:              func(httptrace.DNSDoneInfo) { s.set(&s.nameEnd, now()) },
		ConnectStart:         func(string, string) { s.set(&s.connectStart, now()) },
		ConnectDone:          func(string, string, error) { s.set(&s.connectEnd, now()) },
		TLSHandshakeStart:    func() { s.set(&s.tlsStart, now()) },
		TLSHandshakeDone:     func(tls.ConnectionState, error) { s.set(&s.tlsEnd, now()) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { s.set(&s.wrote, now()) },
		GotFirstResponseByte: func() { s.set(&s.firstByte, now()) },
	}
}

func between(from, to time.Time) time.Duration {
	if from.IsZero() || to.Before(from) {
		return none
	}
	return to.Sub(from)
}

// phases fills in what was stamped.
func (s *stamps) phases(r *result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.name, r.connect, r.tls, r.firstByte = between(s.nameStart, s.nameEnd), between(s.connectStart, s.connectEnd), between(s.tlsStart, s.tlsEnd), between(s.wrote, s.firstByte)
}

// request sends one and reads the whole answer.
func (r *run) request(ctx context.Context, t *Target, due time.Time) result {
	var s stamps
	ctx, cancel := context.WithTimeout(httptrace.WithClientTrace(ctx, s.trace(r.o.Now)), r.o.Timeout)
	defer cancel()
	out := r.exchange(ctx, t)
	out.total = r.o.Now().Sub(due)
	s.phases(&out)
	return out
}

func (r *run) exchange(ctx context.Context, t *Target) result {
	var body io.Reader
	if t.Body != "" {
		body = strings.NewReader(t.Body)
	}
	request, err := http.NewRequestWithContext(ctx, t.Method, t.URL.String(), body)
	if err != nil {
		return result{class: classAnswer}
	}
	request.Header = t.Header.Clone()
	if request.Header.Get("User-Agent") == "" {
		request.Header.Set("User-Agent", defaultUserAgent)
	}
	if h := t.Header.Get("Host"); h != "" {
		request.Host = h
	}
	response, err := r.client.Do(request)
	if err != nil {
		return result{class: classify(err)}
	}
	defer response.Body.Close()
	var head []byte
	if t.Match != nil {
		if head, err = io.ReadAll(io.LimitReader(response.Body, matchBytes)); err != nil {
			return result{class: cut(err), status: response.StatusCode}
		}
	}
	// The time counts until the last byte, and a connection whose answer was
	// not read to its end cannot be used again.
	if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswerBytes)); err != nil {
		return result{class: cut(err), status: response.StatusCode}
	}
	out := result{class: classOf(t, response.StatusCode), status: response.StatusCode}
	if out.class == "" && t.Match != nil && !t.Match.Match(head) {
		out.class = classBody
	}
	return out
}

func cut(err error) string {
	if c := classify(err); c == classTimeout {
		return c
	}
	return classCut
}

// classify names what went wrong. The text of the error is not used: it holds
// the address with its query.
func classify(err error) string {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return className
	}
	if network, ok := errors.AsType[net.Error](err); ok && network.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		return classTimeout
	}
	_, record := errors.AsType[tls.RecordHeaderError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	switch {
	case record || alert || certificate || authority:
		return classTLS
	case errors.Is(err, syscall.ECONNREFUSED):
		return classRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return classReset
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return classConnect
	}
	return classAnswer
}
