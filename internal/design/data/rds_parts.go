package data

import (
	"cmp"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

// rdsPartRules are the kinds that stand beside databases. Their targets are put
// by the rules of the databases, which come first.
func (b *book) rdsPartRules() []design.Rule {
	const page = "Azure Architecture Center, Compare relational database services on Azure and AWS"
	groups := []cloud.Kind{"AWS::RDS::DBParameterGroup", "AWS::RDS::DBClusterParameterGroup"}
	return []design.Rule{
		b.rule("rds/parametergroup", "Microsoft Learn, Server parameters in Azure Database for PostgreSQL", parameterGroup, groups...),
		b.rule("rds/subnetgroup", page, subnetGroup, "AWS::RDS::DBSubnetGroup", "AWS::DocDB::DBSubnetGroup", "AWS::Neptune::DBSubnetGroup", "AWS::ElastiCache::SubnetGroup", "AWS::MemoryDB::SubnetGroup", "AWS::DAX::SubnetGroup", "AWS::Redshift::ClusterSubnetGroup", "AWS::DMS::ReplicationSubnetGroup"),
		b.rule("rds/optiongroup", page, optionGroup, "AWS::RDS::OptionGroup"),
		b.rule("rds/proxy", "Microsoft Learn, PgBouncer in Azure Database for PostgreSQL", proxy, "AWS::RDS::DBProxy"),
		b.rule("rds/proxypart", "Microsoft Learn, PgBouncer in Azure Database for PostgreSQL", proxyPart, "AWS::RDS::DBProxyEndpoint", "AWS::RDS::DBProxyTargetGroup"),
		b.rule("rds/snapshot", "Microsoft Learn, Backup and restore in Azure Database for PostgreSQL", snapshot, "AWS::RDS::DBSnapshot", "AWS::RDS::DBClusterSnapshot", "AWS::RDS::ClusterSnapshot"),
		b.rule("rds/globalcluster", "Microsoft Learn, Geo-replication in Azure Database for PostgreSQL", globalCluster, "AWS::RDS::GlobalCluster", "AWS::DocDB::GlobalCluster", "AWS::Neptune::GlobalCluster"),
	}
}

// users are the databases inside the design that name a resource.
func users(c *book, r *inventory.Resource, properties ...string) []*inventory.Resource {
	var out []*inventory.Resource
	for _, kind := range []cloud.Kind{dbInstance, dbCluster, "AWS::DocDB::DBCluster", "AWS::Neptune::DBCluster", "AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::CacheCluster", "AWS::MemoryDB::Cluster", "AWS::DAX::Cluster", "AWS::Redshift::Cluster", "AWS::DMS::ReplicationInstance"} {
		for _, property := range properties {
			out = append(out, c.Referring(r, kind, property)...)
		}
	}
	return out
}

func names(list []*inventory.Resource) string {
	var out []string
	for _, r := range list {
		out = append(out, r.Name)
	}
	return strings.Join(out, ", ")
}

func parameterGroup(s *sheet) design.Decision {
	family := s.text("Family")
	engine := "postgres"
	if strings.Contains(family, "mysql") || strings.Contains(family, "mariadb") || family == "aurora5.6" {
		engine = "mysql"
	}
	s.Knows("DBParameterGroupName", "DBClusterParameterGroupName", "Description", "DBParameterGroupArn", "DBClusterParameterGroupArn", "Parameters")
	of := users(s.c, s.r, "DBParameterGroupName", "DBClusterParameterGroupName", "DBInstanceParameterGroupName")
	if len(of) == 0 {
		return s.done(design.Retire, 0.8, "no database of the workload uses the parameter group")
	}
	if strings.HasPrefix(family, "sqlserver") || strings.HasPrefix(family, "oracle") || strings.HasPrefix(family, "db2") {
		return s.done(design.Replace, 0.6, "the parameters of %s are settled with %s: the target's engine has settings of its own", family, names(of))
	}
	t := translate(s.c.parameters(engine), []*inventory.Resource{s.r})
	for _, text := range t.gaps {
		s.Gap("db.parameter", text)
	}
	if len(t.managed) > 0 {
		s.Do("nothing to do for what the service sets by itself: %s", strings.Join(t.managed, ", "))
	}
	return s.done(design.Replace, 0.85, "%s of %s for %s: %d set at the server, %d set by the service, %d without a counterpart", common.Count(len(mapping(s.r.Properties["Parameters"])), "parameter"), cmp.Or(family, "a family that is not named"), names(of), len(t.values), len(t.managed), len(t.gaps)+len(t.dropped))
}

func orUnknown(text string) string {
	if text == "" {
		return "not known"
	}
	return text
}

func subnetGroup(s *sheet) design.Decision {
	s.Knows("SubnetIds", "DBSubnetGroupName", "DBSubnetGroupDescription", "CacheSubnetGroupName", "Description", "SubnetGroupName", "ReplicationSubnetGroupIdentifier", "ReplicationSubnetGroupDescription", "ClusterSubnetGroupName", "DBSubnetGroupArn", "SubnetGroupArn", "ARN", "VpcId", "SubnetGroupStatus", "SupportedNetworkTypes", "Subnets")
	of := append(users(s.c, s.r, "DBSubnetGroupName", "CacheSubnetGroupName", "SubnetGroupName", "ClusterSubnetGroupName", "ReplicationSubnetGroupIdentifier"), cachesIn(s.c, s.r)...)
	if len(of) == 0 {
		return s.done(design.Retire, 0.8, "no database of the workload uses the subnet group")
	}
	verb := "get"
	if len(of) == 1 {
		verb = "gets"
	}
	return s.done(design.Replace, 0.9, "%s %s a delegated subnet or a private endpoint instead of a group of subnets", names(of), verb)
}

func optionGroup(s *sheet) design.Decision {
	s.Knows("OptionGroupName", "OptionGroupDescription", "EngineName", "MajorEngineVersion", "OptionConfigurations", "OptionGroupArn", "VpcId", "AllowsVpcAndNonVpcInstanceMemberships")
	of := users(s.c, s.r, "OptionGroupName")
	options := design.Maps(s.r.Properties["OptionConfigurations"])
	if len(of) == 0 || len(options) == 0 {
		return s.done(design.Retire, 0.8, "it adds no option to a database of the workload")
	}
	var all []string
	for _, o := range options {
		all = append(all, design.Text(o, "OptionName"))
	}
	return s.done(design.Replace, 0.6, "its options (%s) are settled with %s, one gap each", strings.Join(all, ", "), names(of))
}

// proxied are the databases behind a proxy, by its target groups.
func proxied(c *book, proxy *inventory.Resource) []*inventory.Resource {
	var out []*inventory.Resource
	for _, g := range c.Referring(proxy, "AWS::RDS::DBProxyTargetGroup", "DBProxyName") {
		out = append(out, c.FindAll(g, g.Properties["DBInstanceIdentifiers"], dbInstance)...)
		out = append(out, c.FindAll(g, g.Properties["DBClusterIdentifiers"], dbCluster)...)
		for _, t := range design.Maps(g.Properties["Targets"]) {
			out = append(out, c.FindAll(g, design.At(t, "RdsResourceId"), dbInstance, dbCluster)...)
		}
	}
	return out
}

func proxy(s *sheet) design.Decision {
	s.Knows("DBProxyName", "DBProxyArn", "EngineFamily", "Auth", "RoleArn", "VpcSubnetIds", "VpcSecurityGroupIds", "Endpoint", "VpcId", "Status", "TargetConnectionNetworkType", "EndpointNetworkType", "CreatedDate", "UpdatedDate", "DefaultAuthScheme")
	s.Meets("rds.proxy", "EngineFamily")
	s.gapIf("rds.proxy-timeout", "IdleClientTimeout")
	s.gapIf("rds.proxy-debug", "DebugLogging")
	if s.yes("RequireTLS") {
		s.Do("keep require_secure_transport on: the proxy demands TLS")
	}
	s.Decision.EffortDays = 1
	if strings.EqualFold(design.Text(s.r.Properties, "EngineFamily"), "POSTGRESQL") {
		s.Do("turn pgbouncer.enabled on at the server (not on a burstable one) and send clients to port 6432; pool size and mode are server parameters")
		return s.done(design.Replace, 0.7, "PgBouncer, which is part of the flexible server, pools the connections to %s", orUnknown(names(proxied(s.c, s.r))))
	}
	s.Do("run ProxySQL on a virtual machine or container, or pool in the application: Azure Database for MySQL has no pooler of its own")
	s.Not("ProxySQL on a virtual machine", "one more server to run; a pool in the application does for most")
	return s.done(design.Manual, 0.4, "no automatic mapping: Azure has no managed connection pool for the engine family %s", orUnknown(design.Text(s.r.Properties, "EngineFamily")))
}

func proxyPart(s *sheet) design.Decision {
	s.Knows("DBProxyName", "DBProxyEndpointName", "DBProxyEndpointArn", "TargetGroupName", "TargetGroupArn", "DBInstanceIdentifiers", "DBClusterIdentifiers", "Targets", "VpcSubnetIds", "VpcSecurityGroupIds", "Endpoint", "VpcId", "IsDefault", "Status", "CreatedDate", "UpdatedDate", "EndpointNetworkType")
	s.gapIf("rds.proxy-pool", "ConnectionPoolConfigurationInfo")
	s.gapIf("rds.proxy-pool", "ConnectionPoolConfig")
	if strings.EqualFold(s.text("TargetRole"), "READ_ONLY") {
		s.Do("send readers of this endpoint to the replica server's own name: PgBouncer pools each server apart")
	}
	return s.done(design.Replace, 0.7, "it belongs to proxy %s and is settled with it", orUnknown(design.Text(s.r.Properties, "DBProxyName")))
}

func snapshot(s *sheet) design.Decision {
	automated := strings.EqualFold(s.text("SnapshotType"), "automated") || strings.HasPrefix(s.r.Name, "rds:")
	if automated {
		return s.done(design.Retire, 0.9, "an automated snapshot; the target's server makes backups of its own")
	}
	s.Knows("DBSnapshotIdentifier", "DBSnapshotArn", "DBInstanceIdentifier", "Engine", "EngineVersion", "AllocatedStorage", "Port", "AvailabilityZone", "VpcId", "MasterUsername", "LicenseModel", "StorageType", "Encrypted", "KmsKeyId", "SnapshotCreateTime", "InstanceCreateTime", "Status", "PercentProgress", "OptionGroupName", "DbiResourceId",
		"DBClusterSnapshotIdentifier", "DBClusterSnapshotArn", "DBClusterIdentifier", "ClusterCreateTime", "Iops", "Timezone", "StorageThroughput", "IAMDatabaseAuthenticationEnabled", "StorageEncrypted", "SnapshotType", "OriginalSnapshotCreateTime", "SnapshotTarget", "SnapshotDatabaseTime", "SourceRegion", "SourceDBSnapshotIdentifier", "TdeCredentialArn", "ProcessorFeatures", "DBSystemId", "DBClusterResourceId", "AvailabilityZones", "EngineMode", "StorageEncryptionType", "MultiTenant", "DedicatedLogVolume")
	s.Gap("rds.snapshot", "DBSnapshotIdentifier="+s.r.Name)
	s.Do("keep snapshot %s at AWS for as long as it must be kept, or restore it there, dump it and put the dump into a blob container with an immutability policy", s.r.Name)
	return s.done(design.Retain, 0.7, "a snapshot is in a format that only RDS restores, so it stays at the source until its time is over")
}

func globalCluster(s *sheet) design.Decision {
	s.Knows("GlobalClusterIdentifier", "GlobalClusterArn", "Engine", "EngineVersion", "EngineLifecycleSupport", "StorageEncrypted", "DeletionProtection", "SourceDBClusterIdentifier", "GlobalClusterMembers", "Status", "GlobalClusterResourceId", "DatabaseName", "GlobalEndpoint")
	s.Gap("aurora.global", "GlobalClusterIdentifier="+s.r.Name)
	s.Do("choose the second region and put a geo replica of the primary server there, with a virtual endpoint that follows a promotion")
	s.Decision.EffortDays = 3
	return s.done(design.Manual, 0.4, "no automatic mapping: the design has one target region, and a global cluster spans several; a geo replica of the server in a second region comes nearest")
}

// moveWords says how the data comes over.
func (s *sheet) moveWords(f *relational) {
	if f.engine == "mysql" {
		s.Do("before the copy: raise binlog retention at the source, keep to InnoDB, give every table a primary key, and leave the target's high availability off until the cutover")
		return
	}
	s.Do("before the copy: set rds.logical_replication=1 at the source, give every table a primary key or REPLICA IDENTITY FULL, leave the target's high availability and replicas off until the cutover, and move roles by hand")
}
