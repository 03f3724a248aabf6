package proxy_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// echo answers with the head of the request as JSON.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // what broke shows in the length
	w.Header().Set("Keep-Alive", "timeout=5")
	w.Header().Set("Connection", "Keep-Alive, X-Hop")
	w.Header().Set("X-Hop", "one")
	w.Header().Set("X-End", "two")
	_ = json.NewEncoder(w).Encode(map[string]any{"host": r.Host, "uri": r.RequestURI, "method": r.Method, "proto": r.Proto, "headers": r.Header, "body": len(body)})
}

type echoed struct {
	Host, URI, Method, Proto string
	Headers                  http.Header
	Body                     int
}

func decoded(t *testing.T, res response) echoed {
	t.Helper()
	var e echoed
	if err := json.Unmarshal([]byte(res.body), &e); err != nil {
		t.Fatal(err, res.Status, res.body)
	}
	return e
}

func TestForwardingHeadersOfStrangersAreDropped(t *testing.T) {
	t.Parallel()
	url := backend(t, "", echo)
	forged := []string{"X-Forwarded-For", "192.0.2.66", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil.example", "X-Real-Ip", "192.0.2.66", "Forwarded", "for=192.0.2.66",
		"Connection", "X-Secret-Hop", "X-Secret-Hop", "1", "Proxy-Authorization", "Basic x", "X-Landfall-Shadow", "1", "Host", "shop.example"}
	p := start(t, two(url, url, toSource))
	res := get(t, p.url("/a%2Fb/../c?x=1;y=2&z=%zz"), forged...)
	e := decoded(t, res)
	if e.Host != "shop.example" || e.URI != "/a%2Fb/../c?x=1;y=2&z=%zz" {
		t.Errorf("host %q, URI %q", e.Host, e.URI)
	}
	_, port, _ := net.SplitHostPort(p.address("web"))
	for name, want := range map[string]string{
		"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "shop.example", "X-Forwarded-Port": port,
		"X-Real-Ip": "", "Forwarded": "", "X-Secret-Hop": "", "Proxy-Authorization": "", "X-Landfall-Shadow": "",
	} {
		if got := strings.Join(e.Headers[name], "|"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if res.Header.Get("X-Hop") != "" || res.Header.Get("Keep-Alive") != "" || res.Header.Get("X-End") != "two" {
		t.Errorf("headers of the answer: %v", res.Header)
	}

	trusting := start(t, "trustedProxies: [127.0.0.0/8, 198.51.100.0/24]\n"+two(url, url, toSource))
	e = decoded(t, get(t, trusting.url("/"), "X-Forwarded-For", "203.0.113.9, 198.51.100.4", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "shop.example", "X-Forwarded-Port", "443"))
	for name, want := range map[string]string{"X-Forwarded-For": "203.0.113.9, 198.51.100.4, 127.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "shop.example", "X-Forwarded-Port": "443"} {
		if got := strings.Join(e.Headers[name], "|"); got != want {
			t.Errorf("trusted %s: %q, want %q", name, got, want)
		}
	}
}

func TestAUserStaysOnASideByTheProxysOwnCookie(t *testing.T) {
	t.Parallel()
	p := start(t, two(backend(t, "source", nil), backend(t, "target", nil), "routes: [{name: all, split: {weights: {source: 5000, target: 5000}}}]\n"))
	seen := map[string]bool{}
	for range 40 {
		first := get(t, p.url("/"))
		cookies := first.Cookies()
		if len(cookies) != 1 || cookies[0].Name != "landfall-key" || !cookies[0].HttpOnly || len(cookies[0].Value) < 16 {
			t.Fatalf("cookies %v", cookies)
		}
		seen[first.body] = true
		again := get(t, p.url("/"), "Cookie", cookies[0].Name+"="+cookies[0].Value)
		if again.body != first.body || len(again.Cookies()) != 0 {
			t.Fatalf("%s, then %s", first.body, again.body)
		}
	}
	if len(seen) != 2 {
		t.Errorf("only %v of 40", slices.Collect(maps.Keys(seen)))
	}
}

func TestCohortsAndRoutesOverHTTP(t *testing.T) {
	t.Parallel()
	p := start(t, two(backend(t, "source", nil), backend(t, "target", nil), `routes:
  - name: orders
    match: {path: {prefix: /orders}}
    cohorts: [{name: staff, header: X-User-Type, values: [staff], side: target}]
    side: source
  - {name: rest, match: {path: {prefix: /catalog}}, side: target}
`))
	for _, c := range []struct{ path, kind, want string }{{"/orders", "", "source"}, {"/orders/1", "staff", "target"}, {"/catalog", "", "target"}} {
		if got := get(t, p.url(c.path), "X-User-Type", c.kind).body; got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	if res := get(t, p.url("/other")); res.StatusCode != 404 || res.Header.Get("X-Landfall-Proxy") != "NoRoute" {
		t.Errorf("%s %v", res.Status, res.Header)
	}
}

// raw sends bytes and returns all that comes back until the connection ends or
// the head of n answers was read.
func raw(t *testing.T, address, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(conn)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Log(err)
	}
	return string(all)
}

// What two servers could read as different numbers of requests reaches the
// side as one, or not at all.
func TestNoRequestIsSmuggled(t *testing.T) {
	t.Parallel()
	var seen atomic.Int64
	smuggled := make(chan string, 100)
	url := backend(t, "", func(w http.ResponseWriter, r *http.Request) {
		seen.Add(1)
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Log(err)
		}
		if r.URL.Path == "/hidden" {
			smuggled <- r.RequestURI
		}
		fmt.Fprint(w, "ok")
	})
	p := start(t, two(url, url, toSource))
	hidden := "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"
	chunked := fmt.Sprintf("0\r\n\r\n%s", "")
	for name, text := range map[string]string{
		"two lengths":       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 0\r\n\r\n" + hidden,
		"list of lengths":   "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0, 5\r\n\r\n" + hidden,
		"signed length":     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n" + hidden,
		"both framings":     "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " + fmt.Sprint(len(chunked)+len(hidden)) + "\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked,
		"odd coding":        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n" + hidden,
		"two codings":       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n" + chunked + hidden,
		"space before":      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n" + chunked + hidden,
		"line in a value":   "GET / HTTP/1.1\r\nHost: a\r\nX: a\rGET /hidden HTTP/1.1\r\n\r\n",
		"bare line feed":    "GET / HTTP/1.1\r\nHost: a\r\nX: a\x00\r\n\r\n" + hidden,
		"long chunk":        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n" + hidden,
		"two hosts":         "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + hidden,
		"connect":           "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\nConnection: close\r\n\r\n",
		"upgrade to http/2": "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
	} {
		before := seen.Load()
		answer := raw(t, p.address("web"), text)
		if n := seen.Load() - before; n > 1 {
			t.Errorf("%s: the side saw %d requests\n%s", name, n, answer)
		}
		if strings.Contains(answer, "101 Switching") {
			t.Errorf("%s: switched\n%s", name, answer)
		}
	}
	close(smuggled)
	for uri := range smuggled {
		t.Errorf("%s reached the side", uri)
	}
}

func TestABodyIsAskedForOnlyWhenTheSideWantsIt(t *testing.T) {
	t.Parallel()
	url := backend(t, "", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/no" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		echo(w, r)
	})
	p := start(t, two(url, url, toSource))
	for path, want := range map[string][]int{"/yes": {100, 200}, "/no": {403}} {
		conn, err := net.Dial("tcp", p.address("web"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n", path)
		r := textproto.NewReader(bufio.NewReader(conn))
		for _, status := range want {
			line, err := r.ReadLine()
			if err != nil || !strings.HasPrefix(line, fmt.Sprintf("HTTP/1.1 %d", status)) {
				t.Fatalf("%s: %q %v, want %d", path, line, err, status)
			}
			if _, err := r.ReadMIMEHeader(); err != nil {
				t.Fatal(err)
			}
			if status == 100 {
				fmt.Fprint(conn, "body")
			}
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
