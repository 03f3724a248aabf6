package app_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
)

// helper is what Terraform's state says of a resource that no cloud has.
func helper(typ, name string) inventory.Resource {
	id := cloud.ResourceID("terraform:" + typ + "." + name)
	return inventory.Resource{ID: id, Kind: cloud.Kind("Terraform::" + typ), Name: name, LogicalID: typ + "." + name, Properties: inventory.Properties{}, Attributes: map[string]any{"terraformProvider": "registry"}}
}

// fed is a resource that depends on helpers.
func fed(t *testing.T, kind cloud.Kind, id, properties string, helpers ...inventory.Resource) inventory.Resource {
	t.Helper()
	r := designtest.Live(t, kind, id, properties)
	var on []any
	for _, h := range helpers {
		on = append(on, string(h.ID))
	}
	r.Attributes = map[string]any{"dependsOn": on}
	return r
}

// Terraform's helpers are no resources of a cloud: each is retired by name, and
// whoever makes a secret is told where it goes.
func TestHelpersOfTerraformAreRetired(t *testing.T) {
	t.Parallel()
	var all []inventory.Resource
	for _, typ := range strings.Fields(`random_id random_integer random_password random_bytes random_pet random_shuffle random_string random_uuid tls_private_key tls_self_signed_cert tls_cert_request tls_locally_signed_cert
		null_resource time_sleep time_rotating time_static time_offset local_file local_sensitive_file archive_file template_dir cloudinit_config terraform_data`) {
		all = append(all, helper(typ, strings.ReplaceAll(typ, "_", "-")))
	}
	d := designtest.Make(t, families(), all...)
	designtest.Check(t, d)
	if len(d.Decisions) != len(all) {
		t.Fatalf("%d decisions for %d helpers", len(d.Decisions), len(all))
	}
	for _, one := range d.Decisions {
		if one.Action != design.Retire || one.Rule != "terraform/helper" || len(one.Targets) > 0 || !strings.Contains(one.Why, "is a helper of the Terraform configuration and no resource of a cloud") {
			t.Errorf("%s: %s by %s: %s", one.Source, one.Action, one.Rule, one.Why)
		}
		typ := strings.TrimPrefix(string(one.Kind), "Terraform::")
		wants := map[string]string{
			"random_password": "put it into the key vault", "random_bytes": "put it into the key vault", "tls_private_key": "put it into the key vault", "null_resource": "read the provisioners", "terraform_data": "read the provisioners",
		}[typ]
		if wants == "" && len(one.ToDo) > 0 || wants != "" && !strings.Contains(strings.Join(one.ToDo, " "), wants) {
			t.Errorf("%s: %v", typ, one.ToDo)
		}
	}
}

// A secret that a store of secrets takes moves with it; one that only another
// resource takes has to be put into the vault.
func TestSecretsOfHelpersAreFollowed(t *testing.T) {
	t.Parallel()
	stored, bare, name := helper("random_password", "stored"), helper("random_password", "bare"), helper("random_pet", "name")
	d := designtest.Make(t, families(), stored, bare, name,
		fed(t, "AWS::SecretsManager::Secret", "secret:shop-db-AbCdEf", `{"Name":"shop-db"}`, stored),
		fed(t, "AWS::ElastiCache::ReplicationGroup", "replicationgroup:shop-cache", `{"ReplicationGroupId":"shop-cache"}`, bare, stored),
		fed(t, "AWS::SQS::Queue", "shop-orders", `{"QueueName":"shop-orders"}`, name))
	one := designtest.Decision(t, d, "stored")
	if !strings.Contains(one.Why, "makes a secret that feeds") || !strings.Contains(one.Why, "shop-cache") || !strings.Contains(one.Why, "shop-db") || len(one.ToDo) > 0 {
		t.Errorf("%s %v", one.Why, one.ToDo)
	}
	one = designtest.Decision(t, d, "bare")
	if !strings.Contains(one.Why, "makes a secret that feeds shop-cache") {
		t.Error(one.Why)
	}
	says(t, one, "put the secret that bare makes into the key vault")
	if one = designtest.Decision(t, d, "name"); !strings.Contains(one.Why, "its value is part of shop-orders") || len(one.ToDo) > 0 {
		t.Errorf("%s %v", one.Why, one.ToDo)
	}
}

// What is no utility provider stays with a person.
func TestOtherProvidersAreManual(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, families(), helper("google_compute_instance", "web"), helper("randomize_thing", "x"), helper("kubernetes_secret", "y"))
	for _, one := range d.Decisions {
		if one.Action != design.Manual || one.Rule != "design/service-map" {
			t.Errorf("%s: %s by %s", one.Kind, one.Action, one.Rule)
		}
	}
}
