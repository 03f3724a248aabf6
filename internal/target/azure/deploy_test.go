package azure

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/target"
)

// small is a network, a storage account and a database whose password is a
// parameter.
func small() *design.Design {
	place := design.Place{Subscription: subscription, Group: "rg-shop", Location: "eastus", Suffix: "abc234"}
	id := func(rest string) cloud.ResourceID { return place.GroupID() + "/providers/" + cloud.ResourceID(rest) }
	network, store, database := id("Microsoft.Network/virtualNetworks/vnet-shop"), id("Microsoft.Storage/storageAccounts/stshopabc234"), id("Microsoft.DBforPostgreSQL/flexibleServers/psql-shop-abc234")
	return &design.Design{
		Place:      place,
		Parameters: []design.Parameter{{Name: "password", Type: "string", Secure: true}},
		Quotas:     []design.Quota{{Name: "standardDSv5Family", Provider: "Microsoft.Compute", Needed: 4}, {Name: "no such limit", Provider: "Microsoft.Compute", Needed: 1}, {Name: "cores", Provider: "Microsoft.Compute", Needed: 1 << 40}},
		Resources: []design.Resource{
			{ID: database, Type: "Microsoft.DBforPostgreSQL/flexibleServers", APIVersion: "2025-08-01", Name: "psql-shop-abc234", Location: "eastus", Body: map[string]any{
				"sku":        map[string]any{"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"},
				"properties": map[string]any{"version": "16", "administratorLogin": "shop", "administratorLoginPassword": "[parameters('password')]", "storage": map[string]any{"storageSizeGB": 128}},
			}},
			{ID: network, Type: "Microsoft.Network/virtualNetworks", APIVersion: "2025-07-01", Name: "vnet-shop", Location: "eastus", Tags: cloud.Tags{"workload": "shop"}, Body: map[string]any{
				"properties": map[string]any{"addressSpace": map[string]any{"addressPrefixes": []any{"10.0.0.0/16"}}},
			}},
			{ID: store, Type: "Microsoft.Storage/storageAccounts", APIVersion: "2025-08-01", Name: "stshopabc234", Location: "eastus", Body: map[string]any{
				"kind": "StorageV2", "sku": map[string]any{"name": "Standard_LRS"}, "properties": map[string]any{"minimumTlsVersion": "TLS1_2"},
			}},
		},
	}
}

// deployment writes the template by hand: how a design is printed is package
// iac's business.
func deployment(t *testing.T, d *design.Design, name string) target.Deployment {
	t.Helper()
	var resources []any
	for _, r := range d.Resources {
		encoded, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var body map[string]any
		if err := json.Unmarshal(encoded, &body); err != nil {
			t.Fatal(err)
		}
		delete(body, "id")
		resources = append(resources, body)
	}
	template, err := json.Marshal(map[string]any{
		"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
		"parameters": map[string]any{"password": map[string]any{"type": "securestring"}}, "resources": resources,
	})
	if err != nil {
		t.Fatal(err)
	}
	return target.Deployment{Name: name, Place: d.Place, Template: template, Resources: d.Resources, Parameters: map[string]any{"password": "Sandbox-0nly!"}}
}

func deployer(t *testing.T, s Settings) *Deployer {
	t.Helper()
	d, err := NewDeployer(s, DeployOptions{Now: time.Now, Pause: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func actions(changes []target.Change) string {
	var out []string
	for _, c := range changes {
		out = append(out, c.Action)
	}
	return strings.Join(out, " ")
}

func TestDeployIsPreviewedDoneAndThenANoOp(t *testing.T) {
	d := deployer(t, serve(t))
	in := deployment(t, small(), "landfall-shop-1")
	before, err := d.WhatIf(t.Context(), in)
	if err != nil || actions(before) != "create create create" {
		t.Fatalf("without a group: %v %v", actions(before), err)
	}
	last := ""
	out, err := d.Deploy(t.Context(), in, cloud.Tags{"workload": "shop"}, func(done, total int, _ string) { last = fmt.Sprint(done, " of ", total) })
	if err != nil {
		t.Fatal(err)
	}
	if last != "3 of 3" {
		t.Errorf("the last word is %q", last)
	}
	if out.State != "Succeeded" || out.Resumed || len(out.Resources) < 3 {
		t.Errorf("outcome %+v", out)
	}
	again, err := d.WhatIf(t.Context(), in)
	if err != nil || actions(again) != "none none none" {
		t.Errorf("a second run would change something: %+v %v", again, err)
	}
	body, err := d.Read(t.Context(), small().Resources[1])
	if err != nil || design.Text(body, "properties.provisioningState") != "Succeeded" || design.Text(body, "tags.workload") != "shop" {
		t.Errorf("read %v %v", body, err)
	}
	if _, err := d.Read(t.Context(), design.Resource{ID: in.Place.GroupID() + "/providers/Microsoft.Network/virtualNetworks/none", APIVersion: "2025-07-01"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("what is not there: %v", err)
	}
}

func TestDriftIsSeen(t *testing.T) {
	d := deployer(t, serve(t))
	in := deployment(t, small(), "landfall-shop-2")
	if _, err := d.Deploy(t.Context(), in, nil, nil); err != nil {
		t.Fatal(err)
	}
	changed := small()
	changed.Resources[1].Body["properties"] = map[string]any{"addressSpace": map[string]any{"addressPrefixes": []any{"10.1.0.0/16"}}}
	got, err := d.WhatIf(t.Context(), deployment(t, changed, "landfall-shop-2"))
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(got, func(c target.Change) bool { return c.Action == target.Modify })
	if at < 0 || len(got[at].Properties) == 0 || !strings.HasPrefix(got[at].Properties[0].Path, "properties.addressSpace") {
		t.Errorf("changes %+v", got)
	}
}

func TestARefusedTemplateNamesWhatIsWrong(t *testing.T) {
	d := deployer(t, serve(t))
	broken := small()
	broken.Resources[2].Location = "atlantis"
	_, err := d.Deploy(t.Context(), deployment(t, broken, "landfall-shop-3"), nil, nil)
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "atlantis") {
		t.Errorf("error %v", err)
	}
	if err != nil && strings.Contains(err.Error(), "Sandbox-0nly!") {
		t.Errorf("the password is in the error: %v", err)
	}
}

func TestPreflightSaysWhatIsMissing(t *testing.T) {
	d := deployer(t, serve(t))
	got, err := d.Preflight(t.Context(), small())
	if err != nil {
		t.Fatal(err)
	}
	find := func(name string) target.Check {
		at := slices.IndexFunc(got, func(c target.Check) bool { return c.Name == name })
		if at < 0 {
			t.Fatalf("no check %q in %+v", name, got)
		}
		return got[at]
	}
	for name, want := range map[string]string{
		"provider Microsoft.Network": target.OK, "quota no such limit": target.Unknown, "quota cores": target.Fails,
		"quota standardDSv5Family": target.OK, "permissions": target.OK, "name stshopabc234": target.OK,
	} {
		if c := find(name); c.Status != want {
			t.Errorf("%s is %s (%s), want %s", name, c.Status, c.Detail, want)
		}
	}
	if c := find("quota cores"); c.Do == "" {
		t.Error("a failed check does not say what to do")
	}
}

// TestPreflightFindsEachObstacle puts one obstacle after the other into the
// subscription: each is one failing check, or an unknown one, that says what to
// do.
func TestPreflightFindsEachObstacle(t *testing.T) {
	const network, group, subscriptionPath = "/providers/Microsoft.Network", "/resourceGroups/rg-shop", "/subscriptions/" + subscription
	type call struct{ method, path, version, body string }
	for _, c := range []struct {
		name, check, status, do string
		calls                   []call
		change                  func(*design.Design)
	}{
		{name: "a provider", check: "provider Microsoft.Network", status: target.Fails, do: "az provider register --namespace Microsoft.Network",
			calls: []call{{http.MethodPost, network + "/unregister", providersVersion, ""}}},
		{name: "a name", check: "name stshopabc234", status: target.Fails, do: "another resource group", calls: []call{
			{http.MethodPut, "/resourceGroups/other", "2021-04-01", `{"location":"eastus"}`},
			{http.MethodPut, "/resourceGroups/other/providers/Microsoft.Storage/storageAccounts/stshopabc234", "2023-05-01", `{"location":"eastus","kind":"StorageV2","sku":{"name":"Standard_LRS"}}`},
		}},
		{name: "a lock", check: "lock frozen", status: target.Fails, do: "az lock delete --ids", calls: []call{
			{http.MethodPut, group, "2021-04-01", `{"location":"eastus"}`},
			{http.MethodPut, group + "/providers/Microsoft.Authorization/locks/frozen", locksVersion, `{"properties":{"level":"ReadOnly"}}`},
		}},
		{name: "a lock elsewhere", check: "locks", status: target.OK, calls: []call{
			{http.MethodPut, "/resourceGroups/rg-shop-2", "2021-04-01", `{"location":"eastus"}`},
			{http.MethodPut, "/resourceGroups/rg-shop-2/providers/Microsoft.Authorization/locks/frozen", locksVersion, `{"properties":{"level":"ReadOnly"}}`},
		}},
		{name: "a policy", check: "policy only in europe", status: target.Unknown, do: "az policy assignment show --name europe", calls: []call{
			{http.MethodPut, "/providers/Microsoft.Authorization/policyAssignments/europe", policiesVersion, `{"properties":{"displayName":"only in europe","policyDefinitionId":"/providers/Microsoft.Authorization/policyDefinitions/e56962a6-4747-49cd-b67b-bf8b01975c4c"}}`},
			{http.MethodPut, "/providers/Microsoft.Authorization/policyAssignments/asleep", policiesVersion, `{"properties":{"enforcementMode":"DoNotEnforce","policyDefinitionId":"/providers/Microsoft.Authorization/policyDefinitions/e56962a6-4747-49cd-b67b-bf8b01975c4c"}}`},
		}},
		{name: "a size", check: "size Standard_Never_v9", status: target.Fails, do: "design.overrides", change: func(d *design.Design) {
			d.Resources = append(d.Resources, design.Resource{ID: d.Place.GroupID() + "/providers/Microsoft.Compute/virtualMachines/vm", Type: "Microsoft.Compute/virtualMachines", Name: "vm", Body: map[string]any{"properties": map[string]any{"hardwareProfile": map[string]any{"vmSize": "Standard_Never_v9"}}}})
		}},
	} {
		settings, running := serveAnd(t)
		for _, w := range c.calls {
			if _, err := running.Do(t.Context(), w.method, subscriptionPath+w.path, w.version, w.body); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
		d := small()
		if c.change != nil {
			c.change(d)
		}
		got, err := deployer(t, settings).Preflight(t.Context(), d)
		at := slices.IndexFunc(got, func(o target.Check) bool { return o.Name == c.check })
		if err != nil || at < 0 || got[at].Status != c.status || !strings.Contains(got[at].Do, c.do) || strings.Contains(got[at].Detail, "\n") {
			t.Errorf("%s: %+v %v", c.name, got, err)
		}
		if slices.ContainsFunc(got, func(o target.Check) bool { return strings.Contains(o.Name, "asleep") }) {
			t.Errorf("%s: an assignment that nobody enforces is told", c.name)
		}
	}
}

func TestPreflightOfAReader(t *testing.T) {
	settings, running := serveAnd(t)
	demote(t, running, "acdd72a7-3385-48ef-bd42-f606fba81ae7")
	got, err := deployer(t, settings).Preflight(t.Context(), small())
	if err != nil {
		t.Fatal(err)
	}
	failing := 0
	for _, c := range got {
		if strings.HasPrefix(c.Name, "permission ") && c.Status == target.Fails && strings.Contains(c.Do, "ask for a role") {
			failing++
		}
	}
	if failing != 5 { // the group, the deployment, and three types
		t.Errorf("%d permissions fail: %+v", failing, got)
	}
}

func TestADeploymentThatIsUnderWayIsJoined(t *testing.T) {
	s := serve(t)
	in := deployment(t, small(), "landfall-shop-4")
	first, second := deployer(t, s), deployer(t, s)
	if err := first.ensureGroup(t.Context(), in.Place, nil); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { _, err := first.Deploy(t.Context(), in, nil, nil); done <- err }()
	// Whoever comes second joins the run, or finds it ended and does it again
	// with no effect: either way it ends well and nothing is there twice.
	out, err := second.Deploy(t.Context(), in, nil, nil)
	if other := <-done; err != nil && other != nil {
		t.Fatalf("%v; %v", err, other)
	}
	if err == nil && out.State != "Succeeded" {
		t.Errorf("outcome %+v", out)
	}
	again, err := second.WhatIf(t.Context(), in)
	if err != nil || strings.Contains(actions(again), target.Create) || strings.Contains(actions(again), target.Modify) {
		t.Errorf("afterwards %+v %v", again, err)
	}
}
