package notify_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/notify"
	"example.com/landfall/internal/redact"
	"example.com/landfall/internal/runbook"
)

func noon() time.Time { return time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC) }

// approval is a message as the engine sends it.
func approval(to ...string) engine.Telling {
	return engine.Telling{Run: "shop-20270301-120000", Number: 65537, Step: "execute.cutover.go", Message: runbook.Message{When: "approval", To: to,
		Text: "Step execute.cutover.go (Switch <!channel>) waits for 2 approvals. Approve it with: landfall approve execute.cutover.go"}}
}

func environment(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := env[name]; return v, ok }
}

// got is a request that a channel had.
type got struct {
	path, key, kind string
	body            map[string]any
}

// chat is a channel that answers with codes, the last one for ever.
type chat struct {
	*httptest.Server
	mu      sync.Mutex
	answers []func(w http.ResponseWriter)
	got     []got
}

func newChat(t *testing.T, answers ...func(w http.ResponseWriter)) *chat {
	t.Helper()
	c := &chat{answers: answers}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		g := got{path: r.URL.Path, key: r.Header.Get("Idempotency-Key"), kind: r.Header.Get("Content-Type")}
		content, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(content, &g.body); err != nil {
			t.Errorf("no JSON: %s", content)
		}
		c.got = append(c.got, g)
		if len(c.answers) == 0 {
			return
		}
		c.answers[0](w)
		if len(c.answers) > 1 {
			c.answers = c.answers[1:]
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *chat) all() []got {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.got)
}

func code(n int, header ...string) func(w http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(n)
		_, _ = io.WriteString(w, "because /hidden12345/secret67890")
	}
}

const hidden = "/services/hidden12345/secret67890"

// pauses collects how long was waited, and does not wait.
type pauses struct {
	mu  sync.Mutex
	all []time.Duration
}

func (p *pauses) pause(_ context.Context, d time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, d)
	return nil
}

func TestSlack(t *testing.T) {
	t.Parallel()
	c := newChat(t)
	n := notify.New(notify.Settings{Webhooks: map[string]string{"lead": "SLACK_TOKEN_URL"}, Getenv: environment(map[string]string{"SLACK_TOKEN_URL": c.URL + hidden}), Now: noon})
	where, err := n.Tell(t.Context(), "shop", approval("lead", "dba"))
	if err != nil || where[notify.Sent] != "webhook SLACK_TOKEN_URL (lead)" || where[notify.Nobody] != "dba" || len(where) != 2 {
		t.Fatalf("%v, %v", where, err)
	}
	asAny := map[string]any{}
	for k, v := range where {
		asAny[k] = v
	}
	if at, found := redact.Find(map[string]any{"sent": asAny}); found {
		t.Errorf("the ledger would refuse %q", at)
	}
	all := c.all()
	if len(all) != 1 || all[0].path != hidden || all[0].key != "shop-20270301-120000%2F65537" || all[0].kind != "application/json" {
		t.Fatalf("%+v", all)
	}
	text := all[0].body["text"].(string)
	if !strings.Contains(text, "&lt;!channel&gt;") || strings.Contains(text, "<!channel>") {
		t.Errorf("text = %q", text)
	}
	content, _ := json.Marshal(all[0].body["blocks"])
	for _, want := range []string{"shop: approval needed: execute.cutover.go", "Run: shop-20270301-120000", "Step: execute.cutover.go", "Next: landfall approve execute.cutover.go", "For: lead, dba", "Workload: shop"} {
		if !strings.Contains(string(content), want) {
			t.Errorf("the blocks lack %q: %s", want, content)
		}
	}
	if strings.Contains(string(content), "mrkdwn") {
		t.Errorf("a block is read as markup: %s", content)
	}
}

// redirect sends every request to a server of the test, whatever its host.
type redirect struct{ to *chat }

func (r redirect) RoundTrip(q *http.Request) (*http.Response, error) {
	q = q.Clone(q.Context())
	q.URL.Scheme, q.URL.Host = "http", strings.TrimPrefix(r.to.URL, "http://")
	return http.DefaultTransport.RoundTrip(q)
}

func TestTeams(t *testing.T) {
	t.Parallel()
	limited := func(w http.ResponseWriter) {
		_, _ = io.WriteString(w, "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429")
	}
	for _, host := range []string{"example.webhook.office.com", "prod-1.westeurope.logic.azure.com:443", "x.environment.api.powerplatform.com"} {
		c, p := newChat(t, limited, code(202)), &pauses{}
		n := notify.New(notify.Settings{Webhooks: map[string]string{"*": "TEAMS"}, Transport: redirect{c}, Pause: p.pause, Getenv: environment(map[string]string{"TEAMS": "https://" + host + "/workflows?sig=abcdefghijkl"})})
		if where, err := n.Tell(t.Context(), "shop", approval("lead", "dba")); err != nil || where[notify.Sent] != "webhook TEAMS (lead, dba)" {
			t.Fatalf("%s: %v, %v", host, where, err)
		}
		all := c.all()
		if len(all) != 2 || len(p.all) != 1 {
			t.Fatalf("%s: %d requests, pauses %v", host, len(all), p.all)
		}
		attachment := all[1].body["attachments"].([]any)[0].(map[string]any)
		card := attachment["content"].(map[string]any)
		content, _ := json.Marshal(card)
		if all[1].body["type"] != "message" || attachment["contentType"] != "application/vnd.microsoft.card.adaptive" || card["type"] != "AdaptiveCard" {
			t.Errorf("%s: %v", host, all[1].body)
		}
		if !strings.Contains(string(content), "landfall approve execute.cutover.go") || strings.Contains(string(content), `"TextBlock"`) {
			t.Errorf("%s: %s", host, content)
		}
	}
}

// What can help is tried again; what the other side says of when is kept to.
func TestTryingAgain(t *testing.T) {
	t.Parallel()
	s := time.Second
	for name, c := range map[string]struct {
		answers  []func(http.ResponseWriter)
		requests int
		pauses   []time.Duration
		kind     fault.Kind
	}{
		"at once":              {[]func(http.ResponseWriter){code(200)}, 1, nil, ""},
		"after a while":        {[]func(http.ResponseWriter){code(503), code(500), code(204)}, 3, []time.Duration{s, 2 * s}, ""},
		"when it says":         {[]func(http.ResponseWriter){code(429, "Retry-After", "7"), code(200)}, 2, []time.Duration{7 * s}, ""},
		"at the time it says":  {[]func(http.ResponseWriter){code(429, "Retry-After", noon().Add(9*s).Format(http.TimeFormat)), code(200)}, 2, []time.Duration{9 * s}, ""},
		"said something else":  {[]func(http.ResponseWriter){code(503, "Retry-After", "soon"), code(200)}, 2, []time.Duration{s}, ""},
		"says too late":        {[]func(http.ResponseWriter){code(429, "Retry-After", "3600")}, 1, nil, fault.Throttled},
		"never":                {[]func(http.ResponseWriter){code(502)}, 4, []time.Duration{s, 2 * s, 4 * s}, fault.Unavailable},
		"not there":            {[]func(http.ResponseWriter){code(404)}, 1, nil, fault.NotFound},
		"not allowed":          {[]func(http.ResponseWriter){code(403)}, 1, nil, fault.Denied},
		"not understood":       {[]func(http.ResponseWriter){code(400)}, 1, nil, fault.Invalid},
		"moved, not gone with": {[]func(http.ResponseWriter){code(302, "Location", "http://127.0.0.1:1/")}, 1, nil, fault.Invalid},
	} {
		chat, p := newChat(t, c.answers...), &pauses{}
		n := notify.New(notify.Settings{Webhooks: map[string]string{"*": "CHAT"}, Getenv: environment(map[string]string{"CHAT": chat.URL + hidden}), Now: noon, Pause: p.pause})
		where, err := n.Tell(t.Context(), "shop", approval("lead"))
		if fault.KindOf(err) != c.kind || len(chat.all()) != c.requests || !slices.Equal(p.all, c.pauses) {
			t.Errorf("%s: %v (%s), %d requests, pauses %v", name, err, fault.KindOf(err), len(chat.all()), p.all)
		}
		if (err == nil) != (where[notify.Failed] == "") || strings.Contains(where[notify.Failed], "secret67890") {
			t.Errorf("%s: %v", name, where)
		}
		if err != nil && (strings.Contains(err.Error(), "hidden12345") || !strings.Contains(err.Error(), "webhook CHAT")) {
			t.Errorf("%s: %v", name, err)
		}
		for _, g := range chat.all() {
			if g.key != chat.all()[0].key {
				t.Errorf("%s: the key changes: %q", name, g.key)
			}
		}
	}
}

// No error and no result tells the address of a channel.
func TestAddressesStaySecret(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for name, c := range map[string]struct {
		address string
		kind    fault.Kind
	}{
		"not set":       {"", fault.Invalid},
		"nobody there":  {closed.URL + "/hidden12345?sig=secret67890", fault.Unavailable},
		"not encrypted": {"http://hooks.example/hidden12345/secret67890", fault.Invalid},
		"other scheme":  {"ftp://hooks.example/hidden12345/secret67890", fault.Invalid},
		"no address":    {"hidden12345 secret67890", fault.Invalid},
		"broken":        {"https://hooks.example/%zz/hidden12345/secret67890\x7f", fault.Invalid},
		"with password": {"https://me:secret67890@127.0.0.1:1/hidden12345", fault.Unavailable},
	} {
		p := &pauses{}
		n := notify.New(notify.Settings{Webhooks: map[string]string{"*": "CHAT"}, Getenv: environment(map[string]string{"CHAT": c.address}), Pause: p.pause})
		where, err := n.Tell(t.Context(), "shop", approval("lead"))
		if !fault.Is(err, c.kind) {
			t.Errorf("%s: %v (%s)", name, err, fault.KindOf(err))
			continue
		}
		if text := err.Error() + where[notify.Failed] + fault.HintOf(err); strings.Contains(text, "secret67890") || strings.Contains(text, "hidden12345") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	lead, all := newChat(t), newChat(t)
	env := environment(map[string]string{"LEAD": lead.URL, "ALL": all.URL})
	for name, c := range map[string]struct {
		webhooks     map[string]string
		to           []string
		sent, nobody string
	}{
		"nothing set up":         {nil, []string{"lead", "dba", "lead"}, "", "lead, dba"},
		"one hears":              {map[string]string{"lead": "LEAD"}, []string{"lead"}, "webhook LEAD (lead)", ""},
		"one hears, one not":     {map[string]string{"lead": "LEAD"}, []string{"dba", "lead"}, "webhook LEAD (lead)", "dba"},
		"all hears":              {map[string]string{"*": "ALL"}, []string{"dba", "lead"}, "webhook ALL (dba, lead)", ""},
		"both hear":              {map[string]string{"*": "ALL", "lead": "LEAD"}, []string{"lead"}, "webhook ALL (lead); webhook LEAD (lead)", ""},
		"one place, two roles":   {map[string]string{"dba": "ALL", "lead": "ALL"}, []string{"lead", "dba"}, "webhook ALL (dba, lead)", ""},
		"nobody is addressed":    {map[string]string{"*": "ALL"}, nil, "", ""},
		"the same role two ways": {map[string]string{"*": "ALL", "dba": "ALL"}, []string{"dba"}, "webhook ALL (dba)", ""},
	} {
		where, err := notify.New(notify.Settings{Webhooks: c.webhooks, Getenv: env}).Tell(t.Context(), "shop", approval(c.to...))
		if err != nil || where[notify.Sent] != c.sent || where[notify.Nobody] != c.nobody {
			t.Errorf("%s: %v, %v", name, where, err)
		}
	}
}

// A place that has the message does not get it again because another failed.
func TestToldAgain(t *testing.T) {
	t.Parallel()
	good, bad := newChat(t), newChat(t, code(404), code(200))
	n := notify.New(notify.Settings{Webhooks: map[string]string{"lead": "GOOD", "dba": "BAD"}, Getenv: environment(map[string]string{"GOOD": good.URL, "BAD": bad.URL})})
	where, err := n.Tell(t.Context(), "shop", approval("lead", "dba"))
	if !fault.Is(err, fault.NotFound) || where[notify.Sent] != "webhook GOOD (lead)" || !strings.HasPrefix(where[notify.Failed], "tell by webhook BAD: the answer is 404") {
		t.Fatalf("%v, %v", where, err)
	}
	if where, err = n.Tell(t.Context(), "shop", approval("lead", "dba")); err != nil || len(good.all()) != 1 || len(bad.all()) != 2 || where[notify.Sent] != "webhook BAD (dba); webhook GOOD (lead)" {
		t.Errorf("again: %v, %v, %d and %d", where, err, len(good.all()), len(bad.all()))
	}
	next := approval("lead", "dba")
	next.Number++
	if _, err = n.Tell(t.Context(), "shop", next); err != nil || len(good.all()) != 2 {
		t.Errorf("the next message: %v, %d", err, len(good.all()))
	}
}

func TestACallerWhoGoes(t *testing.T) {
	t.Parallel()
	c := newChat(t, code(503))
	ctx, cancel := context.WithCancel(t.Context())
	n := notify.New(notify.Settings{Webhooks: map[string]string{"*": "CHAT"}, Getenv: environment(map[string]string{"CHAT": c.URL}),
		Pause: func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }})
	if _, err := n.Tell(ctx, "shop", approval("lead")); err == nil || len(c.all()) != 1 {
		t.Errorf("%v, %d requests", err, len(c.all()))
	}
}

func TestTextsOfTheWorkspace(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("stolen"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ file, title, text, trouble string }{
		"own text":        {"Please: {{.Text}}", "shop: approval needed: execute.cutover.go", "Please: Step", ""},
		"own title":       {`{{define "title"}}{{.Workload}} {{if .Step}}at {{.Step}}{{end}}{{end}}Hello {{.To}}`, "shop at execute.cutover.go", "Hello lead", ""},
		"all fields":      {"{{.Kind}} {{.Run}} {{.Title}} {{.Command}} {{with .Step}}{{.}}{{end}}", "shop", "approval shop-2027", ""},
		"unknown field":   {"{{.Password}}", "shop", "Step execute", "Password"},
		"not a template":  {"{{if}}", "shop", "Step execute", "read the text"},
		"a loop":          {"{{range 999999999999}}{{end}}x", "shop", "Step execute", "range"},
		"a hidden loop":   {"{{if .Step}}{{else}}{{with .Run}}{{range 9}}x{{end}}{{end}}{{end}}x", "shop", "Step execute", "range"},
		"calls itself":    {`{{define "a"}}{{template "a" .}}{{end}}x{{template "a" .}}`, "shop", "Step execute", "template"},
		"empty":           {"  \n", "shop", "Step execute", "empty"},
		"too large":       {strings.Repeat("x", 65<<10), "shop", "Step execute", "larger"},
		"outside":         {"-> " + outside, "shop", "Step execute", "messages"},
		"control letters": {"a\x1b[31mb\x00\u202ec", "shop", "a[31mbc", ""},
	} {
		folder := filepath.Join(t.TempDir(), "messages")
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, "approval.tmpl")
		err := os.WriteFile(path, []byte(c.file), 0o600)
		if to, link := strings.CutPrefix(c.file, "-> "); link {
			err = os.Remove(path)
			if err == nil {
				err = os.Symlink(to, path)
			}
			c.trouble = "approval.tmpl"
		}
		if err != nil {
			t.Fatal(err)
		}
		chat := newChat(t)
		n := notify.New(notify.Settings{Webhooks: map[string]string{"*": "CHAT"}, Getenv: environment(map[string]string{"CHAT": chat.URL}), Templates: folder})
		where, err := n.Tell(t.Context(), "shop", approval("lead"))
		if err != nil || (where[notify.Template] == "") != (c.trouble == "") || !strings.Contains(where[notify.Template], c.trouble) {
			t.Errorf("%s: %v, %v", name, where, err)
			continue
		}
		blocks := chat.all()[0].body["blocks"].([]any)
		text := func(i int) string { return blocks[i].(map[string]any)["text"].(map[string]any)["text"].(string) }
		if !strings.HasPrefix(text(0), c.title) || !strings.HasPrefix(text(1), c.text) || !strings.Contains(text(2), "Run: shop-") {
			t.Errorf("%s: %q, %q, %q", name, text(0), text(1), text(2))
		}
	}
}

// Every kind of message has a title of its own, and long ones fit.
func TestKinds(t *testing.T) {
	t.Parallel()
	chat := newChat(t)
	n := notify.New(notify.Settings{Webhooks: map[string]string{"*": "CHAT"}, Getenv: environment(map[string]string{"CHAT": chat.URL})})
	kinds := []string{"approval", "person", "operator", "trigger", "rollback", "run", "phase", "before", "begun", "done", "failed", "else", "../../etc"}
	for i, kind := range kinds {
		m := engine.Telling{Run: "r", Number: int64(i), Step: strings.Repeat("s", 400), Message: runbook.Message{When: kind, To: []string{"lead"}, Text: strings.Repeat("ä", 9000)}}
		if _, err := n.Tell(t.Context(), "shop", m); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
	}
	titles := map[string]bool{}
	for _, g := range chat.all() {
		for i, b := range g.body["blocks"].([]any) {
			text := []rune(b.(map[string]any)["text"].(map[string]any)["text"].(string))
			if most := 3000; len(text) > most || i == 0 && len(text) > 150 {
				t.Errorf("block %d has %d characters", i, len(text))
			}
			if i == 0 {
				titles[string(text)] = true
			}
		}
	}
	if len(titles) != len(kinds)-1 {
		t.Errorf("%d titles for %d kinds", len(titles), len(kinds))
	}
}
