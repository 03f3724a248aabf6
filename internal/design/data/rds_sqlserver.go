package data

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	sqldatabases "github.com/hashicorp/go-azure-sdk/resource-manager/sql/2025-01-01/databases"
	"github.com/hashicorp/go-azure-sdk/resource-manager/sql/2025-01-01/managedinstances"
	sqlservers "github.com/hashicorp/go-azure-sdk/resource-manager/sql/2025-01-01/servers"
)

// sqlServer chooses between SQL Managed Instance, which is a whole instance as
// RDS has it (SQL Agent, several databases that see each other, linked servers,
// CLR), and SQL Database, which is one database.
func (s *sheet) sqlServer() design.Decision {
	edition := strings.ToLower(s.text("Engine"))
	f := relational{engine: "sqlserver", class: s.text("DBInstanceClass"), version: s.text("EngineVersion")}
	f.standby = s.yes("MultiAZ")
	f.recovery(s)
	f.identity(s)
	if s.yes("StorageEncrypted") || s.Has("KmsKeyId") {
		if _, ok := s.key("KmsKeyId"); ok {
			s.Meets("sqlserver.key", "KmsKeyId")
		}
	}
	options := s.sqlOptions()
	s.sqlGaps(f)
	near := s.subnets()
	whole, because := s.wantsInstance(edition, options, f)
	if o, ok := s.c.Override(s.r); ok && o.Target != "" {
		whole, because = strings.EqualFold(o.Target, string(sqlInstance)), "landfall.yaml chooses it"
	}
	s.Decision.EffortDays = 5
	if whole {
		if subnet, ok := s.instanceSubnet(near); ok {
			return s.managedInstance(f, subnet, edition, because)
		}
		s.Gap("sqlserver.no-subnet", "DBSubnetGroupName")
	}
	return s.azureSQL(f, near, edition, because)
}

// sqlOptions are the options that the instance has, in order.
func (s *sheet) sqlOptions() []string {
	var out []string
	group, ok := s.c.Find(s.r, s.At("OptionGroupName"), "AWS::RDS::OptionGroup")
	if !ok {
		s.outside("OptionGroupName")
		return nil
	}
	for _, o := range design.Maps(group.Properties["OptionConfigurations"]) {
		if name := design.Text(o, "OptionName"); name != "" {
			out = append(out, name)
			switch name {
			case "TDE", "SQLSERVER_BACKUP_RESTORE":
			default:
				s.Gap("sqlserver.option", name)
			}
		}
	}
	slices.Sort(out)
	return out
}

// wantsInstance says which of the two, and why.
func (s *sheet) wantsInstance(edition string, options []string, f relational) (bool, string) {
	switch {
	case len(options) > 0:
		return true, "it has the options " + strings.Join(options, ", ") + ", which only an instance has"
	case s.text("Domain") != "" || s.text("DomainFqdn") != "":
		return true, "it is joined to a domain"
	case s.text("Timezone") != "":
		return true, "it has a time zone of its own"
	case edition == "sqlserver-ex":
		return false, "an Express edition holds small databases of at most 10 GiB without SQL Agent"
	case edition == "sqlserver-web" && !f.standby:
		return false, "a Web edition without a standby needs no instance"
	}
	return true, "an instance of RDS may hold several databases, SQL Agent jobs and linked servers, which nothing in its configuration excludes"
}

// instanceSubnet is the delegated subnet that an instance needs, at least a /27
// (Microsoft Learn, "VNet subnet size and range", SQL Managed Instance).
func (s *sheet) instanceSubnet(near []any) (cloud.ResourceID, bool) {
	if s.c.Plan == nil || len(near) == 0 {
		return "", false
	}
	return s.c.Plan.Dedicated(design.Purpose{
		Name: "sqlmi", Delegation: string(sqlInstance), Bits: 27, From: s.r, Near: near, Groups: s.securityGroups(), Listens: []int{s.port("sqlserver")},
	})
}

func (s *sheet) cores() int {
	wish, ok := s.c.Catalog.DatabaseWish(s.text("DBInstanceClass"))
	if !ok {
		s.Do("name the size of %s under design.overrides: its class is not known, and 4 vCores were taken", s.r.Name)
		return 4
	}
	// An instance of the standard series has 5.1 GB of memory for each vCore.
	return max(wish.VCPU, int(float64(wish.MiB)/1024/5.1))
}

// sqlKeepDays is how long SQL Database and Managed Instance keep backups unless
// told otherwise (Microsoft Learn, "Automated backups in Azure SQL Database").
const sqlKeepDays = 7

// sqlSize is a number of vCores with the most storage that it takes.
type sqlSize struct{ cores, gib int }

// generalPurpose and businessCritical are the sizes of an instance on standard
// hardware (Microsoft Learn, "Overview of Azure SQL Managed Instance resource
// limits"), oneDatabase those of a database (Microsoft Learn, "Resource limits
// for single databases using the vCore purchasing model").
func generalPurpose() []sqlSize {
	return []sqlSize{{4, 2048}, {8, 8192}, {16, 16384}, {24, 16384}, {32, 16384}, {40, 16384}, {64, 16384}, {80, 16384}}
}

func businessCritical() []sqlSize {
	return []sqlSize{{4, 1024}, {8, 1024}, {16, 1024}, {24, 2048}, {32, 4096}, {40, 4096}, {64, 4096}, {80, 4096}}
}

func oneDatabase() []sqlSize {
	return []sqlSize{{2, 1024}, {4, 1024}, {6, 1536}, {8, 2048}, {10, 2048}, {12, 3072}, {14, 3072}, {16, 3072}, {18, 3072}, {20, 3072}, {24, 4096}, {32, 4096}, {40, 4096}, {80, 4096}, {128, 4096}}
}

func mostOf(sizes []sqlSize) int { return sizes[len(sizes)-1].gib }

// sqlSize is the smallest size with the cores and the storage, else the largest.
func (s *sheet) sqlSize(sizes []sqlSize, gib int) (cores, storage int) {
	if most := mostOf(sizes); gib > most {
		s.Gap("db.storage-size", "AllocatedStorage="+itoa(gib))
		gib = most
	}
	least := s.cores()
	for _, size := range sizes {
		if size.cores >= least && size.gib >= gib {
			return size.cores, gib
		}
	}
	return sizes[len(sizes)-1].cores, gib
}

// sqlRetention says how long backups are to be kept where it is not what each
// database has by itself.
func (s *sheet) sqlRetention(f relational) {
	if f.keepDays != sqlKeepDays {
		s.Do("set the short-term retention of each database of %s to %s: it is %s by itself", s.r.Name, common.Count(f.keepDays, "day"), common.Count(sqlKeepDays, "day"))
	}
}

// atLeast returns the first size that is no smaller, else the largest.
func atLeast(sizes []int, want int) int {
	for _, n := range sizes {
		if n >= want {
			return n
		}
	}
	return sizes[len(sizes)-1]
}

func (s *sheet) managedInstance(f relational, subnet cloud.ResourceID, edition, because string) design.Decision {
	storage := max((s.int("AllocatedStorage", 32)+31)/32*32, 32)
	tier, name := "GeneralPurpose", "GP_Gen5"
	if iops := sourceIOPS(strings.ToLower(s.text("StorageType")), storage, s.int("Iops", 0)); edition == "sqlserver-ee" && iops > 8000 {
		tier, name = "BusinessCritical", "BC_Gen5"
		if storage > mostOf(businessCritical()) {
			s.Gap("db.iops-limit", "Iops="+itoa(iops))
			tier, name = "GeneralPurpose", "GP_Gen5"
		}
	}
	sizes := map[string][]sqlSize{"GP_Gen5": generalPurpose(), "BC_Gen5": businessCritical()}[name]
	cores, storage := s.sqlSize(sizes, storage)
	s.sqlRetention(f)
	properties := managedinstances.ManagedInstanceProperties{
		AdministratorLogin: new(f.admin), AdministratorLoginPassword: new(f.password), SubnetId: new(string(subnet)),
		VCores: new(int64(cores)), StorageSizeInGB: new(int64(storage)), LicenseType: new(managedinstances.ManagedInstanceLicenseTypeLicenseIncluded),
		MinimalTlsVersion: new("1.2"), PublicDataEndpointEnabled: new(s.yes("PubliclyAccessible")), ZoneRedundant: new(f.standby && s.zones()),
		RequestedBackupStorageRedundancy: new(managedinstances.BackupStorageRedundancyZone), TimezoneId: new("UTC"), Collation: new("SQL_Latin1_General_CP1_CI_AS"),
	}
	if zone := s.text("Timezone"); zone != "" {
		properties.TimezoneId = new(zone)
	}
	if collation := s.text("CharacterSetName"); collation != "" {
		properties.Collation = new(collation)
	}
	if strings.Contains(strings.ToLower(s.text("LicenseModel")), "bring") {
		properties.LicenseType = new(managedinstances.ManagedInstanceLicenseTypeBasePrice)
	}
	id := s.c.Put(design.Target{Type: sqlInstance, Base: base(s.r), Model: managedinstances.ManagedInstance{
		Sku: &managedinstances.Sku{Name: name, Tier: new(tier), Family: new("Gen5"), Capacity: new(int64(cores))}, Properties: &properties,
	}}, s.r)
	s.Not("Azure SQL Database ("+string(sqlServer)+")", "no SQL Agent, no queries across databases, no linked servers: "+because)
	s.Not("SQL Server on a virtual machine", "patching, backup and high availability would be the workload's own work again")
	s.Do("move the databases with the log replay service or native backups to a blob container, logins and SQL Agent jobs by script")
	s.Decision.Cost = s.unitCost("azurerm_mssql_managed_instance", "Compute ("+strings.ToUpper(name)+" "+itoa(cores)+" cores)", storage, "Additional Storage")
	return s.done(design.Migrate, 0.8, "SQL Server %s (%s) on %s becomes SQL Managed Instance %s with %d vCores and %d GB: %s", f.version, edition, sizeWords(s.c, f.class), common.LastName(id), cores, storage, because)
}

func (s *sheet) azureSQL(f relational, near []any, edition, because string) design.Decision {
	cores, storage := s.sqlSize(oneDatabase(), max(s.int("AllocatedStorage", 32), 1))
	s.sqlRetention(f)
	public := s.yes("PubliclyAccessible")
	access := sqlservers.ServerPublicNetworkAccessFlagDisabled
	if public {
		access = sqlservers.ServerPublicNetworkAccessFlagEnabled
	}
	server := s.c.Put(design.Target{Type: sqlServer, Base: base(s.r), Model: sqlservers.Server{Properties: &sqlservers.ServerProperties{
		AdministratorLogin: new(f.admin), AdministratorLoginPassword: new(f.password), MinimalTlsVersion: new(sqlservers.MinimalTlsVersionOnePointTwo), PublicNetworkAccess: new(access), Version: new("12.0"),
	}}}, s.r)
	properties := sqldatabases.DatabaseProperties{
		MaxSizeBytes: new(int64(storage) << 30), ZoneRedundant: new(f.standby && s.zones()), RequestedBackupStorageRedundancy: new(sqldatabases.BackupStorageRedundancyZone),
	}
	if collation := s.text("CharacterSetName"); collation != "" {
		properties.Collation = new(collation)
	}
	s.c.Put(design.Target{Type: sqlServer + "/databases", Parent: server, Location: s.c.Place.Location, Base: base(s.r), Model: sqldatabases.Database{
		Sku: &sqldatabases.Sku{Name: "GP_Gen5", Tier: new("GeneralPurpose"), Family: new("Gen5"), Capacity: new(int64(cores))}, Properties: &properties,
	}}, s.r)
	if !s.private(server, "sqlServer", near) && !public {
		s.Do("give SQL server %s a way in: nothing says in which VPC the source stands", common.LastName(server))
	}
	if public {
		s.Meets("db.public", "PubliclyAccessible")
		for _, block := range s.openBlocks(s.port("sqlserver")) {
			s.Do("allow %s in the firewall of SQL server %s if it is still a client", block, common.LastName(server))
		}
	}
	s.Not("Azure SQL Managed Instance ("+string(sqlInstance)+")", "a whole instance in a subnet of its own; worth it as soon as SQL Agent or queries across databases are found")
	s.Do("list the databases of %s (select name from sys.databases): one is put, every other one needs one of its own or an elastic pool", s.r.Name)
	s.Decision.Cost = s.unitCost("azurerm_mssql_database", "Compute (provisioned, GP_Gen5_"+itoa(cores)+")", storage, "Storage")
	return s.done(design.Migrate, 0.7, "SQL Server %s (%s) on %s becomes an Azure SQL Database with %d vCores on server %s: %s", f.version, edition, sizeWords(s.c, f.class), cores, common.LastName(server), because)
}

// sqlGaps reads what concerns both.
func (s *sheet) sqlGaps(f relational) {
	s.readOnly()
	s.Knows("DBInstanceIdentifier", "AvailabilityZone", "StorageThroughput", "MaxAllocatedStorage", "Port", "VPCSecurityGroups", "DBSubnetGroupName", "DBParameterGroupName", "AllocatedStorage", "StorageType", "Iops",
		"MonitoringRoleArn", "PerformanceInsightsRetentionPeriod", "PerformanceInsightsKMSKeyId", "DomainIAMRoleName", "DomainOu", "DomainDnsIps", "LicenseModel", "DBSecurityGroups", "DBSnapshotIdentifier", "CharacterSetName", "Timezone", "StorageEncryptionType", "NetworkType", "DBName")
	for _, row := range [][2]string{
		{"db.performance-insights", "EnablePerformanceInsights"}, {"db.monitoring", "MonitoringInterval"}, {"db.ca", "CACertificateIdentifier"}, {"db.roles", "AssociatedRoles"}, {"db.domain", "Domain"}, {"db.domain", "DomainFqdn"},
		{"db.domain", "DomainAuthSecretArn"}, {"db.processor-features", "ProcessorFeatures"}, {"sqlserver.logs", "EnableCloudwatchLogsExports"},
	} {
		s.gapIf(row[0], row[1])
	}
	if f.window != nil {
		s.Do("choose a maintenance window for the target (evenings, weekdays or weekends): the source's is %s", s.text("PreferredMaintenanceWindow"))
	}
	for _, g := range s.parameterGroups() {
		if values := mapping(g.Properties["Parameters"]); len(values) > 0 {
			s.Gap("sqlserver.parameters", common.Shown(values))
		}
	}
}
