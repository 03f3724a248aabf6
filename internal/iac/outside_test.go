package iac

import (
	"strings"
	"testing"

	"example.com/landfall/internal/design"
)

// outside is a design that reaches beyond its group: a role definition in the
// subscription, flow logs in the group of the network watcher, an assignment on
// a resource of an earlier tier, and one on a part that nobody declares.
func outside(t *testing.T) *design.Design {
	t.Helper()
	const (
		identity   = "Microsoft.ManagedIdentity/userAssignedIdentities/id-web"
		vnet       = "Microsoft.Network/virtualNetworks/vnet-shop"
		store      = "Microsoft.Storage/storageAccounts/stlogsabc234"
		watcher    = "/subscriptions/" + subscriptionID + "/resourceGroups/NetworkWatcherRG/providers/Microsoft.Network/networkWatchers/NetworkWatcher_eastus/flowLogs/shop"
		definition = "/subscriptions/" + subscriptionID + "/providers/Microsoft.Authorization/roleDefinitions/0f1e2d3c-4b5a-5697-8877-66554433221a"
	)
	principal := `"principalId":"[reference('@/` + identity + `', '2024-11-30').properties.principalId]"`
	return &design.Design{Workload: "shop", Place: place(), Resources: []design.Resource{
		newResource(t, identity, "2024-11-30", `{"location":"eastus"}`),
		newResource(t, vnet, "2025-07-01", `{"location":"eastus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]}}}`),
		newResource(t, store, "2025-08-01", `{"location":"eastus","kind":"StorageV2","sku":{"name":"Standard_LRS"}}`),
		newResource(t, watcher, "2025-07-01", `{"location":"eastus","properties":{"targetResourceId":"@/`+vnet+`","storageId":"@/`+store+`","enabled":true}}`, vnet, store),
		newResource(t, definition, "2022-04-01", `{"properties":{"roleName":"Shop reader","type":"CustomRole","assignableScopes":["`+string(place().GroupID())+`"],"permissions":[{"actions":["Microsoft.Network/virtualNetworks/read"]}]}}`),
		newResource(t, vnet+"/providers/Microsoft.Authorization/roleAssignments/0f1e2d3c-4b5a-5697-8877-665544332211", "2022-04-01", `{"properties":{`+principal+`,"roleDefinitionId":"`+definition+`"}}`, vnet, identity, definition),
		newResource(t, store+"/blobServices/default/providers/Microsoft.Insights/diagnosticSettings/to-workspace", "2021-05-01-preview", `{"properties":{"storageAccountId":"@/`+store+`"}}`, store),
	}}
}

func TestBicepReachesOutside(t *testing.T) {
	t.Parallel()
	files := bicep(t, outside(t))
	if problems := bicepErrors(t, readableBicep(files)); problems != "" {
		t.Error(problems)
	}
	for path, wants := range map[string][]string{
		"bicep/main.bicep":                                  {"scope: subscription()\n", "scope: resourceGroup('NetworkWatcherRG')", "resourceGroupId: resourceGroup().id"},
		"bicep/modules/identity-subscription.bicep":         {"targetScope = 'subscription'", "name: assignments.roleDefinitionShopReader", "resourceGroupId\n"},
		"bicep/modules/operations-network-watcher-rg.bicep": {"name: 'NetworkWatcher_${location}/shop'", "targetResourceId: vnetShopId"},
		"bicep/modules/operations.bicep":                    {"existing = {\n  name: 'stlogs${suffix}/default'\n}", "scope: stlogsDefaultExisting"},
		"bicep/parameters/main.bicepparam":                  {"roleDefinitionShopReader: '0f1e2d3c-4b5a-5697-8877-66554433221a'", "roleAssignmentVnetShopIdWebShopReader: "},
	} {
		text := file(t, files, path)
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", path, want, text)
			}
		}
	}
}

func TestTerraformReachesOutside(t *testing.T) {
	t.Parallel()
	d := outside(t)
	files := terraform(t, d)
	holds(t, d, files)
	flowLogs := file(t, files, "terraform/operations-network-watcher-rg/main.tf")
	for _, want := range []string{"/resourceGroups/NetworkWatcherRG/providers/Microsoft.Network/networkWatchers/NetworkWatcher_${var.location}", "targetResourceId = var.vnet_shop_id"} {
		if !strings.Contains(flowLogs, want) {
			t.Errorf("no %q in\n%s", want, flowLogs)
		}
	}
}

func TestTemplateNestsWhatStandsOutside(t *testing.T) {
	t.Parallel()
	text, err := ARM(outside(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"subscriptionId": "[subscription().subscriptionId]"`, `"resourceGroup": "NetworkWatcherRG"`, `"scope": "inner"`, `"value": "[resourceGroup().id]"`, `[subscriptionResourceId('Microsoft.Resources/deployments', `} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
