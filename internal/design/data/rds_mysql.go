package data

import (
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/mysql/2024-12-30/configurations"
	"github.com/hashicorp/go-azure-sdk/resource-manager/mysql/2024-12-30/databases"
	"github.com/hashicorp/go-azure-sdk/resource-manager/mysql/2024-12-30/firewallrules"
	"github.com/hashicorp/go-azure-sdk/resource-manager/mysql/2024-12-30/servers"
)

// newest is the newest version that the service has for production, 8.4. It is a
// parameter, because the published type of API 2024-12-30 names 5.7 and 8.0.21
// alone although it leaves room for others, and a check that knows the names only
// would refuse it; Terraform's provider makes servers of 8.4 with this very value
// (terraform-provider-azurerm, "azurerm_mysql_flexible_server: 8.4 version
// support").
func (s *sheet) newest() servers.ServerVersion {
	return servers.ServerVersion(s.c.Parameter(design.Parameter{
		Name: "mysqlVersion", Default: "8.4", Description: "Version of the MySQL servers that stand for sources of 8.4 and later",
	}))
}

// mysqlVersion is the source's own version where the service has it: 8.0 and 8.4
// (Microsoft Learn, "Azure Database for MySQL version support policy"). Older
// ones are raised, and newer ones cannot be lowered by a dump alone: 9.7 is a
// version of RDS and none of the service, whose innovation releases live 30 days.
func (f *relational) mysqlVersion(s *sheet) servers.ServerVersion {
	version := f.version
	for _, g := range f.groups {
		if majorOf(version) == 0 {
			_, version, _ = strings.Cut(design.Text(g.Properties, "Family"), "mysql")
		}
	}
	switch {
	case strings.EqualFold(design.Text(s.r.Properties, "Engine"), "mariadb"):
	case majorOf(version) == 0:
		s.Do("name the version of %s: the source takes RDS's default, and 8.0 was taken", s.r.Name)
	case majorBelow(version, 8):
		s.Gap("mysql.version-raised", "EngineVersion="+version)
	case strings.HasPrefix(version, "8.0"), version == "8":
		s.Gap("mysql.version-end", "EngineVersion="+version)
	case strings.HasPrefix(version, "8.4"):
		return s.newest()
	case majorBelow(version, 9):
		s.Gap("mysql.version-raised", "EngineVersion="+version)
		return s.newest()
	default:
		s.Gap("mysql.version-new", "EngineVersion="+version)
		return s.newest()
	}
	return servers.ServerVersionEightPointZeroPointTwoOne
}

func enabled(on bool) *servers.EnableStatusEnum {
	if on {
		return new(servers.EnableStatusEnumEnabled)
	}
	return new(servers.EnableStatusEnumDisabled)
}

func (s *sheet) mysql(f *relational) cloud.ResourceID {
	properties := servers.ServerProperties{
		Version: new(f.mysqlVersion(s)), CreateMode: new(servers.CreateModeDefault),
		AdministratorLogin: new(f.admin), AdministratorLoginPassword: new(f.password),
		Storage: f.mysqlStorage(), Backup: &servers.Backup{BackupRetentionDays: new(int64(f.keepDays)), GeoRedundantBackup: enabled(f.geo)},
		HighAvailability: &servers.HighAvailability{Mode: new(servers.HighAvailabilityModeDisabled)},
		Network:          f.mysqlNetwork(),
	}
	if f.standby {
		properties.HighAvailability.Mode = new(servers.HighAvailabilityModeSameZone)
		if s.zones() {
			properties.HighAvailability.Mode = new(servers.HighAvailabilityModeZoneRedundant)
		}
	}
	if w := f.window; w != nil {
		properties.MaintenanceWindow = &servers.MaintenanceWindow{CustomWindow: new("Enabled"), DayOfWeek: new(w.day), StartHour: new(w.hour), StartMinute: new(w.minute)}
	}
	if f.entra {
		s.Do("make a Microsoft Entra group the administrator of the server of %s, with an identity that may read the directory", s.r.Name)
	}
	if f.hasKey {
		properties.DataEncryption = &servers.DataEncryption{Type: new(servers.DataEncryptionTypeAzureKeyVault), PrimaryKeyURI: new(f.key.URI), PrimaryUserAssignedIdentityId: new(string(f.key.Identity))}
	}
	id := s.c.Put(design.Target{
		Type: mysqlServer, Base: base(s.r), After: f.after(),
		Model: servers.Server{Sku: &servers.MySQLServerSku{Name: f.sku.Name, Tier: servers.ServerSkuTier(f.sku.Tier)}, Properties: &properties},
	}, s.r)
	if f.hasKey {
		setBody(s.c, id, "identity", f.key.identityBody())
	}
	s.mysqlParts(f, id)
	return id
}

// mysqlStorage provisions the source's IOPS, up to what the size of the server
// does (Microsoft Learn, "Azure Database for MySQL flexible server service
// tiers"). Where nothing was promised, or nobody knows what the size does, the
// service scales them by use.
func (f *relational) mysqlStorage() *servers.Storage {
	provisioned := f.iops > 0 && f.sku.IOPS > 0
	out := servers.Storage{StorageSizeGB: new(int64(f.storageGiB)), AutoGrow: enabled(f.growing), AutoIoScaling: enabled(!provisioned)}
	if provisioned {
		// What comes with the smallest storage: 300, and 3 for each GiB (Microsoft
		// Learn, "Azure Database for MySQL flexible server storage").
		out.Iops = new(int64(min(max(f.iops, 360), f.sku.IOPS)))
	}
	return &out
}

func (f *relational) mysqlNetwork() *servers.Network {
	out := servers.Network{PublicNetworkAccess: enabled(f.net.public)}
	if f.net.subnet != "" {
		out.DelegatedSubnetResourceId, out.PrivateDnsZoneResourceId = new(string(f.net.subnet)), new(string(f.net.zone))
	}
	return &out
}

func mysqlReplica(f *relational, server cloud.ResourceID) servers.Server {
	properties := servers.ServerProperties{CreateMode: new(servers.CreateModeReplica), SourceServerResourceId: new(string(server)), Network: f.mysqlNetwork()}
	if f.hasKey {
		properties.DataEncryption = &servers.DataEncryption{Type: new(servers.DataEncryptionTypeAzureKeyVault), PrimaryKeyURI: new(f.key.URI), PrimaryUserAssignedIdentityId: new(string(f.key.Identity))}
	}
	return servers.Server{Sku: &servers.MySQLServerSku{Name: f.sku.Name, Tier: servers.ServerSkuTier(f.sku.Tier)}, Properties: &properties}
}

// mysqlParts puts what stands below the server, one after the other.
func (s *sheet) mysqlParts(f *relational, server cloud.ResourceID) {
	previous := server
	chain := func(t design.Target, sources ...*inventory.Resource) {
		t.Parent, t.NoLocation, t.After = server, true, []cloud.ResourceID{previous}
		previous = s.c.Put(t, sources...)
	}
	t := s.parameters(f)
	charset, collation := t.values["character_set_server"], t.values["collation_server"]
	if charset == "" {
		charset = "utf8mb4"
	}
	if f.database != "" && !slices.Contains([]string{"mysql", "sys", "information_schema", "performance_schema"}, strings.ToLower(f.database)) {
		properties := databases.DatabaseProperties{Charset: new(charset)}
		if collation == "" && charset == "utf8mb4" {
			collation = "utf8mb4_0900_ai_ci"
		}
		if collation != "" {
			properties.Collation = new(collation)
		}
		chain(design.Target{Type: mysqlServer + "/databases", Base: f.database, Exact: true, Model: databases.Database{Properties: &properties}}, s.r)
	}
	for _, block := range f.net.blocks {
		if first, final, ok := span(block); ok {
			chain(design.Target{Type: mysqlServer + "/firewallRules", Base: "allow-" + strings.ReplaceAll(block, "/", "-"), Model: firewallrules.FirewallRule{
				Properties: firewallrules.FirewallRuleProperties{StartIPAddress: first, EndIPAddress: final},
			}}, s.r)
		}
	}
	s.mysqlOnce(t)
	for _, name := range slices.Sorted(maps.Keys(t.values)) {
		sources := []*inventory.Resource{s.r}
		if g := t.from[name]; g != nil {
			sources = append(sources, g)
		}
		chain(design.Target{Type: mysqlServer + "/configurations", Base: name, Exact: true, Model: configurations.Configuration{
			Properties: &configurations.ConfigurationProperties{Value: new(t.values[name]), Source: new(configurations.ConfigurationSourceUserNegativeoverride)},
		}}, sources...)
	}
}

// mysqlOnce takes out what no change of a running server sets (Microsoft Learn,
// "Server parameters in Azure Database for MySQL"): the case of table names is
// chosen when a server is made, 1 unless it is said, while MySQL on Linux has 0;
// gtid_mode takes one step at a time.
func (s *sheet) mysqlOnce(t settings) {
	names, said := t.values["lower_case_table_names"]
	if delete(t.values, "lower_case_table_names"); names != "1" {
		s.Gap("mysql.table-names", "lower_case_table_names="+map[bool]string{true: names, false: "0, by default"}[said])
	}
	if mode := t.values["gtid_mode"]; mode != "" {
		if delete(t.values, "gtid_mode"); mode != "OFF" {
			s.Do("raise gtid_mode of the server of %s to %s step by step (OFF_PERMISSIVE, ON_PERMISSIVE, ON), after enforce_gtid_consistency is ON", s.r.Name, mode)
		}
	}
}
