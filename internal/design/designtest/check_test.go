package designtest_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
)

// good is a design without a fault: a VNet with a subnet, and an interface in
// it.
func good(t *testing.T) *design.Design {
	t.Helper()
	f := designtest.Network()
	f.Rules = []design.Rule{{Name: "test/queue", Kinds: []cloud.Kind{"AWS::SQS::Queue"}, Apply: func(c *design.Context, r *inventory.Resource) design.Decision {
		subnet, _ := c.Plan.Subnet("web")
		c.Put(design.Target{Type: "Microsoft.Network/networkInterfaces", Base: r.Name, APIVersion: "2025-07-01", Model: map[string]any{"properties": map[string]any{
			"ipConfigurations": []any{map[string]any{"name": "one", "properties": map[string]any{"subnet": map[string]any{"id": string(subnet)}, "privateIPAddress": c.Parameter(design.Parameter{Name: "address", Description: "an address"})}}},
		}}}, r)
		return design.Decision{Action: design.Migrate, Why: "it is so", Confidence: 0.9}
	}}}
	return designtest.Make(t, []design.Family{f}, designtest.Live(t, "AWS::SQS::Queue", "orders", `{}`))
}

// The checker must bite: each change of a good design is a fault.
func TestFaultsAreFound(t *testing.T) {
	t.Parallel()
	oracle := designtest.NewOracle(t)
	if faults := oracle.Faults(good(t)); len(faults) > 0 {
		t.Fatalf("a good design: %v", faults)
	}
	properties := func(d *design.Design, kind cloud.Kind) map[string]any {
		r := designtest.One(t, d, kind)
		p, _ := r.Body["properties"].(map[string]any)
		return p
	}
	const nic, vnet = "Microsoft.Network/networkInterfaces", "Microsoft.Network/virtualNetworks"
	for want, change := range map[string]func(d *design.Design){
		"Could not find member 'ipConfiguration'": func(d *design.Design) { properties(d, nic)["ipConfiguration"] = []any{} },
		"nothing is put as":                       func(d *design.Design) { properties(d, nic)["x"] = "/subscriptions/a/resourceGroups/b/providers/c/d/e" },
		"is not declared":                         func(d *design.Design) { d.Parameters = nil },
		"has no description":                      func(d *design.Design) { d.Parameters[0].Description = "" },
		"holds a password":                        func(d *design.Design) { properties(d, nic)["adminPassword"] = "secret" },
		"is not secure":                           func(d *design.Design) { properties(d, nic)["adminPassword"] = "[parameters('address')]" },
		"is no parameter":                         func(d *design.Design) { properties(d, nic)["macAddress"] = "[parameters('a', 'b')]" },
		"names nothing that is put":               func(d *design.Design) { properties(d, nic)["macAddress"] = "[reference('/x', '1').y]" },
		"is no output":                            func(d *design.Design) { properties(d, nic)["macAddress"] = "[reference(x)]" },
		"dependsOn lacks":                         func(d *design.Design) { drop(d, nic) },
		"which is not put":                        func(d *design.Design) { d.Resources[0].DependsOn = []cloud.ResourceID{"/gone"} },
		"is there twice":                          func(d *design.Design) { d.Resources = append(d.Resources, d.Resources[0]) },
		"lacks its API version":                   func(d *design.Design) { d.Resources[0].APIVersion = "" },
		"neither the published types":             func(d *design.Design) { d.Resources[0].Type = "Microsoft.Network/networkInterfaze" },
		"it migrates to nothing":                  func(d *design.Design) { d.Decisions[0].Targets = nil },
		"it does not say what to do":              func(d *design.Design) { d.Decisions[0].Action = design.Manual },
		"action \"leave\"":                        func(d *design.Design) { d.Decisions[0].Action = "leave" },
		"confidence is 2":                         func(d *design.Design) { d.Decisions[0].Confidence = 2 },
		"a broken sentence":                       func(d *design.Design) { d.Decisions[0].Why = "it has %!d(string=x)" },
		"is not in the catalogue":                 func(d *design.Design) { d.Decisions[0].Gaps = []design.Gap{{ID: "x"}} },
		"an alternative without":                  func(d *design.Design) { d.Decisions[0].Alternatives = []design.Alternative{{Target: "x"}} },
		"two decisions":                           func(d *design.Design) { d.Decisions = append(d.Decisions, d.Decisions[0]) },
		"target /gone is not put":                 func(d *design.Design) { d.Decisions[0].Targets = []cloud.ResourceID{"/gone"} },
	} {
		d := good(t)
		change(d)
		if faults := strings.Join(oracle.Faults(d), "\n"); !strings.Contains(faults, want) {
			t.Errorf("want %q, have %q", want, faults)
		}
	}
}

func drop(d *design.Design, kind cloud.Kind) {
	for i := range d.Resources {
		if d.Resources[i].Type == kind {
			d.Resources[i].DependsOn = nil
		}
	}
}

func TestLiveResourcesAreNamedByTheirTag(t *testing.T) {
	t.Parallel()
	r := designtest.Live(t, "AWS::EC2::Instance", "instance/i-1", `{"Tags":[{"Key":"Name","Value":"web"}]}`)
	if r.Name != "web" || r.ID != "arn:aws:ec2:us-east-1:123456789012:instance/i-1" {
		t.Errorf("%+v", r)
	}
}
