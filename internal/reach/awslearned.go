package reach

import (
	"cmp"
	"net/netip"
	"slices"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

const (
	kindConnection       cloud.Kind = "AWS::EC2::VPNConnection"
	kindVirtualInterface cloud.Kind = "AWS::DirectConnect::PrivateVirtualInterface"
	kindAssociated       cloud.Kind = "AWS::DirectConnect::DirectConnectGatewayAssociation"
	kindConnect          cloud.Kind = "AWS::EC2::TransitGatewayConnect"
	kindVPNGateway       cloud.Kind = "AWS::EC2::VPNGateway"
)

// staticOnly reports whether a VPN connection learns nothing over BGP.
func staticOnly(c *inventory.Resource) bool {
	return truth(c.Properties["StaticRoutesOnly"]) || truth(at(c.Properties["Options"], "StaticRoutesOnly")) || truth(c.Attributes["Options.StaticRoutesOnly"])
}

// waysOut are what leads out of a virtual private gateway: static is what its
// connections are told, dynamic those that learn over BGP, which Direct Connect
// always does (AWS Site-to-Site VPN User Guide, "Static and dynamic routing").
type waysOut struct {
	static  []netip.Prefix
	dynamic []string
	known   bool
}

func (a *awsReader) waysOut(gateway string) waysOut {
	var out waysOut
	for _, c := range a.byKind[kindConnection] {
		if a.id(c, c.Properties["VpnGatewayId"], kindVPNGateway) != gateway {
			continue
		}
		if out.known = true; !staticOnly(c) {
			out.dynamic = append(out.dynamic, c.Name)
		}
		for _, m := range append(maps(c.Properties["Routes"]), maps(c.Attributes["Routes"])...) {
			out.static = append(out.static, prefixes(m["DestinationCidrBlock"])...)
		}
	}
	for _, r := range a.byKind["AWS::EC2::VPNConnectionRoute"] {
		if c, ok := a.find(r, r.Properties["VpnConnectionId"], kindConnection); ok && a.id(c, c.Properties["VpnGatewayId"], kindVPNGateway) == gateway {
			out.static = append(out.static, prefixes(r.Properties["DestinationCidrBlock"])...)
		}
	}
	for kind, keys := range map[cloud.Kind][]string{kindVirtualInterface: {"VirtualGatewayId"}, kindAssociated: {"AssociatedGatewayId", "GatewayId", "VirtualGatewayId"}} {
		for _, r := range a.byKind[kind] {
			if slices.ContainsFunc(keys, func(key string) bool { return a.id(r, r.Properties[key], kindVPNGateway) == gateway }) {
				out.dynamic, out.known = append(out.dynamic, r.Name), true
			}
		}
	}
	slices.SortFunc(out.static, comparePrefix)
	out.static = slices.Compact(out.static)
	slices.Sort(out.dynamic)
	return out
}

// propagated adds the routes that a virtual private gateway is told. Those of
// BGP nobody has written down, but a scan finds them in the table itself.
func (a *awsReader) propagated() {
	for _, r := range a.byKind["AWS::EC2::VPNGatewayRoutePropagation"] {
		gateway := a.id(r, r.Properties["VpnGatewayId"], kindVPNGateway)
		w := a.waysOut(gateway)
		for _, v := range list(r.Properties["RouteTableIds"]) {
			i, ok := a.tables[a.id(r, v, kindTable)]
			if !ok {
				a.doubt("", "propagation "+r.Name+": its route table "+text(v)+" is not known")
				continue
			}
			t, _ := a.find(r, v, kindTable)
			if scanned(t) {
				continue // it lists what it has learned
			}
			for _, block := range w.static {
				a.net.Tables[i].Routes = append(a.net.Tables[i].Routes, Route{Prefix: block, Hop: HopPremises, Learned: true})
			}
			if w.known && len(w.dynamic) == 0 {
				continue
			}
			by := several(w.dynamic)
			if by == "" {
				by = r.Name
			}
			space := a.id(t, t.Properties["VpcId"], kindVPC)
			a.doubt(space, "route table "+a.net.Tables[i].label()+": which routes "+by+" learns over BGP is not known; "+a.wouldDecide(a.net.Tables[i].Routes))
		}
	}
}

// wouldDecide says which blocks it matters for: those that rules name, that are
// in none of the networks, and that no route written down is as exact for.
func (a *awsReader) wouldDecide(routes []Route) string {
	var own []netip.Prefix
	for _, s := range a.net.Spaces {
		own = append(own, s.Prefixes...)
	}
	within := func(p netip.Prefix, in []netip.Prefix) bool {
		return slices.ContainsFunc(in, func(x netip.Prefix) bool { return x.Bits() <= p.Bits() && x.Contains(p.Addr()) })
	}
	var static []netip.Prefix
	for _, r := range routes {
		if r.Tag == "" && r.Prefix.Bits() > 0 {
			static = append(static, r.Prefix)
		}
	}
	var named []string
	for i := range a.net.Filters {
		for _, r := range slices.Concat(a.net.Filters[i].In, a.net.Filters[i].Out) {
			for _, p := range slices.Concat(r.From.Prefixes, r.To.Prefixes) {
				if p.Bits() > 0 && within(p, privateBlocks()) && !within(p, own) && !within(p, static) {
					named = append(named, p.String())
				}
			}
		}
	}
	if len(named) == 0 {
		return "no rule names a block that only such a route leads to, so that one would matter to rules for all addresses alone"
	}
	return "one for " + several(named) + " would decide who there reaches what"
}

// outside is what connects a transit gateway with other sites by routes that it
// learns: VPN connections, Direct Connect gateways and appliances that speak BGP.
func (a *awsReader) outside(gateway *inventory.Resource) []*inventory.Resource {
	var out []*inventory.Resource
	for _, c := range a.byKind[kindConnection] {
		if a.id(c, c.Properties["TransitGatewayId"], kindTransit) == string(gateway.ID) {
			out = append(out, c)
		}
	}
	for _, c := range a.byKind[kindConnect] {
		if a.id(c, c.Properties["TransitGatewayId"], kindTransit) == string(gateway.ID) {
			out = append(out, c)
		}
	}
	for _, r := range a.byKind["AWS::EC2::TransitGatewayAttachment"] {
		kind := text(r.Attributes["ResourceType"])
		_, told := a.find(r, cmp.Or(r.Properties["ResourceId"], r.Attributes["ResourceId"]), kindConnection)
		if (kind == "vpn" && !told || kind == "direct-connect-gateway") && a.id(r, r.Properties["TransitGatewayId"], kindTransit) == string(gateway.ID) {
			out = append(out, r)
		}
	}
	for _, r := range a.byKind[kindAssociated] {
		for _, key := range []string{"AssociatedGatewayId", "GatewayId"} {
			if a.id(r, r.Properties[key], kindTransit) == string(gateway.ID) && !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	return out
}

// attachedAs finds what is attached to a transit gateway under an id that only
// its owner tells.
func (a *awsReader) attachedAs(gateway *inventory.Resource, id string) *inventory.Resource {
	for _, x := range a.outside(gateway) {
		for _, m := range []any{x.Properties["TransitGatewayAttachmentId"], x.Attributes["TransitGatewayAttachmentId"]} {
			if id != "" && text(m) == id {
				return x
			}
		}
		refs := inventory.References(id)
		if r, ok := a.find(gateway, id, kindConnection, kindAssociated); len(refs) == 1 && ok && r == x {
			return x
		}
	}
	return nil
}

// fedByBGP names what a transit gateway's tables learn from other sites, to the
// networks that use them. Static VPN connections tell it nothing, and neither do
// peerings with other transit gateways (Amazon VPC Transit Gateways, "Route
// tables").
func (a *awsReader) fedByBGP(t *Transit, gateway *inventory.Resource, fed map[string][]*inventory.Resource) {
	for i := range t.Tables {
		var by []string
		for _, x := range fed[t.Tables[i].ID] {
			if x.Kind != kindConnection || !staticOnly(x) {
				by = append(by, x.Name)
			}
		}
		if len(by) == 0 {
			continue
		}
		for _, x := range t.Attachments {
			if x.Table == t.Tables[i].ID && x.Space != "" {
				a.doubt(x.Space, "transit gateway "+gateway.Name+", table "+t.Tables[i].label()+": which routes "+several(by)+" learns over BGP is not known; "+a.wouldDecide(t.Tables[i].Routes))
			}
		}
	}
}
