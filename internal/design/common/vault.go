package common

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"github.com/hashicorp/go-azure-sdk/resource-manager/keyvault/2026-02-01/vaults"
)

// Tenant returns the expression for the directory that the subscription
// trusts.
func Tenant(c *design.Context) string {
	return c.Parameter(design.Parameter{Name: "tenantId", Description: "The Microsoft Entra tenant that the subscription trusts"})
}

// Vault returns the workload's key vault, for secrets, keys and certificates.
// It takes roles instead of access policies. It is a premium one when the
// workload has KMS keys of its own: those live in hardware, and only premium
// vaults keep keys in hardware (Microsoft Learn, "About keys").
func Vault(c *design.Context) cloud.ResourceID {
	return c.Once("common/vault", func() cloud.ResourceID { return putVault(c, c.Options.Workload, customerKeys(c)) })
}

func putVault(c *design.Context, base string, hardware bool) cloud.ResourceID {
	sku := vaults.SkuNameStandard
	if hardware {
		sku = vaults.SkuNamePremium
	}
	return c.Put(design.Target{Type: "Microsoft.KeyVault/vaults", Base: base, Model: vaults.Vault{Properties: vaults.VaultProperties{
		TenantId:                  Tenant(c),
		Sku:                       vaults.Sku{Family: vaults.SkuFamilyA, Name: sku},
		EnableRbacAuthorization:   new(true),
		EnableSoftDelete:          new(true),
		SoftDeleteRetentionInDays: new(int64(90)),
		// A key that encrypts other resources must not be purged under them
		// (Microsoft Learn, "Azure Key Vault soft-delete overview").
		EnablePurgeProtection:        new(true),
		EnabledForTemplateDeployment: new(true),
		PublicNetworkAccess:          new("Enabled"),
		NetworkAcls:                  &vaults.NetworkRuleSet{Bypass: new(vaults.NetworkRuleBypassOptionsAzureServices), DefaultAction: new(vaults.NetworkRuleActionAllow)},
	}}})
}

// customerKeys reports whether the workload has KMS keys that AWS does not
// manage.
func customerKeys(c *design.Context) bool {
	for _, r := range c.OfKind("AWS::KMS::Key", "AWS::KMS::ReplicaKey") {
		if !strings.EqualFold(design.Text(r.Properties, "KeyManager"), "AWS") && !strings.EqualFold(design.Text(r.Attributes, "KeyManager"), "AWS") {
			return true
		}
	}
	return false
}
