package network

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/virtualwans"
)

const (
	transitPage = "Azure Architecture Center, Hub-spoke network topology in Azure; Microsoft Learn, About Azure Virtual WAN"
	// maxMesh is how many networks are peered with each other directly: five
	// would need ten pairs, which nobody keeps in mind.
	maxMesh = 4
)

// shape is what stands for a transit gateway.
type shape int

const (
	// alone: only one network of the workload hangs on it.
	alone shape = iota
	// mesh: the networks are peered with each other.
	mesh
	// hub: a network of its own has the gateway to other sites, and is peered
	// with the others.
	hub
	// wan: Azure Virtual WAN.
	wan
)

func transitRules() []design.Rule {
	return []design.Rule{
		ruleTargets{"Microsoft.Network/virtualWans", "Microsoft.Network/virtualHubs", "Microsoft.Network/virtualNetworks/virtualNetworkPeerings", "Microsoft.Network/virtualNetworks"}.of(
			ruled("transitgateway/gateway", design.Networks, transitPage, transitRule, tgwKind)),
		ruled("transitgateway/attachment", design.Networks, transitPage, attachmentRule, "AWS::EC2::TransitGatewayAttachment", "AWS::EC2::TransitGatewayVpcAttachment"),
		absorbed("transitgateway/table", transitPage, "which networks its tables let talk decides which are connected", "TransitGatewayId", "AWS::EC2::TransitGatewayRouteTable"),
		absorbed("transitgateway/part", transitPage, "which networks may talk is decided from it; see the transit gateway", "TransitGatewayRouteTableId",
			"AWS::EC2::TransitGatewayRouteTableAssociation", "AWS::EC2::TransitGatewayRouteTablePropagation"),
		ruled("transitgateway/route", design.Networks, transitPage, transitRouteRule, "AWS::EC2::TransitGatewayRoute"),
		ruled("transitgateway/peering", design.Networks, transitPage, func(p *Plan, r *inventory.Resource) design.Decision {
			return manual("it connects transit gateways of two regions or accounts", 2, "connect the hubs: hubs of one Virtual WAN are connected by themselves, hub networks by global peering and an appliance or gateway that forwards")
		}, "AWS::EC2::TransitGatewayPeeringAttachment"),
		ruled("transitgateway/connect", design.Networks, transitPage, func(p *Plan, r *inventory.Resource) design.Decision {
			return manual("an SD-WAN appliance speaks GRE with it, which Azure carries between no two machines", 3, "put the vendor's appliance into the hub of a Virtual WAN, or let it speak BGP with Azure Route Server over IPsec")
		}, "AWS::EC2::TransitGatewayConnect", "AWS::EC2::TransitGatewayConnectPeer"),
		ruled("transitgateway/multicast", design.Networks, transitPage, func(p *Plan, r *inventory.Resource) design.Decision {
			d := manual("VNets carry no multicast", 5, "change the application to unicast, or put an overlay network of a vendor between its machines")
			d.Gaps = []design.Gap{p.c.Gap("transit.multicast", string(r.Kind))}
			return d
		}, "AWS::EC2::TransitGatewayMulticastDomain", "AWS::EC2::TransitGatewayMulticastDomainAssociation", "AWS::EC2::TransitGatewayMulticastGroupMember", "AWS::EC2::TransitGatewayMulticastGroupSource"),
		ruled("transitgateway/policy", design.Networks, transitPage, func(p *Plan, r *inventory.Resource) design.Decision {
			return manual("it chooses routes by policy or splits the bill, which no hub of Azure does", 1, "write the policy of "+r.Name+" as routing intent of the hub, or leave it out")
		}, "AWS::EC2::TransitGatewayPolicyTable", "AWS::EC2::TransitGatewayPolicyTableAssociation", "AWS::EC2::TransitGatewayPolicyTableEntry",
			"AWS::EC2::TransitGatewayMeteringPolicy", "AWS::EC2::TransitGatewayMeteringPolicyEntry"),
	}
}

// attachment is a network of the design on a transit gateway.
type attachment struct {
	r   *inventory.Resource
	net *vnet
}

// attachments returns the networks of the design on a transit gateway.
func (p *Plan) attachments(t *inventory.Resource) []attachment {
	var out []attachment
	for _, r := range p.c.OfKind("AWS::EC2::TransitGatewayAttachment", "AWS::EC2::TransitGatewayVpcAttachment") {
		if owner, ok := p.c.Find(r, r.Properties["TransitGatewayId"], tgwKind); !ok || owner != t {
			continue
		}
		v := p.netOf(r, r.Properties["VpcId"])
		if v == nil {
			v = p.netOf(r, r.Properties["ResourceId"])
		}
		if v != nil && !slices.ContainsFunc(out, func(a attachment) bool { return a.net == v }) {
			out = append(out, attachment{r, v})
		}
	}
	return out
}

// outward returns what connects a transit gateway with other sites.
func (p *Plan) outward(t *inventory.Resource) (vpn, other []*inventory.Resource) {
	vpn = p.c.Referring(t, "AWS::EC2::VPNConnection", "TransitGatewayId")
	for _, kind := range []cloud.Kind{"AWS::EC2::TransitGatewayPeeringAttachment", "AWS::EC2::TransitGatewayConnect"} {
		other = append(other, p.c.Referring(t, kind, "TransitGatewayId")...)
	}
	for _, r := range p.c.OfKind("AWS::DirectConnect::DirectConnectGatewayAssociation") {
		for _, key := range []string{"AssociatedGatewayId", "GatewayId"} {
			if owner, ok := p.c.Find(r, r.Properties[key], tgwKind); ok && owner == t {
				other = append(other, r)
			}
		}
	}
	return vpn, other
}

func (p *Plan) shapeOf(t *inventory.Resource) shape {
	n := len(p.attachments(t))
	vpn, other := p.outward(t)
	o, _ := p.c.Override(t)
	switch {
	case strings.EqualFold(o.Target, "Microsoft.Network/virtualWans"), n > maxMesh, len(other) > 0:
		return wan
	case len(vpn) > 0:
		return hub
	case n < 2:
		return alone
	}
	return mesh
}

// talk reports whether the route tables of a transit gateway let two networks
// talk, both ways.
func (p *Plan) talk(t *inventory.Resource, a, b attachment) bool {
	return p.knows(t, a, b) && p.knows(t, b, a)
}

// knows reports whether the table that a is associated with has a way to b.
// Without any association the default table has all attachments (Amazon VPC
// Transit Gateways, "Route tables").
func (p *Plan) knows(t *inventory.Resource, a, b attachment) bool {
	table := p.tableOfAttachment(a.r)
	if table == nil {
		return !strings.EqualFold(design.Text(t.Properties, "DefaultRouteTableAssociation"), "disable") &&
			!strings.EqualFold(design.Text(t.Properties, "DefaultRouteTablePropagation"), "disable")
	}
	for _, kind := range []cloud.Kind{"AWS::EC2::TransitGatewayRouteTablePropagation", "AWS::EC2::TransitGatewayRoute"} {
		for _, r := range p.c.Referring(table, kind, "TransitGatewayRouteTableId") {
			if to, ok := p.c.Find(r, r.Properties["TransitGatewayAttachmentId"], b.r.Kind); ok && to == b.r {
				return true
			}
		}
	}
	return false
}

func (p *Plan) tableOfAttachment(r *inventory.Resource) *inventory.Resource {
	for _, a := range p.c.Referring(r, "AWS::EC2::TransitGatewayRouteTableAssociation", "TransitGatewayAttachmentId") {
		if t, ok := p.c.Find(a, a.Properties["TransitGatewayRouteTableId"], "AWS::EC2::TransitGatewayRouteTable"); ok {
			return t
		}
	}
	return nil
}

func transitRule(p *Plan, r *inventory.Resource) design.Decision {
	list := p.attachments(r)
	why := fmt.Sprintf("%d VNets of the workload hang on transit gateway %s", len(list), r.Name)
	virtualWAN := design.Alternative{Target: "Microsoft.Network/virtualWans", WhyNot: fmt.Sprintf("%d networks do not pay for hubs of their own; ask for it under design.overrides", len(list))}
	switch p.shapeOf(r) {
	case alone:
		for _, a := range list {
			p.stays(r, a.net, "what else hangs on transit gateway "+r.Name)
		}
		d := replaced(0.6, why+", so that there is nothing to connect; what else hangs on it stays where it is")
		d.Alternatives = []design.Alternative{virtualWAN}
		return d
	case mesh:
		if p.putMesh(r, list) == 0 {
			return replaced(0.8, why+", and its route tables let no two of them talk: nothing connects their VNets")
		}
		d := migrated(0.8, why+": each pair that its route tables let talk is peered directly, which needs no hub in between", p.c.Gap("transit.peering", r.Name))
		d.Alternatives = []design.Alternative{virtualWAN, {Target: "hub network with Azure Firewall", WhyNot: "nothing at the source inspects the traffic between the networks"}}
		return d
	case hub:
		gaps := append(p.putHub(r, list), p.c.Gap("transit.peering", r.Name))
		d := migrated(0.75, why+" and a VPN leads out of it: a hub network has the VPN gateway, the others use it over peerings and are peered with each other", gaps...)
		d.Alternatives = []design.Alternative{virtualWAN}
		return d
	}
	p.putWAN(r, list)
	d := migrated(0.75, why+", or other regions and appliances do: a Virtual WAN with one hub connects them, routing any to any as a transit gateway does", p.c.Gap("transit.wan", r.Name))
	d.Alternatives = []design.Alternative{{Target: "hub network with peerings", WhyNot: fmt.Sprintf("peerings are not transitive, and %d networks would need an appliance that forwards", len(list))}}
	if len(p.c.OfKind("AWS::EC2::TransitGatewayRouteTable")) > 1 {
		d.ToDo = []string{"give the hub one route table for each of the transit gateway's, and each connection its labels: the hub lets all networks talk until then"}
		d.Gaps = append(d.Gaps, p.c.Gap("transit.segments", r.Name))
	}
	return d
}

// putMesh peers each pair that may talk and returns how many there are.
func (p *Plan) putMesh(r *inventory.Resource, list []attachment) int {
	pairs := 0
	for i, a := range list {
		for _, b := range list[i+1:] {
			if p.talk(r, a, b) {
				p.peer(a.net, b.net, peerOptions{}, r)
				p.peer(b.net, a.net, peerOptions{}, r)
				pairs++
			}
		}
	}
	return pairs
}

// putHub puts a network for the gateway, and peers all others with it. It
// returns what the gateway cannot take over.
func (p *Plan) putHub(r *inventory.Resource, list []attachment) []design.Gap {
	v := &vnet{source: r, name: r.Name + "-hub", links: map[string]bool{}}
	if b, ok := p.free(vnetAfter(list), 24); ok {
		v.blocks = []Block{{Target: b}}
		p.foreign = append(p.foreign, b)
	}
	p.nets = append(p.nets, v)
	p.byVPC[r.ID] = v
	p.hubs[r.ID] = v
	asn, gaps := p.gatewayASN(r)
	gateway := p.putGateway(v, asn, r)
	p.putMesh(r, list)
	for _, a := range list {
		if p.gatewayOf(a.net) {
			// A network with a gateway of its own cannot use another's.
			continue
		}
		p.peer(v, a.net, peerOptions{transit: true, after: []cloud.ResourceID{gateway}}, r)
		p.peer(a.net, v, peerOptions{remote: true, after: []cloud.ResourceID{gateway, v.last}}, r)
	}
	return gaps
}

// putWAN puts a Virtual WAN with one hub.
func (p *Plan) putWAN(r *inventory.Resource, list []attachment) {
	whole := p.c.Put(design.Target{Type: "Microsoft.Network/virtualWans", Base: r.Name, Model: virtualwans.VirtualWAN{Properties: &virtualwans.VirtualWanProperties{
		Type: new("Standard"), AllowBranchToBranchTraffic: new(true), DisableVpnEncryption: new(false),
	}}}, r)
	properties := virtualwans.VirtualHubProperties{Sku: new("Standard"), VirtualWAN: &virtualwans.SubResource{Id: new(string(whole))}}
	// A hub wants a block of at least /24; /23 leaves room for all gateways
	// (Microsoft Learn, "Virtual WAN FAQ").
	if b, ok := p.free(vnetAfter(list), 23); ok {
		p.foreign = append(p.foreign, b)
		properties.AddressPrefix = new(b.String())
	}
	hub := p.c.Put(design.Target{Type: "Microsoft.Network/virtualHubs", Base: r.Name, Model: virtualwans.VirtualHub{Properties: &properties}}, r)
	last := cloud.ResourceID("")
	for _, a := range list {
		t := design.Target{
			Type: "Microsoft.Network/virtualHubs/hubVirtualNetworkConnections", Parent: hub, Base: a.net.name, NoLocation: true,
			Model: virtualwans.HubVirtualNetworkConnection{Properties: &virtualwans.HubVirtualNetworkConnectionProperties{
				RemoteVirtualNetwork: &virtualwans.SubResource{Id: new(string(p.putVNet(a.net)))}, EnableInternetSecurity: new(false),
			}},
		}
		// A hub takes one change at a time.
		if last != "" {
			t.After = []cloud.ResourceID{last}
		}
		last = p.c.Put(t, a.r)
	}
}

func attachmentRule(p *Plan, r *inventory.Resource) design.Decision {
	t, ok := p.c.Find(r, r.Properties["TransitGatewayId"], tgwKind)
	if ok {
		p.c.Attach(r, p.c.TargetsOf(t)...)
	}
	d := replaced(0.8, "the peerings or the hub that stand for its transit gateway connect the VNet")
	if design.Text(r.Properties, "Options.ApplianceModeSupport") == "enable" {
		d.Gaps = append(d.Gaps, p.c.Gap("transit.appliance-mode", "Options.ApplianceModeSupport=enable"))
	}
	return d
}

func transitRouteRule(p *Plan, r *inventory.Resource) design.Decision {
	to := design.Text(r.Properties, "DestinationCidrBlock")
	if design.True(r.Properties, "Blackhole") || r.Attributes["State"] == "blackhole" {
		d := manual("it drops "+to+" between networks", 0.5, "drop "+p.Address(to)+" in the route table of the hub, or in the NSGs of both sides")
		d.Gaps = []design.Gap{p.c.Gap("transit.segments", to)}
		return d
	}
	if t, ok := p.c.Find(r, r.Properties["TransitGatewayRouteTableId"], "AWS::EC2::TransitGatewayRouteTable"); ok {
		p.c.Attach(r, p.c.TargetsOf(t)...)
	}
	if strings.HasSuffix(to, "/0") {
		return replaced(0.5, "it leads everything to one network, as for inspection or a common way out", p.c.Gap("route.central-egress", to))
	}
	return replaced(0.8, "the peerings or the hub bring their routes along")
}
