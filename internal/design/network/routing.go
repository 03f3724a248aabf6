package network

import (
	"fmt"
	"net/netip"
	"slices"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	words "example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

const routingPage = "Microsoft Learn, Virtual network traffic routing"

func routingRules() []design.Rule {
	return []design.Rule{
		ruleTargets{"Microsoft.Network/natGateways", publicIP}.of(ruled("natgateway/nat", design.Networks, "Microsoft Learn, What is Azure NAT Gateway?", natRule, "AWS::EC2::NatGateway")),
		ruleTargets{"Microsoft.Network/routeTables"}.of(ruled("routetable/table", design.Networks, routingPage, tableRule, "AWS::EC2::RouteTable")),
		ruled("routetable/route", design.Networks, routingPage, routeRule, "AWS::EC2::Route"),
		absorbed("routetable/association", routingPage, "the subnet itself names its route table", "SubnetId", "AWS::EC2::SubnetRouteTableAssociation"),
		ruled("routetable/gateway-association", design.Networks, routingPage, func(p *Plan, r *inventory.Resource) design.Decision {
			return manual("routes of a gateway's own table send what comes in through an appliance; at Azure that is a route table on the subnet of the gateway", 1,
				"send what comes in from the Internet or on premises through Azure Firewall or the appliance, with a route table on GatewaySubnet")
		}, "AWS::EC2::GatewayRouteTableAssociation"),
		ruled("internetgateway/gateway", design.Networks, "Microsoft Learn, Default outbound access in Azure", internetRule, "AWS::EC2::InternetGateway", "AWS::EC2::VPCGatewayAttachment"),
		ruled("internetgateway/egress-only", design.Networks, "Microsoft Learn, IPv6 for Azure virtual network", func(p *Plan, r *inventory.Resource) design.Decision {
			return replaced(0.6, "a VNet needs no gateway of its own for IPv6 on its way out", p.c.Gap("vpc.ipv6", "EgressOnlyInternetGateway"))
		}, "AWS::EC2::EgressOnlyInternetGateway"),
		ruleTargets{publicIP}.of(ruled("eip/address", design.Networks, "Microsoft Learn, Public IP addresses in Azure", addressRule, "AWS::EC2::EIP")),
		ruled("eip/association", design.Networks, "Microsoft Learn, Public IP addresses in Azure", associationRule, "AWS::EC2::EIPAssociation"),
		ruled("networkinterface/interface", design.Operations, "Microsoft Learn, Create, change, or delete a network interface", interfaceRule, "AWS::EC2::NetworkInterface"),
		absorbed("networkinterface/attachment", comparison, "the machine itself names its network interfaces", "NetworkInterfaceId", "AWS::EC2::NetworkInterfaceAttachment"),
		ruled("networkinterface/permission", design.Networks, comparison, func(*Plan, *inventory.Resource) design.Decision {
			return manual("Azure lends no network interface to another account", 1, "give what the other account does with the interface a machine or a private endpoint of its own")
		}, "AWS::EC2::NetworkInterfacePermission"),
	}
}

func natRule(p *Plan, r *inventory.Resource) design.Decision {
	if isPrivateNAT(r) {
		d := manual("it translates private addresses to private ones, which Azure NAT Gateway does not do", 2, "choose blocks that do not overlap, or put an appliance that translates into the path")
		d.Gaps = []design.Gap{p.c.Gap("nat.private", "ConnectivityType=private")}
		return d
	}
	p.putNAT(r)
	d := migrated(0.9, fmt.Sprintf("a NAT gateway with a static public address serves the subnets whose default route leads to %s", r.Name),
		p.c.Gap("nat.address", "AllocationId"))
	if zone := p.zoneText(r); zone != "" {
		d.Why += "; it stands in one zone as the source's does"
	}
	d.Alternatives = []design.Alternative{{Target: "StandardV2 NAT gateway", WhyNot: "it spans zones, and the source has one gateway for each zone"}}
	return d
}

func tableRule(p *Plan, r *inventory.Resource) design.Decision {
	n := len(p.wires.routes[r.ID])
	if id, ok := p.c.TargetOf(r, "Microsoft.Network/routeTables"); ok {
		size := 0
		if t, ok := p.c.Resource(id); ok {
			size = len(design.List(design.At(t.Body, "properties.routes")))
		}
		return migrated(0.85, fmt.Sprintf("of its %d routes and the ways that it lacks, %d need a route of the user's own; Azure's system routes do the others", n, size))
	}
	if slices.Contains(r.Marks, inventory.Default) && n == 0 {
		return retired("it is the main route table as AWS made it")
	}
	return replaced(0.9, fmt.Sprintf("%s (local, Internet, NAT, endpoints): no route of the user's own is needed, because Azure's system routes and the NAT gateway of the subnets do the same", words.Count(n, "route")))
}

func routeRule(p *Plan, r *inventory.Resource) design.Decision {
	read := p.readRoute(r)
	d := p.routeDecision(r, read)
	if list := design.Text(r.Properties, "DestinationPrefixListId"); list != "" && len(read.to) == 0 && read.hop != hopEndpoint {
		d.ToDo = append(d.ToDo, "give the route table of the subnets a route for each block of prefix list "+list+": the inventory does not know what it holds, or it is AWS's own")
	}
	return d
}

func (p *Plan) routeDecision(r *inventory.Resource, read route) design.Decision {
	if table, ok := p.c.Find(r, r.Properties["RouteTableId"], "AWS::EC2::RouteTable"); ok {
		p.c.Attach(r, p.c.TargetsOf(table)...)
	}
	to := destination(r)
	switch read.hop {
	case hopInternet:
		return replaced(0.9, "Azure's system route leads "+to+" to the Internet; only what has a public address or a NAT gateway gets there")
	case hopNAT:
		return replaced(0.9, "the subnets of its table name the NAT gateway themselves")
	case hopPeering:
		return replaced(0.9, "a VNet peering brings its routes along; subnets whose table lacks the route are kept from it by a route to nowhere")
	case hopTransit:
		d := replaced(0.7, "the hub or the peerings that stand for the transit gateway bring its routes along")
		if len(read.to) > 0 && read.to[0].Bits() == 0 {
			d.Gaps = append(d.Gaps, p.c.Gap("route.central-egress", to))
		}
		return d
	case hopVPN:
		return replaced(0.8, "the routes of the virtual network gateway reach the subnets of its table")
	case hopAppliance:
		return replaced(0.7, "a route of the user's own leads "+to+" to the appliance, whose address is a parameter of the deployment", p.c.Gap("route.appliance", to+" -> "+read.text))
	case hopNowhere:
		return replaced(0.9, "a route to nowhere drops "+to+" as the source does")
	case hopEndpoint:
		if read.via != nil && design.Text(read.via.Properties, "VpcEndpointType") != "GatewayLoadBalancer" {
			return replaced(0.9, "a private endpoint needs no route: its address is in the VNet and its DNS zone leads to it")
		}
		return replaced(0.5, "it sends "+to+" through an appliance behind an endpoint", p.c.Gap("route.inspection", to+" -> "+read.text))
	case hopLocal:
		return replaced(0.9, "Azure's system route for the VNet does the same")
	}
	d := replaced(0.4, "what it leads to ("+read.text+") is not known")
	d.ToDo = []string{"find out where " + to + " goes, and give the route table of the subnets a route for it"}
	return d
}

func internetRule(p *Plan, r *inventory.Resource) design.Decision {
	for _, v := range p.c.FindAll(r, r.Properties["VpcId"], vpcKind) {
		p.c.Attach(r, p.c.TargetsOf(v)...)
	}
	if r.Kind == "AWS::EC2::VPCGatewayAttachment" {
		if _, ok := p.c.Find(r, r.Properties["VpnGatewayId"], "AWS::EC2::VPNGateway"); ok {
			return replaced(0.9, "a virtual network gateway stands in the VNet from the beginning")
		}
	}
	return replaced(0.9, "every VNet has a route to the Internet; subnets get no default outbound access, so that only public addresses and NAT gateways lead out, as an internet gateway needs them too")
}

// addressUser tells who uses an elastic address, "" for nobody.
func (p *Plan) addressUser(r *inventory.Resource) string {
	if design.Text(r.Properties, "InstanceId") != "" || design.Text(r.Attributes, "NetworkInterfaceId") != "" {
		return "an instance"
	}
	for _, kind := range []struct {
		kind     cloud.Kind
		property string
		what     string
	}{
		{"AWS::EC2::EIPAssociation", "AllocationId", "an instance or interface"}, {"AWS::EC2::EIPAssociation", "EIP", "an instance or interface"},
		{"AWS::ElasticLoadBalancingV2::LoadBalancer", "", "a load balancer"}, {"AWS::Redshift::Cluster", "ElasticIp", "a cluster"},
	} {
		for _, other := range p.c.OfKind(kind.kind) {
			value := other.Properties[kind.property]
			if kind.property == "" {
				var all []any
				for _, m := range design.Maps(other.Properties["SubnetMappings"]) {
					all = append(all, m["AllocationId"])
				}
				value = all
			}
			if slices.Contains(p.c.FindAll(other, value, "AWS::EC2::EIP"), r) {
				return kind.what
			}
		}
	}
	return ""
}

func addressRule(p *Plan, r *inventory.Resource) design.Decision {
	gap := p.c.Gap("eip.address", "PublicIp="+design.Text(r.Properties, "PublicIp"))
	if id, ok := p.c.TargetOf(r, publicIP); ok {
		return migrated(0.9, "the public address "+string(id[len(p.c.Place.GroupID())+1:])+" of the NAT gateway stands for it", gap)
	}
	user := p.addressUser(r)
	if user == "" {
		return retired("nothing uses it, and Azure charges for idle public addresses too")
	}
	p.putAddress(r.Name, nil, r)
	d := migrated(0.9, "a static public address of Standard SKU stands for it; "+user+" uses it", gap)
	if design.Text(r.Properties, "PublicIpv4Pool") != "" && design.Text(r.Properties, "PublicIpv4Pool") != "amazon" {
		d.Gaps = append(d.Gaps, p.c.Gap("eip.own-addresses", "PublicIpv4Pool="+design.Text(r.Properties, "PublicIpv4Pool")))
	}
	return d
}

func associationRule(p *Plan, r *inventory.Resource) design.Decision {
	for _, key := range []string{"AllocationId", "EIP"} {
		for _, e := range p.c.FindAll(r, r.Properties[key], "AWS::EC2::EIP") {
			p.c.Attach(r, p.c.TargetsOf(e)...)
		}
	}
	return replaced(0.9, "what uses the public address names it itself")
}

func interfaceRule(p *Plan, r *inventory.Resource) design.Decision {
	if id := design.Text(r.Attributes, "Attachment.InstanceId"); id != "" {
		for _, i := range p.c.FindAll(r, id, "AWS::EC2::Instance") {
			p.c.Attach(r, p.c.TargetsOf(i)...)
		}
		return replaced(0.9, "it belongs to instance "+id+", whose machine gets its own")
	}
	if managed := design.Text(r.Attributes, "RequesterManaged"); managed == "true" || design.Text(r.Attributes, "RequesterId") != "" {
		what := design.Text(r.Properties, "Description")
		if what == "" {
			what = design.Text(r.Properties, "InterfaceType")
		}
		return replaced(0.9, "a service of AWS made it ("+what+"); what stands for the service gets its own")
	}
	if _, ok := p.c.TargetOf(r, "Microsoft.Network/networkInterfaces"); ok {
		return migrated(0.8, "its machine got a network interface in the subnet that follows its own")
	}
	if p.attached(r) {
		return replaced(0.8, "the machine that it is attached to gets its own")
	}
	d := retired("it is attached to nothing")
	d.ToDo = []string{"if a script moves " + r.Name + " from machine to machine, put an internal load balancer in its place"}
	return d
}

// attached reports whether a template hangs the interface on a machine.
func (p *Plan) attached(r *inventory.Resource) bool {
	for _, edge := range p.c.Users(r) {
		if edge.From != r.ID {
			return true
		}
	}
	return len(p.c.Referring(r, "AWS::EC2::NetworkInterfaceAttachment", "NetworkInterfaceId")) > 0
}

// Reachable reports whether the Internet reaches public addresses in a source
// subnet: only where some route leads to an internet gateway (Amazon VPC User
// Guide, "Enable internet access for a VPC using an internet gateway"). Of a
// subnet that the design does not know it is assumed.
func Reachable(c *design.Context, subnet any) bool {
	p := Of(c)
	if p == nil {
		return true
	}
	s := p.subnetFor(subnet)
	if s == nil {
		return true
	}
	return slices.ContainsFunc(p.routesOf(s), func(r route) bool {
		return (r.hop == hopInternet || r.hop == hopUnknown) && slices.ContainsFunc(r.to, func(b netip.Prefix) bool { return b.Addr().Is4() })
	})
}
