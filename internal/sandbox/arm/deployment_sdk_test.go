package arm_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/sandbox/arm/document"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
)

const shopTemplate = `{
"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0",
"parameters":{"prefix":{"type":"string","defaultValue":"shop"},"password":{"type":"securestring"},"location":{"type":"string","defaultValue":"[resourceGroup().location]"}},
"variables":{"vnet":"[concat(parameters('prefix'), '-vnet')]","store":"[concat('st', uniqueString(resourceGroup().id))]"},
"resources":[
 {"type":"Microsoft.Network/networkSecurityGroups","apiVersion":"2025-09-01","name":"[concat(parameters('prefix'), '-nsg')]","location":"[parameters('location')]",
  "properties":{"securityRules":[{"name":"web","properties":{"priority":100,"direction":"Inbound","access":"Allow","protocol":"Tcp","sourceAddressPrefix":"*","sourcePortRange":"*","destinationAddressPrefix":"*","destinationPortRange":"443"}}]}},
 {"type":"Microsoft.Network/virtualNetworks","apiVersion":"2025-09-01","name":"[variables('vnet')]","location":"[parameters('location')]",
  "properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]}}},
 {"type":"Microsoft.Network/virtualNetworks/subnets","apiVersion":"2025-09-01","name":"[concat(variables('vnet'), '/s', copyIndex())]","copy":{"name":"subnets","count":2},
  "dependsOn":["[variables('vnet')]","[concat(parameters('prefix'), '-nsg')]"],
  "properties":{"addressPrefix":"[cidrSubnet('10.0.0.0/16', 24, copyIndex())]","networkSecurityGroup":{"id":"[resourceId('Microsoft.Network/networkSecurityGroups', concat(parameters('prefix'), '-nsg'))]"}}},
 {"type":"Microsoft.Network/networkInterfaces","apiVersion":"2025-09-01","name":"[concat('nic', copyIndex(1))]","location":"[parameters('location')]","copy":{"name":"nics","count":2},"dependsOn":["subnets"],
  "properties":{"ipConfigurations":[{"name":"a","properties":{"subnet":{"id":"[resourceId('Microsoft.Network/virtualNetworks/subnets', variables('vnet'), 's0')]"}}}]}},
 {"type":"Microsoft.Storage/storageAccounts","apiVersion":"2026-04-01","name":"[variables('store')]","location":"[parameters('location')]","kind":"StorageV2","sku":{"name":"Standard_LRS"},"properties":{"minimumTlsVersion":"TLS1_2"}},
 {"type":"Microsoft.DBforPostgreSQL/flexibleServers","apiVersion":"2025-08-01","name":"[concat(parameters('prefix'), '-pg')]","location":"[parameters('location')]","sku":{"name":"Standard_D2ds_v5","tier":"GeneralPurpose"},
  "properties":{"version":"16","administratorLogin":"shop","administratorLoginPassword":"[parameters('password')]","storage":{"storageSizeGB":128}}},
 {"type":"Microsoft.KeyVault/vaults","apiVersion":"2026-02-01","name":"[concat(parameters('prefix'), '-kv')]","location":"[parameters('location')]","properties":{"tenantId":"[subscription().tenantId]","sku":{"family":"A","name":"standard"},"accessPolicies":[]}},
 {"type":"Microsoft.KeyVault/vaults/secrets","apiVersion":"2026-02-01","name":"[concat(parameters('prefix'), '-kv/storage')]","dependsOn":["[concat(parameters('prefix'), '-kv')]"],
  "properties":{"value":"[listKeys(resourceId('Microsoft.Storage/storageAccounts', variables('store')), '2026-04-01').keys[0].value]"}},
 {"type":"Microsoft.Authorization/locks","apiVersion":"2020-05-01","name":"keep","condition":false,"properties":{"level":"CanNotDelete"}}
],
"outputs":{"blob":{"type":"string","value":"[reference(variables('store')).primaryEndpoints.blob]"},"host":{"type":"string","value":"[reference(concat(parameters('prefix'), '-pg')).fullyQualifiedDomainName]"},
 "secret":{"type":"securestring","value":"[parameters('password')]"}}}`

type deployer struct {
	*sandbox
	client *armresources.DeploymentsClient
}

func newDeployer(t *testing.T) deployer {
	t.Helper()
	s := start(t)
	c, err := armresources.NewDeploymentsClient(subscription, s.credential, s.options)
	if err != nil {
		t.Fatal(err)
	}
	return deployer{s, c}
}

func template(t *testing.T, text string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func password() map[string]any {
	return map[string]any{"password": map[string]any{"value": "Sandbox-0nly!"}}
}

func (d deployer) deploy(group, name, text string, mode armresources.DeploymentMode) (armresources.DeploymentExtended, error) {
	d.t.Helper()
	properties := armresources.DeploymentProperties{Mode: to.Ptr(mode), Template: template(d.t, text)}
	if strings.Contains(text, "securestring") {
		properties.Parameters = password()
	}
	poller, err := d.client.BeginCreateOrUpdate(d.t.Context(), group, name, armresources.Deployment{Properties: &properties}, nil)
	if err != nil {
		return armresources.DeploymentExtended{}, err
	}
	done, err := poller.PollUntilDone(d.t.Context(), pollOptions())
	return done.DeploymentExtended, err
}

func (d deployer) whatIf(group, text string, mode armresources.DeploymentMode) map[string]*armresources.WhatIfChange {
	d.t.Helper()
	properties := armresources.DeploymentWhatIfProperties{Mode: to.Ptr(mode), Template: template(d.t, text)}
	if strings.Contains(text, "securestring") {
		properties.Parameters = password()
	}
	poller, err := d.client.BeginWhatIf(d.t.Context(), group, "what", armresources.DeploymentWhatIf{Properties: &properties}, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	done, err := poller.PollUntilDone(d.t.Context(), pollOptions())
	if err != nil {
		d.t.Fatal(err)
	}
	out := map[string]*armresources.WhatIfChange{}
	for _, c := range done.Properties.Changes {
		id := *c.ResourceID
		out[id[strings.LastIndex(id, "/")+1:]] = c
	}
	return out
}

func TestDeploymentOfAWholeTemplate(t *testing.T) {
	t.Parallel()
	d := newDeployer(t)
	d.group("rg")
	done, err := d.deploy("rg", "first", shopTemplate, armresources.DeploymentModeIncremental)
	if err != nil {
		t.Fatal(err)
	}
	if *done.Properties.ProvisioningState != "Succeeded" || len(done.Properties.OutputResources) != 10 {
		t.Errorf("%v %d", *done.Properties.ProvisioningState, len(done.Properties.OutputResources))
	}
	outputs := done.Properties.Outputs.(map[string]any)
	if document.Text(outputs, "host.value") != "shop-pg.postgres.database.azure.com" || !strings.HasPrefix(document.Text(outputs, "blob.value"), "https://st") || document.Get(outputs, "secret.value") != nil {
		t.Errorf("%v", outputs)
	}
	if text, _ := json.Marshal(done.Properties.Parameters); strings.Contains(string(text), "0nly") {
		t.Errorf("a secure parameter is echoed: %s", text)
	}
	operations, err := armresources.NewDeploymentOperationsClient(subscription, d.credential, d.options)
	if err != nil {
		t.Fatal(err)
	}
	page, err := operations.NewListPager("rg", "first", nil).NextPage(t.Context())
	if err != nil || len(page.Value) != 11 {
		t.Fatalf("%d operations, %v", len(page.Value), err)
	}
	nics := d.call(http.MethodGet, "/resourceGroups/rg/providers/Microsoft.Network/networkInterfaces", "2025-09-01", nil)
	var addresses []string
	for _, nic := range document.List(nics.body, "value") {
		addresses = append(addresses, document.Text(document.List(nic, "properties.ipConfigurations")[0], "properties.privateIPAddress"))
	}
	slices.Sort(addresses)
	if strings.Join(addresses, " ") != "10.0.0.4 10.0.0.5" {
		t.Errorf("addresses %v", addresses)
	}
}

func TestASecondDeploymentChangesNothing(t *testing.T) {
	t.Parallel()
	d := newDeployer(t)
	d.group("rg")
	for name, c := range d.whatIf("rg", shopTemplate, armresources.DeploymentModeIncremental) {
		if *c.ChangeType != armresources.ChangeTypeCreate || c.After == nil {
			t.Errorf("before: %s %s", name, *c.ChangeType)
		}
	}
	if got := d.call(http.MethodGet, "/resourceGroups/rg/resources", "2021-04-01", nil); len(document.List(got.body, "value")) != 0 {
		t.Errorf("a what-if wrote something: %v", got.body)
	}
	if _, err := d.deploy("rg", "first", shopTemplate, armresources.DeploymentModeIncremental); err != nil {
		t.Fatal(err)
	}
	changes := d.whatIf("rg", shopTemplate, armresources.DeploymentModeComplete)
	if len(changes) != 10 {
		t.Errorf("%d changes", len(changes))
	}
	for name, c := range changes {
		if *c.ChangeType != armresources.ChangeTypeNoChange {
			delta, _ := json.Marshal(c.Delta)
			t.Errorf("after: %s %s %s", name, *c.ChangeType, delta)
		}
	}
}

func TestWhatIfNamesEachChange(t *testing.T) {
	t.Parallel()
	d := newDeployer(t)
	d.group("rg")
	if _, err := d.deploy("rg", "first", shopTemplate, armresources.DeploymentModeIncremental); err != nil {
		t.Fatal(err)
	}
	d.mustPut("/resourceGroups/rg/providers/Microsoft.Network/routeTables/stray", "2025-09-01", map[string]any{"location": "eastus"})
	changed := strings.NewReplacer(`"storageSizeGB":128`, `"storageSizeGB":256`, `"destinationPortRange":"443"`, `"destinationPortRange":"8443"`, `"minimumTlsVersion":"TLS1_2"`, `"accessTier":"Cool"`).Replace(shopTemplate)
	changes := d.whatIf("rg", changed, armresources.DeploymentModeIncremental)
	pg := changes["shop-pg"]
	if *pg.ChangeType != armresources.ChangeTypeModify || len(pg.Delta) != 1 || *pg.Delta[0].Path != "properties.storage.storageSizeGB" || pg.Delta[0].After != float64(256) {
		t.Errorf("%+v", pg)
	}
	nsg := changes["shop-nsg"]
	if *nsg.ChangeType != armresources.ChangeTypeModify || *nsg.Delta[0].PropertyChangeType != armresources.PropertyChangeTypeArray || *nsg.Delta[0].Children[0].Children[0].Path != "properties.destinationPortRange" {
		t.Errorf("%+v", nsg.Delta)
	}
	if c := changes["stray"]; *c.ChangeType != armresources.ChangeTypeIgnore {
		t.Errorf("%+v", c)
	}
	for name, c := range changes {
		if strings.HasPrefix(name, "st") && len(name) == 15 && (len(c.Delta) != 2 || *c.Delta[0].PropertyChangeType != armresources.PropertyChangeTypeCreate || *c.Delta[1].PropertyChangeType != armresources.PropertyChangeTypeDelete) {
			t.Errorf("%s %+v", name, c.Delta)
		}
	}
	if c := d.whatIf("rg", changed, armresources.DeploymentModeComplete)["stray"]; *c.ChangeType != armresources.ChangeTypeDelete {
		t.Errorf("%+v", c)
	}
	if _, err := d.deploy("rg", "second", changed, armresources.DeploymentModeComplete); err != nil {
		t.Fatal(err)
	}
	if got := d.call(http.MethodGet, "/resourceGroups/rg/providers/Microsoft.Network/routeTables/stray", "2025-09-01", nil); got.status != http.StatusNotFound {
		t.Errorf("complete mode kept the stray: %v", got.body)
	}
}

func TestDeploymentAtSubscriptionScope(t *testing.T) {
	t.Parallel()
	d := newDeployer(t)
	const text = `{"$schema":"https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#","contentVersion":"1.0.0.0",
	"parameters":{"where":{"type":"string","defaultValue":"westeurope"}},
	"resources":[{"type":"Microsoft.Resources/resourceGroups","apiVersion":"2025-04-01","name":"made","location":"[parameters('where')]"},
	 {"type":"Microsoft.Resources/deployments","apiVersion":"2025-04-01","name":"inner","resourceGroup":"made","dependsOn":["[subscriptionResourceId('Microsoft.Resources/resourceGroups', 'made')]"],
	  "properties":{"mode":"Incremental","expressionEvaluationOptions":{"scope":"inner"},"parameters":{"name":{"value":"id-app"}},"template":{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0",
	   "parameters":{"name":{"type":"string"}},"resources":[{"type":"Microsoft.ManagedIdentity/userAssignedIdentities","apiVersion":"2024-11-30","name":"[parameters('name')]","location":"[resourceGroup().location]"}],
	   "outputs":{"principal":{"type":"string","value":"[reference(parameters('name')).principalId]"}}}}},
	 {"type":"Microsoft.Authorization/roleAssignments","apiVersion":"2022-04-01","name":"[guid('reader', subscription().id)]","dependsOn":["inner"],
	  "properties":{"roleDefinitionId":"[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'acdd72a7-3385-48ef-bd42-f606fba81ae7')]","principalType":"ServicePrincipal","principalId":"[reference('inner').outputs.principal.value]"}}],
	"outputs":{"principal":{"type":"string","value":"[reference('inner').outputs.principal.value]"}}}`
	poller, err := d.client.BeginCreateOrUpdateAtSubscriptionScope(t.Context(), "whole", armresources.Deployment{Location: to.Ptr("eastus"), Properties: &armresources.DeploymentProperties{Mode: to.Ptr(armresources.DeploymentModeIncremental), Template: template(t, text)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	done, err := poller.PollUntilDone(t.Context(), pollOptions())
	if err != nil {
		t.Fatal(err)
	}
	identity := d.call(http.MethodGet, "/resourceGroups/made/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-app", "2024-11-30", nil)
	principal := document.Text(identity.body, "properties.principalId")
	if principal == "" || document.Text(identity.body, "location") != "westeurope" || document.Text(done.Properties.Outputs, "principal.value") != principal {
		t.Errorf("%v %v", identity.body, done.Properties.Outputs)
	}
	roles := d.call(http.MethodGet, "/providers/Microsoft.Authorization/roleAssignments?$filter=principalId+eq+'"+principal+"'", "2022-04-01", nil)
	if len(document.List(roles.body, "value")) != 1 {
		t.Errorf("%v", roles.body)
	}
}

func TestDeploymentsThatAreRefused(t *testing.T) {
	t.Parallel()
	d := newDeployer(t)
	d.group("rg")
	head := `{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0","resources":[`
	for _, c := range []struct{ name, resources, code, inner string }{
		{"misspelt property", `{"type":"Microsoft.Network/routeTables","apiVersion":"2025-09-01","name":"r","location":"eastus","properties":{"routs":[]}}`, "InvalidTemplateDeployment", "InvalidRequestContent"},
		{"missing reference", `{"type":"Microsoft.Network/networkInterfaces","apiVersion":"2025-09-01","name":"n","location":"eastus","properties":{"ipConfigurations":[{"name":"a","properties":{"subnet":{"id":"[resourceId('Microsoft.Network/virtualNetworks/subnets','no','no')]"}}}]}}`, "InvalidTemplateDeployment", "InvalidResourceReference"},
		{"circle", `{"type":"Microsoft.Network/routeTables","apiVersion":"2025-09-01","name":"a","location":"eastus","dependsOn":["b"]},{"type":"Microsoft.Network/routeTables","apiVersion":"2025-09-01","name":"b","location":"eastus","dependsOn":["a"]}`, "InvalidTemplateCircularDependency", ""},
		{"function", `{"type":"Microsoft.Network/routeTables","apiVersion":"2025-09-01","name":"[toObject('x')]","location":"eastus"}`, "InvalidTemplate", ""},
		{"no such type", `{"type":"Microsoft.Network/routeTable","apiVersion":"2025-09-01","name":"r","location":"eastus"}`, "InvalidTemplateDeployment", "InvalidResourceType"},
	} {
		a := d.call(http.MethodPut, "/resourceGroups/rg/providers/Microsoft.Resources/deployments/d", "2021-04-01", map[string]any{"properties": map[string]any{"mode": "Incremental", "template": template(t, head+c.resources+"]}")}})
		if a.code() != c.code {
			t.Errorf("%s: %v", c.name, a.body)
			continue
		}
		if c.inner != "" && document.Text(document.List(a.body, "error.details")[0], "code") != c.inner {
			t.Errorf("%s: %v", c.name, a.body)
		}
		if v := d.call(http.MethodPost, "/resourceGroups/rg/providers/Microsoft.Resources/deployments/d/validate", "2021-04-01", map[string]any{"properties": map[string]any{"mode": "Incremental", "template": template(t, head+c.resources+"]}")}}); v.code() != c.code {
			t.Errorf("%s: validate says %v", c.name, v.body)
		}
	}
	if got := d.call(http.MethodGet, "/resourceGroups/rg/providers/Microsoft.Resources/deployments/d", "2021-04-01", nil); got.code() != "DeploymentNotFound" {
		t.Errorf("a refused deployment exists: %v", got.body)
	}
}

// What goes wrong while a deployment runs is told by its operations; what does
// not depend on it is still written.
func TestADeploymentThatFailsHalfWay(t *testing.T) {
	t.Parallel()
	d := newDeployer(t)
	d.group("rg")
	const text = `{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0","resources":[
	{"type":"Microsoft.ManagedIdentity/userAssignedIdentities","apiVersion":"2024-11-30","name":"good","location":"eastus"},
	{"type":"Microsoft.Network/routeTables","apiVersion":"2025-09-01","name":"bad","location":"eastus","tags":{"x":"[reference('good').noSuchProperty]"}},
	{"type":"Microsoft.Network/routeTables","apiVersion":"2025-09-01","name":"after","location":"eastus","dependsOn":["bad"]}]}`
	_, err := d.deploy("rg", "half", text, armresources.DeploymentModeIncremental)
	if responseCode(err) != "DeploymentFailed" {
		t.Fatalf("%v", err)
	}
	for name, status := range map[string]int{"Microsoft.ManagedIdentity/userAssignedIdentities/good": 200, "Microsoft.Network/routeTables/bad": 404, "Microsoft.Network/routeTables/after": 404} {
		version := "2024-11-30"
		if got := d.call(http.MethodGet, "/resourceGroups/rg/providers/"+name, version, nil); got.status != status {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	got := d.call(http.MethodGet, "/resourceGroups/rg/providers/Microsoft.Resources/deployments/half", "2021-04-01", nil)
	if document.Text(got.body, "properties.provisioningState") != "Failed" || document.Text(got.body, "properties.error.code") != "DeploymentFailed" {
		t.Errorf("%v", got.body)
	}
}
