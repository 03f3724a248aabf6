package provider

import "strings"

// Catalog answers what a subscription may use where. Values have the form of
// Resource Manager's answers. The catalogue of the product can stand behind it;
// SandboxCatalog is the small one that the sandbox brings.
type Catalog interface {
	// Usages are the quotas of a namespace in a region and what is used.
	Usages(namespace, region string) []map[string]any
	// Sizes are the compute SKUs of a region.
	Sizes(region string) []map[string]any
	// Capabilities are what a database service offers in a region.
	Capabilities(namespace, region string) []map[string]any
}

// SandboxCatalog holds a few sizes and quotas, enough to rehearse with. It is
// sandbox data: neither complete nor a statement about a real region.
type SandboxCatalog struct{}

var _ Catalog = SandboxCatalog{}

// quota is one line of usages.
func quota(name, shown string, used, limit int64) map[string]any {
	return map[string]any{"unit": "Count", "currentValue": used, "limit": limit, "name": map[string]any{"value": name, "localizedValue": shown}}
}

// Usages gives every region the same quotas.
func (SandboxCatalog) Usages(namespace, _ string) []map[string]any {
	switch strings.ToLower(namespace) {
	case "microsoft.compute":
		return []map[string]any{
			quota("availabilitySets", "Availability Sets", 0, 2500), quota("cores", "Total Regional vCPUs", 0, 100), quota("virtualMachines", "Virtual Machines", 0, 25000),
			quota("virtualMachineScaleSets", "Virtual Machine Scale Sets", 0, 2500), quota("standardDSv5Family", "Standard DSv5 Family vCPUs", 0, 100),
			quota("standardDDSv5Family", "Standard DDSv5 Family vCPUs", 0, 100), quota("standardBsv2Family", "Standard Bsv2 Family vCPUs", 0, 100), quota("standardFSv2Family", "Standard FSv2 Family vCPUs", 0, 100),
		}
	case "microsoft.network":
		return []map[string]any{
			quota("VirtualNetworks", "Virtual Networks", 0, 1000), quota("PublicIPAddresses", "Public IP Addresses", 0, 1000), quota("StaticPublicIPAddresses", "Static Public IP Addresses", 0, 1000),
			quota("NetworkSecurityGroups", "Network Security Groups", 0, 5000), quota("NetworkInterfaces", "Network Interfaces", 0, 65536), quota("LoadBalancers", "Load Balancers", 0, 1000),
			quota("ApplicationGateways", "Application Gateways", 0, 1000), quota("NatGateways", "Nat Gateways", 0, 1000),
		}
	case "microsoft.storage":
		return []map[string]any{quota("StorageAccounts", "Storage Accounts", 0, 250)}
	}
	return nil
}

// Sizes gives every region the same sizes in three zones.
func (SandboxCatalog) Sizes(region string) []map[string]any {
	var out []map[string]any
	for _, s := range []struct{ name, family, cores, memory string }{
		{"Standard_B2s_v2", "standardBsv2Family", "2", "8"}, {"Standard_D2s_v5", "standardDSv5Family", "2", "8"}, {"Standard_D4s_v5", "standardDSv5Family", "4", "16"},
		{"Standard_D8s_v5", "standardDSv5Family", "8", "32"}, {"Standard_D2ds_v5", "standardDDSv5Family", "2", "8"}, {"Standard_D4ds_v5", "standardDDSv5Family", "4", "16"}, {"Standard_F4s_v2", "standardFSv2Family", "4", "8"},
	} {
		capability := func(name, value string) any { return map[string]any{"name": name, "value": value} }
		out = append(out, map[string]any{
			"resourceType": "virtualMachines", "name": s.name, "tier": "Standard", "size": strings.TrimPrefix(s.name, "Standard_"), "family": s.family, "locations": []any{region},
			"locationInfo": []any{map[string]any{"location": region, "zones": []any{"1", "2", "3"}}}, "restrictions": []any{},
			"capabilities": []any{capability("vCPUs", s.cores), capability("MemoryGB", s.memory), capability("PremiumIO", "True"), capability("CpuArchitectureType", "x64"), capability("HyperVGenerations", "V1,V2")},
		})
	}
	return out
}

// Capabilities gives every region the same PostgreSQL editions.
func (SandboxCatalog) Capabilities(namespace, region string) []map[string]any {
	if !strings.EqualFold(namespace, "Microsoft.DBforPostgreSQL") {
		return nil
	}
	versions := []any{}
	for _, v := range []string{"18", "17", "16", "15", "14"} {
		versions = append(versions, map[string]any{"name": v, "status": "Available"})
	}
	edition := func(name string, sizes ...any) any {
		return map[string]any{"name": name, "status": "Available", "supportedServerSkus": sizes, "supportedStorageEditions": []any{map[string]any{"name": "ManagedDisk", "defaultStorageSizeMb": int64(131072)}}}
	}
	size := func(name string, cores, memory int64) any {
		return map[string]any{"name": name, "vCores": cores, "supportedMemoryPerVcoreMb": memory, "status": "Available", "supportedZones": []any{"1", "2", "3"}, "supportedHaMode": []any{"SameZone", "ZoneRedundant"}}
	}
	return []map[string]any{{
		"name": "FlexibleServerCapabilities", "status": "Available", "supportedServerVersions": versions, "zoneRedundantHaSupported": "Enabled", "geoBackupSupported": "Enabled", "onlineResizeSupported": "Enabled", "restricted": "Disabled",
		"supportedServerEditions": []any{
			edition("Burstable", size("Standard_B1ms", 1, 2048), size("Standard_B2s", 2, 2048)),
			edition("GeneralPurpose", size("Standard_D2ds_v5", 2, 4096), size("Standard_D4ds_v5", 4, 4096), size("Standard_D8ds_v5", 8, 4096)),
			edition("MemoryOptimized", size("Standard_E2ds_v5", 2, 8192), size("Standard_E4ds_v5", 4, 8192)),
		},
	}}
}
