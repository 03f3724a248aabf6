package network

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	words "example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

// remark is what a property means for a person when its rule makes nothing of
// it: no property is dropped without a word.
type remark struct {
	kinds string
	// paths of the property, of which a value other than usual counts.
	paths string
	usual string
	// gap of the catalogue, else toDo says what to do.
	gap, toDo string
}

// remarks follow the reference of each kind in the AWS CloudFormation User
// Guide.
func remarks() []remark {
	const (
		tgw      = "AWS::EC2::TransitGateway"
		attached = "AWS::EC2::TransitGatewayAttachment AWS::EC2::TransitGatewayVpcAttachment"
		vpn      = "AWS::EC2::VPNConnection"
		endpoint = "AWS::EC2::VPCEndpoint"
	)
	return []remark{
		{string(vpcKind), "VpcEncryptionControl", "", "", "switch on VNet encryption, after checking that all machine sizes take it"},
		{string(subnetKind), "EnableDns64 Ipv6Native Ipv6NetmaskLength Ipv6IpamPoolId", "", "vpc.ipv6", ""},
		{string(subnetKind), "Ipv4IpamPoolId", "", "", "reserve the subnet's block where the organisation keeps its address plan"},
		{string(subnetKind), "EnableLniAtDeviceIndex", "", "subnet.outpost", ""},
		{string(subnetKind), "PrivateDnsNameOptionsOnLaunch", "", "vpc.dns-hostnames", ""},
		{tgw, "MulticastSupport", "disable", "transit.multicast", ""},
		{tgw, "DnsSupport", "", "peering.dns", ""},
		{tgw + " " + attached, "SecurityGroupReferencingSupport Options.SecurityGroupReferencingSupport", "disable", "securitygroup.across", ""},
		{tgw, "TransitGatewayCidrBlocks", "", "", "give the appliances that speak GRE with it another way: Azure carries none"},
		{tgw, "VpnEcmpSupport", "", "", "check how traffic spreads over the tunnels: both instances of the VPN gateway are active and BGP chooses between equal paths"},
		{tgw, "EncryptionSupport", "disable", "", "switch on VNet encryption in all networks that hang on it"},
		{attached, "Options.DnsSupport", "disable", "peering.dns", ""},
		{attached, "Options.Ipv6Support", "disable", "vpc.ipv6", ""},
		{vpn, "LocalIpv4NetworkCidr RemoteIpv4NetworkCidr", "0.0.0.0/0", "vpn.selectors", ""},
		{vpn, "LocalIpv6NetworkCidr RemoteIpv6NetworkCidr", "", "vpc.ipv6", ""},
		{vpn, "TunnelInsideIpVersion", "ipv4", "vpc.ipv6", ""},
		{vpn, "EnableAcceleration", "", "", "nothing enters Azure at the nearest edge: let the public addresses of the VPN gateway route over Microsoft's network, and measure the latency"},
		{vpn, "OutsideIpAddressType", "PublicIpv4", "", "end the tunnels at private addresses over ExpressRoute: the source runs them over Direct Connect"},
		{vpn, "TransportTransitGatewayAttachmentId", "", "", "end the tunnels at private addresses over ExpressRoute: the source runs them over Direct Connect"},
		{vpn, "TunnelBandwidth", "standard", "", "choose a size of the VPN gateway for the bandwidth of the tunnels"},
		{vpn, "VpnConcentratorId", "", "", "connect the site with Azure Virtual WAN, as the others behind its concentrator"},
		{"AWS::EC2::CustomerGateway", "CertificateArn", "", "", "agree on a shared key with the device, or set the connection up with certificates: the source signs in with one"},
		{endpoint, "IpAddressType DnsOptions.DnsRecordIpType", "ipv4", "vpc.ipv6", ""},
		{endpoint, "DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint DnsOptions.PrivateDnsPreference DnsOptions.PrivateDnsSpecifiedDomains", "", "vpcendpoint.dns", ""},
		{endpoint, "ServiceRegion", "", "", "it leads to another region: a private endpoint does so too, and the traffic between regions is billed"},
		{"AWS::EC2::NatGateway", "AvailabilityMode", "zonal", "", "choose the SKU StandardV2 if one NAT gateway has to span all zones, as the source's does"},
		{"AWS::EC2::NatGateway", "AvailabilityZoneAddresses", "", "", "add a public address for each that the source has in its zones, if their number matters"},
		{"AWS::EC2::Route", "DestinationIpv6CidrBlock", "", "vpc.ipv6", ""},
		{"AWS::EC2::Route", "OdbNetworkArn", "", "", "reach Oracle Database@AWS from the VNet by VPN or ExpressRoute, or move it to Oracle Database@Azure"},
		{"AWS::EC2::EIP", "IpamPoolId PublicIpv4Pool", "amazon", "eip.own-addresses", ""},
		{"AWS::EC2::EIP", "NetworkBorderGroup", "", "", "check that the target region serves the people who reached the address near them: the source announces it from a border group of its own"},
	}
}

// add appends what a resource's properties mean to the decision of its rule.
func (x remark) add(p *Plan, r *inventory.Resource, d *design.Decision) {
	for path := range strings.FieldsSeq(x.paths) {
		v := design.At(r.Properties, path)
		if v == nil || v == false || slices.Contains([]string{"", "false", strings.ToLower(x.usual)}, strings.ToLower(fmt.Sprint(v))) || fmt.Sprint(v) == "[]" {
			continue
		}
		at := path + "=" + words.Shown(v)
		if x.gap != "" {
			if gap := p.c.Gap(x.gap, at); !slices.ContainsFunc(d.Gaps, func(g design.Gap) bool { return g.ID == x.gap && strings.HasPrefix(g.At, path) }) {
				d.Gaps = append(d.Gaps, gap)
			}
			continue
		}
		d.ToDo = append(d.ToDo, x.toDo+" ("+at+")")
	}
}

// remarked adds the remarks of a resource's kind; what is retired needs none.
func (p *Plan) remarked(r *inventory.Resource, d design.Decision) design.Decision {
	if d.Action == design.Retire {
		return d
	}
	for _, x := range p.remarks[r.Kind] {
		x.add(p, r, &d)
	}
	return d
}

// remarksByKind orders the remarks for their look-up.
func remarksByKind() map[cloud.Kind][]remark {
	out := map[cloud.Kind][]remark{}
	for _, x := range remarks() {
		for kind := range strings.FieldsSeq(x.kinds) {
			out[cloud.Kind(kind)] = append(out[cloud.Kind(kind)], x)
		}
	}
	return out
}
