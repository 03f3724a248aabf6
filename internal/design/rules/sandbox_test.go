package rules_test

import (
	"encoding/json"
	"path"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/rules"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/bookshop"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// designed designs the bookshop with a boundary of its own.
func designed(t *testing.T, inv inventory.Inventory, seen graph.Observed, in ...cloud.ResourceID) *design.Design {
	t.Helper()
	facts, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	answers := map[cloud.ResourceID]graph.Boundary{}
	for _, id := range in {
		answers[id] = graph.In
	}
	g := graph.Build(inv, seen, graph.Options{Seeds: graph.Seeds{Tags: cloud.Tags{"workload": "bookshop"}, Stacks: []string{"bookshop"}}, Answers: answers})
	d, err := design.Make(design.Input{
		Inventory: &inv, Graph: &g, Catalog: facts, Families: rules.All(),
		Options: design.Options{Workload: "bookshop", Region: "eastus2", SourceRegion: bookshop.Region},
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// sound: the network is proved equal, nothing blocks, every kind has a rule,
// and every body is valid.
func sound(t *testing.T, name string, d *design.Design) {
	t.Helper()
	if d.Network == nil || !d.Network.Equal || d.Network.Endpoints == 0 {
		t.Errorf("%s: %+v", name, d.Network)
	}
	for _, f := range d.Blocking() {
		t.Errorf("%s: %s: %s", name, f.ID, f.Text)
	}
	for _, v := range d.Decisions {
		if v.Rule == "design/service-map" {
			t.Errorf("%s: no rule knows %s %s: %s", name, v.Kind, v.Name, v.Why)
		}
	}
	designtest.Check(t, d)
}

// TestBookshopIsTheSameFromTemplateAndAccount: whoever reads the template and
// whoever scans the account get the same target, resource by resource.
func TestBookshopIsTheSameFromTemplateAndAccount(t *testing.T) {
	t.Parallel()
	template := designed(t, bookshop.Template(t), graph.Observed{})
	sound(t, "template", template)
	inv, seen, _ := bookshop.Seeded(t)
	live := designed(t, inv, seen)
	sound(t, "account", live)
	for _, name := range []string{"bookshop-cache", "bookshop-endpoints"} {
		carried(t, live, inv, name)
	}

	inv, in := asTemplate(t, inv)
	account := designed(t, inv, seen, in...)
	sound(t, "account as the template has it", account)
	sameResources(t, template.Resources, account.Resources)
	if a, b := text(t, template.Parameters), text(t, account.Parameters); a != b {
		t.Errorf("parameters: the template gives %s, the account %s", a, b)
	}
}

// carried: a security group that only interfaces of AWS's own carry in the
// account stands in an NSG of a subnet of private endpoints.
func carried(t *testing.T, d *design.Design, inv inventory.Inventory, name string) {
	t.Helper()
	for _, r := range inv.Resources {
		if r.Kind != "AWS::EC2::SecurityGroup" || r.Name != name {
			continue
		}
		v := designtest.Decision(t, d, string(r.ID))
		if v.Action != design.Migrate || len(v.Targets) == 0 {
			t.Fatalf("%s: %+v", name, v)
		}
		for _, s := range designtest.Resources(d, "Microsoft.Network/virtualNetworks/subnets") {
			if design.Text(s.Body, "properties.networkSecurityGroup.id") == string(v.Targets[0]) {
				return
			}
		}
	}
	t.Errorf("no subnet has the rules of %s", name)
}

// asTemplate gives a scan of the seeded account what only the template says, and
// takes what a template cannot say.
func asTemplate(t *testing.T, inv inventory.Inventory) (inventory.Inventory, []cloud.ResourceID) {
	t.Helper()
	var in []cloud.ResourceID
	used := map[string]bool{}
	is := func(r inventory.Resource, kind cloud.Kind, name string) bool {
		found := r.Kind == kind && r.Name == name
		used[string(kind)+" "+name] = used[string(kind)+" "+name] || found
		return found
	}
	gone := map[string]bool{}
	for _, r := range inv.Resources {
		if r.Kind == "AWS::EC2::RouteTable" && r.Tags["workload"] == "payroll" {
			gone[path.Base(string(r.ID))] = true
		}
	}
	inv.Resources = slices.DeleteFunc(slices.Clone(inv.Resources), func(r inventory.Resource) bool {
		// The template knows no payroll, which shares the VPC and so its log bucket,
		// nor what another account's workloads export.
		return r.Tags["workload"] == "payroll" || strings.Contains(string(r.ID), "shared-exports") || strings.Contains(string(r.ID), "|payroll-db.") ||
			// Routes and associations have no tags: they go with their table.
			gone[design.Text(r.Properties, "RouteTableId")] ||
			// The system is known from what the machines report.
			r.Kind == "AWS::SSM::ManagedInstanceInventory" ||
			// The record with which ACM validates a certificate is named by ACM.
			r.Kind == "AWS::Route53::RecordSet" && strings.HasPrefix(r.Name, "_") && design.Text(r.Properties, "Type") == "CNAME" ||
			// The template attaches another team's policy by its ARN and does not say
			// what it allows.
			is(r, "AWS::IAM::ManagedPolicy", "data-key-use")
	})
	for i := range inv.Resources {
		switch r := &inv.Resources[i]; {
		// The control plane behind the sandbox forgets the tags of a plan.
		case is(*r, "AWS::Backup::BackupPlan", "bookshop-nightly"):
			in = append(in, r.ID)
		}
	}
	for what, found := range used {
		if !found {
			t.Errorf("%s is not in the account", what)
		}
	}
	return inv, in
}

func sameResources(t *testing.T, template, account []design.Resource) {
	t.Helper()
	byID := map[cloud.ResourceID]design.Resource{}
	for _, r := range account {
		byID[r.ID] = r
	}
	for _, r := range template {
		other, ok := byID[r.ID]
		if delete(byID, r.ID); !ok {
			t.Errorf("only the template gives %s", r.ID)
		} else if a, b := text(t, r), text(t, other); a != b {
			t.Errorf("%s: the template gives\n%s\nthe account\n%s", r.ID, a, b)
		}
	}
	for id := range byID {
		t.Errorf("only the account gives %s", id)
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
