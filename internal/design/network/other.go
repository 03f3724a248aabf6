package network

import (
	"fmt"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

// line is the decision for kinds that need no look at their properties.
type line struct {
	name   string
	kinds  string
	action design.Action
	why    string
	toDo   string
	days   float64
	source string
}

func otherRules() []design.Rule {
	rules := []design.Rule{
		ruleTargets{"Microsoft.Network/privateDnsZones"}.of(ruled("servicediscovery/private", design.Networks, "Microsoft Learn, What is Azure Private DNS?", namespaceRule, "AWS::ServiceDiscovery::PrivateDnsNamespace")),
	}
	for _, l := range lines() {
		var kinds []cloud.Kind
		for k := range strings.FieldsSeq(l.kinds) {
			kinds = append(kinds, cloud.Kind(k))
		}
		rules = append(rules, ruled(l.name, design.Networks, l.source, l.decide, kinds...))
	}
	return rules
}

func (l line) decide(_ *Plan, r *inventory.Resource) design.Decision {
	d := design.Decision{Action: l.action, Why: r.Name + ": " + l.why, Confidence: 0.6, EffortDays: l.days}
	if l.action == design.Manual {
		d.Confidence = 0.3
	}
	if l.toDo != "" {
		d.ToDo = []string{l.toDo}
	}
	return d
}

// namespaceRule keeps a private name space of Cloud Map as a private zone.
func namespaceRule(p *Plan, r *inventory.Resource) design.Decision {
	name := design.Text(r.Properties, "Name")
	v, _ := p.near(design.List(r.Properties["Vpc"]))
	if name == "" || unresolved(name) || v == nil || !strings.Contains(name, ".") || strings.ContainsAny(name, "/ ") {
		return manual("its name or its VPC is not known, or is no name that a private zone of Azure takes (it wants two labels)", 0.5,
			"choose a private zone such as "+strings.Trim(name, ".")+".internal, link it to the VNet, and change the names that services ask for")
	}
	p.c.Attach(r, p.ZoneLinked(strings.TrimSuffix(name, "."), v))
	d := migrated(0.7, fmt.Sprintf("a private DNS zone %s, linked to VNet %s, has its names", name, v.name), p.c.Gap("servicediscovery.registration", name))
	return d
}

// lines are the kinds whose decision is the same for each resource.
func lines() []line {
	const (
		manager = "Microsoft Learn, What is Azure Virtual Network Manager?"
		watcher = "Microsoft Learn, What is Azure Network Watcher?"
		bastion = "Microsoft Learn, What is Azure Bastion?"
		entra   = "Microsoft Learn, What is Global Secure Access?"
		apps    = "Microsoft Learn, Communicate between container apps"
	)
	return []line{
		{"ipam/pool", `AWS::EC2::IPAM AWS::EC2::IPAMScope AWS::EC2::IPAMPool AWS::EC2::IPAMPoolCidr AWS::EC2::IPAMAllocation`, design.Manual,
			"the plan of addresses belongs to the organisation rather than the workload", "reserve the VNets' blocks in the organisation's plan; Azure Virtual Network Manager has pools of addresses too", 0.5, manager},
		{"ipam/discovery", `AWS::EC2::IPAMResourceDiscovery AWS::EC2::IPAMResourceDiscoveryAssociation AWS::EC2::IPAMPrefixListResolver AWS::EC2::IPAMPrefixListResolverTarget
			AWS::EC2::IpamExternalResourceVerificationToken AWS::EC2::IpamInternetRegistryAssociation`, design.Retire, "it only serves AWS's own address manager", "", 0, manager},
		{"ipam/own-addresses", `AWS::EC2::IPv4Pool AWS::EC2::IpPoolRouteTableAssociation`, design.Manual, "the public addresses are the customer's own",
			"bring the range to Azure as a custom IP prefix, once AWS no longer announces it: that takes weeks of checks", 5, "Microsoft Learn, Custom IP address prefix (BYOIP)"},
		{"networkinsights/path", `AWS::EC2::NetworkInsightsPath AWS::EC2::NetworkInsightsAnalysis AWS::EC2::NetworkInsightsAccessScope AWS::EC2::NetworkInsightsAccessScopeAnalysis
			AWS::EC2::NetworkPerformanceMetricSubscription`, design.Retire, "it analyses AWS's network; the design proves the rules itself, and Network Watcher analyses Azure's", "", 0, watcher},
		{"trafficmirror/session", `AWS::EC2::TrafficMirrorFilter AWS::EC2::TrafficMirrorFilterRule AWS::EC2::TrafficMirrorSession AWS::EC2::TrafficMirrorTarget`, design.Manual,
			"it copies packets to an analyser", "copy packets with a virtual network TAP where the region has it, or with an agent of the analyser's vendor on each machine", 2, "Microsoft Learn, Virtual network TAP"},
		{"verifiedaccess/instance", `AWS::EC2::VerifiedAccessInstance AWS::EC2::VerifiedAccessGroup AWS::EC2::VerifiedAccessEndpoint AWS::EC2::VerifiedAccessTrustProvider`, design.Manual,
			"people reach applications by identity rather than over a VPN", "publish the application with Microsoft Entra Private Access or application proxy, and write the policies as Conditional Access", 3, entra},
		{"instanceconnect/endpoint", `AWS::EC2::InstanceConnectEndpoint`, design.Manual, "people reach private machines through it",
			"make an Azure Bastion in AzureBastionSubnet of the VNet, and let its subnet reach ports 22 and 3389 of the machines", 0.5, bastion},
		{"carriergateway/gateway", `AWS::EC2::CarrierGateway`, design.Manual, "it leads into a carrier's 5G network (Wavelength)", "move what stands in the Wavelength zone into the region, or to a site of the carrier that Azure has", 5, comparison},
		{"localgateway/table", `AWS::EC2::LocalGatewayRoute AWS::EC2::LocalGatewayRouteTable AWS::EC2::LocalGatewayRouteTableVPCAssociation AWS::EC2::LocalGatewayRouteTableVirtualInterfaceGroupAssociation
			AWS::EC2::LocalGatewayVirtualInterface AWS::EC2::LocalGatewayVirtualInterfaceGroup`, design.Manual, "it connects an Outpost with the site that it stands on",
			"decide whether what runs on the Outpost moves into a region, or to Azure Local on the same site", 5, comparison},
		{"routeserver/server", `AWS::EC2::RouteServer AWS::EC2::RouteServerAssociation AWS::EC2::RouteServerEndpoint AWS::EC2::RouteServerPeer AWS::EC2::RouteServerPropagation`, design.Manual,
			"appliances tell it routes by BGP", "make an Azure Route Server in RouteServerSubnet of the VNet and let the appliances peer with its two addresses", 2, "Microsoft Learn, What is Azure Route Server?"},
		{"vpc/secondary", `AWS::EC2::SecondaryNetwork`, design.Manual, "machines have a second network for it", "give it a VNet or subnet of its own, and the machines a second interface", 2, comparison},
		{"vpc/block-public", `AWS::EC2::VPCBlockPublicAccessOptions AWS::EC2::VPCBlockPublicAccessExclusion`, design.Manual, "it forbids public access for the whole account",
			"assign Azure Policy that denies public addresses on interfaces and subnets with default outbound access", 0.5, "Microsoft Learn, Azure Policy built-in definitions for Azure networking services"},
		{"vpc/encryption", `AWS::EC2::VPCEncryptionControl`, design.Manual, "it watches or enforces encryption between machines", "switch on VNet encryption, after checking that all machine sizes take it", 1, "Microsoft Learn, What is Azure Virtual Network encryption?"},
		{"lattice/network", `AWS::VpcLattice::ServiceNetwork AWS::VpcLattice::ServiceNetworkVpcAssociation AWS::VpcLattice::ServiceNetworkServiceAssociation AWS::VpcLattice::ServiceNetworkResourceAssociation
			AWS::VpcLattice::Service AWS::VpcLattice::Listener AWS::VpcLattice::Rule AWS::VpcLattice::TargetGroup AWS::VpcLattice::ResourceConfiguration AWS::VpcLattice::ResourceGateway`, design.Manual,
			"services of several VPCs find and reach each other by it, which nothing at Azure does as a whole",
			"put an internal Application Gateway (HTTP) or a Private Link service (TCP) in front of each service, and names in a private DNS zone", 3, comparison},
		{"lattice/policy", `AWS::VpcLattice::AuthPolicy AWS::VpcLattice::ResourcePolicy`, design.Manual, "it lets callers through by their IAM identity", "check Entra ID tokens at the service, or in API Management in front of it", 2, comparison},
		{"lattice/other", `AWS::VpcLattice::AccessLogSubscription AWS::VpcLattice::DomainVerification`, design.Retire, "it belongs to VPC Lattice only", "", 0, comparison},
		{"servicediscovery/service", `AWS::ServiceDiscovery::Service AWS::ServiceDiscovery::Instance AWS::ServiceDiscovery::HttpNamespace`, design.Replace,
			"container apps of one environment, and services of one cluster, find each other by name without a registry", "change callers that ask Cloud Map's API to the names of the platform", 0.5, apps},
		{"servicediscovery/public", `AWS::ServiceDiscovery::PublicDnsNamespace`, design.Manual, "it registers services in a public zone", "write the records of its services into the DNS zone when they are deployed", 0.5, "Microsoft Learn, What is Azure DNS?"},
	}
}
