package provider

import (
	"encoding/base64"
	"strings"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/document"
)

func storageFillers() map[string]filler {
	return map[string]filler{
		"Microsoft.Storage/storageAccounts":                         fillAccount,
		"Microsoft.Storage/storageAccounts/blobServices/containers": fillContainer,
	}
}

// fillAccount names the public endpoints. A provisioner that runs a real
// server replaces primaryEndpoints with that server's.
func fillAccount(s Subject) map[string]any {
	endpoints := map[string]any{}
	for _, service := range []string{"blob", "queue", "table", "file", "dfs"} {
		endpoints[service] = "https://" + s.ID.Name() + "." + service + ".core.windows.net/"
	}
	endpoints["web"] = "https://" + s.ID.Name() + ".z13.web.core.windows.net/"
	out := map[string]any{
		"primaryEndpoints": endpoints, "primaryLocation": s.location(), "statusOfPrimary": "available", "creationTime": s.once("properties.creationTime", s.stamp()),
		"accessTier": s.property("accessTier", "Hot"), "minimumTlsVersion": s.property("minimumTlsVersion", "TLS1_0"),
		"supportsHttpsTrafficOnly":   document.Get(s.Body, "properties.supportsHttpsTrafficOnly") != false,
		"allowBlobPublicAccess":      document.Get(s.Body, "properties.allowBlobPublicAccess") == true,
		"encryption":                 map[string]any{"keySource": "Microsoft.Storage", "services": map[string]any{"blob": map[string]any{"enabled": true, "keyType": "Account"}, "file": map[string]any{"enabled": true, "keyType": "Account"}}},
		"privateEndpointConnections": []any{},
	}
	if given := document.Object(s.Body, "properties.encryption"); given != nil {
		out["encryption"] = document.Overlay(out["encryption"].(map[string]any), given)
	}
	return map[string]any{"sku": map[string]any{"tier": skuTier(s.text("sku.name"))}, "properties": out}
}

func skuTier(sku string) string {
	tier, _, _ := strings.Cut(sku, "_")
	if strings.HasPrefix(tier, "Premium") {
		return "Premium"
	}
	return "Standard"
}

func fillContainer(s Subject) map[string]any {
	return map[string]any{"etag": `"0x` + strings.ToUpper(strings.ReplaceAll(s.GUID("container"), "-", "")[:15]) + `"`, "properties": map[string]any{
		"lastModifiedTime": s.stamp(), "leaseStatus": "Unlocked", "leaseState": "Available", "hasImmutabilityPolicy": false, "hasLegalHold": false, "publicAccess": s.property("publicAccess", "None"),
	}}
}

// accountKey derives a key of 64 bytes from the resource's own identity. A
// provisioner that knows the server's key hands it over in its properties as
// "landfallKeys"; see control.
func accountKey(s Subject, name string) string {
	material := ""
	for _, part := range []string{"a", "b", "c", "d"} {
		material += strings.ReplaceAll(s.GUID("account key "+name+s.generation(name)+part), "-", "")
	}
	return base64.StdEncoding.EncodeToString([]byte(material)[:64])
}

func storageActors() map[string]actor {
	keys := func(a Action) any {
		out := []any{}
		for _, name := range []string{"key1", "key2"} {
			value := accountKey(a.Subject, name)
			if fixed := document.Text(a.Prior, "landfallKeys."+name); fixed != "" {
				value = fixed
			}
			out = append(out, map[string]any{"keyName": name, "value": value, "permissions": "FULL", "creationTime": a.prior("properties.creationTime")})
		}
		return map[string]any{"keys": out}
	}
	return map[string]actor{
		"Microsoft.Storage/storageAccounts/listKeys": func(a Action) (Effect, error) { return Effect{Body: keys(a)}, nil },
		"Microsoft.Storage/storageAccounts/regenerateKey": func(a Action) (Effect, error) {
			name := document.Text(a.Input, "keyName")
			if name != "key1" && name != "key2" {
				return Effect{}, armerror.BadRequest("InvalidRequestContent", "The value '%s' of 'keyName' is not 'key1' or 'key2'.", name)
			}
			if document.Text(a.Prior, "landfallKeys."+name) != "" {
				return Effect{}, armerror.NotSupported("making '" + name + "' anew: the account's key is that of a real server, which has only one")
			}
			renewed := a.renewed(name)
			a.Runtime = merged(a.Runtime, renewed)
			return Effect{Body: keys(a), Runtime: renewed}, nil
		},
	}
}

func merged(base, over map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range base {
		out[k] = v
	}
	for k, v := range over {
		out[k] = v
	}
	return out
}
