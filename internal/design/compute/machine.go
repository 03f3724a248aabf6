package compute

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

// machine is what an instance, a group's members or a fleet are made of, read
// once for all of them. The sheet shows the properties of the resource over
// those of its launch template.
type machine struct {
	*common.Sheet
	f *family
	// r is the resource itself; R of the sheet is a view of it.
	r *inventory.Resource

	name   string
	system system
	spec   catalog.EC2Type
	size   string
	facts  catalog.VMSize
	why    string
	zone   string
	os     disk
	data   []disk
	cards  []card
	// zonal says that a scale set's members stand in zones.
	zonal bool
}

// launchData returns what a launch template says, by the specification that
// names it.
func launchData(c *design.Context, from *inventory.Resource, spec any) (map[string]any, *inventory.Resource) {
	for _, name := range []string{"LaunchTemplateId", "LaunchTemplateName"} {
		if r, ok := c.Find(from, design.At(spec, name), templateKind); ok {
			data, _ := r.Properties["LaunchTemplateData"].(map[string]any)
			return data, r
		}
	}
	return nil, nil
}

// over returns base with what says more on top.
func over(base map[string]any, top inventory.Properties) inventory.Properties {
	out := maps.Clone(inventory.Properties(base))
	if out == nil {
		out = inventory.Properties{}
	}
	for k, v := range top {
		if v != nil {
			out[k] = v
		}
	}
	return out
}

// newMachine reads a resource over the launch data that it names.
func (f *family) newMachine(c *design.Context, r *inventory.Resource, data map[string]any) *machine {
	view := *r
	view.Properties = over(data, r.Properties)
	m := &machine{Sheet: common.Open(c, &view), f: f, r: r, name: r.Name}
	m.Knows("LaunchTemplate", "LaunchTemplateName", "TagSpecifications", "InstanceId", "PrivateDnsName", "PublicDnsName", "State", "VpcId", "EbsOptimized",
		"PropagateTagsToVolumeOnCreation", "AdditionalInfo", "MaintenanceOptions", "PrivateIp", "BlockDeviceMappings", "Volumes", "PublicIp", "NetworkInterfaces")
	return m
}

// made says when what the machine is made of is not known, or is not of the
// version that is asked for: a template and a scan show one version.
func (m *machine) made(data map[string]any, template *inventory.Resource, specs ...any) {
	for _, spec := range specs {
		id := cmp.Or(design.Text(spec, "LaunchTemplateId"), design.Text(spec, "LaunchTemplateName"))
		version, err := strconv.Atoi(design.Text(spec, "Version"))
		switch {
		case id != "" && template == nil:
			m.Do("the launch template %s is not part of the workload: what it says of %s is not known", common.Shown(id), m.name)
		case err == nil && template != nil && version != design.Int(template.Properties, "LatestVersionNumber", 1):
			m.Do("%s asks for version %d of the launch template %s, whose latest version is read here: compare the two", m.name, version, template.Name)
		}
	}
	for _, path := range []string{"LaunchConfigurationName", "InstanceId"} {
		if text := m.Text(path); m.r.Kind == groupKind && text != "" && data == nil {
			m.Do("%s %s is not part of the workload: what it says of the members of %s is not known", path, common.Shown(text), m.name)
		}
	}
}

// tags are those that a launch template gives its machines.
func (m *machine) tags() cloud.Tags {
	out := cloud.Tags{}
	for _, spec := range m.Maps("TagSpecifications") {
		if design.Text(spec, "ResourceType") != "instance" {
			continue
		}
		for _, tag := range design.Maps(spec["Tags"]) {
			if key := design.Text(tag, "Key"); key != "" && !strings.EqualFold(key, "Name") && !strings.HasPrefix(strings.ToLower(key), "aws:") && m.r.Tags[key] == "" {
				out[key] = plainText(tag, "Value")
			}
		}
	}
	return out
}

// first returns the first path that says something.
func (m *machine) first(paths ...string) (string, string) {
	var text, at string
	for _, p := range paths {
		if found := m.Text(p); found != "" && text == "" {
			text, at = found, p
		}
	}
	return text, at
}

// read reads everything and chooses image, disks and size. zone is the source
// zone, "" when none is known.
func (m *machine) read(zone string) {
	m.zone, _ = m.C.Zone(zone)
	m.system = m.readSystem()
	m.readDisks()
	m.readCards()
	m.choose()
	m.options()
}

// production reports whether nothing says that the workload is for trying
// things out.
func (m *machine) production() bool {
	for _, key := range []string{"env", "environment", "stage", "Environment", "Env", "Stage"} {
		switch strings.ToLower(m.r.Tags[key]) {
		case "dev", "development", "test", "testing", "sandbox", "qa":
			return false
		}
	}
	return true
}

// choose takes the size: what landfall.yaml says, or the best of the
// catalogue.
func (m *machine) choose() {
	kind := m.typeName()
	spec, known := m.C.Catalog.EC2(kind)
	m.spec = spec
	wish := m.wish(spec, known)
	if o, ok := m.C.Override(m.r); ok && o.Size != "" {
		m.take(o.Size, "landfall.yaml asks for "+o.Size)
		return
	}
	if m.unheard(kind, known) {
		return
	}
	fit, missed := m.f.choices(m.C, wish)
	for _, miss := range missed {
		m.Not(miss.Name, miss.WhyNot)
	}
	switch {
	case len(fit) > 0:
		// Machines on a host of their own take a size that hosts are sold for.
		if i := slices.IndexFunc(fit, func(c catalog.Choice) bool { return hostSKU(c.VMSize) != "" }); i > 0 && m.hosted() {
			fit = append([]catalog.Choice{fit[i]}, slices.Delete(slices.Clone(fit), i, i+1)...)
		}
		m.take(fit[0].Name, fit[0].Why)
		for _, other := range fit[1:min(len(fit), 3)] {
			m.Not(other.Name, "it fits as well and comes after "+fit[0].Name+" in likeness or price")
		}
	case wish.Accelerator != "":
		m.take("", "no automatic mapping: no size of Azure has the "+wish.Accelerator+" of "+kind)
	default:
		m.nearest(wish)
	}
	m.limits(wish)
}

// nearest takes a size for a wish that none fits: first without the local
// disk, then without the limits of disks.
func (m *machine) nearest(wish catalog.Wish) {
	for _, relax := range []func(*catalog.Wish) string{
		func(w *catalog.Wish) string { w.TempDisk = false; return "without a local disk" },
		func(w *catalog.Wish) string { w.IOPS, w.MBps = 0, 0; return "with slower disks" },
		func(w *catalog.Wish) string { w.Class = ""; return "of another family" },
		func(w *catalog.Wish) string { w.Region = ""; return "that the region is not known to sell" },
		func(w *catalog.Wish) string { w.GPU = ""; return "with another GPU" },
		func(w *catalog.Wish) string { w.Arch = ""; return "with another processor architecture" },
		func(w *catalog.Wish) string { w.NICs, w.DataDisks = 0, 0; return "with fewer interfaces or disks" },
	} {
		how := relax(&wish)
		if fit, _ := m.f.choices(m.C, wish); len(fit) > 0 {
			m.take(fit[0].Name, fit[0].Why)
			m.Gap("ec2.size-short", "InstanceType="+m.typeName())
			m.Do("no size has all of %s: %s is the nearest, %s; measure before the move", m.typeName(), fit[0].Name, how)
			return
		}
	}
	m.take("", "no automatic mapping: no size of the catalogue is as large as "+m.typeName())
}

// unheard leaves a type that the catalogue does not know to a person: whatever
// size stood in for it could be far too small without anybody's noticing.
func (m *machine) unheard(kind string, known bool) bool {
	if known || kind == "" {
		return false
	}
	if hardware := catalog.Accelerator(kind); hardware != "" {
		m.take("", "no automatic mapping: no size of Azure has the "+hardware+" of "+kind)
		return true
	}
	m.take("", "no automatic mapping: the catalogue does not know the instance type "+kind)
	m.Do("find out what %s offers (aws ec2 describe-instance-types --instance-types %s), and choose a size for %s under design.overrides", kind, kind, m.r.Name)
	return true
}

func (m *machine) take(size, why string) {
	m.size, m.why = size, why
	m.facts, _ = m.C.Catalog.VM(size)
}

// typeName returns the instance type, "" when nobody says it.
func (m *machine) typeName() string {
	kind := m.Text("InstanceType")
	if common.Unresolved(kind) {
		return ""
	}
	return strings.ToLower(kind)
}

// wish is what the machine needs of a size.
func (m *machine) wish(spec catalog.EC2Type, known bool) catalog.Wish {
	wish := spec.Wish()
	if !known {
		wish = catalog.Wish{Of: cmp.Or(m.typeName(), "an instance") + ", whose type is not known and was taken as one", VCPU: 2, MiB: 8192, Arch: "amd64"}
		need := m.At("InstanceRequirements")
		m.Rest("InstanceRequirements", need, requirements()...)
		if n := design.Int(need, "VCpuCount.Min", 0); n > 0 && n <= 512 {
			wish.VCPU, wish.MiB = n, max(design.Int(need, "MemoryMiB.Min", 0), 512)
			wish.Of = "instance requirements"
		} else {
			if m.typeName() == "" {
				m.Gap("ec2.size-unknown", "InstanceType="+common.Shown(m.At("InstanceType")))
				m.Do("the instance type (%s) is not known; a size with 2 vCPU and 8 GiB is taken: choose one under design.overrides", common.Shown(m.At("InstanceType")))
			}
			m.Confidence = common.Guess
		}
	}
	m.At("InstanceRequirements")
	wish.Region, wish.DataDisks, wish.NICs = string(m.C.Place.Location), len(m.data), max(len(m.cards), 1)
	for _, d := range m.data {
		wish.IOPS, wish.MBps = wish.IOPS+d.choice.IOPS, wish.MBps+float64(d.choice.MBps)
	}
	// A volume is no faster than the instance lets it be (Amazon EC2 User
	// Guide, "Amazon EBS-optimized instances").
	if spec.BaseIOPS > 0 {
		wish.IOPS = min(wish.IOPS, spec.BaseIOPS)
	}
	if spec.BaseMBps > 0 {
		wish.MBps = min(wish.MBps, spec.BaseMBps)
	}
	return wish
}

// requirements are the members of InstanceRequirements beside the least vCPU
// and memory, by which the size is chosen.
func requirements() []string {
	return strings.Fields(`AcceleratorCount AcceleratorManufacturers AcceleratorNames AcceleratorTotalMemoryMiB AcceleratorTypes AllowedInstanceTypes BareMetal BaselineEbsBandwidthMbps
		BurstablePerformance CpuManufacturers ExcludedInstanceTypes InstanceGenerations LocalStorage LocalStorageTypes MemoryGiBPerVCpu NetworkBandwidthGbps NetworkInterfaceCount
		RequireHibernateSupport TotalLocalStorageGB`)
}

// limits says what the size does not have.
func (m *machine) limits(wish catalog.Wish) {
	if m.facts.IOPS > 0 && wish.IOPS > m.facts.IOPS {
		m.Gap("ec2.disk-limit", "disks="+common.Shown(wish.IOPS)+" IOPS, size="+common.Shown(m.facts.IOPS)+" IOPS")
	}
	if m.spec.LocalDisks > 0 {
		m.Gap("ec2.instance-store", "InstanceType="+m.spec.Name)
	}
	if m.facts.MiB > 0 && m.facts.MiB < m.spec.MiB {
		m.Do("check that %s does with %s of memory at the target: %s has %s", m.name, gib(m.facts.MiB), m.spec.Name, gib(m.spec.MiB))
	}
	if m.spec.Metal {
		m.Gap("ec2.metal", "InstanceType="+m.spec.Name)
	}
	if m.spec.EFA && m.interfaceType("efa") {
		m.Gap("ec2.efa", "NetworkInterfaces.InterfaceType=efa")
	}
}

func (m *machine) interfaceType(kind string) bool {
	return slices.ContainsFunc(m.Maps("NetworkInterfaces"), func(n map[string]any) bool { return strings.HasPrefix(design.Text(n, "InterfaceType"), kind) })
}

// identity returns the managed identity that stands for the role of the
// instance profile.
func (m *machine) identity() []cloud.ResourceID {
	profile := m.At("IamInstanceProfile")
	if spec, ok := profile.(map[string]any); ok {
		if profile = spec["Arn"]; profile == nil {
			profile = spec["Name"]
		}
	}
	if profile == nil {
		return nil
	}
	r, ok := m.C.Find(m.r, profile, "AWS::IAM::InstanceProfile")
	if ok {
		for _, role := range m.C.FindAll(r, r.Properties["Roles"], "AWS::IAM::Role") {
			if id, ok := m.C.TargetOf(role, identityKind); ok {
				return []cloud.ResourceID{id}
			}
		}
	}
	m.Do("the role behind the instance profile %s is not part of the design: give the machine a managed identity with the rights it needs", common.Shown(profile))
	return nil
}

// options reads what is no hardware, and names what has no counterpart.
func (m *machine) options() {
	for path, id := range map[string]string{
		"EnclaveOptions.Enabled": "ec2.enclave", "CpuOptions.AmdSevSnp": "ec2.sev-snp", "CpuOptions.CoreCount": "ec2.cpu-options", "CpuOptions.ThreadsPerCore": "ec2.cpu-options",
		"CpuOptions.NestedVirtualization": "ec2.cpu-options", "ElasticGpuSpecifications": "ec2.elastic-gpu", "ElasticInferenceAccelerators": "ec2.elastic-gpu", "KernelId": "ec2.kernel", "RamDiskId": "ec2.kernel", "RamdiskId": "ec2.kernel",
		"DisableApiTermination": "ec2.termination-protection", "DisableApiStop": "ec2.termination-protection", "LicenseSpecifications": "ec2.license",
		"NetworkPerformanceOptions": "ec2.network-performance", "InstanceInitiatedShutdownBehavior": "ec2.shutdown",
	} {
		switch value := m.At(path); {
		case !m.Has(path), value == "stop", value == "default", value == "disabled":
		case id == "ec2.cpu-options" && m.defaultCPU(path):
		default:
			m.Meets(id, path)
		}
	}
	m.metadata()
	m.credits()
	if m.Has("SsmAssociations") {
		m.Do("run the documents of SsmAssociations with Azure Machine Configuration or a run command: %s", common.Shown(m.At("SsmAssociations")))
	}
	if v, _ := m.first("PrivateDnsNameOptions.HostnameType"); v != "" && v != "ip-name" {
		m.Gap("ec2.host-name", "PrivateDnsNameOptions.HostnameType="+v)
	}
	if m.True("Monitoring") || m.True("Monitoring.Enabled") || m.True("InstanceMonitoring") {
		m.Do("detailed monitoring: host metrics come every minute by themselves; memory and disk use of the guest need the Azure Monitor agent on %s", m.name)
	}
}

// defaultCPU reports whether CpuOptions repeat what the type has by itself, as
// a live scan shows them.
func (m *machine) defaultCPU(path string) bool {
	threads, cores := design.Int(m.R.Properties, "CpuOptions.ThreadsPerCore", 0), design.Int(m.R.Properties, "CpuOptions.CoreCount", 0)
	return !strings.HasSuffix(path, "NestedVirtualization") && m.spec.VCPU > 0 && threads*cores == m.spec.VCPU
}

// metadata compares the instance metadata services. Azure's asks for the header
// "Metadata: true" and has no sessions (Microsoft Learn, "Azure Instance
// Metadata Service").
func (m *machine) metadata() {
	switch {
	case m.Text("MetadataOptions.HttpEndpoint") == "disabled":
		m.Gap("ec2.metadata-off", "MetadataOptions.HttpEndpoint=disabled")
	case m.Text("MetadataOptions.InstanceMetadataTags") == "enabled":
		m.Gap("ec2.metadata", "MetadataOptions.InstanceMetadataTags=enabled")
	default:
		m.Gap("ec2.metadata", "MetadataOptions.HttpTokens="+common.Shown(m.At("MetadataOptions.HttpTokens")))
	}
}

// credits compares burstable machines: T3 and T4g run unlimited unless told
// otherwise, T2 does not (Amazon EC2 User Guide, "Unlimited mode for burstable
// performance instances").
func (m *machine) credits() {
	mode, _ := m.first("CreditSpecification.CPUCredits", "CreditSpecification.CpuCredits")
	if !m.spec.Burstable {
		return
	}
	if strings.EqualFold(mode, "unlimited") || mode == "" && !strings.HasPrefix(m.spec.Name, "t2.") {
		m.Gap("ec2.t-unlimited", "CreditSpecification.CPUCredits="+common.Shown(m.At("CreditSpecification")))
	}
}
