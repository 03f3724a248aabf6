package network

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/expressroutecircuits"
)

const (
	circuitKind = cloud.Kind("Microsoft.Network/expressRouteCircuits")
	circuitPage = "Microsoft Learn, What is Azure ExpressRoute?"
)

func vnetAfter(list []attachment) netip.Prefix {
	for _, a := range list {
		for _, b := range a.net.blocks {
			return b.Target
		}
	}
	return netip.Prefix{}
}

func circuitRules() []design.Rule {
	return []design.Rule{
		ruleTargets{circuitKind}.of(ruled("directconnect/connection", design.Networks, circuitPage, circuitRule, "AWS::DirectConnect::Connection", "AWS::DirectConnect::Lag")),
		ruled("directconnect/gateway", design.Networks, circuitPage, func(p *Plan, r *inventory.Resource) design.Decision {
			return manual("it joins virtual interfaces with VPCs; the ExpressRoute gateway of a VNet does that", 2,
				"make an ExpressRoute gateway in GatewaySubnet of the VNet (or of the hub) and connect it with the circuit, once its provider has provisioned it")
		}, "AWS::DirectConnect::DirectConnectGateway", "AWS::DirectConnect::DirectConnectGatewayAssociation"),
		ruled("directconnect/interface", design.Networks, circuitPage, interfaceOfCircuit,
			"AWS::DirectConnect::PrivateVirtualInterface", "AWS::DirectConnect::PublicVirtualInterface", "AWS::DirectConnect::TransitVirtualInterface"),
	}
}

// bandwidths are the ones that a circuit over a provider can have, in Mbit/s.
func bandwidths() []int { return []int{50, 100, 200, 500, 1000, 2000, 5000, 10000} }

// megabits reads "1Gbps", "500Mbps".
func megabits(text string) (int, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	factor := 1
	number, ok := strings.CutSuffix(text, "gbps")
	if ok {
		factor = 1000
	} else if number, ok = strings.CutSuffix(text, "mbps"); !ok {
		return 0, false
	}
	n, err := strconv.Atoi(strings.TrimSpace(number))
	return n * factor, err == nil && n > 0
}

func circuitRule(p *Plan, r *inventory.Resource) design.Decision {
	text := design.Text(r.Properties, "Bandwidth")
	if text == "" {
		text = design.Text(r.Properties, "ConnectionsBandwidth")
	}
	speed, known := megabits(text)
	size := 10000
	for _, b := range bandwidths() {
		if known && b >= speed && b < size {
			size = b
		}
	}
	if !known {
		size = 1000
	}
	place := p.c.ParameterOf(r, design.Parameter{Name: "circuit" + camel(r.Name) + "Location", Description: "Peering location of the ExpressRoute circuit for " + r.Name + ", as its provider names it."})
	provider := p.c.ParameterOf(r, design.Parameter{Name: "circuit" + camel(r.Name) + "Provider", Description: "Provider of the ExpressRoute circuit for " + r.Name + "."})
	p.c.Put(design.Target{Type: circuitKind, Base: r.Name, Model: expressroutecircuits.ExpressRouteCircuit{
		Sku: &expressroutecircuits.ExpressRouteCircuitSku{
			Name: new("Standard_MeteredData"), Tier: new(expressroutecircuits.ExpressRouteCircuitSkuTierStandard), Family: new(expressroutecircuits.ExpressRouteCircuitSkuFamilyMeteredData),
		},
		Properties: &expressroutecircuits.ExpressRouteCircuitPropertiesFormat{
			ServiceProviderProperties: &expressroutecircuits.ExpressRouteCircuitServiceProviderProperties{
				ServiceProviderName: &provider, PeeringLocation: &place, BandwidthInMbps: new(int64(size)),
			},
		},
	}}, r)
	d := migrated(0.6, fmt.Sprintf("an ExpressRoute circuit of %d Mbit/s stands for Direct Connect %s of %s at %s", size, r.Name, orUnknown(text), orUnknown(design.Text(r.Properties, "Location"))),
		p.c.Gap("directconnect.order", text))
	d.ToDo = []string{
		"order the circuit at a provider that serves the site: that takes weeks, so do it first",
		"peer privately with an ASN and two /30 blocks of your own, and connect the circuit with an ExpressRoute gateway in the VNet or the hub",
		"keep a VPN as the second way, as Direct Connect should have one",
	}
	d.EffortDays = 5
	if speed > size {
		d.Gaps = append(d.Gaps, p.c.Gap("directconnect.port", text))
	}
	d.Alternatives = []design.Alternative{
		{Target: "VPN gateway", WhyNot: "production and much data want a line of their own; VPN is for the beginning and for failover"},
		{Target: "ExpressRoute Direct", WhyNot: "it is a port of 10 or 100 Gbit/s without provider"},
	}
	return d
}

func orUnknown(text string) string {
	if text == "" {
		return "unknown size or place"
	}
	return text
}

func interfaceOfCircuit(p *Plan, r *inventory.Resource) design.Decision {
	for _, key := range []string{"ConnectionId", "LagId"} {
		for _, c := range p.c.FindAll(r, r.Properties[key]) {
			p.c.Attach(r, p.c.TargetsOf(c)...)
		}
	}
	what := "private peering"
	if r.Kind == "AWS::DirectConnect::PublicVirtualInterface" {
		what = "Microsoft peering"
	}
	d := manual("a virtual interface is "+what+" of an ExpressRoute circuit, which the provider's side has to agree with", 1,
		fmt.Sprintf("set up %s of the circuit with VLAN %s and ASN %s once the provider has provisioned it", what, orUnknown(design.Text(r.Properties, "Vlan")), orUnknown(design.Text(r.Properties, "Asn"))))
	return d
}
