package compute_test

import (
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/design/compute"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
)

// around stands in for the families that run before this one: identities of
// roles, keys, certificates, queues.
func around() design.Family {
	put := func(kind cloud.Kind, version string) func(c *design.Context, r *inventory.Resource) design.Decision {
		return func(c *design.Context, r *inventory.Resource) design.Decision {
			t := design.Target{Type: kind, Base: r.Name, APIVersion: version}
			switch kind {
			case "Microsoft.KeyVault/vaults/keys":
				t.Parent, t.Model = common.Vault(c), map[string]any{"properties": map[string]any{"kty": "RSA"}}
			case "Microsoft.ServiceBus/namespaces/queues":
				t.Parent = c.Once("bus", func() cloud.ResourceID {
					return c.Put(design.Target{Type: "Microsoft.ServiceBus/namespaces", Base: "shop", APIVersion: "2024-01-01", Model: map[string]any{"sku": map[string]any{"name": "Standard"}}})
				})
			case policyKind:
				t.Model = map[string]any{"properties": map[string]any{"managedRules": map[string]any{"managedRuleSets": []any{map[string]any{"ruleSetType": "OWASP", "ruleSetVersion": "3.2"}}}}}
			}
			c.Put(t, r)
			return design.Decision{Action: design.Migrate, Why: "a stand-in", Confidence: 0.9}
		}
	}
	rule := func(kind, target cloud.Kind, version string, stage design.Stage) design.Rule {
		return design.Rule{Name: "around/" + string(kind), Kinds: []cloud.Kind{kind}, Stage: stage, Apply: put(target, version)}
	}
	return design.Family{Name: "around", Rules: []design.Rule{
		rule("AWS::IAM::Role", "Microsoft.ManagedIdentity/userAssignedIdentities", "2024-11-30", design.Identities),
		rule("AWS::KMS::Key", "Microsoft.KeyVault/vaults/keys", "2026-02-01", design.Keys),
		rule("AWS::SQS::Queue", "Microsoft.ServiceBus/namespaces/queues", "2024-01-01", design.Integration),
		rule("AWS::WAFv2::WebACL", policyKind, "2025-07-01", design.Names),
	}}
}

const policyKind cloud.Kind = "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies"

func families() []design.Family {
	return []design.Family{designtest.Network(), around(), compute.Family()}
}

// from designs a template, in any order of its resources.
func from(t *testing.T, template string) *design.Design {
	t.Helper()
	return designtest.Shuffled(t, families(), designtest.FromTemplate(t, template)...)
}

func has(t *testing.T, d design.Decision, ids ...string) {
	t.Helper()
	found := map[string]bool{}
	for _, g := range d.Gaps {
		found[g.ID] = true
	}
	for _, id := range ids {
		if !found[id] {
			t.Errorf("%s lacks gap %s, has %v", d.Name, id, designtest.GapIDs(d))
		}
	}
}

// at checks values of a body by their paths.
func at(t *testing.T, r design.Resource, want map[string]string) {
	t.Helper()
	for path, text := range want {
		if got := design.Text(r.Body, path); got != text {
			t.Errorf("%s: %s is %q, want %q", r.ID, path, got, text)
		}
	}
}
