package reach

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Body is an ARM body: its members as JSON has them, "properties" among them.
type Body struct {
	ID, Type string
	Tree     map[string]any
}

// azureReader builds a Network from bodies. Ids are compared in lower case, as
// Azure does.
type azureReader struct {
	bodies  []Body
	net     Network
	subnets map[string]int
	doubts  map[Doubt]bool
	// pools are the members of a balancer's pool, by its id.
	pools map[string][]int
}

// FromAzure reads the network out of ARM bodies. The ids of its interfaces are
// those of the bodies in lower case.
func FromAzure(bodies []Body) Network {
	a := &azureReader{subnets: map[string]int{}, doubts: map[Doubt]bool{}, pools: map[string][]int{}}
	for _, b := range bodies {
		a.bodies = append(a.bodies, Body{strings.ToLower(b.ID), strings.ToLower(b.Type), b.Tree})
	}
	slices.SortFunc(a.bodies, func(x, y Body) int { return cmp.Compare(x.ID, y.ID) })
	a.each("microsoft.network/virtualnetworks", a.vnet)
	a.each("microsoft.network/virtualnetworks/subnets", func(b Body) { a.subnet(b, b.ID[:strings.LastIndex(b.ID, "/subnets/")]) })
	a.each("microsoft.network/networksecuritygroups", a.nsg)
	a.each("microsoft.network/networksecuritygroups/securityrules", a.ruleBeside)
	a.each("microsoft.network/routetables", a.table)
	a.peerings()
	a.premises()
	a.hubs()
	a.ends()
	a.balancers()
	a.net.Doubts = inOrder(a.doubts)
	return a.net
}

func (a *azureReader) each(kind string, f func(Body)) {
	for _, b := range a.bodies {
		if b.Type == kind {
			f(b)
		}
	}
}

// name is the last part of an id.
func name(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

// ref reads the id of a sub-resource reference.
func ref(v any, path ...string) string {
	return strings.ToLower(text(at(at(v, path...), "id")))
}

func (a *azureReader) vnet(b Body) {
	p := b.Tree["properties"]
	s := Space{ID: b.ID, Name: name(b.ID)}
	for _, x := range list(at(p, "addressSpace", "addressPrefixes")) {
		blocks := prefixes(x)
		if len(blocks) == 0 {
			a.doubts[Doubt{Text: "network " + s.Name + ": address space " + text(x) + " is not known"}] = true
		}
		s.Prefixes = append(s.Prefixes, blocks...)
	}
	a.net.Spaces = append(a.net.Spaces, s)
	for _, m := range maps(at(p, "subnets")) {
		a.subnet(Body{b.ID + "/subnets/" + strings.ToLower(text(m["name"])), "", m}, b.ID)
	}
}

func (a *azureReader) subnet(b Body, vnet string) {
	if _, ok := a.subnets[b.ID]; ok {
		return
	}
	p := b.Tree["properties"]
	s := Subnet{
		ID: b.ID, Name: name(b.ID), Space: vnet, Prefixes: prefixes(append(list(at(p, "addressPrefixes")), at(p, "addressPrefix"))...),
		Filter: ref(p, "networkSecurityGroup"), Table: ref(p, "routeTable"), NAT: ref(p, "natGateway") != "",
		Outbound: text(at(p, "defaultOutboundAccess")) != "false",
	}
	slices.SortFunc(s.Prefixes, comparePrefix)
	s.Prefixes = slices.Compact(s.Prefixes)
	a.subnets[b.ID] = len(a.net.Subnets)
	a.net.Subnets = append(a.net.Subnets, s)
}

// nsg reads a network security group with the rules that Azure adds to each
// (Microsoft Learn, "Azure network security groups overview", default rules).
func (a *azureReader) nsg(b Body) {
	f := Filter{ID: b.ID, Name: name(b.ID)}
	for _, m := range maps(at(b.Tree, "properties", "securityRules")) {
		f.add(m)
	}
	tag := func(t string) Peers { return Peers{Tags: []string{t}} }
	everyone := Peers{Any: true}
	f.In = append(f.In,
		Rule{Name: "AllowVnetInBound (default)", Order: 65000, Protocol: -1, From: tag(TagNetwork), To: tag(TagNetwork)},
		Rule{Name: "AllowAzureLoadBalancerInBound (default)", Order: 65001, Protocol: -1, From: tag(TagBalancer), To: everyone},
		Rule{Name: "DenyAllInBound (default)", Order: 65500, Protocol: -1, Deny: true, From: everyone, To: everyone})
	f.Out = append(f.Out,
		Rule{Name: "AllowVnetOutBound (default)", Order: 65000, Protocol: -1, From: tag(TagNetwork), To: tag(TagNetwork)},
		Rule{Name: "AllowInternetOutBound (default)", Order: 65001, Protocol: -1, From: everyone, To: tag(TagInternet)},
		Rule{Name: "DenyAllOutBound (default)", Order: 65500, Protocol: -1, Deny: true, From: everyone, To: everyone})
	a.net.Filters = append(a.net.Filters, f)
}

// ruleBeside reads a rule that is a resource of its own.
func (a *azureReader) ruleBeside(b Body) {
	owner := b.ID[:strings.LastIndex(b.ID, "/securityrules/")]
	for i := range a.net.Filters {
		if a.net.Filters[i].ID == owner {
			a.net.Filters[i].add(map[string]any{"name": name(b.ID), "properties": b.Tree["properties"]})
		}
	}
}

// add reads one rule.
func (f *Filter) add(m map[string]any) {
	p := at(m, "properties")
	r := Rule{Name: text(m["name"]), Deny: !strings.EqualFold(text(at(p, "access")), "Allow")}
	var why []string
	n, err := strconv.Atoi(text(at(p, "priority")))
	if err != nil {
		why = append(why, "its priority is not known")
	}
	r.Order = n
	r.Name += " (priority " + strconv.Itoa(n) + ")"
	known := false
	if r.Protocol, known = azureProtocol(text(at(p, "protocol"))); !known {
		why = append(why, "protocol "+text(at(p, "protocol"))+" is not known")
	}
	var more []string
	r.Ports, more = azurePorts(at(p, "destinationPortRanges"), at(p, "destinationPortRange"))
	why = append(why, more...)
	r.SourcePorts, more = azurePorts(at(p, "sourcePortRanges"), at(p, "sourcePortRange"))
	why = append(why, more...)
	r.From, more = azurePeers(p, "source")
	why = append(why, more...)
	r.To, more = azurePeers(p, "destination")
	r.Unknown = strings.Join(append(why, more...), ", ")
	if r.Protocol != -1 && r.Protocol != protocolTCP && r.Protocol != protocolUDP {
		r.Ports, r.SourcePorts = nil, nil
	}
	if strings.EqualFold(text(at(p, "direction")), "Outbound") {
		f.Out = append(f.Out, r)
	} else {
		f.In = append(f.In, r)
	}
}

// azureProtocol gives the number. Icmp is that of IPv4 only: NSGs do not know
// ICMPv6 (Microsoft Learn, "IPv6 for Azure Virtual Network", limitations).
func azureProtocol(name string) (int, bool) {
	switch strings.ToLower(name) {
	case "*":
		return -1, true
	case "tcp":
		return protocolTCP, true
	case "udp":
		return protocolUDP, true
	case "icmp":
		return protocolICMP, true
	case "esp":
		return 50, true
	case "ah":
		return 51, true
	}
	return -1, false
}

func azurePorts(values ...any) (out []Range, why []string) {
	for _, v := range values {
		for _, x := range list(v) {
			s := text(x)
			if s == "*" {
				return nil, nil
			}
			from, to, ok := strings.Cut(s, "-")
			if !ok {
				to = from
			}
			first, ok1 := port(strings.TrimSpace(from))
			last, ok2 := port(strings.TrimSpace(to))
			switch {
			case s == "":
			case !ok1 || !ok2 || first > last:
				why = append(why, "port "+s+" is not known")
			default:
				out = append(out, Range{first, last})
			}
		}
	}
	return out, why
}

// azurePeers reads one side of a rule: prefixes, service tags, ASGs.
func azurePeers(p any, side string) (out Peers, why []string) {
	for _, v := range append(list(at(p, side+"AddressPrefixes")), at(p, side+"AddressPrefix")) {
		s := text(v)
		switch blocks := prefixes(s); {
		case s == "":
		case s == "*":
			out.Any = true
		case len(blocks) > 0:
			out.Prefixes = append(out.Prefixes, blocks...)
		case strings.ContainsAny(s, "[]()'"):
			why = append(why, side+" "+s+" is not known")
		default:
			out.Tags = append(out.Tags, azureTag(s))
		}
	}
	for _, g := range list(at(p, side+"ApplicationSecurityGroups")) {
		out.Labels = append(out.Labels, ref(g))
	}
	if !out.Any && len(out.Prefixes)+len(out.Labels)+len(out.Tags) == 0 && len(why) == 0 {
		why = append(why, "it names no "+side)
	}
	return out, why
}

// azureTag puts the tags that Azure takes in any capitals into one form.
func azureTag(s string) string {
	for _, t := range []string{TagNetwork, TagInternet, TagBalancer} {
		if strings.EqualFold(s, t) {
			return t
		}
	}
	return s
}

func (a *azureReader) table(b Body) {
	t := Table{ID: b.ID, Name: name(b.ID)}
	routes := maps(at(b.Tree, "properties", "routes"))
	a.each("microsoft.network/routetables/routes", func(r Body) {
		if strings.HasPrefix(r.ID, b.ID+"/") {
			routes = append(routes, r.Tree)
		}
	})
	for _, m := range routes {
		p := at(m, "properties")
		r := Route{Hop: azureHop(text(at(p, "nextHopType")))}
		if r.Hop == HopUnknown {
			r.Via = text(at(p, "nextHopIpAddress"))
		}
		to := text(at(p, "addressPrefix"))
		if blocks := prefixes(to); len(blocks) > 0 {
			r.Prefix = blocks[0]
		} else {
			r.Tag = to
		}
		t.Routes = append(t.Routes, r)
	}
	a.net.Tables = append(a.net.Tables, t)
}

func azureHop(kind string) Hop {
	switch strings.ToLower(kind) {
	case "vnetlocal":
		return HopLocal
	case "internet":
		return HopInternet
	case "virtualnetworkgateway":
		return HopPremises
	case "none":
		return HopNone
	}
	return HopUnknown
}

// peerings joins two networks when both have agreed; one half carries nothing
// (Microsoft Learn, "Virtual network peering").
func (a *azureReader) peerings() {
	halves := map[[2]string]bool{}
	a.each("microsoft.network/virtualnetworks/virtualnetworkpeerings", func(b Body) {
		from, to := b.ID[:strings.LastIndex(b.ID, "/virtualnetworkpeerings/")], ref(b.Tree, "properties", "remoteVirtualNetwork")
		if text(at(b.Tree, "properties", "allowVirtualNetworkAccess")) == "false" {
			return
		}
		halves[[2]string{from, to}] = true
		if !slices.ContainsFunc(a.net.Spaces, func(s Space) bool { return s.ID == to }) {
			a.doubts[Doubt{Text: "peering " + name(b.ID) + ": the network " + name(to) + " is not part of the design"}] = true
		}
	})
	for _, x := range a.net.Spaces {
		for _, y := range a.net.Spaces {
			if x.ID < y.ID && halves[[2]string{x.ID, y.ID}] && halves[[2]string{y.ID, x.ID}] {
				a.net.Links = append(a.net.Links, Link{ID: name(x.ID) + " with " + name(y.ID), A: x.ID, B: y.ID})
			}
		}
	}
}
