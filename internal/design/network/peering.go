package network

import (
	"fmt"
	"slices"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/virtualnetworkpeerings"
)

const (
	peeringPage = "Microsoft Learn, Azure virtual network peering"
	tgwKind     = cloud.Kind("AWS::EC2::TransitGateway")
)

// link says that two networks reach each other, and what says so.
type link struct {
	a, b *vnet
	r    *inventory.Resource
}

func connectionRules() []design.Rule {
	return slices.Concat([]design.Rule{
		ruleTargets{"Microsoft.Network/virtualNetworks/virtualNetworkPeerings"}.of(ruled("vpcpeering/peering", design.Networks, peeringPage, peeringRule, "AWS::EC2::VPCPeeringConnection")),
	}, vpnRules(), circuitRules())
}

// readLinks finds the pairs of networks that peerings and transit gateways
// connect. Routes need them before any subnet is put.
func (p *Plan) readLinks() []link {
	var out []link
	add := func(a, b *vnet, r *inventory.Resource) {
		if a == nil || b == nil || a == b {
			return
		}
		if !slices.ContainsFunc(out, func(l link) bool { return l.a == a && l.b == b || l.a == b && l.b == a }) {
			out = append(out, link{a, b, r})
		}
	}
	for _, r := range p.c.OfKind("AWS::EC2::VPCPeeringConnection") {
		if state := design.Text(r.Attributes, "Status.Code"); state != "deleted" && state != "rejected" && state != "expired" {
			add(p.netOf(r, r.Properties["VpcId"]), p.netOf(r, r.Properties["PeerVpcId"]), r)
		}
	}
	for _, t := range p.c.OfKind(tgwKind) {
		list := p.attachments(t)
		for i, a := range list {
			for _, b := range list[i+1:] {
				if p.talk(t, a, b) {
					add(a.net, b.net, t)
				}
			}
		}
	}
	return out
}

// peersOf returns the networks that a network is connected with.
func (p *Plan) peersOf(v *vnet) []*vnet {
	var out []*vnet
	for _, l := range p.links {
		switch v {
		case l.a:
			out = append(out, l.b)
		case l.b:
			out = append(out, l.a)
		}
	}
	return out
}

// options are those of one direction of a peering.
type peerOptions struct {
	transit, remote bool
	after           []cloud.ResourceID
}

// peer puts one direction of a peering; both are needed.
func (p *Plan) peer(from, to *vnet, o peerOptions, sources ...*inventory.Resource) cloud.ResourceID {
	return p.c.Once("network|peer|"+p.key(from)+"|"+p.key(to), func() cloud.ResourceID {
		parent, remote := p.putVNet(from), p.putVNet(to)
		return p.child(from, design.Target{
			Type: "Microsoft.Network/virtualNetworks/virtualNetworkPeerings", Parent: parent, Base: to.name, NoLocation: true, After: o.after,
			Model: virtualnetworkpeerings.VirtualNetworkPeering{Properties: &virtualnetworkpeerings.VirtualNetworkPeeringPropertiesFormat{
				AllowVirtualNetworkAccess: new(true),
				// Neither side forwards for others at the source.
				AllowForwardedTraffic: new(o.transit || o.remote),
				AllowGatewayTransit:   new(o.transit),
				UseRemoteGateways:     new(o.remote),
				RemoteVirtualNetwork:  &virtualnetworkpeerings.SubResource{Id: new(string(remote))},
			}},
		}, sources...)
	})
}

func peeringRule(p *Plan, r *inventory.Resource) design.Decision {
	a, b := p.netOf(r, r.Properties["VpcId"]), p.netOf(r, r.Properties["PeerVpcId"])
	switch {
	case a == nil && b == nil:
		return manual("neither of the VPCs that it connects moves with the workload", 0.5, "find out whether the workload needs "+r.Name+", and connect the VNets by hand")
	case a == nil || b == nil:
		inside, other := a, design.Text(r.Properties, "PeerVpcId")
		if a == nil {
			inside, other = b, design.Text(r.Properties, "VpcId")
		}
		p.stays(r, inside, other)
		d := manual("VPC "+other+" on its other side does not move with the workload, so no VNet can be peered with it", 2,
			"connect VNet "+inside.name+" with "+other+" over VPN as long as the workload needs it, or peer it with the VNet that takes its place")
		d.Gaps = []design.Gap{p.c.Gap("peering.half", "PeerVpcId="+other)}
		return d
	}
	p.peer(a, b, peerOptions{}, r)
	p.peer(b, a, peerOptions{}, r)
	d := migrated(0.9, fmt.Sprintf("two peerings, one for each direction, connect VNet %s with VNet %s; subnets whose route table has no route to the other VPC are kept from it", a.name, b.name))
	if design.True(r.Properties, "RequesterPeeringOptions.AllowDnsResolutionFromRemoteVpc") || design.True(r.Properties, "AccepterPeeringOptions.AllowDnsResolutionFromRemoteVpc") {
		d.Gaps = append(d.Gaps, p.c.Gap("peering.dns", "AllowDnsResolutionFromRemoteVpc=true"))
	}
	return d
}

// stays records that something the workload talks with privately stays at the
// source.
func (p *Plan) stays(r *inventory.Resource, v *vnet, other string) {
	p.say(design.Finding{
		ID: "network.stays:" + r.Name, Severity: design.High, About: []cloud.ResourceID{r.ID},
		Text: "the workload reaches " + other + " over a private connection, and it stays at AWS: VNet " + v.name + " needs a way back",
		Do:   "ask for a VPN under design.overrides: source " + v.name + ", target Microsoft.Network/virtualNetworkGateways",
	})
}
