package sandbox

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/part"
)

func TestStepsRunAfterWhatTheyNeed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "steps")
		var mu sync.Mutex
		var ended []string
		var steps []step
		for i := range n {
			st := step{name: string(rune('a' + i))}
			for j := range i {
				if rapid.Bool().Draw(t, "need") {
					st.needs = append(st.needs, string(rune('a'+j)))
				}
			}
			st.run = func(context.Context) error {
				mu.Lock()
				defer mu.Unlock()
				for _, need := range st.needs {
					if !slices.Contains(ended, need) {
						t.Errorf("%s began before %s ended", st.name, need)
					}
				}
				ended = append(ended, st.name)
				return nil
			}
			steps = append(steps, st)
		}
		done := 0
		if err := runSteps(context.Background(), steps, func(string) { mu.Lock(); done++; mu.Unlock() }); err != nil {
			t.Fatal(err)
		}
		if len(ended) != n || done != n {
			t.Errorf("%d of %d steps ran, %d were reported", len(ended), n, done)
		}
	})
}

// The first error is the one told, and what waits is let go.
func TestStepsStopAtTheFirstError(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	never := func(context.Context) error { t.Error("a step ran whose need did not end well"); return nil }
	err := runSteps(t.Context(), []step{
		{name: "bad", run: func(context.Context) error { return boom }},
		{name: "slow", run: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
		{name: "after", needs: []string{"bad"}, run: never},
	}, func(string) {})
	if !errors.Is(err, boom) {
		t.Errorf("error = %v", err)
	}
	if err := runSteps(t.Context(), []step{{name: "a", needs: []string{"b"}}, {name: "b"}}, nil); !fault.Is(err, fault.Internal) {
		t.Errorf("a need below: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errStopAsked)
	if err := runSteps(ctx, []step{{name: "a", run: never}}, func(string) {}); !errors.Is(err, errStopAsked) {
		t.Errorf("stopped before it began: %v", err)
	}
}

func TestClosersGoByRank(t *testing.T) {
	t.Parallel()
	var c closers
	var mu sync.Mutex
	var order []string
	add := func(rank int, name string, err error) {
		c.add(rank, name, func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, name)
			return err
		})
	}
	add(rankServer, "moto", nil)
	add(rankFront, "gate", errors.New("busy"))
	add(rankWorkload, "shop", nil)
	errs := c.closeAll(t.Context(), slog.New(slog.DiscardHandler))
	if got := strings.Join(order, " "); got != "shop gate moto" {
		t.Errorf("order = %s", got)
	}
	if len(errs) != 1 || !strings.Contains(errs[0].Error(), "stop gate: busy") {
		t.Errorf("errors = %v", errs)
	}
	if errs := c.closeAll(t.Context(), slog.New(slog.DiscardHandler)); len(errs) > 0 || len(order) != 3 {
		t.Errorf("closing twice: %v, %v", errs, order)
	}
}

func testRecord(t *testing.T) *record {
	t.Helper()
	l, err := newLayout(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.make(); err != nil {
		t.Fatal(err)
	}
	return &record{layout: l, now: time.Now, log: slog.New(slog.DiscardHandler), state: State{SchemaVersion: schemaVersion, Phase: PhaseStarting}}
}

func TestControlNeedsTheToken(t *testing.T) {
	t.Parallel()
	r := testRecord(t)
	stopped := 0
	c, err := serveControl(r, func() { stopped++ })
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	var file controlFile
	if err := readJSON(r.layout.control(), &file); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"", "Bearer", "Bearer ", "Bearer x", file.Token, "Bearer " + file.Token + "x"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+file.Address+"/stop", nil)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			req.Header.Set("Authorization", token)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != http.StatusUnauthorized || strings.Contains(string(body), file.Token) {
			t.Errorf("token %q: status %d", token, res.StatusCode)
		}
	}
	if stopped != 0 {
		t.Error("somebody without the token stopped the sandbox")
	}
	var s State
	if err := ask(t.Context(), r.layout, "GET", "/state", &s); err != nil || s.Phase != PhaseStarting {
		t.Errorf("state = %+v, %v", s, err)
	}
	if err := ask(t.Context(), r.layout, "POST", "/stop", nil); err != nil || stopped != 1 {
		t.Errorf("stop: %v, %d", err, stopped)
	}
	if err := ask(t.Context(), r.layout, "GET", "/other", nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("an unknown question: %v", err)
	}
	c.close()
	if err := ask(t.Context(), r.layout, "GET", "/state", &s); !fault.Is(err, fault.Unavailable) || fault.HintOf(err) == "" {
		t.Errorf("nobody answers: %v", err)
	}
}

func TestRecordKeepsTheFileCurrent(t *testing.T) {
	t.Parallel()
	r := testRecord(t)
	r.say("moto", "ready")
	for i := range 100 {
		r.progress("objects", "stocking", i+1, 100)
	}
	r.partChanged(part.Status{Name: "b", State: part.Starting})
	r.partChanged(part.Status{Name: "a", State: part.Starting})
	r.partChanged(part.Status{Name: "b", State: part.Ready})
	r.fail(fault.Newf(fault.Conflict, "port taken").Hintf("use another"))
	s, err := readState(r.layout)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Events) != 2 || s.Events[1].Done != 100 || s.Events[1].Number != 101 {
		t.Errorf("events = %+v", s.Events)
	}
	if len(s.Parts) != 2 || s.Parts[0].Name != "a" || s.Parts[1].State != part.Ready {
		t.Errorf("parts = %+v", s.Parts)
	}
	if err := s.Trouble.Err(); !fault.Is(err, fault.Conflict) || fault.HintOf(err) != "use another" || err.Error() != "port taken" {
		t.Errorf("trouble = %v, hint %q", err, fault.HintOf(err))
	}
	for range 2 * maxEvents {
		r.say("x", "y")
	}
	if n := len(r.snapshot().Events); n != maxEvents {
		t.Errorf("%d events are kept", n)
	}
}

// A server that goes is forgotten, and no other with it.
func TestRecordForgetsAPart(t *testing.T) {
	t.Parallel()
	r := testRecord(t)
	for _, name := range []string{"b", "a", "c"} {
		r.partChanged(part.Status{Name: name})
	}
	for _, name := range []string{"b", "b", "none"} {
		r.partGone(name)
	}
	s, err := readState(r.layout)
	if err != nil || len(s.Parts) != 2 || s.Parts[0].Name != "a" || s.Parts[1].Name != "c" {
		t.Errorf("parts = %+v, %v", s.Parts, err)
	}
}

// A disk that takes nothing: the error is remembered, and goes when the disk
// is better.
func TestRecordOnAFullDisk(t *testing.T) {
	t.Parallel()
	r := testRecord(t)
	dir := r.layout.dir
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r.say("moto", "ready")
	if r.Err() == nil {
		t.Error("a state that was not written counts as recorded")
	}
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := r.layout.make(); err != nil {
		t.Fatal(err)
	}
	r.say("moto", "ready")
	if err := r.Err(); err != nil {
		t.Errorf("error after the disk is better: %v", err)
	}
}

func TestLayoutFollowsThePath(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	a, err := newLayout(dir)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := newLayout(link); err != nil || a != b {
		t.Errorf("two names of a folder: %+v, %+v, %v", a, b, err)
	}
	c, err := newLayout(t.TempDir())
	if err != nil || a.tag == c.tag {
		t.Errorf("two workspaces have the tags %q, %q, %v", a.tag, c.tag, err)
	}
	awsA, azureA := a.fronts()
	awsC, _ := c.fronts()
	if awsA == azureA || awsA == awsC || !strings.HasPrefix(awsA, "127.") {
		t.Errorf("fronts %s, %s and %s", awsA, azureA, awsC)
	}
	for _, absent := range []string{"", filepath.Join(dir, "absent")} {
		if _, err := newLayout(absent); err == nil {
			t.Errorf("workspace %q is there", absent)
		}
	}
}

func TestWipeKeepsLogsAndLocks(t *testing.T) {
	t.Parallel()
	l := testRecord(t).layout
	for _, path := range []string{l.state(), l.secrets(), l.upLock(), l.serveLock(), l.supervisorLog(), l.path(".state.json123")} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.wipe(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if got := strings.Join(left, " "); got != "logs serve.lock up.lock" {
		t.Errorf("left: %s", got)
	}
}

func TestStateOfAnotherVersion(t *testing.T) {
	t.Parallel()
	l := testRecord(t).layout
	for _, content := range []string{`{"schemaVersion":99}`, `{"schemaVersion":`, ``} {
		if err := os.WriteFile(l.state(), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readState(l); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Errorf("state %q: %v", content, err)
		}
	}
}

func TestFindBookshop(t *testing.T) {
	t.Parallel()
	exeDir, pathDir := t.TempDir(), t.TempDir()
	exe := filepath.Join(exeDir, "landfall")
	environ := []string{"PATH=/nowhere", "PATH=.:" + pathDir}
	_, err := findBookshop(exe, environ)
	if !fault.Is(err, fault.Missing) || !strings.Contains(fault.HintOf(err), "go build -o "+exeDir) {
		t.Errorf("none: %v, hint %q", err, fault.HintOf(err))
	}
	onPath := filepath.Join(pathDir, "bookshop")
	if err := os.WriteFile(onPath, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := findBookshop(exe, environ); !fault.Is(err, fault.Missing) {
		t.Errorf("one that cannot be run: %v", err)
	}
	if err := os.Chmod(onPath, 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := findBookshop(exe, environ); err != nil || got != onPath {
		t.Errorf("on PATH: %q, %v", got, err)
	}
	beside := filepath.Join(exeDir, "bookshop")
	if err := os.WriteFile(beside, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := findBookshop(exe, environ); err != nil || got != beside {
		t.Errorf("beside landfall: %q, %v", got, err)
	}
}

func TestAzureIDsFollowTheSeed(t *testing.T) {
	t.Parallel()
	ids, again := newAzureIDs(1), newAzureIDs(1)
	if ids != again || ids == newAzureIDs(2) {
		t.Error("ids do not follow the seed")
	}
	if ids.Tenant == ids.Subscription || ids.Tenant == ids.Client {
		t.Errorf("ids = %+v", ids)
	}
}

// The variables are all there, once, and what is secret says so.
func TestVariables(t *testing.T) {
	t.Parallel()
	l := testRecord(t).layout
	made := newSecrets()
	made.OperatorKey, made.OperatorSecret, made.StorageKey = "AKIAOPERATOR", "operator-secret", "storage-key"
	list := variables(l, Endpoints{AWS: "http://127.0.0.1:1", SourceDatabase: "127.9.9.1:5432", DNS: "127.0.0.1:5353"}, made, newAzureIDs(1))
	seen := map[string]bool{}
	for _, v := range list {
		if seen[v.Name] {
			t.Errorf("%s stands twice", v.Name)
		}
		// The shop's login would stay outside of the fence if it were Landfall's too.
		if v.Name == "LANDFALL_SOURCE_DATABASE" && !strings.HasPrefix(v.Value, "postgres://"+moverUser+":") {
			t.Errorf("%s is not of Landfall's own login", v.Name)
		}
		seen[v.Name] = true
		if want, ok := map[string]string{"LANDFALL_RUNBOOK_RESOLVERS": "127.0.0.1:5353", "LANDFALL_RUNBOOK_NAME_SERVER_PORT": "5353"}[v.Name]; ok && v.Value != want {
			t.Errorf("%s is %q", v.Name, v.Value)
		}
		for _, secret := range []string{"operator-secret", "storage-key", made.ClientSecret, made.SourcePassword, made.MoverPassword, made.TargetPassword} {
			if strings.Contains(v.Value, secret) && !v.Secret {
				t.Errorf("%s holds a secret and does not say so", v.Name)
			}
		}
		for _, hidden := range []string{made.RootSecret, made.ObjectSecret, made.SourceOwner, made.TargetOwner} {
			if strings.Contains(v.Value, hidden) {
				t.Errorf("%s hands out what no cloud hands out", v.Name)
			}
		}
	}
	for _, name := range []string{
		"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_EC2_METADATA_DISABLED",
		"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_SUBSCRIPTION_ID", "AZURE_AUTHORITY_HOST",
		"AZURE_STORAGE_CONNECTION_STRING", "SSL_CERT_FILE", "LANDFALL_SOURCE_ENDPOINT", "LANDFALL_TARGET_ENDPOINT",
		"LANDFALL_TARGET_AUTHORITY", "LANDFALL_TARGET_CA_FILE", "LANDFALL_SANDBOX_DNS",
		"LANDFALL_RUNBOOK_RESOLVERS", "LANDFALL_RUNBOOK_NAME_SERVER_PORT",
	} {
		if !seen[name] {
			t.Errorf("%s is missing", name)
		}
	}
	// The tag in a user's shell would let "down" kill that shell.
	if seen["LANDFALL_SANDBOX"] {
		t.Error("the tag is handed out")
	}
}
