package proxy_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"example.com/landfall/internal/traffic/proxy/shadow"
)

// refusing is an address where nobody listens.
func refusing(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return "http://" + l.Addr().String()
}

// breaking answers a request by ending the connection, and counts.
func breaking(t *testing.T, seen *atomic.Int64) string {
	return backend(t, "", func(w http.ResponseWriter, r *http.Request) {
		seen.Add(1)
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Log(err)
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = conn.Close() // the client is to see it break
	})
}

func sideOfTwo(first, second, more string) string {
	return strings.Replace(two(first, "http://127.0.0.1:1", toSource), fmt.Sprintf("[%q]", first), fmt.Sprintf("[%q, %q]%s", first, second, more), 1)
}

// Where nobody listens nothing was sent: any request goes to the next endpoint, whole.
func TestARefusedConnectionIsTriedElsewhere(t *testing.T) {
	t.Parallel()
	good := backend(t, "", echo)
	p := start(t, sideOfTwo(refusing(t), good, ", ejection: {failures: 0}, retries: {budgetPercent: 100}"))
	for i := range 20 {
		method := []string{"GET", "POST"}[i%2]
		res := do(t, http.DefaultClient, request(t, method, p.url("/"), strings.Repeat("b", i%2*9000)))
		if e := decoded(t, res); res.StatusCode != 200 || e.Body != i%2*9000 {
			t.Fatalf("%s: %s %+v", method, res.Status, e)
		}
	}
}

// Once bytes went out, only what may be repeated is: never a POST.
func TestOnlyWhatMayBeRepeatedIs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, body string
		tries        int64
	}{{"GET", "", 2}, {"DELETE", "", 2}, {"POST", "", 1}, {"POST", "order", 1}, {"PUT", "order", 1}, {"PATCH", "", 1}} {
		var seen atomic.Int64
		p := start(t, sideOfTwo(breaking(t, &seen), breaking(t, &seen), ", ejection: {failures: 0}"))
		res := do(t, http.DefaultClient, request(t, c.method, p.url("/"), c.body))
		if res.StatusCode != 502 || seen.Load() != c.tries {
			t.Errorf("%s %q: %s after %d tries, want %d", c.method, c.body, res.Status, seen.Load(), c.tries)
		}
	}
}

// A side in trouble gets its requests, and the budget's share on top.
func TestRetriesHaveABudget(t *testing.T) {
	t.Parallel()
	var seen atomic.Int64
	p := start(t, sideOfTwo(breaking(t, &seen), breaking(t, &seen), ", ejection: {failures: 0}, retries: {budgetPercent: 10}"))
	const requests = 100
	for range requests {
		get(t, p.url("/"))
	}
	if n := seen.Load(); n < requests+5 || n > requests+16 {
		t.Errorf("%d tries of %d requests", n, requests)
	}
	if res := get(t, p.url("/")); res.StatusCode != 502 {
		t.Error(res.Status)
	}
}

// A side without an endpoint refuses; the other side, which may be fenced off,
// never gets its requests.
func TestADeadSideIsNotReplacedByTheOther(t *testing.T) {
	t.Parallel()
	var strayed atomic.Int64
	target := backend(t, "", func(http.ResponseWriter, *http.Request) { strayed.Add(1) })
	source := backend(t, "", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	config := strings.Replace(two(source, target, toSource), fmt.Sprintf("[%q]}", source), fmt.Sprintf("[%q], health: {path: /up, interval: 10ms}}", source), 1)
	p := start(t, config)
	eventually(t, func() error {
		if res := get(t, p.url("/")); res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
			return errors.New(res.Status)
		}
		return nil
	})
	if strayed.Load() != 0 {
		t.Error("the other side got requests")
	}
}

func TestLimitsAndTimeouts(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	slow := backend(t, "", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" || r.URL.Path == "/late" {
			select {
			case <-hang:
			case <-r.Context().Done():
			}
			return
		}
		echo(w, r)
	})
	t.Cleanup(func() { close(hang) })
	config := two(slow, slow, `routes:
  - {name: slow, match: {path: {exact: /slow}}, side: source, timeout: 30ms}
  - {name: late, match: {path: {exact: /late}}, side: target}
  - {name: small, match: {path: {exact: /small}}, side: source, bodyBytes: 10}
  - {name: rare, match: {path: {exact: /rare}}, side: source, rate: {perSecond: 0.001, burst: 2}}
  - {name: rest, side: source}
`)
	config = strings.Replace(config, `target: {`, `target: {timeouts: {header: 30ms}, `, 1)
	config = strings.Replace(config, `unencryptedHTTP2: true`, `headerBytes: 4096, headerTimeout: 100ms, bodyTimeout: 100ms`, 1)
	p := start(t, config)
	chunked := func(path, body string) response {
		req := request(t, "POST", p.url(path), "")
		req.Body, req.ContentLength = io.NopCloser(strings.NewReader(body)), -1
		return do(t, http.DefaultClient, req)
	}
	for _, c := range []struct {
		name   string
		status int
		got    response
	}{
		{"route timeout", 504, get(t, p.url("/slow"))},
		{"side timeout", 504, get(t, p.url("/late"))},
		{"small enough", 200, chunked("/small", "0123456789")},
		{"told length", 413, do(t, http.DefaultClient, request(t, "POST", p.url("/small"), "0123456789x"))},
		{"untold length", 413, chunked("/small", "0123456789x")},
		{"first", 200, get(t, p.url("/rare"))}, {"second", 200, get(t, p.url("/rare"))}, {"third", 429, get(t, p.url("/rare"))},
	} {
		if c.got.StatusCode != c.status {
			t.Errorf("%s: %s", c.name, c.got.Status)
		}
	}
	// The server does not read to the end what is too long; that may break the connection.
	if res, err := http.DefaultClient.Do(request(t, "GET", p.url("/"), "", "X", strings.Repeat("x", 20000))); err == nil {
		if _ = res.Body.Close(); res.StatusCode != 431 {
			t.Errorf("long head: %s", res.Status)
		}
	}
	unwanted := "POST /rare HTTP/1.1\r\nHost: b\r\nContent-Length: 100\r\nUser: unwanted\r\n\r\nbegun"
	for name, text := range map[string]string{"unwanted body": unwanted, "head": "GET / HTTP/1.1\r\nHos", "body": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nbegun"} {
		conn, err := net.Dial("tcp", p.address("web"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, text)
		if answer, err := io.ReadAll(conn); err != nil || name == "body" && !strings.HasPrefix(string(answer), "HTTP/1.1 408") {
			t.Errorf("a %s that never ends: %v %q", name, err, answer)
		}
		_ = conn.Close() // it has ended
	}
}

// An answer that takes longer than the bound on a body's pauses still comes.
func TestTheBoundOnABodyDoesNotBoundTheAnswer(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	slow := backend(t, "", func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Log(err) // the body that never ends
		}
		// Until other requests have taken longer than the bound.
		if r.URL.Path == "/slow" {
			<-gate
		}
		fmt.Fprint(w, "whole")
	})
	p := start(t, strings.Replace(two(slow, slow, toSource), "unencryptedHTTP2: true", "bodyTimeout: 20ms", 1))
	answer := make(chan response, 1)
	go func() { answer <- do(t, http.DefaultClient, request(t, "POST", p.url("/slow"), "body")) }()
	conn, err := net.Dial("tcp", p.address("web"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nbegun")
	if _, err := io.ReadAll(conn); err != nil { // ends after the bound
		t.Fatal(err)
	}
	close(gate)
	if got := <-answer; got.body != "whole" {
		t.Errorf("%s %q", got.Status, got.body)
	}
}

// Copies go to the other side after the answer; natural differences do not
// count; whatever the other side does, the user has the first side's answer.
func TestCopiesAreComparedAndHarmless(t *testing.T) {
	t.Parallel()
	var number, wrote, marked atomic.Int64
	say := func(price int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Landfall-Shadow") != "" {
				marked.Add(1)
				if r.Method == "POST" {
					wrote.Add(1)
				}
			}
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"id":%d,"price":%d,"card":"4111-secret"}`, number.Add(1), price)
		}
	}
	config := two(backend(t, "", say(5)), backend(t, "", say(6)), `routes:
  - {name: dead, match: {path: {exact: /dead}}, side: source, shadow: {side: broken}}
  - {name: all, side: source, shadow: {side: target}}
`)
	p := start(t, strings.Replace(config, "sides:", fmt.Sprintf("sides:\n  broken: {endpoints: [%q]}", refusing(t)), 1))
	const requests = 10
	for range requests {
		if body := get(t, p.url("/")).body; !strings.Contains(body, `"price":5`) {
			t.Fatal(body)
		}
		do(t, http.DefaultClient, request(t, "POST", p.url("/"), "an order"))
		get(t, p.url("/dead"))
	}
	var report struct{ Routes []shadow.RouteReport }
	eventually(t, func() error {
		_, body := p.admin("GET", "/shadow", "")
		if err := json.Unmarshal([]byte(body), &report); err != nil || strings.Contains(body, "secret") {
			t.Fatal(err, body)
		}
		if len(report.Routes) != 2 || report.Routes[0].Compared != requests || report.Routes[1].Failed != requests {
			return fmt.Errorf("%+v", report)
		}
		return nil
	})
	all := report.Routes[0]
	if all.Different != requests || len(all.Fields) != 2 || all.Fields[0].Path != "$.id" || all.Fields[0].Differences != 0 || all.Fields[0].Natural != requests || all.Fields[1].Path != "$.price" || all.Fields[1].Differences != requests {
		t.Errorf("%+v", all)
	}
	if wrote.Load() != 0 || marked.Load() != 2*requests {
		t.Errorf("%d orders were copied, %d requests marked", wrote.Load(), marked.Load())
	}
	for _, side := range p.status().Sides {
		if want := map[string]int64{"source": 3 * requests}[side.Side]; side.Requests != want || side.Errors != 0 {
			t.Errorf("copies count as users' requests: %+v", side)
		}
	}
}
