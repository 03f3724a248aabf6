package iac

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

func bicep(t *testing.T, d *design.Design, environments ...design.Environment) []design.File {
	t.Helper()
	files, err := Bicep(d, environments)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Bicep(d, environments)
	if err != nil || !reflect.DeepEqual(files, again) {
		t.Fatal("two runs give different files")
	}
	return files
}

var assignment = regexp.MustCompile(`(?m)^param (\w+) = `)

var slashes = regexp.MustCompile(`(['}$#]|\\.)/([/*])`)

// readableBicep are the files that the grammar can read: it does not know the
// assignments of parameter files, which are put as defaults here, and takes
// slashes behind an opening quote, an escape or an expression for a comment, of
// which one is left out.
func readableBicep(files []design.File) []design.File {
	var out []design.File
	for _, f := range files {
		text := f.Content
		if strings.HasSuffix(f.Path, ".bicepparam") {
			text = assignment.ReplaceAll(text, []byte("param $1 object = "))
		} else if !strings.HasSuffix(f.Path, ".bicep") {
			continue
		}
		for slashes.Match(text) {
			text = slashes.ReplaceAll(text, []byte("$1$2"))
		}
		out = append(out, design.File{Path: f.Path, Content: text})
	}
	return out
}

func TestBicepIsRead(t *testing.T) {
	t.Parallel()
	files := readableBicep(bicep(t, shop(t), design.Environment{Name: "test"}, design.Environment{Name: "prod", Location: "westeurope"}))
	for seed := range uint64(120) {
		files = append(files, readableBicep(bicep(t, oddDesign(t, seed)))...)
	}
	if problems := bicepErrors(t, files); problems != "" {
		t.Error(problems)
	}
	if problems := bicepErrors(t, []design.File{{Path: "x.bicep", Content: []byte("resource = {\n")}}); problems == "" {
		t.Error("the grammar reads anything")
	}
}

func TestBicepIsSymbolic(t *testing.T) {
	t.Parallel()
	files := bicep(t, shop(t), design.Environment{Name: "test", Subscription: "66666666-7777-8888-9999-aaaaaaaaaaaa", Location: "westeurope"})
	for path, wants := range map[string][]string{
		"bicep/modules/network.bicep": {"parent: vnetShop", "id: nsgWeb.id", "output vnetShopSnetWebId string = vnetShopSnetWeb.id"},
		"bicep/modules/data.bicep": {"scope: stshop\n", "principalId: idWebPrincipalId", "'stshop${suffix}'", "@secure()\n@description('password of the database\\'s administrator')\nparam databasePassword string",
			"subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '" + reader + "')", "note: '[not an expression]'", "administratorLoginPassword: databasePassword"},
		"bicep/modules/compute.bicep":      {"'${idWebId}': {}", "zones: zones", "'${lbWeb.id}/backendAddressPools/web'", "'${resourceId('Microsoft.Network/loadBalancers', 'lb-web')}/probes/p'", "// Gap ec2.x (high): behaves \"otherwise\" [A=1 B]\nresource nicWeb"},
		"bicep/modules/edge.bicep":         {"location: 'global'"},
		"bicep/main.bicep":                 {"idWebPrincipalId: identityModule.outputs.idWebPrincipalId", "targetScope = 'resourceGroup'"},
		"bicep/parameters/test.bicepparam": {"param location = 'westeurope'", "readEnvironmentVariable('LANDFALL_PARAMETER_DATABASEPASSWORD')", "param retention = 7", "rg-shop-test"},
	} {
		text := file(t, files, path)
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", path, want, text)
			}
		}
	}
	for _, f := range files {
		text := string(f.Content)
		if strings.HasSuffix(f.Path, ".bicep") && (strings.Contains(text, "abc234") || strings.Contains(text, subscriptionID) || strings.Contains(text, "'eastus'")) {
			t.Errorf("%s holds the place of one environment", f.Path)
		}
		if strings.Contains(text, "a trifle") {
			t.Errorf("%s mentions a gap that does not matter", f.Path)
		}
	}
}

// TestBicepNamesAreSymbols: every symbol is declared once, and modules take
// what they are given.
func TestBicepNamesAreSymbols(t *testing.T) {
	t.Parallel()
	declared := regexp.MustCompile(`(?m)^(?:resource|param|module) (\w+) `)
	for _, f := range bicep(t, shop(t)) {
		seen := map[string]bool{}
		for _, m := range declared.FindAllStringSubmatch(string(f.Content), -1) {
			if seen[m[1]] {
				t.Errorf("%s declares %s twice", f.Path, m[1])
			}
			seen[m[1]] = true
		}
	}
	// Names that differ in nothing that code can show.
	d := &design.Design{Workload: "w", Place: place()}
	for _, rest := range []string{"Microsoft.Web/sites/a-b", "Microsoft.Web/sites/a_b", "Microsoft.Web/sites/aB", "Microsoft.Web/serverfarms/a.b", "Microsoft.Web/sites/1", "Microsoft.Web/sites/location", "Microsoft.Web/sites/for", "Microsoft.Web/sites/é"} {
		d.Resources = append(d.Resources, newResource(t, rest, "2024-04-01", `{}`))
	}
	d.Parameters = []design.Parameter{{Name: "location"}, {Name: "é"}, {Name: "a-b"}, {Name: "a_b"}, {Name: "1"}, {Name: "for"}}
	s, err := newStack(d)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for name, words := range s.spelt {
		if names[camel(words)] || !isIdentifier(camel(words)) || camel(words) == "location" || camel(words) == "for" {
			t.Errorf("parameter %q is called %q", name, camel(words))
		}
		names[camel(words)] = true
	}
	for _, it := range s.items {
		name := camel(it.words)
		if names[name] || !isIdentifier(name) || name == "location" || name == "for" || !isIdentifier(snake(it.words)) {
			t.Errorf("%s is called %q", it.ID, name)
		}
		names[name] = true
	}
}

// TestTiersWaitForNoLaterOne draws chains of dependencies through all kinds.
func TestTiersWaitForNoLaterOne(t *testing.T) {
	t.Parallel()
	kinds := []string{"Microsoft.Network/privateEndpoints", "Microsoft.Network/virtualNetworks", "Microsoft.ManagedIdentity/userAssignedIdentities", "Microsoft.Storage/storageAccounts", "Microsoft.Compute/virtualMachines",
		"Microsoft.Network/applicationGateways", "Microsoft.OperationalInsights/workspaces", "Microsoft.Insights/metricAlerts", "Microsoft.KeyVault/vaults"}
	rapid.Check(t, func(t *rapid.T) {
		d := &design.Design{Workload: "w", Place: place()}
		for i := range rapid.IntRange(1, 25).Draw(t, "resources") {
			kind := rapid.SampledFrom(kinds).Draw(t, "kind")
			group := place().GroupID()
			if rapid.IntRange(0, 5).Draw(t, "outside") == 0 {
				group = "/subscriptions/" + subscriptionID
			}
			r := design.Resource{ID: cloud.ResourceID(string(group) + "/providers/" + kind + "/n" + strconv.Itoa(i)), Type: cloud.Kind(kind), APIVersion: "2024-01-01", Name: "n" + strconv.Itoa(i), Body: map[string]any{}}
			for _, j := range rapid.SliceOfN(rapid.IntRange(0, max(i-1, 0)), 0, 3).Draw(t, "needs") {
				if j < i {
					r.DependsOn = append(r.DependsOn, d.Resources[j].ID)
					r.Body["n"+strconv.Itoa(j)] = string(d.Resources[j].ID)
				}
			}
			d.Resources = append(d.Resources, r)
		}
		s, err := newStack(d)
		if err != nil {
			t.Fatal(err)
		}
		count := 0
		for _, tier := range s.tiers {
			seen := map[*item]bool{}
			for _, it := range tier.items {
				count++
				for _, need := range it.needs {
					if need.tier.order > tier.order || need.tier == tier && !seen[need] {
						t.Fatalf("%s in %s stands before %s in %s", it.ID, tier.name, need.ID, need.tier.name)
					}
				}
				if it.home != tier.home {
					t.Fatalf("%s stands elsewhere than %s", it.ID, tier.name)
				}
				seen[it] = true
			}
		}
		if count != len(d.Resources) {
			t.Fatalf("%d of %d", count, len(d.Resources))
		}
		if _, err := Bicep(d, nil); err != nil {
			t.Fatal(err)
		}
	})
}

// TestBicepTextComesBack reads an escaped text as Bicep would.
func TestBicepTextComesBack(t *testing.T) {
	t.Parallel()
	unescape := regexp.MustCompile(`\\(u\{([0-9a-f]+)\}|.)`)
	rapid.Check(t, func(t *rapid.T) {
		text := strings.ToValidUTF8(rapid.String().Draw(t, "text")+rapid.SampledFrom([]string{"", "${x}", "'''", "\\", "\n", "$$"}).Draw(t, "tail"), "?")
		escaped := bicepEscaped(text)
		if strings.ContainsAny(escaped, "\n\r\t\x00") || strings.Contains(unescape.ReplaceAllString(escaped, "_"), "${") {
			t.Fatalf("%q is not escaped", escaped)
		}
		back := unescape.ReplaceAllStringFunc(escaped, func(m string) string {
			parts := unescape.FindStringSubmatch(m)
			if parts[2] != "" {
				n, _ := strconv.ParseInt(parts[2], 16, 32)
				return string(rune(n))
			}
			return map[string]string{"n": "\n", "r": "\r", "t": "\t"}[parts[1]] + strings.Trim(parts[1], "nrt")
		})
		if back != text {
			t.Fatalf("%q came back as %q", text, back)
		}
	})
}
