package compile_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/runbook/check"
	"example.com/landfall/internal/runbook/compile"
)

// Every architecture gets a runbook by every strategy that may be approved: all
// checks pass, and no order and failure of its cutover leads astray.
func TestEveryArchitectureByEveryStrategy(t *testing.T) {
	t.Parallel()
	for name := range everything(t) {
		in := named(t, name)
		for _, s := range runbook.Strategies() {
			t.Run(name+"/"+string(s), func(t *testing.T) {
				t.Parallel()
				r := compiled(t, in, s)
				for _, f := range append(r.Findings, check.Runbook(r)...) {
					if f.Blocks || strings.HasPrefix(f.ID, "explore.not-whole") {
						t.Errorf("%s: %s %v", f.ID, f.Text, f.Example)
					}
				}
				whole(t, in, r)
			})
		}
	}
}

// whole: each decision is in a step or named as left out, and each thing that
// people have to do is in a list.
func whole(t *testing.T, in compile.Input, r *runbook.Runbook) {
	t.Helper()
	about := map[cloud.ResourceID]bool{}
	var items []string
	for _, s := range r.Steps {
		if s.Phase != runbook.Decommission {
			for _, id := range s.About {
				about[id] = true
			}
		}
		list, _ := s.Inputs["items"].([]any)
		for _, entry := range list {
			m, _ := entry.(map[string]any)
			items = append(items, m["about"].(string)+" "+m["do"].(string))
		}
	}
	for _, n := range r.NotPlanned {
		about[n.About] = true
		if n.Why == "" || n.What == "" {
			t.Errorf("%s is left out without a reason", n.About)
		}
	}
	for _, v := range in.Design.Decisions {
		if !about[v.Source] {
			t.Errorf("%s %s (%s) is in no step and not named as left out", v.Kind, v.Name, v.Action)
		}
		for _, do := range v.ToDo {
			if !slices.Contains(items, string(v.Source)+" "+do) {
				t.Errorf("%s: nobody is told to %s", v.Name, do)
			}
		}
	}
}

// The order of the input changes no byte, and neither does a second time.
func TestOrderOfInputChangesNothing(t *testing.T) {
	t.Parallel()
	for name := range everything(t) {
		in := named(t, name)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(1, 2))
			for _, s := range runbook.Strategies() {
				want := encoded(t, compiled(t, in, s))
				if got := encoded(t, compiled(t, in, s)); !bytes.Equal(got, want) {
					t.Errorf("%s: compiling twice gives two runbooks", s)
				}
				if got := encoded(t, compiled(t, shuffled(t, in, random), s)); !bytes.Equal(got, want) {
					t.Errorf("%s: the order of the input changes the runbook", s)
				}
			}
		})
	}
}

// runbook.json of every architecture is as its schema says.
func TestRunbooksFitTheSchema(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile("../../../docs/reference/schemas/runbook.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for name := range everything(t) {
		in := named(t, name)
		for _, s := range runbook.Strategies() {
			r := compiled(t, in, s)
			r.Inputs["design.json"] = "sha256:" + strings.Repeat("0", 64)
			document, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded(t, r)))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(document); err != nil {
				t.Errorf("%s, %s: %v", name, s, err)
			}
		}
	}
}

func step(t *testing.T, r *runbook.Runbook, id string) *runbook.Step {
	t.Helper()
	i, ok := r.Index()[id]
	if !ok {
		t.Fatalf("no step %s", id)
	}
	return &r.Steps[i]
}

// The bookshop: what its parts ask for is there.
func TestBookshop(t *testing.T) {
	t.Parallel()
	in := named(t, "bookshop")
	r := compiled(t, in, runbook.BlueGreen)
	if step(t, r, "prepare.deploy.production").Needs[0] != "prepare.parameters.production" && step(t, r, "prepare.deploy.production").Needs[0] != "prepare.landing-zone.production" {
		t.Error("production is deployed to before its landing zone was checked")
	}
	if !slices.Contains(step(t, r, "prepare.landing-zone.production").Needs, "prepare.connections.test") {
		t.Error("production is looked at before the test environment was tried")
	}
	fence := step(t, r, "execute.fence.db-bookshop-db")
	if !slices.Equal(fence.Needs, []string{"execute.drained"}) || !slices.Contains(step(t, r, "execute.drained").Needs, "execute.final.queue-bookshop-orders") {
		t.Errorf("the database is fenced before the queue is empty: %v", fence.Needs)
	}
	if len(fence.Gates) != 1 || fence.Gates[0].Expr != "lag_seconds < 5" {
		t.Errorf("the fence waits for %+v", fence.Gates)
	}
	logs := slices.IndexFunc(r.Data, func(d runbook.DataSet) bool { return strings.Contains(d.ID, "-logs-") })
	if logs < 0 || !r.Data[logs].ReadOnly {
		t.Error("the bucket of access logs is fenced, although only AWS writes it")
	}
	db := slices.IndexFunc(r.Data, func(d runbook.DataSet) bool { return d.ID == "db:bookshop-db" })
	if d := r.Data[db]; d.Kind != "postgres" || d.Method != "online" || !d.Returns || d.Bytes != 100<<30 || !strings.Contains(string(d.Target), "flexibleServers/") {
		t.Errorf("the database is %+v", d)
	}
	// 100 GB take an hour by Microsoft's measurements.
	if s := step(t, r, "execute.copy.db-bookshop-db"); s.ExpectedSeconds != 3720 || !strings.HasPrefix(s.ExpectedBasis, "stated: Microsoft") {
		t.Errorf("the copy takes %d s: %s", s.ExpectedSeconds, s.ExpectedBasis)
	}
	var names []string
	for _, w := range r.Routes {
		names = append(names, w.ID+" "+w.By)
	}
	for _, w := range r.Routes {
		if at := string(w.Target); !strings.Contains(at, "/applicationGateways/") && !strings.Contains(at, "/afdEndpoints/") {
			t.Errorf("users of %s are led to %s, which takes no requests", w.ID, at)
		}
	}
	if want := []string{"shop.bookshop.example dns-weights", "static.bookshop.example dns-weights", "www.bookshop.example dns-weights"}; !slices.Equal(names, want) {
		t.Errorf("routes are %v", names)
	}
	for _, s := range r.Steps {
		if s.Kind != compile.Manual {
			t.Errorf("%s is of kind %s, which nothing carries out", s.ID, s.Kind)
		}
	}
	if s := step(t, r, "execute.switch.db-bookshop-db"); s.Inputs["kind"] != "writers" {
		t.Errorf("a person is not told what kind of step it is: %v", s.Inputs)
	}
}

// A kind that something carries out is compiled as itself.
func TestKnownKindsAreThemselves(t *testing.T) {
	t.Parallel()
	in := named(t, "bookshop")
	in.Kinds = map[runbook.StepKind]bool{"deploy": true, "move.postgres": true, "fence.postgres": true, "return.postgres": true, "writers.postgres": true}
	r := compiled(t, in, runbook.BlueGreen)
	for id, kind := range map[string]runbook.StepKind{
		"prepare.deploy.test": "deploy", "execute.copy.db-bookshop-db": "move.postgres", "execute.backup.db-bookshop-db": compile.Manual,
		"execute.fence.db-bookshop-db": "fence.postgres", "execute.return.db-bookshop-db": "return.postgres", "execute.switch.db-bookshop-db": "writers.postgres",
		"execute.final.db-bookshop-db": compile.Manual, "execute.fence.queue-bookshop-orders": compile.Manual,
	} {
		s := step(t, r, id)
		if s.Kind != kind || kind != compile.Manual && (s.Inputs["kind"] != nil || s.Retry.Attempts < 2) {
			t.Errorf("%s is of kind %s: %v %+v", id, s.Kind, s.Inputs, s.Retry)
		}
	}
}

// What others use too stays, and the runbook says so.
func TestSharedDataStays(t *testing.T) {
	t.Parallel()
	inv := everything(t)["bookshop"]
	in := inputOf(t, "bookshop", inv)
	id := resource(t, in, "Covers")
	for i := range in.Graph.Nodes {
		if in.Graph.Nodes[i].ID == id {
			in.Graph.Nodes[i].Boundary, in.Graph.Nodes[i].Reason = graph.Shared, "the test says so"
		}
	}
	in = designed(t, "bookshop", inv, *in.Graph)
	r := compiled(t, in, runbook.BlueGreen)
	if slices.ContainsFunc(r.Data, func(d runbook.DataSet) bool { return d.Source == id }) {
		t.Error("the shared bucket moves")
	}
	if !slices.ContainsFunc(r.NotPlanned, func(n runbook.NotPlanned) bool { return n.About == id }) {
		t.Error("nothing says that the shared bucket stays")
	}
	for i := range in.Design.Decisions {
		if in.Design.Decisions[i].Name == "bookshop-sessions" {
			in.Design.Decisions[i].Action = design.Retain
		}
	}
	r = compiled(t, in, runbook.Canary)
	if slices.ContainsFunc(r.Data, func(d runbook.DataSet) bool { return d.Kind == "dynamodb" }) {
		t.Error("the retained table moves")
	}
}
