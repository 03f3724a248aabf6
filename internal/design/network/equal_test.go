package network_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"pgregory.net/rapid"
)

// world is a small workload whose packets can all be tried.
type world struct {
	resources []inventory.Resource
	hosts     []host
	// groups by id, with their rules.
	in, out map[string][]allowance
	acls    map[string][]numbered
	// aclOf a subnet's name, "" for none.
	aclOf map[string]string
	lists map[string][]string
}

// host is something with an address. Several sources stand for a database in
// several subnets.
type host struct {
	name    string
	subnets []string
	sources []netip.Addr
	groups  []string
	single  bool
}

type allowance struct {
	protocol   string
	from, to   int
	block      string
	group      string
	prefixList string
}

type numbered struct {
	number   int
	egress   bool
	deny     bool
	protocol string
	from, to int
	block    string
}

type packet struct {
	protocol string
	sport    int
	port     int
}

var ports = []int{22, 80, 443, 5432, 40000}

func blocks() []string {
	return []string{"0.0.0.0/0", "10.0.0.0/8", "10.20.0.0/16", "10.20.10.0/23", "10.20.10.0/24", "10.20.11.0/24", "10.20.20.0/24", "203.0.113.0/24", "198.51.100.7/32", "10.20.10.4/32"}
}

func subnetsOf() map[string]string {
	return map[string]string{"app-a": "10.20.10.0/24", "app-b": "10.20.11.0/24", "data": "10.20.20.0/24"}
}

func drawAllowance(t *rapid.T) allowance {
	a := allowance{protocol: rapid.SampledFrom([]string{"tcp", "tcp", "udp", "-1", "icmp"}).Draw(t, "protocol")}
	a.from = rapid.SampledFrom(ports).Draw(t, "from")
	a.to = rapid.SampledFrom([]int{a.from, a.from, 65535}).Draw(t, "to")
	switch rapid.IntRange(0, 4).Draw(t, "peer") {
	case 0, 1:
		a.group = fmt.Sprintf("sg-%d", rapid.IntRange(0, 3).Draw(t, "group"))
	case 2:
		a.prefixList = "pl-1"
	default:
		a.block = rapid.SampledFrom(blocks()).Draw(t, "block")
	}
	return a
}

func drawWorld(t *rapid.T) *world {
	w := &world{in: map[string][]allowance{}, out: map[string][]allowance{}, acls: map[string][]numbered{}, aclOf: map[string]string{}, lists: map[string][]string{"pl-1": {"203.0.113.0/25", "10.20.11.0/24"}}}
	for n := range 4 {
		id := fmt.Sprintf("sg-%d", n)
		for range rapid.IntRange(0, 4).Draw(t, "rules in") {
			w.in[id] = append(w.in[id], drawAllowance(t))
		}
		for range rapid.IntRange(0, 3).Draw(t, "rules out") {
			w.out[id] = append(w.out[id], drawAllowance(t))
		}
	}
	if rapid.Bool().Draw(t, "acl") {
		for n := range rapid.IntRange(1, 6).Draw(t, "entries") {
			e := numbered{
				number: 100 + n, egress: rapid.Bool().Draw(t, "egress"), deny: rapid.IntRange(0, 3).Draw(t, "deny") == 0,
				protocol: rapid.SampledFrom([]string{"6", "6", "17", "-1"}).Draw(t, "protocol"), block: rapid.SampledFrom(blocks()).Draw(t, "block"),
			}
			e.from = rapid.SampledFrom([]int{0, 22, 443, 1024, 5432}).Draw(t, "from")
			e.to = rapid.SampledFrom([]int{e.from, 65535}).Draw(t, "to")
			w.acls["acl-1"] = append(w.acls["acl-1"], e)
		}
		for _, s := range []string{"app-b", "data"} {
			if rapid.Bool().Draw(t, "acl of "+s) {
				w.aclOf[s] = "acl-1"
			}
		}
	}
	groups := func() []string {
		n := rapid.IntRange(0, 3).Draw(t, "first group")
		out := []string{fmt.Sprintf("sg-%d", n)}
		if rapid.Bool().Draw(t, "second group") {
			out = append(out, fmt.Sprintf("sg-%d", (n+1)%4))
		}
		return out
	}
	for i, s := range []string{"app-a", "app-a", "app-b", "data"} {
		base := netip.MustParsePrefix(subnetsOf()[s]).Addr().As4()
		base[3] = byte(4 + i)
		w.hosts = append(w.hosts, host{name: fmt.Sprintf("i-%d", i), subnets: []string{s}, sources: []netip.Addr{netip.AddrFrom4(base)}, groups: groups(), single: true})
	}
	db := host{name: "db", groups: groups(), subnets: []string{"data"}, single: true}
	if rapid.Bool().Draw(t, "two zones") {
		db.subnets, db.single = []string{"app-b", "data"}, false
	}
	for _, s := range db.subnets {
		base := netip.MustParsePrefix(subnetsOf()[s]).Addr().As4()
		base[3] = 99
		db.sources = append(db.sources, netip.AddrFrom4(base))
	}
	w.hosts = append(w.hosts, db)
	w.build(t)
	return w
}

// build writes the inventory.
func (w *world) build(t *rapid.T) {
	add := func(kind cloud.Kind, id string, properties map[string]any) {
		r := inventory.Resource{ID: cloud.ResourceID("arn:aws:ec2:us-east-1:123456789012:" + id), Kind: kind, Account: designtest.Account, Region: designtest.Region, Properties: properties}
		r.Name = id[strings.LastIndexByte(id, '/')+1:]
		r.Aliases = []string{r.Name}
		w.resources = append(w.resources, r)
	}
	add("AWS::EC2::VPC", "vpc/vpc-1", map[string]any{"CidrBlock": "10.20.0.0/16"})
	for name, block := range subnetsOf() {
		add("AWS::EC2::Subnet", "subnet/"+name, map[string]any{"VpcId": "vpc-1", "CidrBlock": block, "SubnetId": name})
		if acl := w.aclOf[name]; acl != "" {
			add("AWS::EC2::SubnetNetworkAclAssociation", "assoc/"+name, map[string]any{"SubnetId": name, "NetworkAclId": acl})
		}
	}
	add("AWS::EC2::PrefixList", "prefix-list/pl-1", map[string]any{"PrefixListName": "offices", "Entries": []any{map[string]any{"Cidr": "203.0.113.0/25"}, map[string]any{"Cidr": "10.20.11.0/24"}}})
	for n := range 4 {
		id := fmt.Sprintf("sg-%d", n)
		add("AWS::EC2::SecurityGroup", "security-group/"+id, map[string]any{"GroupId": id, "GroupName": id, "VpcId": "vpc-1", "SecurityGroupIngress": rulesOf(w.in[id], "Source"), "SecurityGroupEgress": rulesOf(w.out[id], "Destination")})
	}
	for id, list := range w.acls {
		add("AWS::EC2::NetworkAcl", "network-acl/"+id, map[string]any{"VpcId": "vpc-1"})
		for _, e := range list {
			action := "allow"
			if e.deny {
				action = "deny"
			}
			add("AWS::EC2::NetworkAclEntry", fmt.Sprintf("entry/%s-%v-%d", id, e.egress, e.number), map[string]any{
				"NetworkAclId": id, "RuleNumber": float64(e.number), "Egress": e.egress, "RuleAction": action, "Protocol": e.protocol, "CidrBlock": e.block,
				"PortRange": map[string]any{"From": float64(e.from), "To": float64(e.to)},
			})
		}
	}
	for _, h := range w.hosts {
		var groups []any
		for _, g := range h.groups {
			groups = append(groups, g)
		}
		if h.name == "db" {
			var near []any
			for _, s := range h.subnets {
				near = append(near, s)
			}
			add("AWS::RDS::DBSubnetGroup", "subgrp/rows", map[string]any{"SubnetIds": near, "DBSubnetGroupName": "rows"})
			add("AWS::RDS::DBInstance", "db/db", map[string]any{"DBSubnetGroupName": "rows", "VPCSecurityGroups": groups})
			continue
		}
		add("AWS::EC2::Instance", "instance/"+h.name, map[string]any{"SubnetId": h.subnets[0], "SecurityGroupIds": groups})
	}
	_ = t
}

func rulesOf(list []allowance, way string) []any {
	var out []any
	for _, a := range list {
		m := map[string]any{"IpProtocol": a.protocol}
		if a.protocol == "tcp" || a.protocol == "udp" {
			m["FromPort"], m["ToPort"] = float64(a.from), float64(a.to)
		} else if a.protocol == "icmp" {
			m["FromPort"], m["ToPort"] = float64(-1), float64(-1)
		}
		switch {
		case a.group != "":
			m[way+"SecurityGroupId"] = a.group
		case a.prefixList != "":
			m[way+"PrefixListId"] = a.prefixList
		default:
			m["CidrIp"] = a.block
		}
		out = append(out, m)
	}
	return out
}

// passesAWS follows a packet through the groups and lists of the source. An
// address outside belongs to no host.
func (w *world) passesAWS(a, b *host, from, to netip.Addr, p packet, subnetA, subnetB string) bool {
	groups := func(h *host) []string {
		if h == nil {
			return nil
		}
		return h.groups
	}
	if a != nil && !w.granted(w.out, a.groups, groups(b), to, p) {
		return false
	}
	if b != nil && !w.granted(w.in, b.groups, groups(a), from, p) {
		return false
	}
	if subnetA == subnetB {
		return true
	}
	back := packet{p.protocol, p.port, p.sport}
	for _, side := range []struct {
		subnet string
		peer   netip.Addr
		leaves bool
	}{{subnetA, to, true}, {subnetB, from, false}} {
		if acl := w.aclOf[side.subnet]; acl != "" {
			if !w.listed(acl, side.leaves, side.peer, p) || !w.listed(acl, !side.leaves, side.peer, back) {
				return false
			}
		}
	}
	return true
}

func (w *world) granted(rules map[string][]allowance, own, other []string, peer netip.Addr, p packet) bool {
	for _, g := range own {
		for _, a := range rules[g] {
			if a.protocol != "-1" && a.protocol != p.protocol || (p.protocol == "tcp" || p.protocol == "udp") && a.protocol != "-1" && (p.port < a.from || p.port > a.to) {
				continue
			}
			named := a.group != "" && slices.Contains(other, a.group)
			for _, block := range append(w.lists[a.prefixList], a.block) {
				named = named || block != "" && netip.MustParsePrefix(block).Contains(peer)
			}
			if named {
				return true
			}
		}
	}
	return false
}

func (w *world) listed(acl string, egress bool, peer netip.Addr, p packet) bool {
	number := map[string]string{"tcp": "6", "udp": "17", "icmp": "1"}[p.protocol]
	for _, e := range w.acls[acl] {
		if e.egress != egress || !netip.MustParsePrefix(e.block).Contains(peer) || e.protocol != "-1" && e.protocol != number {
			continue
		}
		if e.protocol != "-1" && p.protocol != "icmp" && (p.port < e.from || p.port > e.to) {
			continue
		}
		return !e.deny
	}
	return false
}

// azure is the target, as far as NSGs decide.
type azure struct {
	rules map[string][]nsgRule // by NSG, in order of priority
	ends  map[string]*endpoint
}

type endpoint struct {
	address netip.Addr
	nsgs    []string // the interface's, then the subnet's
	asgs    []string
}

func targetOf(t *rapid.T, d *design.Design, w *world) *azure {
	z := &azure{rules: map[string][]nsgRule{}, ends: map[string]*endpoint{}}
	subnetNSG, subnetBlock := map[string]string{}, map[string]string{}
	for _, r := range d.Resources {
		switch r.Type {
		case "Microsoft.Network/networkSecurityGroups":
			z.rules[string(r.ID)] = compiled(design.Maps(design.At(r.Body, "properties.securityRules")))
			limits(t, r)
		case "Microsoft.Network/virtualNetworks/subnets":
			subnetNSG[string(r.ID)] = design.Text(r.Body, "properties.networkSecurityGroup.id")
			subnetBlock[string(r.ID)] = design.Text(r.Body, "properties.addressPrefix")
		}
	}
	for _, r := range d.Resources {
		if r.Type != "Microsoft.Network/networkInterfaces" {
			continue
		}
		c := design.Maps(design.At(r.Body, "properties.ipConfigurations"))[0]
		subnet := design.Text(c, "properties.subnet.id")
		e := &endpoint{nsgs: []string{design.Text(r.Body, "properties.networkSecurityGroup.id"), subnetNSG[subnet]}}
		for _, g := range design.Maps(design.At(c, "properties.applicationSecurityGroups")) {
			e.asgs = append(e.asgs, design.Text(g, "id"))
		}
		name := strings.TrimPrefix(r.Name, "nic-")
		for _, h := range w.hosts {
			if h.name == name {
				four := h.sources[0].As4()
				block := netip.MustParsePrefix(subnetBlock[subnet]).Addr().As4()
				block[3] = four[3]
				e.address = netip.AddrFrom4(block)
			}
		}
		z.ends[name] = e
	}
	db := designDecision(d, "db")
	for _, id := range db.Targets {
		if block := subnetBlock[string(id)]; block != "" {
			z.ends["db"] = &endpoint{address: netip.MustParsePrefix(block).Addr().Next().Next().Next().Next(), nsgs: []string{subnetNSG[string(id)]}}
		}
	}
	return z
}

func designDecision(d *design.Design, name string) design.Decision {
	for _, x := range d.Decisions {
		if x.Name == name {
			return x
		}
	}
	return design.Decision{}
}

// limits checks what Azure takes of an NSG.
func limits(t *rapid.T, r design.Resource) {
	seen, names := map[string]bool{}, map[string]bool{}
	list := design.Maps(design.At(r.Body, "properties.securityRules"))
	if len(list) > 1000 {
		t.Fatalf("%s has %d rules", r.Name, len(list))
	}
	for _, m := range list {
		key := design.Text(m, "properties.direction") + design.Text(m, "properties.priority")
		name := strings.ToLower(design.Text(m, "name"))
		if n := design.Int(m, "properties.priority", 0); n < 100 || n > 4096 || seen[key] {
			t.Fatalf("%s: priority %s", r.Name, key)
		}
		if names[name] || len(name) > 80 || name == "" {
			t.Fatalf("%s: name %q", r.Name, name)
		}
		seen[key], names[name] = true, true
		for _, side := range []string{"source", "destination"} {
			if n := len(design.List(design.At(m, "properties."+side+"ApplicationSecurityGroups"))); n > 10 {
				t.Fatalf("%s: %d ASGs", r.Name, n)
			}
			if n := len(design.List(design.At(m, "properties."+side+"AddressPrefixes"))); n > 4000 {
				t.Fatalf("%s: %d addresses", r.Name, n)
			}
		}
	}
}

func (z *azure) passes(a, b *endpoint, from, to netip.Addr, p packet) bool {
	for _, side := range []struct {
		e         *endpoint
		direction string
	}{{a, "Outbound"}, {b, "Inbound"}} {
		if side.e == nil {
			continue
		}
		for _, nsg := range side.e.nsgs {
			if nsg != "" && !z.decided(nsg, side.direction, a, b, from, to, p) {
				return false
			}
		}
	}
	return true
}

func (z *azure) decided(nsg, direction string, a, b *endpoint, from, to netip.Addr, p packet) bool {
	for _, r := range z.rules[nsg] {
		if r.direction != direction || r.protocol != "*" && r.protocol != p.protocol {
			continue
		}
		if p.protocol != "icmp" && (!r.target.port(p.port) || !r.source.port(p.sport)) {
			continue
		}
		if r.source.peer(a, from) && r.target.peer(b, to) {
			return r.allow
		}
	}
	return false
}

// nsgRule is a rule of an NSG as it stands in a body.
type nsgRule struct {
	priority            int
	direction, protocol string
	allow               bool
	source, target      ruleSide
}

type ruleSide struct {
	any    bool
	blocks []netip.Prefix
	asgs   []string
	ports  [][2]int
}

func (s ruleSide) port(n int) bool {
	return slices.ContainsFunc(s.ports, func(r [2]int) bool { return r[0] <= n && n <= r[1] })
}

func (s ruleSide) peer(e *endpoint, address netip.Addr) bool {
	return s.any || slices.ContainsFunc(s.blocks, func(b netip.Prefix) bool { return b.Contains(address) }) ||
		e != nil && slices.ContainsFunc(s.asgs, func(id string) bool { return slices.Contains(e.asgs, id) })
}

func sideOf(m map[string]any, side string) ruleSide {
	var s ruleSide
	for _, g := range design.Maps(design.At(m, "properties."+side+"ApplicationSecurityGroups")) {
		s.asgs = append(s.asgs, design.Text(g, "id"))
	}
	both := func(one, many string) []string {
		return append(design.Texts(design.At(m, "properties."+side+one)), design.Texts(design.At(m, "properties."+side+many))...)
	}
	for _, text := range both("AddressPrefix", "AddressPrefixes") {
		if block, err := netip.ParsePrefix(text); err == nil {
			s.blocks = append(s.blocks, block)
		}
		s.any = s.any || text == "*"
	}
	for _, text := range both("PortRange", "PortRanges") {
		first, last, ok := strings.Cut(text, "-")
		if !ok {
			last = first
		}
		low, _ := strconv.Atoi(first)
		high, err := strconv.Atoi(last)
		if err != nil {
			high = 65535
		}
		s.ports = append(s.ports, [2]int{low, high})
	}
	return s
}

func compiled(list []map[string]any) []nsgRule {
	var out []nsgRule
	for _, m := range list {
		if strings.HasPrefix(design.Text(m, "name"), "platform-") {
			continue
		}
		out = append(out, nsgRule{
			priority: design.Int(m, "properties.priority", 0), direction: design.Text(m, "properties.direction"), protocol: strings.ToLower(design.Text(m, "properties.protocol")),
			allow: design.Text(m, "properties.access") == "Allow", source: sideOf(m, "source"), target: sideOf(m, "destination"),
		})
	}
	slices.SortFunc(out, func(a, b nsgRule) int { return a.priority - b.priority })
	return out
}

// TestSamePackets tries every packet of small random networks on both sides:
// the target never lets more through, and the same where everything has one
// place.
func TestSamePackets(t *testing.T) {
	t.Parallel()
	facts, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt)
		// Without designtest, which reads the catalogue anew for each design.
		g := graph.Graph{}
		for _, r := range w.resources {
			g.Nodes = append(g.Nodes, graph.Node{ID: r.ID, Kind: r.Kind, Name: r.Name, Identity: r.Name, Boundary: graph.In})
		}
		inv := inventory.Inventory{Resources: w.resources}
		d, err := design.Make(design.Input{Inventory: &inv, Graph: &g, Catalog: facts, Families: families(), Options: design.Options{Workload: "shop", Region: "eastus2"}})
		if err != nil {
			rt.Fatal(err)
		}
		compare(rt, w, targetOf(rt, d, w))
	})
}

func compare(t *rapid.T, w *world, z *azure) {
	var packets []packet
	for _, protocol := range []string{"tcp", "udp", "icmp"} {
		for _, port := range ports {
			for _, sport := range []int{700, 50000} {
				packets = append(packets, packet{protocol, sport, port})
			}
		}
	}
	check := func(a, b *host, from, to netip.Addr, p packet) {
		var ea, eb *endpoint
		aws, single := true, true
		sourcesA, sourcesB, subnetsA, subnetsB := []netip.Addr{from}, []netip.Addr{to}, []string{""}, []string{""}
		nameA, nameB := from.String(), to.String()
		if a != nil {
			ea, sourcesA, subnetsA, nameA = z.ends[a.name], a.sources, a.subnets, a.name
			from, single = ea.address, single && a.single
		}
		if b != nil {
			eb, sourcesB, subnetsB, nameB = z.ends[b.name], b.sources, b.subnets, b.name
			to, single = eb.address, single && b.single
		}
		for i, x := range sourcesA {
			for j, y := range sourcesB {
				aws = aws && w.passesAWS(a, b, x, y, p, subnetsA[i], subnetsB[j])
			}
		}
		got := z.passes(ea, eb, from, to, p)
		if got && !aws {
			t.Fatalf("WIDER: %s -> %s %v\nin %v\nout %v\nacl %v of %v\n%v\n%v", nameA, nameB, p, w.in, w.out, w.acls, w.aclOf, w.hosts, z.rules)
		}
		if aws && !got && single {
			t.Fatalf("narrower: %s -> %s %v\nin %v\nout %v\nacl %v of %v\n%v\n%v", nameA, nameB, p, w.in, w.out, w.acls, w.aclOf, w.hosts, z.rules)
		}
	}
	outside := []netip.Addr{netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("203.0.113.200"), netip.MustParseAddr("198.51.100.7"), netip.MustParseAddr("192.0.2.1")}
	for i := range w.hosts {
		for _, p := range packets {
			for j := range w.hosts {
				if i != j {
					check(&w.hosts[i], &w.hosts[j], netip.Addr{}, netip.Addr{}, p)
				}
			}
			for _, address := range outside {
				check(nil, &w.hosts[i], address, netip.Addr{}, p)
				check(&w.hosts[i], nil, netip.Addr{}, address, p)
			}
		}
	}
}
