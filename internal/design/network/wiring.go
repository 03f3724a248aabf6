package network

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

// hop is what a route of the source leads to.
type hop string

const (
	hopLocal     hop = "local"
	hopInternet  hop = "internet gateway"
	hopNAT       hop = "NAT gateway"
	hopPeering   hop = "peering"
	hopTransit   hop = "transit gateway"
	hopVPN       hop = "virtual private gateway"
	hopAppliance hop = "network interface"
	hopEndpoint  hop = "endpoint"
	hopNowhere   hop = "blackhole"
	hopUnknown   hop = "unknown"
)

// route is one route of a source route table.
type route struct {
	r *inventory.Resource
	// to are the blocks it is for: several for a prefix list.
	to  []netip.Prefix
	hop hop
	// via is what it leads to, nil when the inventory does not know it.
	via *inventory.Resource
	// text names what it leads to as the property does.
	text string
}

// wiring is which route table and which ACL a source subnet has.
type wiring struct {
	tables map[cloud.ResourceID]*inventory.Resource
	routes map[cloud.ResourceID][]route
	acls   map[cloud.ResourceID]*inventory.Resource
}

// wire reads the associations. Resources outside the boundary count too: a
// shared route table rules the subnets of the workload as well.
func (p *Plan) wire() *wiring {
	w := &wiring{
		tables: map[cloud.ResourceID]*inventory.Resource{},
		routes: map[cloud.ResourceID][]route{}, acls: map[cloud.ResourceID]*inventory.Resource{},
	}
	for _, r := range p.c.Known(associationKind) {
		p.associate(w.tables, r, "RouteTableId", tableKind)
	}
	for _, r := range p.c.Known("AWS::EC2::SubnetNetworkAclAssociation") {
		p.associate(w.acls, r, "NetworkAclId", aclKind)
	}
	for _, r := range p.c.Known("AWS::EC2::Route") {
		if table, ok := p.implied.Find(r, r.Properties["RouteTableId"], tableKind); ok && !slices.Contains(r.Marks, inventory.Deleted) {
			w.routes[table.ID] = append(w.routes[table.ID], p.readRoute(r))
		}
	}
	for _, list := range w.routes {
		slices.SortStableFunc(list, func(a, b route) int { return cmp.Compare(destination(a.r), destination(b.r)) })
	}
	return w
}

func (p *Plan) associate(into map[cloud.ResourceID]*inventory.Resource, r *inventory.Resource, property string, kind cloud.Kind) {
	s, ok := p.c.Find(r, r.Properties["SubnetId"], subnetKind)
	if !ok || slices.Contains(r.Marks, inventory.Deleted) {
		return
	}
	if other, ok := p.implied.Find(r, r.Properties[property], kind); ok {
		into[s.ID] = other
	}
}

// destination returns what a route is for, as written.
func destination(r *inventory.Resource) string {
	for _, key := range []string{"DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"} {
		if text := design.Text(r.Properties, key); text != "" {
			return text
		}
	}
	return ""
}

// readRoute finds out where a route leads.
func (p *Plan) readRoute(r *inventory.Resource) route {
	out := route{r: r, hop: hopUnknown}
	if to, ok := parsePrefix(destination(r)); ok {
		out.to = []netip.Prefix{to}
	} else if list, ok := p.implied.Find(r, r.Properties["DestinationPrefixListId"], "AWS::EC2::PrefixList"); ok && !awsOwned(list) {
		out.to = entries(list)
	}
	ways := []struct {
		key  string
		hop  hop
		kind []cloud.Kind
	}{
		{"NatGatewayId", hopNAT, []cloud.Kind{"AWS::EC2::NatGateway"}},
		{"TransitGatewayId", hopTransit, []cloud.Kind{"AWS::EC2::TransitGateway"}},
		{"CoreNetworkArn", hopTransit, nil},
		{"VpcPeeringConnectionId", hopPeering, []cloud.Kind{"AWS::EC2::VPCPeeringConnection"}},
		{"NetworkInterfaceId", hopAppliance, []cloud.Kind{"AWS::EC2::NetworkInterface"}},
		{"InstanceId", hopAppliance, []cloud.Kind{"AWS::EC2::Instance"}},
		{"EgressOnlyInternetGatewayId", hopInternet, []cloud.Kind{"AWS::EC2::EgressOnlyInternetGateway"}},
		{"CarrierGatewayId", hopInternet, []cloud.Kind{"AWS::EC2::CarrierGateway"}},
		{"VpcEndpointId", hopEndpoint, []cloud.Kind{"AWS::EC2::VPCEndpoint"}},
		{"LocalGatewayId", hopUnknown, nil},
		{"GatewayId", hopUnknown, []cloud.Kind{"AWS::EC2::InternetGateway", "AWS::EC2::VPNGateway", "AWS::EC2::CarrierGateway", "AWS::EC2::VPCEndpoint"}},
	}
	for _, w := range ways {
		text := design.Text(r.Properties, w.key)
		if text == "" {
			continue
		}
		out.text, out.hop = text, w.hop
		if len(w.kind) > 0 {
			out.via, _ = p.c.Find(r, text, w.kind...)
		}
		if w.key == "GatewayId" {
			out.hop = gatewayHop(text, out.via)
		}
		break
	}
	if design.Text(r.Properties, "State") == "blackhole" || r.Attributes["State"] == "blackhole" {
		out.hop = hopNowhere
	}
	return out
}

// gatewayHop tells what a GatewayId means: it names gateways of four kinds.
func gatewayHop(text string, via *inventory.Resource) hop {
	switch {
	case text == "local":
		return hopLocal
	case via != nil && via.Kind == "AWS::EC2::VPNGateway", strings.HasPrefix(text, "vgw-"):
		return hopVPN
	case via != nil && via.Kind == "AWS::EC2::VPCEndpoint", strings.HasPrefix(text, "vpce-"):
		return hopEndpoint
	case via != nil, strings.HasPrefix(text, "igw-"), strings.HasPrefix(text, "cagw-"):
		return hopInternet
	}
	return hopUnknown
}

// table returns the route table of a source subnet, its own or the VPC's main
// one; nil when that one is not known and so has the local route only.
func (p *Plan) table(s *subnet) *inventory.Resource {
	if len(s.sources) == 0 {
		return nil
	}
	if t := p.wires.tables[s.sources[0].ID]; t != nil {
		return t
	}
	if s.net.source == nil {
		return nil
	}
	return p.implied.Of(s.net.source.ID, tableKind)
}

// routesOf returns the routes of a target subnet's sources.
func (p *Plan) routesOf(s *subnet) []route {
	if t := p.table(s); t != nil {
		return p.wires.routes[t.ID]
	}
	return nil
}

// defaultRoute returns the route for all of IPv4.
func defaultRoute(routes []route) (route, bool) {
	for _, r := range routes {
		for _, to := range r.to {
			if to.Addr().Is4() && to.Bits() == 0 {
				return r, true
			}
		}
	}
	return route{}, false
}

// entries returns the blocks of a prefix list, in order.
func entries(list *inventory.Resource) []netip.Prefix {
	var out []netip.Prefix
	for _, m := range design.Maps(list.Properties["Entries"]) {
		if b, ok := parsePrefix(design.Text(m, "Cidr")); ok {
			out = append(out, b)
		}
	}
	return sorted(out)
}

// awsOwned reports whether a prefix list is one of AWS's own: what it lists
// are AWS's addresses, which mean nothing at the target.
func awsOwned(list *inventory.Resource) bool {
	return design.Text(list.Properties, "OwnerId") == "AWS" || strings.HasPrefix(design.Text(list.Properties, "PrefixListName"), "com.amazonaws.")
}
