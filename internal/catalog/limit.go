package catalog

// Limits are numbers that Azure documents and that rules and checks need.
// Quotas of one subscription come from Usages.
type Limits struct {
	Network            NetworkLimits            `json:"network"`
	NSG                NSGLimits                `json:"nsg"`
	Tags               TagLimits                `json:"tags"`
	ManagementGroups   ManagementGroupLimits    `json:"managementGroups"`
	FunctionsFlex      FunctionsFlexLimits      `json:"functionsFlex"`
	Lambda             LambdaLimits             `json:"lambda"`
	LoadBalancer       LoadBalancerLimits       `json:"loadBalancer"`
	ApplicationGateway ApplicationGatewayLimits `json:"applicationGateway"`
	VPN                VPNLimits                `json:"vpnAws"`
	VirtualWAN         VirtualWANLimits         `json:"vwan"`
	Migrate            MigrateLimits            `json:"azureMigrateAgentBased"`
	PostgresMigration  PostgresMigrationLimits  `json:"postgresMigration"`
	StorageMover       StorageMoverLimits       `json:"storageMover"`
	DataFactory        DataFactoryLimits        `json:"adf"`
	RegistryImport     RegistryImportLimits     `json:"acrImport"`
	DNS                DNSLimits                `json:"dnsTtl"`
	TrafficManager     TrafficManagerLimits     `json:"trafficManager"`
	ReplicationLag     LagLimits                `json:"replicationLag"`
}

// NetworkLimits hold per region and subscription, or per network.
type NetworkLimits struct {
	VNets                   int `json:"vnetsPerRegionPerSub"`
	SubnetsPerVNet          int `json:"subnetsPerVnet"`
	PeeringsPerVNet         int `json:"peeringsPerVnet"`
	VPNGatewaysPerVNet      int `json:"vpnGatewaysPerVnet"`
	ERGatewaysPerVNet       int `json:"erGatewaysPerVnet"`
	DNSServersPerVNet       int `json:"dnsServersPerVnet"`
	PrivateIPsPerVNet       int `json:"privateIpsPerVnet"`
	PrivateIPsInPeeredGroup int `json:"privateIpsInPeeredGroup"`
	IPConfigsPerNIC         int `json:"ipConfigsPerNic"`
	FlowsPerNIC             int `json:"concurrentFlowsPerNic"`
	NICs                    int `json:"nics"`
	NSGs                    int `json:"nsgs"`
	RulesPerNSG             int `json:"rulesPerNsg"`
	AddressesPerRuleSide    int `json:"ipsPerNsgRuleSide"`
	ASGs                    int `json:"asgs"`
	ASGsPerNICConfig        int `json:"asgsPerIpConfigPerNic"`
	ASGsPerRuleSide         int `json:"asgsPerRuleSide"`
	NICConfigsPerASG        int `json:"ipConfigsPerAsg"`
	ASGsPerNSG              int `json:"asgsInAllRulesOfOneNsg"`
	RouteTables             int `json:"routeTables"`
	RoutesPerTable          int `json:"routesPerTable"`
	PublicIPs               int `json:"standardPublicIpsDefault"`
	PublicIPsEnterprise     int `json:"publicIpsEA"`
}

// NSGLimits are the form of a network security group's rules.
type NSGLimits struct {
	PriorityMin        int      `json:"priorityMin"`
	PriorityMax        int      `json:"priorityMax"`
	RuleNameMax        int      `json:"ruleNameMax"`
	Protocols          []string `json:"protocols"`
	ServiceTagsPerSide int      `json:"serviceTagsPerRuleSide"`
	// PlatformIPs must stay reachable.
	PlatformIPs []string `json:"platformIps"`
}

// TagLimits are those of most kinds; NameRule.Tags has a kind's own number.
type TagLimits struct {
	PerResource      int `json:"perResource"`
	PerResourceFew   int `json:"perResourceSomeTypes"`
	NameMax          int `json:"nameMax"`
	NameMaxOnStorage int `json:"nameMaxStorageAccount"`
	ValueMax         int `json:"valueMax"`
}

// ManagementGroupLimits hold per tenant.
type ManagementGroupLimits struct {
	PerTenant int `json:"perTenant"`
	Depth     int `json:"depthBelowRoot"`
}

// FunctionsFlexLimits are those of the Flex Consumption plan.
type FunctionsFlexLimits struct {
	InstanceMemoryMB      []int `json:"instanceMemoryMB"`
	MaxInstancesDefault   int   `json:"maxInstancesDefault"`
	MaxInstances          int   `json:"maxInstancesMax"`
	RegionalMemoryQuotaMB int   `json:"regionalMemoryQuotaMB"`
	TimeoutDefaultMinutes int   `json:"timeoutDefaultMin"`
	ZipMaxMB              int   `json:"zipMaxMB"`
}

// LambdaLimits are the source's side of it.
type LambdaLimits struct {
	TimeoutMaxSeconds  int   `json:"timeoutMaxSec"`
	MemoryMB           []int `json:"memoryMB"`
	ConcurrencyDefault int   `json:"concurrencyDefaultPerRegion"`
	ZipMB              int   `json:"zipMB"`
	UnzippedMB         int   `json:"unzippedMB"`
	ImageGB            int   `json:"imageGB"`
}

// LoadBalancerLimits are those of the Standard SKU.
type LoadBalancerLimits struct {
	IdleTimeoutMinutes []int    `json:"tcpIdleTimeoutMin"`
	IdleDefaultMinutes int      `json:"tcpIdleDefaultMin"`
	Protocols          []string `json:"protocols"`
	ProbeSource        string   `json:"probeSourceIp"`
}

// ApplicationGatewayLimits are those of the v2 SKUs.
type ApplicationGatewayLimits struct {
	ProbeIntervalSeconds int `json:"probeDefaultIntervalSec"`
	ProbeTimeoutSeconds  int `json:"probeDefaultTimeoutSec"`
	ProbeUnhealthy       int `json:"probeDefaultUnhealthy"`
	BodyMatchMax         int `json:"bodyMatchMaxChars"`
	KeyVaultPollHours    int `json:"keyVaultPollHours"`
}

// VPNLimits are what a VPN between the two clouds has to keep to.
type VPNLimits struct {
	// AzureAPIPA is the first and the last address for BGP peers.
	AzureAPIPA        []string  `json:"azureApipa"`
	InsidePrefix      int       `json:"awsInsideCidrPrefix"`
	AWSDefaultASN     int       `json:"awsDefaultAsn"`
	Tunnels           int       `json:"tunnelsForActiveActive"`
	CreateMinutes     int       `json:"gatewayCreateMinutes"`
	AzureMaxGbps      float64   `json:"azureMaxGbps"`
	AWSConnectionGbps []float64 `json:"awsGbpsPerConnection"`
}

// VirtualWANLimits compare route counts.
type VirtualWANLimits struct {
	PrefixesPrivatePeering int `json:"bgpPrefixesPrivatePeering"`
	TransitGatewayPrefixes int `json:"awsTgwBgpPrefixes"`
}

// MigrateLimits are those of agent-based replication.
type MigrateLimits struct {
	MachinesPerBatch int      `json:"machinesPerBatch"`
	OSDiskGen1TB     int      `json:"osDiskGen1TB"`
	OSDiskGen2TB     int      `json:"osDiskGen2TB"`
	DataDiskTB       int      `json:"dataDiskTB"`
	DisksPerMachine  int      `json:"disksPerMachine"`
	Unsupported      []string `json:"unsupported"`
	NameMax          int      `json:"vmNameMax"`
	Ports            []int    `json:"ports"`
}

// PostgresMigrationLimits are those of the migration service.
type PostgresMigrationLimits struct {
	LifetimeHours    int     `json:"maxLifetimeHours"`
	CutoverHours     int     `json:"cutoverWindowHours"`
	StorageFactor    float64 `json:"storageFactor"`
	MinSourceVersion string  `json:"minSourceVersion"`
	SplitTableGB     int     `json:"splitTableGB"`
	ActivePerTarget  int     `json:"activeMigrationsPerTarget"`
}

// StorageMoverLimits hold per job and subscription.
type StorageMoverLimits struct {
	ObjectsPerJob  int `json:"objectsPerJob"`
	ConcurrentJobs int `json:"concurrentJobsPerSub"`
}

// DataFactoryLimits hold per copy activity.
type DataFactoryLimits struct {
	MaxUnits         int `json:"maxDIU"`
	SelfHostedNodes  int `json:"selfHostedNodes"`
	PartitionAboveTB int `json:"partitionAboveTB"`
}

// RegistryImportLimits hold per image.
type RegistryImportLimits struct {
	ManifestsPerImage int `json:"maxManifestsPerImage"`
}

// DNSLimits are how long names take to change.
type DNSLimits struct {
	BeforeCutoverSeconds int   `json:"beforeCutoverSec"`
	AggressiveSeconds    int   `json:"aggressiveSec"`
	PropagationMinutes   []int `json:"expectedPropagationMin"`
	RollbackMinutes      []int `json:"rollbackMin"`
	WindowHours          []int `json:"windowHours"`
	BufferMinutes        int   `json:"bufferMin"`
}

// TrafficManagerLimits are ranges of a profile's endpoints.
type TrafficManagerLimits struct {
	Weight        []int `json:"weightRange"`
	Priority      []int `json:"priorityRange"`
	WeightDefault int   `json:"defaultWeight"`
}

// LagLimits are how far a replica may be behind before the switch.
type LagLimits struct {
	CriticalSeconds int `json:"criticalSec"`
	StandardSeconds int `json:"standardSec"`
}

// Limits returns the documented limits: Microsoft Learn, "Azure subscription
// and service limits, quotas, and constraints", "Network security groups
// overview", "Azure Functions Flex Consumption plan hosting", "Load Balancer
// TCP reset and idle timeout", "Application Gateway health probes overview",
// "Configure a BGP-enabled connection between Azure and AWS", "Support matrix
// for physical server migration", "Migration service in Azure Database for
// PostgreSQL", "Traffic Manager endpoints"; AWS Lambda Developer Guide, "Lambda quotas".
func (c *Catalog) Limits() Limits {
	return Limits{
		Network: NetworkLimits{
			VNets: 1000, SubnetsPerVNet: 3000, PeeringsPerVNet: 500, VPNGatewaysPerVNet: 1, ERGatewaysPerVNet: 1, DNSServersPerVNet: 20,
			PrivateIPsPerVNet: 65536, PrivateIPsInPeeredGroup: 128000, IPConfigsPerNIC: 256, FlowsPerNIC: 500000, NICs: 65536, NSGs: 5000,
			RulesPerNSG: 1000, AddressesPerRuleSide: 4000, ASGs: 3000, ASGsPerNICConfig: 20, ASGsPerRuleSide: 10, NICConfigsPerASG: 4000,
			ASGsPerNSG: 100, RouteTables: 200, RoutesPerTable: 400, PublicIPs: 10, PublicIPsEnterprise: 1000,
		},
		NSG: NSGLimits{
			PriorityMin: 100, PriorityMax: 4096, RuleNameMax: 80, Protocols: []string{"Tcp", "Udp", "Icmp", "Esp", "Ah", "*"},
			ServiceTagsPerSide: 1, PlatformIPs: []string{"168.63.129.16", "169.254.169.254"},
		},
		Tags:               TagLimits{PerResource: 50, PerResourceFew: 15, NameMax: 512, NameMaxOnStorage: 128, ValueMax: 256},
		ManagementGroups:   ManagementGroupLimits{PerTenant: 10000, Depth: 6},
		FunctionsFlex:      FunctionsFlexLimits{InstanceMemoryMB: []int{2048, 4096}, MaxInstancesDefault: 100, MaxInstances: 1000, RegionalMemoryQuotaMB: 512000, TimeoutDefaultMinutes: 30, ZipMaxMB: 500},
		Lambda:             LambdaLimits{TimeoutMaxSeconds: 900, MemoryMB: []int{128, 10240}, ConcurrencyDefault: 1000, ZipMB: 50, UnzippedMB: 250, ImageGB: 10},
		LoadBalancer:       LoadBalancerLimits{IdleTimeoutMinutes: []int{4, 100}, IdleDefaultMinutes: 4, Protocols: []string{"Tcp", "Udp"}, ProbeSource: "168.63.129.16"},
		ApplicationGateway: ApplicationGatewayLimits{ProbeIntervalSeconds: 30, ProbeTimeoutSeconds: 30, ProbeUnhealthy: 3, BodyMatchMax: 4090, KeyVaultPollHours: 4},
		VPN:                VPNLimits{AzureAPIPA: []string{"169.254.21.0", "169.254.22.255"}, InsidePrefix: 30, AWSDefaultASN: 64512, Tunnels: 4, CreateMinutes: 45, AzureMaxGbps: 10, AWSConnectionGbps: []float64{1.25, 5}},
		VirtualWAN:         VirtualWANLimits{PrefixesPrivatePeering: 1000, TransitGatewayPrefixes: 100},
		Migrate: MigrateLimits{
			MachinesPerBatch: 10, OSDiskGen1TB: 2, OSDiskGen2TB: 4, DataDiskTB: 32, DisksPerMachine: 63, NameMax: 63, Ports: []int{443, 9443},
			Unsupported: []string{"UEFI secure boot", "encrypted disks", "shared disk clusters", "NFS volumes", "multipath IO", "teamed NICs", "IPv6", "PV drivers"},
		},
		PostgresMigration: PostgresMigrationLimits{LifetimeHours: 168, CutoverHours: 72, StorageFactor: 1.25, MinSourceVersion: "9.5", SplitTableGB: 20, ActivePerTarget: 1},
		StorageMover:      StorageMoverLimits{ObjectsPerJob: 10000000, ConcurrentJobs: 10},
		DataFactory:       DataFactoryLimits{MaxUnits: 256, SelfHostedNodes: 4, PartitionAboveTB: 100},
		RegistryImport:    RegistryImportLimits{ManifestsPerImage: 50},
		DNS:               DNSLimits{BeforeCutoverSeconds: 300, AggressiveSeconds: 60, PropagationMinutes: []int{5, 15}, RollbackMinutes: []int{15, 30}, WindowHours: []int{1, 2}, BufferMinutes: 30},
		TrafficManager:    TrafficManagerLimits{Weight: []int{1, 1000}, Priority: []int{1, 1000}, WeightDefault: 1},
		ReplicationLag:    LagLimits{CriticalSeconds: 1, StandardSeconds: 5},
	}
}
