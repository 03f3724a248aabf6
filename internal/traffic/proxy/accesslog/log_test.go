package accesslog_test

import (
	"bufio"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/records/weblog"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/traffic/proxy/accesslog"
)

func example() accesslog.Entry {
	begun := time.Date(2026, 5, 4, 3, 2, 1, 234567000, time.UTC)
	return accesslog.Entry{
		Kind: "https", Front: "shop-proxy", Begun: begun, Ended: begun.Add(30 * time.Millisecond),
		Client: "192.0.2.7:4711", Endpoint: "10.0.0.5:8443",
		Before: time.Millisecond, Waited: 20 * time.Millisecond, After: 500 * time.Microsecond,
		Status: 200, SideStatus: 200, BytesIn: 17, BytesOut: 4096,
		Method: "POST", URL: "https://Shop.example:443/orders?a=1&b=%22x", Protocol: "HTTP/2.0",
		UserAgent: `agent "quoted" \ and more`, Cipher: "TLS_AES_128_GCM_SHA256", TLSVersion: "TLSv1.3",
		Side: "target", Route: "orders", Trace: "Root=1-2", ServerName: "shop.example",
	}
}

// written returns the log's lines as the parser of assessments reads them.
func written(t interface{ Fatal(...any) }, path string) []weblog.Entry {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []weblog.Entry
	var p weblog.Parser
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e weblog.Entry
		ok, err := p.Line(lines.Bytes(), &e)
		if err != nil || !ok {
			t.Fatal(ok, err, lines.Text())
		}
		all = append(all, e)
	}
	return all
}

// The parser that assessments use understands each field of our own lines.
func TestTheParserOfAssessmentsReadsOurLines(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "access.log")
	log, err := accesslog.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	e := example()
	log.Add(&e)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	got := written(t, path)
	if len(got) != 1 {
		t.Fatalf("%d entries", len(got))
	}
	want := weblog.Entry{
		Time: e.Ended, Source: weblog.ALB, Method: "POST", Scheme: "https", Host: "shop.example", Port: 443,
		Path: "/orders", Query: "a=1&b=%22x", Status: 200, TargetStatus: 200,
		RequestTime: time.Millisecond, TargetTime: 20 * time.Millisecond, ResponseTime: 500 * time.Microsecond, Took: 21500 * time.Microsecond,
		BytesIn: 17, BytesOut: 4096, Client: "192.0.2.7", Target: "10.0.0.5:8443", TargetGroup: "target",
		Front: "shop-proxy", UserAgent: e.UserAgent,
	}
	if got[0] != want {
		t.Errorf("got  %+v\nwant %+v", got[0], want)
	}
}

func TestAnAnswerOfTheProxysOwnHasNoTarget(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "access.log")
	log, err := accesslog.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	e := example()
	e.Kind, e.Endpoint, e.SideStatus, e.Status, e.Reason, e.UserAgent = "http", "", 0, 503, "NoEndpoint", ""
	e.Before, e.Waited, e.After = -1, -1, -1
	log.Add(&e)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	got := written(t, path)[0]
	if got.Target != "" || got.TargetStatus != 0 || !got.Failed() || got.Reason != "NoEndpoint" || got.Took >= 0 || got.UserAgent != "" {
		t.Errorf("%+v", got)
	}
}

// Whatever a client sends, a line stays one line of the same fields.
func TestNoClientCanForgeALine(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "access.log")
	rapid.Check(t, func(rt *rapid.T) {
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			rt.Fatal(err)
		}
		log, err := accesslog.Open(path)
		if err != nil {
			rt.Fatal(err)
		}
		e := example()
		e.UserAgent = string(rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(rt, "agent"))
		e.Trace = rapid.String().Draw(rt, "trace")
		e.URL = "http://shop.example:80/" + url.PathEscape(rapid.String().Draw(rt, "path"))
		e.ServerName = rapid.StringMatching("[\"\n a-z]{0,5}").Draw(rt, "name")
		log.Add(&e)
		if err := log.Close(); err != nil {
			rt.Fatal(err)
		}
		got := written(rt, path)
		if len(got) != 1 || got[0].Status != 200 || got[0].Source != weblog.ALB || got[0].TargetGroup != "target" {
			rt.Fatalf("%+v", got)
		}
	})
}

func TestReopenGoesOnInANewFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "access.log")
	log, err := accesslog.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for range 50 {
				e := example()
				log.Add(&e)
			}
		})
	}
	for i := range 3 {
		if err := os.Rename(path, path+strings.Repeat(".old", i+1)); err != nil {
			t.Fatal(err)
		}
		if err := log.Reopen(); err != nil {
			t.Fatal(err)
		}
	}
	writers.Wait()
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) != 4 {
		t.Fatal(files, err)
	}
	total := 0
	for _, f := range files {
		total += len(written(t, f))
	}
	if total != 200 || log.Lost() != 0 {
		t.Errorf("%d lines, %d lost", total, log.Lost())
	}
	var off *accesslog.Log
	off.Add(&accesslog.Entry{})
	if off.Reopen() != nil || off.Close() != nil || off.Lost() != 0 {
		t.Error("a log that is off does something")
	}
	if _, err := accesslog.Open(filepath.Join(t.TempDir(), "no", "folder")); err == nil {
		t.Error("a folder that is not there is taken")
	}
}

// A line reaches the file soon, without a close.
func TestLinesDoNotWaitForLong(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "access.log")
	log, err := accesslog.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	e := example()
	log.Add(&e)
	testkit.Eventually(t, time.Minute, func() error {
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			return os.ErrNotExist
		}
		return nil
	})
}
