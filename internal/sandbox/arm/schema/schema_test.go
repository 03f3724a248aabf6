package schema_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"example.com/landfall/internal/sandbox/arm/armtest"
	"example.com/landfall/internal/sandbox/arm/schema"
	"pgregory.net/rapid"
)

func load(t testing.TB) *schema.Definitions {
	t.Helper()
	d, err := schema.Load(armtest.Types(t))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func object(t testing.TB, s string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(s), &m); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return m
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	d := load(t)
	const (
		vnet    = "Microsoft.Network/virtualNetworks"
		storage = "Microsoft.Storage/storageAccounts"
		server  = "Microsoft.DBforPostgreSQL/flexibleServers"
		policy  = "Microsoft.Network/firewallPolicies/ruleCollectionGroups"
	)
	for _, c := range []struct {
		name, kind, body, path string
		rule                   schema.Rule
		says                   string
	}{
		{"misspelt property", vnet, `{"location":"eastus","properties":{"adressSpace":{}}}`, "properties.adressSpace", schema.UnknownProperty, "'addressSpace'"},
		{"misspelt deep property", vnet, `{"location":"eastus","properties":{"subnets":[{"name":"a","properties":{"addressPrefx":"10.0.0.0/24"}}]}}`, "properties.subnets[0].properties.addressPrefx", schema.UnknownProperty, "addressPrefix"},
		{"missing required", storage, `{"location":"eastus","kind":"StorageV2"}`, "sku", schema.MissingProperty, "'sku'"},
		{"missing location", server, `{"properties":{}}`, "location", schema.MissingProperty, "'location'"},
		{"bad enum", storage, `{"location":"eastus","kind":"StorageV3","sku":{"name":"Standard_LRS"}}`, "kind", schema.NotAllowed, "StorageV2"},
		{"bad extensible enum", server, `{"location":"eastus","sku":{"name":"Standard_D2ds_v5","tier":"GeneralPurpos"}}`, "sku.tier", schema.NotAllowed, "GeneralPurpose"},
		{"wrong type", server, `{"location":"eastus","properties":{"storage":{"storageSizeGB":"128"}}}`, "properties.storage.storageSizeGB", schema.WrongType, "a number is expected"},
		{"array expected", vnet, `{"location":"eastus","properties":{"subnets":{}}}`, "properties.subnets", schema.WrongType, "an array is expected"},
		{"bad discriminator", policy, `{"properties":{"priority":100,"ruleCollections":[{"ruleCollectionType":"FirewallPolicyFilterCollection"}]}}`, "properties.ruleCollections[0].ruleCollectionType", schema.NotAllowed, "FirewallPolicyFilterRuleCollection"},
		{"missing discriminator", policy, `{"properties":{"priority":100,"ruleCollections":[{"name":"x"}]}}`, "properties.ruleCollections[0].ruleCollectionType", schema.MissingProperty, "decides the form"},
		{"number out of range", policy, `{"properties":{"priority":1}}`, "properties.priority", schema.NumberOutOfRange, "minimum 100"},
	} {
		_, findings, ok := d.Check(c.kind, object(t, c.body), schema.Mode{})
		if !ok || len(findings) == 0 {
			t.Errorf("%s: not refused", c.name)
			continue
		}
		f := findings[0]
		if f.Path != c.path || f.Rule != c.rule || !strings.Contains(f.Message, c.says) {
			t.Errorf("%s: %+v", c.name, f)
		}
	}
}

func TestKeepsWhatAProviderKeeps(t *testing.T) {
	t.Parallel()
	d := load(t)
	body := object(t, `{"ID":"x","name":"n","LOCATION":"eastus","tags":{"Team":"a"},"etag":"W/1",
		"properties":{"AddressSpace":{"addressPrefixes":["10.0.0.0/16"]},"provisioningState":"Succeeded","resourceGuid":"g","dhcpOptions":null}}`)
	kept, findings, ok := d.Check("microsoft.network/VIRTUALNETWORKS", body, schema.Mode{})
	if !ok || len(findings) > 0 {
		t.Fatalf("%v %+v", ok, findings)
	}
	want := object(t, `{"location":"eastus","tags":{"Team":"a"},"properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]}}}`)
	if !reflect.DeepEqual(kept, want) {
		t.Errorf("kept %v", kept)
	}
}

func TestModes(t *testing.T) {
	t.Parallel()
	d := load(t)
	kept, findings, _ := d.Check("Microsoft.Storage/storageAccounts", object(t, `{"tags":null,"properties":{"minimumTlsVersion":"TLS1_2"}}`), schema.Mode{Partial: true})
	if value, present := kept["tags"]; len(findings) > 0 || !present || value != nil {
		t.Errorf("a patch keeps nulls and needs nothing: %v %+v", kept, findings)
	}
	late := object(t, `{"location":"eastus","properties":{"subnets":"[reference('x').subnets]"}}`)
	if _, findings, _ = d.Check("Microsoft.Network/virtualNetworks", late, schema.Mode{Deferred: true}); len(findings) > 0 {
		t.Errorf("an expression stands anywhere: %+v", findings)
	}
	if _, findings, _ = d.Check("Microsoft.Network/virtualNetworks", late, schema.Mode{}); len(findings) == 0 {
		t.Error("without expressions a string is no array")
	}
	if _, _, ok := d.Check("Contoso.Made/up", late, schema.Mode{}); ok {
		t.Error("an unknown type was judged")
	}
}

func TestOldListsAreNoJudges(t *testing.T) {
	t.Parallel()
	d := load(t)
	for kind, body := range map[string]string{
		"Microsoft.Compute/virtualMachines":    `{"location":"eastus","properties":{"hardwareProfile":{"vmSize":"Standard_D2s_v5"}}}`,
		"Microsoft.DBforMySQL/flexibleServers": `{"location":"eastus","properties":{"version":"8.4"}}`,
	} {
		if _, findings, _ := d.Check(kind, object(t, body), schema.Mode{}); len(findings) > 0 {
			t.Errorf("%s: %+v", kind, findings)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	d := load(t)
	if got := d.CheckName("Microsoft.Storage/storageAccounts", "Not_Allowed"); got == "" {
		t.Error("a storage account name is lower-case letters and digits")
	}
	if got := d.CheckName("Microsoft.Storage/storageAccounts", "shopimages01"); got != "" {
		t.Error(got)
	}
}

func TestPublicHidesSecrets(t *testing.T) {
	t.Parallel()
	d := load(t)
	for _, c := range []struct{ kind, body, want string }{
		{"Microsoft.DBforPostgreSQL/flexibleServers", `{"properties":{"administratorLogin":"a","administratorLoginPassword":"p"}}`, `{"properties":{"administratorLogin":"a"}}`},
		{"Microsoft.Compute/virtualMachines", `{"properties":{"osProfile":{"adminUsername":"a","adminPassword":"p","customData":"c"}}}`, `{"properties":{"osProfile":{"adminUsername":"a"}}}`},
		{"Contoso.Made/up", `{"properties":{"list":[{"password":"p","x":1}]}}`, `{"properties":{"list":[{"x":1}]}}`},
	} {
		if got := d.Public(c.kind, object(t, c.body)); !reflect.DeepEqual(got, object(t, c.want)) {
			t.Errorf("%s: %v", c.kind, got)
		}
	}
	var none *schema.Definitions
	if got := none.Public("x", object(t, `{"adminPassword":"p"}`)); len(got) != 0 {
		t.Errorf("without definitions: %v", got)
	}
}

func TestLoadRefusesBrokenFiles(t *testing.T) {
	t.Parallel()
	if _, err := schema.Load(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a missing file was read")
	}
	path := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := schema.Load(path); err == nil {
		t.Error("a file that is not compressed was read")
	}
}

// Whatever the body, a check ends, does not change its input, and what it
// keeps passes a second check unchanged when the first found nothing.
func TestCheckIsStable(t *testing.T) {
	t.Parallel()
	d := load(t)
	kinds := []string{"Microsoft.Network/virtualNetworks", "Microsoft.Web/sites/config", "Microsoft.Resources/deploymentScripts", "Microsoft.Compute/virtualMachines"}
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		body := draw(t, 3).(map[string]any)
		before, _ := json.Marshal(body)
		kept, findings, _ := d.Check(kind, body, schema.Mode{})
		after, _ := json.Marshal(body)
		if string(before) != string(after) {
			t.Fatal("the input changed")
		}
		if len(findings) > 0 {
			return
		}
		again, more, _ := d.Check(kind, kept, schema.Mode{})
		if len(more) > 0 || !reflect.DeepEqual(again, kept) {
			t.Fatalf("a second check differs: %v %+v", again, more)
		}
	})
}

func draw(t *rapid.T, depth int) any {
	words := []string{"location", "kind", "name", "properties", "tags", "subnets", "x", "AzureCLI", "eastus", "Location", "sku"}
	m := map[string]any{}
	for range rapid.IntRange(0, 4).Draw(t, "size") {
		key := rapid.SampledFrom(words).Draw(t, "key")
		switch rapid.IntRange(0, 4).Draw(t, "form") {
		case 0:
			m[key] = rapid.SampledFrom(words).Draw(t, "text")
		case 1:
			m[key] = rapid.Float64Range(-1, 1e6).Draw(t, "number")
		case 2:
			m[key] = nil
		case 3:
			m[key] = []any{rapid.SampledFrom(words).Draw(t, "item")}
		default:
			if depth > 0 {
				m[key] = draw(t, depth-1)
			}
		}
	}
	return m
}
