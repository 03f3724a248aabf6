package rest_test

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/rest"
)

// trip answers requests from a script.
type trip func(n int) (*http.Response, error)

type tripper struct {
	answer trip
	n      int
}

func (t *tripper) RoundTrip(*http.Request) (*http.Response, error) {
	t.n++
	return t.answer(t.n)
}

func status(code int, header http.Header) *http.Response {
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: code, Header: header, Body: io.NopCloser(strings.NewReader("words"))}
}

func judge(t *rest.Trouble) rest.Verdict {
	switch t.Status {
	case 503:
		return rest.Verdict{Kind: fault.Throttled, Again: true}
	case 500:
		return rest.Verdict{Kind: fault.Unavailable, Again: true}
	case 401:
		return rest.Verdict{Kind: fault.Denied, Mended: true}
	}
	return rest.Verdict{Kind: fault.NotFound, Hint: "hint", Reason: errReason}
}

var errReason = errors.New("a reason")

func call(ctx context.Context) rest.Call {
	return rest.Call{Op: "read thing", Resource: "t", Build: func() (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, "http://h/", nil)
	}}
}

// The pause grows with full jitter, obeys what the service asks, and ends with
// the context; time is synthetic.
func TestTriesAndPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told time.Duration
		transport := &tripper{answer: func(n int) (*http.Response, error) {
			if n < 5 {
				return status(503, http.Header{"Retry-After": {"3"}}), nil
			}
			return status(200, nil), nil
		}}
		c := rest.Caller{Transport: transport, Judge: judge, Slowed: func(d time.Duration) { told += d }}
		start := time.Now()
		answer, sent, err := c.Do(t.Context(), call(t.Context()))
		if err != nil || answer.StatusCode != 200 || sent || transport.n != 5 {
			t.Errorf("%v, sent %t, %d tries", err, sent, transport.n)
		}
		// Four times three seconds, and at most 0.2+0.4+0.8+1.6 of jitter.
		if took := time.Since(start); took < 12*time.Second || took > 15*time.Second || told != 12*time.Second {
			t.Errorf("took %s, told of %s", took, told)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		transport.n = 0
		transport.answer = func(int) (*http.Response, error) { return status(503, http.Header{"Retry-After": {"100"}}), nil }
		if _, _, err := c.Do(ctx, call(ctx)); !fault.Is(err, fault.Timeout) || transport.n != 1 {
			t.Errorf("%v after %d tries", err, transport.n)
		}
	})
}

func TestVerdicts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			name  string
			then  trip
			kind  fault.Kind
			tries int
			sent  bool
		}{
			{"final", func(int) (*http.Response, error) { return status(404, nil), nil }, fault.NotFound, 1, false},
			{"passing, too long", func(int) (*http.Response, error) { return status(500, nil), nil }, fault.Unavailable, 3, true},
			{"the line, too long", func(int) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }, fault.Unavailable, 3, true},
			{"mended only once", func(int) (*http.Response, error) { return status(401, nil), nil }, fault.Denied, 2, false},
			{"a lost answer, then final", func(n int) (*http.Response, error) { return status(map[int]int{1: 500, 2: 404}[n], nil), nil }, fault.NotFound, 2, true},
		} {
			transport := &tripper{answer: c.then}
			caller := rest.Caller{Transport: transport, Judge: judge, Tries: 3}
			_, sent, err := caller.Do(t.Context(), call(t.Context()))
			if !fault.Is(err, c.kind) || transport.n != c.tries || sent != c.sent {
				t.Errorf("%s: %v after %d tries, sent %t", c.name, err, transport.n, sent)
			}
			trouble, ok := errors.AsType[*rest.Trouble](err)
			if c.kind == fault.NotFound && (!ok || string(trouble.Body) != "words" || !errors.Is(err, errReason) || fault.HintOf(err) != "hint") {
				t.Errorf("%s: %v keeps neither words nor reason", c.name, err)
			}
		}
	})
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		name, value string
		want        time.Duration
	}{
		{"Retry-After", "7", 7 * time.Second}, {"Retry-After", "Fri, 02 Jan 2026 03:04:15 GMT", 10 * time.Second}, {"Retry-After", "Fri, 02 Jan 2026 03:00:00 GMT", 0},
		{"Retry-After", "-1", 0}, {"Retry-After", "soon", 0}, {"X-Ms-Retry-After-Ms", "250", 250 * time.Millisecond},
	} {
		if got := rest.RetryAfter(http.Header{c.name: {c.value}}, now); got != c.want {
			t.Errorf("%s: %s gives %s", c.name, c.value, got)
		}
	}
}

type sum struct {
	bytes.Buffer
	want uint32
}

func (s *sum) Matches() bool { return crc32.ChecksumIEEE(s.Bytes()) == s.want }

// Whatever way it is read, a body that is not complete or not the right one
// does not end with io.EOF, and one that is does.
func TestBody(t *testing.T) {
	t.Parallel()
	right := crc32.ChecksumIEEE([]byte("content"))
	for _, c := range []struct {
		name, content string
		size          int64
		check         rest.Check
		ok            bool
	}{
		{"complete", "content", 7, nil, true}, {"complete and right", "content", 7, &sum{want: right}, true}, {"empty", "", 0, nil, true},
		{"short", "conten", 7, nil, false}, {"long", "content!", 7, nil, false}, {"wrong", "Content", 7, &sum{want: right}, false}, {"nothing came", "", 7, nil, false},
	} {
		for way, read := range map[string]func(io.Reader) error{
			"all":   func(r io.Reader) error { _, err := io.ReadAll(r); return err },
			"exact": func(r io.Reader) error { _, err := io.ReadFull(r, make([]byte, c.size)); return err },
			"bytes": func(r io.Reader) error {
				for {
					if _, err := r.Read(make([]byte, 1)); err == io.EOF {
						return nil
					} else if err != nil {
						return err
					}
				}
			},
		} {
			check := c.check
			if s, ok := check.(*sum); ok {
				check = &sum{want: s.want}
			}
			body := rest.NewBody(&http.Response{Body: io.NopCloser(strings.NewReader(c.content))}, "r", c.size, check)
			err := read(body)
			if c.ok != (err == nil) || err != nil && !fault.Is(err, fault.Unavailable) {
				t.Errorf("%s, %s: %v", c.name, way, err)
			}
			if _, again := body.Read(make([]byte, 8)); err != nil && again != err {
				t.Errorf("%s, %s: then %v", c.name, way, again)
			}
		}
	}
}

// Large bodies go out whole, over connections that are used again, with and
// without TLS; and a server that says nothing is given up.
func TestTransport(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("0123456789abcdef"), 512<<10)
	connections := map[string]bool{}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connections[r.RemoteAddr] = true
		got, err := io.ReadAll(r.Body)
		if err != nil || !bytes.Equal(got, content[:len(got)]) || int64(len(got)) != r.ContentLength {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	for _, server := range []*httptest.Server{httptest.NewServer(handler), httptest.NewTLSServer(handler)} {
		t.Cleanup(server.Close)
		o := rest.TransportOptions{}
		if server.TLS != nil {
			o.TLS = server.Client().Transport.(*http.Transport).TLSClientConfig
		}
		transport := rest.Transport(o)
		t.Cleanup(transport.CloseIdleConnections)
		clear(connections)
		for _, size := range []int{0, 1, 4 << 10, 30 << 10, len(content)} {
			request, _ := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL, nil)
			payload := rest.NewPayload(content[:size])
			request.Body, request.ContentLength = payload, int64(size)
			if size == 0 {
				request.Body = nil
			}
			answer, err := transport.RoundTrip(request)
			if err != nil || answer.StatusCode != http.StatusOK {
				t.Fatalf("%d bytes: %v, %v", size, answer, err)
			}
			if size > 0 {
				payload.Wait()
			}
			answer.Body.Close()
		}
		if len(connections) != 1 {
			t.Errorf("%d connections", len(connections))
		}
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	c := rest.Caller{Transport: rest.Transport(rest.TransportOptions{Stall: 50 * time.Millisecond}), Judge: judge, Tries: 1}
	_, _, err = c.Do(t.Context(), rest.Call{Op: "read", Build: func() (*http.Request, error) {
		return http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+silent.Addr().String(), nil)
	}})
	if !fault.Is(err, fault.Timeout) {
		t.Errorf("a silent server: %v", err)
	}
}
