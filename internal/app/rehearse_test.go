package app

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/sandbox"
	"example.com/landfall/internal/store"
)

// Only what "landfall sandbox env" prints is the sandbox: one variable, one
// setting or one service that points elsewhere is enough to refuse.
func TestRehearsalOnlyInTheSandbox(t *testing.T) {
	t.Parallel()
	want := []sandbox.Variable{
		{Name: "AWS_ENDPOINT_URL", Value: "http://127.0.0.1:1"}, {Name: "AWS_SESSION_TOKEN"}, {Name: "AZURE_CLIENT_SECRET", Value: "made up", Secret: true},
		{Name: config.EnvName("source.endpoint"), Value: "http://127.0.0.1:1"}, {Name: config.EnvName("target.endpoint"), Value: "https://127.0.0.1:2"},
		{Name: config.EnvName("target.authority"), Value: "https://127.0.0.1:3"}, {Name: config.EnvName("target.subscription"), Value: "s"}, {Name: config.EnvName("runbook.resolvers"), Value: "127.0.0.1:4"},
	}
	for name, c := range map[string]struct {
		change  func(env map[string]string, c *config.Config)
		refused bool
	}{
		"as printed":        {func(map[string]string, *config.Config) {}, false},
		"own session":       {func(env map[string]string, _ *config.Config) { env["AWS_SESSION_TOKEN"] = "x" }, true},
		"own secret":        {func(env map[string]string, _ *config.Config) { env["AZURE_CLIENT_SECRET"] = "mine" }, true},
		"nothing set":       {func(env map[string]string, _ *config.Config) { clear(env) }, true},
		"a flag elsewhere":  {func(_ map[string]string, c *config.Config) { c.Source.Endpoint = "" }, true},
		"target elsewhere":  {func(_ map[string]string, c *config.Config) { c.Target.Endpoint = "https://management.azure.com" }, true},
		"subscription":      {func(_ map[string]string, c *config.Config) { c.Target.Subscription = "other" }, true},
		"names elsewhere":   {func(_ map[string]string, c *config.Config) { c.Runbook.Resolvers = []string{"192.0.2.53"} }, true},
		"one service":       {func(env map[string]string, _ *config.Config) { env["AWS_ENDPOINT_URL_S3"] = "https://s3.amazonaws.com" }, true},
		"the same service":  {func(env map[string]string, _ *config.Config) { env["AWS_ENDPOINT_URL_S3"] = "http://127.0.0.1:1" }, false},
		"endpoints ignored": {func(env map[string]string, _ *config.Config) { env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true" }, true},
	} {
		env := map[string]string{}
		for _, v := range want {
			env[v.Name] = v.Value
		}
		var settings config.Config
		settings.Source.Endpoint, settings.Target.Endpoint, settings.Target.Authority, settings.Target.Subscription = "http://127.0.0.1:1", "https://127.0.0.1:2", "https://127.0.0.1:3", "s"
		settings.Runbook.Resolvers = []string{"127.0.0.1:4"}
		c.change(env, &settings)
		setup := Setup{Getenv: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
		for name, value := range env {
			setup.Environ = append(setup.Environ, name+"="+value)
		}
		err := pointsAt(want, &settings, setup)
		if fault.Is(err, fault.Refused) != c.refused || (err == nil) == c.refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// No wait gets longer, none that is there goes away by itself, and the runbook
// that was approved stays as it is.
func TestShorten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.Int64Range(0, 3_000_000)
		plan := &runbook.Runbook{Window: &runbook.Window{Seconds: 60}, Triggers: []runbook.Trigger{{HoldSeconds: seconds.Draw(t, "hold"), EverySeconds: seconds.Draw(t, "every")}}}
		for range rapid.IntRange(0, 5).Draw(t, "steps") {
			plan.Steps = append(plan.Steps, runbook.Step{WaitSeconds: seconds.Draw(t, "wait"), InWindow: true, Retry: runbook.Retry{FirstSeconds: seconds.Draw(t, "first")},
				Gates: []runbook.Gate{{HoldSeconds: seconds.Draw(t, "held"), EverySeconds: seconds.Draw(t, "asked"), TimeoutSeconds: seconds.Draw(t, "timeout")}}})
		}
		before, err := json.Marshal(plan)
		if err != nil {
			t.Fatal(err)
		}
		short, err := shorten(plan, rapid.Int64Range(1, 1_000_000).Draw(t, "factor"))
		if err != nil || short.Window != nil || len(short.Steps) != len(plan.Steps) {
			t.Fatalf("%+v, %v", short, err)
		}
		if after, _ := json.Marshal(plan); string(after) != string(before) {
			t.Fatal("it changed the runbook that it was given")
		}
		pairs := [][2]int64{{plan.Triggers[0].HoldSeconds, short.Triggers[0].HoldSeconds}, {plan.Triggers[0].EverySeconds, short.Triggers[0].EverySeconds}}
		for i := range plan.Steps {
			a, b := &plan.Steps[i], &short.Steps[i]
			pairs = append(pairs, [2]int64{a.WaitSeconds, b.WaitSeconds}, [2]int64{a.Retry.FirstSeconds, b.Retry.FirstSeconds}, [2]int64{a.Gates[0].HoldSeconds, b.Gates[0].HoldSeconds},
				[2]int64{a.Gates[0].EverySeconds, b.Gates[0].EverySeconds}, [2]int64{a.Gates[0].TimeoutSeconds, b.Gates[0].TimeoutSeconds})
		}
		for _, p := range pairs {
			if p[1] > p[0] || (p[0] == 0) != (p[1] == 0) {
				t.Fatalf("%d s became %d s", p[0], p[1])
			}
		}
	})
}

// A gate without data is let open and named; a closed one stays closed, and
// nobody is told anything.
func TestRehearsingHands(t *testing.T) {
	t.Parallel()
	a := workspace(t)
	sent := 0
	a.Tell = func(context.Context, string, engine.Telling) (map[string]string, error) { sent++; return nil, nil }
	a.Facts = map[string]action.FactSource{"kpi": fixed{0.5}}
	blind := &blindGates{}
	h := rehearsing{hands{a, 0.01}, blind}
	fact := func(source string) []runbook.Fact {
		return []runbook.Fact{{Name: "x", Source: source, Type: "number"}}
	}
	for name, c := range map[string]struct {
		q    engine.Question
		open *bool
	}{
		"no data":            {engine.Question{Step: "s", ID: "g", Expr: "x < 1.0", Facts: fact("lag")}, new(true)},
		"closed":             {engine.Question{Step: "s", ID: "h", Expr: "x > 1.0", Facts: fact("kpi")}, new(false)},
		"open":               {engine.Question{Step: "s", ID: "i", Expr: "x < 1.0", Facts: fact("kpi")}, new(true)},
		"a trigger stays so": {engine.Question{ID: "t", Expr: "x < 1.0", Facts: fact("lag")}, nil},
	} {
		answer, err := h.Ask(t.Context(), c.q)
		if err != nil || (answer.Open == nil) != (c.open == nil) || c.open != nil && *answer.Open != *c.open {
			t.Errorf("%s: %+v, %v", name, answer, err)
		}
	}
	if got := blind.names(); !slices.Equal(got, []string{"s: g"}) {
		t.Errorf("blind gates %v", got)
	}
	if err := h.Tell(t.Context(), engine.Telling{Run: "r", Message: runbook.Message{To: []string{"users"}, Text: "hello"}}); err != nil || sent != 0 {
		t.Errorf("sent %d messages, %v", sent, err)
	}
	list, err := a.LedgerList(t.Context(), LedgerOptions{}, entryTold)
	if err != nil || len(list.Entries) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
}

// fixed is a fact that is always the same.
type fixed struct{ value float64 }

func (f fixed) Measure(context.Context, runbook.Fact) (action.Measured, error) {
	return action.Measured{Value: f.value, Unix: time.Now().Unix()}, nil
}

// What people took, what was passed over and what only waits is not measured;
// what was measured is read by the next plan, beside what was known.
func TestMeasuredDurations(t *testing.T) {
	t.Parallel()
	begun := noon()
	done := &engine.StepState{Status: engine.Done, Begun: begun, Ended: begun.Add(1500 * time.Millisecond)}
	for name, c := range map[string]struct {
		kind    runbook.StepKind
		state   *engine.StepState
		seconds int64
	}{
		"deploy":  {action.KindDeploy, done, 2},
		"at once": {action.KindDeploy, &engine.StepState{Status: engine.Done, Begun: begun, Ended: begun}, 1},
		"person":  {action.KindManual, done, 0},
		"wait":    {action.KindWait, done, 0},
		"skipped": {action.KindDeploy, &engine.StepState{Status: engine.Skipped, Begun: begun}, 0},
	} {
		seconds, ok := measuredOf(&runbook.Step{Kind: c.kind}, c.state)
		if seconds != c.seconds || ok != (c.seconds > 0) {
			t.Errorf("%s: %d, %v", name, seconds, ok)
		}
	}
	a := workspace(t)
	r := &rehearsal{App: a, w: a.Workspace}
	for _, some := range []map[string]int64{{"a": 5, "b": 7}, {"b": 9}} {
		if err := r.keepDurations(some); err != nil {
			t.Fatal(err)
		}
	}
	inputs := map[string]string{}
	got, err := a.measured(a.Workspace, inputs)
	if err != nil || got["a"] != 5 || got["b"] != 9 || inputs[durationsFile] == "" {
		t.Errorf("%v, %v, %v", got, inputs, err)
	}
}

// A rehearsal is no run: nothing that asks for the run finds it.
func TestRehearsalsAreNoRuns(t *testing.T) {
	t.Parallel()
	a := workspace(t)
	w := a.Workspace
	if err := w.KeepExecution(store.Execution{Run: "shop-rehearsal-1", Fingerprint: "sha256:a", Begun: noon(), Rehearsal: true}); err != nil {
		t.Fatal(err)
	}
	if x, err := openExecution(w); x != nil || err != nil {
		t.Errorf("open %+v, %v", x, err)
	}
	if _, err := lastExecution(w); !fault.Is(err, fault.NotFound) {
		t.Errorf("last: %v", err)
	}
	if x, err := openOf(w, true); err != nil || x == nil || x.Run != "shop-rehearsal-1" {
		t.Errorf("rehearsal %+v, %v", x, err)
	}
	if err := notAgain(w, "sha256:a"); err != nil {
		t.Errorf("a rehearsal is no run of the runbook: %v", err)
	}
	ended := noon()
	for result, refused := range map[string]bool{"done": true, resultDrained: true, "rolled back": false, "aborted": false} {
		if err := w.KeepExecution(store.Execution{Run: "shop-1", Fingerprint: "sha256:a", Begun: noon(), Ended: &ended, Result: result}); err != nil {
			t.Fatal(err)
		}
		if err := notAgain(w, "sha256:a"); fault.Is(err, fault.Conflict) != refused || (err == nil) == refused {
			t.Errorf("after %s: %v", result, err)
		}
	}
	if _, err := os.Stat(w.Root()); err != nil {
		t.Error(err)
	}
}

// A rehearsal makes values up for what the design asks for and nobody has set:
// each of its type, the same as long as it lasts, and none for the directory,
// which landfall.yaml knows.
func TestRehearsalMakesValuesUp(t *testing.T) {
	t.Parallel()
	a := workspace(t)
	if same, err := a.withMadeUpValues(); err != nil || same != a {
		t.Errorf("without a design: %v", err)
	}
	d := &design.Design{SchemaVersion: design.Version, Inputs: map[string]string{}, Workload: "shop", Parameters: []design.Parameter{{Name: "password", Type: "string", Secure: true}, {Name: "count", Type: "int"}, {Name: "list", Type: "array"},
		{Name: "mine", Type: "string"}, {Name: "known", Type: "string", Default: "x"}, {Name: tenantParameter, Type: "string"}}}
	if err := a.Workspace.Write(store.Design, d); err != nil {
		t.Fatal(err)
	}
	a.setup.Getenv = func(name string) (string, bool) { return "set", name == "LANDFALL_PARAMETER_MINE" }
	b, err := a.withMadeUpValues()
	if err != nil || b == a {
		t.Fatal(err)
	}
	run := &deploying{App: b, design: d}
	run.App.Config = &config.Config{Target: config.Target{Tenant: "00000000-0000-0000-0000-000000000001"}}
	first, err := run.parameterValues()
	if err != nil {
		t.Fatal(err)
	}
	again, err := run.parameterValues()
	if password, ok := first["password"].(string); err != nil || !ok || len(password) < 20 || again["password"] != password {
		t.Errorf("%v, then %v, %v", first, again, err)
	}
	if _, ok := first["count"].(int); !ok || first["mine"] != "set" || first["known"] != nil {
		t.Errorf("%v", first)
	}
	if v, _ := a.setup.Getenv("LANDFALL_PARAMETER_PASSWORD"); v != "set" && v != "" {
		t.Errorf("the application itself has %q", v)
	}
	if landing, ok := b.Actions[action.KindDeploy].(action.Deploy); !ok || landing.Landings.(landings).app != b {
		t.Error("the steps go on with the application without the values")
	}
}
