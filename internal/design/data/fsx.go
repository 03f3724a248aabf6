package data

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/netapp/2026-05-01/capacitypools"
	"github.com/hashicorp/go-azure-sdk/resource-manager/netapp/2026-05-01/netappaccounts"
	"github.com/hashicorp/go-azure-sdk/resource-manager/netapp/2026-05-01/volumes"
)

const (
	netappAccount cloud.Kind = "Microsoft.NetApp/netAppAccounts"
	netappPool    cloud.Kind = "Microsoft.NetApp/netAppAccounts/capacityPools"
	netappVolume  cloud.Kind = "Microsoft.NetApp/netAppAccounts/capacityPools/volumes"
)

func (b *book) fsxRules() []design.Rule {
	const page = "Azure Architecture Center, Compare storage on Azure and AWS"
	return []design.Rule{
		making(b.rule("fsx/filesystem", page, fsx, "AWS::FSx::FileSystem"), storageAccount, fileService, fileShare, netappAccount, netappPool, netappVolume),
		b.rule("fsx/part", page, fsxPart, "AWS::FSx::Volume", "AWS::FSx::StorageVirtualMachine"),
	}
}

func fsx(s *sheet) design.Decision {
	s.Knows("FileSystemId", "DNSName", "LustreMountName", "RootVolumeId", "OwnerId", "VpcId", "NetworkInterfaceIds", "Lifecycle", "CreationTime", "ResourceARN", "StorageType", "SecurityGroupIds", "SubnetIds", "NetworkType")
	s.gapIf("fsx.from-backup", "BackupId")
	switch strings.ToUpper(s.text("FileSystemType")) {
	case "WINDOWS":
		return s.fsxWindows()
	case "ONTAP":
		return s.fsxONTAP()
	case "OPENZFS":
		return s.fsxOpenZFS()
	case "LUSTRE":
		return s.fsxLustre()
	}
	s.Do("find out which type of FSx %s is, and choose Azure Files, Azure NetApp Files or Azure Managed Lustre", s.r.Name)
	return s.done(design.Manual, 0.3, "no automatic mapping: nothing says which type of file system it is")
}

func (s *sheet) capacity() int { return s.int("StorageCapacity", 1024) }

// megabytes is the throughput that the source has, 0 when it is not said.
func (s *sheet) megabytes(path string) float64 {
	n, _ := s.number(path)
	return n
}

func (s *sheet) fsxWindows() design.Decision {
	f := share{zones: strings.HasPrefix(strings.ToUpper(s.text("WindowsConfiguration.DeploymentType")), "MULTI_AZ") && s.zones()}
	f.gib = quota(s.capacity(), s.megabytes("WindowsConfiguration.ThroughputCapacity"))
	f.key, f.hasKey = s.key("KmsKeyId")
	f.keep = s.int("WindowsConfiguration.AutomaticBackupRetentionDays", 0)
	id := f.put(s)
	if !s.private(accountOf(id), "file", s.subnets()) {
		s.Do("give storage account %s a private endpoint: nothing says where the clients are", common.LastName(accountOf(id)))
	}
	s.Gap("fsx.windows-identity", "WindowsConfiguration.ActiveDirectoryId")
	if s.Has("WindowsConfiguration.Aliases") {
		s.Gap("fsx.aliases", "WindowsConfiguration.Aliases="+common.Shown(s.At("WindowsConfiguration.Aliases")))
	}
	if s.Has("WindowsConfiguration.AuditLogConfiguration") {
		s.Gap("fsx.audit", "WindowsConfiguration.AuditLogConfiguration")
	}
	s.Do("join storage account %s to the directory of %s (AD DS, Entra Domain Services or Entra Kerberos), then copy with robocopy /COPYALL or Storage Mover so that access control lists come over", common.LastName(accountOf(id)), s.r.Name)
	s.Not("Azure NetApp Files", "for more than 10 GiB/s or sub-millisecond latency; a pool of at least 1 TiB is paid whether used or not")
	s.Decision.EffortDays = 4
	return s.done(design.Migrate, 0.75, "FSx for Windows File Server with %d GiB becomes SMB share %s of premium account %s (%s)", s.capacity(), common.LastName(id), common.LastName(accountOf(id)), skuOf(s.c, accountOf(id)))
}

func (s *sheet) fsxOpenZFS() design.Decision {
	f := share{nfs: true, zones: strings.HasPrefix(strings.ToUpper(s.text("OpenZFSConfiguration.DeploymentType")), "MULTI_AZ") && s.zones()}
	f.gib = quota(s.capacity(), s.megabytes("OpenZFSConfiguration.ThroughputCapacity"))
	f.key, f.hasKey = s.key("KmsKeyId")
	id := f.put(s)
	if !s.private(accountOf(id), "file", s.subnets()) {
		s.Do("give storage account %s a private endpoint: NFS is refused over public addresses", common.LastName(accountOf(id)))
	}
	s.Gap("fsx.openzfs", "OpenZFSConfiguration="+common.Shown(s.At("OpenZFSConfiguration")))
	s.Not("Azure NetApp Files", "snapshots and clones as OpenZFS has them; a pool of at least 1 TiB is paid whether used or not")
	s.Decision.EffortDays = 3
	return s.done(design.Migrate, 0.6, "FSx for OpenZFS with %d GiB becomes NFS 4.1 share %s of premium account %s", s.capacity(), common.LastName(id), common.LastName(accountOf(id)))
}

func (s *sheet) fsxLustre() design.Decision {
	s.skipAll()
	s.Do("deploy Azure Managed Lustre of at least %d GiB in a subnet of its own, of the tier that does the source's throughput (MB/s for each TiB: %s), and link it to the blob container that stands for the data repository", s.capacity(), orUnknown(s.text("LustreConfiguration.PerUnitStorageThroughput")))
	s.Do("mount it with the Lustre client of the same major version on the machines that replace the clients")
	s.Not("Azure Managed Lustre", "sizes are multiples of 4 to 48 TiB that depend on the tier, so that a person has to choose")
	s.Decision.EffortDays = 5
	return s.done(design.Manual, 0.5, "Azure Managed Lustre takes the place of the Lustre file system with %d GiB (%s); its tier and size are a person's choice", s.capacity(), orUnknown(s.text("LustreConfiguration.DeploymentType")))
}

// level is a service level with its throughput for each TiB (Microsoft Learn,
// "Service levels for Azure NetApp Files").
func level(gib int, megabytes float64) (capacitypools.ServiceLevel, volumes.ServiceLevel) {
	perTiB := megabytes / (float64(gib) / 1024)
	switch {
	case perTiB <= 16:
		return capacitypools.ServiceLevelStandard, volumes.ServiceLevelStandard
	case perTiB <= 64:
		return capacitypools.ServiceLevelPremium, volumes.ServiceLevelPremium
	}
	return capacitypools.ServiceLevelUltra, volumes.ServiceLevelUltra
}

// children are the volumes of an ONTAP file system, root volumes of its virtual
// machines left out.
func (s *sheet) children() []*inventory.Resource {
	var out []*inventory.Resource
	for _, m := range s.c.Referring(s.r, "AWS::FSx::StorageVirtualMachine", "FileSystemId") {
		out = append(out, s.c.Referring(m, "AWS::FSx::Volume", "OntapConfiguration.StorageVirtualMachineId")...)
	}
	return out
}

func (s *sheet) fsxONTAP() design.Decision {
	const tib, most = 1024, 1024 * 500
	gib := min(max((s.capacity()+tib-1)/tib*tib, tib), most)
	poolLevel, volumeLevel := level(gib, s.megabytes("OntapConfiguration.ThroughputCapacity"))
	near := s.subnets()
	subnet, ok := cloud.ResourceID(""), false
	if s.c.Plan != nil && len(near) > 0 {
		subnet, ok = s.c.Plan.Dedicated(design.Purpose{Name: "netapp", Delegation: "Microsoft.NetApp/volumes", Bits: 28, From: s.r, Near: near, Groups: s.securityGroups(), Listens: []int{2049, 445}})
	}
	s.Gap("fsx.ontap", "OntapConfiguration="+common.Shown(s.At("OntapConfiguration")))
	s.Knows("KmsKeyId")
	s.Not("Azure Elastic SAN", "for LUNs that clients reach by iSCSI; this file system's volumes are files as far as its configuration says")
	s.Decision.EffortDays = 6
	if !ok {
		s.Do("deploy an Azure NetApp Files account with a pool of %d GiB (%s) in a subnet delegated to Microsoft.NetApp/volumes: nothing says in which VPC the source stands", gib, poolLevel)
		return s.done(design.Manual, 0.5, "Azure NetApp Files takes the place of FSx for ONTAP; it needs a subnet, and no subnet of the source is known")
	}
	account := s.c.Put(design.Target{Type: netappAccount, Base: base(s.r), Model: netappaccounts.NetAppAccount{Properties: &netappaccounts.AccountProperties{}}}, s.r)
	pool := s.c.Put(design.Target{Type: netappPool, Parent: account, Base: base(s.r), Location: s.c.Place.Location, Model: capacitypools.CapacityPool{Properties: capacitypools.PoolProperties{ServiceLevel: poolLevel, Size: int64(gib) << 30, QosType: new(capacitypools.QosTypeAuto)}}}, s.r)
	children := s.children()
	size := max(100, gib/max(1, len(children)))
	if len(children) == 0 {
		s.volume(pool, subnet, volumeLevel, gib, s.r)
	}
	for _, v := range children {
		s.volume(pool, subnet, volumeLevel, size, v)
	}
	s.Do("copy volume by volume with rsync, robocopy or SnapMirror, and set export policies and SMB shares as at the source")
	return s.done(design.Migrate, 0.6, "FSx for NetApp ONTAP with %d GiB becomes Azure NetApp Files account %s with a %s pool of %d GiB and %s", s.capacity(), common.LastName(account), poolLevel, gib, common.Count(max(1, len(children)), "volume"))
}

func (s *sheet) volume(pool, subnet cloud.ResourceID, level volumes.ServiceLevel, gib int, r *inventory.Resource) {
	if wanted := design.Int(r.Properties, "OntapConfiguration.SizeInMegabytes", 0) / 1024; wanted > 0 && wanted < gib {
		gib = max(100, wanted)
	}
	name := base(r)
	s.c.Put(design.Target{Type: netappVolume, Parent: pool, Base: name, Location: s.c.Place.Location, Model: volumes.Volume{Properties: volumes.VolumeProperties{
		CreationToken: containerToken(name), ServiceLevel: new(level), SubnetId: string(subnet), UsageThreshold: int64(gib) << 30, ProtocolTypes: &[]string{"NFSv3"},
		ExportPolicy: &volumes.VolumePropertiesExportPolicy{Rules: &[]volumes.ExportPolicyRule{{RuleIndex: new(int64(1)), AllowedClients: new("0.0.0.0/0"), Nfsv3: new(true), Nfsv41: new(false), UnixReadWrite: new(true), UnixReadOnly: new(false), HasRootAccess: new(true), Cifs: new(false)}}},
	}}}, r)
}

// containerToken is the path under which a volume is mounted: it begins with a
// letter.
func containerToken(name string) string {
	out := strings.Map(func(r rune) rune {
		if (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9') || r == '-' {
			return r
		}
		return '-'
	}, name)
	if out == "" || out[0] == '-' || (out[0] >= '0' && out[0] <= '9') {
		return "v" + out
	}
	return out
}

func fsxPart(s *sheet) design.Decision {
	s.skipAll()
	if s.r.Kind == "AWS::FSx::Volume" && len(s.c.TargetsOf(s.r)) > 0 {
		s.Gap("fsx.ontap", "OntapConfiguration="+common.Shown(s.r.Properties["OntapConfiguration"]))
		return s.done(design.Migrate, 0.6, "the volume becomes a volume of Azure NetApp Files; junction path, tiering and snapshot policy are settled with the file system")
	}
	s.Do("settle %s together with its file system: %s", s.r.Name, common.Shown(map[string]any(s.r.Properties)))
	return s.done(design.Replace, 0.5, "it is a part of its file system, which its target has as a whole")
}
