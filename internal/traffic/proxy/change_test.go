package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/landfall/internal/records/weblog"
)

// load sends requests from many clients until it is stopped, and counts those
// that did not end with 200 and a whole body.
type load struct {
	stop   context.CancelFunc
	over   sync.WaitGroup
	sent   atomic.Int64
	failed atomic.Int64
	first  atomic.Pointer[string]
}

func begin(t *testing.T, url string) *load {
	ctx, stop := context.WithCancel(t.Context())
	l := &load{stop: stop}
	for i := range 8 {
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
		l.over.Go(func() {
			defer client.CloseIdleConnections()
			for n := 0; ctx.Err() == nil; n++ {
				if err := one(client, url, i, n); err != nil {
					text := err.Error()
					l.first.CompareAndSwap(nil, &text)
					l.failed.Add(1)
				}
				l.sent.Add(1)
			}
		})
	}
	return l
}

// one is one request; a third of them has a body.
func one(client *http.Client, url string, i, n int) error {
	method, body := "GET", ""
	if n%3 == 0 {
		method, body = "POST", strings.Repeat("x", 5000)
	}
	// Not the load's context: a request that has begun ends.
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("User", fmt.Sprint(i, "-", n))
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != 200 || len(text) < 6 {
		return fmt.Errorf("%s: %q", res.Status, text)
	}
	return nil
}

func (l *load) atLeast(t *testing.T, more int64) {
	t.Helper()
	want := l.sent.Load() + more
	eventually(t, func() error {
		if l.sent.Load() < want {
			return errors.New("the load is slow")
		}
		return nil
	})
}

func (l *load) end(t *testing.T) {
	t.Helper()
	l.stop()
	l.over.Wait()
	if n := l.failed.Load(); n > 0 {
		t.Errorf("%d of %d requests failed, first: %s", n, l.sent.Load(), *l.first.Load())
	}
}

// No request fails while weights and the whole configuration change under load.
func TestNothingFailsWhileEverythingChanges(t *testing.T) {
	t.Parallel()
	source, target := backend(t, "source", nil), backend(t, "target", nil)
	other := backend(t, "target", nil)
	p := start(t, two(source, target, split))
	l := begin(t, p.url("/"))
	for i, share := range []int{500, 2500, 5000, 10000, 0, 5000} {
		p.weights(share)
		l.atLeast(t, 40)
		// The target's endpoints change as a whole, and its timeouts besides.
		url := []string{target, other}[i%2]
		text := strings.Replace(two(source, url, split), `sides:`, fmt.Sprintf("shadow: {queue: %d}\nsides:", i+1), 1)
		if status, body := p.admin("PUT", "/config", text, "If-Match", "*"); status != 200 {
			t.Fatal(status, body)
		}
		l.atLeast(t, 40)
		write(t, p.file, two(source, []string{other, target}[i%2], split)+fmt.Sprintf("# edit %d\n", i))
		eventually(t, func() error {
			if _, body := p.admin("GET", "/config", ""); !strings.Contains(body, fmt.Sprintf("# edit %d\n", i)) {
				return errors.New("the file is not in use yet")
			}
			return nil
		})
	}
	l.end(t)
	s := p.status()
	if s.Version < 13 {
		t.Errorf("version %d", s.Version)
	}
	var requests, failures int64
	for _, side := range s.Sides {
		requests, failures = requests+side.Requests, failures+side.Errors
	}
	if requests != l.sent.Load() || failures != 0 {
		t.Errorf("status counts %d requests and %d errors of %d", requests, failures, l.sent.Load())
	}
}

// A request ends under the configuration it began under, also when its side is gone.
func TestARunningRequestOutlivesItsSide(t *testing.T) {
	t.Parallel()
	entered, gate := make(chan struct{}), make(chan struct{})
	slow := backend(t, "", func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-gate
		fmt.Fprint(w, "old side")
	})
	target := backend(t, "target", nil)
	p := start(t, two(slow, target, "routes: [{name: all, side: source}]\n"))
	answer := make(chan response, 1)
	go func() { answer <- get(t, p.url("/")) }()
	<-entered
	if status, body := p.admin("PUT", "/config", two(target, target, "routes: [{name: all, side: target}]\n"), "If-Match", "*"); status != 200 {
		t.Fatal(status, body)
	}
	if got := get(t, p.url("/")).body; got != "target" {
		t.Errorf("got %q", got)
	}
	close(gate)
	if got := <-answer; got.body != "old side" {
		t.Errorf("the running request: %s %q", got.Status, got.body)
	}
}

// Two instances that watch one file follow each other, agree on every key, and
// a restart keeps what was set.
func TestTwoInstancesShareAConfiguration(t *testing.T) {
	t.Parallel()
	one := start(t, "# kept\n"+two(backend(t, "source", nil), backend(t, "target", nil), split))
	other := startFile(t, one.file)
	one.weights(9000)
	fingerprint := one.status().Fingerprint
	eventually(t, func() error {
		if s := other.status(); s.Fingerprint != fingerprint || s.Weights["all"]["target"] != 9000 {
			return fmt.Errorf("the other has %v", s.Weights)
		}
		return nil
	})
	for i := range 60 {
		user := fmt.Sprint("user-", i)
		if a, b := get(t, one.url("/"), "User", user).body, get(t, other.url("/"), "User", user).body; a != b {
			t.Fatalf("%s: %s at one, %s at the other", user, a, b)
		}
	}
	text, err := os.ReadFile(one.file)
	if err != nil || !strings.Contains(string(text), "# kept") {
		t.Errorf("%v\n%s", err, text)
	}
}

// A file that cannot be used changes nothing, is told, and is forgotten when it is mended.
func TestABrokenFileChangesNothing(t *testing.T) {
	t.Parallel()
	good := two(backend(t, "source", nil), backend(t, "target", nil), split)
	p := start(t, good)
	before := p.status()
	for text, want := range map[string]string{
		good + "surprise: 1\n":                                     "surprise",
		strings.Replace(good, "name: web", "name: other", 1):       "listeners and accessLog",
		strings.Replace(good, "target: {", "target: {tls: {", 1):   "read proxy configuration",
		strings.Replace(good, "weights: {source: 5000", "x: {", 1): "read proxy configuration",
	} {
		write(t, p.file, text)
		eventually(t, func() error {
			if s := p.status(); s.Refused == nil || !strings.Contains(s.Refused.Error, want) {
				return fmt.Errorf("refused %+v, want %q", s.Refused, want)
			}
			return nil
		})
	}
	if get(t, p.url("/")).StatusCode != 200 || p.status().Version != before.Version {
		t.Error("the broken file changed something")
	}
	write(t, p.file, good)
	eventually(t, func() error {
		if p.status().Refused != nil {
			return errors.New("still refused")
		}
		return nil
	})
}

// At the end the probe says no, what runs ends, and only then the proxy.
func TestDrainLetsWhatRunsEnd(t *testing.T) {
	t.Parallel()
	entered, gate := make(chan struct{}), make(chan struct{})
	slow := backend(t, "", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(entered)
			<-gate
		}
		fmt.Fprint(w, "whole")
	})
	p := start(t, two(slow, slow, toSource))
	if res := get(t, p.url("/.landfall/healthz")); res.StatusCode != 200 {
		t.Fatal(res.Status)
	}
	answer := make(chan response, 1)
	go func() { answer <- get(t, p.url("/slow")) }()
	<-entered
	if status, _ := p.admin("POST", "/drain", ""); status != 200 || !p.status().Draining {
		t.Fatal(status)
	}
	if res := get(t, p.url("/.landfall/healthz")); res.StatusCode != 503 {
		t.Errorf("probe: %s", res.Status)
	}
	if res := get(t, p.url("/")); res.StatusCode != 200 || !res.Close {
		t.Errorf("a request while draining: %s, close %t", res.Status, res.Close)
	}
	if status, _ := p.admin("DELETE", "/drain", ""); status != 200 || get(t, p.url("/.landfall/healthz")).StatusCode != 200 {
		t.Error("the drain cannot be taken back")
	}
	p.stop()
	select {
	case err := <-p.ended:
		t.Fatal("ended while a request ran:", err)
	case got := <-answer:
		t.Fatal("answered too early:", got.Status)
	case <-time.After(50 * time.Millisecond): // it must not end; there is nothing to wait for
	}
	close(gate)
	if got := <-answer; got.body != "whole" {
		t.Errorf("%s %q", got.Status, got.body)
	}
	err := <-p.ended
	p.ended <- err
	if err != nil {
		t.Error(err)
	}
}

// The log of the whole proxy is what assessments read.
func TestTheAccessLogTellsEachRequest(t *testing.T) {
	t.Parallel()
	source := backend(t, "source", nil)
	p := start(t, two(source, source, "accessLog: {file: \"%DIR%/access.log\"}\n"+"routes: [{name: all, match: {path: {prefix: /a}}, side: source}]\n"))
	path := filepath.Join(filepath.Dir(p.file), "access.log")
	do(t, http.DefaultClient, request(t, "POST", p.url("/a/b?q=1"), "12345", "Host", "shop.example", "User-Agent", "me"))
	get(t, p.url("/none"))
	p.stop()
	err := <-p.ended
	p.ended <- err
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var parser weblog.Parser
	var all []weblog.Entry
	for line := range strings.Lines(string(text)) {
		var e weblog.Entry
		if ok, err := parser.Line([]byte(line), &e); !ok || err != nil {
			t.Fatal(err, line)
		}
		all = append(all, e)
	}
	if len(all) != 2 {
		t.Fatalf("%d lines:\n%s", len(all), text)
	}
	e := all[0]
	if e.Method != "POST" || e.Host != "shop.example" || e.Path != "/a/b" || e.Query != "q=1" || e.Status != 200 || e.TargetStatus != 200 || e.TargetGroup != "source" ||
		"http://"+e.Target != source || e.BytesIn != 5 || e.BytesOut != 6 || e.Client != "127.0.0.1" || e.UserAgent != "me" || e.Took <= 0 || e.Front != "landfall-proxy" {
		t.Errorf("%+v", e)
	}
	if e := all[1]; e.Status != 404 || e.Reason != "NoRoute" || e.Target != "" || e.Took >= 0 {
		t.Errorf("%+v", e)
	}
}

// A user who leaves is no failure of the side, gets no answer made up, and
// stands in the log as one who left.
func TestAUserWhoLeavesIsNoFailure(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{})
	slow := backend(t, "", func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	})
	p := start(t, two(slow, slow, "accessLog: {file: \"%DIR%/access.log\"}\n"+toSource))
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		res, err := http.DefaultClient.Do(request(t, "GET", p.url("/"), "").WithContext(ctx))
		if err == nil {
			_ = res.Body.Close() // the status below is the finding
			err = errors.New(res.Status)
		}
		gone <- err
	}()
	<-entered
	leave()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("an answer: %v", err)
	}
	eventually(t, func() error {
		for _, side := range p.status().Sides {
			if side.Side == "source" && side.Requests == 1 && side.Errors == 0 && side.InFlight == 0 {
				return nil
			}
		}
		return fmt.Errorf("%+v", p.status().Sides)
	})
	p.stop()
	err := <-p.ended
	p.ended <- err
	text, err := os.ReadFile(filepath.Join(filepath.Dir(p.file), "access.log"))
	if err != nil || !strings.Contains(string(text), " 499 - ") || !strings.Contains(string(text), "UserGone") {
		t.Errorf("%v\n%s", err, text)
	}
}
