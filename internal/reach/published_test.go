package reach

import (
	"net/netip"
	"testing"
)

// fact is something that a page of the clouds' documentation states about one
// packet. The networks are our own smallest ones that show it.
type fact struct {
	page, says string
	aws        bool
	net        Network
	// from and to are ids of interfaces or addresses.
	from, to string
	protocol int
	port     uint16
	passes   bool
}

func prefixesOf(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func from(list ...string) Peers { return Peers{Prefixes: prefixesOf(list...)} }

func anyone() Peers { return Peers{Any: true} }

func allow(order, protocol int, ports []Range, a, b Peers) Rule {
	return Rule{Name: "allow", Order: order, Protocol: protocol, Ports: ports, From: a, To: b}
}

func deny(order, protocol int, ports []Range, a, b Peers) Rule {
	r := allow(order, protocol, ports, a, b)
	r.Deny = true
	return r
}

func portsFrom(first, last uint16) []Range { return []Range{{first, last}} }

// vpc is a VPC with a public subnet, a private one behind a NAT gateway, a web
// machine in the first and a database in the second.
func vpc(change func(n *Network)) Network {
	world := from("0.0.0.0/0")
	n := Network{
		Spaces: []Space{{ID: "vpc", Prefixes: prefixesOf("10.0.0.0/16", "2001:db8::/56")}, {ID: "peer", Prefixes: prefixesOf("10.1.0.0/16")}, {ID: "third", Prefixes: prefixesOf("10.2.0.0/16")}},
		Subnets: []Subnet{
			{ID: "public", Space: "vpc", Prefixes: prefixesOf("10.0.0.0/24", "2001:db8:0:1::/64"), Table: "out"}, {ID: "private", Space: "vpc", Prefixes: prefixesOf("10.0.1.0/24"), Table: "nat"},
			{ID: "far", Space: "peer", Prefixes: prefixesOf("10.1.0.0/24"), Table: "far"}, {ID: "beyond", Space: "third", Prefixes: prefixesOf("10.2.0.0/24"), Table: "beyond"},
		},
		Tables: []Table{
			{ID: "out", Routes: []Route{{Prefix: world.Prefixes[0], Hop: HopInternet}, {Prefix: netip.MustParsePrefix("::/0"), Hop: HopEgressOnly}, {Prefix: netip.MustParsePrefix("10.1.0.0/16"), Hop: HopLink, Via: "ab"}, {Prefix: netip.MustParsePrefix("10.2.0.0/16"), Hop: HopLink, Via: "ab"}}},
			{ID: "nat", Routes: []Route{{Prefix: world.Prefixes[0], Hop: HopNAT, Via: "nat"}}},
			{ID: "far", Routes: []Route{{Prefix: netip.MustParsePrefix("10.0.0.0/16"), Hop: HopLink, Via: "ab"}, {Prefix: netip.MustParsePrefix("10.2.0.0/16"), Hop: HopLink, Via: "bc"}}},
			{ID: "beyond", Routes: []Route{{Prefix: netip.MustParsePrefix("10.0.0.0/15"), Hop: HopLink, Via: "bc"}}},
		},
		Links: []Link{{"ab", "vpc", "peer"}, {"bc", "peer", "third"}}, NATs: []NAT{{"nat", "public"}},
		Filters: []Filter{
			{ID: "web", In: []Rule{allow(0, 6, portsFrom(443, 443), world, anyone())}, Out: []Rule{allow(0, -1, nil, anyone(), from("0.0.0.0/0", "::/0"))}},
			{ID: "db", In: []Rule{allow(0, 6, portsFrom(5432, 5432), Peers{Labels: []string{"web"}}, anyone())}, Out: []Rule{allow(0, -1, nil, anyone(), world)}},
			{ID: "quiet", In: []Rule{allow(0, -1, nil, world, anyone())}},
			{ID: "list"},
		},
		Interfaces: []Interface{
			{ID: "web1", Labels: []string{"web"}, Public: true, Places: []Place{{"public", netip.MustParseAddr("10.0.0.5")}}},
			{ID: "web6", Labels: []string{"web"}, Places: []Place{{"public", netip.MustParseAddr("2001:db8:0:1::5")}}},
			{ID: "db1", Labels: []string{"db"}, Places: []Place{{"private", netip.MustParseAddr("10.0.1.5")}}},
			{ID: "quiet1", Labels: []string{"quiet"}, Public: true, Places: []Place{{"public", netip.MustParseAddr("10.0.0.6")}}},
			{ID: "far1", Labels: []string{"web"}, Places: []Place{{"far", netip.MustParseAddr("10.1.0.5")}}},
			{ID: "beyond1", Labels: []string{"web"}, Places: []Place{{"beyond", netip.MustParseAddr("10.2.0.5")}}},
		},
	}
	if change != nil {
		change(&n)
	}
	return n
}

// listed puts a network ACL on the public subnet.
func listed(in, out []Rule) Network {
	return vpc(func(n *Network) {
		n.Filters[3] = Filter{ID: "list", In: in, Out: out}
		n.Subnets[0].Filter = "list"
	})
}

func awsFacts() []fact {
	const groups, lists, routes, peering = "VPC user guide, Security groups", "VPC user guide, Network ACLs", "VPC user guide, Route tables", "VPC Peering Guide, limitations"
	world := from("0.0.0.0/0")
	all := []Rule{allow(100, -1, nil, world, anyone())}
	allOut := []Rule{allow(100, -1, nil, anyone(), world)}
	return []fact{
		{groups, "a rule lets in what it names", true, vpc(nil), "203.0.113.7", "web1", 6, 443, true},
		{groups, "there are no denies: what no rule names does not pass", true, vpc(nil), "203.0.113.7", "web1", 6, 80, false},
		{groups, "a rule that names a group means the private addresses of its members", true, vpc(nil), "web1", "db1", 6, 5432, true},
		{groups, "who is not in the group does not pass", true, vpc(nil), "quiet1", "db1", 6, 5432, false},
		{groups, "answers pass whatever the rules of the way back say", true, vpc(nil), "203.0.113.7", "quiet1", 6, 22, true},
		{groups, "without a rule outwards nothing goes out", true, vpc(nil), "quiet1", "203.0.113.7", 6, 443, false},
		{lists, "lists have no memory: an answer needs a rule of its own", true, listed(all, nil), "203.0.113.7", "web1", 6, 443, false},
		{lists, "answers go to the client's ephemeral port", true, listed([]Rule{allow(100, 6, portsFrom(443, 443), world, anyone())}, []Rule{allow(100, 6, portsFrom(1024, 65535), anyone(), world)}), "203.0.113.7", "web1", 6, 443, true},
		{lists, "the lowest number decides", true, listed(append([]Rule{deny(90, 6, portsFrom(443, 443), world, anyone())}, all...), allOut), "203.0.113.7", "web1", 6, 443, false},
		{lists, "a later deny changes nothing", true, listed(append([]Rule{deny(110, 6, portsFrom(443, 443), world, anyone())}, all...), allOut), "203.0.113.7", "web1", 6, 443, true},
		{lists, "a list is not asked within its subnet", true, listed(nil, nil), "web1", "quiet1", 6, 22, true},
		{lists, "a list stands between subnets", true, listed(nil, nil), "web1", "db1", 6, 5432, false},
		{routes, "a NAT gateway lets connections out", true, vpc(nil), "db1", "203.0.113.7", 6, 443, true},
		{"VPC user guide, NAT gateways", "a NAT gateway lets no connection in", true, vpc(func(n *Network) { n.Interfaces[2].Labels = []string{"quiet"} }), "203.0.113.7", "db1", 6, 443, false},
		{"VPC user guide, Internet gateways", "IPv4 needs a public address", true, vpc(func(n *Network) { n.Interfaces[0].Public = false }), "203.0.113.7", "web1", 6, 443, false},
		{"VPC user guide, Egress-only internet gateways", "IPv6 goes out", true, vpc(nil), "web6", "2001:db9::1", 6, 443, true},
		{"VPC user guide, Egress-only internet gateways", "and not in", true, vpc(func(n *Network) {
			n.Interfaces[1].Labels = []string{"six"}
			n.Filters = append(n.Filters, Filter{ID: "six", In: []Rule{allow(0, -1, nil, from("::/0"), anyone())}})
		}), "2001:db9::1", "web6", 6, 443, false},
		{peering, "two peered VPCs reach each other", true, vpc(nil), "far1", "web1", 6, 443, true},
		{peering, "a peer's group may be named", true, vpc(func(n *Network) {
			n.Subnets[1].Table = "out"
		}), "far1", "db1", 6, 5432, true},
		{peering, "peering is not transitive", true, vpc(nil), "web1", "beyond1", 6, 443, false},
		{routes, "the longest prefix wins", true, vpc(func(n *Network) {
			n.Tables[0].Routes = append(n.Tables[0].Routes, Route{Prefix: netip.MustParsePrefix("203.0.113.0/24"), Hop: HopNone})
		}), "web1", "203.0.113.7", 6, 443, false},
	}
}

// vnet is a VNet with three subnets and four machines, as the page on filtering
// draws it: an NSG on the subnet and on the interface, on the subnet only, on
// the interface only, and none at all.
func vnet(change func(n *Network)) Network {
	nsg := func(id string, in, out []Rule) Filter {
		a := azureReader{}
		a.nsg(Body{ID: id, Tree: map[string]any{}})
		f := a.net.Filters[0]
		f.In, f.Out = append(in, f.In...), append(out, f.Out...)
		return f
	}
	web := []Rule{allow(100, 6, portsFrom(80, 80), Peers{Tags: []string{TagInternet}}, anyone())}
	n := Network{
		Spaces: []Space{{ID: "a", Prefixes: prefixesOf("10.0.0.0/16")}, {ID: "b", Prefixes: prefixesOf("10.1.0.0/16")}, {ID: "c", Prefixes: prefixesOf("10.2.0.0/16")}},
		Subnets: []Subnet{
			{ID: "one", Space: "a", Prefixes: prefixesOf("10.0.1.0/24"), Filter: "nsg1"}, {ID: "two", Space: "a", Prefixes: prefixesOf("10.0.2.0/24")},
			{ID: "three", Space: "a", Prefixes: prefixesOf("10.0.3.0/24")}, {ID: "far", Space: "b", Prefixes: prefixesOf("10.1.0.0/24")}, {ID: "beyond", Space: "c", Prefixes: prefixesOf("10.2.0.0/24")},
		},
		Links:   []Link{{"ab", "a", "b"}, {"bc", "b", "c"}},
		Filters: []Filter{nsg("nsg1", web, nil), nsg("nsg2", web, nil)},
		Interfaces: []Interface{
			{ID: "vm1", Filter: "nsg2", Public: true, Closed: true, Places: []Place{{"one", netip.MustParseAddr("10.0.1.4")}}},
			{ID: "vm2", Public: true, Closed: true, Places: []Place{{"one", netip.MustParseAddr("10.0.1.5")}}},
			{ID: "vm3", Filter: "nsg2", Public: true, Closed: true, Places: []Place{{"two", netip.MustParseAddr("10.0.2.4")}}},
			{ID: "vm4", Public: true, Closed: true, Places: []Place{{"three", netip.MustParseAddr("10.0.3.4")}}},
			{ID: "far1", Filter: "nsg2", Places: []Place{{"far", netip.MustParseAddr("10.1.0.4")}}},
			{ID: "beyond1", Filter: "nsg2", Places: []Place{{"beyond", netip.MustParseAddr("10.2.0.4")}}},
		},
	}
	if change != nil {
		change(&n)
	}
	return n
}

func azureFacts() []fact {
	const filter, groups, routing = "Microsoft Learn, How network security groups filter network traffic", "Microsoft Learn, Azure network security groups overview", "Microsoft Learn, Virtual network traffic routing"
	before := func(f int, in bool, r Rule) func(n *Network) {
		return func(n *Network) {
			if in {
				n.Filters[f].In = append([]Rule{r}, n.Filters[f].In...)
			} else {
				n.Filters[f].Out = append([]Rule{r}, n.Filters[f].Out...)
			}
		}
	}
	return []fact{
		{filter, "both NSGs allow port 80", false, vnet(nil), "203.0.113.7", "vm1", 6, 80, true},
		{filter, "the NSG of the interface alone does not let it through", false, vnet(func(n *Network) { n.Filters[0].In = n.Filters[0].In[1:] }), "203.0.113.7", "vm1", 6, 80, false},
		{filter, "the NSG of the subnet alone is enough where the interface has none", false, vnet(nil), "203.0.113.7", "vm2", 6, 80, true},
		{filter, "the NSG of the interface alone is enough where the subnet has none", false, vnet(nil), "203.0.113.7", "vm3", 6, 80, true},
		{filter, "a standard public address without any NSG lets nothing in", false, vnet(nil), "203.0.113.7", "vm4", 6, 80, false},
		{filter, "traffic inside a subnet is filtered too", false, vnet(before(0, true, deny(90, -1, nil, Peers{Tags: []string{TagNetwork}}, anyone()))), "vm1", "vm2", 6, 80, false},
		{groups, "by default the network reaches itself", false, vnet(nil), "vm3", "vm2", 17, 53, true},
		{groups, "by default the internet does not get in", false, vnet(nil), "203.0.113.7", "vm2", 6, 22, false},
		{groups, "by default everything goes out", false, vnet(nil), "vm2", "203.0.113.7", 6, 25, true},
		{groups, "a lower priority number comes first", false, vnet(before(0, true, deny(99, 6, portsFrom(80, 80), anyone(), anyone()))), "203.0.113.7", "vm2", 6, 80, false},
		{groups, "the second of two rules for the same packet is not asked", false, vnet(before(0, true, deny(101, 6, portsFrom(80, 80), anyone(), anyone()))), "203.0.113.7", "vm2", 6, 80, true},
		{groups, "answers pass whatever the rules of the way back say", false, vnet(before(0, false, deny(100, -1, nil, anyone(), anyone()))), "203.0.113.7", "vm2", 6, 80, true},
		{groups, "augmented rules hold several blocks and ports", false, vnet(before(0, true, allow(90, 6, []Range{{22, 22}, {8080, 8090}}, from("198.51.100.0/24", "203.0.113.0/28"), anyone()))), "203.0.113.7", "vm2", 6, 8085, true},
		{"Microsoft Learn, Virtual network peering", "peered networks reach each other and are VirtualNetwork", false, vnet(nil), "far1", "vm3", 6, 443, true},
		{"Microsoft Learn, Virtual network peering", "peering is not transitive", false, vnet(nil), "beyond1", "vm3", 6, 443, false},
		{routing, "private blocks outside the network lead nowhere", false, vnet(nil), "vm2", "192.168.1.1", 6, 443, false},
		{routing, "a route of the user's own to None stops packets", false, vnet(func(n *Network) {
			n.Subnets[0].Table = "own"
			n.Tables = []Table{{ID: "own", Routes: []Route{{Prefix: netip.MustParsePrefix("0.0.0.0/0"), Hop: HopNone}}}}
		}), "vm2", "203.0.113.7", 6, 443, false},
		{"Microsoft Learn, Default outbound access in Azure", "a private subnet without NAT has no way out", false, vnet(func(n *Network) { n.Interfaces[1].Public = false }), "vm2", "203.0.113.7", 6, 443, false},
		{"Microsoft Learn, Azure NAT Gateway", "NAT lets out", false, vnet(func(n *Network) { n.Interfaces[1].Public, n.Subnets[0].NAT = false, true }), "vm2", "203.0.113.7", 6, 443, true},
		{"Microsoft Learn, Azure NAT Gateway", "NAT lets nothing in", false, vnet(func(n *Network) { n.Interfaces[1].Public, n.Subnets[0].NAT = false, true }), "203.0.113.7", "vm2", 6, 80, false},
		{"Microsoft Learn, Virtual network service tags", "the host's address is VirtualNetwork, and the balancer's probes are let in", false, vnet(nil), hostAddress().String(), "vm2", 6, 8080, true},
	}
}

func TestPublishedFacts(t *testing.T) {
	t.Parallel()
	for _, f := range append(awsFacts(), azureFacts()...) {
		t.Run(f.page+": "+f.says, func(t *testing.T) {
			t.Parallel()
			s := prepared(&f.net, f.aws, []uint16{50000})
			end := func(name string) *party {
				if i, ok := s.interfaces[name]; ok {
					return &s.spots[i]
				}
				p := s.block(netip.MustParseAddr(name))
				if p.addr == hostAddress() {
					p.tag = TagBalancer
				}
				return p
			}
			v := s.judge(end(f.from), end(f.to), 0)
			point := uint32(f.protocol)<<16 | uint32(f.port)
			if got := s.book.sets[v.set].has(point); got != f.passes {
				t.Errorf("%s to %s port %d: passes %v, want %v: %s", f.from, f.to, f.port, got, f.passes, s.explain(&v, point, 0))
			}
		})
	}
}
