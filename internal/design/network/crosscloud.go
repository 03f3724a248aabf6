package network

import (
	"fmt"
	"net/netip"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/localnetworkgateways"
)

// Tunnel is one of the four between both clouds.
type Tunnel struct {
	// Inside is the /30 of the tunnel: AWS takes its first address, Azure the
	// second.
	Inside netip.Prefix
	// Instance is the instance of Azure's gateway that it ends at, Connection
	// the VPN connection of AWS that it belongs to; both 1 or 2.
	Instance, Connection int
}

// AWSAddress returns the address of the AWS side inside the tunnel.
func (t Tunnel) AWSAddress() netip.Addr { return nth(t.Inside, 1) }

// AzureAddress returns the address of Azure's side inside the tunnel.
func (t Tunnel) AzureAddress() netip.Addr { return nth(t.Inside, 2) }

// Tunnels is the plan for BGP between AWS and Azure: Azure takes APIPA
// addresses of 169.254.21.0 to 169.254.22.255 only. One customer gateway and
// one connection of AWS stand for each of Azure's two instances, and each
// connection has two tunnels.
func Tunnels() []Tunnel {
	var out []Tunnel
	for instance := 1; instance <= 2; instance++ {
		for n := range 2 {
			block := netip.PrefixFrom(netip.AddrFrom4([4]byte{169, 254, byte(20 + n + 1), byte(4 * (instance - 1))}), 30)
			out = append(out, Tunnel{Inside: block, Instance: instance, Connection: instance})
		}
	}
	return out
}

// connectClouds puts the VPN between a VNet and the VPC that it stands for, on
// Azure's side; what AWS needs is in the finding.
func (p *Plan) connectClouds(v *vnet, r *inventory.Resource) []string {
	gateway := p.putGateway(v, azureASN, r)
	custom := map[int][]string{}
	for _, t := range Tunnels() {
		custom[t.Instance] = append(custom[t.Instance], t.AzureAddress().String())
	}
	p.customPeers(gateway, custom)
	for i, t := range Tunnels() {
		name := fmt.Sprintf("%s-aws-%d", v.name, i+1)
		outside := p.c.ParameterOf(r, design.Parameter{Name: "tunnel" + camel(name) + "Outside", Description: fmt.Sprintf("Public address of tunnel %d of AWS's VPN connection %d.", i%2+1, t.Connection)})
		site := p.c.Put(design.Target{Type: siteKind, Base: name, Model: localnetworkgateways.LocalNetworkGateway{Properties: localnetworkgateways.LocalNetworkGatewayPropertiesFormat{
			GatewayIPAddress: &outside,
			// BGP tells the blocks.
			LocalNetworkAddressSpace: &localnetworkgateways.AddressSpace{AddressPrefixes: &[]string{}},
			BgpSettings:              &localnetworkgateways.BgpSettings{Asn: new(int64(awsASN)), BgpPeeringAddress: new(t.AWSAddress().String())},
		}}}, r)
		// An instance that does not end this tunnel still wants an address of its
		// own named.
		pair := []string{custom[1][i%2], custom[2][i%2]}
		p.tunnel(tunnel{name: name, gateway: gateway, site: site, bgp: true, custom: pair}, r)
	}
	return []string{
		fmt.Sprintf("at AWS make a virtual private gateway with ASN %d for VPC %s, two customer gateways with ASN %d for the two public addresses of the VPN gateway, and two VPN connections with BGP", awsASN, v.name, azureASN),
		"give the tunnels of the first connection the inside blocks 169.254.21.0/30 and 169.254.22.0/30, of the second 169.254.21.4/30 and 169.254.22.4/30; AWS takes the first address of each, Azure the second",
		"deploy with the outside addresses of the four tunnels and their shared keys; making the gateway takes about 45 minutes",
	}
}

// customPeers gives the gateway its addresses inside the tunnels.
func (p *Plan) customPeers(gateway cloud.ResourceID, custom map[int][]string) {
	r, ok := p.c.Resource(gateway)
	if !ok {
		return
	}
	settings, ok := design.At(r.Body, "properties.bgpSettings").(map[string]any)
	if !ok {
		return
	}
	var peers []any
	for n := 1; n <= 2; n++ {
		peers = append(peers, map[string]any{
			"ipconfigurationId":    fmt.Sprintf("%s/ipConfigurations/instance%d", gateway, n),
			"customBgpIpAddresses": list(custom[n]),
		})
	}
	settings["bgpPeeringAddresses"] = peers
}
