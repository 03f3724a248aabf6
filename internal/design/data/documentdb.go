package data

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/mongocluster/2025-09-01/mongoclusters"
)

const mongoCluster cloud.Kind = "Microsoft.DocumentDB/mongoClusters"

func (b *book) docdbRules() []design.Rule {
	const page = "Azure Architecture Center, Compare relational database services on Azure and AWS"
	return []design.Rule{
		making(b.rule("documentdb/cluster", page, docdbCluster, "AWS::DocDB::DBCluster"), mongoCluster),
		b.rule("documentdb/instance", page, docdbInstance, "AWS::DocDB::DBInstance"),
		b.rule("documentdb/parametergroup", page, docdbParameters, "AWS::DocDB::DBClusterParameterGroup"),
		making(b.rule("documentdb/elastic", page, docdbElastic, "AWS::DocDBElastic::Cluster"), mongoCluster),
	}
}

// docdbMembers are the instances of a cluster, from a template or from the API
// of RDS, which answers for DocumentDB as well.
func docdbMembers(c *book, r *inventory.Resource) []*inventory.Resource {
	return append(c.Referring(r, "AWS::DocDB::DBInstance", "DBClusterIdentifier"), c.Referring(r, dbInstance, "DBClusterIdentifier")...)
}

// mongoTier is a tier by vCores and memory (Microsoft Learn, "Compute and
// storage configurations for Azure DocumentDB").
func mongoTier(cores, gib int) string {
	for _, t := range []struct {
		name       string
		cores, gib int
	}{{"M30", 2, 8}, {"M40", 4, 16}, {"M50", 8, 32}, {"M60", 16, 64}, {"M80", 32, 128}, {"M200", 64, 256}} {
		if t.cores >= cores && t.gib >= gib {
			return t.name
		}
	}
	return "M200"
}

func docdbCluster(s *sheet) design.Decision {
	all := docdbMembers(s.c, s.r)
	class := s.text("DBInstanceClass")
	if class == "" && len(all) > 0 {
		class = design.Text(all[0].Properties, "DBInstanceClass")
	}
	wish, ok := s.c.Catalog.DatabaseWish(class)
	if !ok {
		s.Do("choose the tier of the cluster of %s: the class of its instances is not known, and M30 was taken", s.r.Name)
		wish.VCPU, wish.MiB = 2, 8*1024
	}
	id := s.putMongo(mongoTier(wish.VCPU, (wish.MiB+1023)/1024), len(all) > 1, 1)
	s.readOnly()
	s.Knows("Engine", "DBClusterIdentifier", "DBInstanceIdentifier", "DBInstanceClass", "AvailabilityZones", "AvailabilityZone", "Port", "VpcSecurityGroupIds", "VPCSecurityGroups", "MasterUserPassword", "DBClusterParameterGroupName", "StorageEncrypted", "SnapshotIdentifier", "MultiAZ", "StorageType", "NetworkType", "RestoreType", "DBParameterGroupName", "AutoMinorVersionUpgrade", "AllocatedStorage", "LicenseModel", "PromotionTier", "MonitoringInterval", "OptionGroupName")
	for _, row := range [][2]string{{"documentdb.backup", "BackupRetentionPeriod"}, {"documentdb.window", "PreferredBackupWindow"}, {"documentdb.window", "PreferredMaintenanceWindow"}, {"documentdb.logs", "EnableCloudwatchLogsExports"}, {"documentdb.change-streams", "ChangeStreamLogRetentionDuration"}} {
		s.gapIf(row[0], row[1])
	}
	if s.yes("DeletionProtection") {
		s.Do("put a CanNotDelete lock on cluster %s after the cutover", common.LastName(id))
	}
	s.Gap("documentdb.version", "EngineVersion="+orUnknown(s.text("EngineVersion")))
	s.Decision.EffortDays = 4
	return s.done(design.Migrate, 0.7, "the cluster (%s, %s) becomes Azure DocumentDB (vCore) cluster %s", sizeWords(s.c, class), common.Count(len(all), "instance"), common.LastName(id))
}

// putMongo puts a cluster that is reached by a private endpoint.
func (s *sheet) putMongo(tier string, standby bool, shards int) cloud.ResourceID {
	admin := s.text("MasterUsername")
	if name := s.text("AdminUserName"); name != "" {
		admin = name
	}
	if refused(admin) {
		admin = defaultAdmin
	}
	mode := mongoclusters.HighAvailabilityModeDisabled
	if standby {
		mode = mongoclusters.HighAvailabilityModeZoneRedundantPreferred
	}
	properties := mongoclusters.MongoClusterProperties{
		Administrator: &mongoclusters.AdministratorProperties{UserName: new(admin), Password: new(s.password())},
		ServerVersion: new("7.0"), Compute: &mongoclusters.ComputeProperties{Tier: new(tier)}, Storage: &mongoclusters.StorageProperties{SizeGb: new(int64(128))},
		Sharding: &mongoclusters.ShardingProperties{ShardCount: new(int64(shards))}, HighAvailability: &mongoclusters.HighAvailabilityProperties{TargetMode: new(mode)},
		PublicNetworkAccess: new(mongoclusters.PublicNetworkAccessDisabled),
	}
	key, hasKey := s.key("KmsKeyId")
	if hasKey {
		properties.Encryption = &mongoclusters.EncryptionProperties{CustomerManagedKeyEncryption: &mongoclusters.CustomerManagedKeyEncryptionProperties{
			KeyEncryptionKeyURL: new(key.Versionless), KeyEncryptionKeyIdentity: &mongoclusters.KeyEncryptionKeyIdentity{
				IdentityType: new(mongoclusters.KeyEncryptionKeyIdentityTypeUserAssignedIdentity), UserAssignedIdentityResourceId: new(string(key.Identity)),
			},
		}}
	}
	id := s.c.Put(design.Target{Type: mongoCluster, Base: base(s.r), After: key.after(), Model: mongoclusters.MongoCluster{Properties: &properties}}, s.r)
	if hasKey {
		setBody(s.c, id, "identity", key.identityBody())
	}
	if !s.private(id, "MongoCluster", s.subnets()) {
		s.Do("give cluster %s a private endpoint: nothing says in which VPC the source stands", common.LastName(id))
	}
	s.Gap("documentdb.compatibility", "Kind="+string(s.r.Kind))
	s.Do("set the storage of cluster %s to the size of the data (128 GiB were taken), and test every command and index of the workload against it", common.LastName(id))
	s.Not("Azure Cosmos DB for MongoDB (RU)", "billed by request units, needs a shard key for each collection, and is no MongoDB of a fixed size like the source")
	return id
}

func docdbInstance(s *sheet) design.Decision {
	s.skipAll()
	owner, _ := s.c.Find(s.r, s.At("DBClusterIdentifier"), "AWS::DocDB::DBCluster", dbCluster)
	id, ok := s.c.TargetOf(owner, mongoCluster)
	if !ok {
		s.Do("decide for %s together with its cluster", s.r.Name)
		return s.done(design.Manual, 0.4, "no automatic mapping: its cluster has no target in this design")
	}
	s.c.Attach(s.r, id)
	return s.done(design.Replace, 0.7, "an instance (%s) of cluster %s, whose target has compute of its own", sizeWords(s.c, design.Text(s.r.Properties, "DBInstanceClass")), owner.Name)
}

func docdbParameters(s *sheet) design.Decision {
	s.Knows("Name", "Family", "Description", "DBClusterParameterGroupName")
	values := mapping(s.At("Parameters"))
	for _, name := range []string{"tls", "audit_logs", "profiler", "ttl_monitor", "change_stream_log_retention_duration"} {
		if v := design.Text(values, name); v != "" {
			s.Gap("documentdb.parameter", name+"="+v)
		}
	}
	return s.done(design.Replace, 0.6, "the target always uses TLS and has no parameter groups; the %s of the group were looked through", common.Count(len(values), "parameter"))
}

func docdbElastic(s *sheet) design.Decision {
	cores := s.int("ShardCapacity", 2)
	shards := s.int("ShardCount", 1)
	id := s.putMongo(mongoTier(cores, cores*4), s.int("ShardInstanceCount", 1) > 1, shards)
	s.Knows("ClusterName", "AuthType", "AdminUserPassword", "PreferredMaintenanceWindow", "ShardCapacity", "ShardCount", "ShardInstanceCount", "VpcSecurityGroupIds", "ClusterArn", "ClusterEndpoint", "BackupRetentionPeriod", "PreferredBackupWindow")
	if strings.EqualFold(design.Text(s.r.Properties, "AuthType"), "SECRET_ARN") {
		s.Do("put the administrator's password into the key vault: the source reads it from a secret")
	}
	s.Decision.EffortDays = 4
	return s.done(design.Migrate, 0.65, "the elastic cluster with %s of %d vCPU becomes Azure DocumentDB (vCore) cluster %s", common.Count(shards, "shard"), cores, common.LastName(id))
}
