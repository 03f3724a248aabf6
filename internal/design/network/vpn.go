package network

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	words "example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/localnetworkgateways"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/virtualnetworkgatewayconnections"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/virtualnetworkgateways"
)

const (
	gatewayKind = cloud.Kind("Microsoft.Network/virtualNetworkGateways")
	siteKind    = cloud.Kind("Microsoft.Network/localNetworkGateways")
	tunnelKind  = cloud.Kind("Microsoft.Network/connections")
	vpnPage     = "Microsoft Learn, How to connect AWS and Azure using a BGP-enabled VPN gateway"

	// azureASN and awsASN differ, as BGP between networks demands; the latter is
	// what AWS gives a gateway by default.
	azureASN = 65000
	awsASN   = 64512
)

func vpnRules() []design.Rule {
	return []design.Rule{
		ruleTargets{gatewayKind, publicIP}.of(ruled("vpn/gateway", design.Networks, vpnPage, vpnGatewayRule, "AWS::EC2::VPNGateway")),
		ruleTargets{siteKind}.of(ruled("vpn/customer-gateway", design.Networks, vpnPage, customerRule, "AWS::EC2::CustomerGateway")),
		ruleTargets{tunnelKind}.of(ruled("vpn/connection", design.Networks, vpnPage, vpnRule, "AWS::EC2::VPNConnection")),
		absorbed("vpn/route", vpnPage, "the local network gateway has its block", "VpnConnectionId", "AWS::EC2::VPNConnectionRoute"),
		absorbed("vpn/propagation", routingPage, "route tables of subnets that take no routes of the gateway switch propagation off; the others have it", "VpnGatewayId", "AWS::EC2::VPNGatewayRoutePropagation"),
		ruled("vpn/concentrator", design.Networks, vpnPage, func(p *Plan, r *inventory.Resource) design.Decision {
			return manual("many small sites share it", 2, "connect the sites of "+r.Name+" with Azure Virtual WAN, which takes up to 1,000 of them per hub")
		}, "AWS::EC2::VPNConcentrator"),
		ruled("vpn/client", design.Networks, "Microsoft Learn, About Azure Point-to-Site VPN connections", clientRule, "AWS::EC2::ClientVpnEndpoint"),
		absorbed("vpn/client-part", "Microsoft Learn, About Azure Point-to-Site VPN connections", "it is configuration of the client VPN endpoint, whose decision says what to do", "ClientVpnEndpointId",
			"AWS::EC2::ClientVpnAuthorizationRule", "AWS::EC2::ClientVpnRoute", "AWS::EC2::ClientVpnTargetNetworkAssociation"),
	}
}

// gatewayOf reports whether a network has a gateway to other networks of its
// own.
func (p *Plan) gatewayOf(v *vnet) bool {
	if v.source == nil {
		return false
	}
	for _, r := range p.c.OfKind("AWS::EC2::VPNGateway") {
		if p.vpcOfGateway(r) == v {
			return true
		}
	}
	return p.asksGateway(v)
}

// asksGateway reports whether landfall.yaml asks for a VPN between the clouds.
func (p *Plan) asksGateway(v *vnet) bool {
	if v.source == nil {
		return false
	}
	o, ok := p.c.Override(v.source)
	return ok && strings.EqualFold(o.Target, string(gatewayKind))
}

// vpcOfGateway returns the network that a virtual private gateway is attached
// to.
func (p *Plan) vpcOfGateway(r *inventory.Resource) *vnet {
	if v := p.netOf(r, r.Properties["VpcId"]); v != nil {
		return v
	}
	for _, m := range design.Maps(r.Attributes["VpcAttachments"]) {
		if v := p.netOf(r, m["VpcId"]); v != nil {
			return v
		}
	}
	for _, a := range p.c.Referring(r, "AWS::EC2::VPCGatewayAttachment", "VpnGatewayId") {
		if v := p.netOf(a, a.Properties["VpcId"]); v != nil {
			return v
		}
	}
	return nil
}

// putGateway puts the VPN gateway of a network, active-active: with one
// instance only, Azure takes a single APIPA address.
func (p *Plan) putGateway(v *vnet, asn int, from ...*inventory.Resource) cloud.ResourceID {
	id := p.c.Once("network|gateway|"+p.key(v), func() cloud.ResourceID {
		subnet := p.dedicate(design.Purpose{Name: "GatewaySubnet", Bits: 27, Near: []any{p.ref(v)}})
		// Put knows the name first, since the parts of the gateway name each other.
		var configurations []virtualnetworkgateways.VirtualNetworkGatewayIPConfiguration
		for _, n := range []string{"1", "2"} {
			address := p.putAddress(v.name+"-vpn-"+n, p.c.Zones())
			configurations = append(configurations, virtualnetworkgateways.VirtualNetworkGatewayIPConfiguration{
				Name: new("instance" + n),
				Properties: &virtualnetworkgateways.VirtualNetworkGatewayIPConfigurationPropertiesFormat{
					PrivateIPAllocationMethod: new(virtualnetworkgateways.IPAllocationMethodDynamic),
					PublicIPAddress:           &virtualnetworkgateways.SubResource{Id: new(string(address))},
					Subnet:                    &virtualnetworkgateways.SubResource{Id: new(string(subnet.id))},
				},
			})
		}
		return p.c.Put(design.Target{Type: gatewayKind, Base: v.name, Model: virtualnetworkgateways.VirtualNetworkGateway{Properties: virtualnetworkgateways.VirtualNetworkGatewayPropertiesFormat{
			GatewayType: new(virtualnetworkgateways.VirtualNetworkGatewayTypeVpn), VpnType: new(virtualnetworkgateways.VpnTypeRouteBased),
			VpnGatewayGeneration: new(virtualnetworkgateways.VpnGatewayGenerationGenerationTwo),
			Sku: &virtualnetworkgateways.VirtualNetworkGatewaySku{
				Name: new(virtualnetworkgateways.VirtualNetworkGatewaySkuNameVpnGwTwoAZ), Tier: new(virtualnetworkgateways.VirtualNetworkGatewaySkuTierVpnGwTwoAZ),
			},
			ActiveActive: new(true), EnableBgp: new(true), IPConfigurations: &configurations,
			BgpSettings: &virtualnetworkgateways.BgpSettings{Asn: new(int64(asn))},
		}}})
	})
	for _, r := range from {
		p.c.Attach(r, id)
	}
	return id
}

// ref names the VPC of a network as a property of a source resource would.
func (p *Plan) ref(v *vnet) any {
	if v.source == nil {
		return "assumed"
	}
	for _, alias := range v.source.Aliases {
		if strings.HasPrefix(alias, "vpc-") {
			return alias
		}
	}
	if text := design.Text(v.source.Properties, "VpcId"); text != "" {
		return text
	}
	return inventory.Reference{Resource: v.source.ID}.String()
}

func vpnGatewayRule(p *Plan, r *inventory.Resource) design.Decision {
	v := p.vpcOfGateway(r)
	if v == nil {
		return retired("it is attached to no VPC of the workload")
	}
	asn, gaps := p.gatewayASN(r)
	p.putGateway(v, asn, r)
	if len(gaps) > 0 {
		return migrated(0.7, fmt.Sprintf("a VPN gateway VpnGw2AZ with two active instances in VNet %s stands for it, with ASN %d", v.name, asn),
			append(gaps, p.c.Gap("vpn.addresses", r.Name))...)
	}
	return migrated(0.8, fmt.Sprintf("a VPN gateway VpnGw2AZ with two active instances in VNet %s stands for it and keeps its ASN %d, so that routers on premises need a new peer only", v.name, asn),
		p.c.Gap("vpn.addresses", r.Name))
}

const (
	// azureOwnASN is what a VPN gateway of Azure has unless told otherwise.
	azureOwnASN = 65515
	// lastASN is the greatest number that a network may have: 0 and the one after
	// it are nobody's (RFC 7607, RFC 7300).
	lastASN = 4294967294
)

// gatewayASN is the number of the VPN gateway that stands for a gateway of the
// source: its own, or ours with a gap where Azure does not take that.
func (p *Plan) gatewayASN(r *inventory.Resource) (int, []design.Gap) {
	asn, said := takenASN(r, "AmazonSideAsn", awsASN)
	if said == "" && keptASN(asn) && asn != azureOwnASN {
		said = fmt.Sprintf("AmazonSideAsn=%d", asn)
	}
	if said == "" {
		return asn, nil
	}
	return azureASN, []design.Gap{p.c.Gap("vpn.asn", said)}
}

// takenASN reads a number that a network may have, and says what stands there
// if it is another one.
func takenASN(r *inventory.Resource, key string, def int) (asn int, said string) {
	switch n, ok := design.Number(r.Properties, key); {
	case !ok:
		return def, ""
	case n < 1 || n > lastASN:
		return def, key + "=" + design.Text(r.Properties, key)
	default:
		return int(n), ""
	}
}

// keptASN knows the numbers that Azure and IANA keep for themselves (Microsoft
// Learn, "About BGP with VPN Gateway").
func keptASN(asn int) bool {
	return slices.Contains([]int{8074, 8075, 12076, 23456, azureOwnASN, 65517, 65518, 65519, 65520, 65535}, asn) || asn >= 64496 && asn <= 64511 || asn >= 65536 && asn <= 65551
}

// siteOf puts the local network gateway that stands for a customer gateway.
func (p *Plan) siteOf(r *inventory.Resource, blocks []string, bgp bool) cloud.ResourceID {
	return p.c.Once("network|site|"+string(r.ID), func() cloud.ResourceID {
		address := design.Text(r.Properties, "IpAddress")
		if _, ok := parsePrefix(address); !ok {
			address = p.c.ParameterOf(r, design.Parameter{Name: "site" + camel(r.Name) + "Address", Description: "Public address of the VPN device " + r.Name + "."})
		}
		properties := localnetworkgateways.LocalNetworkGatewayPropertiesFormat{GatewayIPAddress: &address}
		if bgp {
			asn, _ := siteASN(r)
			properties.BgpSettings = &localnetworkgateways.BgpSettings{
				Asn: new(int64(asn)),
				BgpPeeringAddress: new(p.c.ParameterOf(r, design.Parameter{
					Name: "site" + camel(r.Name) + "Peer", Description: "Address of the BGP speaker of the VPN device " + r.Name + " inside the tunnel.",
				})),
			}
		} else {
			properties.LocalNetworkAddressSpace = &localnetworkgateways.AddressSpace{AddressPrefixes: &blocks}
		}
		return p.c.Put(design.Target{Type: siteKind, Base: r.Name, Model: localnetworkgateways.LocalNetworkGateway{Properties: properties}}, r)
	})
}

// siteASN is the device's number, and what Azure does not take of it; AWS gives
// 65000 to one that names none.
func siteASN(r *inventory.Resource) (asn int, said string) {
	asn, said = takenASN(r, "BgpAsn", 65000)
	if extended, wrong := takenASN(r, "BgpAsnExtended", asn); extended != asn || wrong != "" {
		asn, said = extended, wrong
	}
	if said == "" && keptASN(asn) {
		said = fmt.Sprintf("BgpAsn=%d", asn)
	}
	return asn, said
}

func customerRule(p *Plan, r *inventory.Resource) design.Decision {
	users := p.c.Referring(r, "AWS::EC2::VPNConnection", "CustomerGatewayId")
	if len(users) == 0 {
		return retired("no VPN connection uses it")
	}
	blocks, bgp := p.blocksOfSite(users)
	p.siteOf(r, blocks, bgp)
	d := migrated(0.85, "a local network gateway stands for the device "+cmp.Or(design.Text(r.Properties, "IpAddress"), r.Name))
	if _, said := siteASN(r); bgp && said != "" {
		d.Gaps = append(d.Gaps, p.c.Gap("vpn.asn", said))
	}
	return d
}

// blocksOfSite returns the blocks behind a device, and whether BGP tells them.
func (p *Plan) blocksOfSite(users []*inventory.Resource) (blocks []string, bgp bool) {
	blocks = []string{}
	for _, r := range users {
		bgp = bgp || !design.True(r.Properties, "StaticRoutesOnly") && !design.True(r.Attributes, "Options.StaticRoutesOnly")
		for _, route := range p.c.Referring(r, "AWS::EC2::VPNConnectionRoute", "VpnConnectionId") {
			if b, ok := parsePrefix(design.Text(route.Properties, "DestinationCidrBlock")); ok && !slices.Contains(blocks, b.String()) {
				blocks = append(blocks, b.String())
			}
		}
	}
	slices.Sort(blocks)
	return blocks, bgp
}

func vpnRule(p *Plan, r *inventory.Resource) design.Decision {
	v := p.netOfVPN(r)
	site, ok := p.c.Find(r, r.Properties["CustomerGatewayId"], "AWS::EC2::CustomerGateway")
	if v == nil || !ok {
		return manual("its gateway or its device is not part of the workload", 1, "connect the site of "+r.Name+" with the VNet by hand, once both ends are known")
	}
	users := p.c.Referring(site, "AWS::EC2::VPNConnection", "CustomerGatewayId")
	blocks, bgp := p.blocksOfSite(users)
	gateway, local := p.putGateway(v, awsASN), p.siteOf(site, blocks, bgp)
	p.tunnel(tunnel{name: r.Name, gateway: gateway, site: local, bgp: bgp}, r)
	how := "static routes"
	if bgp {
		how = "BGP"
	}
	d := migrated(0.8, fmt.Sprintf("a connection with %s from the VPN gateway of VNet %s to the device %s stands for its two tunnels", how, v.name, site.Name), p.c.Gap("vpn.addresses", r.Name))
	for _, m := range design.Maps(r.Properties["VpnTunnelOptionsSpecifications"]) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			// The key of each tunnel is new, and a secret.
			gap := p.c.Gap("vpn.tunnel-options", key+"="+words.Shown(m[key]))
			if m[key] != nil && key != "PreSharedKey" && !slices.Contains(d.Gaps, gap) {
				d.Gaps = append(d.Gaps, gap)
			}
		}
	}
	d.ToDo = []string{"set the new shared key and both public addresses of the VPN gateway at the device " + site.Name}
	return d
}

// netOfVPN returns the network whose gateway ends a VPN connection: that of its
// virtual private gateway, or the one that stands for its transit gateway.
func (p *Plan) netOfVPN(r *inventory.Resource) *vnet {
	if g, ok := p.c.Find(r, r.Properties["VpnGatewayId"], "AWS::EC2::VPNGateway"); ok {
		return p.vpcOfGateway(g)
	}
	if t, ok := p.c.Find(r, r.Properties["TransitGatewayId"], tgwKind); ok {
		if hub := p.hubs[t.ID]; hub != nil {
			return hub
		}
	}
	return nil
}

// tunnel is one connection of a VPN gateway.
type tunnel struct {
	name          string
	gateway, site cloud.ResourceID
	bgp           bool
	// custom are the APIPA addresses of the two instances, nil for none.
	custom []string
}

// tunnel puts a connection; its shared key is a value of the deployment.
func (p *Plan) tunnel(t tunnel, from *inventory.Resource) cloud.ResourceID {
	key := p.c.ParameterOf(from, design.Parameter{Name: "sharedKey" + camel(t.name), Secure: true, Description: "Shared key of the VPN connection " + t.name + "."})
	properties := virtualnetworkgatewayconnections.VirtualNetworkGatewayConnectionPropertiesFormat{
		ConnectionType: virtualnetworkgatewayconnections.VirtualNetworkGatewayConnectionTypeIPsec, EnableBgp: new(t.bgp), SharedKey: &key,
		ConnectionProtocol:     new(virtualnetworkgatewayconnections.VirtualNetworkGatewayConnectionProtocolIKEvTwo),
		VirtualNetworkGateway1: virtualnetworkgatewayconnections.VirtualNetworkGateway{Id: new(string(t.gateway))},
		LocalNetworkGateway2:   &virtualnetworkgatewayconnections.LocalNetworkGateway{Id: new(string(t.site))},
	}
	if len(t.custom) == 2 {
		properties.GatewayCustomBgpIPAddresses = &[]virtualnetworkgatewayconnections.GatewayCustomBgpIPAddressIPConfiguration{
			{CustomBgpIPAddress: t.custom[0], IPConfigurationId: string(t.gateway) + "/ipConfigurations/instance1"},
			{CustomBgpIPAddress: t.custom[1], IPConfigurationId: string(t.gateway) + "/ipConfigurations/instance2"},
		}
	}
	return p.c.Put(design.Target{Type: tunnelKind, Base: t.name, Model: virtualnetworkgatewayconnections.VirtualNetworkGatewayConnection{Properties: properties}}, from)
}

func clientRule(p *Plan, r *inventory.Resource) design.Decision {
	d := manual("people reach the VPC through it; a point-to-site configuration of a VPN gateway takes its place", 2,
		"choose how people sign in (Entra ID or certificates), add a point-to-site configuration with the client pool "+design.Text(r.Properties, "ClientCidrBlock")+" to the VPN gateway, and send people the new profile")
	d.Gaps = []design.Gap{p.c.Gap("vpn.client", "ClientCidrBlock="+design.Text(r.Properties, "ClientCidrBlock"))}
	d.Alternatives = []design.Alternative{{Target: "Azure Bastion", WhyNot: "it gives a console on machines, and the endpoint gives a way into the network"}}
	return d
}
