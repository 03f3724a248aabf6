package action_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

func shop(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("welcome to " + r.Host + " by " + r.Method))
	})
	mux.HandleFunc("/old", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusMovedPermanently) })
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

func TestRequests(t *testing.T) {
	t.Parallel()
	url := shop(t)
	for name, c := range map[string]struct {
		request map[string]any
		wrong   string // "" when it passes
	}{
		"plain":         {map[string]any{"url": url, "contains": "welcome"}, ""},
		"another host":  {map[string]any{"url": url, "host": "shop.example.com", "contains": "to shop.example.com"}, ""},
		"post":          {map[string]any{"url": url, "method": "post", "contains": "by POST"}, ""},
		"a redirect":    {map[string]any{"url": url + "/old", "status": 301}, ""},
		"wrong status":  {map[string]any{"url": url, "status": 404}, "the answer is 200, not 404"},
		"lacks a text":  {map[string]any{"url": url, "contains": "goodbye"}, "does not contain"},
		"a bad text":    {map[string]any{"url": url, "lacks": "welcome"}, `contains "welcome"`},
		"too slow":      {map[string]any{"url": url + "/slow", "maxMillis": 50}, "no answer from"},
		"nobody there":  {map[string]any{"url": "http://127.0.0.1:1/?sig=abc"}, `no answer from "http://127.0.0.1:1/"`},
		"not followed":  {map[string]any{"url": url + "/old"}, "the answer is 301, not 200"},
		"no address":    {map[string]any{"url": "http://[::1"}, "make the request"},
		"with password": {map[string]any{"url": strings.Replace(url, "http://", "http://u:hunter2@", 1), "status": 201}, "not 201"},
	} {
		r := action.Run(t.Context(), action.Checks{}, call(action.KindHTTP, map[string]any{"http": []any{c.request}}), false)
		want := runbook.Succeeded
		if c.wrong != "" {
			want = runbook.NoEffect
		}
		if r.Outcome != want || !strings.Contains(r.Detail, c.wrong) {
			t.Errorf("%s: %s (%s), want %s (%s)", name, r.Outcome, r.Detail, want, c.wrong)
		}
		if r.Final || len(r.Evidence) != 1 {
			t.Errorf("%s: final %v, evidence %v", name, r.Final, r.Evidence)
		}
		for _, e := range r.Evidence {
			if text := e.Text + e.Data["url"]; strings.Contains(text+r.Detail, "hunter2") || strings.Contains(text+r.Detail, "sig=") {
				t.Errorf("%s: a secret is in %+v", name, e)
			}
		}
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	a := action.Checks{Environ: []string{"PATH=" + os.Getenv("PATH"), "TOKEN=x", "STAGE=prod"}, Dir: t.TempDir()}
	for name, c := range map[string]struct {
		command map[string]any
		wrong   string
	}{
		"a line":           {map[string]any{"run": "test $((1+1)) = 2"}, ""},
		"arguments":        {map[string]any{"argv": []any{"/bin/sh", "-c", "exit 0"}}, ""},
		"another code":     {map[string]any{"run": "exit 3", "exit": 3}, ""},
		"what it is given": {map[string]any{"run": `test "$STAGE$TOKEN" = prod`, "env": []any{"STAGE"}}, ""},
		"where it runs":    {map[string]any{"run": `test "$(pwd -P)" = "$(cd ` + a.Dir + ` && pwd -P)"`}, ""},
		"fails":            {map[string]any{"name": "smoke", "run": "echo no cart >&2; exit 4"}, "smoke: it ended with 4, not 0: no cart"},
		"too long":         {map[string]any{"run": "sleep 60", "timeoutSeconds": 1}, "did not end in 1s"},
		"killed":           {map[string]any{"run": "kill -9 $$"}, "it was ended"},
		"not there":        {map[string]any{"argv": []any{"landfall-no-such-program"}}, "start"},
		"neither":          {map[string]any{"name": "x"}, "either run or argv"},
	} {
		r := action.Run(t.Context(), a, call(action.KindCommand, map[string]any{"commands": []any{c.command}}), false)
		want := runbook.Succeeded
		if c.wrong != "" {
			want = runbook.NoEffect
		}
		if r.Outcome != want || !strings.Contains(r.Detail, c.wrong) {
			t.Errorf("%s: %s (%s), want %s (%s)", name, r.Outcome, r.Detail, want, c.wrong)
		}
	}
}

// What a command prints may be secret: of it there is a fingerprint.
func TestOutputIsAFingerprint(t *testing.T) {
	t.Parallel()
	r := action.Run(t.Context(), action.Checks{}, call(action.KindChecks, map[string]any{"commands": []any{map[string]any{"run": "echo hunter2"}}}), false)
	if r.Outcome != runbook.Succeeded || len(r.Evidence) != 1 {
		t.Fatalf("%s: %s", r.Outcome, r.Detail)
	}
	// The SHA-256 of "hunter2\n".
	if got := r.Evidence[0].Data["stdout"]; !strings.HasPrefix(got, "sha256:") || len(got) != 71 || strings.Contains(r.Evidence[0].Text, "hunter2") {
		t.Errorf("evidence %+v", r.Evidence[0])
	}
}

func TestAllChecksAreCarriedOut(t *testing.T) {
	t.Parallel()
	url := shop(t)
	r := action.Run(t.Context(), action.Checks{}, call(action.KindChecks, map[string]any{
		"http":     []any{map[string]any{"name": "cart", "url": url, "status": 500}, map[string]any{"url": url}},
		"commands": []any{map[string]any{"name": "till", "run": "exit 1"}, map[string]any{"run": "exit 0"}},
	}), false)
	if r.Outcome != runbook.NoEffect || len(r.Evidence) != 4 || !strings.Contains(r.Detail, "2 of 4 failed: cart: ") || !strings.Contains(r.Detail, "till: ") {
		t.Errorf("%s: %s, %d pieces of evidence", r.Outcome, r.Detail, len(r.Evidence))
	}
	for name, inputs := range map[string]map[string]any{"none": {}, "unknown": {"htpp": []any{}}} {
		if r := action.Run(t.Context(), action.Checks{}, call(action.KindChecks, inputs), false); r.Outcome != runbook.NoEffect || !r.Final {
			t.Errorf("%s: %s, final %v", name, r.Outcome, r.Final)
		}
	}
}

func TestNotesAndPeople(t *testing.T) {
	t.Parallel()
	r := action.Run(t.Context(), action.Note{}, call(action.KindNote, map[string]any{"text": "the window was agreed", "data": map[string]any{"ticket": "7"}}), false)
	if r.Outcome != runbook.Succeeded || r.Evidence[0].Data["ticket"] != "7" {
		t.Errorf("%+v", r)
	}
	if r := action.Run(t.Context(), action.Note{}, call(action.KindNote, nil), false); !r.Final {
		t.Errorf("an empty note: %+v", r)
	}
	if r := action.Run(t.Context(), action.Wait{}, call(action.KindWait, nil), false); r.Outcome != runbook.Succeeded {
		t.Errorf("a wait: %+v", r)
	}
	if r := action.Run(t.Context(), action.Note{}, call(action.KindNote, nil), true); r.Outcome != runbook.Succeeded {
		t.Errorf("taking back a note: %+v", r)
	}
	if r := action.Run(t.Context(), action.Manual{}, call(action.KindManual, nil), false); r.Outcome != runbook.Unknown {
		t.Errorf("a person's step: %+v", r)
	}
	if _, err := (action.Manual{}).Undo(t.Context(), call(action.KindManual, nil)); !fault.Is(err, fault.Unsupported) || fault.HintOf(err) == "" {
		t.Errorf("answered %v", err)
	}
}
