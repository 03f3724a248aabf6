package compute

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/compute/2025-04-01/sshpublickeys"
)

// volume decides a volume: those of machines are put with them, the others
// become disks that wait.
func (f *family) volume(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("VolumeId", "AutoEnableIO", "AvailabilityZone", "AvailabilityZoneId", "Encrypted", "Iops", "KmsKeyId", "MultiAttachEnabled", "Size", "SnapshotId", "SourceVolumeId", "Throughput", "VolumeInitializationRate", "VolumeType", "State")
	if s.Has("OutpostArn") {
		s.Meets("ebs.outpost", "OutpostArn")
	}
	if id, ok := c.TargetOf(r, diskKind); ok {
		d := f.single(s, r)
		s.Decide(design.Migrate, common.NamedGaps, "%s, attached to %s", d.choice.Why, common.LastName(id))
		f.volumeWords(s, d)
		return s.Done()
	}
	if owner := f.owners[r.ID]; owner != nil {
		return f.root(s, c, owner)
	}
	d := f.single(s, r)
	zone, _ := c.Zone(design.Text(r.Properties, "AvailabilityZone"))
	putDisk(c, d, r.Name, zone, r)
	s.Decide(design.Migrate, common.NamedGaps, "%s; nothing attaches it", d.choice.Why)
	s.Do("ask whether %s is still needed: nothing in the workload attaches it, and a disk costs while it waits", r.Name)
	f.volumeWords(s, d)
	return s.Done()
}

// root decides the volume of a machine that has no disk of its own there: the
// operating system's, and those of a group's members.
func (f *family) root(s *common.Sheet, c *design.Context, owner *inventory.Resource) design.Decision {
	for _, kind := range []cloud.Kind{vmKind, scaleSetKind} {
		if id, ok := c.TargetOf(owner, kind); ok {
			c.Attach(s.R, id)
			s.Decide(design.Replace, common.LikeForLike, "it is a disk of %s, and part of %s at the target", owner.Name, common.LastName(id))
			return s.Done()
		}
	}
	s.Decide(design.Replace, common.NamedGaps, "it belongs to %s, and goes the way of it", owner.Name)
	return s.Done()
}

// single reads a volume by itself.
func (f *family) single(s *common.Sheet, r *inventory.Resource) disk {
	m := &machine{Sheet: s, f: f, r: r, name: r.Name}
	m.zone, _ = s.C.Zone(design.Text(r.Properties, "AvailabilityZone"))
	return m.disk("", map[string]any{}, r, false)
}

func (f *family) volumeWords(s *common.Sheet, d disk) {
	for _, text := range d.choice.Gaps {
		s.Do("%s", text)
	}
	if d.choice.Short {
		s.Gap("ebs.slower", d.choice.Why)
	}
	if d.shared {
		s.Meets("ebs.multi-attach", "MultiAttachEnabled")
	}
	if s.Has("SnapshotId") || s.Has("SourceVolumeId") {
		s.Do("the volume begins with the content of %s%s: copy that content, the disk is put empty", s.Text("SnapshotId"), s.Text("SourceVolumeId"))
	}
	s.Do("copy the content of %s with Azure Migrate, or over the network with the operating system's own tools", s.R.Name)
	s.Cost = diskCost(s.C, s.R.Properties, d.choice)
}

func (f *family) attachment(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("Device", "InstanceId", "VolumeId", "EbsCardIndex")
	i, okI := c.Find(r, r.Properties["InstanceId"], instanceKind)
	v, okV := c.Find(r, r.Properties["VolumeId"], volumeKind)
	if okI && okV {
		if id, ok := c.TargetOf(i, vmKind); ok {
			c.Attach(r, id)
		}
		s.Decide(design.Replace, common.LikeForLike, "the machine %s names its data disks itself, %s among them", i.Name, v.Name)
		return s.Done()
	}
	s.Decide(design.Manual, common.Guess, "the instance or the volume that it joins is not part of the workload")
	s.Do("attach the counterpart of %s to that of %s by hand", common.Shown(r.Properties["VolumeId"]), common.Shown(r.Properties["InstanceId"]))
	return s.Done()
}

// snapshot decides a snapshot: it is not moved, because a snapshot of EBS
// cannot be read at Azure; what it stands for is the volume, the image, or a
// state of the past that someone wants to keep.
func (f *family) snapshot(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("SnapshotId", "StartTime", "State", "StorageTier", "VolumeId", "VolumeSize", "OwnerId", "Encrypted", "KmsKeyId", "Progress", "OwnerAlias")
	if image := f.contents[r.ID]; image != nil {
		s.Decide(design.Replace, common.LikeForLike, "it is the content of the image %s, and goes the way of it", image.Name)
		return s.Done()
	}
	if tag := r.Tags["aws:backup:source-resource"]; tag != "" || strings.Contains(design.Text(r.Properties, "Description"), "AWS Backup") {
		s.Decide(design.Retain, common.NamedGaps, "AWS Backup keeps it; the target's backups begin anew, and this one stays until its retention ends")
		s.Do("keep the snapshot %s at AWS until its retention ends, or copy what must be kept longer to a storage account", r.Name)
		return s.Done()
	}
	s.Decide(design.Retain, common.NamedGaps, "a snapshot of %s GiB cannot be read by Azure; it stays at the source until its retention ends", common.Shown(design.Int(r.Properties, "VolumeSize", 0)))
	s.Do("ask who needs the snapshot %s: for a state that must be kept, restore it to a volume and copy its content to a managed disk, and snapshot that", r.Name)
	return s.Done()
}

// image decides a machine image: the workload's own get a place in a gallery,
// what others publish is chosen again from the marketplace.
func (f *family) image(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("ImageId", "Architecture", "BlockDeviceMappings", "BootMode", "CreationDate", "ImageType", "OwnerId", "Public", "RootDeviceName", "RootDeviceType", "State", "Hypervisor", "VirtualizationType", "EnaSupport", "SriovNetSupport", "Platform", "PlatformDetails", "UsageOperation", "ImageLocation", "ImageOwnerAlias", "DeprecationTime", "ImdsSupport", "TpmSupport", "SourceInstanceId")
	owner := design.Text(r.Properties, "OwnerId")
	if !f.started[r.ID] {
		s.Decide(design.Retain, common.NamedGaps, "no machine of the workload starts from the image %s", r.Name)
		s.Do("ask who keeps the image %s and what for; an AMI does not run at Azure", r.Name)
		return s.Done()
	}
	if owner == "" || owner == string(r.Account) {
		s.Decide(design.Manual, common.Redesign, "the image %s is the workload's own, and an AMI does not run at Azure", r.Name)
		s.Gap("ec2.image", "ImageId="+common.Shown(s.At("ImageId")))
		s.Do("build %s anew with Azure Image Builder or Packer from a marketplace image into an Azure Compute Gallery, with the Azure agent instead of the SSM agent", r.Name)
		s.Do("or replicate a machine that runs it with Azure Migrate and capture that")
		s.Do("put the id of the gallery's image in place of the marketplace image of the machines that start from it")
		s.Not("AWS VM Import/Export to a VHD", "the export refuses images with several disks or made from a marketplace product, and leaves the EC2 drivers and agents inside")
		s.EffortDays = 3
		return s.Done()
	}
	s.Decide(design.Replace, common.NamedGaps, "the image belongs to account %s; the machines start from the marketplace image of the same system", owner)
	return s.Done()
}

// inventory decides what Systems Manager knows of a machine.
func (f *family) inventory(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("AgentVersion", "Applications", "AssociationStatus", "ComputerName", "Details", "IPAddress", "InstanceId", "IsLatestVersion", "Network", "PingStatus", "PlatformName", "PlatformType", "PlatformVersion", "RegistrationDate", "ResourceType", "SourceId", "SourceType", "Services", "WindowsRoles", "WindowsUpdates", "Roles", "Files", "InstanceDetailedInformation", "LastPingDateTime", "LastAssociationExecutionDate", "LastSuccessfulAssociationExecutionDate", "ActivationId", "IamRole", "ResourceId")
	for name := range r.Properties {
		if strings.HasPrefix(name, "AWS:") {
			s.Knows(name)
		}
	}
	said, about := reportOf(r), "a managed node"
	if i, ok := c.Find(r, said.instance, instanceKind); ok {
		about = i.Name
		for _, kind := range []cloud.Kind{vmKind, scaleSetKind} {
			if id, ok := c.TargetOf(i, kind); ok {
				c.Attach(r, id)
			}
		}
	}
	what := ""
	if said.text() != "" {
		what = " (" + said.text() + ")"
	}
	s.Decide(design.Replace, common.NamedGaps, "it is what Systems Manager reports of %s%s; Azure Update Manager and Change Tracking and Inventory report the same of its counterpart", about, what)
	if len(c.TargetsOf(r)) == 0 {
		s.Do("connect %s with Azure Arc if it stays where it is and should be managed from Azure", about)
	}
	return s.Done()
}

// keyPair decides a key pair: the public key is the same at both sides, but AWS
// does not always tell it.
func (f *family) keyPair(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("KeyName", "KeyPairId", "KeyFingerprint", "PublicKeyMaterial", "KeyFormat", "KeyType")
	value := f.keyParameter(c, r, design.Text(r.Properties, "KeyName"))
	c.Put(design.Target{Type: "Microsoft.Compute/sshPublicKeys", Base: r.Name, Model: sshpublickeys.SshPublicKeyResource{
		Properties: &sshpublickeys.SshPublicKeyResourceProperties{PublicKey: new(value)},
	}}, r)
	s.Decide(design.Migrate, common.LikeForLike, "the key pair becomes an SSH public key resource with the same public key")
	if design.Text(r.Properties, "PublicKeyMaterial") == "" {
		s.Do("give the deployment the public key of %s: derive it from the private key with ssh-keygen -y", r.Name)
	}
	if design.Text(r.Properties, "KeyType") == "ed25519" {
		s.Do("the key is an ed25519 one, which Azure takes for Linux machines: check that the image's SSH server does too")
	}
	return s.Done()
}
