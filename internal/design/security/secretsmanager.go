package security

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

const secretsPage = "Microsoft Learn, About Azure Key Vault secrets"

func (s *state) secretRules() []design.Rule {
	return []design.Rule{
		{Name: "secretsmanager/secret", Kinds: []cloud.Kind{"AWS::SecretsManager::Secret"}, Stage: design.Keys, Source: secretsPage, Targets: []cloud.Kind{vaultKind}, Apply: s.secret},
		{Name: "secretsmanager/rotation", Kinds: []cloud.Kind{"AWS::SecretsManager::RotationSchedule"}, Stage: design.Keys, Source: "Microsoft Learn, Understanding autorotation in Azure Key Vault", Apply: secretRotation},
		{Name: "secretsmanager/attachment", Kinds: []cloud.Kind{"AWS::SecretsManager::SecretTargetAttachment"}, Stage: design.Keys, Source: secretsPage, Apply: ofSecret("the secret holds the address of %s, which changes at the target: write the new host into the value when it moves")},
		{Name: "secretsmanager/policy", Kinds: []cloud.Kind{"AWS::SecretsManager::ResourcePolicy"}, Stage: design.Keys, Source: secretsPage, Apply: ofSecret("a vault has no policy of its own: give who the policy of %s names a role on the vault")},
	}
}

// secret finds the vault that holds a secret. The value is no part of the
// design: it goes from store to store when the data moves.
func (s *state) secret(c *design.Context, r *inventory.Resource) design.Decision {
	sheet := common.Open(c, r).Knows("CreatedDate", "LastChangedDate")
	vault := s.vault(c, r)
	if vault == "" {
		sheet.Decide(design.Retain, common.NamedGaps, "others use %s too; its value is not copied without a word", called(r))
		sheet.Do("let the workload reach %s at AWS by a federated role, or give it a secret of its own in the vault", called(r))
		return sheet.Done()
	}
	c.Attach(r, vault)
	name := common.SecretName(called(r))
	sheet.Decide(design.Migrate, common.LikeForLike, "%s becomes the secret %s of a vault that only those read who read it today; its value moves from store to store and stands in no template", called(r), name)
	if name != called(r) {
		sheet.Gap("secret.name", called(r)+" -> "+name)
	}
	sheet.Not("a managed identity without any secret", "prefer it where the target takes Microsoft Entra tokens; like for like keeps the secret")
	secretGaps(sheet)
	sheet.Do("code that asks for %s asks the vault for %s", called(r), name)
	return sheet.Done()
}

func secretGaps(s *common.Sheet) {
	if s.Has("KmsKeyId") && !strings.Contains(s.Text("KmsKeyId"), "alias/aws/") {
		s.Meets("secret.key", "KmsKeyId")
	}
	if s.Has("ReplicaRegions") {
		s.Meets("secret.replica", "ReplicaRegions")
	}
	if s.Has("GenerateSecretString") {
		s.Gap("secret.generated", "GenerateSecretString")
	}
	if s.True("RotationEnabled") || s.Has("RotationLambdaARN") {
		s.Gap("secret.rotation", "RotationEnabled=true")
	}
	s.Knows("SecretString", "RotationRules", "RotationLambdaARN")
}

func secretRotation(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r)
	of := c.FindAll(r, s.At("SecretId"), "AWS::SecretsManager::Secret")
	for _, secret := range of {
		c.Attach(r, c.TargetsOf(secret)...)
	}
	s.Meets("secret.rotation", "RotationRules")
	s.Decide(design.Manual, common.Redesign, "Key Vault tells when a secret nears its end and turns nothing over by itself")
	s.Do("write a function that renews the secret when Event Grid says SecretNearExpiry, in place of %s", common.Shown(or(s.At("RotationLambdaARN"), s.At("HostedRotationLambda"))))
	s.Knows("RotateImmediatelyOnUpdate")
	s.EffortDays = 2
	return s.Done()
}

func or(values ...any) any {
	for _, v := range values {
		if v != nil {
			return v
		}
	}
	return "the rotation function"
}

// ofSecret decides what a secret absorbs; todo has the place of its name.
func ofSecret(todo string) func(c *design.Context, r *inventory.Resource) design.Decision {
	return func(c *design.Context, r *inventory.Resource) design.Decision {
		s := common.Open(c, r).Knows("TargetType", "BlockPublicPolicy", "ResourcePolicy", "TargetId")
		name := common.Shown(s.At("SecretId"))
		for _, secret := range c.FindAll(r, s.At("SecretId"), "AWS::SecretsManager::Secret") {
			c.Attach(r, c.TargetsOf(secret)...)
			name = secret.Name
		}
		s.Decide(design.Replace, common.NamedGaps, "%s is a setting of the secret %s", r.Name, name)
		s.Do(todo, common.Shown(or(r.Properties["TargetId"], name)))
		return s.Done()
	}
}

// vault returns the vault for a secret: one for each set of roles that read
// it. Vaults are where Key Vault's rights on secrets are best given (Microsoft
// Learn, "Azure role-based access control for Key Vault"), and a secret that
// has no value yet cannot carry a role assignment.
func (s *state) vault(c *design.Context, r *inventory.Resource) cloud.ResourceID {
	if c.Shared(r) {
		return ""
	}
	if s.vaults == nil {
		s.vaults = s.partition(c, c.OfKind("AWS::SecretsManager::Secret", "AWS::SSM::Parameter"), isSecret, "secretsmanager:GetSecretValue", "ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath")
	}
	return common.VaultFor(c, s.vaults[r.ID])
}

// partition parts resources by the roles that read them. The largest part is
// called "", the others by a role of theirs; "sealed" is read by nobody.
func (s *state) partition(c *design.Context, list []*inventory.Resource, counts func(*inventory.Resource) bool, actions ...string) map[cloud.ResourceID]string {
	readers := map[cloud.ResourceID][]string{}
	for _, role := range c.OfKind("AWS::IAM::Role") {
		if _, ok := c.TargetOf(role, identityKind); !ok {
			continue
		}
		for _, v := range []verdict{s.verdictOf(c, role), s.handedTo(c, role.ID)} {
			for p := range v.may {
				if p.on != "" && slices.Contains(actions, p.action) {
					readers[p.on] = with(readers[p.on], role.Name)
				}
			}
		}
	}
	members := map[string][]*inventory.Resource{}
	for _, r := range list {
		if counts(r) && !c.Shared(r) {
			slices.Sort(readers[r.ID])
			set := strings.Join(readers[r.ID], "\n")
			members[set] = append(members[set], r)
		}
	}
	sets := slices.SortedFunc(maps.Keys(members), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(members[b]), len(members[a])), cmp.Compare(b, a))
	})
	out := map[cloud.ResourceID]string{}
	taken := map[string]int{}
	for i, set := range sets {
		name, _, _ := strings.Cut(set, "\n")
		switch {
		case i == 0:
			name = ""
		case set == "":
			name = "sealed"
		default:
			if taken[name]++; taken[name] > 1 {
				name += "-" + common.GUID(set)[:4]
			}
		}
		for _, r := range members[set] {
			out[r.ID] = name
		}
	}
	return out
}
