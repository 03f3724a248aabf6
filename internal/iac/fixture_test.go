package iac

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/sandbox/tools"
)

const (
	subscriptionID = "11111111-2222-3333-4444-555555555555"
	reader         = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
)

func place() design.Place {
	return design.Place{Subscription: subscriptionID, Group: "rg-shop", Location: "eastus", Suffix: "abc234"}
}

func idOf(rest string) string { return string(place().GroupID()) + "/providers/" + rest }

// resource builds one from its id and a body in JSON, in which "@/" stands for
// the group's providers.
func newResource(t testing.TB, rest, version, body string, needs ...string) design.Resource {
	t.Helper()
	id := rest
	if !strings.HasPrefix(rest, "/") {
		id = idOf(rest)
	}
	scope, kind, names, ok := splitID(id)
	if !ok {
		t.Fatalf("%s is no id", id)
	}
	r := design.Resource{ID: cloud.ResourceID(id), Type: cloud.Kind(kind), APIVersion: version, Name: strings.Join(names, "/"), Body: map[string]any{}}
	if _, _, _, extension := splitID(scope); extension || scope == "/subscriptions/"+subscriptionID {
		r.Scope = cloud.ResourceID(scope)
	}
	if err := json.Unmarshal([]byte(strings.ReplaceAll(body, "@/", idOf(""))), &r.Body); err != nil {
		t.Fatal(err)
	}
	if location, ok := r.Body["location"].(string); ok {
		r.Location = cloud.Region(location)
		delete(r.Body, "location")
	}
	for _, need := range needs {
		if !strings.HasPrefix(need, "/") {
			need = idOf(need)
		}
		r.DependsOn = append(r.DependsOn, cloud.ResourceID(need))
	}
	return r
}

// shop is a small workload with everything that a printer has to know:
// parents, extension resources, an id of oneself, outputs, secrets, an id as a
// key, a text that looks like an expression, something in the subscription.
func shop(t testing.TB) *design.Design {
	t.Helper()
	const (
		nsg      = "Microsoft.Network/networkSecurityGroups/nsg-web"
		vnet     = "Microsoft.Network/virtualNetworks/vnet-shop"
		subnet   = vnet + "/subnets/snet-web"
		identity = "Microsoft.ManagedIdentity/userAssignedIdentities/id-web"
		store    = "Microsoft.Storage/storageAccounts/stshopabc234"
		database = "Microsoft.DBforPostgreSQL/flexibleServers/psql-shop-abc234"
		nic      = "Microsoft.Network/networkInterfaces/nic-web"
		balancer = "Microsoft.Network/loadBalancers/lb-web"
		role     = store + "/providers/Microsoft.Authorization/roleAssignments/0f1e2d3c-4b5a-5697-8877-665544332211"
	)
	d := &design.Design{
		SchemaVersion: design.Version, Workload: "shop", Place: place(),
		Parameters: []design.Parameter{
			{Name: "databasePassword", Type: "string", Secure: true, Description: "password of the database's administrator"},
			{Name: "zones", Type: "array", Default: []any{"1", "2"}, Description: "zones"},
			{Name: "retention", Type: "int", Default: 7.0},
			{Name: "adminLogin", Type: "string"},
		},
		Decisions: []design.Decision{
			{Source: "i-1", Kind: "AWS::EC2::Instance", Name: "web\n// x", Targets: []cloud.ResourceID{cloud.ResourceID(idOf(nic))}, Gaps: []design.Gap{
				{ID: "ec2.x", Severity: design.High, Title: "behaves \"otherwise\"", At: "A=1\nB"}, {ID: "ec2.low", Severity: design.Low, Title: "a trifle"}}},
		},
		Resources: []design.Resource{
			newResource(t, nsg, "2025-07-01", `{"location":"eastus","properties":{"securityRules":[{"name":"web","properties":{"priority":100,"direction":"Inbound","access":"Allow","protocol":"Tcp","sourceAddressPrefix":"*","sourcePortRange":"*","destinationAddressPrefix":"*","destinationPortRange":"443"}}]}}`),
			newResource(t, vnet, "2025-07-01", `{"location":"eastus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]}}}`),
			newResource(t, subnet, "2025-07-01", `{"properties":{"addressPrefix":"10.0.0.0/24","networkSecurityGroup":{"id":"@/`+nsg+`"}}}`, nsg, vnet),
			newResource(t, identity, "2024-11-30", `{"location":"eastus"}`),
			newResource(t, store, "2025-08-01", `{"location":"eastus","kind":"StorageV2","sku":{"name":"Standard_LRS"},"properties":{"minimumTlsVersion":"TLS1_2"}}`),
			newResource(t, store+"/blobServices/default", "2025-08-01", `{"properties":{"isVersioningEnabled":true}}`, store),
			newResource(t, store+"/blobServices/default/containers/covers", "2025-08-01", `{"properties":{"publicAccess":"None","metadata":{"note":"[not an expression]"}}}`, store+"/blobServices/default"),
			newResource(t, role, "2022-04-01", `{"properties":{"principalId":"[reference('@/`+identity+`', '2024-11-30').properties.principalId]","principalType":"ServicePrincipal","roleDefinitionId":"/subscriptions/`+subscriptionID+`/providers/Microsoft.Authorization/roleDefinitions/`+reader+`"}}`, store, identity),
			newResource(t, database, "2025-08-01", `{"location":"eastus","sku":{"name":"Standard_D2ds_v5","tier":"GeneralPurpose"},"properties":{"version":"16","administratorLogin":"[parameters('adminLogin')]","administratorLoginPassword":"[parameters('databasePassword')]","storage":{"storageSizeGB":128},"backup":{"backupRetentionDays":"[parameters('retention')]"}}}`),
			newResource(t, nic, "2025-07-01", `{"location":"eastus","properties":{"ipConfigurations":[{"name":"a","properties":{"subnet":{"id":"@/`+subnet+`"},"loadBalancerBackendAddressPools":[{"id":"@/`+balancer+`/backendAddressPools/web"}]}}]}}`, subnet, balancer),
			newResource(t, balancer, "2025-07-01", `{"location":"eastus","sku":{"name":"Standard"},"properties":{"frontendIPConfigurations":[{"name":"in","properties":{"subnet":{"id":"@/`+subnet+`"}}}],"backendAddressPools":[{"name":"web"}],"probes":[{"name":"p","properties":{"protocol":"Tcp","port":443,"intervalInSeconds":15,"numberOfProbes":2}}],
				"loadBalancingRules":[{"name":"r","properties":{"protocol":"Tcp","frontendPort":443,"backendPort":443,"frontendIPConfiguration":{"id":"@/`+balancer+`/frontendIPConfigurations/in"},"backendAddressPool":{"id":"@/`+balancer+`/backendAddressPools/web"},"probe":{"id":"@/`+balancer+`/probes/p"}}}]}}`, subnet),
			newResource(t, "Microsoft.Network/dnsZones/shop.example", "2018-05-01", `{"location":"global"}`),
			newResource(t, "Microsoft.Compute/virtualMachineScaleSets/vmss-web", "2025-04-01", `{"location":"eastus","sku":{"name":"Standard_D2s_v5","capacity":2},"zones":"[parameters('zones')]","identity":{"type":"UserAssigned","userAssignedIdentities":{"@/`+identity+`":{}}},"properties":{"orchestrationMode":"Flexible","platformFaultDomainCount":1}}`, identity),
		},
	}
	for i := range d.Resources {
		if d.Resources[i].Location != "" {
			d.Resources[i].Tags = cloud.Tags{"workload": "shop", "odd key": "it's ${x} %{y}"}
		}
	}
	return d
}

// odd is a text that a printer may stumble over.
func odd(random *rand.Rand) string {
	pieces := []string{
		"'", `"`, "\\", "\n", "\r", "\t", "${", "%{", "$${", "}", "'''", "[", "]", "[[", "[parameters('x')]", "//", "/*", "#", "é", "日本", "🎈", "\u2028", "\x01", "\x7f", " ", "a", "$", "%", "eastus", "abc234",
		"<<EOT", "concat('a')", idOf("Microsoft.Network/virtualNetworks/vnet-x"), string(place().GroupID()), "/subscriptions/" + subscriptionID, "{{", "@", "\u00a0", "&", "<",
	}
	var out strings.Builder
	for range random.IntN(6) {
		out.WriteString(pieces[random.IntN(len(pieces))])
	}
	return out.String()
}

func oddTree(random *rand.Rand, depth int) any {
	switch n := random.IntN(9); {
	case depth > 0 && n < 2:
		out := map[string]any{}
		for range random.IntN(4) {
			out[odd(random)+"k"] = oddTree(random, depth-1)
		}
		return out
	case depth > 0 && n < 4:
		out := []any{}
		for range random.IntN(4) {
			out = append(out, oddTree(random, depth-1))
		}
		return out
	case n == 4:
		return random.IntN(2) == 0
	case n == 5:
		return float64(random.IntN(1000))
	case n == 6:
		return random.Float64()
	}
	return odd(random)
}

// oddDesign has bodies that nobody would write.
func oddDesign(t testing.TB, seed uint64) *design.Design {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	d := &design.Design{Workload: odd(random) + "w", Place: place(), Parameters: []design.Parameter{{Name: "p", Type: "string", Default: odd(random), Description: odd(random)}}}
	for i := range 3 + random.IntN(4) {
		r := newResource(t, fmt.Sprintf("Microsoft.Storage/storageAccounts/st%dabc234", i), "2025-08-01", `{}`)
		r.Location, r.Tags = "eastus", cloud.Tags{"a" + odd(random): odd(random)}
		r.Body["properties"] = oddTree(random, 4)
		if i > 0 {
			r.DependsOn = []cloud.ResourceID{d.Resources[random.IntN(i)].ID}
			r.Body["link"] = string(r.DependsOn[0]) + "/x"
		}
		d.Resources = append(d.Resources, r)
		d.Decisions = append(d.Decisions, design.Decision{Kind: "AWS::S3::Bucket", Name: odd(random), Targets: []cloud.ResourceID{r.ID}})
	}
	return d
}

// bicepErrors parses files with the grammar of tree-sitter and returns what it
// cannot read.
func bicepErrors(t testing.TB, files []design.File) string {
	t.Helper()
	cache, err := tools.CacheDir(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	tool, err := tools.Locate(cache, tools.BicepGrammar)
	if err != nil {
		t.Fatalf("%v; run: make setup-tests", err)
	}
	dir := t.TempDir()
	script, err := filepath.Abs("testdata/parse.cjs")
	if err != nil {
		t.Fatal(err)
	}
	modules := filepath.Join(tool.Dir, "node_modules")
	args := []string{script, filepath.Join(modules, "tree-sitter-bicep", "tree-sitter-bicep.wasm")}
	for i, f := range files {
		name := filepath.Join(dir, fmt.Sprintf("%d-%s", i, filepath.Base(f.Path)))
		if err := os.WriteFile(name, f.Content, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	command := exec.CommandContext(t.Context(), tool.Command[0], args...)
	command.Env = append(append(os.Environ(), tool.Env...), "NODE_PATH="+modules)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("parse Bicep: %v: %s", err, out)
	}
	return string(out)
}

func file(t testing.TB, files []design.File, path string) string {
	t.Helper()
	for _, f := range files {
		if f.Path == path {
			return string(f.Content)
		}
	}
	var have []string
	for _, f := range files {
		have = append(have, f.Path)
	}
	t.Fatalf("no file %s; there are %v", path, have)
	return ""
}
