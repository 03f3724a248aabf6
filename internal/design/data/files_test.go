package data_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/data"
	"example.com/landfall/internal/design/designtest"
)

func TestFileSystems(t *testing.T) {
	t.Parallel()
	d := checked(t, `
Resources:`+network+`
  Home:
    Type: AWS::EFS::FileSystem
    Properties: {Encrypted: true, ThroughputMode: provisioned, ProvisionedThroughputInMibps: 300, LifecyclePolicies: [{TransitionToIA: AFTER_30_DAYS}], BackupPolicy: {Status: ENABLED}, FileSystemTags: [{Key: Name, Value: home}]}
  MountA: {Type: AWS::EFS::MountTarget, Properties: {FileSystemId: !Ref Home, SubnetId: !Ref A, SecurityGroups: [!Ref Open]}}
  MountB: {Type: AWS::EFS::MountTarget, Properties: {FileSystemId: !Ref Home, SubnetId: !Ref B, SecurityGroups: [!Ref Open]}}
  Point: {Type: AWS::EFS::AccessPoint, Properties: {FileSystemId: !Ref Home, PosixUser: {Uid: "1000", Gid: "1000"}, RootDirectory: {Path: /app}}}
  Lone: {Type: AWS::EFS::FileSystem, Properties: {AvailabilityZoneName: us-east-1a}}
  Windows: {Type: AWS::FSx::FileSystem, Properties: {FileSystemType: WINDOWS, StorageCapacity: 300, SubnetIds: [!Ref A, !Ref B], WindowsConfiguration: {ThroughputCapacity: 64, DeploymentType: MULTI_AZ_1, AutomaticBackupRetentionDays: 14, Aliases: [files.example]}}}
  Ontap: {Type: AWS::FSx::FileSystem, Properties: {FileSystemType: ONTAP, StorageCapacity: 2048, SubnetIds: [!Ref A], OntapConfiguration: {ThroughputCapacity: 128, DeploymentType: SINGLE_AZ_1}}}
  Machine: {Type: AWS::FSx::StorageVirtualMachine, Properties: {FileSystemId: !Ref Ontap, Name: svm}}
  Volume: {Type: AWS::FSx::Volume, Properties: {Name: vol1, VolumeType: ONTAP, OntapConfiguration: {StorageVirtualMachineId: !Ref Machine, SizeInMegabytes: "512000", JunctionPath: /vol1}}}
  Lustre: {Type: AWS::FSx::FileSystem, Properties: {FileSystemType: LUSTRE, StorageCapacity: 1200, SubnetIds: [!Ref A], LustreConfiguration: {DeploymentType: PERSISTENT_2, PerUnitStorageThroughput: 250}}}
  Zfs: {Type: AWS::FSx::FileSystem, Properties: {FileSystemType: OPENZFS, StorageCapacity: 64, SubnetIds: [!Ref A], OpenZFSConfiguration: {ThroughputCapacity: 160, DeploymentType: SINGLE_AZ_1}}}
`)
	accounts := map[string]design.Resource{}
	for _, r := range resources(d, "Microsoft.Storage/storageAccounts") {
		accounts[strings.TrimSuffix(strings.TrimPrefix(r.Name, "st"), d.Place.Suffix)] = r
	}
	want(t, accounts["home"], map[string]string{"kind": "FileStorage", "sku.name": "Premium_ZRS", "properties.supportsHttpsTrafficOnly": "false", "properties.publicNetworkAccess": "Disabled"})
	want(t, accounts["lone"], map[string]string{"sku.name": "Premium_LRS"})
	want(t, accounts["windows"], map[string]string{"sku.name": "Premium_ZRS", "properties.supportsHttpsTrafficOnly": "true"})
	for _, r := range resources(d, "Microsoft.Storage/storageAccounts/fileServices/shares") {
		switch r.Name[strings.LastIndexByte(r.Name, '/')+1:] {
		case "home":
			want(t, r, map[string]string{"properties.enabledProtocols": "NFS", "properties.shareQuota": "2000", "properties.rootSquash": "NoRootSquash"})
		case "windows":
			want(t, r, map[string]string{"properties.enabledProtocols": "SMB", "properties.shareQuota": "300"})
		case "zfs":
			want(t, r, map[string]string{"properties.enabledProtocols": "NFS", "properties.shareQuota": "600"})
		}
	}
	want(t, designtest.One(t, d, "Microsoft.NetApp/netAppAccounts/capacityPools"), map[string]string{"properties.serviceLevel": "Premium", "properties.size": "2.199023255552e+12"})
	want(t, designtest.One(t, d, "Microsoft.NetApp/netAppAccounts/capacityPools/volumes"), map[string]string{"properties.usageThreshold": "5.36870912e+11", "properties.creationToken": "vol1"})
	wantGaps(t, decisionOf(t, d, "AWS::EFS::FileSystem", "home"), "efs.lifecycle", "efs.nfs")
	wantToDo(t, decisionOf(t, d, "AWS::EFS::FileSystem", "home"), "Azure Backup")
	wantGaps(t, decisionOf(t, d, "AWS::EFS::AccessPoint", "Point"), "efs.access-point")
	if m := decisionOf(t, d, "AWS::EFS::MountTarget", "MountA"); m.Action != design.Replace || len(m.Targets) != 1 {
		t.Errorf("mount target: %+v", m)
	}
	wantGaps(t, decisionOf(t, d, "AWS::FSx::FileSystem", "Windows"), "fsx.windows-identity", "fsx.aliases")
	if l := decisionOf(t, d, "AWS::FSx::FileSystem", "Lustre"); l.Action != design.Manual {
		t.Errorf("lustre is %s", l.Action)
	}
}

// Kinds without a configuration of their own still say what to do, with the
// facts that a person needs.
func TestOthers(t *testing.T) {
	t.Parallel()
	d := checked(t, `
Resources:
  House: {Type: AWS::Redshift::Cluster, Properties: {ClusterIdentifier: house, ClusterType: multi-node, NodeType: ra3.xlplus, NumberOfNodes: 3, DBName: dw, MasterUsername: a, MasterUserPassword: "{{resolve:x}}"}}
  Job: {Type: AWS::Glue::Job, Properties: {Name: etl, Role: r, GlueVersion: "4.0", WorkerType: G.1X, NumberOfWorkers: 10, Command: {Name: glueetl, ScriptLocation: "s3://x/y.py"}}}
  Search: {Type: AWS::OpenSearchService::Domain, Properties: {DomainName: search, EngineVersion: OpenSearch_2.11, ClusterConfig: {InstanceType: r6g.large.search, InstanceCount: 3}}}
  Task: {Type: AWS::DMS::ReplicationTask, Properties: {MigrationType: full-load, ReplicationInstanceArn: a, SourceEndpointArn: b, TargetEndpointArn: c, TableMappings: "{}"}}
  Sftp: {Type: AWS::Transfer::Server, Properties: {Protocols: [SFTP]}}
  Lens: {Type: AWS::S3::StorageLens, Properties: {StorageLensConfiguration: {Id: x, IsEnabled: true, AccountLevel: {BucketLevel: {}}}}}
`)
	for kind, words := range map[string]string{"AWS::Redshift::Cluster": "NumberOfNodes=3", "AWS::Glue::Job": "GlueVersion=4.0", "AWS::OpenSearchService::Domain": "OpenSearch_2.11", "AWS::DMS::ReplicationTask": "MigrationType=full-load", "AWS::Transfer::Server": "SFTP"} {
		for _, one := range d.Decisions {
			if string(one.Kind) == kind && (one.Action != design.Manual || !strings.Contains(one.Why, words) || len(one.ToDo) == 0 || one.EffortDays == 0) {
				t.Errorf("%s: %+v", kind, one)
			}
		}
	}
	if lens := decisionOf(t, d, "AWS::S3::StorageLens", "Lens"); lens.Action != design.Replace {
		t.Errorf("storage lens is %s", lens.Action)
	}
}

// Every rule names its page, and makes only targets that it names.
func TestRulesAreDocumented(t *testing.T) {
	t.Parallel()
	for _, rule := range data.Family().Rules {
		if rule.Source == "" || !strings.Contains(rule.Name, "/") || strings.ToLower(rule.Name) != rule.Name {
			t.Errorf("rule %q: source %q", rule.Name, rule.Source)
		}
	}
}

// Deleted shares are kept for 1 to 365 days at the target.
func TestSharesAreKeptWithinBounds(t *testing.T) {
	t.Parallel()
	for said, kept := range map[string]string{"0": "7", "-1": "7", "30": "30", "90": "90", "366": "365", "70000": "365"} {
		d := designtest.Make(t, families(), designtest.FromTemplate(t, "Resources:\n  Windows: {Type: AWS::FSx::FileSystem, Properties: {FileSystemType: WINDOWS, StorageCapacity: 300, SubnetIds: [subnet-1], WindowsConfiguration: {ThroughputCapacity: 64, AutomaticBackupRetentionDays: "+said+"}}}\n")...)
		designtest.Check(t, d)
		want(t, designtest.One(t, d, "Microsoft.Storage/storageAccounts/fileServices"), map[string]string{"properties.shareDeleteRetentionPolicy.days": kept})
	}
}
