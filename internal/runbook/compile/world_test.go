package compile_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/rules"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/runbook/compile"
	"example.com/landfall/internal/source/files"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/bookshop"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// collected is a sink that builds an inventory.
type collected struct{ builder *inventory.Builder }

func (c *collected) Found(list ...inventory.Observation) error {
	for _, o := range list {
		if err := c.builder.Add(o); err != nil {
			return err
		}
	}
	return nil
}
func (c *collected) Unread(u inventory.Unread)      { c.builder.Unread(u) }
func (c *collected) Refused(r inventory.Refused)    { c.builder.Refused(r) }
func (c *collected) Input(name, fingerprint string) { c.builder.Input(name, fingerprint) }
func (c *collected) Scope(string, string)           {}
func (c *collected) Planned(int64)                  {}
func (c *collected) Done(int64)                     {}

// architectures are the golden ones of the rules, by name.
func architectures(t testing.TB) map[string]inventory.Inventory {
	t.Helper()
	paths, err := filepath.Glob("../../design/rules/testdata/*.*")
	if err != nil || len(paths) < 12 {
		t.Fatalf("%d architectures, %v", len(paths), err)
	}
	out := map[string]inventory.Inventory{}
	for _, path := range paths {
		format := files.Format("cloudformation")
		if strings.HasSuffix(path, ".tfstate") {
			format = "terraform-state"
		}
		into := &collected{builder: inventory.NewBuilder()}
		scanner := files.NewScanner([]files.Input{{Format: format, Path: path}}, files.Options{Account: designtest.Account, Region: "us-east-1"})
		if err := scanner.Scan(t.Context(), into); err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))] = into.builder.Build()
	}
	return out
}

// cache holds what all tests of the package start from, read and designed once.
type cache struct {
	read        sync.Once
	inventories map[string]inventory.Inventory
	designs     map[string]*made
}

type made struct {
	once sync.Once
	in   compile.Input
}

var shared cache

// everything adds the bookshop to the architectures. What it returns is shared:
// tests that change it take their own of it.
func everything(t *testing.T) map[string]inventory.Inventory {
	t.Helper()
	shared.read.Do(func() {
		shared.inventories = architectures(t)
		shared.inventories["bookshop"] = bookshop.Template(t)
		shared.designs = map[string]*made{}
		for name := range shared.inventories {
			shared.designs[name] = &made{}
		}
	})
	return shared.inventories
}

// named is the input of a known workload, shared as well.
func named(t *testing.T, name string) compile.Input {
	t.Helper()
	inv := everything(t)[name]
	d := shared.designs[name]
	d.once.Do(func() { d.in = inputOf(t, name, inv) })
	if d.in.Design == nil {
		t.Fatalf("%s was not designed", name)
	}
	return d.in
}

// own is a copy of an input that a test may change.
func own(t testing.TB, in compile.Input) compile.Input {
	t.Helper()
	var inv inventory.Inventory
	var g graph.Graph
	var d design.Design
	for _, v := range []struct{ from, to any }{{in.Inventory, &inv}, {in.Graph, &g}, {in.Design, &d}} {
		if err := json.NewDecoder(bytes.NewReader(encoded(t, v.from))).Decode(v.to); err != nil {
			t.Fatal(err)
		}
	}
	in.Inventory, in.Graph, in.Design = &inv, &g, &d
	return in
}

// inputOf designs an inventory of which everything is inside the boundary.
func inputOf(t testing.TB, name string, inv inventory.Inventory) compile.Input {
	t.Helper()
	g := graph.Build(inv, graph.Observed{}, graph.Options{})
	for i := range g.Nodes {
		if n := &g.Nodes[i]; !n.External {
			n.Boundary, n.Reason = graph.In, "the test says so"
		}
	}
	return designed(t, name, inv, g)
}

func designed(t testing.TB, name string, inv inventory.Inventory, g graph.Graph) compile.Input {
	t.Helper()
	facts, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	d, err := design.Make(design.Input{Inventory: &inv, Graph: &g, Catalog: facts, Families: rules.All(),
		Options: design.Options{Workload: name, Region: "eastus2", SourceRegion: "us-east-1"}})
	if err != nil {
		t.Fatal(err)
	}
	return compile.Input{Inventory: &inv, Graph: &g, Design: d, Choices: compile.Choices{TwoPersons: true,
		Environments: []compile.Environment{{Name: "test"}, {Name: "production", Production: true}}}}
}

// compiled compiles by a strategy, "" for the advised one.
func compiled(t testing.TB, in compile.Input, s runbook.Strategy) *runbook.Runbook {
	t.Helper()
	in.Choices.Strategy = s
	r, err := compile.Compile(in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func encoded(t testing.TB, v any) []byte {
	t.Helper()
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// shuffled is the same input in another order.
func shuffled(t testing.TB, in compile.Input, random *rand.Rand) compile.Input {
	t.Helper()
	in = own(t, in)
	mix(random, in.Inventory.Resources)
	mix(random, in.Graph.Nodes)
	mix(random, in.Graph.Edges)
	mix(random, in.Design.Decisions)
	mix(random, in.Design.Resources)
	for i := range in.Design.Decisions {
		mix(random, in.Design.Decisions[i].Targets)
	}
	return in
}

func mix[T any](random *rand.Rand, list []T) {
	random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

// resource finds a resource by its name.
func resource(t testing.TB, in compile.Input, name string) cloud.ResourceID {
	t.Helper()
	for _, r := range in.Inventory.Resources {
		if r.Name == name || r.LogicalID == name {
			return r.ID
		}
	}
	t.Fatalf("no resource is called %s", name)
	return ""
}
