package rules_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/traffic/proxy/rules"
)

// small is the shortest configuration that splits.
const small = `schemaVersion: 1
salt: spring
listeners:
  - {name: web, address: "127.0.0.1:0"}
sides:
  source: {endpoints: ["http://127.0.0.1:9001"]}
  target: {endpoints: ["http://127.0.0.1:9002"]}
routes:
  # everything
  - name: all
    split:
      weights: {source: 9500, target: 500} # five in a hundred
`

func parse(t testing.TB, text string) *rules.Rules {
	t.Helper()
	r, err := rules.Parse("proxy.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestDefaultsFillInWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	r := parse(t, strings.Replace(small, `{endpoints: ["http://127.0.0.1:9001"]}`, `{endpoints: ["http://127.0.0.1:9001"], retries: {max: 0}}`, 1))
	source := r.Sides["source"]
	if source.Retries.Max != 0 || source.Retries.BudgetPercent != 10 || r.Sides["target"].Retries.Max != 1 {
		t.Errorf("an explicit zero or the default beside it is lost: %+v", source.Retries)
	}
	if source.Protocol != rules.Auto || r.ProbePath != "/.landfall/healthz" || r.Listeners[0].HeaderTimeout.Std() <= 0 || r.Routes[0].BodyBytes <= 0 {
		t.Errorf("defaults are missing: %+v", r.Config)
	}
}

func TestJSONIsTakenAndSameTextHasSameFingerprint(t *testing.T) {
	t.Parallel()
	text := `{"schemaVersion": 1, "listeners": [{"name": "web", "address": ":80"}],
	"sides": {"source": {"endpoints": ["http://a:1"]}, "target": {"endpoints": ["http://b:1"]}},
	"routes": [{"name": "all", "side": "source"}]}`
	a, b := parse(t, text), parse(t, text)
	if a.Fingerprint != b.Fingerprint || a.Fingerprint == parse(t, small).Fingerprint {
		t.Error("the fingerprint does not follow the text")
	}
}

// Each mistake is one line that says where it is.
func TestMistakesAreNamedWithTheirPlace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, new, want string }{
		"unknown key":          {"salt: spring", "slat: spring", "slat: line 2: unknown key"},
		"unknown inner key":    {"name: all", "name: all\n    mach: {}", "routes[0].mach: line 11: unknown key"},
		"unknown key of side":  {`{endpoints: ["http://127.0.0.1:9001"]}`, `{endpoints: ["http://127.0.0.1:9001"], health: {pth: /x}}`, "sides.source.health.pth"},
		"weights":              {"target: 500}", "target: 400}", "routes[0].split.weights: add up to 9900, want 10000"},
		"negative weight":      {"source: 9500, target: 500", "source: 10500, target: -500", "routes[0].split.weights.source: got 10500"},
		"no such side":         {"target: 500}", "tarmac: 500}", `there is no side "tarmac"`},
		"side and split":       {"name: all", "name: all\n    side: source", "routes[0]: wants either side or split"},
		"no salt":              {"salt: spring", "", "salt: wanted"},
		"type":                 {"9500", "many", "line 12: cannot unmarshal"},
		"duration":             {"name: all", "name: all\n    timeout: soon", `"soon" is no duration`},
		"negative duration":    {"name: all", "name: all\n    timeout: -1s", `"-1s" is no duration`},
		"version":              {"schemaVersion: 1", "schemaVersion: 2", "schemaVersion: got 2"},
		"expression":           {"name: all", "name: all\n    match: {path: {regexp: '('}}", "routes[0].match.path.regexp"},
		"two paths":            {"name: all", "name: all\n    match: {path: {exact: /a, prefix: /b}}", "wants one of exact, prefix and regexp"},
		"method":               {"name: all", "name: all\n    match: {methods: [get]}", `"get" is no method`},
		"endpoint path":        {"http://127.0.0.1:9001", "http://127.0.0.1:9001/x", "sides.source.endpoints[0]: not a URL"},
		"endpoint password":    {"http://127.0.0.1:9001", "http://u:hidden@127.0.0.1:9001", "sides.source.endpoints[0]: not a URL"},
		"address":              {"127.0.0.1:0", "127.0.0.1", "listeners[0].address"},
		"one side":             {"  target: {endpoints", "  source2: {endpoints", `there is no side "target"`},
		"cohort without value": {"name: all", "name: all\n    cohorts: [{name: eu, header: X, side: target}]", "cohorts[0].values"},
		"cohort without key":   {"name: all", "name: all\n    cohorts: [{name: eu, values: [a], side: target}]", "cohorts[0]: wants either header or cookie"},
		"two keys":             {"    split:", "    split:\n      key: {header: A, client: true}", "wants one of header, cookie and client"},
		"rate without burst":   {"name: all", "name: all\n    rate: {perSecond: 5}", "routes[0].rate.burst"},
		"shadow's side":        {"name: all", "name: all\n    shadow: {side: moon}", `routes[0].shadow.side: there is no side "moon"`},
		"shadow's field":       {"name: all", "name: all\n    shadow: {side: target, ignore: [id]}", "routes[0].shadow.ignore[0]"},
		"alias":                {"name: all", "name: all\n    match: &m {methods: [GET]}\n  - name: b\n    side: source\n    match: *m", "aliases are not taken"},
		"twice":                {"salt: spring", "salt: spring\nsalt: autumn", `"salt" already defined`},
		"trust":                {"salt: spring", "salt: spring\ntrustedProxies: [everyone]", "trustedProxies[0]"},
		"second document":      {"schemaVersion: 1", "schemaVersion: 1\n---\n", "more than one document"},
		"TLS without":          {`{endpoints: ["http://127.0.0.1:9001"]}`, `{endpoints: ["http://127.0.0.1:9001"], tls: {serverName: a}}`, "sides.source.tls: the endpoints have no TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(small, c.old) {
				t.Fatalf("the configuration has no %q", c.old)
			}
			_, err := rules.Parse("proxy.yaml", []byte(strings.Replace(small, c.old, c.new, 1)))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want %q in it", err, c.want)
			}
			if !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "hidden") {
				t.Errorf("kind %s: %v", fault.KindOf(err), err)
			}
		})
	}
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer("salt: spring", "salty: spring", "target: 500", "target: 1", "name: all", "name: All").Replace(small)
	_, err := rules.Parse("proxy.yaml", []byte(strings.Replace(text, "salty", "salt", 1)))
	if got := len(strings.Split(err.Error(), "\n")); got != 2 {
		t.Errorf("%d lines, want 2:\n%v", got, err)
	}
	for _, empty := range []string{"", "# nothing", "- a", "text", "\x00", strings.Repeat("a: b\n", 1<<19)} {
		if _, err := rules.Parse("x", []byte(empty)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.10q: %v", empty, err)
		}
	}
}

// decide asks with what most tests need.
type asked struct {
	host, path, method string
	headers, cookies   map[string]string
	client             string
}

func (a asked) request() rules.Request {
	client, _ := netip.ParseAddr(a.client)
	return rules.Request{
		Host: a.host, Path: a.path, Method: a.method, Client: client,
		Headers: func(name string) []string {
			if v, ok := a.headers[name]; ok {
				return []string{v}
			}
			return nil
		},
		Cookie: func(name string) (string, bool) { v, ok := a.cookies[name]; return v, ok },
	}
}

const routed = `schemaVersion: 1
listeners: [{name: web, address: ":80"}]
sides:
  source: {endpoints: ["http://a:1"]}
  target: {endpoints: ["http://b:1"]}
routes:
  - {name: exact, match: {path: {exact: /health}}, side: source}
  - {name: host, match: {hosts: ["*.new.example"]}, side: target}
  - {name: method, match: {path: {prefix: /api/}, methods: [POST, PUT]}, side: source}
  - {name: api, match: {path: {prefix: /api}}, side: target}
  - {name: image, match: {path: {regexp: "/img/[0-9]+"}}, side: target}
  - {name: header, match: {headers: [{name: X-Beta, value: "yes"}]}, side: target}
  - {name: cookie, match: {cookies: [{name: plan, regexp: "gold|silver"}]}, side: target}
  - {name: present, match: {headers: [{name: X-Any}], hosts: [shop.example]}, side: target}
  - name: rest
    match: {hosts: [shop.example]}
    cohorts:
      - {name: north, header: X-Region, values: [eu-north-1, eu-west-1], side: target}
      - {name: flag, cookie: flag, values: ["on"], side: target}
    side: source
`

func TestRoutesAreTriedInOrder(t *testing.T) {
	t.Parallel()
	r := parse(t, routed)
	for _, c := range []struct {
		ask  asked
		want string
	}{
		{asked{path: "/health"}, "exact"},
		{asked{path: "/health/"}, ""},
		{asked{path: "/x/../health"}, "exact"},
		{asked{path: "//health"}, "exact"},
		{asked{path: "/", host: "a.new.example:8080"}, "host"},
		{asked{path: "/", host: "A.B.New.Example."}, "host"},
		{asked{path: "/", host: "new.example"}, ""},
		{asked{path: "/api/x", method: "POST"}, "method"},
		{asked{path: "/api", method: "POST"}, "api"},
		{asked{path: "/api/x", method: "GET"}, "api"},
		{asked{path: "/apix", method: "GET"}, ""},
		{asked{path: "/static/../api/x"}, "api"},
		{asked{path: "/api/../x"}, ""},
		{asked{path: "/img/42"}, "image"},
		{asked{path: "/img/42/b"}, ""},
		{asked{path: "/a", headers: map[string]string{"X-Beta": "yes"}}, "header"},
		{asked{path: "/a", headers: map[string]string{"X-Beta": "no"}}, ""},
		{asked{path: "/a", cookies: map[string]string{"plan": "gold"}}, "cookie"},
		{asked{path: "/a", cookies: map[string]string{"plan": "golden"}}, ""},
		{asked{host: "shop.example", headers: map[string]string{"X-Any": ""}}, "present"},
		{asked{host: "shop.example"}, "rest"},
		{asked{host: "[::1]:80", path: "*"}, ""},
	} {
		d := r.Decide(c.ask.request(), func() string { t.Error("no route splits"); return "" })
		got := ""
		if d.Route != nil {
			got = d.Route.Name
		}
		if got != c.want {
			t.Errorf("%+v: route %q, want %q", c.ask, got, c.want)
		}
	}
}

func TestCohortsComeBeforeTheRest(t *testing.T) {
	t.Parallel()
	r := parse(t, routed)
	for _, c := range []struct {
		ask          asked
		side, cohort string
	}{
		{asked{host: "shop.example", headers: map[string]string{"X-Region": "eu-west-1"}}, "target", "north"},
		{asked{host: "shop.example", headers: map[string]string{"X-Region": "us-east-1"}}, "source", ""},
		{asked{host: "shop.example", cookies: map[string]string{"flag": "on"}}, "target", "flag"},
		{asked{host: "shop.example", cookies: map[string]string{"flag": "off"}}, "source", ""},
	} {
		if d := r.Decide(c.ask.request(), nil); d.Side != c.side || d.Cohort != c.cohort {
			t.Errorf("%+v: %s by %s %q", c.ask, d.Side, d.Reason, d.Cohort)
		}
	}
}

func TestTrustIsByNetwork(t *testing.T) {
	t.Parallel()
	r := parse(t, strings.Replace(small, "salt: spring", "salt: spring\ntrustedProxies: [10.0.0.0/8, 192.0.2.7, 'fd00::/8']", 1))
	for text, want := range map[string]bool{"10.1.2.3": true, "::ffff:10.1.2.3": true, "192.0.2.7": true, "192.0.2.8": false, "fd00::1": true, "::1": false} {
		if got := r.Trusts(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}

func TestOtherWeightsKeepWhatPeopleWrote(t *testing.T) {
	t.Parallel()
	r := parse(t, small)
	text, err := r.WithWeights("all", map[string]int{"source": 5000, "target": 5000})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# everything", "# five in a hundred", "source: 5000", "target: 5000"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	again := parse(t, string(text))
	if got := again.Weights()["all"]; got["source"] != 5000 || got["target"] != 5000 {
		t.Errorf("got %v", got)
	}
	if _, err := r.WithWeights("none", nil); !fault.Is(err, fault.NotFound) {
		t.Errorf("another route: %v", err)
	}
	gone, err := r.WithWeights("", map[string]int{"target": 10000})
	if err != nil || len(parse(t, string(gone)).Weights()["all"]) != 1 {
		t.Errorf("%v\n%s", err, gone)
	}
	bad, err := r.WithWeights("", map[string]int{"nowhere": 10000})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rules.Parse("x", bad); !fault.Is(err, fault.Invalid) {
		t.Errorf("an unknown side is taken: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(routed))
	f.Add([]byte("{a: [b: {c"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := rules.Parse("x", text)
		if (r == nil) == (err == nil) {
			t.Fatal("neither or both")
		}
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatal(errors.Unwrap(err), fault.KindOf(err))
		}
		if r != nil {
			r.Decide(asked{path: string(text), host: string(text), method: "GET"}.request(), func() string { return "k" })
		}
	})
}
