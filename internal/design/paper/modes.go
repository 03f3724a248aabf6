package paper

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

// mode is a way in which a component fails. The list follows the failure modes
// of the Azure Well-Architected Framework, "Failure mode analysis".
type mode struct {
	name string
	// against says from the target's body what stands against it, and whether
	// that is enough to go on without people.
	against func(e estate, r design.Resource) (mitigation string, strong bool)
}

func modes() []mode {
	return []mode{
		{"a zone fails", zone},
		{"the region fails", region},
		{"the service fails", func(estate, design.Resource) (string, bool) {
			return "none of its own: the platform's own redundancy", false
		}},
		{"overload", overload},
		{"a person deletes or misconfigures it", mistake},
	}
}

// estate is what a failure is judged in: all target resources by id, and in
// order.
type estate struct {
	byID map[cloud.ResourceID]design.Resource
	list []design.Resource
}

func estateOf(d *design.Design) estate {
	e := estate{map[cloud.ResourceID]design.Resource{}, d.Resources}
	for _, r := range d.Resources {
		e.byID[r.ID] = r
	}
	return e
}

// part returns whether something below a resource satisfies a test.
func (e estate) part(r design.Resource, is func(design.Resource) bool) (design.Resource, bool) {
	i := slices.IndexFunc(e.list, func(p design.Resource) bool {
		return len(p.ID) > len(r.ID) && strings.EqualFold(string(p.ID[:len(r.ID)+1]), string(r.ID)+"/") && is(p)
	})
	if i < 0 {
		return design.Resource{}, false
	}
	return e.list[i], true
}

func isType(r design.Resource, kinds ...string) bool {
	return slices.ContainsFunc(kinds, func(k string) bool { return strings.EqualFold(string(r.Type), k) })
}

// zone looks for the settings that mean more than one zone.
func zone(e estate, r design.Resource) (string, bool) {
	zones := design.Texts(r.Body["zones"])
	plan, hasPlan := e.byID[cloud.ResourceID(design.Text(r.Body, "properties.serverFarmId"))]
	switch {
	case r.Location == "global":
		return "stands in no zone: served from many places", true
	case len(zones) > 1:
		return "spread over zones " + strings.Join(zones, ", "), true
	case strings.Contains(design.Text(r.Body, "sku.name"), "ZRS"):
		return "copies in three zones (" + design.Text(r.Body, "sku.name") + ")", true
	case strings.EqualFold(design.Text(r.Body, "properties.highAvailability.mode"), "ZoneRedundant"):
		return "standby in another zone, automatic failover", true
	case isType(r, "Microsoft.Cache/redisEnterprise") && strings.EqualFold(design.Text(r.Body, "properties.highAvailability"), "Enabled"):
		// Microsoft Learn, "Reliability in Azure Managed Redis".
		return "replicas of each shard, in other zones where the region has zones; automatic failover", true
	case isType(r, "Microsoft.ServiceBus/namespaces", "Microsoft.EventHub/namespaces", "Microsoft.EventGrid/systemTopics", "Microsoft.EventGrid/topics", "Microsoft.EventGrid/domains"):
		// Microsoft Learn, "Reliability in Azure Service Bus", "... Event Hubs" and
		// "... Event Grid": copies in the zones without a setting.
		return "spread over the zones by the platform where the region has zones", true
	case hasPlan:
		return zone(e, plan)
	case design.True(r.Body, "properties.zoneRedundant"), strings.EqualFold(design.Text(r.Body, "properties.zoneRedundancy"), "Enabled"), design.True(r.Body, "properties.locations.isZoneRedundant"):
		return "zone redundant", true
	case len(zones) == 1:
		return "stands in zone " + zones[0] + " alone", false
	}
	return "not zone redundant by its configuration", false
}

func region(_ estate, r design.Resource) (string, bool) {
	sku := design.Text(r.Body, "sku.name")
	switch {
	case strings.Contains(sku, "GRS"), strings.Contains(sku, "GZRS"):
		return "copies in the paired region (" + sku + "), failover by people", false
	case strings.EqualFold(design.Text(r.Body, "properties.backup.geoRedundantBackup"), "Enabled"):
		return "backups in the paired region, restored by people", false
	case len(design.List(design.At(r.Body, "properties.locations"))) > 1:
		return "in several regions", true
	case r.Location == "global":
		return "served from many places", true
	case holds(r):
		return "nothing: data and backups stand in this region alone", false
	}
	return rebuilt, false
}

const rebuilt = "built again from the infrastructure code"

// holds reports whether a resource keeps data that no code can make again.
func holds(r design.Resource) bool {
	kind := strings.ToLower(string(r.Type))
	return strings.HasPrefix(kind, "microsoft.dbfor") || isType(r, "Microsoft.Storage/storageAccounts", "Microsoft.DocumentDB/databaseAccounts", "Microsoft.DocumentDB/mongoClusters",
		"Microsoft.DocumentDB/cassandraClusters", "Microsoft.Sql/servers", "Microsoft.Sql/managedInstances", "Microsoft.Cache/redisEnterprise", "Microsoft.Cache/redis",
		"Microsoft.ServiceBus/namespaces", "Microsoft.EventHub/namespaces", "Microsoft.KeyVault/vaults", "Microsoft.Compute/disks", "Microsoft.NetApp/netAppAccounts",
		"Microsoft.Kusto/clusters", "Microsoft.Synapse/workspaces", "Microsoft.Search/searchServices", "Microsoft.ContainerRegistry/registries", "Microsoft.AppConfiguration/configurationStores")
}

func overload(e estate, r design.Resource) (string, bool) {
	switch {
	case isType(r, "Microsoft.Compute/virtualMachineScaleSets"):
		return e.scaleSet(r)
	case isType(r, "Microsoft.App/containerApps", "Microsoft.Web/sites"):
		return "scales out by its rules", true
	case isType(r, "Microsoft.Web/serverFarms") && slices.Contains([]string{"dynamic", "flexconsumption", "elasticpremium"}, strings.ToLower(design.Text(r.Body, "sku.tier"))):
		return "scales out by itself", true
	case r.Location == "global", isType(r, "Microsoft.EventGrid/systemTopics", "Microsoft.EventGrid/topics", "Microsoft.EventGrid/domains"):
		return "the platform scales it by itself", true
	case isType(r, "Microsoft.Storage/storageAccounts"):
		return "scales by itself up to the account's limits", true
	case isType(r, "Microsoft.ServiceBus/namespaces") && !strings.EqualFold(design.Text(r.Body, "sku.name"), "Premium"):
		return "scales by itself; throttles beyond the tier's limits", true
	case design.At(r.Body, "properties.autoscaleConfiguration") != nil, design.True(r.Body, "properties.isAutoInflateEnabled"):
		return "scales out by itself", true
	case isType(r, "Microsoft.DocumentDB/databaseAccounts"):
		return e.cosmos(r)
	case strings.EqualFold(design.Text(r.Body, "properties.storage.autoGrow"), "Enabled"):
		return "storage grows by itself; compute is scaled by people", false
	}
	return "fixed size, scaled by people", false
}

// scaleSet scales out only where autoscale settings name it.
func (e estate) scaleSet(r design.Resource) (string, bool) {
	for _, s := range e.list {
		if isType(s, "Microsoft.Insights/autoscaleSettings") && strings.EqualFold(design.Text(s.Body, "properties.targetResourceUri"), string(r.ID)) {
			return "scales out by its rules", true
		}
	}
	return "fixed size, scaled by people", false
}

// cosmos scales by itself when it is serverless, or its throughput is.
func (e estate) cosmos(r design.Resource) (string, bool) {
	for _, c := range design.Maps(design.At(r.Body, "properties.capabilities")) {
		if design.Text(c, "name") == "EnableServerless" {
			return "serverless: scales by itself", true
		}
	}
	if _, ok := e.part(r, func(p design.Resource) bool { return design.At(p.Body, "properties.options.autoscaleSettings") != nil }); ok {
		return "throughput scales by itself up to its maximum", true
	}
	return "fixed throughput, scaled by people", false
}

func mistake(e estate, r design.Resource) (string, bool) {
	days := design.Int(r.Body, "properties.backup.backupRetentionDays", 0)
	continuous := design.Text(r.Body, "properties.backupPolicy.continuousModeProperties.tier")
	switch {
	case design.True(r.Body, "properties.enablePurgeProtection"):
		return "kept after deletion, purge protection", true
	case days > 0:
		return "restored from a backup: to any moment of " + counted(days, "day", "days"), false
	case strings.EqualFold(design.Text(r.Body, "properties.backupPolicy.type"), "Continuous"):
		return "restored from a backup: continuous, to any moment" + span(continuous), false
	case design.Text(r.Body, "properties.backupPolicy.type") != "":
		return "restored from a backup: periodic", false
	case isType(r, "Microsoft.Sql/servers", "Microsoft.Sql/managedInstances"):
		// Microsoft Learn, "Automated backups in Azure SQL Database": always on.
		return "restored from a backup: the service keeps them by itself", false
	case isType(r, "Microsoft.Storage/storageAccounts"):
		return e.kept(r), false
	case isType(r, "Microsoft.KeyVault/vaults"):
		// Microsoft Learn, "Azure Key Vault soft-delete overview": it cannot be
		// turned off.
		return "kept after deletion, recovered by people", false
	case holds(r):
		return "nothing", false
	}
	return rebuilt, false
}

// span reads the days of a tier of continuous backup ("Continuous30Days").
func span(tier string) string {
	n := strings.TrimSuffix(strings.TrimPrefix(tier, "Continuous"), "Days")
	if n == "" || n == tier {
		return ""
	}
	return " of " + n + " days"
}

// kept says what an account keeps of what was overwritten or deleted.
func (e estate) kept(account design.Resource) string {
	var parts []string
	for _, s := range []struct{ at, says string }{
		{"properties.isVersioningEnabled", "earlier versions"}, {"properties.deleteRetentionPolicy.enabled", "deleted blobs"},
		{"properties.containerDeleteRetentionPolicy.enabled", "deleted containers"}, {"properties.shareDeleteRetentionPolicy.enabled", "deleted shares"},
	} {
		if p, ok := e.part(account, func(p design.Resource) bool { return design.True(p.Body, s.at) }); ok {
			says := s.says
			if days := design.Int(p.Body, strings.TrimSuffix(s.at, "enabled")+"days", 0); days > 0 && strings.HasSuffix(s.at, "enabled") {
				says += " for " + counted(days, "day", "days")
			}
			parts = append(parts, says)
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return "the account keeps " + strings.Join(parts, ", ") + "; restored by people"
}
