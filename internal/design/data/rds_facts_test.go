package data_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
)

// database is what became of one DBInstance: its server and its decision.
type database struct {
	server   design.Resource
	decision design.Decision
}

// databases designs a DBInstance for each set of properties, beside the usual
// ones, all in one workload, and returns them by their properties.
func databases(t *testing.T, engine string, properties ...string) map[string]database {
	t.Helper()
	var text strings.Builder
	text.WriteString("Resources:\n")
	for i, p := range properties {
		fmt.Fprintf(&text, "  Db%d: {Type: AWS::RDS::DBInstance, Properties: {DBInstanceIdentifier: db%d, Engine: %s, DBInstanceClass: db.m5.4xlarge, %s}}\n", i, i, engine, p)
	}
	d := designtest.Make(t, families(), designtest.FromTemplate(t, text.String())...)
	designtest.Check(t, d)
	out := map[string]database{}
	for i, p := range properties {
		one := database{decision: decisionOf(t, d, "AWS::RDS::DBInstance", fmt.Sprintf("db%d", i))}
		for _, r := range d.Resources {
			if slices.Contains(one.decision.Targets, r.ID) && strings.HasSuffix(string(r.Type), "/flexibleServers") {
				one.server = r
			}
		}
		out[p] = one
	}
	return out
}

// exactly reports gaps among those that begin so which are others than
// expected.
func exactly(t *testing.T, what string, d design.Decision, prefixes, ids string) {
	t.Helper()
	var got []string
	for _, id := range designtest.GapIDs(d) {
		if slices.ContainsFunc(strings.Fields(prefixes), func(p string) bool { return strings.HasPrefix(id, p) }) {
			got = append(got, id)
		}
	}
	slices.Sort(got)
	if text := strings.Join(slices.Compact(got), " "); text != ids {
		t.Errorf("%s: gaps %q, want %q", what, text, ids)
	}
}

// PostgreSQL's disks have sizes, each with a performance tier; the tier is
// raised for the source's IOPS as far as the service allows.
func TestPostgresStorage(t *testing.T) {
	t.Parallel()
	const gaps = "db.storage db.iops db.log aurora.io"
	cases := map[string]struct{ gib, tier, gaps string }{
		"AllocatedStorage: 20":                                               {"32", "P4", ""},
		"AllocatedStorage: 32":                                               {"32", "P4", ""},
		"AllocatedStorage: 33":                                               {"64", "P6", ""},
		"AllocatedStorage: 100, StorageType: standard":                       {"128", "P10", ""},
		"AllocatedStorage: 100, StorageType: gp2":                            {"128", "P10", ""},
		"AllocatedStorage: 300, StorageType: gp2":                            {"512", "P20", ""},
		"AllocatedStorage: 1000, StorageType: gp2":                           {"1024", "P30", ""},
		"AllocatedStorage: 100, StorageType: gp3":                            {"128", "P30", "db.storage-iops"},
		"AllocatedStorage: 399, StorageType: gp3":                            {"512", "P30", "db.storage-iops"},
		"AllocatedStorage: 400, StorageType: gp3":                            {"512", "P40", "db.iops-limit db.storage-iops"},
		"AllocatedStorage: 1000, StorageType: io1, Iops: 6000":               {"1024", "P40", "db.storage-iops"},
		"AllocatedStorage: 4096, StorageType: io1, Iops: 12000":              {"4096", "P50", "db.iops-limit"},
		"AllocatedStorage: 4097, StorageType: io1, Iops: 12000":              {"8192", "P60", ""},
		"AllocatedStorage: 8192, StorageType: io2, Iops: 17000":              {"8192", "P70", "db.storage-iops"},
		"AllocatedStorage: 32767":                                            {"32767", "P80", ""},
		"AllocatedStorage: 65536":                                            {"32767", "P80", "db.storage-size"},
		"AllocatedStorage: '200'":                                            {"256", "P15", ""},
		"AllocatedStorage: 200, MaxAllocatedStorage: 500":                    {"256", "P15", "db.storage-limit"},
		"AllocatedStorage: 200, DedicatedLogVolume: true":                    {"256", "P15", "db.log-volume"},
		"AllocatedStorage: 400, StorageType: gp3, StorageThroughput: 500":    {"512", "P40", "db.iops-limit db.storage-iops db.storage-throughput"},
		"AllocatedStorage: 8192, StorageType: gp3, StorageThroughput: 500":   {"8192", "P60", ""},
		"AllocatedStorage: 8192, StorageType: gp3, StorageThroughput: 501":   {"8192", "P60", "db.storage-throughput"},
		"AllocatedStorage: many, StorageType: [gp3], Iops: {}":               {"128", "P10", ""},
		"AllocatedStorage: !Sub '${AWS::NoValue}', MaxAllocatedStorage: 900": {"128", "P10", "db.storage-limit"},
	}
	for properties, one := range databases(t, "postgres", slices.Sorted(maps.Keys(cases))...) {
		c := cases[properties]
		want(t, one.server, map[string]string{"properties.storage.storageSizeGB": c.gib, "properties.storage.tier": c.tier})
		exactly(t, properties, one.decision, gaps, c.gaps)
	}
}

// MySQL's storage is as large as asked, from 20 GiB to 16 TiB and to 32 TiB in the
// memory optimised tier, with IOPS of its own or as many as are used.
func TestMySQLStorage(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ gib, iops, auto, gaps string }{
		"AllocatedStorage: 5":                                      {"20", "", "Enabled", ""},
		"AllocatedStorage: 20":                                     {"20", "", "Enabled", ""},
		"AllocatedStorage: 300":                                    {"300", "", "Enabled", ""},
		"AllocatedStorage: 20, StorageType: gp2":                   {"20", "360", "Disabled", ""},
		"AllocatedStorage: 1000, StorageType: gp2":                 {"1000", "3000", "Disabled", ""},
		"AllocatedStorage: 500, StorageType: gp3":                  {"500", "12000", "Disabled", ""},
		"AllocatedStorage: 500, StorageType: io1, Iops: 18000":     {"500", "18000", "Disabled", ""},
		"AllocatedStorage: 16384":                                  {"16384", "", "Enabled", ""},
		"AllocatedStorage: 20000":                                  {"20000", "", "Enabled", ""},
		"AllocatedStorage: 40000":                                  {"32768", "", "Enabled", "db.storage-size"},
		"AllocatedStorage: 100, StorageType: gp3, Iops: 3000":      {"100", "3000", "Disabled", ""},
		"AllocatedStorage: 100, StorageType: gp3, Iops: 'unknown'": {"100", "3000", "Disabled", ""},
	}
	for properties, x := range databases(t, "mysql", slices.Sorted(maps.Keys(cases))...) {
		c, one := cases[properties], x.decision
		want(t, x.server, map[string]string{"properties.storage.storageSizeGB": c.gib, "properties.storage.iops": c.iops, "properties.storage.autoIoScaling": c.auto})
		exactly(t, properties, one, "db.storage db.iops", c.gaps)
		if strings.Contains(one.Why, "performance tier") {
			t.Errorf("%s: MySQL has no performance tiers: %s", properties, one.Why)
		}
	}
}

// Each size of a MySQL server has a limit of IOPS of its own, so that a source
// with more takes a larger size, and one that landfall.yaml sets is held to it.
func TestMySQLIOPSFollowTheSize(t *testing.T) {
	t.Parallel()
	var all []*design.Design
	for _, c := range []struct{ class, storage, size, asked, iops, gaps string }{
		{"db.t3.micro", "AllocatedStorage: 20, StorageType: gp2", "Standard_B2s", "", "360", ""},
		{"db.m5.large", "AllocatedStorage: 100, StorageType: gp3", "Standard_D2ads_v5", "", "3000", ""},
		{"db.m5.large", "AllocatedStorage: 500, StorageType: gp3", "Standard_D4ads_v5", "", "3600", ""},
		{"db.m5.24xlarge", "AllocatedStorage: 5000, StorageType: io1, Iops: 60000", "Standard_E96ads_v5", "", "60000", ""},
		{"db.r5.16xlarge", "AllocatedStorage: 5000, StorageType: io1, Iops: 60000", "Standard_E64ds_v5", "", "60000", ""},
		{"db.m5.4xlarge", "AllocatedStorage: 500, StorageType: io1, Iops: 18000", "Standard_D2ads_v5", "Standard_D2ads_v5", "3200", "db.compute-iops"},
		{"db.m5.4xlarge", "AllocatedStorage: 20000, StorageType: io1, Iops: 18000", "Standard_E16ds_v5", "", "18000", ""},
	} {
		resources := designtest.FromTemplate(t, "Resources:"+network+"\n  Db: {Type: AWS::RDS::DBInstance, Properties: {DBInstanceIdentifier: db, Engine: mysql, EngineVersion: 8.4.3, DBSubnetGroupName: !Ref Group, DBInstanceClass: "+c.class+", "+c.storage+"}}\n")
		one := designtest.Case{Families: families(), Resources: resources}
		if c.asked != "" {
			one.Options.Overrides = []design.Override{{Source: "db", Size: c.asked, Reason: "it does with less"}}
		}
		d := one.Make(t)
		all = append(all, d)
		want(t, designtest.One(t, d, mysqlServers), map[string]string{"sku.name": c.size, "properties.storage.iops": c.iops, "properties.version": newest})
		exactly(t, c.class+" "+c.storage, decisionOf(t, d, "AWS::RDS::DBInstance", "db"), "db.compute db.iops", c.gaps)
		if p := d.Parameters[slices.IndexFunc(d.Parameters, func(p design.Parameter) bool { return p.Name == "mysqlVersion" })]; p.Default != "8.4" || p.Secure {
			t.Errorf("the version is %+v", p)
		}
	}
	designtest.Check(t, all...)
}

// Backups are kept 7 to 35 days, windows are in UTC on both sides with Sunday
// as day 0, and what the service decides itself is said.
func TestBackupsAndWindows(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ days, gaps, todo string }{
		"BackupRetentionPeriod: 0":           {"7", "db.backup-retention", ""},
		"BackupRetentionPeriod: 6":           {"7", "db.backup-retention", ""},
		"BackupRetentionPeriod: 7":           {"7", "", ""},
		"BackupRetentionPeriod: '21'":        {"21", "", ""},
		"BackupRetentionPeriod: 35":          {"35", "", ""},
		"BackupRetentionPeriod: 90":          {"35", "", "90 days"},
		"Port: 5432":                         {"7", "", ""},
		"BackupRetentionPeriod: soon":        {"7", "", ""},
		"PreferredBackupWindow: 03:00-03:30": {"7", "db.backup-window", ""},
		"AutoMinorVersionUpgrade: false":     {"7", "db.minor-upgrades", ""},
		"AutoMinorVersionUpgrade: 'false'":   {"7", "db.minor-upgrades", ""},
		"AutoMinorVersionUpgrade: true":      {"7", "", ""},
		"DeletionProtection: true":           {"7", "", "CanNotDelete"},
		"BackupTarget: outposts":             {"7", "", "Outpost"},
		"AutomaticBackupReplicationRegion: us-west-2, AutomaticBackupReplicationRetentionPeriod: 14": {"7", "db.backup-region", ""},
	}
	for _, engine := range []string{"postgres", "mysql"} {
		for properties, x := range databases(t, engine, slices.Sorted(maps.Keys(cases))...) {
			c, one, server := cases[properties], x.decision, x.server
			want(t, server, map[string]string{"properties.backup.backupRetentionDays": c.days})
			exactly(t, engine+" "+properties, one, "db.backup db.minor", c.gaps)
			if c.todo != "" {
				wantToDo(t, one, c.todo)
			}
			geo := map[bool]string{true: "Enabled", false: "Disabled"}[strings.Contains(properties, "ReplicationRegion")]
			want(t, server, map[string]string{"properties.backup.geoRedundantBackup": geo})
		}
	}
	windows := map[string][3]string{
		"sun:00:00-sun:00:30": {"0", "0", "0"}, "Mon:05:45-Mon:06:15": {"1", "5", "45"}, "sat:23:30-sun:00:00": {"6", "23", "30"}, "someday": {"", "", ""}, "sun:x:y-": {"0", "0", "0"}, "5": {"", "", ""},
	}
	var all []string
	for text := range windows {
		all = append(all, "PreferredMaintenanceWindow: '"+text+"'")
	}
	for properties, x := range databases(t, "postgres", all...) {
		c := windows[strings.Trim(strings.TrimPrefix(properties, "PreferredMaintenanceWindow: "), "'")]
		want(t, x.server, map[string]string{"properties.maintenanceWindow.dayOfWeek": c[0], "properties.maintenanceWindow.startHour": c[1], "properties.maintenanceWindow.startMinute": c[2]})
	}
}

// The names that Azure refuses for an administrator are replaced, aloud.
func TestAdministrators(t *testing.T) {
	t.Parallel()
	admins := map[string]string{
		"shop": "shop", "postgres": "postgres", "azureuser": "azureuser", "Shop_1": "Shop_1",
		"admin": "dbadmin", "Administrator": "dbadmin", "root": "dbadmin", "guest": "dbadmin", "public": "dbadmin", "azure_superuser": "dbadmin", "azure_pg_admin": "dbadmin", "pg_owner": "dbadmin", "PG_x": "dbadmin", "rdsadmin": "dbadmin", "'1st'": "dbadmin",
	}
	var names []string
	for name := range admins {
		names = append(names, "MasterUsername: "+name)
	}
	for _, engine := range []string{"postgres", "mysql"} {
		for properties, x := range databases(t, engine, names...) {
			admin := admins[strings.TrimPrefix(properties, "MasterUsername: ")]
			want(t, x.server, map[string]string{"properties.administratorLogin": admin})
			if password := at(x.server, "properties.administratorLoginPassword"); !strings.HasPrefix(password, "[parameters('") {
				t.Errorf("%s: the password is %q", properties, password)
			}
			exactly(t, engine+" "+properties, x.decision, "db.admin", map[bool]string{true: "db.admin-name", false: ""}[admin == "dbadmin"])
		}
	}
	cases := map[string]struct{ entra, gaps string }{
		"MasterUsername: shop, EnableIAMDatabaseAuthentication: true":     {"Enabled", "db.iam-auth"},
		"MasterUsername: shop, EnableIAMDatabaseAuthentication: false":    {"Disabled", ""},
		"MasterUsername: shop, MasterUserAuthenticationType: iam-db-auth": {"Enabled", "db.iam-auth"},
		"MasterUsername: shop, MasterUserAuthenticationType: password":    {"Disabled", ""},
		"MasterUsername: shop, ManageMasterUserPassword: true":            {"Disabled", "db.managed-password"},
		"MasterUsername: shop, MasterUserPassword: hunter2hunter2":        {"Disabled", ""},
	}
	for properties, x := range databases(t, "postgres", slices.Sorted(maps.Keys(cases))...) {
		c := cases[properties]
		want(t, x.server, map[string]string{"properties.authConfig.activeDirectoryAuth": c.entra, "properties.authConfig.passwordAuth": "Enabled"})
		exactly(t, properties, x.decision, "db.iam db.managed", c.gaps)
	}
}

// newest is how the newest version of MySQL stands in a body.
const newest = "[parameters('mysqlVersion')]"

func TestVersions(t *testing.T) {
	t.Parallel()
	type outcome struct{ target, gaps string }
	for engine, cases := range map[string]map[string]outcome{
		"postgres": {
			"9.6.24": {"15", "postgres.version-raised"}, "12.19": {"15", "postgres.version-raised"}, "13.15": {"13", "postgres.version-end"}, "14": {"14", "postgres.version-end"},
			"15.4": {"15", ""}, "17.2": {"17", ""}, "18.1": {"18", ""}, "19.0": {"18", "postgres.version-new"}, "new": {"16", ""},
		},
		"mysql": {"5.7.44": {"8.0.21", "mysql.version-raised"}, "8.0.39": {"8.0.21", "mysql.version-end"}, "8": {"8.0.21", "mysql.version-end"}, "8.3.0": {newest, "mysql.version-raised"}, "8.4.3": {newest, ""}, "8.4": {newest, ""}, "9.7.1": {newest, "mysql.version-new"}, "new": {"8.0.21", ""}},
	} {
		var all []string
		for _, version := range slices.Sorted(maps.Keys(cases)) {
			all = append(all, "AllocatedStorage: 100, EngineVersion: '"+version+"'")
		}
		for properties, x := range databases(t, engine, all...) {
			c := cases[strings.Trim(strings.TrimPrefix(properties, "AllocatedStorage: 100, EngineVersion: "), "'")]
			want(t, x.server, map[string]string{"properties.version": c.target})
			exactly(t, engine+" "+properties, x.decision, "postgres.version mysql.version", c.gaps)
		}
	}
}

// A port other than the engine's own is a gap, and what stands outside of the
// inventory is looked up.
func TestPortsAndWhatIsOutside(t *testing.T) {
	t.Parallel()
	type outcome struct{ gaps, todo string }
	for engine, cases := range map[string]map[string]outcome{
		"mysql": {"Port: 3306": {"", ""}, "Port: 5432": {"db.port", ""}},
		"postgres": {
			"Port: 5432": {"", ""}, "Port: '5433'": {"db.port", ""}, "NetworkType: DUAL": {"db.ipv6", ""}, "NetworkType: IPV4": {"", ""},
			"DBParameterGroupName: tuned": {"", "tuned"}, "OptionGroupName: extras": {"", "extras"},
			"SourceDBClusterIdentifier: sales": {"rds.replica-source", ""}, "SourceDBInstanceIdentifier: orders": {"rds.replica-source", ""},
			"Domain: d-1": {"db.domain", ""}, "ProcessorFeatures: [{Name: coreCount, Value: '2'}]": {"db.processor-features", ""},
			"MonitoringInterval: 0": {"", ""}, "MonitoringInterval: 60": {"db.monitoring", ""},
			"DBParameterGroupName: default.postgres16": {"", ""}, "DBParameterGroupName: 'default:postgres-16'": {"", ""},
		},
	} {
		for properties, x := range databases(t, engine, slices.Sorted(maps.Keys(cases))...) {
			c := cases[properties]
			exactly(t, engine+" "+properties, x.decision, "db.port db.ipv6 rds.replica db.domain db.processor db.monitoring", c.gaps)
			if told := strings.Contains(strings.Join(x.decision.ToDo, "|"), "is not in the inventory"); told != (c.todo != "") {
				t.Errorf("%s %s: to do %q", engine, properties, x.decision.ToDo)
			}
		}
	}
}

// A Multi-AZ DB cluster that is no Aurora has a volume with a size, and a
// cluster that copies another one is said to.
func TestMultiAZCluster(t *testing.T) {
	t.Parallel()
	d := checked(t, `
Resources:
  Three: {Type: AWS::RDS::DBCluster, Properties: {DBClusterIdentifier: three, Engine: postgres, EngineVersion: "16.3", DBClusterInstanceClass: db.m5d.xlarge, AllocatedStorage: 400, StorageType: io1, Iops: 4000, MasterUsername: shop}}
  Copy: {Type: AWS::RDS::DBCluster, Properties: {DBClusterIdentifier: copy, Engine: aurora-mysql, ReplicationSourceIdentifier: "arn:aws:rds:eu-west-1:123456789012:cluster:far", GlobalClusterIdentifier: world}}
  Clone: {Type: AWS::RDS::DBCluster, Properties: {DBClusterIdentifier: clone, Engine: aurora-mysql, SourceDBClusterIdentifier: far, RestoreType: copy-on-write}}
`)
	want(t, designtest.One(t, d, pgServers), map[string]string{"properties.storage.storageSizeGB": "512", "properties.storage.tier": "P30", "properties.highAvailability.mode": "ZoneRedundant"})
	exactly(t, "three", decisionOf(t, d, "AWS::RDS::DBCluster", "three"), "rds. aurora.", "rds.multi-az-cluster")
	exactly(t, "copy", decisionOf(t, d, "AWS::RDS::DBCluster", "copy"), "rds. aurora.global", "aurora.global rds.replica-source")
	exactly(t, "clone", decisionOf(t, d, "AWS::RDS::DBCluster", "clone"), "rds. aurora.global", "")
}

// SQL Server's sizes come with a most of storage: more storage takes more
// vCores.
func TestSQLServerSizes(t *testing.T) {
	t.Parallel()
	var all []*design.Design
	for _, c := range []struct{ properties, cores, gib, sku, gaps string }{
		{"DBInstanceClass: db.m5.large, AllocatedStorage: 20", "4", "32", "GP_Gen5", ""},
		{"DBInstanceClass: db.m5.large, AllocatedStorage: 33", "4", "64", "GP_Gen5", ""},
		{"DBInstanceClass: db.m5.large, AllocatedStorage: 2048", "4", "2048", "GP_Gen5", ""},
		{"DBInstanceClass: db.m5.large, AllocatedStorage: 2049", "8", "2080", "GP_Gen5", ""},
		{"DBInstanceClass: db.m5.large, AllocatedStorage: 8193", "16", "8224", "GP_Gen5", ""},
		{"DBInstanceClass: db.m5.large, AllocatedStorage: 16384", "16", "16384", "GP_Gen5", ""},
		{"DBInstanceClass: db.m5.8xlarge, AllocatedStorage: 500", "32", "512", "GP_Gen5", ""},
		{"DBInstanceClass: db.m5.large, AllocatedStorage: 1024, StorageType: io1, Iops: 20000", "4", "1024", "BC_Gen5", ""},
		{"DBInstanceClass: db.m5.large, AllocatedStorage: 1025, StorageType: io1, Iops: 20000", "24", "1056", "BC_Gen5", ""},
		{"DBInstanceClass: db.m5.large, AllocatedStorage: 4096, StorageType: io1, Iops: 20000", "32", "4096", "BC_Gen5", ""},
		{"DBInstanceClass: db.m5.large, AllocatedStorage: 5000, StorageType: io1, Iops: 20000", "8", "5024", "GP_Gen5", "db.iops-limit"},
	} {
		d := designtest.Make(t, families(), designtest.FromTemplate(t, "Resources:"+network+"\n  Db: {Type: AWS::RDS::DBInstance, Properties: {DBInstanceIdentifier: db, Engine: sqlserver-ee, DBSubnetGroupName: !Ref Group, BackupRetentionPeriod: 14, "+c.properties+"}}\n")...)
		all = append(all, d)
		want(t, designtest.One(t, d, "Microsoft.Sql/managedInstances"), map[string]string{"properties.vCores": c.cores, "sku.capacity": c.cores, "properties.storageSizeInGB": c.gib, "sku.name": c.sku})
		one := decisionOf(t, d, "AWS::RDS::DBInstance", "db")
		exactly(t, c.properties, one, "db.iops db.storage", c.gaps)
		wantToDo(t, one, "to 14 days")
	}
	for _, c := range []struct{ class, gib, cores, bytes, days string }{
		{"db.t3.small", "20", "2", "2.147483648e+10", "7"}, {"db.t3.small", "1024", "2", "1.099511627776e+12", "7"}, {"db.t3.small", "1025", "6", "1.1005853696e+12", "7"}, {"db.t3.small", "2000", "8", "2.147483648e+12", "35"}, {"db.t3.small", "9000", "24", "4.398046511104e+12", "7"},
	} {
		d := designtest.Make(t, families(), designtest.FromTemplate(t, "Resources:"+network+"\n  Db: {Type: AWS::RDS::DBInstance, Properties: {DBInstanceIdentifier: db, Engine: sqlserver-web, DBSubnetGroupName: !Ref Group, DBInstanceClass: "+c.class+", AllocatedStorage: "+c.gib+", BackupRetentionPeriod: "+c.days+"}}\n")...)
		all = append(all, d)
		want(t, designtest.One(t, d, "Microsoft.Sql/servers/databases"), map[string]string{"sku.capacity": c.cores, "properties.maxSizeBytes": c.bytes})
		if c.days != "7" {
			wantToDo(t, decisionOf(t, d, "AWS::RDS::DBInstance", "db"), "to "+c.days+" days")
		}
	}
	designtest.Check(t, all...)
}
