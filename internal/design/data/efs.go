package data

import (
	"math"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/storage/2025-08-01/fileservices"
	"github.com/hashicorp/go-azure-sdk/resource-manager/storage/2025-08-01/fileshares"
	"github.com/hashicorp/go-azure-sdk/resource-manager/storage/2025-08-01/storageaccounts"
)

const (
	fileService cloud.Kind = "Microsoft.Storage/storageAccounts/fileServices"
	fileShare   cloud.Kind = "Microsoft.Storage/storageAccounts/fileServices/shares"
)

func (b *book) efsRules() []design.Rule {
	const page = "Azure Architecture Center, Compare storage on Azure and AWS"
	return []design.Rule{
		making(b.rule("efs/filesystem", page, fileSystem, "AWS::EFS::FileSystem"), storageAccount, fileService, fileShare),
		b.rule("efs/mounttarget", page, mountTarget, "AWS::EFS::MountTarget"),
		b.rule("efs/accesspoint", page, accessPoint, "AWS::EFS::AccessPoint"),
	}
}

// share is a file share with an account of its own.
type share struct {
	nfs    bool
	zones  bool
	gib    int
	key    customerKey
	hasKey bool
	keep   int
}

// put puts a premium account, its service and the share. NFS needs an account
// that takes unencrypted connections, closed to the internet (Microsoft Learn,
// "NFS file shares in Azure Files").
func (f share) put(s *sheet) cloud.ResourceID {
	sku := storageaccounts.SkuNamePremiumLRS
	if f.zones {
		sku = storageaccounts.SkuNamePremiumZRS
	}
	properties := storageaccounts.StorageAccountPropertiesCreateParameters{
		AllowBlobPublicAccess: new(false), AllowSharedKeyAccess: new(!f.nfs), MinimumTlsVersion: new(storageaccounts.MinimumTlsVersionTLSOneTwo), SupportsHTTPSTrafficOnly: new(!f.nfs),
		PublicNetworkAccess: new(storageaccounts.PublicNetworkAccessDisabled), NetworkAcls: &storageaccounts.NetworkRuleSet{DefaultAction: storageaccounts.DefaultActionDeny, Bypass: new(storageaccounts.BypassAzureServices)},
		Encryption: &storageaccounts.Encryption{KeySource: new(storageaccounts.KeySourceMicrosoftPointStorage), Services: &storageaccounts.EncryptionServices{File: &storageaccounts.EncryptionService{Enabled: new(true)}}},
	}
	if f.hasKey {
		properties.Encryption.KeySource = new(storageaccounts.KeySourceMicrosoftPointKeyvault)
		properties.Encryption.Keyvaultproperties = &storageaccounts.KeyVaultProperties{Keyname: new(f.key.Name), Keyvaulturi: new(f.key.VaultURI)}
		properties.Encryption.Identity = &storageaccounts.EncryptionIdentity{UserAssignedIdentity: new(string(f.key.Identity))}
	}
	account := s.c.Put(design.Target{Type: storageAccount, Base: base(s.r), After: f.key.after(), Model: storageaccounts.StorageAccountCreateParameters{
		Kind: storageaccounts.KindFileStorage, Sku: storageaccounts.Sku{Name: sku}, Properties: &properties,
	}}, s.r)
	if f.hasKey {
		setBody(s.c, account, "identity", f.key.identityBody())
	}
	service := s.c.Put(design.Target{Type: fileService, Parent: account, Base: "default", Exact: true, NoLocation: true, Model: fileservices.FileServiceProperties{Properties: &fileservices.FileServicePropertiesProperties{
		ShareDeleteRetentionPolicy: &fileservices.DeleteRetentionPolicy{Enabled: new(true), Days: new(int64(min(max(f.keep, 7), 365)))},
	}}}, s.r)
	p := fileshares.FileShareProperties{EnabledProtocols: new(fileshares.EnabledProtocolsSMB), ShareQuota: new(int64(f.gib))}
	if f.nfs {
		p.EnabledProtocols, p.RootSquash = new(fileshares.EnabledProtocolsNFS), new(fileshares.RootSquashTypeNoRootSquash)
	}
	return s.c.Put(design.Target{Type: fileShare, Parent: service, Base: base(s.r), NoLocation: true, Model: fileshares.FileShare{Properties: &p}}, s.r)
}

// accountOf returns the account that a share stands in.
func accountOf(id cloud.ResourceID) cloud.ResourceID {
	head, _, _ := strings.Cut(string(id), "/fileServices/")
	return cloud.ResourceID(head)
}

// quota is the provisioned size that gives the throughput: a premium share does
// 100 MiB/s, and 0.1 for each GiB (Microsoft Learn, "Understand Azure Files
// billing", provisioned v1).
func quota(gib int, mibPerSecond float64) int {
	const least, most, free, perGiB = 100, 102400, 100, 0.1
	need := gib
	if mibPerSecond > free {
		need = max(need, int(math.Ceil((mibPerSecond-free)/perGiB)))
	}
	return min(max(need, least), most)
}

func fileSystem(s *sheet) design.Decision {
	const usual, limit = 1024, 10340
	throughput, _ := s.number("ProvisionedThroughputInMibps")
	f := share{nfs: true, zones: s.text("AvailabilityZoneName") == "" && s.zones(), gib: quota(usual, throughput)}
	if s.yes("Encrypted") || s.Has("KmsKeyId") {
		f.key, f.hasKey = s.key("KmsKeyId")
	}
	s.Do("set the quota of the share of %s to the size of its data and the throughput that it needs: EFS grows by itself, a premium share is provisioned (%d GiB were taken)", s.r.Name, f.gib)
	s.Knows("ThroughputMode", "FileSystemTags", "FileSystemId", "CreationToken", "BypassPolicyLockoutSafetyCheck", "AvailabilityZoneName")
	if strings.EqualFold(s.text("ThroughputMode"), "elastic") || s.text("ThroughputMode") == "" {
		s.Gap("efs.throughput", "ThroughputMode="+orUnknown(s.text("ThroughputMode")))
	}
	if strings.EqualFold(s.text("PerformanceMode"), "maxIO") || throughput > limit {
		s.Gap("efs.fast", "PerformanceMode="+s.text("PerformanceMode")+", "+common.Shown(throughput)+" MiB/s")
	}
	for _, row := range [][2]string{{"efs.lifecycle", "LifecyclePolicies"}, {"efs.policy", "FileSystemPolicy"}, {"efs.replication", "ReplicationConfiguration"}, {"efs.replication", "FileSystemProtection"}} {
		s.gapIf(row[0], row[1])
	}
	if strings.EqualFold(s.text("BackupPolicy.Status"), "ENABLED") {
		s.Do("protect the share of %s with Azure Backup: the source has automatic backups", s.r.Name)
	}
	id := f.put(s)
	var near []any
	for _, m := range s.c.Referring(s.r, "AWS::EFS::MountTarget", "FileSystemId") {
		if m.Properties["SubnetId"] != nil {
			near = append(near, m.Properties["SubnetId"])
		}
	}
	if !s.private(accountOf(id), "file", near) {
		s.Do("give storage account %s a private endpoint: NFS is refused over public addresses, and no mount target says where the clients are", common.LastName(accountOf(id)))
	}
	s.Gap("efs.nfs", "Kind=AWS::EFS::FileSystem")
	s.Do("change the mounts: host <account>.privatelink.file.core.windows.net, path /<account>/%s, options vers=4,minorversion=1,sec=sys; the mount helper of EFS and its TLS tunnel go", common.LastName(id))
	s.Not("Azure NetApp Files", "sub-millisecond latency and up to 4.5 GiB/s for a volume; a pool of at least 1 TiB is paid whether used or not")
	s.Decision.EffortDays = 2
	return s.done(design.Migrate, 0.75, "the file system becomes NFS 4.1 share %s of premium account %s (%s, %d GiB)", common.LastName(id), common.LastName(accountOf(id)), skuOf(s.c, accountOf(id)), f.gib)
}

// owner attaches a part to the account of its file system.
func (s *sheet) owner(kind cloud.Kind, property string) (*inventory.Resource, bool) {
	r, ok := s.c.Find(s.r, s.At(property), kind)
	if !ok {
		return nil, false
	}
	if id, put := s.c.TargetOf(r, storageAccount); put {
		s.c.Attach(s.r, id)
	}
	return r, true
}

func mountTarget(s *sheet) design.Decision {
	s.Knows("SubnetId", "SecurityGroups", "IpAddress", "Ipv6Address", "IpAddressType", "MountTargetId", "AvailabilityZoneId", "AvailabilityZoneName", "OwnerId", "LifeCycleState", "NetworkInterfaceId", "VpcId")
	r, ok := s.owner("AWS::EFS::FileSystem", "FileSystemId")
	if !ok {
		return s.done(design.Retire, 0.6, "its file system is not part of the workload")
	}
	s.Meets("efs.security-groups", "SecurityGroups")
	return s.done(design.Replace, 0.8, "one private endpoint of the storage account serves all zones instead of a mount target in each for %s", r.Name)
}

func accessPoint(s *sheet) design.Decision {
	s.Knows("AccessPointTags", "ClientToken", "AccessPointId", "Name", "OwnerId", "LifeCycleState")
	r, ok := s.owner("AWS::EFS::FileSystem", "FileSystemId")
	if !ok {
		return s.done(design.Retire, 0.6, "its file system is not part of the workload")
	}
	s.Gap("efs.access-point", "RootDirectory.Path="+s.text("RootDirectory.Path"))
	if user := s.At("PosixUser"); user != nil {
		s.Do("run the clients of access point %s as the user and group that it enforces: %s", s.r.Name, common.Shown(user))
	}
	s.Do("make the directory %q in the share of %s with owner and mode %s, and mount that path", s.text("RootDirectory.Path"), r.Name, common.Shown(s.At("RootDirectory.CreationInfo")))
	return s.done(design.Replace, 0.6, "a directory of the share of %s takes its place", r.Name)
}
