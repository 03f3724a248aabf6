package provider

import (
	"strconv"
	"strings"

	"example.com/landfall/internal/catalog"
)

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

// SandboxCatalog answers with the sizes of the product's own catalogue and with
// quotas that are the sandbox's: no statement about a real subscription.
type SandboxCatalog struct{ facts *catalog.Catalog }

var _ Catalog = SandboxCatalog{}

// NewSandboxCatalog returns the catalogue on the facts.
func NewSandboxCatalog(facts *catalog.Catalog) SandboxCatalog { return SandboxCatalog{facts} }

// quota is one line of usages.
func quota(name, shown string, used, limit int64) map[string]any {
	return map[string]any{"unit": "Count", "currentValue": used, "limit": limit, "name": map[string]any{"value": name, "localizedValue": shown}}
}

// Usages gives every region the same quotas.
func (c SandboxCatalog) Usages(namespace, _ string) []map[string]any {
	switch strings.ToLower(namespace) {
	case "microsoft.compute":
		return c.compute()
	case "microsoft.network":
		return []map[string]any{
			quota("VirtualNetworks", "Virtual Networks", 0, 1000), quota("PublicIPAddresses", "Public IP Addresses", 0, 1000), quota("StaticPublicIPAddresses", "Static Public IP Addresses", 0, 1000),
			quota("NetworkSecurityGroups", "Network Security Groups", 0, 5000), quota("NetworkInterfaces", "Network Interfaces", 0, 65536), quota("LoadBalancers", "Load Balancers", 0, 1000),
			quota("ApplicationGateways", "Application Gateways", 0, 1000), quota("NatGateways", "Nat Gateways", 0, 1000),
			quota("ApplicationSecurityGroups", "Application Security Groups", 0, 3000), quota("RouteTables", "Route Tables", 0, 200),
		}
	case "microsoft.storage":
		return []map[string]any{quota("StorageAccounts", "Storage Accounts", 0, 250)}
	}
	return nil
}

// coresOfFamily is what a subscription may use of each family of sizes; twice
// that over all.
const coresOfFamily = 100

// compute gives a quota for each family of sizes that the facts know.
func (c SandboxCatalog) compute() []map[string]any {
	out := []map[string]any{
		quota("availabilitySets", "Availability Sets", 0, 2500), quota("cores", "Total Regional vCPUs", 0, 2*coresOfFamily),
		quota("virtualMachines", "Virtual Machines", 0, 25000), quota("virtualMachineScaleSets", "Virtual Machine Scale Sets", 0, 2500),
	}
	families := map[string]bool{}
	for _, s := range c.facts.VMSizes() {
		if s.Family != "" && !families[s.Family] {
			families[s.Family] = true
			out = append(out, quota(s.Family, s.Family+" vCPUs", 0, coresOfFamily))
		}
	}
	return out
}

// Sizes gives the sizes that the facts do not exclude from the region, in
// three zones.
func (c SandboxCatalog) Sizes(region string) []map[string]any {
	var out []map[string]any
	for _, s := range c.facts.VMSizes() {
		if sold, known := c.facts.SoldIn(s.Name, region); s.VCPU == 0 || s.MiB == 0 || known && !sold {
			continue
		}
		capability := func(name, value string) any { return map[string]any{"name": name, "value": value} }
		arch := "x64"
		if s.Arch == "arm64" {
			arch = "Arm64"
		}
		out = append(out, map[string]any{
			"resourceType": "virtualMachines", "name": s.Name, "tier": "Standard", "size": strings.TrimPrefix(s.Name, "Standard_"), "family": s.Family, "locations": []any{region},
			"locationInfo": []any{map[string]any{"location": region, "zones": []any{"1", "2", "3"}}}, "restrictions": []any{},
			"capabilities": []any{
				capability("vCPUs", strconv.Itoa(s.VCPU)), capability("MemoryGB", strconv.FormatFloat(float64(s.MiB)/1024, 'f', -1, 64)), capability("PremiumIO", "True"),
				capability("CpuArchitectureType", arch), capability("HyperVGenerations", "V1,V2"), capability("MaxDataDiskCount", strconv.Itoa(s.DataDisks)),
			},
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
