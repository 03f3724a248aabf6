package compute

import (
	"slices"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-helpers/resourcemanager/identity"
	"github.com/hashicorp/go-azure-sdk/resource-manager/compute/2023-04-02/diskencryptionsets"
	"github.com/hashicorp/go-azure-sdk/resource-manager/compute/2023-04-02/disks"
	"github.com/hashicorp/go-azure-sdk/resource-manager/managedidentity/2024-11-30/identities"
)

// disk is one disk of a machine.
type disk struct {
	// device is the source's name, "" when it has none; label what is made of it
	// for the target's name.
	device, label string
	choice        catalog.DiskChoice
	// encryption is the disk encryption set, "" for the platform's key.
	encryption cloud.ResourceID
	// keep says that the volume outlives its machine.
	keep bool
	// volume is the source's volume, nil when only the machine names it.
	volume *inventory.Resource
	shared bool
}

// rootNames are the device names that AMIs give their root volume (Amazon EC2
// User Guide, "Device names for volumes on Amazon EC2 instances").
func rootNames() []string { return []string{"/dev/xvda", "/dev/sda1", "/dev/sda"} }

// readDisks finds the disks: those of the block device mappings and those of
// the volumes that are attached, which are the same ones in a live scan.
func (m *machine) readDisks() {
	root := []string{design.Text(m.r.Attributes, "RootDeviceName")}
	if image, ok := m.C.Find(m.r, m.At("ImageId"), "AWS::EC2::Image"); ok {
		root = append(root, design.Text(image.Properties, "RootDeviceName"))
	}
	root = append(root, rootNames()...)
	m.os = m.disk("", map[string]any{}, nil, true)
	seen := map[string]bool{}
	for _, b := range m.Maps("BlockDeviceMappings") {
		device := design.Text(b, "DeviceName")
		if seen[device] || b["NoDevice"] != nil {
			continue
		}
		seen[device] = true
		if strings.HasPrefix(design.Text(b, "VirtualName"), "ephemeral") {
			m.Gap("ec2.instance-store", "BlockDeviceMappings.VirtualName="+design.Text(b, "VirtualName"))
			continue
		}
		ebs, _ := b["Ebs"].(map[string]any)
		m.addDisk(device, ebs, m.volumeAt(device), slices.Contains(root, device))
	}
	for _, v := range m.Maps("Volumes") {
		if _, ok := m.C.Find(m.r, v["VolumeId"], volumeKind); !ok {
			m.Do("the volume %s at %s is not part of the workload: add it, or make its disk by hand", common.Shown(v["VolumeId"]), common.Shown(v["Device"]))
		}
	}
	for _, a := range m.f.volumes[m.r.ID] {
		if !seen[a.device] || a.device == "" {
			seen[a.device] = true
			m.addDisk(a.device, nil, a.volume, a.device != "" && slices.Contains(root, a.device))
		}
	}
	slices.SortStableFunc(m.data, func(a, b disk) int { return strings.Compare(a.device, b.device) })
}

func (m *machine) volumeAt(device string) *inventory.Resource {
	for _, a := range m.f.volumes[m.r.ID] {
		if a.device == device {
			return a.volume
		}
	}
	return nil
}

func (m *machine) addDisk(device string, ebs map[string]any, volume *inventory.Resource, root bool) {
	d := m.disk(device, ebs, volume, root)
	if root {
		m.os = d
		return
	}
	m.data = append(m.data, d)
}

// disk chooses the managed disk for a volume, by the mapping's and the
// volume's own properties.
func (m *machine) disk(device string, ebs map[string]any, volume *inventory.Resource, root bool) disk {
	d := disk{device: device, label: strings.TrimPrefix(device, "/dev/"), volume: volume, keep: design.Text(ebs, "DeleteOnTermination") == "false"}
	properties := over(ebs, nil)
	properties["Size"] = ebs["VolumeSize"]
	if volume != nil {
		properties = over(properties, volume.Properties)
	}
	wish := catalog.DiskWish{
		Type: plainText(properties, "VolumeType"), GiB: design.Int(properties, "Size", 0), IOPS: design.Int(properties, "Iops", 0), MBps: design.Int(properties, "Throughput", 0),
		OS: root, Production: m.production(),
	}
	if wish.GiB <= 0 {
		wish.GiB = m.snapshotSize(properties)
	}
	if root {
		wish.GiB = max(wish.GiB, m.system.minGiB)
	} else if wish.GiB <= 0 {
		wish.GiB = 8
		m.Do("the size of %s is known only from its snapshot %s; 8 GiB are taken: correct it", device, common.Shown(properties["SnapshotId"]))
	}
	if m.zone == "" && !m.zonal {
		wish.Avoid = []string{catalog.PremiumV2, catalog.UltraDisk}
	}
	d.choice = m.C.Catalog.Disk(wish)
	if from := properties["SnapshotId"]; from != nil && volume == nil && !root {
		m.Do("%s begins with the content of snapshot %s: copy that content, the disk is put empty", device, common.Shown(from))
	}
	d.shared = design.True(properties, "MultiAttachEnabled")
	d.encryption = encryptionSet(m.Sheet, m.r, volume, properties)
	return d
}

// snapshotSize is the size of the snapshot that a volume begins with.
func (m *machine) snapshotSize(properties inventory.Properties) int {
	if s, ok := m.C.Find(m.r, properties["SnapshotId"], "AWS::EC2::Snapshot"); ok {
		return design.Int(s.Properties, "VolumeSize", 0)
	}
	return 0
}

func plainText(tree any, path string) string {
	if text := design.Text(tree, path); !common.Unresolved(text) {
		return text
	}
	return ""
}

// diskGaps says how the disks differ from the volumes.
func (m *machine) diskGaps() {
	for _, d := range append([]disk{m.os}, m.data...) {
		at := "BlockDeviceMappings=" + d.device
		if d.device == "" {
			at = "root volume"
		}
		for _, text := range d.choice.Gaps {
			m.Do("%s: %s", at, text)
		}
		if d.choice.Short {
			m.Gap("ebs.slower", at+": "+d.choice.Why)
		}
	}
	if p := m.os.choice.PerformanceTier; p != "" {
		m.Gap("ebs.os-performance", "root volume: "+m.os.choice.Why)
	}
	if len(m.data) > 0 {
		m.Gap("ebs.device-names", "BlockDeviceMappings="+m.data[0].device)
	}
}

// encryptionSet returns the set that encrypts with the counterpart of the KMS
// key that a volume names, "" for AWS's own key and none: every managed disk is
// encrypted with the platform's key then.
func encryptionSet(s *common.Sheet, r, volume *inventory.Resource, properties inventory.Properties) cloud.ResourceID {
	name := design.Text(properties, "KmsKeyId")
	if name == "" || strings.Contains(name, "alias/aws/") {
		return ""
	}
	from := r
	if volume != nil && volume.Properties["KmsKeyId"] != nil {
		from = volume
	}
	key, ok := s.C.Find(from, name, "AWS::KMS::Key", "AWS::KMS::ReplicaKey")
	if !ok {
		if alias, found := s.C.Find(from, name, "AWS::KMS::Alias"); found {
			key, ok = s.C.Find(alias, alias.Properties["TargetKeyId"], "AWS::KMS::Key", "AWS::KMS::ReplicaKey")
		}
	}
	id, put := cloud.ResourceID(""), false
	if ok {
		id, put = s.C.TargetOf(key, "Microsoft.KeyVault/vaults/keys")
	}
	if !put {
		s.Gap("ebs.key-outside", "KmsKeyId="+common.Shown(name))
		return ""
	}
	return s.C.Once("compute/encryption-set|"+string(id), func() cloud.ResourceID { return putEncryptionSet(s.C, id) })
}

// cryptoUser is the role Key Vault Crypto Service Encryption User, which a
// disk encryption set needs to wrap its data keys (Microsoft Learn, "Azure
// built-in roles for Security").
const cryptoUser = "e147488a-f6f5-4113-8e2d-b22465e65bf6"

func putEncryptionSet(c *design.Context, id cloud.ResourceID) cloud.ResourceID {
	vault := id[:strings.LastIndex(string(id), "/keys/")]
	owner := encryptionIdentity(c)
	grant := common.RoleAssignment(c, owner, id, cryptoUser)
	return c.Put(design.Target{Type: "Microsoft.Compute/diskEncryptionSets", Base: common.LastName(id), After: []cloud.ResourceID{grant}, Model: diskencryptionsets.DiskEncryptionSet{
		Identity: &identity.SystemAndUserAssignedMap{Type: identity.TypeUserAssigned, IdentityIds: map[string]identity.UserAssignedIdentityDetails{string(owner): {}}},
		Properties: &diskencryptionsets.EncryptionSetProperties{
			ActiveKey:                         &diskencryptionsets.KeyForDiskEncryptionSet{KeyURL: c.Output(id, "properties.keyUriWithVersion"), SourceVault: &diskencryptionsets.SourceVault{Id: new(string(vault))}},
			EncryptionType:                    new(diskencryptionsets.DiskEncryptionSetTypeEncryptionAtRestWithCustomerKey),
			RotationToLatestKeyVersionEnabled: new(true),
		},
	}})
}

// encryptionIdentity is the one identity by which the workload's services open
// their keys; data services ask for it under the same name.
func encryptionIdentity(c *design.Context) cloud.ResourceID {
	return c.Once("data/encryption-identity", func() cloud.ResourceID {
		return c.Put(design.Target{Type: identityKind, Base: c.Options.Workload + "-encryption", Model: identities.Identity{}})
	})
}

// putDisk puts a managed disk of its own. Its data is copied when the workload
// moves, so it begins empty.
func putDisk(c *design.Context, d disk, base, zone string, sources ...*inventory.Resource) cloud.ResourceID {
	p := disks.DiskProperties{
		CreationData: disks.CreationData{CreateOption: disks.DiskCreateOptionEmpty},
		DiskSizeGB:   new(int64(d.choice.GiB)),
		// A disk is reached through its machine only, as a volume is.
		NetworkAccessPolicy: new(disks.NetworkAccessPolicyDenyAll), PublicNetworkAccess: new(disks.PublicNetworkAccessDisabled),
	}
	if d.choice.Provisioned {
		p.DiskIOPSReadWrite, p.DiskMBpsReadWrite = new(int64(d.choice.IOPS)), new(int64(d.choice.MBps))
	}
	if d.choice.PerformanceTier != "" {
		p.Tier = new(d.choice.PerformanceTier)
	}
	if d.shared {
		p.MaxShares = new(int64(2))
	}
	if d.encryption != "" {
		p.Encryption = &disks.Encryption{Type: new(disks.EncryptionTypeEncryptionAtRestWithCustomerKey), DiskEncryptionSetId: new(string(d.encryption))}
	}
	model := disks.Disk{Sku: &disks.DiskSku{Name: new(disks.DiskStorageAccountTypes(d.choice.SKU))}, Properties: &p}
	if zone != "" {
		model.Zones = &[]string{zone}
	}
	return c.Put(design.Target{Type: diskKind, Base: base, Model: model}, sources...)
}
