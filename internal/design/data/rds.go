package data

import (
	"cmp"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

const (
	postgresServer cloud.Kind = "Microsoft.DBforPostgreSQL/flexibleServers"
	mysqlServer    cloud.Kind = "Microsoft.DBforMySQL/flexibleServers"
	sqlServer      cloud.Kind = "Microsoft.Sql/servers"
	sqlInstance    cloud.Kind = "Microsoft.Sql/managedInstances"
)

const (
	dbInstance cloud.Kind = "AWS::RDS::DBInstance"
	dbCluster  cloud.Kind = "AWS::RDS::DBCluster"
)

// Clusters come before instances: a cluster puts the server that its writer
// stands for.
func (b *book) rdsRules() []design.Rule {
	const page = "Azure Architecture Center, Compare relational database services on Azure and AWS"
	servers := []cloud.Kind{postgresServer, mysqlServer, postgresServer + "/configurations", mysqlServer + "/configurations", postgresServer + "/databases", mysqlServer + "/databases", postgresServer + "/firewallRules", mysqlServer + "/firewallRules", "Microsoft.Network/privateDnsZones"}
	return []design.Rule{
		making(b.rule("rds/cluster", page, cluster, dbCluster), servers...),
		making(b.rule("rds/instance", page, instance, dbInstance), append(servers, sqlServer, sqlServer+"/databases", sqlInstance)...),
	}
}

// family of an engine: what it becomes at the target.
func engineOf(r *inventory.Resource) string {
	engine := strings.ToLower(design.Text(r.Properties, "Engine"))
	switch {
	case engine == "postgres" || engine == "aurora-postgresql":
		return "postgres"
	case engine == "mysql" || engine == "aurora-mysql" || engine == "aurora" || engine == "mariadb":
		return "mysql"
	case strings.HasPrefix(engine, "sqlserver"):
		return "sqlserver"
	case strings.HasPrefix(engine, "oracle"), strings.HasPrefix(engine, "db2"), strings.HasPrefix(engine, "custom-"):
		return "machine"
	case strings.HasPrefix(engine, "docdb"), strings.HasPrefix(engine, "neptune"):
		return engine
	}
	return ""
}

func aurora(r *inventory.Resource) bool {
	return strings.HasPrefix(strings.ToLower(design.Text(r.Properties, "Engine")), "aurora")
}

func instance(s *sheet) design.Decision {
	if owner, ok := s.c.Find(s.r, s.At("DBClusterIdentifier"), dbCluster, "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster"); ok && owner.Kind == dbCluster {
		return s.member(owner)
	}
	if origin, ok := s.origin(); ok {
		return s.replicaDecision(origin)
	}
	switch engineOf(s.r) {
	case "postgres", "mysql":
		return s.flexible()
	case "sqlserver":
		return s.sqlServer()
	case "machine":
		return s.machine()
	case "neptune":
		return neptuneCluster(s)
	case "docdb":
		return docdbCluster(s)
	}
	return s.strangeEngine()
}

func cluster(s *sheet) design.Decision {
	switch engineOf(s.r) {
	case "postgres", "mysql":
		s.origin()
		return s.flexible()
	case "neptune":
		return neptuneCluster(s)
	case "docdb":
		return docdbCluster(s)
	}
	return s.strangeEngine()
}

func (s *sheet) strangeEngine() design.Decision {
	engine := design.Text(s.r.Properties, "Engine")
	if engine == "" {
		s.Do("find out which engine %s runs and name it under design.overrides: what it was made from (a snapshot, a replica's source) is not in the inventory", s.r.Name)
		return s.done(design.Manual, 0.3, "no automatic mapping: nothing says which engine the database runs")
	}
	s.Do("choose a home for the engine %q of %s: a virtual machine, or another product", engine, s.r.Name)
	return s.done(design.Manual, 0.3, "no automatic mapping: no managed service of Azure runs the engine %q", engine)
}

// machine is for engines that Azure runs in no service of its own.
func (s *sheet) machine() design.Decision {
	engine := design.Text(s.r.Properties, "Engine")
	name := map[bool]string{true: "Oracle", false: "Db2"}[strings.Contains(engine, "oracle")]
	if strings.HasPrefix(engine, "custom-sqlserver") {
		name = "SQL Server"
	}
	size := sizeWords(s.c, s.text("DBInstanceClass"))
	s.Knows("Engine", "EngineVersion", "AllocatedStorage", "LicenseModel", "MultiAZ", "DBName", "MasterUsername")
	if name == "Oracle" {
		s.Not("Oracle Database@Azure", "Oracle's own Exadata service in Azure's data centres: fits when the licence and the size carry it; ask Oracle for the region")
		s.Not("Azure Database for PostgreSQL flexible server", "another engine: schema, PL/SQL and the application have to be converted (ora2pg), which is no like-for-like move")
	}
	s.Do("put %s on a virtual machine with %s in a data subnet: memory-optimised size, data and log on Premium SSD v2 disks", name, size)
	s.Do("check the licence: RDS may have it included (LicenseModel %q), a virtual machine needs one of your own", design.Text(s.r.Properties, "LicenseModel"))
	s.Do("build backup, patching and high availability yourself: RDS did that (MultiAZ %q)", design.Text(s.r.Properties, "MultiAZ"))
	s.Decision.EffortDays = 15
	return s.done(design.Manual, 0.3, "no automatic mapping: Azure has no managed service for %s; the instance (%s %s, %s) needs a virtual machine", name, engine, design.Text(s.r.Properties, "EngineVersion"), size)
}

// origin is the instance that this one is a read replica of.
func (s *sheet) origin() (*inventory.Resource, bool) {
	for _, path := range []string{"SourceDBInstanceIdentifier", "ReadReplicaSourceDBInstanceIdentifier"} {
		if value := s.At(path); value != nil && value != "" {
			r, ok := s.c.Find(s.r, value, dbInstance)
			if !ok || r == s.r || s.c.Shared(r) {
				s.Meets("rds.replica-source", path)
				return nil, false
			}
			return r, true
		}
	}
	for _, path := range []string{"SourceDBClusterIdentifier", "ReplicationSourceIdentifier"} {
		// A cluster that is restored from another names it too.
		if s.text(path) != "" && s.text("RestoreType") == "" {
			s.Meets("rds.replica-source", path)
		}
	}
	return nil, false
}

// replicasOf are the read replicas of an instance inside the design.
func replicasOf(c *book, r *inventory.Resource) []*inventory.Resource {
	out := c.Referring(r, dbInstance, "SourceDBInstanceIdentifier")
	for _, other := range c.Referring(r, dbInstance, "ReadReplicaSourceDBInstanceIdentifier") {
		if !slices.Contains(out, other) {
			out = append(out, other)
		}
	}
	return slices.DeleteFunc(out, func(o *inventory.Resource) bool { return o == r || c.Shared(o) })
}

// replicaDecision is for a replica that its source's rule puts.
func (s *sheet) replicaDecision(origin *inventory.Resource) design.Decision {
	if e := engineOf(origin); e != "postgres" && e != "mysql" {
		s.Do("decide for %s together with its source %s", s.r.Name, origin.Name)
		return s.done(design.Manual, 0.3, "no automatic mapping: it is a read replica of %s, whose engine has no flexible server", origin.Name)
	}
	s.skipInstance()
	if origin.Region != "" && s.r.Region != "" && origin.Region != s.r.Region {
		s.Gap("rds.replica-region", "SourceDBInstanceIdentifier in "+string(origin.Region))
	}
	s.Gap("rds.replica-endpoint", "SourceDBInstanceIdentifier="+origin.Name)
	s.Decision.EffortDays = 0.5
	return s.done(design.Migrate, 0.8, "read replica of %s: a replica server with the same storage as its primary (%s)", origin.Name, sizeWords(s.c, design.Text(s.r.Properties, "DBInstanceClass")))
}

// members are the instances of an Aurora cluster, the writer first: the one
// that a failover would choose (lowest promotion tier), then by name.
func members(c *book, owner *inventory.Resource) []*inventory.Resource {
	out := c.Referring(owner, dbInstance, "DBClusterIdentifier")
	slices.SortStableFunc(out, func(a, b *inventory.Resource) int {
		return cmp.Or(cmp.Compare(design.Int(a.Properties, "PromotionTier", 1), design.Int(b.Properties, "PromotionTier", 1)), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// member is for an instance of an Aurora cluster.
func (s *sheet) member(owner *inventory.Resource) design.Decision {
	all := members(s.c, owner)
	at := slices.Index(all, s.r)
	s.skipInstance()
	s.Knows("PromotionTier")
	s.gapIf("db.performance-insights", "EnablePerformanceInsights")
	if s.c.Shared(owner) {
		return shared(s.r)
	}
	kind := postgresServer
	if engineOf(owner) == "mysql" {
		kind = mysqlServer
	}
	server, ok := s.c.TargetOf(owner, kind)
	if !ok {
		s.Do("decide for %s together with its cluster %s", s.r.Name, owner.Name)
		return s.done(design.Manual, 0.3, "no automatic mapping: its cluster %s has no server in this design", owner.Name)
	}
	size := sizeWords(s.c, design.Text(s.r.Properties, "DBInstanceClass"))
	if at <= 0 {
		s.c.Attach(s.r, server)
		return s.done(design.Migrate, 0.8, "the writer of cluster %s (%s) is server %s itself", owner.Name, size, common.LastName(server))
	}
	if design.Text(s.r.Properties, "DBInstanceClass") != design.Text(all[0].Properties, "DBInstanceClass") {
		s.Gap("aurora.reader-size", "DBInstanceClass="+design.Text(s.r.Properties, "DBInstanceClass"))
	}
	s.Gap("aurora.reader", "DBClusterIdentifier="+owner.Name)
	return s.done(design.Migrate, 0.7, "a reader of cluster %s (%s): a replica of server %s with a copy of the data of its own", owner.Name, size, common.LastName(server))
}

// skipInstance ticks off what a replica or member takes from its source.
func (s *sheet) skipInstance() {
	s.Knows("DBInstanceIdentifier", "DBInstanceClass", "Engine", "EngineVersion", "DBSubnetGroupName", "VPCSecurityGroups", "PubliclyAccessible", "AvailabilityZone", "Port",
		"StorageEncrypted", "KmsKeyId", "StorageType", "AllocatedStorage", "Iops", "StorageThroughput", "MultiAZ", "BackupRetentionPeriod", "PreferredBackupWindow", "PreferredMaintenanceWindow",
		"AutoMinorVersionUpgrade", "CopyTagsToSnapshot", "DeletionProtection", "LicenseModel", "MasterUsername", "DBName", "DBParameterGroupName", "OptionGroupName", "CACertificateIdentifier",
		"MonitoringInterval", "MonitoringRoleArn", "EnablePerformanceInsights", "PerformanceInsightsRetentionPeriod", "PerformanceInsightsKMSKeyId", "EnableCloudwatchLogsExports", "EnableIAMDatabaseAuthentication",
		"DBClusterIdentifier", "MaxAllocatedStorage", "SourceRegion", "DBSecurityGroups", "AllowMajorVersionUpgrade", "DeleteAutomatedBackups", "DatabaseInsightsMode", "StorageEncryptionType")
	s.readOnly()
}

// readOnly ticks off what the API answers and nobody sets.
func (s *sheet) readOnly() {
	s.Knows("DBInstanceArn", "DBInstanceStatus", "DbiResourceId", "Endpoint", "InstanceCreateTime", "DBClusterArn", "DBClusterResourceId", "ReadEndpoint", "MasterUserSecret", "CertificateDetails",
		"Status", "StatusInfos", "LatestRestorableTime", "ClusterCreateTime", "ReadReplicaDBInstanceIdentifiers", "ReadReplicaIdentifiers", "DBSystemId", "InstanceId", "DBInstanceId", "UseDefaultProcessorFeatures",
		"RestoreToTime", "RestoreType", "UseLatestRestorableTime", "SourceDBClusterIdentifier", "SourceDbiResourceId", "DeleteAutomatedBackups", "CopyTagsToSnapshot", "AllowMajorVersionUpgrade", "ApplyImmediately",
		"AutomaticBackupReplicationRegion", "AutomaticBackupReplicationKmsKeyId", "AutomaticBackupReplicationRetentionPeriod", "ListenerEndpoint", "PercentProgress", "ActivityStreamStatus", "HostedZoneId", "DBClusterMembers", "EngineLifecycleSupport")
}

// sizeWords says what a class has: "db.m6g.large with 2 vCPU and 8 GiB".
func sizeWords(c *book, class string) string {
	switch wish, ok := c.Catalog.DatabaseWish(class); {
	case class == "":
		return "a size that is not known"
	case ok:
		return class + " with " + itoa(wish.VCPU) + " vCPU and " + gibibytes(wish.MiB)
	}
	return class
}
