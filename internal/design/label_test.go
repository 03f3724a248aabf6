package design_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
)

const (
	guid    = "0f1e2d3c-4b5a-5697-8877-665544332211"
	another = "1f1e2d3c-4b5a-5697-8877-665544332211"
	group   = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg-shop"
)

func TestRoleAssignmentsAreCalledByWhatTheySay(t *testing.T) {
	t.Parallel()
	const vault = group + "/providers/Microsoft.KeyVault/vaults/kv-shop"
	held := func(scope, principal, definition string) design.Resource {
		return design.Resource{ID: cloud.ResourceID(scope + "/providers/Microsoft.Authorization/roleAssignments/" + guid), Type: "Microsoft.Authorization/roleAssignments", Name: guid, Scope: cloud.ResourceID(scope),
			Body: map[string]any{"properties": map[string]any{"principalId": principal, "roleDefinitionId": definition}}}
	}
	own := design.Resource{ID: group + "/providers/Microsoft.Authorization/roleDefinitions/" + another, Type: "Microsoft.Authorization/roleDefinitions", Name: another,
		Body: map[string]any{"properties": map[string]any{"roleName": "shop-web reads covers"}}}
	const identity = "[reference('" + group + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-web', '2024-11-30').properties.principalId]"
	for want, r := range map[string]design.Resource{
		"Key Vault Secrets User for id-web on kv-shop":               held(vault, identity, "/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6"),
		"shop-web reads covers for id-web on kv-shop/keys-1":         held(vault+"/keys/keys-1", identity, string(own.ID)),
		"shop-web reads covers for parameter owner on kv-shop":       held(vault, "[parameters('owner')]", strings.ToUpper(string(own.ID))),
		"shop-web reads covers for id-web on resource group rg-shop": held(group, identity, string(own.ID)),
		guid + " for a principal on kv-shop":                         held(vault, "", "/x/"+guid),
		"shop-web reads covers":                                      own,
		"kv-shop":                                                    {Type: "Microsoft.KeyVault/vaults", Name: "kv-shop"},
		"Cosmos DB Built-in Data Reader for id-web on cosmos-shop": {Type: "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments", Name: "cosmos-shop/" + guid, Body: map[string]any{"properties": map[string]any{
			"scope": group + "/providers/Microsoft.DocumentDB/databaseAccounts/cosmos-shop", "principalId": identity, "roleDefinitionId": "/a/sqlRoleDefinitions/00000000-0000-0000-0000-000000000001"}}},
	} {
		if got := design.Labels(&design.Design{Resources: []design.Resource{r, own}})(r); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]design.Decision{
		"migrate": {Action: design.Migrate, Targets: []cloud.ResourceID{"x"}}, "retain": {Action: design.Retain},
		"retain for the others, with a counterpart for the workload": {Action: design.Retain, Targets: []cloud.ResourceID{"x"}},
	} {
		if got := d.Outcome(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	d := designtest.Case{Families: []design.Family{family("AWS::SQS::Queue", identity)}, Resources: designtest.FromTemplate(t, table), Shared: []string{"orders"}}.Make(t)
	if one := designtest.Decision(t, d, "orders"); !strings.Contains(one.Why, "the workload gets a counterpart of its own") {
		t.Errorf("%q", one.Why)
	}
}

func TestNamesInEnvironments(t *testing.T) {
	t.Parallel()
	d := &design.Design{Workload: "shop", Place: design.Place{Subscription: "11111111-2222-3333-4444-555555555555", Group: "rg-shop", Location: "eastus", Suffix: "abc234"}, Resources: []design.Resource{
		{ID: group + "/providers/Microsoft.KeyVault/vaults/kv-abc234", Type: "Microsoft.KeyVault/vaults", Name: "kv-abc234"},
		{ID: group + "/providers/Microsoft.KeyVault/vaults/kv-abc234/keys/data", Type: "Microsoft.KeyVault/vaults/keys", Name: "kv-abc234/data"},
	}}
	got := design.NamesIn(d, []design.Environment{{Name: "test"}, {Name: "production"}})
	if len(got) != 1 || len(got[0].Names) != 2 || got[0].Names[0] == got[0].Names[1] || got[0].Names[0] == "kv-abc234" || !strings.HasPrefix(got[0].Names[1], "kv-") {
		t.Errorf("%+v", got)
	}
}

// A tag that names the environment follows it, there and back.
func TestEnvironmentTagsFollowTheEnvironment(t *testing.T) {
	t.Parallel()
	const tagged = `
Resources:
  Orders:
    Type: AWS::SQS::Queue
    Properties: {QueueName: orders, Tags: [{Key: env, Value: production}, {Key: "acme:Environment", Value: live}, {Key: owner, Value: production}, {Key: "elasticbeanstalk:environment-name", Value: blue}]}
`
	for environment, want := range map[string]string{"": "production live", "test": "test test"} {
		d := designtest.Case{Families: []design.Family{family("AWS::SQS::Queue", identity)}, Resources: designtest.FromTemplate(t, tagged), Options: design.Options{Environment: environment, Group: "rg-shop-test"}}.Make(t)
		tags := d.Resources[0].Tags
		if got := tags["env"] + " " + tags["acme:Environment"]; got != want || tags["owner"] != "production" || tags["elasticbeanstalk:environment-name"] != "blue" {
			t.Errorf("%q: %v", environment, tags)
		}
		moved := design.ForEnvironment(d, design.Environment{Name: "live"}).Resources[0].Tags
		if environment != "" && (moved["env"] != "live" || moved["acme:Environment"] != "live" || moved["owner"] != "production") {
			t.Errorf("in another environment: %v", moved)
		}
		back := design.ForEnvironment(design.ForEnvironment(d, design.Environment{Name: "live"}), design.Environment{Name: environment, Group: d.Place.Group}).Resources[0].Tags
		if back["env"] != tags["env"] || back["acme:Environment"] != tags["acme:Environment"] {
			t.Errorf("came back as %v, was %v", back, tags)
		}
	}
}
