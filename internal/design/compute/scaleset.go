package compute

import (
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/compute/2025-04-01/virtualmachinescalesets"
)

// scale is a scale set while it is planned.
type scale struct {
	m  *machine
	id cloud.ResourceID
	// capacity, minimum and maximum count machines.
	capacity, minimum, maximum int
	subnets                    []any
	zones                      []string
	// spot says that some machines are spot ones: all above regularBase, of which
	// regularShare percent stay regular.
	spot                      bool
	regularBase, regularShare int
	// types are further instance types, cheapest says that price chooses among
	// them.
	types    []string
	cheapest bool
	// probed says that balancers judge the members, by targets.
	probed  bool
	grace   int
	targets []*inventory.Resource
	// settings is the autoscale setting, "" until a policy asks for it.
	settings cloud.ResourceID
}

// put puts the scale set.
func (s *scale) put() cloud.ResourceID {
	m := s.m
	profile := &virtualmachinescalesets.VirtualMachineScaleSetVMProfile{
		StorageProfile: s.storage(), OsProfile: s.system(),
		NetworkProfile: &virtualmachinescalesets.VirtualMachineScaleSetNetworkProfile{
			// A flexible scale set makes interfaces by this API (Microsoft Learn,
			// "Orchestration modes for Virtual Machine Scale Sets in Azure").
			NetworkApiVersion:              new(virtualmachinescalesets.NetworkApiVersionTwoZeroTwoZeroNegativeOneOneNegativeZeroOne),
			NetworkInterfaceConfigurations: s.cards(),
		},
		DiagnosticsProfile: &virtualmachinescalesets.DiagnosticsProfile{BootDiagnostics: &virtualmachinescalesets.BootDiagnostics{Enabled: new(true)}},
	}
	if m.trusted() {
		profile.SecurityProfile = &virtualmachinescalesets.SecurityProfile{
			SecurityType: new(virtualmachinescalesets.SecurityTypesTrustedLaunch), UefiSettings: &virtualmachinescalesets.UefiSettings{SecureBootEnabled: new(true), VTpmEnabled: new(true)},
		}
	}
	p := &virtualmachinescalesets.VirtualMachineScaleSetProperties{
		OrchestrationMode: new(virtualmachinescalesets.OrchestrationModeFlexible), PlatformFaultDomainCount: new(int64(1)), SinglePlacementGroup: new(false), VirtualMachineProfile: profile,
	}
	s.placement(p, profile)
	s.repair(p, profile)
	s.order(p)
	model := virtualmachinescalesets.VirtualMachineScaleSet{Properties: p, Sku: s.sku(p)}
	if ids := m.identity(); len(ids) > 0 {
		model.Identity = userAssigned(ids)
	}
	if len(s.zones) > 0 {
		model.Zones = &s.zones
		p.ZoneBalance = new(false) // as an Auto Scaling group does: balanced as far as capacity allows
	}
	s.id = m.C.Put(design.Target{Type: scaleSetKind, Base: m.name, Model: model, Tags: m.tags()}, m.r)
	return s.id
}

// sku names the size, or the mix of sizes that other instance types become.
func (s *scale) sku(p *virtualmachinescalesets.VirtualMachineScaleSetProperties) *virtualmachinescalesets.Sku {
	sizes := s.sizes()
	if len(sizes) < 2 {
		return &virtualmachinescalesets.Sku{Name: new(s.m.size), Tier: new("Standard"), Capacity: new(int64(s.capacity))}
	}
	var all []virtualmachinescalesets.SkuProfileVMSize
	for _, size := range sizes {
		all = append(all, virtualmachinescalesets.SkuProfileVMSize{Name: new(size)})
	}
	strategy := virtualmachinescalesets.AllocationStrategyCapacityOptimized
	if s.cheapest {
		strategy = virtualmachinescalesets.AllocationStrategyLowestPrice
	}
	p.SkuProfile = &virtualmachinescalesets.SkuProfile{VMSizes: &all, AllocationStrategy: &strategy}
	s.m.Gap("asg.mix", "MixedInstancesPolicy.LaunchTemplate.Overrides="+strings.Join(s.types, ","))
	return &virtualmachinescalesets.Sku{Name: new("Mix"), Tier: new("Standard"), Capacity: new(int64(s.capacity))}
}

// sizes are the sizes of all instance types, at most the five that an instance
// mix takes, of one processor architecture (Microsoft Learn, "Use multiple
// Virtual Machine sizes with instance mix").
func (s *scale) sizes() []string {
	out := []string{s.m.size}
	for _, kind := range s.types {
		spec, ok := s.m.C.Catalog.EC2(strings.ToLower(kind))
		if !ok || spec.Arch != s.m.facts.Arch {
			continue
		}
		wish := spec.Wish()
		wish.Region, wish.DataDisks = string(s.m.C.Place.Location), len(s.m.data)
		fit, _ := s.m.f.choices(s.m.C, wish)
		if i := slices.IndexFunc(fit, func(c catalog.Choice) bool { return !slices.Contains(out, c.Name) }); i == 0 && len(out) < 5 {
			out = append(out, fit[0].Name)
		}
	}
	return out
}

func (s *scale) storage() *virtualmachinescalesets.VirtualMachineScaleSetStorageProfile {
	m := s.m
	managed := func(d disk) *virtualmachinescalesets.VirtualMachineScaleSetManagedDiskParameters {
		out := &virtualmachinescalesets.VirtualMachineScaleSetManagedDiskParameters{StorageAccountType: new(virtualmachinescalesets.StorageAccountTypes(d.choice.SKU))}
		if d.encryption != "" {
			out.DiskEncryptionSet = &virtualmachinescalesets.SubResource{Id: new(string(d.encryption))}
		}
		return out
	}
	out := &virtualmachinescalesets.VirtualMachineScaleSetStorageProfile{
		ImageReference: &virtualmachinescalesets.ImageReference{Publisher: new(m.system.publisher), Offer: new(m.system.offer), Sku: new(m.system.sku), Version: new("latest")},
		OsDisk: &virtualmachinescalesets.VirtualMachineScaleSetOSDisk{
			CreateOption: virtualmachinescalesets.DiskCreateOptionTypesFromImage, DeleteOption: new(virtualmachinescalesets.DiskDeleteOptionTypesDelete),
			Caching: new(virtualmachinescalesets.CachingTypesReadWrite), DiskSizeGB: new(int64(m.os.choice.GiB)), ManagedDisk: managed(m.os),
		},
	}
	if m.facts.NVMe {
		out.DiskControllerType = new(virtualmachinescalesets.DiskControllerTypesNVMe)
	}
	var data []virtualmachinescalesets.VirtualMachineScaleSetDataDisk
	for lun, d := range m.data {
		one := virtualmachinescalesets.VirtualMachineScaleSetDataDisk{
			Lun: int64(lun), CreateOption: virtualmachinescalesets.DiskCreateOptionTypesEmpty, DeleteOption: new(virtualmachinescalesets.DiskDeleteOptionTypesDelete),
			Caching: new(virtualmachinescalesets.CachingTypesNone), DiskSizeGB: new(int64(d.choice.GiB)), ManagedDisk: managed(d),
		}
		if d.keep {
			one.DeleteOption = new(virtualmachinescalesets.DiskDeleteOptionTypesDetach)
		}
		if d.choice.Provisioned {
			one.DiskIOPSReadWrite, one.DiskMBpsReadWrite = new(int64(d.choice.IOPS)), new(int64(d.choice.MBps))
		}
		data = append(data, one)
	}
	if len(data) > 0 {
		out.DataDisks = &data
	}
	return out
}

func (s *scale) system() *virtualmachinescalesets.VirtualMachineScaleSetOSProfile {
	m := s.m
	// Flexible sets add six characters to the prefix for each member.
	prefix := computerName(m.name, false)
	if m.system.windows {
		prefix = strings.TrimRight(prefix[:min(len(prefix), 9)], "-")
	}
	prefix = strings.TrimRight(prefix[:min(len(prefix), 58)], "-")
	out := &virtualmachinescalesets.VirtualMachineScaleSetOSProfile{AdminUsername: new(adminUser), ComputerNamePrefix: new(prefix), CustomData: m.customData()}
	if m.system.windows {
		out.AdminPassword = password(m.C)
		out.WindowsConfiguration = &virtualmachinescalesets.WindowsConfiguration{ProvisionVMAgent: new(true), EnableAutomaticUpdates: new(true)}
		return out
	}
	out.LinuxConfiguration = &virtualmachinescalesets.LinuxConfiguration{
		DisablePasswordAuthentication: new(true), ProvisionVMAgent: new(true),
		Ssh: &virtualmachinescalesets.SshConfiguration{PublicKeys: &[]virtualmachinescalesets.SshPublicKey{{Path: new("/home/" + adminUser + "/.ssh/authorized_keys"), KeyData: new(m.sshKey())}}},
	}
	return out
}

// cards are the interfaces of a member: all members stand in one subnet, which
// at Azure reaches over all zones.
func (s *scale) cards() *[]virtualmachinescalesets.VirtualMachineScaleSetNetworkConfiguration {
	m := s.m
	if subnet, ok := firstOfAll(m.C, s.subnets); ok {
		m.cards[0].subnet = subnet
	} else if len(s.subnets) > 0 {
		m.cards[0].subnet = s.subnets[0]
	}
	// Only now is known which subnet may give its machines public addresses.
	m.cards[0].public = m.cards[0].public || m.publicByItself(m.firstInterface())
	var out []virtualmachinescalesets.VirtualMachineScaleSetNetworkConfiguration
	for i, c := range m.cards {
		nsg, asgs := m.security(c)
		p := virtualmachinescalesets.VirtualMachineScaleSetIPConfigurationProperties{
			Primary: new(true), Subnet: &virtualmachinescalesets.ApiEntityReference{Id: new(m.subnetID(c))}, PrivateIPAddressVersion: new(virtualmachinescalesets.IPVersionIPvFour),
		}
		if len(asgs) > 0 {
			p.ApplicationSecurityGroups = &[]virtualmachinescalesets.SubResource{}
			for _, id := range asgs {
				*p.ApplicationSecurityGroups = append(*p.ApplicationSecurityGroups, virtualmachinescalesets.SubResource{Id: new(string(id))})
			}
		}
		if c.public && !m.hidden(c) {
			p.PublicIPAddressConfiguration = &virtualmachinescalesets.VirtualMachineScaleSetPublicIPAddressConfiguration{
				Name: "public", Sku: &virtualmachinescalesets.PublicIPAddressSku{Name: new(virtualmachinescalesets.PublicIPAddressSkuNameStandard)},
				Properties: &virtualmachinescalesets.VirtualMachineScaleSetPublicIPAddressConfigurationProperties{DeleteOption: new(virtualmachinescalesets.DeleteOptionsDelete)},
			}
			m.Gap("ec2.public-address", "AssociatePublicIpAddress=true")
		}
		properties := &virtualmachinescalesets.VirtualMachineScaleSetNetworkConfigurationProperties{
			Primary: new(i == 0), EnableAcceleratedNetworking: new(m.facts.AcceleratedNetworking), EnableIPForwarding: new(c.forward), DeleteOption: new(virtualmachinescalesets.DeleteOptionsDelete),
			IPConfigurations: []virtualmachinescalesets.VirtualMachineScaleSetIPConfiguration{{Name: "primary", Properties: &p}},
		}
		if nsg != "" {
			properties.NetworkSecurityGroup = &virtualmachinescalesets.SubResource{Id: new(string(nsg))}
		}
		out = append(out, virtualmachinescalesets.VirtualMachineScaleSetNetworkConfiguration{Name: "nic-" + strconv.Itoa(i), Properties: properties})
		if c.ipv6 {
			m.Gap("ec2.ipv6", "Ipv6Addresses")
		}
	}
	return &out
}

func (s *scale) placement(p *virtualmachinescalesets.VirtualMachineScaleSetProperties, profile *virtualmachinescalesets.VirtualMachineScaleSetVMProfile) {
	m := s.m
	place := m.placement()
	if place.proximity != "" && len(s.zones) < 2 {
		p.ProximityPlacementGroup = &virtualmachinescalesets.SubResource{Id: new(string(place.proximity))}
	}
	if place.hosts != "" {
		p.HostGroup = &virtualmachinescalesets.SubResource{Id: new(string(place.hosts))}
	}
	if place.reservation != "" {
		profile.CapacityReservation = &virtualmachinescalesets.CapacityReservationProfile{CapacityReservationGroup: &virtualmachinescalesets.SubResource{Id: new(string(place.reservation))}}
	}
	if place.spread && len(s.zones) == 0 {
		p.PlatformFaultDomainCount = new(int64(2))
	}
	if spot := m.spot(); spot.asked {
		s.spot = true
	}
	if s.spot {
		profile.Priority, profile.EvictionPolicy = new(virtualmachinescalesets.VirtualMachinePriorityTypesSpot), new(virtualmachinescalesets.VirtualMachineEvictionPolicyTypesDelete)
		profile.BillingProfile = &virtualmachinescalesets.BillingProfile{MaxPrice: new(float64(-1))}
		if s.regularBase > 0 || s.regularShare > 0 {
			p.PriorityMixPolicy = &virtualmachinescalesets.PriorityMixPolicy{BaseRegularPriorityCount: new(int64(s.regularBase)), RegularPriorityPercentageAboveBase: new(int64(s.regularShare))}
		}
		p.SpotRestorePolicy = &virtualmachinescalesets.SpotRestorePolicy{Enabled: new(true), RestoreTimeout: new("PT1H")}
	}
	if slices.ContainsFunc(m.data, func(d disk) bool { return d.choice.SKU == catalog.UltraDisk }) {
		p.AdditionalCapabilities = &virtualmachinescalesets.AdditionalCapabilities{UltraSSDEnabled: new(true)}
	}
	if m.True("HibernationOptions.Configured") {
		m.Gap("ec2.hibernation", "HibernationOptions.Configured=true")
	}
}

// repair replaces members that are not healthy. Without a balancer's health
// check EC2 looks at the machine only, as Azure does by itself.
func (s *scale) repair(p *virtualmachinescalesets.VirtualMachineScaleSetProperties, profile *virtualmachinescalesets.VirtualMachineScaleSetVMProfile) {
	if !s.probed || len(s.targets) == 0 {
		return
	}
	target := s.targets[0]
	settings := healthSettings(target)
	kind := "ApplicationHealthLinux"
	if s.m.system.windows {
		kind = "ApplicationHealthWindows"
	}
	var body interface{} = settings
	profile.ExtensionProfile = &virtualmachinescalesets.VirtualMachineScaleSetExtensionProfile{Extensions: &[]virtualmachinescalesets.VirtualMachineScaleSetExtension{{
		Name: new("health"), Properties: &virtualmachinescalesets.VirtualMachineScaleSetExtensionProperties{
			Publisher: new("Microsoft.ManagedServices"), Type: new(kind), TypeHandlerVersion: new("1.0"), AutoUpgradeMinorVersion: new(true), EnableAutomaticUpgrade: new(true), Settings: &body,
		},
	}}}
	// The grace period is 10 to 90 minutes (Microsoft Learn, "Automatic instance
	// repairs for Azure Virtual Machine Scale Sets").
	minutes := min(max((s.grace+59)/60, 10), 90)
	p.AutomaticRepairsPolicy = &virtualmachinescalesets.AutomaticRepairsPolicy{Enabled: new(true), GracePeriod: new("PT" + strconv.Itoa(minutes) + "M"), RepairAction: new(virtualmachinescalesets.RepairActionReplace)}
	if minutes*60 != s.grace {
		s.m.Gap("asg.grace", "HealthCheckGracePeriod="+strconv.Itoa(s.grace))
	}
	if len(s.targets) > 1 {
		s.m.Gap("asg.one-health-check", "TargetGroupARNs="+strconv.Itoa(len(s.targets)))
	}
}

// healthSettings asks a member itself what the target group's health check
// asks: same port, path and protocol.
func healthSettings(target *inventory.Resource) map[string]any {
	p := target.Properties
	protocol := strings.ToLower(plainText(p, "HealthCheckProtocol"))
	if protocol == "" {
		protocol = strings.ToLower(plainText(p, "Protocol"))
	}
	port := 80
	for _, named := range []string{"Port", "HealthCheckPort"} {
		if n := design.Int(p, named, 0); n >= 1 && n <= 65535 {
			port = n
		}
	}
	switch protocol {
	case "http", "https":
		path := plainText(p, "HealthCheckPath")
		if path == "" {
			path = "/"
		}
		return map[string]any{"protocol": protocol, "port": port, "requestPath": path}
	}
	return map[string]any{"protocol": "tcp", "port": port}
}

// order says which members go first when the set shrinks.
func (s *scale) order(p *virtualmachinescalesets.VirtualMachineScaleSetProperties) {
	policy := ""
	if list := s.m.Texts("TerminationPolicies"); len(list) > 0 {
		policy = list[0]
	}
	rule := virtualmachinescalesets.VirtualMachineScaleSetScaleInRulesDefault
	switch policy {
	case "OldestInstance", "OldestLaunchTemplate", "OldestLaunchConfiguration":
		rule = virtualmachinescalesets.VirtualMachineScaleSetScaleInRulesOldestVM
	case "NewestInstance":
		rule = virtualmachinescalesets.VirtualMachineScaleSetScaleInRulesNewestVM
	}
	if rule != virtualmachinescalesets.VirtualMachineScaleSetScaleInRulesDefault {
		p.ScaleInPolicy = &virtualmachinescalesets.ScaleInPolicy{Rules: &[]virtualmachinescalesets.VirtualMachineScaleSetScaleInRules{rule}}
	}
	if policy != "" && policy != "Default" && policy != "OldestInstance" && policy != "NewestInstance" {
		s.m.Gap("asg.termination-policy", "TerminationPolicies="+policy)
	}
}

// gaps names what a group has and a scale set has not.
func (s *scale) gaps() {
	m := s.m
	s.m.Gap("asg.scale-set", "AutoScalingGroupName="+m.name)
	for path, id := range map[string]string{
		"CapacityRebalance": "asg.rebalance", "MaxInstanceLifetime": "asg.lifetime", "NewInstancesProtectedFromScaleIn": "asg.protection", "NotificationConfigurations": "asg.notifications", "NotificationConfiguration": "asg.notifications",
		"InstanceMaintenancePolicy": "asg.maintenance", "AvailabilityZoneDistribution": "asg.zones", "AvailabilityZoneImpairmentPolicy": "asg.zones", "Context": "asg.context", "InstanceLifecyclePolicy": "asg.launch-hook",
		"DeletionProtection": "ec2.termination-protection",
	} {
		if v := m.Text(path); m.Has(path) && v != "none" && v != "0" && m.Text(path+".CapacityDistributionStrategy") != "balanced-best-effort" {
			m.Meets(id, path)
		}
	}
	if v := m.Text("DesiredCapacityType"); v != "" && v != "units" {
		m.Gap("fleet.weights", "DesiredCapacityType="+v)
	}
	for _, h := range m.Maps("LifecycleHookSpecificationList") {
		id := "asg.launch-hook"
		if strings.Contains(design.Text(h, "LifecycleTransition"), "TERMINATING") {
			id = "asg.terminate-hook"
		}
		m.Gap(id, "LifecycleHookSpecificationList.LifecycleTransition="+design.Text(h, "LifecycleTransition"))
	}
	m.Knows("MetricsCollection", "Cooldown", "CapacityReservationSpecification", "AutoScalingGroupName")
	if len(s.subnets) > 1 {
		m.Do("members stand in one subnet over all zones instead of %d subnets, one in each: allow-lists by address take the block of %s", len(s.subnets), m.name)
	}
}
