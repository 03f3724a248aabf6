package provider_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/arm/provider"
	"pgregory.net/rapid"
)

func table(t *testing.T) *provider.Table {
	t.Helper()
	tbl, err := provider.Read()
	if err != nil {
		t.Fatal(err)
	}
	return tbl
}

// The answers that clients are known to depend on, as the services document
// them.
func TestAnswersOfOperations(t *testing.T) {
	t.Parallel()
	tbl := table(t)
	for _, c := range []struct {
		kind                   string
		created, updated, gone provider.Answer
	}{
		{"Microsoft.DBforPostgreSQL/flexibleServers", provider.Answer{Status: 202, Async: true}, provider.Answer{Status: 202, Async: true}, provider.Answer{Status: 202, Async: true}},
		{"Microsoft.Compute/virtualMachines", provider.Answer{Status: 201, Async: true}, provider.Answer{Status: 200, Async: true}, provider.Answer{Status: 202, Async: true}},
		{"Microsoft.Storage/storageAccounts", provider.Answer{Status: 202, Async: true}, provider.Answer{Status: 200}, provider.Answer{Status: 200}},
		{"Microsoft.Network/virtualNetworks", provider.Answer{Status: 201, Async: true}, provider.Answer{Status: 200, Async: true}, provider.Answer{Status: 202, Async: true}},
		{"Microsoft.Network/trafficManagerProfiles", provider.Answer{Status: 201}, provider.Answer{Status: 200}, provider.Answer{Status: 200}},
		{"Microsoft.ManagedIdentity/userAssignedIdentities", provider.Answer{Status: 201}, provider.Answer{Status: 200}, provider.Answer{Status: 200}},
		{"Contoso.Unknown/things", provider.Answer{Status: 201}, provider.Answer{Status: 200}, provider.Answer{Status: 200}},
	} {
		kind, _ := tbl.Type(c.kind)
		if got := kind.Put(true); got != c.created {
			t.Errorf("%s created: %+v", c.kind, got)
		}
		if got := kind.Put(false); got != c.updated {
			t.Errorf("%s updated: %+v", c.kind, got)
		}
		if got := kind.Delete(); got != c.gone {
			t.Errorf("%s deleted: %+v", c.kind, got)
		}
	}
	machine, _ := tbl.Type("microsoft.compute/VIRTUALMACHINES")
	if a, ok := machine.Action("START"); !ok || a != (provider.Answer{Status: 202, Async: true}) {
		t.Errorf("%+v %v", a, ok)
	}
	if _, ok := machine.Action("fly"); ok {
		t.Error("machines fly")
	}
}

// Every answer is one of the codes of its operation, and no type of the table
// is without a version.
func TestTheTableIsSound(t *testing.T) {
	t.Parallel()
	tbl := table(t)
	if tbl.Len() < 2000 {
		t.Errorf("%d types", tbl.Len())
	}
	for _, namespace := range tbl.Namespaces() {
		for _, kind := range tbl.Types(namespace) {
			if len(kind.Versions) == 0 {
				t.Errorf("%s has no version", kind.Name)
			}
			for verb, answers := range map[string][]provider.Answer{http.MethodPut: {kind.Put(true), kind.Put(false)}, http.MethodPatch: {kind.Patch()}, http.MethodDelete: {kind.Delete()}} {
				op, ok := kind.Verbs[verb]
				for _, a := range answers {
					if ok && !slices.Contains(op.Codes, a.Status) {
						t.Errorf("%s %s answers %d, not one of %v", verb, kind.Name, a.Status, op.Codes)
					}
				}
			}
		}
	}
}

func TestRegionsAndRoles(t *testing.T) {
	t.Parallel()
	regions := provider.Regions()
	i := slices.IndexFunc(regions, func(r provider.Region) bool { return r.Name == "eastus" })
	if len(regions) < 55 || i < 0 || !slices.Equal(regions[i].Zones, []string{"1", "2", "3"}) || regions[i].Paired[0] != "westus" {
		t.Errorf("%d regions", len(regions))
	}
	if provider.RegionName("East US 2") != "eastus2" {
		t.Error("region names are compared in their short form")
	}
	byName := map[string]provider.Role{}
	roles, err := provider.Roles()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range roles {
		byName[r.Name] = r
	}
	for _, c := range []struct {
		role, action string
		allowed      bool
	}{
		{"Owner", "Microsoft.Authorization/roleAssignments/write", true},
		{"Contributor", "Microsoft.Network/virtualNetworks/write", true},
		{"Contributor", "Microsoft.Authorization/roleAssignments/write", false},
		{"Reader", "Microsoft.Network/virtualNetworks/read", true},
		{"Reader", "Microsoft.Network/virtualNetworks/write", false},
		{"Network Contributor", "microsoft.network/virtualnetworks/subnets/join/action", true},
		{"Network Contributor", "Microsoft.Compute/virtualMachines/write", false},
	} {
		if got := byName[c.role].Allows(c.action); got != c.allowed {
			t.Errorf("%s %s: %v", c.role, c.action, got)
		}
	}
}

// world is a small sandbox for the functions under test.
type world struct {
	resources map[string]map[string]any
	claims    map[string]string
}

func (w world) GUID(purpose string) string {
	return "00000000-0000-5000-8000-" + (strings.Repeat("0", 12) + hexOf(purpose))[len(hexOf(purpose)):]
}

func hexOf(s string) string {
	const digits = "0123456789abcdef"
	n := 0
	for _, c := range s {
		n = n*31 + int(c)
	}
	out := ""
	for range 12 {
		out += string(digits[n&15])
		n >>= 4
	}
	return out
}

func (w world) Claim(pool, holder, wish string, nth func(int) (string, bool)) (string, bool) {
	for n := 0; ; n++ {
		v, ok := nth(n)
		if wish != "" {
			v, ok = wish, true
		}
		if by, used := w.claims[pool+v]; !ok || !used || by == holder {
			w.claims[pool+v] = holder
			return v, ok
		}
		if wish != "" {
			return "", false
		}
	}
}

func (w world) Lookup(id string) (map[string]any, bool) {
	v, ok := w.resources[strings.ToLower(id)]
	return v, ok
}
func (w world) Others(string) []armid.ID { return nil }
func (w world) Base() string             { return "https://127.0.0.1:1" }
func (w world) Tenant() string           { return "tenant" }

func subject(t *testing.T, kind, name, body string) provider.Subject {
	t.Helper()
	id, err := armid.ID{Subscription: "s", Group: "g"}.Under(kind, name)
	if err != nil {
		t.Fatal(err)
	}
	m, err := document.DecodeObject([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return provider.Subject{ID: id, Body: m, State: "Succeeded", Now: time.Unix(1767225600, 0), World: world{map[string]map[string]any{}, map[string]string{}}}
}

func TestReadOnlyProperties(t *testing.T) {
	t.Parallel()
	p := provider.New()
	for _, c := range []struct{ kind, name, body, path, want string }{
		{"Microsoft.Storage/storageAccounts", "shop", `{"location":"eastus","sku":{"name":"Premium_LRS"}}`, "sku.tier", "Premium"},
		{"Microsoft.Storage/storageAccounts", "shop", `{}`, "properties.primaryEndpoints.queue", "https://shop.queue.core.windows.net/"},
		{"Microsoft.DBforPostgreSQL/flexibleServers", "pg", `{}`, "properties.fullyQualifiedDomainName", "pg.postgres.database.azure.com"},
		{"Microsoft.DBforPostgreSQL/flexibleServers", "pg", `{"properties":{"network":{"delegatedSubnetResourceId":"/x"}}}`, "properties.network.publicNetworkAccess", "Disabled"},
		{"Microsoft.KeyVault/vaults", "Kv", `{}`, "properties.vaultUri", "https://127.0.0.1:1/_vault/kv/"},
		{"Microsoft.Network/publicIPAddresses", "ip", `{"location":"eastus","properties":{"publicIPAllocationMethod":"Static","dnsSettings":{"domainNameLabel":"Shop"}}}`, "properties.dnsSettings.fqdn", "shop.eastus.cloudapp.azure.com"},
		{"Microsoft.Network/publicIPAddresses", "ip", `{"properties":{"publicIPAllocationMethod":"Static"}}`, "properties.ipAddress", "203.0.113.1"},
		{"Microsoft.Network/publicIPAddresses", "ip", `{}`, "properties.ipAddress", ""},
		{"Microsoft.Network/trafficManagerProfiles", "tm", `{"properties":{"dnsConfig":{"relativeName":"Shop"}}}`, "properties.monitorConfig.profileMonitorStatus", "Inactive"},
		{"Microsoft.Cdn/profiles", "fd", `{}`, "properties.resourceState", "Active"},
		{"Microsoft.Web/sites", "web", `{}`, "properties.defaultHostName", "web.azurewebsites.net"},
		{"Microsoft.ContainerRegistry/registries", "Reg", `{}`, "properties.loginServer", "reg.azurecr.io"},
		{"Microsoft.Network/applicationGateways", "gw", `{}`, "properties.operationalState", "Running"},
		{"Microsoft.Network/virtualNetworks", "v", `{}`, "properties.provisioningState", "Succeeded"},
		{"Microsoft.Web/sites", "web", `{}`, "properties.provisioningState", ""},
	} {
		if got := document.Text(p.Fill(subject(t, c.kind, c.name, c.body)), c.path); got != c.want {
			t.Errorf("%s %s = %q, want %q", c.kind, c.path, got, c.want)
		}
	}
	identity := p.Fill(subject(t, "Microsoft.Compute/virtualMachines", "vm", `{"identity":{"type":"SystemAssigned"}}`))
	if document.Text(identity, "identity.principalId") == "" || document.Text(identity, "identity.tenantId") != "tenant" {
		t.Errorf("%v", identity)
	}
	const kubelet = "properties.identityProfile.kubeletidentity.objectId"
	for body, want := range map[string]bool{`{"identity":{"type":"SystemAssigned"}}`: true, `{}`: false, `{"identity":{"type":"UserAssigned"},"properties":{"identityProfile":{"kubeletidentity":{"objectId":"own"}}}}`: false} {
		if got := document.Text(p.Fill(subject(t, "Microsoft.ContainerService/managedClusters", "aks", body)), kubelet); (got != "") != want {
			t.Errorf("%s: the nodes' identity is %q", body, got)
		}
	}
}

func TestFillingTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	p := provider.New()
	kinds := []string{"Microsoft.Storage/storageAccounts", "Microsoft.DBforPostgreSQL/flexibleServers", "Microsoft.Compute/virtualMachines", "Microsoft.Network/networkSecurityGroups", "Microsoft.Sql/servers/databases"}
	rapid.Check(t, func(rt *rapid.T) {
		kind := rapid.SampledFrom(kinds).Draw(rt, "kind")
		s := subject(t, kind, strings.Repeat("x/", strings.Count(kind, "/")-1)+"n", `{"location":"eastus"}`)
		first := p.Fill(s)
		s.Prior = first
		if again := p.Fill(s); !document.Equal(again, first) {
			rt.Fatalf("%v\n%v", first, again)
		}
		s.Now = s.Now.Add(time.Hour)
		later := p.Fill(s)
		for _, path := range []string{"properties.creationTime", "properties.timeCreated", "properties.creationDate"} {
			if document.Text(later, path) != document.Text(first, path) {
				rt.Fatalf("%s moved", path)
			}
		}
	})
}

func TestReferencesAndTheirUse(t *testing.T) {
	t.Parallel()
	s := subject(t, "Microsoft.Network/networkInterfaces", "n", `{"identity":{"userAssignedIdentities":{"/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i":{}}},
		"properties":{"networkSecurityGroup":{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/x"},"ipConfigurations":[{"id":"/subscriptions/s/own","name":"a","properties":{"subnet":{"id":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/a"}}}],"note":"/subscriptions/s/resourceGroups/g"}}`)
	var got []string
	for _, r := range provider.References(s.ID, s.Body) {
		got = append(got, r.Path+" "+r.Target.Name()+" "+provider.InUse(r.Target))
	}
	want := []string{"properties.ipConfigurations[0].properties.subnet.id a InUseSubnetCannotBeDeleted", "properties.networkSecurityGroup.id x InUseNetworkSecurityGroupCannotBeDeleted", "identity.userAssignedIdentities i "}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestPartsAndChildren(t *testing.T) {
	t.Parallel()
	v, _ := armid.Parse("/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v")
	part, ok := provider.PartOf(v.Child("subnets", "a"))
	if !ok || !part.Writable || !part.Kept {
		t.Errorf("%+v %v", part, ok)
	}
	if _, ok := provider.PartOf(v); ok {
		t.Error("a network is no part")
	}
	account, _ := armid.Parse("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a")
	if _, ok := provider.ImplicitOf(account.Child("BLOBSERVICES", "default")); !ok {
		t.Error("a storage account has a blob service")
	}
	if _, ok := provider.ImplicitOf(account.Child("blobServices", "other")); ok {
		t.Error("it has one only")
	}
	gateway := subject(t, "Microsoft.Network/applicationGateways", "gw", `{"properties":{"httpListeners":[{"name":"web","properties":{}}]}}`)
	listeners := document.List(provider.New().Fill(gateway), "properties.httpListeners")
	if document.Text(listeners[0], "id") != gateway.ID.String()+"/httpListeners/web" {
		t.Errorf("%v", listeners)
	}
}

func TestRulesOfTypes(t *testing.T) {
	t.Parallel()
	p := provider.New()
	for _, c := range []struct{ kind, body, before, code string }{
		{"Microsoft.Network/networkSecurityGroups", `{"properties":{"securityRules":[{"name":"a","properties":{"priority":99,"direction":"Inbound"}}]}}`, "", "SecurityRuleInvalidPriority"},
		{"Microsoft.Network/networkSecurityGroups", `{"properties":{"securityRules":[{"name":"a","properties":{"priority":100,"direction":"Inbound"}},{"name":"b","properties":{"priority":100,"direction":"inbound"}}]}}`, "", "SecurityRuleConflict"},
		{"Microsoft.Network/networkSecurityGroups", `{"properties":{"securityRules":[{"name":"a","properties":{"priority":100,"direction":"Inbound"}},{"name":"b","properties":{"priority":100,"direction":"Outbound"}}]}}`, "", ""},
		{"Microsoft.Network/networkInterfaces", `{"properties":{}}`, "", "NetworkInterfaceMustHaveAtLeastOneIpConfiguration"},
		{"Microsoft.Network/virtualNetworks", `{"properties":{"addressSpace":{"addressPrefixes":["10.0.0.1/16"]}}}`, "", "InvalidAddressPrefixFormat"},
		{"Microsoft.DBforPostgreSQL/flexibleServers", `{"properties":{}}`, "", "InvalidParameterValue"},
		{"Microsoft.DBforPostgreSQL/flexibleServers", `{"properties":{"authConfig":{"passwordAuth":"Disabled"}}}`, "", ""},
		{"Microsoft.DBforPostgreSQL/flexibleServers", `{"properties":{"storage":{"storageSizeGB":64}}}`, `{"properties":{"storage":{"storageSizeGB":128}}}`, "StorageSizeDecreaseNotAllowed"},
		{"Microsoft.DBforPostgreSQL/flexibleServers", `{"properties":{"administratorLogin":"b"}}`, `{"properties":{"administratorLogin":"a"}}`, "InvalidParameterValue"},
	} {
		change := provider.Change{Subject: subject(t, c.kind, "n", c.body)}
		if c.before != "" {
			change.Before = subject(t, c.kind, "n", c.before).Body
		}
		got := ""
		if err := p.Check(change); err != nil {
			got = armerror.Of(err).Code
		}
		if got != c.code {
			t.Errorf("%s %s: %q, want %q", c.kind, c.body, got, c.code)
		}
	}
}

// The names of PostgreSQL servers are names of hosts.
func TestServerNames(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]bool{
		"shop": true, "Shop-1-a": true, strings.Repeat("a", 63): true,
		"pg": false, strings.Repeat("a", 64): false, "-shop": false, "shop-": false, "a--b": false, "shop.one": false, "..": false, "a_b_c": false,
	} {
		id := subject(t, "Microsoft.DBforPostgreSQL/flexibleServers", name, "{}").ID
		if err := provider.CheckName(id); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestUnknownActionsAreNamed(t *testing.T) {
	t.Parallel()
	_, err := provider.New().Act(provider.Action{Subject: subject(t, "Microsoft.Compute/virtualMachines", "vm", "{}"), Name: "capture"})
	if e := armerror.Of(err); e == nil || e.Status != http.StatusNotImplemented || !strings.Contains(e.Message, "capture") {
		t.Errorf("%v", err)
	}
}
