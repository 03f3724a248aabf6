package network

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/natgateways"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/publicipaddresses"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/routetables"
)

const publicIP cloud.Kind = "Microsoft.Network/publicIPAddresses"

// natFor returns the NAT gateway that a subnet's default route leads to.
func (p *Plan) natFor(s *subnet) cloud.ResourceID {
	if nat := p.natOf(s); nat != nil {
		return p.putNAT(nat)
	}
	return ""
}

// gatewaysFirst puts the subnets whose way out is a NAT gateway before others:
// machines of the others have public addresses, or none of them gets out.
func (p *Plan) gatewaysFirst(near []*subnet) {
	slices.SortStableFunc(near, func(a, b *subnet) int {
		switch x, y := p.natOf(a) != nil, p.natOf(b) != nil; {
		case x == y:
			return 0
		case x:
			return -1
		}
		return 1
	})
}

// Outbound says how machines in a dedicated subnet come to the Internet.
func (p *Plan) Outbound(id cloud.ResourceID) design.Outbound {
	i := slices.IndexFunc(p.special, func(d *dedicated) bool { return d.id == id })
	if i < 0 || len(p.special[i].near) == 0 {
		return design.OutboundUnknown
	}
	s := p.special[i].near[0]
	if p.natOf(s) != nil {
		return design.OutboundNAT
	}
	routes := p.routesOf(s)
	if first, ok := defaultRoute(routes); ok && first.hop == hopInternet {
		return design.OutboundGateway
	}
	for _, r := range p.targetRoutes(s.net, p.table(s), routes, false) {
		if to, ok := parsePrefix(*cmp.Or(r.Properties.AddressPrefix, new(""))); ok && to.Bits() == 0 && to.Addr().Is4() &&
			(r.Properties.NextHopType == routetables.RouteNextHopTypeVirtualAppliance || r.Properties.NextHopType == routetables.RouteNextHopTypeVirtualNetworkGateway) {
			return design.OutboundRoute
		}
	}
	return design.OutboundNone
}

func isPrivateNAT(r *inventory.Resource) bool {
	return strings.EqualFold(design.Text(r.Properties, "ConnectivityType"), "private")
}

// putNAT puts the NAT gateway that stands for one of the source, with the
// public address that the world sees.
func (p *Plan) putNAT(r *inventory.Resource) cloud.ResourceID {
	return p.c.Once("network|nat|"+string(r.ID), func() cloud.ResourceID {
		zones := p.zones(p.zoneText(r))
		addresses := []natgateways.SubResource{{Id: new(string(p.putAddress(r.Name, zones, p.addressSources(r)...)))}}
		for i := range design.List(r.Properties["SecondaryAllocationIds"]) {
			addresses = append(addresses, natgateways.SubResource{Id: new(string(p.putAddress(r.Name+"-"+string(rune('b'+i%25)), zones)))})
		}
		model := natgateways.NatGateway{
			Sku: &natgateways.NatGatewaySku{Name: new(natgateways.NatGatewaySkuNameStandard)},
			Properties: &natgateways.NatGatewayPropertiesFormat{
				// AWS drops idle connections after 350 s; Azure takes whole minutes
				// from 4 to 120 (Microsoft Learn, "NAT Gateway resource").
				IdleTimeoutInMinutes: new(int64(6)),
				PublicIPAddresses:    &addresses,
			},
		}
		set(&model.Zones, zones)
		return p.c.Put(design.Target{Type: "Microsoft.Network/natGateways", Base: r.Name, Model: model}, r)
	})
}

// zoneText returns the availability zone of a resource's subnet.
func (p *Plan) zoneText(r *inventory.Resource) string {
	if s, ok := p.c.Find(r, r.Properties["SubnetId"], subnetKind); ok {
		return design.Text(s.Properties, "AvailabilityZone")
	}
	return ""
}

// addressSources returns a NAT gateway and its elastic addresses.
func (p *Plan) addressSources(r *inventory.Resource) []*inventory.Resource {
	return append([]*inventory.Resource{r}, p.c.FindAll(r, r.Properties["AllocationId"], "AWS::EC2::EIP")...)
}

// putAddress puts a static public address; those of Standard SKU take nothing
// in that no NSG allows (Microsoft Learn, "Public IP addresses").
func (p *Plan) putAddress(name string, zones []string, from ...*inventory.Resource) cloud.ResourceID {
	model := publicipaddresses.PublicIPAddress{
		Sku: &publicipaddresses.PublicIPAddressSku{Name: new(publicipaddresses.PublicIPAddressSkuNameStandard), Tier: new(publicipaddresses.PublicIPAddressSkuTierRegional)},
		Properties: &publicipaddresses.PublicIPAddressPropertiesFormat{
			PublicIPAllocationMethod: new(publicipaddresses.IPAllocationMethodStatic),
			PublicIPAddressVersion:   new(publicipaddresses.IPVersionIPvFour),
		},
	}
	set(&model.Zones, zones)
	return p.c.Put(design.Target{Type: publicIP, Base: name, Model: model}, from...)
}

// set fills a pointer to a list of a named type.
func set[T ~[]string](at **T, values []string) {
	if len(values) > 0 {
		list := T(slices.Clone(values))
		*at = &list
	}
}

// zones returns the zone for an availability zone of AWS, as a list. A
// template names the first of its account as "${az:us-east-1#0}".
func (p *Plan) zones(text string) []string {
	if zone, ok := p.c.Zone(text); ok {
		return []string{zone}
	}
	_, number, ok := strings.Cut(strings.TrimSuffix(text, "}"), "#")
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 0 || len(p.c.Zones()) == 0 {
		return nil
	}
	return []string{strconv.Itoa(n%p.c.ZoneCount() + 1)}
}
