package app

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

// helperRules are for what Terraform keeps in a state beside the resources of a
// cloud: values that its utility providers make, files, and steps of a run
// (Terraform Registry, providers random, tls, null, time, local, archive,
// template and cloudinit; Terraform language, "The terraform_data managed
// resource type").
func helperRules() []design.Rule {
	const source = "Terraform Registry, HashiCorp's utility providers"
	return []design.Rule{{
		Name: "terraform/helper", Stage: design.Operations, Source: source, Apply: applyHelper,
		Kinds: []cloud.Kind{
			"Terraform::random_*", "Terraform::tls_*", "Terraform::null_*", "Terraform::time_*", "Terraform::local_*", "Terraform::archive_*", "Terraform::template_*", "Terraform::cloudinit_*",
			"Terraform::terraform_data",
		},
	}}
}

// applyHelper retires a helper: nothing of it stands in AWS. What it made may go
// on in others: those that depend on it are named, and who makes a secret is told
// where that goes.
func applyHelper(c *design.Context, r *inventory.Resource) design.Decision {
	t := tell(c, r, design.Retire, likeForLike)
	typ := strings.TrimPrefix(string(r.Kind), "Terraform::")
	users := usersOf(c, r)
	uses := ""
	if len(users) > 0 {
		uses = "; its value is part of " + names(users)
	}
	switch {
	case secretHelper(typ) && len(users) > 0:
		t.why("%s (%s) is a helper of the Terraform configuration and no resource of a cloud: it makes a secret that feeds %s, where it is decided what becomes of it", r.Name, typ, names(users))
		if !slices.ContainsFunc(users, keepsSecrets) {
			t.todo("put the secret that %s makes into the key vault, or make a new one there: at the source it stands in the Terraform state alone", r.Name)
		}
	case secretHelper(typ):
		t.why("%s (%s) is a helper of the Terraform configuration and no resource of a cloud: it makes a secret, and nothing that is known here takes it", r.Name, typ)
		t.todo("find out what takes the secret that %s makes, and put it into the key vault if a program needs it: at the source it stands in the Terraform state alone", r.Name)
	case strings.HasPrefix(typ, "null_"), typ == "terraform_data":
		t.why("%s (%s) is a helper of the Terraform configuration and no resource of a cloud: it runs steps, or passes values on, while Terraform runs%s", r.Name, typ, uses)
		t.todo("read the provisioners of %s: what they do for the workload has to be done by the delivery at the target", r.Name)
	default:
		t.why("%s (%s) is a helper of the Terraform configuration and no resource of a cloud%s", r.Name, typ, uses)
	}
	return t.done("*")
}

// usersOf are the resources whose configuration names a helper, in the order of
// the design: the reader of Terraform's files keeps under dependsOn whom a
// resource takes values from.
func usersOf(c *design.Context, r *inventory.Resource) []*inventory.Resource {
	var out []*inventory.Resource
	for _, other := range c.Everything() {
		if on := other.Attributes["dependsOn"]; on != nil && slices.Contains(design.Texts(on), string(r.ID)) {
			out = append(out, other)
		}
	}
	return out
}

// secretHelper recognises the types whose values are secret by their purpose.
func secretHelper(typ string) bool {
	switch typ {
	case "random_password", "random_bytes", "tls_private_key":
		return true
	}
	return false
}

// keepsSecrets reports whether the rule of a kind moves a secret from store to
// store.
func keepsSecrets(r *inventory.Resource) bool {
	return r.Kind == "AWS::SecretsManager::Secret" || r.Kind == "AWS::SSM::Parameter"
}
