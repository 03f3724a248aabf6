package faultplan_test

import (
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/awsgate/faultplan"
)

func plan(t testing.TB, seed uint64, rules ...faultplan.Rule) *faultplan.Plan {
	t.Helper()
	p := faultplan.New(seed)
	if err := p.Add(rules...); err != nil {
		t.Fatal(err)
	}
	return p
}

func kinds(p *faultplan.Plan, calls int) string {
	var out strings.Builder
	for range calls {
		kind := p.Next("s3", "PutObject").Kind
		if kind == "" {
			kind = "-"
		}
		out.WriteString(string(kind[:1]))
	}
	return out.String()
}

func TestTriggers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rules []faultplan.Rule
		want  string
	}{
		"every third":          {[]faultplan.Rule{{Kind: "throttle", Every: 3}}, "--t--t--t"},
		"these calls":          {[]faultplan.Rule{{Kind: "reset", Calls: []int{1, 4}}}, "r--r-----"},
		"at most twice":        {[]faultplan.Rule{{Kind: "error500", Every: 1, MaxCount: 2}}, "ee-------"},
		"always":               {[]faultplan.Rule{{Kind: "delay", DelayMillis: 5, Probability: 1}}, "ddddddddd"},
		"the first rule wins":  {[]faultplan.Rule{{Kind: "throttle", Every: 2}, {Kind: "reset", Every: 1}}, "rtrtrtrtr"},
		"another service":      {[]faultplan.Rule{{Kind: "throttle", Every: 1, Service: "ec2"}}, "---------"},
		"globs, any case":      {[]faultplan.Rule{{Kind: "throttle", Every: 1, Service: "S3", Operation: "put*"}}, "ttttttttt"},
		"another operation":    {[]faultplan.Rule{{Kind: "throttle", Every: 1, Operation: "Get*"}}, "---------"},
		"a rule that is spent": {[]faultplan.Rule{{Kind: "throttle", Every: 1, MaxCount: 1}, {Kind: "reset", Every: 1}}, "trrrrrrrr"},
	} {
		if got := kinds(plan(t, 1, c.rules...), 9); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if got := plan(t, 1, faultplan.Rule{Kind: "delay", DelayMillis: 5, Every: 1}).Next("a", "b").Delay; got != 5*time.Millisecond {
		t.Errorf("delay %s", got)
	}
}

// The same seed and the same order of calls give the same faults, whatever
// other rules there are.
func TestSeeded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		rule := faultplan.Rule{Kind: "throttle", Probability: rapid.Float64Range(0.01, 1).Draw(t, "probability"), MaxCount: rapid.IntRange(0, 20).Draw(t, "max")}
		other := faultplan.Rule{Kind: "reset", Probability: 0.5, Service: "ec2"}
		one, two := faultplan.New(seed), faultplan.New(seed)
		if one.Add(rule) != nil || two.Add(rule, other) != nil {
			t.Fatal("the rules are refused")
		}
		fired := 0
		for i := range 200 {
			two.Next("ec2", "X") // matches both rules of two, so the first counts it
			one.Next("ec2", "X")
			a, b := one.Next("s3", "PutObject"), two.Next("s3", "PutObject")
			if a != b {
				t.Fatalf("call %d: %v and %v", i, a, b)
			}
			if a.Kind != "" {
				fired++
			}
		}
		if rule.MaxCount > 0 && fired > rule.MaxCount {
			t.Fatalf("fired %d times", fired)
		}
	})
	a, b, c := kinds(plan(t, 7, faultplan.Rule{Kind: "throttle", Probability: 0.3}), 300), kinds(plan(t, 7, faultplan.Rule{Kind: "throttle", Probability: 0.3}), 300),
		kinds(plan(t, 8, faultplan.Rule{Kind: "throttle", Probability: 0.3}), 300)
	if a != b || a == c {
		t.Error("the seed does not decide")
	}
	if n := strings.Count(a, "t"); n < 60 || n > 120 {
		t.Errorf("%d faults of 300 at 0.3", n)
	}
}

func TestRulesThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]faultplan.Rule{
		"no kind": {Every: 1}, "no trigger": {Kind: "reset"}, "two triggers": {Kind: "reset", Every: 1, Probability: 1},
		"probability": {Kind: "reset", Probability: 1.5}, "negative": {Kind: "reset", Probability: -1}, "call 0": {Kind: "reset", Calls: []int{0}},
		"every": {Kind: "reset", Every: -1}, "max": {Kind: "reset", Every: 1, MaxCount: -1}, "glob": {Kind: "reset", Every: 1, Service: "["},
		"no delay": {Kind: "delay", Every: 1}, "long delay": {Kind: "delay", Every: 1, DelayMillis: 3_600_000}, "odd delay": {Kind: "reset", Every: 1, DelayMillis: 1},
	} {
		p := faultplan.New(1)
		if err := p.Add(faultplan.Rule{Kind: "reset", Every: 1}, r); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
		if len(p.List()) != 0 {
			t.Errorf("%s: half of the rules were taken", name)
		}
	}
	if err := faultplan.New(1).Add(make([]faultplan.Rule, 0)...); err != nil {
		t.Error(err)
	}
}

func TestConcurrentCallsAreAllCounted(t *testing.T) {
	t.Parallel()
	p := plan(t, 1, faultplan.Rule{Kind: "throttle", Every: 2})
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 100 {
				p.Next("a", "b")
			}
		})
	}
	wait.Wait()
	if got := p.List()[0]; got.Matched != 800 || got.Fired != 400 {
		t.Errorf("%+v", got)
	}
}

// What GET prints can be posted again.
func TestHandler(t *testing.T) {
	t.Parallel()
	p := faultplan.New(1)
	ask := func(method, body string) (int, string) {
		w := httptest.NewRecorder()
		p.Handler().ServeHTTP(w, httptest.NewRequest(method, "/", strings.NewReader(body)))
		return w.Code, w.Body.String()
	}
	ask("POST", `{"name":"n","kind":"throttle","every":2,"service":"s3"}`)
	ask("POST", `[{"kind":"reset","calls":[1]},{"kind":"delay","delayMillis":1,"probability":0.5,"maxCount":3}]`)
	before := p.List()
	_, printed := ask("GET", "")
	if code, text := ask("DELETE", ""); code != 200 || strings.TrimSpace(text) != `{"rules":[]}` || len(p.List()) != 0 {
		t.Errorf("DELETE: %d %s", code, text)
	}
	if code, text := ask("POST", printed); code != 200 || !reflect.DeepEqual(p.List(), before) {
		t.Errorf("posted back: %d %s\n%s", code, text, printed)
	}
	for _, body := range []string{"", "null x", "{", `{"kind":"reset","every":1} {}`, `{"kind":"reset","every":1,"when":"now"}`} {
		if code, _ := ask("POST", body); code != 400 {
			t.Errorf("%q: status %d", body, code)
		}
	}
}

func FuzzHandler(f *testing.F) {
	f.Add(`[{"kind":"reset","calls":[1]}]`)
	f.Fuzz(func(t *testing.T, body string) {
		p := faultplan.New(1)
		w := httptest.NewRecorder()
		p.Handler().ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader(body)))
		if w.Code != 200 && w.Code != 400 && w.Code != 412 {
			t.Errorf("status %d", w.Code)
		}
		p.Next("a", "b")
	})
}
