package provider

import (
	"strings"

	"example.com/landfall/internal/sandbox/arm/document"
)

// VaultPath is where the sandbox serves the data plane of a vault. The real
// one has a host of its own per vault; here it is a path of the same server.
func VaultPath(name string) string { return "/_vault/" + strings.ToLower(name) }

// Hidden lists properties that a type takes and never answers, besides those
// that its definition marks.
func Hidden(kind string) []string {
	if strings.EqualFold(kind, "Microsoft.KeyVault/vaults/secrets") {
		return []string{"value"}
	}
	return nil
}

func vaultFillers() map[string]filler {
	return map[string]filler{
		"Microsoft.KeyVault/vaults": func(s Subject) map[string]any {
			days := int64(90)
			if n, ok := document.Get(s.Body, "properties.softDeleteRetentionInDays").(int64); ok {
				days = n
			}
			return properties(map[string]any{
				"vaultUri": s.Base() + VaultPath(s.ID.Name()) + "/", "provisioningState": s.State,
				"enableSoftDelete": document.Get(s.Body, "properties.enableSoftDelete") != false, "softDeleteRetentionInDays": days,
				"publicNetworkAccess": s.property("publicNetworkAccess", "Enabled"),
			})
		},
		"Microsoft.KeyVault/vaults/secrets": func(s Subject) map[string]any {
			vault := s.Base() + VaultPath(s.ID.Parent().Name())
			return properties(map[string]any{"secretUri": vault + "/secrets/" + s.ID.Name(), "secretUriWithVersion": vault + "/secrets/" + s.ID.Name() + "/" + strings.ReplaceAll(s.GUID("version"+s.stamp()), "-", "")})
		},
		"Microsoft.KeyVault/vaults/keys": func(s Subject) map[string]any {
			vault := s.Base() + VaultPath(s.ID.Parent().Name())
			return properties(map[string]any{"keyUri": vault + "/keys/" + s.ID.Name(), "keyUriWithVersion": vault + "/keys/" + s.ID.Name() + "/" + strings.ReplaceAll(s.GUID("version"), "-", "")})
		},
		"Microsoft.KeyVault/managedHSMs": func(s Subject) map[string]any {
			return properties(map[string]any{"hsmUri": "https://" + s.ID.Name() + ".managedhsm.azure.net/", "statusMessage": "The Managed HSM is provisioned."})
		},
	}
}
