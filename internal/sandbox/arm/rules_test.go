package arm_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"example.com/landfall/internal/sandbox/arm"
	"example.com/landfall/internal/sandbox/arm/document"
)

const network = "2025-09-01"

type object = map[string]any

func properties(pairs object) object { return object{"location": "eastus", "properties": pairs} }

func TestBodiesThatBreakTheDefinition(t *testing.T) {
	t.Parallel()
	s := start(t)
	group := s.group("rg")
	const vnet, store = "/providers/Microsoft.Network/virtualNetworks/v", "/providers/Microsoft.Storage/storageAccounts/shopimages"
	for _, c := range []struct {
		name, path, version string
		body                object
		code, target, says  string
	}{
		{"misspelt property", vnet, network, properties(object{"addressSpaces": object{}}), "InvalidRequestContent", "properties.addressSpaces", "The nearest allowed name is 'addressSpace'"},
		{"missing required", store, "2026-04-01", object{"location": "eastus", "kind": "StorageV2"}, "InvalidRequestContent", "sku", "Required property 'sku'"},
		{"missing location", store, "2026-04-01", object{"kind": "StorageV2", "sku": object{"name": "Standard_LRS"}}, "LocationRequired", "location", ""},
		{"bad enum", store, "2026-04-01", object{"location": "eastus", "kind": "StorageV2", "sku": object{"name": "Standard_LSR"}}, "InvalidRequestContent", "sku.name", "'Standard_LRS'"},
		{"wrong type", vnet, network, properties(object{"addressSpace": object{"addressPrefixes": "10.0.0.0/16"}}), "InvalidRequestContent", "properties.addressSpace.addressPrefixes", "an array is expected"},
		{"bad discriminator", "/providers/Microsoft.Resources/deploymentScripts/d", "2023-08-01", object{"location": "eastus", "kind": "AzureCLL"}, "InvalidRequestContent", "kind", "'AzureCLI'"},
		{"unknown region", vnet, network, object{"location": "eastmoon"}, "LocationNotAvailableForResourceType", "", "eastus"},
		{"other name inside", vnet, network, object{"location": "eastus", "name": "w"}, "InvalidRequestContent", "name", "does not match"},
		{"bad name", "/providers/Microsoft.Storage/storageAccounts/Shop_Images", "2026-04-01", object{"location": "eastus"}, "AccountNameInvalid", "", ""},
		{"tag characters", vnet, network, object{"location": "eastus", "tags": object{"a/b": "c"}}, "InvalidTagNameCharacters", "", "a/b"},
		{"no such type", "/providers/Microsoft.Network/virtualNetwork/v", network, object{"location": "eastus"}, "InvalidResourceType", "", "Microsoft.Network/virtualNetworks"},
		{"no such namespace", "/providers/Contoso.Nothing/things/v", network, object{"location": "eastus"}, "InvalidResourceNamespace", "", ""},
		{"no parent", vnet + "/subnets/a", network, properties(object{"addressPrefix": "10.0.0.0/24"}), "ParentResourceNotFound", "", ""},
		{"no version", vnet, "", object{"location": "eastus"}, "MissingApiVersionParameter", "", ""},
		{"bad version", vnet, "newest", object{"location": "eastus"}, "InvalidApiVersionParameter", "", ""},
		{"future version", vnet, "2099-01-01", object{"location": "eastus"}, "NoRegisteredProviderFound", "", network},
	} {
		path := group + c.path
		a := s.call(http.MethodPut, path, c.version, c.body)
		if a.status < 400 || a.code() != c.code || document.Text(a.body, "error.target") != c.target || !strings.Contains(document.Text(a.body, "error.message"), c.says) {
			t.Errorf("%s: %d %v", c.name, a.status, a.body)
		}
		if a.header.Get("X-Ms-Request-Id") == "" || a.header.Get("X-Ms-Correlation-Request-Id") == "" {
			t.Errorf("%s: no request ids", c.name)
		}
	}
	if a := s.call(http.MethodPut, group+vnet, network, "{not json"); a.code() != "InvalidRequestContent" {
		t.Errorf("%v", a.body)
	}
	if a := s.call(http.MethodPut, "/resourceGroups/none"+vnet, network, properties(object{})); a.code() != "ResourceGroupNotFound" {
		t.Errorf("%v", a.body)
	}
	health := s.send(http.MethodGet, s.url+"/_landfall/health", nil)
	if n, _ := document.Get(health.body, "stats.checkedBodies").(int64); n == 0 || document.Text(health.body, "bodyCheck") != "published type definitions" {
		t.Errorf("%v", health.body)
	}
}

func TestWithoutDefinitionsOnlyStructureIsChecked(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *arm.Options) { o.Types = "" })
	group := s.group("rg")
	s.mustPut(group+"/providers/Microsoft.Network/routeTables/r", network, properties(object{"anything": 1}))
	health := s.send(http.MethodGet, s.url+"/_landfall/health", nil)
	if !strings.Contains(document.Text(health.body, "bodyCheck"), "structure only") || document.Get(health.body, "stats.checkedBodies") != int64(0) {
		t.Errorf("%v", health.body)
	}
}

func TestReadOnlyPropertiesAreIgnoredAndSecretsNotAnswered(t *testing.T) {
	t.Parallel()
	s := start(t)
	group := s.group("rg")
	path := group + "/providers/Microsoft.DBforPostgreSQL/flexibleServers/shop-pg"
	body := object{"location": "eastus", "sku": object{"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"}, "properties": object{"version": "16", "administratorLogin": "shop", "administratorLoginPassword": "hush-hush", "state": "Stopped", "fullyQualifiedDomainName": "mine"}}
	first := s.call(http.MethodPut, path, "2025-08-01", body)
	if first.status != http.StatusAccepted || first.header.Get("Location") == "" || document.Text(first.body, "properties.state") != "Starting" {
		t.Errorf("%d %v", first.status, first.body)
	}
	if again := s.call(http.MethodPut, path, "2025-08-01", body); again.status != http.StatusTooManyRequests && again.status != http.StatusAccepted {
		t.Errorf("%d %v", again.status, again.body)
	}
	s.done(first)
	got := s.mustPut(path, "2025-08-01", body)
	if document.Text(got.body, "properties.state") != "Ready" || document.Text(got.body, "properties.fullyQualifiedDomainName") != "shop-pg.postgres.database.azure.com" || document.Get(got.body, "properties.administratorLoginPassword") != nil {
		t.Errorf("%v", got.body)
	}
	s.mustPut(path+"/configurations/wal_level", "2025-08-01", object{"properties": object{"value": "logical", "source": "user-override"}})
	stop := s.call(http.MethodPost, path+"/stop", "2025-08-01", nil)
	if stop.status != http.StatusAccepted {
		t.Errorf("%d %v", stop.status, stop.body)
	}
	s.done(stop)
	if got := s.call(http.MethodGet, path, "2025-08-01", nil); document.Text(got.body, "properties.state") != "Stopped" {
		t.Errorf("%v", got.body)
	}
	if list := s.call(http.MethodGet, path+"/configurations", "2025-08-01", nil); len(document.List(list.body, "value")) < 10 {
		t.Errorf("%v", list.body)
	}
	if a := s.call(http.MethodPost, path+"/fly", "2025-08-01", nil); a.code() != "InvalidAction" {
		t.Errorf("%v", a.body)
	}
	if a := s.call(http.MethodPost, path+"/ltrPreBackup", "2025-08-01", object{}); a.status != http.StatusNotImplemented {
		t.Errorf("%v", a.body)
	}
}

func TestNetworksAndTheirParts(t *testing.T) {
	t.Parallel()
	s := start(t)
	group := s.group("rg")
	vnet := group + "/providers/Microsoft.Network/virtualNetworks/v"
	base := "/subscriptions/" + subscription + vnet
	s.mustPut(vnet, network, properties(object{"addressSpace": object{"addressPrefixes": []any{"10.0.0.0/16"}}}))
	s.mustPut(vnet+"/subnets/app", network, object{"properties": object{"addressPrefix": "10.0.1.0/24"}})
	for name, c := range map[string]struct{ prefix, code string }{
		"outside": {"10.9.0.0/24", "NetcfgInvalidSubnet"}, "overlap": {"10.0.1.128/25", "NetcfgSubnetRangesOverlap"}, "crooked": {"10.0.2.5/24", "InvalidCIDRNotation"},
	} {
		if a := s.call(http.MethodPut, vnet+"/subnets/"+name, network, object{"properties": object{"addressPrefix": c.prefix}}); a.code() != c.code {
			t.Errorf("%s: %v", name, a.body)
		}
	}
	// A PUT of the network without subnets leaves them alone.
	if got := s.mustPut(vnet, network, properties(object{"addressSpace": object{"addressPrefixes": []any{"10.0.0.0/16"}}})); len(document.List(got.body, "properties.subnets")) != 1 {
		t.Errorf("%v", got.body)
	}
	nic := func(name, address string) (string, object) {
		configuration := object{"subnet": object{"id": base + "/subnets/app"}}
		if address != "" {
			configuration["privateIPAllocationMethod"], configuration["privateIPAddress"] = "Static", address
		}
		return group + "/providers/Microsoft.Network/networkInterfaces/" + name, properties(object{"ipConfigurations": []any{object{"name": "a", "properties": configuration}}})
	}
	path, body := nic("one", "")
	made := s.mustPut(path, network, body)
	if document.Text(document.List(made.body, "properties.ipConfigurations")[0], "properties.privateIPAddress") != "10.0.1.4" {
		t.Errorf("%v", made.body)
	}
	for address, code := range map[string]string{"10.0.1.4": "PrivateIPAddressInUse", "10.0.9.9": "PrivateIPAddressNotInSubnet"} {
		path, body := nic("two", address)
		if a := s.call(http.MethodPut, path, network, body); a.code() != code {
			t.Errorf("%s: %v", address, a.body)
		}
	}
	if a := s.call(http.MethodDelete, vnet+"/subnets/app", network, nil); a.code() != "InUseSubnetCannotBeDeleted" {
		t.Errorf("%v", a.body)
	}
	if a := s.call(http.MethodDelete, vnet, network, nil); a.code() != "InUseSubnetCannotBeDeleted" {
		t.Errorf("%v", a.body)
	}
	s.done(s.call(http.MethodDelete, path, network, nil))
	s.done(s.call(http.MethodDelete, vnet+"/subnets/app", network, nil))
	if got := s.call(http.MethodGet, vnet+"/subnets", network, nil); len(document.List(got.body, "value")) != 0 {
		t.Errorf("%v", got.body)
	}
	far := properties(object{"ipConfigurations": []any{object{"name": "a", "properties": object{"subnet": object{"id": base + "/subnets/none"}}}}})
	if a := s.call(http.MethodPut, path, network, far); a.code() != "InvalidResourceReference" || !strings.Contains(document.Text(a.body, "error.message"), "/subnets/none") {
		t.Errorf("%v", a.body)
	}
	if a := s.call(http.MethodPut, group+"/providers/Microsoft.Network/networkInterfaces/n/ipConfigurations/a", network, object{}); a.status < 400 {
		t.Errorf("%v", a.body)
	}
}

func TestLocks(t *testing.T) {
	t.Parallel()
	s := start(t)
	group := s.group("rg")
	table := group + "/providers/Microsoft.Network/routeTables/r"
	s.mustPut(table, network, properties(object{}))
	lock := table + "/providers/Microsoft.Authorization/locks/keep"
	s.mustPut(lock, "2020-05-01", object{"properties": object{"level": "CanNotDelete"}})
	for _, path := range []string{table, group} {
		if a := s.call(http.MethodDelete, path, "2025-04-01", nil); a.status != http.StatusConflict || a.code() != "ScopeLocked" {
			t.Errorf("%s: %v", path, a.body)
		}
	}
	s.mustPut(table, network, object{"location": "eastus", "tags": object{"a": "b"}, "properties": object{}})
	onGroup := group + "/providers/Microsoft.Authorization/locks/frozen"
	s.mustPut(onGroup, "2020-05-01", object{"properties": object{"level": "ReadOnly"}})
	for method, path := range map[string]string{http.MethodPut: table, http.MethodPatch: table, http.MethodDelete: table} {
		if a := s.call(method, path, network, properties(object{})); a.code() != "ScopeLocked" {
			t.Errorf("%s: %v", method, a.body)
		}
	}
	if a := s.call(http.MethodPut, group+"/providers/Microsoft.Network/routeTables/new", network, properties(object{})); a.code() != "ScopeLocked" {
		t.Errorf("%v", a.body)
	}
	if list := s.call(http.MethodGet, table+"/providers/Microsoft.Authorization/locks", "2020-05-01", nil); len(document.List(list.body, "value")) != 2 {
		t.Errorf("locks are inherited: %v", list.body)
	}
	for _, path := range []string{onGroup, lock} {
		if a := s.call(http.MethodDelete, path, "2020-05-01", nil); a.status >= 300 {
			t.Errorf("%v", a.body)
		}
	}
	s.done(s.call(http.MethodDelete, group, "2021-04-01", nil))
}

func TestRoles(t *testing.T) {
	t.Parallel()
	s := start(t)
	group := s.group("rg")
	const reader, name = "acdd72a7-3385-48ef-bd42-f606fba81ae7", "00000000-0000-0000-0000-0000000000a1"
	assign := func(at, guid, role, principal string) answer {
		return s.call(http.MethodPut, at+"/providers/Microsoft.Authorization/roleAssignments/"+guid, "2022-04-01", object{"properties": object{
			"roleDefinitionId": "/subscriptions/" + subscription + "/providers/Microsoft.Authorization/roleDefinitions/" + role, "principalId": principal}})
	}
	const who = "00000000-0000-0000-0000-0000000000b1"
	if a := assign(group, name, reader, who); a.status != http.StatusCreated || document.Text(a.body, "properties.scope") != "/subscriptions/"+subscription+group {
		t.Errorf("%d %v", a.status, a.body)
	}
	for _, c := range []struct{ guid, role, who, code string }{
		{"00000000-0000-0000-0000-0000000000a2", reader, who, "RoleAssignmentExists"},
		{name, reader, "00000000-0000-0000-0000-0000000000b2", "RoleAssignmentUpdateNotPermitted"},
		{"00000000-0000-0000-0000-0000000000a3", "00000000-0000-0000-0000-00000000dead", who, "RoleDefinitionDoesNotExist"},
		{"not-a-guid", reader, who, "InvalidRoleAssignmentId"},
	} {
		if a := assign(group, c.guid, c.role, c.who); a.code() != c.code {
			t.Errorf("%s: %v", c.code, a.body)
		}
	}
	permissions := s.call(http.MethodGet, group+"/providers/Microsoft.Authorization/permissions", "2022-04-01", nil)
	if document.Strings(document.List(document.List(permissions.body, "value")[0], "actions"))[0] != "*" {
		t.Errorf("%v", permissions.body)
	}
	definitions := s.call(http.MethodGet, "/providers/Microsoft.Authorization/roleDefinitions?$filter=roleName+eq+'Reader'", "2022-04-01", nil)
	if list := document.List(definitions.body, "value"); len(list) != 1 || document.Text(list[0], "name") != reader {
		t.Errorf("%v", definitions.body)
	}
	// The caller gives up ownership and keeps reading only.
	all := s.call(http.MethodGet, "/providers/Microsoft.Authorization/roleAssignments?$filter=atScope()", "2022-04-01", nil)
	mine := document.List(all.body, "value")[0]
	if a := assign("", "00000000-0000-0000-0000-0000000000a9", reader, document.Text(mine, "properties.principalId")); a.status != http.StatusCreated {
		t.Fatalf("%v", a.body)
	}
	if a := s.call(http.MethodDelete, "/"+document.Text(mine, "id"), "2022-04-01", nil); a.status != http.StatusOK {
		t.Fatalf("%d %v", a.status, a.body)
	}
	if a := s.call(http.MethodGet, group, "2021-04-01", nil); a.status != http.StatusOK {
		t.Errorf("%v", a.body)
	}
	if a := s.call(http.MethodPut, group, "2021-04-01", object{"location": "eastus"}); a.status != http.StatusForbidden || a.code() != "AuthorizationFailed" {
		t.Errorf("%v", a.body)
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	s := start(t)
	path := s.group("rg") + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"
	body := object{"location": "eastus"}
	if a := s.call(http.MethodPut, path, "2024-11-30", body, "If-Match", "*"); a.status != http.StatusPreconditionFailed {
		t.Errorf("%v", a.body)
	}
	first := s.call(http.MethodPut, path, "2024-11-30", body, "If-None-Match", "*")
	if first.status != http.StatusCreated {
		t.Errorf("%v", first.body)
	}
	tag := first.header.Get("ETag")
	if a := s.call(http.MethodPut, path, "2024-11-30", body, "If-None-Match", "*"); a.code() != "PreconditionFailed" {
		t.Errorf("%v", a.body)
	}
	if a := s.call(http.MethodGet, path, "2024-11-30", nil, "If-None-Match", tag); a.status != http.StatusNotModified {
		t.Errorf("%d", a.status)
	}
	second := s.call(http.MethodPatch, path, "2024-11-30", object{"tags": object{"a": "b"}}, "If-Match", tag)
	if second.status != http.StatusOK || second.header.Get("ETag") == tag {
		t.Errorf("%d %v", second.status, second.header)
	}
	if a := s.call(http.MethodDelete, path, "2024-11-30", nil, "If-Match", tag); a.status != http.StatusPreconditionFailed {
		t.Errorf("%v", a.body)
	}
	if a := s.call(http.MethodDelete, path, "2024-11-30", nil, "If-Match", second.header.Get("ETag")); a.status != http.StatusOK {
		t.Errorf("%d %v", a.status, a.body)
	}
	if a := s.call(http.MethodDelete, path, "2024-11-30", nil); a.status != http.StatusNoContent {
		t.Errorf("%d %v", a.status, a.body)
	}
	old := document.Text(first.body, "properties.principalId")
	if again := s.mustPut(path, "2024-11-30", body); document.Text(again.body, "properties.principalId") == old {
		t.Error("an identity made again has the old principal")
	}
}

// server is a provisioner under the control of a test.
type server struct {
	fail   error
	calls  chan arm.Resource
	result object
}

func (v *server) Provision(_ context.Context, r arm.Resource) (map[string]any, error) {
	v.calls <- r
	return v.result, v.fail
}

func (v *server) Remove(_ context.Context, r arm.Resource) error {
	v.calls <- r
	return v.fail
}

func TestProvisioners(t *testing.T) {
	t.Parallel()
	store := &server{calls: make(chan arm.Resource, 10), result: object{"primaryEndpoints": object{"blob": "http://127.0.0.1:1/shopimages"}, arm.KeysProperty: object{"key1": "real"}}}
	broken := &server{calls: make(chan arm.Resource, 10), fail: errors.New("the cluster does not start")}
	s := start(t, func(o *arm.Options) {
		o.Provisioners = map[string]arm.Provisioner{"Microsoft.Storage/storageAccounts": store, "microsoft.dbforpostgresql/flexibleservers": broken}
	})
	group := s.group("rg")
	path := group + "/providers/Microsoft.Storage/storageAccounts/shopimages"
	got := s.mustPut(path, "2026-04-01", object{"location": "eastus", "kind": "StorageV2", "sku": object{"name": "Standard_LRS"}})
	if document.Text(got.body, "properties.primaryEndpoints.blob") != "http://127.0.0.1:1/shopimages" || strings.Contains(document.Text(got.body, "properties.primaryEndpoints.queue"), "127") || document.Get(got.body, "properties."+arm.KeysProperty) != nil {
		t.Errorf("%v", got.body)
	}
	if r := <-store.calls; r.Name != "shopimages" || r.Location != "eastus" || document.Text(r.Body, "sku.name") != "Standard_LRS" {
		t.Errorf("%+v", r)
	}
	keys := s.call(http.MethodPost, path+"/listKeys", "2026-04-01", nil)
	if document.Text(document.List(keys.body, "keys")[0], "value") != "real" {
		t.Errorf("%v", keys.body)
	}
	made := s.call(http.MethodPut, group+"/providers/Microsoft.DBforPostgreSQL/flexibleServers/shop-pg", "2025-08-01", object{"location": "eastus", "sku": object{"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"}, "properties": object{"administratorLogin": "a", "administratorLoginPassword": "hush-hush"}})
	if end := s.done(made); document.Text(end.body, "status") != "Failed" || document.Text(end.body, "error.code") != "ProvisioningFailed" {
		t.Errorf("%v", end.body)
	}
	if r := <-broken.calls; document.Text(r.Body, "properties.administratorLoginPassword") != "hush-hush" {
		t.Error("a provisioner needs the password")
	}
	if end := s.done(s.call(http.MethodDelete, group, "2021-04-01", nil)); end.status < 400 {
		t.Errorf("%d %v", end.status, end.body)
	}
	broken.fail = nil
	if end := s.done(s.call(http.MethodDelete, group, "2021-04-01", nil)); end.status != http.StatusOK {
		t.Errorf("%d %v", end.status, end.body)
	}
}
