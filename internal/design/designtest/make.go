package designtest

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
	"example.com/landfall/internal/source/files/cloudformation"
)

// Account and Region are where templates stand that do not say so.
const (
	Account cloud.Account = "123456789012"
	Region  cloud.Region  = "us-east-1"
)

// Case is a workload to design. The zero values of all but Families and
// Resources are usable.
type Case struct {
	Families  []design.Family
	Resources []inventory.Resource
	// Options are completed with the workload "shop", the target region
	// "eastus2" and the source region "us-east-1".
	Options design.Options
	// Shared are the names or ids of resources that others use too, Out of
	// those that are none of the workload's.
	Shared, Out []string
	Baseline    *kpi.Baseline

	// facts are what many designs share, nil to load them; built says that the
	// resources are as a builder gives them.
	facts *catalog.Catalog
	built bool
}

// Make designs a workload of which everything is inside the boundary.
func Make(t testing.TB, families []design.Family, resources ...inventory.Resource) *design.Design {
	t.Helper()
	return Case{Families: families, Resources: resources}.Make(t)
}

// Make designs the case; an error or a defect of a rule ends the test.
func (c Case) Make(t testing.TB) *design.Design {
	t.Helper()
	d, err := c.Try(t)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range defects(d) {
		t.Fatal(f.Text)
	}
	return d
}

// defects are the findings that tell of a broken rule.
func defects(d *design.Design) []design.Finding {
	return slices.DeleteFunc(slices.Clone(d.Findings), func(f design.Finding) bool { return !strings.HasPrefix(f.ID, design.DefectPrefix) })
}

// Try designs the case and returns what design.Make returns.
func (c Case) Try(t testing.TB) (*design.Design, error) {
	t.Helper()
	facts := c.facts
	if facts == nil {
		facts = loaded(t)
	}
	inv := inventory.Inventory{Resources: c.Resources}
	if !c.built {
		inv = inventoryOf(t, c.Resources)
	}
	g := graph.Build(inv, graph.Observed{}, graph.Options{})
	for i := range g.Nodes {
		n := &g.Nodes[i]
		switch {
		case n.External:
		case names(c.Out, n):
			n.Boundary, n.Reason = graph.Out, "the test says so"
		case names(c.Shared, n):
			n.Boundary, n.Reason = graph.Shared, "the test says so"
		default:
			n.Boundary, n.Reason = graph.In, "the test says so"
		}
	}
	return design.Make(design.Input{Inventory: &inv, Graph: &g, Baseline: c.Baseline, Catalog: facts, Options: c.options(), Families: c.Families})
}

func loaded(t testing.TB) *catalog.Catalog {
	t.Helper()
	facts, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

func names(list []string, n *graph.Node) bool {
	return slices.Contains(list, n.Name) || slices.Contains(list, string(n.ID))
}

func (c Case) options() design.Options {
	o := c.Options
	if o.Workload == "" {
		o.Workload = "shop"
	}
	if o.Region == "" {
		o.Region = "eastus2"
	}
	if o.SourceRegion == "" {
		o.SourceRegion = Region
	}
	return o
}

// inventoryOf puts resources through the builder, as every reader does: kinds
// and properties take their one form, secrets go.
func inventoryOf(t testing.TB, resources []inventory.Resource) inventory.Inventory {
	t.Helper()
	b := inventory.NewBuilder()
	for _, r := range resources {
		o := inventory.Observation{Resource: clone(r), Source: inventory.Live, Origin: "test"}
		if r.LogicalID != "" {
			o.Source = inventory.CloudFormation
		}
		o.Provenance = nil
		if err := b.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	return b.Build()
}

// clone copies a resource, because the builder keeps what it is given.
func clone(r inventory.Resource) inventory.Resource {
	r.Properties, _ = deep(map[string]any(r.Properties)).(map[string]any)
	r.Attributes, _ = deep(r.Attributes).(map[string]any)
	r.Tags = maps.Clone(r.Tags)
	r.Aliases, r.Marks = slices.Clone(r.Aliases), slices.Clone(r.Marks)
	return r
}

func deep(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, w := range v {
			out[k] = deep(w)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, w := range v {
			out[i] = deep(w)
		}
		return out
	}
	return v
}

// FromTemplate returns the resources of a CloudFormation template, in YAML or
// JSON, of the stack "shop". A part that is not understood ends the test.
func FromTemplate(t testing.TB, text string) []inventory.Resource {
	t.Helper()
	result, err := cloudformation.Read(cloudformation.File{Name: "shop.yaml", Data: []byte(text), Stack: "shop"}, cloudformation.Options{Account: Account, Region: Region})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range result.Refused {
		t.Fatalf("the template is not understood: %s: %s", r.File, r.Reason)
	}
	return resourcesOf(t, result.Observations)
}

func resourcesOf(t testing.TB, observations []inventory.Observation) []inventory.Resource {
	t.Helper()
	b := inventory.NewBuilder()
	for _, o := range observations {
		if err := b.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	return b.Build().Resources
}

// FromInventory returns the resources of a file in the form of inventory.json.
func FromInventory(t testing.TB, path string) []inventory.Resource {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var inv inventory.Inventory
	if err := json.Unmarshal(data, &inv); err != nil {
		t.Fatalf("read inventory %q: %v", path, err)
	}
	return inv.Resources
}

// Live returns a resource as a scan of the account finds it: kind, the last
// part of its ARN ("instance/i-0abc"), and its properties as JSON. Its name is
// the Name tag, else what follows the last slash or colon.
func Live(t testing.TB, kind cloud.Kind, id, properties string) inventory.Resource {
	t.Helper()
	r := inventory.Resource{Kind: kind, Account: Account, Region: Region, Properties: inventory.Properties{}}
	if err := json.Unmarshal([]byte(properties), &r.Properties); err != nil {
		t.Fatalf("properties of %s: %v", id, err)
	}
	service := strings.ToLower(strings.Split(string(kind), "::")[1])
	r.ID = cloud.ResourceID("arn:aws:" + service + ":" + string(Region) + ":" + string(Account) + ":" + id)
	if strings.HasPrefix(id, "arn:") {
		r.ID = cloud.ResourceID(id)
	}
	r.Name = id[strings.LastIndexAny(id, "/:")+1:]
	r.Aliases = []string{r.Name}
	for _, tag := range design.Maps(r.Properties["Tags"]) {
		if design.Text(tag, "Key") == "Name" {
			r.Name = design.Text(tag, "Value")
		}
	}
	return r
}

// Decision returns the decision for the resource of a name (or logical id, or
// id); none, or several of one name, end the test.
func Decision(t testing.TB, d *design.Design, name string) design.Decision {
	t.Helper()
	var found []design.Decision
	for _, one := range d.Decisions {
		if one.Name == name || string(one.Source) == name || strings.HasSuffix(string(one.Source), "/"+name) {
			found = append(found, one)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d decisions for %q", len(found), name)
	}
	return found[0]
}

// Resources returns the target resources of a type, in the design's order.
func Resources(d *design.Design, kind cloud.Kind) []design.Resource {
	var out []design.Resource
	for _, r := range d.Resources {
		if strings.EqualFold(string(r.Type), string(kind)) {
			out = append(out, r)
		}
	}
	return out
}

// One returns the only target resource of a type; none or several end the
// test.
func One(t testing.TB, d *design.Design, kind cloud.Kind) design.Resource {
	t.Helper()
	found := Resources(d, kind)
	if len(found) != 1 {
		var all []string
		for _, r := range d.Resources {
			all = append(all, string(r.Type)+" "+r.Name)
		}
		t.Fatalf("%d resources of %s in %s", len(found), kind, strings.Join(all, "; "))
	}
	return found[0]
}

// GapIDs returns the ids of a decision's gaps, in order.
func GapIDs(d design.Decision) []string {
	out := []string{}
	for _, g := range d.Gaps {
		out = append(out, g.ID)
	}
	return out
}
