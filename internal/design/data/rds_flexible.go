package data

import (
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/postgresql/2025-08-01/configurations"
	"github.com/hashicorp/go-azure-sdk/resource-manager/postgresql/2025-08-01/databases"
	"github.com/hashicorp/go-azure-sdk/resource-manager/postgresql/2025-08-01/firewallrules"
	"github.com/hashicorp/go-azure-sdk/resource-manager/postgresql/2025-08-01/servers"
)

// flexible puts a PostgreSQL or MySQL server with what belongs to it.
func (s *sheet) flexible() design.Decision {
	f := s.facts()
	kind := postgresServer
	if f.engine == "mysql" {
		kind = mysqlServer
	}
	f.network(s, kind)
	s.port(f.engine)
	s.relationalGaps(f)
	var server cloud.ResourceID
	if f.engine == "mysql" {
		server = s.mysql(&f)
	} else {
		server = s.postgres(&f)
	}
	for _, id := range []cloud.ResourceID{f.net.zone, f.net.link} {
		if id != "" {
			s.c.Attach(s.r, id)
		}
	}
	if f.net.public {
		s.private(server, map[string]string{"postgres": "postgresqlServer", "mysql": "mysqlServer"}[f.engine], f.net.near)
	}
	if f.logs {
		s.c.Attach(s.r, common.Diagnostics(s.c.Context, server))
	}
	s.replicas(&f, server)
	s.moveWords(&f)
	s.Decision.Cost = s.serverCost(&f)
	s.Decision.EffortDays = 3
	confidence := 0.9
	if aurora(s.r) {
		confidence = 0.75
	}
	if strings.EqualFold(design.Text(s.r.Properties, "Engine"), "mariadb") {
		confidence = 0.5
	}
	disk := itoa(f.storageGiB) + " GiB"
	if f.perfTier != "" {
		disk += " (performance tier " + f.perfTier + ")"
	}
	return s.done(design.Migrate, confidence, "%s %s on %s becomes %s, a flexible server %s with %s%s, backups for %s", design.Text(s.r.Properties, "Engine"), f.version,
		sizeWords(s.c, f.class), common.LastName(server), f.sku.Name, disk, map[bool]string{true: ", zone-redundant as the source is Multi-AZ", false: ""}[f.standby], common.Count(f.keepDays, "day"))
}

// postgresVersion settles the major version that the target takes.
func (f *relational) postgresVersion(s *sheet) servers.PostgresMajorVersion {
	const oldest, newest, usual = 13, 18, 16
	text := f.version
	if text == "" {
		for _, g := range f.groups {
			family := design.Text(g.Properties, "Family")
			text = strings.TrimPrefix(strings.TrimPrefix(family, "aurora-postgresql"), "postgres")
		}
	}
	n := majorOf(text)
	switch {
	case n == 0:
		s.Do("name the version of %s: the source takes RDS's default, and version %d was taken", s.r.Name, usual)
		n = usual
	case n < oldest:
		s.Gap("postgres.version-raised", "EngineVersion="+text)
		n = 15
	case n < 15:
		s.Gap("postgres.version-end", "EngineVersion="+text)
	case n > newest:
		s.Gap("postgres.version-new", "EngineVersion="+text)
		n = newest
	}
	f.major = n
	return servers.PostgresMajorVersion(itoa(n))
}

func (s *sheet) postgres(f *relational) cloud.ResourceID {
	properties := servers.ServerProperties{
		Version: new(f.postgresVersion(s)), CreateMode: new(servers.CreateModeDefault),
		AdministratorLogin: new(f.admin), AdministratorLoginPassword: new(f.password),
		AuthConfig: &servers.AuthConfig{PasswordAuth: new(servers.PasswordBasedAuthEnabled), ActiveDirectoryAuth: new(servers.MicrosoftEntraAuthDisabled)},
		Storage:    f.postgresStorage(),
		Backup: &servers.Backup{
			BackupRetentionDays: new(int64(f.keepDays)), GeoRedundantBackup: new(servers.GeographicallyRedundantBackupDisabled),
		},
		HighAvailability: &servers.HighAvailability{Mode: new(servers.PostgreSqlFlexibleServerHighAvailabilityModeDisabled)},
		Network:          &servers.Network{PublicNetworkAccess: new(servers.ServerPublicNetworkAccessStateDisabled)},
	}
	if f.entra {
		properties.AuthConfig.ActiveDirectoryAuth = new(servers.MicrosoftEntraAuthEnabled)
		properties.AuthConfig.TenantId = new(common.Tenant(s.c.Context))
	}
	if f.geo {
		properties.Backup.GeoRedundantBackup = new(servers.GeographicallyRedundantBackupEnabled)
	}
	if f.standby {
		properties.HighAvailability.Mode = new(s.standbyMode())
	}
	if w := f.window; w != nil {
		properties.MaintenanceWindow = &servers.MaintenanceWindow{CustomWindow: new("Enabled"), DayOfWeek: new(w.day), StartHour: new(w.hour), StartMinute: new(w.minute)}
	}
	if f.net.subnet != "" {
		properties.Network.DelegatedSubnetResourceId, properties.Network.PrivateDnsZoneArmResourceId = new(string(f.net.subnet)), new(string(f.net.zone))
	}
	if f.net.public {
		properties.Network.PublicNetworkAccess = new(servers.ServerPublicNetworkAccessStateEnabled)
	}
	if f.hasKey {
		properties.DataEncryption = &servers.DataEncryption{Type: new(servers.DataEncryptionTypeAzureKeyVault), PrimaryKeyURI: new(f.key.URI), PrimaryUserAssignedIdentityId: new(string(f.key.Identity))}
	}
	id := s.c.Put(design.Target{
		Type: postgresServer, Base: base(s.r), After: f.after(),
		Model: servers.Server{Sku: &servers.Sku{Name: f.sku.Name, Tier: servers.SkuTier(f.sku.Tier)}, Properties: &properties},
	}, s.r)
	if f.hasKey {
		setBody(s.c, id, "identity", f.key.identityBody())
	}
	s.postgresParts(f, id)
	return id
}

func (f *relational) after() []cloud.ResourceID {
	out := f.key.after()
	if f.net.link != "" {
		out = append(out, f.net.link)
	}
	return out
}

func (f *relational) postgresStorage() *servers.Storage {
	grow := servers.StorageAutoGrowDisabled
	if f.growing {
		grow = servers.StorageAutoGrowEnabled
	}
	return &servers.Storage{
		StorageSizeGB: new(int64(f.storageGiB)), AutoGrow: new(grow), Tier: new(servers.AzureManagedDiskPerformanceTier(f.perfTier)), Type: new(servers.StorageTypePremiumLRS),
	}
}

// standbyMode is zone-redundant wherever the region has zones.
func (s *sheet) standbyMode() servers.PostgreSqlFlexibleServerHighAvailabilityMode {
	if s.zones() {
		return servers.PostgreSqlFlexibleServerHighAvailabilityModeZoneRedundant
	}
	return servers.PostgreSqlFlexibleServerHighAvailabilityModeSameZone
}

// zones reports whether the target region is known to have zones, and notes
// that it has none.
func (s *sheet) zones() bool {
	region, ok := s.c.Catalog.Region(string(s.c.Place.Location))
	if ok && len(region.Zones) == 0 {
		s.Gap("db.no-zones", "region "+string(s.c.Place.Location))
		return false
	}
	return true
}

// postgresParts puts databases, firewall rules and parameters one after the
// other: the service refuses a change while another one is under way.
func (s *sheet) postgresParts(f *relational, server cloud.ResourceID) {
	previous := server
	chain := func(t design.Target, sources ...*inventory.Resource) {
		t.Parent, t.NoLocation, t.After = server, true, []cloud.ResourceID{previous}
		previous = s.c.Put(t, sources...)
	}
	if f.database != "" && !slices.Contains([]string{"postgres", "azure_maintenance", "azure_sys", "template0", "template1"}, f.database) {
		chain(design.Target{Type: postgresServer + "/databases", Base: f.database, Exact: true, Model: databases.Database{
			Properties: &databases.DatabaseProperties{Charset: new("UTF8"), Collation: new("en_US.utf8")},
		}}, s.r)
		s.Gap("postgres.collation", "DBName="+f.database)
	}
	for _, block := range f.net.blocks {
		if first, final, ok := span(block); ok {
			chain(design.Target{Type: postgresServer + "/firewallRules", Base: "allow-" + strings.ReplaceAll(block, "/", "-"), Model: firewallrules.FirewallRule{
				Properties: firewallrules.FirewallRuleProperties{StartIPAddress: first, EndIPAddress: final},
			}}, s.r)
		}
	}
	t := s.parameters(f)
	for _, name := range slices.Sorted(maps.Keys(t.values)) {
		sources := []*inventory.Resource{s.r}
		if g := t.from[name]; g != nil {
			sources = append(sources, g)
		}
		chain(design.Target{Type: postgresServer + "/configurations", Base: name, Exact: true, Model: configurations.Configuration{
			Properties: &configurations.ConfigurationProperties{Value: new(t.values[name]), Source: new("user-override")},
		}}, sources...)
	}
}

// parameters translates the groups, and says what has no counterpart.
func (s *sheet) parameters(f *relational) settings {
	t := translate(s.c.parameters(f.engine), f.groups)
	for _, text := range t.gaps {
		s.Gap("db.parameter", text)
	}
	for _, name := range t.dropped {
		s.Gap("postgres.extension", name)
	}
	if t.babelfish {
		s.Gap("aurora.babelfish", "rds.babelfish_status=on")
	}
	if len(t.computed) > 0 {
		s.Do("compare the target's own values for %s: the source computes them from its memory", strings.Join(t.computed, ", "))
	}
	if names := static(t.values); len(names) > 0 {
		s.Do("restart the server of %s once after its first deployment: %s take effect then", s.r.Name, strings.Join(names, ", "))
	}
	if f.engine == "postgres" {
		if _, said := t.values["require_secure_transport"]; !said && majorBelow(f.version, 15) {
			// rds.force_ssl is 1 by default from PostgreSQL 15 on (Amazon RDS User
			// Guide, "Requiring an SSL connection to a PostgreSQL DB instance").
			s.Gap("db.tls", "rds.force_ssl is not set")
		}
		s.allow(f, t)
	}
	return t
}

// allow says that the extensions of the databases themselves are not known: no API
// of AWS tells them.
func (s *sheet) allow(f *relational, t settings) {
	var has []string
	for _, e := range t.known {
		if e.Version(f.major) != "" {
			has = append(has, e.Name)
		}
	}
	s.Gap("postgres.extensions-unread", "azure.extensions="+t.values["azure.extensions"])
	s.Do("allow the extensions that the databases of %s use (select extname from pg_extension): landfall move postgres check names those that azure.extensions lacks, and the command; the service has %s", s.r.Name, strings.Join(has, ", "))
}

// static are the parameters that a running server does not take (Microsoft
// Learn, "Server parameters in Azure Database for PostgreSQL").
func static(values map[string]string) []string {
	var out []string
	for _, name := range []string{
		"autovacuum_freeze_max_age", "autovacuum_max_workers", "max_connections", "max_locks_per_transaction", "max_logical_replication_workers", "max_prepared_transactions", "max_replication_slots",
		"max_wal_senders", "max_worker_processes", "performance_schema", "shared_buffers", "shared_preload_libraries", "track_activity_query_size", "track_commit_timestamp", "wal_buffers", "wal_level",
	} {
		if values[name] != "" {
			out = append(out, name)
		}
	}
	return out
}

// majorOf is the major version in a version's text, 0 when it is no number.
func majorOf(version string) int {
	major, _, _ := strings.Cut(version, ".")
	return max(design.Int(map[string]any{"v": major}, "v", 0), 0)
}

// majorBelow reports a version that is known to be below n.
func majorBelow(version string, n int) bool {
	major := majorOf(version)
	return major > 0 && major < n
}

// parameterGroups are the groups of the owner's, the cluster's first.
func (s *sheet) parameterGroups() []*inventory.Resource {
	var out []*inventory.Resource
	for _, path := range []string{"DBClusterParameterGroupName", "DBParameterGroupName", "DBInstanceParameterGroupName"} {
		if g, ok := s.c.Find(s.r, s.At(path), "AWS::RDS::DBClusterParameterGroup", "AWS::RDS::DBParameterGroup"); ok {
			out = append(out, g)
		} else {
			s.outside(path)
		}
	}
	if s.r.Kind == dbCluster {
		for _, m := range members(s.c, s.r) {
			if g, ok := s.c.Find(m, m.Properties["DBParameterGroupName"], "AWS::RDS::DBParameterGroup"); ok && !slices.Contains(out, g) {
				out = append(out, g)
			}
		}
	}
	return out
}

// replicas puts a replica server for every read replica and every reader.
func (s *sheet) replicas(f *relational, server cloud.ResourceID) {
	readers := replicasOf(s.c, s.r)
	if s.r.Kind == dbCluster {
		if all := members(s.c, s.r); len(all) > 1 {
			readers = all[1:]
		}
	}
	most := map[string]int{"postgres": 5, "mysql": 10}[f.engine]
	if len(readers) > most {
		s.Gap("db.replica-count", common.Count(len(readers), "replica"))
		readers = readers[:most]
	}
	previous := server
	for _, r := range readers {
		t := design.Target{Base: base(r), After: append(f.after(), previous)}
		if f.engine == "mysql" {
			t.Type, t.Model = mysqlServer, mysqlReplica(f, server)
		} else {
			t.Type, t.Model = postgresServer, postgresReplica(f, server)
		}
		previous = s.c.Put(t, r)
		if f.hasKey {
			setBody(s.c, previous, "identity", f.key.identityBody())
		}
		s.chained(r, f.engine)
	}
}

// chained replicas replicate from a replica; the target has one level below the
// primary only for MySQL and two for PostgreSQL, so they are left to a person.
func (s *sheet) chained(r *inventory.Resource, engine string) {
	for _, next := range replicasOf(s.c, r) {
		s.Gap("rds.replica-chain", next.Name+" replicates from "+r.Name+" ("+engine+")")
	}
}

func postgresReplica(f *relational, server cloud.ResourceID) servers.Server {
	properties := servers.ServerProperties{
		CreateMode: new(servers.CreateModeReplica), SourceServerResourceId: new(string(server)), Storage: f.postgresStorage(),
		Network: &servers.Network{PublicNetworkAccess: new(servers.ServerPublicNetworkAccessStateDisabled)},
	}
	if f.net.subnet != "" {
		properties.Network.DelegatedSubnetResourceId, properties.Network.PrivateDnsZoneArmResourceId = new(string(f.net.subnet)), new(string(f.net.zone))
	}
	if f.net.public {
		properties.Network.PublicNetworkAccess = new(servers.ServerPublicNetworkAccessStateEnabled)
	}
	if f.hasKey {
		properties.DataEncryption = &servers.DataEncryption{Type: new(servers.DataEncryptionTypeAzureKeyVault), PrimaryKeyURI: new(f.key.URI), PrimaryUserAssignedIdentityId: new(string(f.key.Identity))}
	}
	return servers.Server{Sku: &servers.Sku{Name: f.sku.Name, Tier: servers.SkuTier(f.sku.Tier)}, Properties: &properties}
}

// relationalGaps notes what flexible servers do not do, property by property.
func (s *sheet) relationalGaps(f relational) {
	if strings.EqualFold(design.Text(s.r.Properties, "Engine"), "mariadb") {
		s.Meets("rds.mariadb", "Engine")
	}
	if f.standby && f.sku.Tier != catalog.Burstable && strings.HasPrefix(f.class, "db.t") {
		s.Gap("db.burstable", "DBInstanceClass="+f.class)
	}
	for _, row := range [][2]string{
		{"db.performance-insights", "EnablePerformanceInsights"}, {"db.performance-insights", "PerformanceInsightsEnabled"}, {"db.performance-insights", "DatabaseInsightsMode"},
		{"db.monitoring", "MonitoringInterval"}, {"db.ca", "CACertificateIdentifier"}, {"db.roles", "AssociatedRoles"},
		{"db.domain", "Domain"}, {"db.domain", "DomainFqdn"}, {"db.domain", "DomainAuthSecretArn"}, {"aurora.backtrack", "BacktrackWindow"},
		{"aurora.data-api", "EnableHttpEndpoint"}, {"aurora.forwarding", "EnableLocalWriteForwarding"}, {"aurora.forwarding", "EnableGlobalWriteForwarding"},
	} {
		s.gapIf(row[0], row[1])
	}
	if strings.EqualFold(s.text("NetworkType"), "DUAL") {
		s.Meets("db.ipv6", "NetworkType")
	}
	if strings.EqualFold(s.text("EngineMode"), "serverless") || strings.EqualFold(s.text("EngineMode"), "global") || strings.EqualFold(s.text("EngineMode"), "parallelquery") || strings.EqualFold(s.text("EngineMode"), "multimaster") {
		s.Meets("aurora.engine-mode", "EngineMode")
	}
	if aurora(s.r) && s.r.Kind == dbCluster {
		s.Gap("aurora.storage", "Engine="+design.Text(s.r.Properties, "Engine"))
	}
	if g, ok := s.c.Find(s.r, s.At("GlobalClusterIdentifier"), "AWS::RDS::GlobalCluster"); ok {
		s.Gap("aurora.global", "GlobalClusterIdentifier="+g.Name)
	} else {
		s.gapIf("aurora.global", "GlobalClusterIdentifier")
	}
	s.options(f.engine)
	s.Knows("MonitoringRoleArn", "PerformanceInsightsRetentionPeriod", "PerformanceInsightsKMSKeyId", "PerformanceInsightsKmsKeyId", "DomainIAMRoleName", "DomainOu", "DomainDnsIps",
		"LicenseModel", "DBSecurityGroups", "SourceRegion", "ReplicaMode", "EnableCloudwatchLogsExports", "ServerlessV2ScalingConfiguration", "ScalingConfiguration", "DBClusterInstanceClass",
		"GlobalClusterIdentifier", "ReplicationSourceIdentifier", "StorageEncryptionType", "DBClusterParameterGroupName", "DBInstanceParameterGroupName", "BackupTarget", "VPCSecurityGroups", "VpcSecurityGroupIds")
}

// options notes what the option group of an instance adds.
func (s *sheet) options(engine string) {
	group, ok := s.c.Find(s.r, s.At("OptionGroupName"), "AWS::RDS::OptionGroup")
	if !ok {
		s.outside("OptionGroupName")
		return
	}
	for _, o := range design.Maps(group.Properties["OptionConfigurations"]) {
		name := design.Text(o, "OptionName")
		if name == "MARIADB_AUDIT_PLUGIN" && engine == "mysql" {
			s.Gap("mysql.audit", "OptionConfigurations="+name)
			continue
		}
		s.Gap("db.option", "OptionConfigurations="+name)
	}
}
