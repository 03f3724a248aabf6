package rules_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/rules"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/source/files"
	"example.com/landfall/internal/testkit"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// architecture reads one file of testdata.
func architecture(t *testing.T, path string) []inventory.Resource {
	t.Helper()
	if strings.HasSuffix(path, ".tfstate") {
		return state(t, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return designtest.FromTemplate(t, string(text))
}

// state reads a Terraform state.
func state(t *testing.T, path string) []inventory.Resource {
	t.Helper()
	into := &collected{builder: inventory.NewBuilder()}
	scanner := files.NewScanner([]files.Input{{Format: "terraform-state", Path: path}}, files.Options{Account: designtest.Account, Region: "eu-west-1"})
	if err := scanner.Scan(t.Context(), into); err != nil {
		t.Fatal(err)
	}
	inv := into.builder.Build()
	if len(inv.Refused) > 0 || len(inv.Unread) > 0 {
		t.Fatalf("%s: %+v %+v", path, inv.Refused, inv.Unread)
	}
	return inv.Resources
}

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

func architectures(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("testdata/*.*")
	if err != nil || len(all) < 12 {
		t.Fatalf("%d architectures, %v", len(all), err)
	}
	return all
}

// Each architecture is designed without loss: every resource has one decision,
// every body is valid, the order of the input changes nothing, and what became
// of what is as it was.
func TestArchitectures(t *testing.T) {
	t.Parallel()
	var designs []*design.Design
	for _, path := range architectures(t) {
		name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		resources := architecture(t, path)
		d := designtest.Shuffled(t, rules.All(), resources...)
		if len(d.Decisions) != len(resources) {
			t.Errorf("%s: %d decisions for %d resources", name, len(d.Decisions), len(resources))
		}
		testkit.Golden(t, "testdata/golden/"+name+".txt", []byte(story(d)))
		designs = append(designs, d)
	}
	designtest.Check(t, designs...)
}

// story tells a design in lines that a person compares.
func story(d *design.Design) string {
	var b strings.Builder
	byID := map[cloud.ResourceID]design.Resource{}
	for _, r := range d.Resources {
		byID[r.ID] = r
	}
	for _, v := range d.Decisions {
		fmt.Fprintf(&b, "%s %s: %s\n", v.Kind, v.Name, v.Action)
		for _, id := range v.Targets {
			fmt.Fprintf(&b, "  -> %s %s\n", byID[id].Type, byID[id].Name)
		}
		for _, g := range v.Gaps {
			fmt.Fprintf(&b, "  %s %s\n", g.Severity, g.ID)
		}
		for _, todo := range v.ToDo {
			fmt.Fprintf(&b, "  to do: %s\n", todo)
		}
	}
	for _, f := range d.Findings {
		fmt.Fprintf(&b, "finding %s %s blocks=%v\n", f.Severity, f.ID, f.Blocks)
	}
	return b.String()
}

// Of the kinds of the usual architectures none is left to the service map.
func TestUsualKindsHaveARule(t *testing.T) {
	t.Parallel()
	known := map[cloud.Kind]bool{}
	for _, f := range rules.All() {
		for _, r := range f.Rules {
			for _, k := range r.Kinds {
				known[k] = true
			}
		}
	}
	for _, path := range architectures(t) {
		for _, r := range architecture(t, path) {
			if !known[r.Kind] {
				t.Errorf("%s: %s has no rule", path, r.Kind)
			}
		}
	}
}

// The families agree: a kind has one rule, a gap one row, and what a rule may
// put is said.
func TestFamiliesAgree(t *testing.T) {
	t.Parallel()
	kinds, gaps, names := map[cloud.Kind]string{}, map[string]string{}, map[string]bool{}
	for _, f := range rules.All() {
		entries, err := design.ParseGaps(f.Gaps)
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		for _, e := range entries {
			if other, twice := gaps[e.ID]; twice {
				t.Errorf("gap %s is in %s and in %s", e.ID, other, f.Name)
			}
			gaps[e.ID] = f.Name
		}
		for _, r := range f.Rules {
			if names[r.Name] {
				t.Errorf("two rules are called %s", r.Name)
			}
			names[r.Name] = true
			if r.Source == "" {
				t.Errorf("rule %s rests on nothing", r.Name)
			}
			for _, k := range r.Kinds {
				if other, twice := kinds[k]; twice {
					t.Errorf("%s is in rule %s and in %s", k, other, r.Name)
				}
				kinds[k] = r.Name
			}
		}
	}
}

// The reference is printed from the rules and gaps themselves.
func TestMappingReferenceIsFresh(t *testing.T) {
	t.Parallel()
	testkit.Golden(t, "../../../docs/reference/mapping.md", mapping())
}

func mapping() []byte {
	var b bytes.Buffer
	b.WriteString("# Mappings and gaps\n\nWhich rule decides which kind, what it can make at the target, and where the target behaves differently. Kinds that are not here are decided\nas `manual` from the service map, with what a person has to do. Printed from the rules; a test keeps it fresh.\n")
	for _, f := range rules.All() {
		if len(f.Rules) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n| rule | kinds | can make | rests on |\n| --- | --- | --- | --- |\n", f.Name)
		for _, r := range f.Rules {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.Name, lines(r.Kinds), lines(r.Targets), r.Source)
		}
		entries, _ := design.ParseGaps(f.Gaps) // TestFamiliesAgree reads them too
		if len(entries) == 0 {
			continue
		}
		b.WriteString("\n| gap | severity | difference | effect | what to do |\n| --- | --- | --- | --- | --- |\n")
		slices.SortFunc(entries, func(x, y design.GapEntry) int { return strings.Compare(x.ID, y.ID) })
		for _, e := range entries {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", e.ID, e.Severity, e.Title, e.Effect, e.Do)
		}
	}
	return b.Bytes()
}

func lines(kinds []cloud.Kind) string {
	var out []string
	for _, k := range kinds {
		out = append(out, string(k))
	}
	return strings.Join(out, "<br>")
}

// design.json of every architecture is as its schema says.
func TestDesignsFitTheSchema(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile("../../../docs/reference/schemas/design.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range architectures(t) {
		content, err := json.Marshal(designtest.Make(t, rules.All(), architecture(t, path)...))
		if err != nil {
			t.Fatal(err)
		}
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(document); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		var again design.Design
		if err := json.Unmarshal(content, &again); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if twice, err := json.Marshal(again); err != nil || !bytes.Equal(twice, content) {
			t.Errorf("%s: reading and writing it again changes it (%v)", path, err)
		}
	}
}

// A workload of 10,000 resources is designed in seconds.
func BenchmarkDesign(b *testing.B) {
	var one []inventory.Resource
	for _, name := range []string{"fargate.yaml", "aurora-redis.yaml", "event-driven.yaml"} {
		text, err := os.ReadFile("testdata/" + name)
		if err != nil {
			b.Fatal(err)
		}
		one = append(one, designtest.FromTemplate(b, string(text))...)
	}
	resources := copies(b, one, 10_000)
	b.ReportMetric(float64(len(resources)), "resources")
	for b.Loop() {
		d := designtest.Make(b, rules.All(), resources...)
		b.ReportMetric(float64(len(d.Decisions)), "decisions")
		b.ReportMetric(float64(len(d.Resources)), "targets")
	}
}

// copies repeats a workload until there are about n resources; each copy
// stands for itself, in an account of its own: ids, names and references carry
// its number.
func copies(b *testing.B, one []inventory.Resource, n int) []inventory.Resource {
	text, err := json.Marshal(one)
	if err != nil {
		b.Fatal(err)
	}
	var out []inventory.Resource
	for i := 0; len(out) < n; i++ {
		var again []inventory.Resource
		if err := json.Unmarshal(bytes.ReplaceAll(text, []byte("cloudformation:shop/"), fmt.Appendf(nil, "cloudformation:shop%d/", i)), &again); err != nil {
			b.Fatal(err)
		}
		for j := range again {
			again[j].Name = fmt.Sprintf("%s-%d", again[j].Name, i)
			again[j].Account = cloud.Account(fmt.Sprintf("1%011d", i))
		}
		out = append(out, again...)
	}
	return out
}
