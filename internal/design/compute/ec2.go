package compute

import (
	"math"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-helpers/resourcemanager/identity"
	"github.com/hashicorp/go-azure-sdk/resource-manager/compute/2025-04-01/virtualmachines"
)

// placeRules are those whose targets machines and groups name.
func (f *family) placeRules() []design.Rule {
	const page = "Azure Architecture Center, Compare compute services on Azure and AWS"
	return []design.Rule{
		rule(design.Rule{Name: "ec2/keypair", Kinds: []cloud.Kind{"AWS::EC2::KeyPair"}, Stage: design.Compute, Source: page, Targets: []cloud.Kind{"Microsoft.Compute/sshPublicKeys"}}, f.keyPair),
		rule(design.Rule{Name: "ec2/placementgroup", Kinds: []cloud.Kind{"AWS::EC2::PlacementGroup"}, Stage: design.Compute, Source: page, Targets: []cloud.Kind{"Microsoft.Compute/proximityPlacementGroups"}}, placementGroup),
		rule(design.Rule{Name: "ec2/host", Kinds: []cloud.Kind{"AWS::EC2::Host"}, Stage: design.Compute, Source: page, Targets: []cloud.Kind{hostGroupKind, hostKind}}, f.host),
		rule(design.Rule{Name: "ec2/capacityreservation", Kinds: []cloud.Kind{"AWS::EC2::CapacityReservation"}, Stage: design.Compute, Source: page, Targets: []cloud.Kind{reservationGroupKind, reservationKind}}, f.reservation),
	}
}

func (f *family) ec2Rules() []design.Rule {
	const page = "Azure Architecture Center, Compare compute services on Azure and AWS"
	const storage = "Azure Architecture Center, Compare storage on Azure and AWS"
	return []design.Rule{
		rule(design.Rule{Name: "ec2/instance", Kinds: []cloud.Kind{instanceKind}, Stage: design.Compute, Source: page, Targets: []cloud.Kind{vmKind, nicKind, publicKind, diskKind}}, f.instance),
		rule(design.Rule{Name: "ebs/volume", Kinds: []cloud.Kind{volumeKind}, Stage: design.Compute, Source: storage, Targets: []cloud.Kind{diskKind}}, f.volume),
		rule(design.Rule{Name: "ebs/attachment", Kinds: []cloud.Kind{"AWS::EC2::VolumeAttachment"}, Stage: design.Compute, Source: storage}, f.attachment),
		rule(design.Rule{Name: "ebs/snapshot", Kinds: []cloud.Kind{"AWS::EC2::Snapshot"}, Stage: design.Compute, Source: storage}, f.snapshot),
		rule(design.Rule{Name: "ec2/image", Kinds: []cloud.Kind{"AWS::EC2::Image"}, Stage: design.Compute, Source: page, Targets: []cloud.Kind{"Microsoft.Compute/galleries", "Microsoft.Compute/galleries/images"}}, f.image),
		rule(design.Rule{Name: "ssm/managedinstanceinventory", Kinds: []cloud.Kind{"AWS::SSM::ManagedInstanceInventory"}, Stage: design.Compute, Source: page}, f.inventory),
		rule(design.Rule{Name: "ec2/spotfleet", Kinds: []cloud.Kind{"AWS::EC2::SpotFleet"}, Stage: design.Compute, Source: page, Targets: []cloud.Kind{scaleSetKind}}, f.spotFleet),
		rule(design.Rule{Name: "ec2/ec2fleet", Kinds: []cloud.Kind{"AWS::EC2::EC2Fleet"}, Stage: design.Compute, Source: page, Targets: []cloud.Kind{scaleSetKind}}, f.ec2Fleet),
	}
}

// instance decides one instance: the members of groups and of other services
// are theirs, everything else is a machine of its own.
func (f *family) instance(c *design.Context, r *inventory.Resource) design.Decision {
	if g := f.groups[r.ID]; g != nil {
		if id, ok := c.TargetOf(g, scaleSetKind); ok {
			c.Attach(r, id)
		}
		return design.Decision{Action: design.Replace, Confidence: common.LikeForLike, Why: "it is a member of the Auto Scaling group " + g.Name + ": the scale set makes its own members"}
	}
	if owner := ownerByTags(r.Tags); owner != "" {
		return design.Decision{Action: design.Replace, Confidence: common.NamedGaps, Why: "it is a node of " + owner + ": the target's service makes its own nodes",
			ToDo: []string{"check that " + owner + " is in the boundary, so that its counterpart runs what this instance runs"}}
	}
	if state := design.Text(r.Properties, "State.Name"); state == "terminated" || state == "shutting-down" {
		return design.Decision{Action: design.Retire, Confidence: common.LikeForLike, Why: "it is " + state}
	}
	data, template := launchData(c, r, r.Properties["LaunchTemplate"])
	m := f.newMachine(c, r, data)
	m.made(data, template, r.Properties["LaunchTemplate"])
	zone, _ := m.first("AvailabilityZone", "Placement.AvailabilityZone")
	if subnet, ok := c.Find(r, firstSubnet(m), "AWS::EC2::Subnet"); ok && zone == "" {
		zone = design.Text(subnet.Properties, "AvailabilityZone")
	}
	m.read(zone)
	if m.size == "" {
		m.Decide(design.Manual, common.Guess, "%s: %s", describe(m), m.why)
		m.Do("choose a size for %s under design.overrides, keep it at AWS, or find a service that does its work without that hardware", r.Name)
		return m.Done()
	}
	id := m.putVM()
	if template != nil {
		c.Attach(template, id)
	}
	m.startGaps()
	m.diskGaps()
	m.Decide(design.Migrate, min(positive(m.Confidence), common.NamedGaps), "%s becomes %s%s%s. %s", describe(m), m.size, placeWords(m), m.sizeWords(), m.imageWords())
	if design.Text(r.Properties, "State.Name") == "stopped" {
		m.Do("%s is stopped: ask whether it is still needed; the machine at the target runs, and costs, from its creation on", r.Name)
	}
	m.EffortDays = 1
	m.Not("Microsoft.Compute/virtualMachineScaleSets", "it is a single machine, and a scale set of one changes how it is operated")
	m.cost()
	return m.Done()
}

// firstSubnet is the subnet of the first interface.
func firstSubnet(m *machine) any {
	if subnet := m.At("SubnetId"); subnet != nil {
		return subnet
	}
	if specs := m.Maps("NetworkInterfaces"); len(specs) > 0 {
		if from, ok := m.C.Find(m.r, specs[0]["NetworkInterfaceId"], interfaceKind); ok {
			return from.Properties["SubnetId"]
		}
		return specs[0]["SubnetId"]
	}
	return nil
}

func positive(confidence float64) float64 {
	if confidence <= 0 {
		return 1
	}
	return confidence
}

// describe names the source's facts.
func describe(m *machine) string {
	kind := m.typeName()
	if kind == "" {
		return "an instance of unknown type"
	}
	if m.spec.VCPU == 0 {
		return kind
	}
	return kind + " with " + common.Shown(m.spec.VCPU) + " vCPU and " + gib(m.spec.MiB)
}

func gib(mib int) string {
	if mib%1024 != 0 {
		return common.Shown(math.Round(float64(mib)/1024*100)/100) + " GiB"
	}
	return common.Shown(mib/1024) + " GiB"
}

// sizeWords say why the size was taken.
func (m *machine) sizeWords() string {
	if m.why == "" {
		return ""
	}
	return ": " + m.why
}

// imageWords are a sentence about the system and how it is known.
func (m *machine) imageWords() string {
	return "Its system is " + m.system.words + ", because " + m.system.because
}

func placeWords(m *machine) string {
	if m.zone == "" {
		return ""
	}
	return " in zone " + m.zone
}

// ownerByTags names the service that made an instance or a group for itself,
// by the tags that AWS's services write.
func ownerByTags(tags cloud.Tags) string {
	for _, t := range []struct{ key, owner string }{
		{"eks:nodegroup-name", "the EKS node group"}, {"eks:cluster-name", "the EKS cluster"}, {"aws:eks:cluster-name", "the EKS cluster"}, {"karpenter.sh/nodepool", "the Karpenter node pool"},
		{"elasticbeanstalk:environment-name", "the Elastic Beanstalk environment"}, {"AWSBatchServiceTag", "AWS Batch"}, {"aws:batch:compute-environment", "the Batch compute environment"},
		{"aws:elasticmapreduce:job-flow-id", "the EMR cluster"}, {"aws:ec2spot:fleet-request-id", "the Spot fleet"}, {"aws:ec2:fleet-id", "the EC2 fleet"}, {"parallelcluster:cluster-name", "the ParallelCluster"},
		{"AmazonECSManaged", "the ECS cluster"},
	} {
		if value, ok := tags[t.key]; ok {
			if value == "" || value == "true" {
				return t.owner
			}
			return t.owner + " " + value
		}
	}
	for key := range tags {
		if name, ok := strings.CutPrefix(key, "kubernetes.io/cluster/"); ok && tags[key] == "owned" {
			return "the Kubernetes cluster " + name
		}
	}
	return ""
}

// putVM puts the interfaces, the data disks and the machine.
func (m *machine) putVM() cloud.ResourceID {
	var cards []virtualmachines.NetworkInterfaceReference
	for i := range m.cards {
		cards = append(cards, virtualmachines.NetworkInterfaceReference{
			Id: new(string(m.putCard(i))), Properties: &virtualmachines.NetworkInterfaceReferenceProperties{Primary: new(i == 0), DeleteOption: new(virtualmachines.DeleteOptionsDetach)},
		})
	}
	p := virtualmachines.VirtualMachineProperties{
		HardwareProfile:    &virtualmachines.HardwareProfile{VMSize: new(virtualmachines.VirtualMachineSizeTypes(m.size))},
		NetworkProfile:     &virtualmachines.NetworkProfile{NetworkInterfaces: &cards},
		StorageProfile:     m.vmStorage(),
		OsProfile:          m.vmSystem(),
		DiagnosticsProfile: &virtualmachines.DiagnosticsProfile{BootDiagnostics: &virtualmachines.BootDiagnostics{Enabled: new(true)}},
	}
	if m.trusted() {
		p.SecurityProfile = &virtualmachines.SecurityProfile{
			SecurityType: new(virtualmachines.SecurityTypesTrustedLaunch), UefiSettings: &virtualmachines.UefiSettings{SecureBootEnabled: new(true), VTpmEnabled: new(true)},
		}
	}
	m.vmPlacement(&p)
	model := virtualmachines.VirtualMachine{Properties: &p}
	if ids := m.identity(); len(ids) > 0 {
		model.Identity = userAssigned(ids)
	}
	if m.zone != "" {
		model.Zones = &[]string{m.zone}
	}
	return m.C.Put(design.Target{Type: vmKind, Base: m.name, Model: model, Tags: m.tags()}, m.r)
}

func userAssigned(ids []cloud.ResourceID) *identity.SystemAndUserAssignedMap {
	out := &identity.SystemAndUserAssignedMap{Type: identity.TypeUserAssigned, IdentityIds: map[string]identity.UserAssignedIdentityDetails{}}
	for _, id := range ids {
		out.IdentityIds[string(id)] = identity.UserAssignedIdentityDetails{}
	}
	return out
}

// trusted reports whether the machine starts as Trusted Launch, Azure's default
// for machines of the second generation (Microsoft Learn, "Trusted launch for
// Azure virtual machines"): x64 sizes of generation 2.
func (m *machine) trusted() bool {
	return m.facts.Arch == "amd64" && strings.Contains(m.facts.Generations, "2") && m.facts.GPUs == 0 && !strings.Contains(m.system.sku, "2012")
}

func (m *machine) vmStorage() *virtualmachines.StorageProfile {
	s := m.system
	out := &virtualmachines.StorageProfile{
		ImageReference: &virtualmachines.ImageReference{Publisher: new(s.publisher), Offer: new(s.offer), Sku: new(s.sku), Version: new("latest")},
		OsDisk: &virtualmachines.OSDisk{
			CreateOption: virtualmachines.DiskCreateOptionTypesFromImage, DeleteOption: new(m.vmDelete(m.os)), Caching: new(virtualmachines.CachingTypesReadWrite),
			DiskSizeGB: new(int64(m.os.choice.GiB)), ManagedDisk: &virtualmachines.ManagedDiskParameters{StorageAccountType: new(virtualmachines.StorageAccountTypes(m.os.choice.SKU))},
		},
	}
	if m.os.encryption != "" {
		out.OsDisk.ManagedDisk.DiskEncryptionSet = &virtualmachines.SubResource{Id: new(string(m.os.encryption))}
	}
	if m.facts.NVMe {
		out.DiskControllerType = new(virtualmachines.DiskControllerTypesNVMe)
	}
	var data []virtualmachines.DataDisk
	for lun, d := range m.data {
		id := m.dataDisk(d)
		caching := virtualmachines.CachingTypesNone
		data = append(data, virtualmachines.DataDisk{
			Lun: int64(lun), CreateOption: virtualmachines.DiskCreateOptionTypesAttach, DeleteOption: new(m.vmDelete(d)), Caching: &caching,
			ManagedDisk: &virtualmachines.ManagedDiskParameters{Id: new(string(id))},
		})
	}
	if len(data) > 0 {
		out.DataDisks = &data
	}
	return out
}

func (m *machine) vmDelete(d disk) virtualmachines.DiskDeleteOptionTypes {
	if d.keep || d.shared {
		return virtualmachines.DiskDeleteOptionTypesDetach
	}
	return virtualmachines.DiskDeleteOptionTypesDelete
}

// dataDisk returns the managed disk of a volume; one that several machines
// attach is put once.
func (m *machine) dataDisk(d disk) cloud.ResourceID {
	sources := []*inventory.Resource{m.r}
	if d.volume != nil {
		if id, ok := m.C.TargetOf(d.volume, diskKind); ok {
			m.C.Attach(m.r, id)
			return id
		}
	}
	base := m.name
	if d.label != "" {
		base += "-" + d.label
	}
	if d.shared && d.volume != nil {
		base = d.volume.Name
	}
	id := putDisk(m.C, d, base, m.zone, sources...)
	if d.volume != nil {
		m.C.Attach(d.volume, id)
	}
	return id
}

func (m *machine) vmSystem() *virtualmachines.OSProfile {
	out := &virtualmachines.OSProfile{AdminUsername: new(adminUser), ComputerName: new(computerName(m.name, m.system.windows)), CustomData: m.customData()}
	if m.system.windows {
		out.AdminPassword = password(m.C)
		out.WindowsConfiguration = &virtualmachines.WindowsConfiguration{
			ProvisionVMAgent: new(true), EnableAutomaticUpdates: new(true), PatchSettings: &virtualmachines.PatchSettings{PatchMode: new(virtualmachines.WindowsVMGuestPatchModeAutomaticByOS)},
		}
		return out
	}
	out.LinuxConfiguration = &virtualmachines.LinuxConfiguration{
		DisablePasswordAuthentication: new(true), ProvisionVMAgent: new(true),
		Ssh: &virtualmachines.SshConfiguration{PublicKeys: &[]virtualmachines.SshPublicKey{{Path: new("/home/" + adminUser + "/.ssh/authorized_keys"), KeyData: new(m.sshKey())}}},
	}
	return out
}

// computerName keeps what a host name may hold: 15 characters on Windows, 64 on
// Linux (Microsoft Learn, "Naming rules and restrictions for Azure resources").
func computerName(name string, windows bool) string {
	most := 64
	if windows {
		most = 15
	}
	var out strings.Builder
	for _, r := range strings.ToLower(name) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			out.WriteRune(r)
		} else if r == '.' || r == '_' || r == ' ' {
			out.WriteByte('-')
		}
	}
	text := strings.Trim(out.String(), "-")
	text = strings.Trim(text[:min(len(text), most)], "-")
	if text == "" || strings.Trim(text, "0123456789") == "" {
		// A name of digits alone is refused.
		return strings.Trim(("vm" + text)[:min(len(text)+2, most)], "-")
	}
	return text
}

// vmPlacement reads tenancy, placement group, reservation, spot and
// hibernation.
func (m *machine) vmPlacement(p *virtualmachines.VirtualMachineProperties) {
	place := m.placement()
	if place.proximity != "" {
		p.ProximityPlacementGroup = &virtualmachines.SubResource{Id: new(string(place.proximity))}
	}
	switch {
	case place.host != "":
		p.Host = &virtualmachines.SubResource{Id: new(string(place.host))}
	case place.hosts != "":
		p.HostGroup = &virtualmachines.SubResource{Id: new(string(place.hosts))}
	}
	if place.reservation != "" {
		p.CapacityReservation = &virtualmachines.CapacityReservationProfile{CapacityReservationGroup: &virtualmachines.SubResource{Id: new(string(place.reservation))}}
	}
	if spot := m.spot(); spot.asked {
		p.Priority = new(virtualmachines.VirtualMachinePriorityTypesSpot)
		p.EvictionPolicy = new(virtualmachines.VirtualMachineEvictionPolicyTypesDelete)
		if spot.keep {
			p.EvictionPolicy = new(virtualmachines.VirtualMachineEvictionPolicyTypesDeallocate)
		}
		p.BillingProfile = &virtualmachines.BillingProfile{MaxPrice: new(float64(-1))}
	}
	var more virtualmachines.AdditionalCapabilities
	if m.True("HibernationOptions.Configured") {
		more.HibernationEnabled = new(true)
		m.Gap("ec2.hibernation", "HibernationOptions.Configured=true")
	}
	if slices.ContainsFunc(m.data, func(d disk) bool { return d.choice.SKU == "UltraSSD_LRS" }) {
		more.UltraSSDEnabled = new(true)
	}
	if more != (virtualmachines.AdditionalCapabilities{}) {
		p.AdditionalCapabilities = &more
	}
}
