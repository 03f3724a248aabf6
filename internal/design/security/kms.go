package security

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/keyvault/2026-02-01/keys"
)

const (
	vaultKind cloud.Kind = "Microsoft.KeyVault/vaults"
	keyKind   cloud.Kind = "Microsoft.KeyVault/vaults/keys"
	keysPage             = "Microsoft Learn, About keys"
)

func (s *state) keyRules() []design.Rule {
	return []design.Rule{
		{Name: "kms/key", Kinds: []cloud.Kind{"AWS::KMS::Key", "AWS::KMS::ReplicaKey"}, Stage: design.Keys, Source: keysPage, Targets: []cloud.Kind{vaultKind, keyKind}, Apply: key},
		{Name: "kms/alias", Kinds: []cloud.Kind{"AWS::KMS::Alias"}, Stage: design.Keys, Source: keysPage, Apply: alias},
	}
}

// key makes a new key: key material never leaves KMS (KMS Developer Guide,
// "AWS KMS concepts").
func key(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("KeyId", "BypassPolicyLockoutSafetyCheck", "CreationDate", "KeyState")
	if awsManaged(r) {
		s.Decide(design.Retire, common.LikeForLike, "AWS manages %s; Azure services encrypt with keys that Microsoft manages in the same way", r.Name)
		return s.Done()
	}
	if store := s.Text("Origin"); store == "AWS_CLOUDHSM" || store == "EXTERNAL_KEY_STORE" {
		s.Meets("kms.key-store", "Origin")
		s.Decide(design.Manual, common.Redesign, "%s lives in a key store of the customer's own (%s); its counterpart is an Azure Managed HSM, which is activated by its owners' keys", r.Name, store)
		s.Do("create and activate a Managed HSM, make the key there, and give the services that use %s the new key", r.Name)
		return s.Done()
	}
	properties, ok := keyProperties(s)
	if !ok {
		s.Meets("kms.spec", "KeySpec")
		s.Decide(design.Manual, common.Redesign, "key vaults have no keys of the kind %s", s.Text("KeySpec"))
		s.Do("look whether an Azure Managed HSM has the algorithm (AES and HMAC keys are oct-HSM keys there), or keep %s at AWS", r.Name)
		return s.Done()
	}
	keyGaps(s)
	properties.RotationPolicy = rotation(s)
	c.Put(design.Target{Type: keyKind, Parent: common.Vault(c), Base: keyName(c, r), NoLocation: true, Model: keys.Key{Properties: properties}}, r)
	s.Decide(design.Migrate, common.NamedGaps, "%s is a %s key for %s; a key of the vault takes its place, and what it encrypts is encrypted anew, since no key material leaves KMS",
		keyName(c, r), s.Plain("KeySpec", "SYMMETRIC_DEFAULT"), s.Plain("KeyUsage", "ENCRYPT_DECRYPT"))
	s.Not("Azure Managed HSM", "a pool of one tenant costs by the hour; a premium vault keeps keys in validated hardware too")
	s.Not("keys that Microsoft manages", "the workload decides itself who uses its key and when it goes")
	s.Do("ciphertext that the application stores under %s has to be decrypted at AWS and encrypted again before the key goes", r.Name)
	s.EffortDays = 0.5
	return s.Done()
}

func awsManaged(r *inventory.Resource) bool {
	return slices.Contains(r.Marks, inventory.Default) || strings.EqualFold(design.Text(r.Properties, "KeyManager"), "AWS") || strings.EqualFold(design.Text(r.Attributes, "KeyManager"), "AWS")
}

// keyName is what people call a key: its alias, since its id means nothing.
func keyName(c *design.Context, r *inventory.Resource) string {
	for _, a := range c.Referring(r, "AWS::KMS::Alias", "TargetKeyId") {
		if name := strings.TrimPrefix(design.Text(a.Properties, "AliasName"), "alias/"); name != "" && !common.Unresolved(name) {
			return common.SecretName(name)
		}
	}
	return common.SecretName(r.Name)
}

// keyProperties translates the spec. ok is false for kinds of keys that a
// vault does not have.
func keyProperties(s *common.Sheet) (keys.KeyProperties, bool) {
	spec := s.Plain("KeySpec", "SYMMETRIC_DEFAULT")
	if old := s.Text("CustomerMasterKeySpec"); old != "" && !s.Has("KeySpec") {
		spec = old
	}
	p := keys.KeyProperties{KeyOps: operations(s, s.Plain("KeyUsage", "ENCRYPT_DECRYPT"))}
	if s.R.Properties["Enabled"] != nil && !s.True("Enabled") {
		p.Attributes = &keys.KeyAttributes{Enabled: new(false)}
	}
	rsa := func(size int64) (keys.KeyProperties, bool) {
		p.Kty, p.KeySize = new(keys.JsonWebKeyTypeRSANegativeHSM), new(size)
		return p, true
	}
	curve := func(name keys.JsonWebKeyCurveName) (keys.KeyProperties, bool) {
		p.Kty, p.CurveName = new(keys.JsonWebKeyTypeECNegativeHSM), new(name)
		return p, true
	}
	switch spec {
	case "SYMMETRIC_DEFAULT":
		s.Gap("kms.symmetric", "KeySpec="+spec)
		return rsa(3072)
	case "RSA_2048":
		return rsa(2048)
	case "RSA_3072":
		return rsa(3072)
	case "RSA_4096":
		return rsa(4096)
	case "ECC_NIST_P256":
		return curve(keys.JsonWebKeyCurveNamePNegativeTwoFiveSix)
	case "ECC_NIST_P384":
		return curve(keys.JsonWebKeyCurveNamePNegativeThreeEightFour)
	case "ECC_NIST_P521":
		return curve(keys.JsonWebKeyCurveNamePNegativeFiveTwoOne)
	case "ECC_SECG_P256K1":
		return curve(keys.JsonWebKeyCurveNamePNegativeTwoFiveSixK)
	}
	return p, false
}

func operations(s *common.Sheet, usage string) *[]keys.JsonWebKeyOperation {
	switch usage {
	case "SIGN_VERIFY":
		return &[]keys.JsonWebKeyOperation{keys.JsonWebKeyOperationSign, keys.JsonWebKeyOperationVerify}
	case "KEY_AGREEMENT":
		s.Meets("kms.agreement", "KeyUsage")
		return &[]keys.JsonWebKeyOperation{keys.JsonWebKeyOperationSign, keys.JsonWebKeyOperationVerify}
	}
	return &[]keys.JsonWebKeyOperation{keys.JsonWebKeyOperationEncrypt, keys.JsonWebKeyOperationDecrypt, keys.JsonWebKeyOperationWrapKey, keys.JsonWebKeyOperationUnwrapKey}
}

func keyGaps(s *common.Sheet) {
	if s.True("MultiRegion") || s.R.Kind == "AWS::KMS::ReplicaKey" {
		s.Gap("kms.multi-region", "MultiRegion=true")
		s.Knows("PrimaryKeyArn")
	}
	if s.Text("Origin") == "EXTERNAL" {
		s.Meets("kms.imported", "Origin")
	}
	if days := s.Int("PendingWindowInDays", 90); days != 90 {
		s.Meets("kms.pending", "PendingWindowInDays")
	}
	s.Knows("KeyPolicy")
	if keyPolicySays(s.R) {
		s.Gap("kms.policy", "KeyPolicy")
	}
}

// keyPolicySays reports whether a key policy names more than its own account.
func keyPolicySays(r *inventory.Resource) bool {
	for _, st := range policyOf(r.Properties["KeyPolicy"]) {
		for _, p := range st.principals {
			if !ownRoot(p, r.Account) {
				return true
			}
		}
		if len(st.services) > 0 || !st.allow {
			return true
		}
	}
	return false
}

// ownRoot reports whether a principal is the account that a key stands in, by
// its number or its root (IAM User Guide, "AWS account principals").
func ownRoot(principal string, own cloud.Account) bool {
	account := principal
	if parts := strings.SplitN(principal, ":", 6); len(parts) == 6 && parts[5] == "root" {
		account = parts[4]
	}
	// A template asks for the account that it is deployed to.
	return own == "" && account != principal || account == string(own) || strings.Contains(account, "AWS::AccountId")
}

// rotation gives the key's own rotation: once a year unless the source says
// otherwise (KMS Developer Guide, "Rotate AWS KMS keys").
func rotation(s *common.Sheet) *keys.RotationPolicy {
	if !s.True("EnableKeyRotation") {
		s.Knows("RotationPeriodInDays")
		return nil
	}
	after := fmt.Sprintf("P%dD", min(max(s.Int("RotationPeriodInDays", 365), 7), 2560))
	return &keys.RotationPolicy{LifetimeActions: &[]keys.LifetimeAction{{
		Action: &keys.Action{Type: new(keys.KeyRotationPolicyActionTypeRotate)}, Trigger: &keys.Trigger{TimeAfterCreate: new(after)},
	}}}
}

func alias(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("AliasName", "AliasArn", "CreationDate", "LastUpdatedDate")
	name := s.Text("AliasName")
	if strings.HasPrefix(name, "alias/aws/") {
		s.Knows("TargetKeyId")
		s.Decide(design.Retire, common.LikeForLike, "%s names a key that AWS manages", name)
		return s.Done()
	}
	if k, ok := c.Find(r, s.At("TargetKeyId"), "AWS::KMS::Key", "AWS::KMS::ReplicaKey"); ok {
		if id, ok := c.TargetOf(k, keyKind); ok {
			c.Attach(r, id)
			s.Decide(design.Replace, common.LikeForLike, "a key of a vault has a name of its own, which is the alias")
			s.Do("code that names %s takes the address of the key in the vault", name)
			return s.Done()
		}
	}
	s.Decide(design.Retire, common.NamedGaps, "the key of %s has no counterpart in this design", name)
	return s.Done()
}
