package network

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

const comparison = "Azure Architecture Center, Compare AWS and Azure networking options"

func vpcRules() []design.Rule {
	return []design.Rule{
		ruleTargets{"Microsoft.Network/virtualNetworks"}.of(ruled("vpc/vpc", design.Networks, comparison, vpcRule, vpcKind)),
		absorbed("vpc/cidr", comparison, "the VNet has a block for every block of the VPC", "VpcId", "AWS::EC2::VPCCidrBlock"),
		ruleTargets{"Microsoft.Network/virtualNetworks/subnets"}.of(ruled("vpc/subnet", design.Networks, comparison, subnetRule, subnetKind)),
		ruled("vpc/subnet-cidr", design.Networks, comparison, subnetCidrRule, "AWS::EC2::SubnetCidrBlock"),
		ruled("vpc/subnet-reservation", design.Networks, comparison, reservationRule, "AWS::EC2::SubnetCidrReservation"),
		ruled("vpc/dhcp", design.Networks, "Microsoft Learn, Name resolution for resources in Azure virtual networks", dhcpRule, "AWS::EC2::DHCPOptions"),
		absorbed("vpc/dhcp-association", comparison, "the DNS servers of DHCP options stand in the VNet itself", "VpcId", "AWS::EC2::VPCDHCPOptionsAssociation"),
		ruleTargets{"Microsoft.Network/networkWatchers/flowLogs"}.of(ruled("vpc/flow-log", design.Operations, "Microsoft Learn, Virtual network flow logs", flowLogRule, "AWS::EC2::FlowLog")),
		ruled("vpc/scan", design.Networks, comparison, func(*Plan, *inventory.Resource) design.Decision {
			return replaced(0.9, "it is the scan's second name for a resource that has a decision of its own")
		}, "AWS::ec2::flow-logs", "AWS::ec2::managed-prefix-lists"),
	}
}

func vpcRule(p *Plan, r *inventory.Resource) design.Decision {
	v := p.byVPC[r.ID]
	if v == nil {
		return retired("it is AWS's default VPC and nothing of the workload stands in it")
	}
	p.putVNet(v)
	var from, to []string
	for _, b := range v.blocks {
		if b.Source.IsValid() {
			from = append(from, b.Source.String())
		}
		to = append(to, b.Target.String())
	}
	d := migrated(0.9, fmt.Sprintf("a VNet of %s stands for VPC %s of %s: a block of the same size that overlaps neither the VPC nor another known network, so that both can be connected while they run side by side",
		strings.Join(to, ", "), r.Name, strings.Join(from, ", ")))
	d.Alternatives = []design.Alternative{{Target: "the VPC's own addresses", WhyNot: "networks that overlap can be neither connected by VPN nor peered, and the workload moves while both exist"},
		{Target: string(gatewayKind), WhyNot: "a VPN between VPC and VNet is made when design.overrides asks for this target on the VPC: nothing says that the workload needs it"}}
	if p.asksGateway(v) {
		d.ToDo = append(d.ToDo, p.connectClouds(v, r)...)
	}
	if hasIPv6(p, r) {
		d.Gaps = append(d.Gaps, p.c.Gap("vpc.ipv6", "Ipv6CidrBlock"))
	}
	if tenancy := design.Text(r.Properties, "InstanceTenancy"); tenancy == "dedicated" || tenancy == "host" {
		d.Gaps = append(d.Gaps, p.c.Gap("vpc.tenancy", "InstanceTenancy="+tenancy))
	}
	if text := design.Text(r.Properties, "EnableDnsSupport"); text == "false" {
		d.Gaps = append(d.Gaps, p.c.Gap("vpc.dns-off", "EnableDnsSupport=false"))
	}
	if design.True(r.Properties, "EnableDnsHostnames") {
		d.Gaps = append(d.Gaps, p.c.Gap("vpc.dns-hostnames", "EnableDnsHostnames=true"))
	}
	if design.Text(r.Properties, "Ipv4IpamPoolId") != "" {
		d.ToDo = append(d.ToDo, "reserve "+strings.Join(to, ", ")+" where the organisation keeps its address plan; the VPC took its block from an IPAM pool")
	}
	return d
}

// hasIPv6 reports whether a VPC has IPv6 addresses.
func hasIPv6(p *Plan, vpc *inventory.Resource) bool {
	found := false
	visit(map[string]any(vpc.Properties), func(text string) {
		if b, ok := parsePrefix(text); ok && b.Addr().Is6() {
			found = true
		}
	})
	for _, r := range p.c.Referring(vpc, "AWS::EC2::VPCCidrBlock", "VpcId") {
		found = found || design.True(r.Properties, "AmazonProvidedIpv6CidrBlock") || design.Text(r.Properties, "Ipv6CidrBlock") != "" || design.Text(r.Properties, "Ipv6Pool") != ""
	}
	return found
}

func subnetRule(p *Plan, r *inventory.Resource) design.Decision {
	s := p.subnets[r.ID]
	if s == nil {
		return retired("it belongs to AWS's default VPC and nothing of the workload stands in it")
	}
	p.putSubnet(s)
	zone := design.Text(r.Properties, "AvailabilityZone")
	why := fmt.Sprintf("subnet %s of VNet %s follows it at the same offset", s.target, s.net.name)
	if len(s.sources) > 1 {
		why = fmt.Sprintf("subnet %s of VNet %s takes it and its %d sisters of other zones together, as design.mergeSubnets asks", s.target, s.net.name, len(s.sources)-1)
	}
	if zone != "" {
		why += "; a subnet of Azure spans all zones, so zone " + zone + " moves to the resources in it"
	}
	d := migrated(0.9, why)
	if n := len(s.sources); n == 1 {
		d.Alternatives = []design.Alternative{{Target: "one subnet for all zones of its tier", WhyNot: "kept apart for likeness; design.mergeSubnets joins them"}}
	}
	if s.target.Bits() > 29 {
		d.Gaps = append(d.Gaps, p.c.Gap("subnet.small", s.target.String()))
	}
	if design.Text(r.Properties, "Ipv6CidrBlock") != "" || design.True(r.Properties, "AssignIpv6AddressOnCreation") {
		d.Gaps = append(d.Gaps, p.c.Gap("vpc.ipv6", "Ipv6CidrBlock"))
	}
	if design.True(r.Properties, "MapPublicIpOnLaunch") {
		d.Gaps = append(d.Gaps, p.c.Gap("subnet.public-addresses", "MapPublicIpOnLaunch=true"))
	}
	if design.Text(r.Properties, "OutpostArn") != "" {
		d.Gaps = append(d.Gaps, p.c.Gap("subnet.outpost", "OutpostArn"))
	}
	if id := design.Text(r.Properties, "AvailabilityZoneId"); zone == "" && id != "" {
		d.ToDo = append(d.ToDo, "choose the zone of what stands in it: the source names it as "+id+", which is another zone in each account")
	}
	if len(s.from) == 0 {
		d.ToDo = append(d.ToDo, "its block is not known: check that "+s.target.String()+" is large enough")
		d.Confidence = 0.6
	}
	return d
}

func subnetCidrRule(p *Plan, r *inventory.Resource) design.Decision {
	return replaced(0.7, "IPv6 blocks of subnets are laid out when the VNet gets IPv6", p.c.Gap("vpc.ipv6", "Ipv6CidrBlock="+design.Text(r.Properties, "Ipv6CidrBlock")))
}

func reservationRule(p *Plan, r *inventory.Resource) design.Decision {
	text := design.Text(r.Properties, "Cidr")
	return manual("Azure reserves no part of a subnet", 0.25, "keep "+p.Address(text)+" free by hand, or give what it is for a subnet of its own")
}

// dnsServers returns the DNS servers that a VPC's DHCP options name.
func (p *Plan) dnsServers(v *vnet) []string {
	if v.source == nil {
		return nil
	}
	options := p.dhcpOf(v.source)
	if options == nil {
		return nil
	}
	var out []string
	for _, text := range design.Texts(options.Properties["DomainNameServers"]) {
		for part := range strings.SplitSeq(text, ",") {
			// A server inside the VPC moves with it; AWS's own resolver has
			// Azure's in its place.
			if b, ok := parsePrefix(part); ok && b.IsSingleIP() && !strings.HasSuffix(part, "169.254.169.253") {
				if address := p.Address(strings.TrimSpace(part)); !slices.Contains(out, address) {
					out = append(out, address)
				}
			}
		}
	}
	return out
}

func (p *Plan) dhcpOf(vpc *inventory.Resource) *inventory.Resource {
	for _, r := range p.c.Known("AWS::EC2::VPCDHCPOptionsAssociation") {
		if owner, ok := p.c.Find(r, r.Properties["VpcId"], vpcKind); ok && owner == vpc {
			if options, ok := p.c.Find(r, r.Properties["DhcpOptionsId"], "AWS::EC2::DHCPOptions"); ok {
				return options
			}
		}
	}
	options, _ := p.c.Find(vpc, vpc.Attributes["DhcpOptionsId"], "AWS::EC2::DHCPOptions")
	return options
}

func dhcpRule(p *Plan, r *inventory.Resource) design.Decision {
	d := replaced(0.8, "the DNS servers that it names stand in the VNet itself")
	for _, v := range p.nets {
		if v.source != nil && p.dhcpOf(v.source) == r {
			p.c.Attach(r, p.putVNet(v))
		}
	}
	for _, key := range []string{"DomainName", "NtpServers", "NetbiosNameServers"} {
		if text := strings.Join(design.Texts(r.Properties[key]), ", "); text != "" && !strings.HasSuffix(text, ".compute.internal") && text != "ec2.internal" {
			d.Gaps = append(d.Gaps, p.c.Gap("vpc.dhcp", key+"="+text))
		}
	}
	return d
}

func flowLogRule(p *Plan, r *inventory.Resource) design.Decision {
	what := design.Text(r.Properties, "ResourceType")
	d := manual("VNet flow logs take its place; they stand at the Network Watcher of the region, in a resource group of Azure's own", 0.25,
		"switch on VNet flow logs for the VNet, into a storage account of the workload, with the retention of "+r.Name)
	d.Gaps = []design.Gap{p.c.Gap("vpc.flow-log", "ResourceType="+what+" TrafficType="+design.Text(r.Properties, "TrafficType"))}
	return d
}
