package proxy_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/traffic/proxy"
)

// token is that of each admin API here.
const token = "a token for the tests"

// patience bounds waiting; a busy machine must not fail a test.
const patience = 2 * time.Minute

// running is a proxy at work.
type running struct {
	*proxy.Proxy
	t     testing.TB
	file  string
	mu    sync.Mutex
	at    map[string]string
	stop  context.CancelFunc
	ended chan error
}

// start runs a proxy until the test ends. %DIR% in the configuration is a folder.
func start(t testing.TB, config string) *running {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "proxy.yaml")
	write(t, file, strings.ReplaceAll(config, "%DIR%", dir))
	return startFile(t, file)
}

func startFile(t testing.TB, file string) *running {
	t.Helper()
	r := &running{t: t, file: file, at: map[string]string{}, ended: make(chan error, 1)}
	listening := make(chan struct{}, 10)
	p, err := proxy.New(proxy.Options{
		File: file, Admin: proxy.Admin{Address: "127.0.0.1:0", Token: token}, Now: time.Now, Poll: 10 * time.Millisecond,
		Listening: func(name, address string) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.at[name] = address
			listening <- struct{}{}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Proxy = p
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	r.stop = stop
	go func() { r.ended <- p.Run(ctx) }()
	for r.address("admin") == "" { // it comes last
		select {
		case <-listening:
		case err := <-r.ended:
			t.Fatal("ended:", err)
		}
	}
	t.Cleanup(func() {
		stop()
		if err := <-r.ended; err != nil {
			t.Error(err)
		}
		r.ended <- nil
	})
	return r
}

func (r *running) address(name string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at[name]
}

func (r *running) url(path string) string { return "http://" + r.address("web") + path }

// admin asks the admin API and returns status and body.
func (r *running) admin(method, path, body string, headers ...string) (int, string) {
	r.t.Helper()
	req := request(r.t, method, "http://"+r.address("admin")+path, body, append([]string{"Authorization", "Bearer " + token}, headers...)...)
	res := do(r.t, http.DefaultClient, req)
	return res.StatusCode, res.body
}

// weights sets those of all routes.
func (r *running) weights(target int) {
	r.t.Helper()
	if status, body := r.admin("PUT", "/weights", fmt.Sprintf(`{"weights":{"source":%d,"target":%d}}`, 10000-target, target)); status != 200 {
		r.t.Fatal(status, body)
	}
}

func (r *running) status() proxy.Status {
	r.t.Helper()
	var s proxy.Status
	_, body := r.admin("GET", "/status", "")
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		r.t.Fatal(err, body)
	}
	return s
}

func write(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

func request(t testing.TB, method, url, body string, headers ...string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	return req
}

type response struct {
	*http.Response
	body string
}

func do(t testing.TB, c *http.Client, req *http.Request) response {
	t.Helper()
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{res, string(body)}
}

func get(t testing.TB, url string, headers ...string) response {
	t.Helper()
	return do(t, http.DefaultClient, request(t, "GET", url, "", headers...))
}

// backend is a server of a side; the zero handler says the name of the side.
func backend(t testing.TB, name string, h http.HandlerFunc) string {
	t.Helper()
	if h == nil {
		h = func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				t.Log(err)
			}
			fmt.Fprint(w, name)
		}
	}
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// two is a configuration of two sides with the routes that follow.
func two(source, target, rest string) string {
	return fmt.Sprintf(`schemaVersion: 1
salt: tests
drain: {notice: 0s, timeout: 30s}
listeners:
  - {name: web, address: "127.0.0.1:0", unencryptedHTTP2: true}
sides:
  source: {endpoints: [%q]}
  target: {endpoints: [%q]}
%s`, source, target, rest)
}

const split = `routes:
  - name: all
    split: {weights: {source: 5000, target: 5000}, key: {header: User}}
`

const toSource = "routes: [{name: all, side: source}]\n"

func eventually(t testing.TB, ok func() error) {
	t.Helper()
	testkit.Eventually(t, patience, ok)
}
