package vault_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/arm/vault"
)

type client struct {
	t   *testing.T
	url string
}

func serve(t *testing.T, now func() time.Time) client {
	t.Helper()
	s := httptest.NewServer(vault.NewStore(now).Handler("kv", "https://vault"))
	t.Cleanup(s.Close)
	return client{t, s.URL}
}

func (c client) do(method, path, body string) (int, map[string]any) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path+"?api-version=7.5", strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer w.Body.Close()
	data, err := io.ReadAll(w.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	m := map[string]any{}
	if len(data) > 0 {
		if err := json.Unmarshal(data, &m); err != nil {
			c.t.Fatalf("%s: %v", data, err)
		}
	}
	return w.StatusCode, m
}

func TestLifeOfASecret(t *testing.T) {
	t.Parallel()
	c := serve(t, time.Now)
	for _, step := range []struct {
		method, path, body string
		status             int
		path2, want        string
	}{
		{"PUT", "/secrets/a", `{"value":"one","contentType":"text/plain"}`, 200, "value", "one"},
		{"PUT", "/secrets/A", `{"value":"two"}`, 200, "value", "two"},
		{"GET", "/secrets/a", "", 200, "value", "two"},
		{"GET", "/secrets/a/none", "", 404, "error.code", "SecretNotFound"},
		{"GET", "/secrets/b", "", 404, "error.code", "SecretNotFound"},
		{"DELETE", "/secrets/a", "", 200, "recoveryId", "https://vault/deletedsecrets/a"},
		{"GET", "/secrets/a", "", 404, "error.code", "SecretNotFound"},
		{"PUT", "/secrets/a", `{"value":"three"}`, 409, "error.code", "Conflict"},
		{"GET", "/deletedsecrets/a", "", 200, "value", ""},
		{"POST", "/deletedsecrets/a/recover", "", 200, "", ""},
		{"GET", "/secrets/a", "", 200, "value", "two"},
		{"DELETE", "/secrets/a", "", 200, "", ""},
		{"DELETE", "/deletedsecrets/a", "", 204, "", ""},
		{"DELETE", "/deletedsecrets/a", "", 404, "", ""},
		{"PUT", "/secrets/a", `{"value":"four"}`, 200, "value", "four"},
		{"PUT", "/secrets/b_c", `{"value":"x"}`, 400, "error.code", "BadParameter"},
		{"PUT", "/secrets/d", `{}`, 400, "", ""},
		{"PUT", "/secrets/d", `{"value":7}`, 400, "", ""},
		{"GET", "/keys", "", 501, "error.code", "NotSupportedBySandbox"},
	} {
		status, m := c.do(step.method, step.path, step.body)
		if status != step.status || step.path2 != "" && document.Text(m, step.path2) != step.want {
			t.Errorf("%s %s: %d %v", step.method, step.path, status, m)
		}
	}
}

func TestVersionsAndAttributes(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	c := serve(t, func() time.Time { return now })
	_, first := c.do("PUT", "/secrets/a", `{"value":"one","tags":{"k":"v"}}`)
	c.do("PUT", "/secrets/a", `{"value":"two"}`)
	id := document.Text(first, "id")
	old := strings.TrimPrefix(id, "https://vault")
	if _, m := c.do("GET", old, ""); document.Text(m, "value") != "one" || document.Text(m, "tags.k") != "v" {
		t.Errorf("%v", m)
	}
	if _, m := c.do("GET", "/secrets/a/versions", ""); len(document.List(m, "value")) != 2 || document.Get(document.List(m, "value")[0], "value") != nil {
		t.Errorf("a list has no values: %v", m)
	}
	if status, m := c.do("PATCH", old, `{"attributes":{"enabled":false}}`); status != 200 || document.Get(m, "attributes.enabled") != false {
		t.Errorf("%d %v", status, m)
	}
	if status, _ := c.do("GET", old, ""); status != 403 {
		t.Errorf("a disabled secret was read: %d", status)
	}
	c.do("PUT", "/secrets/late", `{"value":"x","attributes":{"exp":1700000000}}`)
	if status, _ := c.do("GET", "/secrets/late", ""); status != 403 {
		t.Errorf("an expired secret was read: %d", status)
	}
	if _, m := c.do("GET", "/secrets", ""); len(document.List(m, "value")) != 2 {
		t.Errorf("%v", m)
	}
}
