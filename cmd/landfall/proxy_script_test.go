package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// proxyWait bounds waiting for a proxy that starts or changes.
const proxyWait = 2 * time.Minute

// TestProxyScripts runs proxies as processes of their own, before two servers
// that say which side they are.
func TestProxyScripts(t *testing.T) {
	var sides []string
	for _, name := range []string{"source", "target"} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, name) }))
		t.Cleanup(s.Close)
		sides = append(sides, s.URL)
	}
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "proxy"), UpdateScripts: *update, RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			for _, name := range []string{"WEB", "WEB2", "ADMIN", "ADMIN2"} {
				address, err := freeAddress()
				if err != nil {
					return err
				}
				e.Setenv(name, address)
			}
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("SOURCE", sides[0])
			e.Setenv("TARGET", sides[1])
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "filled": filled, "ask": ask},
	})
}

// freeAddress is one where nobody listens now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// filled puts the environment's values into a file: filled FILE.
func filled(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	for _, name := range []string{"WEB2", "WEB", "SOURCE", "TARGET"} {
		text = strings.ReplaceAll(text, "%"+name+"%", ts.Getenv(name))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// ask asks until the answer matches: ask METHOD URL BODY TOKEN PATTERN. The
// pattern is for the status and the body.
func ask(ts *testscript.TestScript, _ bool, args []string) {
	pattern, last := regexp.MustCompile(`(?s)`+args[4]), ""
	for end := time.Now().Add(proxyWait); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		req, err := http.NewRequest(args[0], args[1], strings.NewReader(args[2]))
		ts.Check(err)
		req.Header.Set("Authorization", "Bearer "+args[3])
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			last = err.Error()
			continue
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close() // it was read
		last = fmt.Sprint(res.StatusCode, " ", string(body), err)
		if pattern.MatchString(last) {
			return
		}
	}
	ts.Fatalf("%s %s: never %q, last %s", args[0], args[1], args[4], last)
}
