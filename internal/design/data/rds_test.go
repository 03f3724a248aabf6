package data_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/keyvault/2026-02-01/vaults"
)

const (
	pgServers    = "Microsoft.DBforPostgreSQL/flexibleServers"
	mysqlServers = "Microsoft.DBforMySQL/flexibleServers"
)

// keys is a stand-in for the family that puts vault and keys.
func keys() design.Family {
	return design.Family{Name: "keys", Rules: []design.Rule{{
		Name: "kms/key", Kinds: []cloud.Kind{"AWS::KMS::Key"}, Stage: design.Keys,
		Apply: func(c *design.Context, r *inventory.Resource) design.Decision {
			vault := c.Once("vault", func() cloud.ResourceID {
				return c.Put(design.Target{Type: "Microsoft.KeyVault/vaults", Base: "shop", Model: vaults.Vault{Properties: vaults.VaultProperties{
					TenantId: "00000000-0000-0000-0000-000000000000", Sku: vaults.Sku{Family: vaults.SkuFamilyA, Name: vaults.SkuNamePremium},
				}}})
			})
			c.Put(design.Target{Type: "Microsoft.KeyVault/vaults/keys", Parent: vault, Base: r.Name, APIVersion: "2026-02-01", NoLocation: true, Model: map[string]any{"properties": map[string]any{"kty": "RSA-HSM"}}}, r)
			return design.Decision{Action: design.Migrate, Why: "test", Confidence: 0.9}
		},
	}}}
}

const network = `
  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.0.1.0/24, AvailabilityZone: us-east-1a}}
  B: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.0.2.0/24, AvailabilityZone: us-east-1b}}
  Group: {Type: AWS::RDS::DBSubnetGroup, Properties: {DBSubnetGroupDescription: data, SubnetIds: [!Ref A, !Ref B]}}
  Open:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: open
      VpcId: !Ref Net
      SecurityGroupIngress:
        - {IpProtocol: tcp, FromPort: 5432, ToPort: 6432, CidrIp: 203.0.113.0/29}
        - {IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 198.51.100.0/24}
        - {IpProtocol: "-1", CidrIp: 10.0.0.0/16}
`

func TestPostgres(t *testing.T) {
	t.Parallel()
	text := `
Resources:` + network + `
  Key: {Type: AWS::KMS::Key, Properties: {Description: data, KeyPolicy: {}}}
  Main:
    Type: AWS::RDS::DBInstance
    Properties:
      DBInstanceIdentifier: orders
      Engine: postgres
      EngineVersion: "12.9"
      DBInstanceClass: db.r6g.2xlarge
      AllocatedStorage: "900"
      StorageType: io1
      Iops: 9000
      MultiAZ: true
      MasterUsername: admin
      MasterUserPassword: "{{resolve:secretsmanager:db:SecretString:password}}"
      DBName: orders
      PubliclyAccessible: true
      VPCSecurityGroups: [!Ref Open]
      DBSubnetGroupName: !Ref Group
      StorageEncrypted: true
      KmsKeyId: !Ref Key
      BackupRetentionPeriod: 1
      PreferredMaintenanceWindow: "Sat:22:15-Sat:23:00"
      EnableIAMDatabaseAuthentication: true
      EnablePerformanceInsights: true
      Port: 6432
      DBParameterGroupName: !Ref Settings
  Reader:
    Type: AWS::RDS::DBInstance
    Properties: {SourceDBInstanceIdentifier: !Ref Main, DBInstanceClass: db.r6g.xlarge}
  Settings:
    Type: AWS::RDS::DBParameterGroup
    Properties:
      Family: postgres12
      Description: d
      Parameters:
        rds.force_ssl: "1"
        rds.logical_replication: "0"
        rds.log_retention_period: "10080"
        shared_preload_libraries: pg_stat_statements,pg_cron,pg_tle,auto_explain
        rds.extensions: "postgis,vector,aws_s3"
        work_mem: "65536"
        shared_buffers: "{DBInstanceClassMemory/32768}"
        archive_timeout: "300"
        apg_plan_mgmt.use_plan_baselines: "true"
        made_up: "7"
        pg_stat_statements.track: all
`
	d := designtest.Shuffled(t, append(families(), keys()), designtest.FromTemplate(t, text)...)
	designtest.Check(t, d)
	all := resources(d, pgServers)
	if len(all) != 2 {
		t.Fatalf("%d servers", len(all))
	}
	main, replica := all[0], all[1]
	if !strings.HasPrefix(main.Name, "psql-orders") {
		main, replica = replica, main
	}
	want(t, main, map[string]string{
		"sku.name": "Standard_E8ds_v5", "sku.tier": "MemoryOptimized", "properties.version": "15", "properties.administratorLogin": "dbadmin", "properties.storage.storageSizeGB": "1024",
		"properties.storage.tier": "P40", "properties.highAvailability.mode": "ZoneRedundant", "properties.backup.backupRetentionDays": "7", "properties.maintenanceWindow.dayOfWeek": "6",
		"properties.maintenanceWindow.startHour": "22", "properties.maintenanceWindow.startMinute": "15", "properties.authConfig.activeDirectoryAuth": "Enabled", "properties.network.publicNetworkAccess": "Enabled",
		"properties.dataEncryption.type": "AzureKeyVault", "identity.type": "UserAssigned", "properties.administratorLoginPassword": "[parameters('ordersAdminPassword')]",
	})
	want(t, replica, map[string]string{"properties.createMode": "Replica", "properties.sourceServerResourceId": string(main.ID)})
	got := settings(d, pgServers+"/configurations")
	expect := map[string]string{
		"require_secure_transport": "on", "wal_level": "replica", "logfiles.retention_days": "7", "shared_preload_libraries": "pg_stat_statements,pg_cron,auto_explain",
		"azure.extensions": "pg_cron,pg_stat_statements,postgis,vector", "work_mem": "65536", "pg_stat_statements.track": "all",
	}
	if !same(got, expect) {
		t.Errorf("parameters %v, want %v", got, expect)
	}
	rules := resources(d, pgServers+"/firewallRules")
	if len(rules) != 1 {
		t.Fatalf("%d firewall rules", len(rules))
	}
	want(t, rules[0], map[string]string{"properties.startIpAddress": "203.0.113.0", "properties.endIpAddress": "203.0.113.7"})
	one := decisionOf(t, d, "AWS::RDS::DBInstance", "orders")
	wantGaps(t, one, "postgres.version-raised", "db.admin-name", "db.port", "db.public", "db.iam-auth", "db.backup-retention", "postgres.extension", "postgres.extensions-unread", "db.parameter", "db.storage-iops", "db.performance-insights")
	wantToDo(t, one, "shared_buffers")
	// No API tells what the databases use: who decides sees what the service has.
	wantToDo(t, one, "landfall move postgres check")
	wantToDo(t, one, "pg_trgm")
	wantGaps(t, decisionOf(t, d, "AWS::RDS::DBInstance", "Reader"), "rds.replica-endpoint")
	if group := decisionOf(t, d, "AWS::RDS::DBParameterGroup", "Settings"); len(group.Targets) < 5 || group.Action != design.Replace {
		t.Errorf("parameter group: %+v", group)
	}
}

func TestMySQL(t *testing.T) {
	t.Parallel()
	d := checked(t, `
Resources:`+network+`
  Blog:
    Type: AWS::RDS::DBInstance
    Properties:
      Engine: mysql
      EngineVersion: 5.7.44
      DBInstanceClass: db.t3.small
      AllocatedStorage: 20
      MaxAllocatedStorage: 100
      StorageType: gp3
      MasterUsername: wordpress
      ManageMasterUserPassword: true
      DBName: wordpress
      DBSubnetGroupName: !Ref Group
      OptionGroupName: !Ref Options
      DBParameterGroupName: !Ref Settings
      EnableCloudwatchLogsExports: []
  Options:
    Type: AWS::RDS::OptionGroup
    Properties: {EngineName: mysql, MajorEngineVersion: "5.7", OptionGroupDescription: d, OptionConfigurations: [{OptionName: MARIADB_AUDIT_PLUGIN}, {OptionName: MEMCACHED}]}
  Settings:
    Type: AWS::RDS::DBParameterGroup
    Properties: {Family: mysql5.7, Description: d, Parameters: {max_connections: "200", character_set_server: utf8mb4, gtid-mode: "ON", binlog_format: MIXED, server_audit_events: "CONNECT,QUERY_DDL", query_cache_size: "0", lower_case_table_names: "0"}}
  Maria:
    Type: AWS::RDS::DBInstance
    Properties: {Engine: mariadb, EngineVersion: "10.6", DBInstanceClass: db.m5.large, AllocatedStorage: 100, DBSubnetGroupName: !Ref Group, MultiAZ: true}
`)
	var blog design.Resource
	for _, r := range resources(d, mysqlServers) {
		if strings.HasPrefix(r.Name, "mysql-blog") {
			blog = r
		}
	}
	want(t, blog, map[string]string{"sku.tier": "Burstable", "properties.version": "8.0.21", "properties.administratorLogin": "wordpress", "properties.storage.autoGrow": "Enabled", "properties.storage.storageSizeGB": "20", "properties.network.publicNetworkAccess": "Disabled"})
	if at(blog, "properties.network.delegatedSubnetResourceId") == "" || at(blog, "properties.network.privateDnsZoneResourceId") == "" {
		t.Error("the server is not in the network")
	}
	got := settings(d, mysqlServers+"/configurations")
	expect := map[string]string{"max_connections": "200", "character_set_server": "utf8mb4", "audit_log_events": "CONNECTION,DDL"}
	if !same(got, expect) {
		t.Errorf("parameters %v, want %v", got, expect)
	}
	wantGaps(t, decisionOf(t, d, "AWS::RDS::DBInstance", "Blog"), "mysql.version-raised", "mysql.audit", "db.option", "mysql.table-names", "db.parameter", "db.managed-password", "db.storage-limit")
	maria := decisionOf(t, d, "AWS::RDS::DBInstance", "Maria")
	wantGaps(t, maria, "rds.mariadb")
	if maria.Confidence > 0.5 {
		t.Errorf("MariaDB has confidence %v", maria.Confidence)
	}
}

func TestAurora(t *testing.T) {
	t.Parallel()
	d := checked(t, `
Resources:`+network+`
  Cluster:
    Type: AWS::RDS::DBCluster
    Properties: {DBClusterIdentifier: sales, Engine: aurora-postgresql, EngineVersion: "15.4", DatabaseName: sales, MasterUsername: sales, DBSubnetGroupName: !Ref Group, BackupRetentionPeriod: 14, EnableHttpEndpoint: true, BacktrackWindow: 3600, DBClusterParameterGroupName: !Ref Settings, DeletionProtection: true}
  One: {Type: AWS::RDS::DBInstance, Properties: {DBClusterIdentifier: !Ref Cluster, Engine: aurora-postgresql, DBInstanceClass: db.r6g.large, PromotionTier: 1, DBInstanceIdentifier: sales-1}}
  Two: {Type: AWS::RDS::DBInstance, Properties: {DBClusterIdentifier: !Ref Cluster, Engine: aurora-postgresql, DBInstanceClass: db.r6g.xlarge, PromotionTier: 2, DBInstanceIdentifier: sales-2}}
  Settings: {Type: AWS::RDS::DBClusterParameterGroup, Properties: {Family: aurora-postgresql15, Description: d, Parameters: {rds.babelfish_status: "on", log_statement: ddl}}}
  Serverless:
    Type: AWS::RDS::DBCluster
    Properties: {DBClusterIdentifier: events, Engine: aurora-mysql, EngineVersion: 8.0.mysql_aurora.3.05.2, ServerlessV2ScalingConfiguration: {MinCapacity: 0.5, MaxCapacity: 16}, DBSubnetGroupName: !Ref Group, MasterUsername: "{{resolve:secretsmanager:x}}"}
  Only: {Type: AWS::RDS::DBInstance, Properties: {DBClusterIdentifier: !Ref Serverless, Engine: aurora-mysql, DBInstanceClass: db.serverless}}
  Endpoint: {Type: AWS::RDS::DBClusterEndpoint, Properties: {DBClusterIdentifier: !Ref Cluster, EndpointType: READER}}
  Global: {Type: AWS::RDS::GlobalCluster, Properties: {GlobalClusterIdentifier: world, SourceDBClusterIdentifier: !Ref Cluster}}
  Proxy: {Type: AWS::RDS::DBProxy, Properties: {DBProxyName: pool, EngineFamily: POSTGRESQL, RoleArn: "arn:aws:iam::1:role/x", VpcSubnetIds: [!Ref A], Auth: [], RequireTLS: true}}
  ProxyTargets: {Type: AWS::RDS::DBProxyTargetGroup, Properties: {DBProxyName: !Ref Proxy, TargetGroupName: default, DBClusterIdentifiers: [!Ref Cluster]}}
`)
	servers := resources(d, pgServers)
	if len(servers) != 2 {
		t.Fatalf("%d servers for a writer and a reader", len(servers))
	}
	slices.Reverse(servers)
	want(t, servers[0], map[string]string{"sku.name": "Standard_E2ds_v5", "properties.highAvailability.mode": "ZoneRedundant", "properties.backup.backupRetentionDays": "14", "properties.storage.autoGrow": "Enabled"})
	want(t, servers[1], map[string]string{"properties.createMode": "Replica"})
	wantGaps(t, decisionOf(t, d, "AWS::RDS::DBCluster", "sales"), "aurora.babelfish", "aurora.data-api", "aurora.backtrack", "aurora.storage")
	wantGaps(t, decisionOf(t, d, "AWS::RDS::DBInstance", "sales-2"), "aurora.reader", "aurora.reader-size")
	if writer := decisionOf(t, d, "AWS::RDS::DBInstance", "sales-1"); len(writer.Targets) != 1 || writer.Targets[0] != servers[0].ID {
		t.Errorf("the writer's targets are %v", writer.Targets)
	}
	want(t, resources(d, mysqlServers)[0], map[string]string{"sku.tier": "MemoryOptimized", "properties.administratorLogin": "dbadmin"})
	wantGaps(t, decisionOf(t, d, "AWS::RDS::DBCluster", "events"), "aurora.serverless")
	for name, action := range map[string]design.Action{"Endpoint": design.Manual, "world": design.Manual, "pool": design.Replace, "ProxyTargets": design.Replace} {
		for _, one := range d.Decisions {
			if strings.HasSuffix(string(one.Source), "/"+name) || one.Name == name {
				if one.Action != action {
					t.Errorf("%s is %s", name, one.Action)
				}
			}
		}
	}
	if p := decisionOf(t, d, "AWS::RDS::DBProxy", "pool"); !strings.Contains(p.Why, "sales") {
		t.Errorf("the proxy does not know its cluster: %s", p.Why)
	}
}

func TestSQLServer(t *testing.T) {
	t.Parallel()
	text := `
Resources:` + network + `
  Erp: {Type: AWS::RDS::DBInstance, Properties: {Engine: sqlserver-se, EngineVersion: 15.00.4312.2.v1, DBInstanceClass: db.m5.2xlarge, AllocatedStorage: 500, MultiAZ: true, MasterUsername: sa, DBSubnetGroupName: !Ref Group, LicenseModel: license-included, Timezone: GMT Standard Time, OptionGroupName: !Ref Options}}
  Options: {Type: AWS::RDS::OptionGroup, Properties: {EngineName: sqlserver-se, MajorEngineVersion: "15.00", OptionGroupDescription: d, OptionConfigurations: [{OptionName: SQLSERVER_AUDIT}, {OptionName: TDE}]}}
  Small: {Type: AWS::RDS::DBInstance, Properties: {Engine: sqlserver-ex, DBInstanceClass: db.t3.small, AllocatedStorage: 20, MasterUsername: app, DBSubnetGroupName: !Ref Group}}
  Ora: {Type: AWS::RDS::DBInstance, Properties: {Engine: oracle-se2, DBInstanceClass: db.r5.large, AllocatedStorage: 100, LicenseModel: bring-your-own-license}}
  Ibm: {Type: AWS::RDS::DBInstance, Properties: {Engine: db2-se, DBInstanceClass: db.r5.large, AllocatedStorage: 100}}
  Snap: {Type: AWS::RDS::DBInstance, Properties: {DBSnapshotIdentifier: before, DBInstanceClass: db.m5.large}}
`
	d := checked(t, text)
	want(t, designtest.One(t, d, "Microsoft.Sql/managedInstances"), map[string]string{"sku.name": "GP_Gen5", "properties.vCores": "8", "properties.storageSizeInGB": "512", "properties.zoneRedundant": "true", "properties.timezoneId": "GMT Standard Time", "properties.administratorLogin": "dbadmin"})
	want(t, designtest.One(t, d, "Microsoft.Sql/servers/databases"), map[string]string{"sku.capacity": "2", "sku.tier": "GeneralPurpose"})
	wantGaps(t, decisionOf(t, d, "AWS::RDS::DBInstance", "Erp"), "sqlserver.option", "db.admin-name")
	for _, name := range []string{"Ora", "Ibm", "Snap"} {
		if one := decisionOf(t, d, "AWS::RDS::DBInstance", name); one.Action != design.Manual || len(one.ToDo) == 0 {
			t.Errorf("%s: %s %q", name, one.Action, one.ToDo)
		}
	}
	chosen := designtest.Case{Families: families(), Resources: designtest.FromTemplate(t, text), Options: design.Options{Overrides: []design.Override{{Source: "Erp", Target: "Microsoft.Sql/servers", Reason: "one database"}, {Source: "Small", Target: "Microsoft.Sql/managedInstances"}}}}.Make(t)
	designtest.Check(t, chosen)
	if n := len(resources(chosen, "Microsoft.Sql/servers")); n != 1 {
		t.Errorf("%d SQL servers after the overrides", n)
	}
}

func TestSharedDatabaseStays(t *testing.T) {
	t.Parallel()
	d := designtest.Case{
		Families: families(), Shared: []string{"core"},
		Resources: designtest.FromTemplate(t, `
Resources:
  Core: {Type: AWS::RDS::DBInstance, Properties: {DBInstanceIdentifier: core, Engine: postgres, DBInstanceClass: db.m5.large, AllocatedStorage: 100}}
  Copy: {Type: AWS::RDS::DBInstance, Properties: {DBInstanceIdentifier: copy, SourceDBInstanceIdentifier: !Ref Core, Engine: postgres, DBInstanceClass: db.m5.large, AllocatedStorage: 100}}
`),
	}.Make(t)
	designtest.Check(t, d)
	if one := decisionOf(t, d, "AWS::RDS::DBInstance", "core"); one.Action != design.Retain || len(one.Targets) != 0 {
		t.Errorf("the shared database: %+v", one)
	}
	wantGaps(t, decisionOf(t, d, "AWS::RDS::DBInstance", "copy"), "rds.replica-source")
	if len(resources(d, pgServers)) != 1 {
		t.Error("the replica of a shared database is no server of its own")
	}
}
