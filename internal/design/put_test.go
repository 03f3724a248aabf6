package design_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/networkinterfaces"
	"pgregory.net/rapid"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
)

// inside runs f as the rule of the one resource given.
func inside(t testing.TB, r inventory.Resource, f func(c *design.Context, r *inventory.Resource)) *design.Design {
	t.Helper()
	return designtest.Make(t, []design.Family{family(r.Kind, func(c *design.Context, r *inventory.Resource) design.Decision {
		f(c, r)
		return retire(c, r)
	})}, r)
}

func queue(t testing.TB) inventory.Resource {
	t.Helper()
	return designtest.Live(t, "AWS::SQS::Queue", "orders", `{"QueueName":"orders"}`)
}

func TestBodiesComeFromTypedModels(t *testing.T) {
	t.Parallel()
	r := queue(t)
	r.Tags = cloud.Tags{"Team": "a", "team": "b", "aws:made": "x", "Name": "orders", "cost/center": "7", "workload": "other"}
	d := inside(t, r, func(c *design.Context, r *inventory.Resource) {
		c.Put(design.Target{Type: "Microsoft.Network/networkInterfaces", Base: r.Name, Tags: cloud.Tags{"own": "1"}, Model: networkinterfaces.NetworkInterface{
			Name: new("ignored"), Location: new("ignored"), Properties: &networkinterfaces.NetworkInterfacePropertiesFormat{EnableIPForwarding: new(true)},
		}}, r)
	})
	nic := designtest.One(t, d, "Microsoft.Network/networkInterfaces")
	if nic.APIVersion != "2025-07-01" || nic.Name != "nic-orders" || nic.Location != "eastus2" {
		t.Errorf("%+v", nic)
	}
	if len(nic.Body) != 1 || !design.True(nic.Body, "properties.enableIPForwarding") {
		t.Errorf("body %v", nic.Body)
	}
	want := cloud.Tags{"Team": "a", "cost-center": "7", "workload": "other", "own": "1"}
	if len(nic.Tags) != len(want) {
		t.Errorf("tags %v", nic.Tags)
	}
	for k, v := range want {
		if nic.Tags[k] != v {
			t.Errorf("tag %s is %q", k, nic.Tags[k])
		}
	}
}

// A tag whose value only a deployment of the template tells is left out, and a
// finding names it with whose it is; the environment's own value stands in.
func TestTagsThatNobodyTellsAreLeftOut(t *testing.T) {
	t.Parallel()
	r := queue(t)
	r.Tags = cloud.Tags{"app": "${param:AppName}", "vpc": "net-${ref:cloudformation:shop/Net}", "stage": "${param:Stage}", "team": "a"}
	d := designtest.Case{Families: []design.Family{family(r.Kind, func(c *design.Context, r *inventory.Resource) design.Decision {
		for _, base := range []string{"one", "two"} {
			c.Put(design.Target{Type: "Microsoft.Network/networkInterfaces", Base: base, Tags: cloud.Tags{"own": "${param:Own}"}, Model: networkinterfaces.NetworkInterface{}}, r)
		}
		return retire(c, r)
	})}, Resources: []inventory.Resource{r}, Options: design.Options{Environment: "test"}}.Make(t)
	for _, nic := range designtest.Resources(d, "Microsoft.Network/networkInterfaces") {
		if len(nic.Tags) != 3 || nic.Tags["team"] != "a" || nic.Tags["stage"] != "test" || nic.Tags["workload"] != "shop" {
			t.Errorf("%s: tags %v", nic.Name, nic.Tags)
		}
	}
	var told []string
	for _, f := range d.Findings {
		if strings.HasPrefix(f.ID, "tag.untold:") {
			told = append(told, f.ID)
			if len(f.About) != 1 || f.Severity != design.Low || !strings.Contains(f.Text, "of what stands for a resource") {
				t.Errorf("%+v", f)
			}
		}
	}
	if strings.Join(told, " ") != "tag.untold:app tag.untold:own tag.untold:vpc" {
		t.Errorf("findings %v", told)
	}
}

func TestChildrenAndExtensionsStandInTheirParents(t *testing.T) {
	t.Parallel()
	d := inside(t, queue(t), func(c *design.Context, r *inventory.Resource) {
		vnet := c.Put(design.Target{Type: "Microsoft.Network/virtualNetworks", Base: "main", APIVersion: "2025-07-01"}, r)
		subnet := c.Put(design.Target{Type: "Microsoft.Network/virtualNetworks/subnets", Parent: vnet, Base: "web", APIVersion: "2025-07-01"}, r)
		c.Put(design.Target{Type: "Microsoft.Insights/diagnosticSettings", Scope: vnet, Base: "logs", APIVersion: "2021-05-01-preview",
			Model: map[string]any{"properties": map[string]any{"near": string(subnet) + "/part/x"}}}, r)
		if _, ok := c.TargetOf(r, "microsoft.network/VIRTUALNETWORKS/subnets"); !ok {
			t.Error("target not found in other capitals")
		}
		if again := c.Once("x", func() cloud.ResourceID { return vnet }); again != c.Once("x", func() cloud.ResourceID { return subnet }) {
			t.Error("once is made twice")
		}
	})
	subnet := designtest.One(t, d, "Microsoft.Network/virtualNetworks/subnets")
	if subnet.Name != "vnet-main/snet-web" || subnet.Location != "" || len(subnet.Tags) != 0 || len(subnet.DependsOn) != 1 {
		t.Errorf("%+v", subnet)
	}
	settings := designtest.One(t, d, "Microsoft.Insights/diagnosticSettings")
	if settings.Scope != subnet.DependsOn[0] || len(settings.DependsOn) != 2 || settings.Location != "" {
		t.Errorf("%+v", settings)
	}
}

func TestOutputsNameTheVersion(t *testing.T) {
	t.Parallel()
	d := inside(t, queue(t), func(c *design.Context, r *inventory.Resource) {
		id := c.Put(design.Target{Type: "Microsoft.ManagedIdentity/userAssignedIdentities", Base: "a", APIVersion: "2024-11-30"}, r)
		c.Put(design.Target{Type: "Microsoft.KeyVault/vaults", Base: "v", APIVersion: "2025-05-01", Model: map[string]any{"properties": map[string]any{
			"who": c.Output(id, "properties.principalId"), "key": c.Parameter(design.Parameter{Name: "key", Secure: true, Description: "a key"}),
		}}}, r)
	})
	vault := designtest.One(t, d, "Microsoft.KeyVault/vaults")
	if who := design.Text(vault.Body, "properties.who"); !strings.HasSuffix(who, ", '2024-11-30').properties.principalId]") || len(vault.DependsOn) != 1 {
		t.Errorf("%q, depends on %v", who, vault.DependsOn)
	}
	if len(d.Parameters) != 1 || d.Parameters[0].Type != "string" || !d.Parameters[0].Secure {
		t.Errorf("%+v", d.Parameters)
	}
}

func TestReferencesAreFoundInEveryForm(t *testing.T) {
	t.Parallel()
	resources := designtest.FromTemplate(t, `
Resources:
  Web:
    Type: AWS::EC2::SecurityGroup
    Properties: {GroupDescription: web}
  One:
    Type: AWS::EC2::Instance
    Properties: {SecurityGroupIds: [!Ref Web], UserData: "x"}
  Two:
    Type: AWS::EC2::Instance
    Properties: {SecurityGroupIds: [!GetAtt Web.GroupId, sg-elsewhere]}
`)
	calls := 0
	designtest.Make(t, []design.Family{family("AWS::EC2::SecurityGroup", func(c *design.Context, r *inventory.Resource) design.Decision {
		calls++
		if users := c.Referring(r, "AWS::EC2::Instance", "SecurityGroupIds"); len(users) != 2 {
			t.Errorf("%d users", len(users))
		}
		for _, one := range c.OfKind("AWS::EC2::Instance") {
			if found := c.FindAll(one, one.Properties["SecurityGroupIds"], "AWS::EC2::SecurityGroup"); len(found) != 1 || found[0] != r {
				t.Errorf("%s finds %v", one.Name, found)
			}
		}
		if _, ok := c.Find(r, nil); ok {
			t.Error("nothing is found")
		}
		return retire(c, r)
	})}, resources...)
	if calls != 1 {
		t.Errorf("%d calls", calls)
	}
}

// Whatever a thing is called, its name fits its kind, is no other's, and is
// the same the next time.
func TestNamesFitTheirKinds(t *testing.T) {
	t.Parallel()
	facts, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	kinds := []cloud.Kind{"Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults", "Microsoft.Compute/virtualMachines", "Microsoft.Network/virtualNetworks",
		"Microsoft.ContainerRegistry/registries", "Microsoft.Web/sites", "Microsoft.Nowhere/unheardOf"}
	inside(t, queue(t), func(c *design.Context, _ *inventory.Resource) {
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			bases := rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-zA-Z0-9 _./-]{0,120}`)), 1, 8).Draw(rt, "bases")
			kind := rapid.SampledFrom(kinds).Draw(rt, "kind")
			rule, _ := facts.NameRule(kind)
			var first, second []string
			for _, all := range []*[]string{&first, &second} {
				// A parent of its own makes every round begin with no name taken.
				round++
				parent := cloud.ResourceID(strconv.Itoa(round))
				seen := map[string]bool{}
				for _, base := range bases {
					name := c.Name(kind, parent, base)
					fits(rt, rule, kind, name)
					if seen[strings.ToLower(name)] {
						rt.Fatalf("%s: %q is given twice", kind, name)
					}
					seen[strings.ToLower(name)] = true
					*all = append(*all, name)
				}
			}
			if !slices.Equal(first, second) {
				rt.Fatalf("names change: %v, %v", first, second)
			}
		})
	})
}

func fits(t *rapid.T, rule catalog.NameRule, kind cloud.Kind, name string) {
	if len(name) < rule.Min || len(name) > rule.Max {
		t.Fatalf("%s: %q has %d characters, want %d to %d", kind, name, len(name), rule.Min, rule.Max)
	}
	for _, x := range name {
		letter := x >= 'a' && x <= 'z' || x >= 'A' && x <= 'Z'
		if !letter && (x < '0' || x > '9') && !strings.ContainsRune(rule.Allowed, x) {
			t.Fatalf("%s: %q has %q", kind, name, x)
		}
	}
	if rule.Lower && name != strings.ToLower(name) {
		t.Fatalf("%s: %q has capitals", kind, name)
	}
	if first := name[0]; rule.Letter && (first < 'A' || first >= '0' && first <= '9') {
		t.Fatalf("%s: %q does not begin with a letter", kind, name)
	}
	if first := name[:1]; strings.ContainsAny(first, "-_.") || strings.ContainsAny(name[len(name)-1:], "-_.") {
		t.Fatalf("%s: %q begins or ends with a sign", kind, name)
	}
}

func TestLongNamesStayApart(t *testing.T) {
	t.Parallel()
	inside(t, queue(t), func(c *design.Context, _ *inventory.Resource) {
		long := strings.Repeat("warehouse", 12)
		one, two := c.Name("Microsoft.KeyVault/vaults", "", long+"one"), c.Name("Microsoft.KeyVault/vaults", "", long+"two")
		if one == two || strings.HasSuffix(strings.TrimSuffix(two, c.Place.Suffix), "-2-") {
			t.Errorf("%q, %q", one, two)
		}
		if !strings.HasSuffix(one, c.Place.Suffix) {
			t.Errorf("%q lacks the suffix of the place", one)
		}
		if a, b := c.Name("Microsoft.Network/virtualNetworks/subnets", "p", "x"), c.Name("Microsoft.Network/virtualNetworks/subnets", "q", "x"); a != b {
			t.Errorf("%q, %q: children of two parents may share a name", a, b)
		}
	})
}

func TestValuesAreReadInEveryForm(t *testing.T) {
	t.Parallel()
	tree := map[string]any{"a": map[string]any{"n": "12", "t": "true", "f": 1.5, "list": []any{map[string]any{"x": "y"}, "z"}}, "tags": cloud.Tags{"k": "v"}}
	if design.Int(tree, "a.n", 0) != 12 || design.Int(tree, "a.none", 7) != 7 || design.Int(tree, "a.t", 7) != 7 || !design.True(tree, "a.t") {
		t.Error("numbers and truth")
	}
	if design.Text(tree, "a.list.x") != "y" || design.Text(tree, "a.list") != "" || design.Text(tree, "tags.k") != "v" || design.Text(tree, "a.f") != "1.5" {
		t.Error("paths")
	}
	if n, ok := design.Number(map[string]any{"x": "NaN"}, "x"); ok {
		t.Errorf("NaN is %v", n)
	}
	if got := design.Texts([]any{"a", 2.0, true, nil, map[string]any{}}); strings.Join(got, " ") != "a 2 true" {
		t.Errorf("%v", got)
	}
	if len(design.Maps([]any{"a", map[string]any{}})) != 1 || len(design.List(nil)) != 0 || len(design.List("x")) != 1 || len(design.List([]string{"a", "b"})) != 2 {
		t.Error("lists")
	}
}

func TestAnyValueIsRead(t *testing.T) {
	t.Parallel()
	value := rapid.Custom(func(t *rapid.T) any {
		return rapid.SampledFrom([]any{nil, "x", "${ref:cloudformation:shop/A}", 1.0, true, []any{nil, "a", map[string]any{"a": nil}}, map[string]any{"a": []any{}}}).Draw(t, "value")
	})
	rapid.Check(t, func(t *rapid.T) {
		tree := map[string]any{"a": value.Draw(t, "a"), "b": map[string]any{"a": value.Draw(t, "b")}}
		for _, path := range []string{"a", "b.a", "a.a", "b.a.a", "", "a.a.a"} {
			_ = design.Text(tree, path)
			_, _ = design.Number(tree, path)
			_ = design.True(tree, path)
			_ = design.Maps(design.At(tree, path))
			_ = design.Texts(design.At(tree, path))
		}
	})
}
