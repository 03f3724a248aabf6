package network

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
)

func block(text string) netip.Prefix { return netip.MustParsePrefix(text) }

// What an IpPermission of AWS becomes, and what no NSG can say of it.
func TestProtocols(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		protocol, from, to any
		want               string
		ports              []span
		gap                string
	}{
		{"tcp", 443.0, 443.0, "tcp", []span{{443, 443}}, ""},
		{"tcp", "1024", "65535", "tcp", []span{{1024, 65535}}, ""},
		{"6", 22.0, 22.0, "tcp", []span{{22, 22}}, ""},
		{6.0, 22.0, 22.0, "tcp", []span{{22, 22}}, ""},
		{"17", 53.0, 53.0, "udp", []span{{53, 53}}, ""},
		{"UDP", 0.0, 65535.0, "udp", everyPort(), ""},
		{"tcp", nil, nil, "tcp", everyPort(), ""},
		{"tcp", -1.0, -1.0, "tcp", everyPort(), ""},
		{"tcp", 80.0, nil, "tcp", []span{{80, 80}}, ""},
		{"-1", 80.0, 80.0, "*", everyPort(), ""},
		{-1.0, nil, nil, "*", everyPort(), ""},
		{"all", nil, nil, "*", everyPort(), ""},
		{"icmp", -1.0, -1.0, "icmp", everyPort(), ""},
		{"1", nil, nil, "icmp", everyPort(), ""},
		{"icmp", 8.0, -1.0, "", nil, "securitygroup.icmp-type"},
		{"icmp", 3.0, 4.0, "", nil, "securitygroup.icmp-type"},
		{"icmpv6", -1.0, -1.0, "", nil, "securitygroup.icmpv6"},
		{"58", nil, nil, "", nil, "securitygroup.icmpv6"},
		{"50", nil, nil, "esp", everyPort(), ""},
		{"51", nil, nil, "ah", everyPort(), ""},
		{"47", nil, nil, "", nil, "securitygroup.protocol"},
		{"4", nil, nil, "", nil, "securitygroup.protocol"},
		{"112", nil, nil, "", nil, "securitygroup.protocol"},
		{"${param:Protocol}", 1.0, 2.0, "", nil, "securitygroup.unresolved"},
		{map[string]any{"Ref": "x"}, 1.0, 2.0, "", nil, "securitygroup.unresolved"},
		{"tcp", "${param:Port}", "${param:Port}", "", nil, "securitygroup.unresolved"},
		{"tcp", 90.0, 80.0, "", nil, "securitygroup.unresolved"},
		{"tcp", 1.0, 65536.0, "", nil, "securitygroup.unresolved"},
		{"tcp", []any{1.0}, "x", "", nil, "securitygroup.unresolved"},
	} {
		got, ports, missing := readProtocol(map[string]any{"IpProtocol": c.protocol, "FromPort": c.from, "ToPort": c.to})
		gap := ""
		if missing != nil {
			gap = missing.gap
		}
		if got != c.want || !slices.Equal(ports, c.ports) || gap != c.gap {
			t.Errorf("%v %v-%v: %q %v gap %q, want %q %v gap %q", c.protocol, c.from, c.to, got, ports, gap, c.want, c.ports, c.gap)
		}
	}
}

// The subnets whose names and sizes Azure demands.
func TestSubnetsWithRulesOfTheirOwn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, delegation, exact string
		bits                    int
		open, closed            bool
	}{
		{"bastion", "", "AzureBastionSubnet", 26, true, true},
		{"GatewaySubnet", "", "GatewaySubnet", 27, true, true},
		{"firewall", "", "AzureFirewallSubnet", 26, true, true},
		{"AzureFirewallSubnet", "", "AzureFirewallSubnet", 26, true, true},
		{"routeserversubnet", "", "RouteServerSubnet", 26, true, true},
		{"app-gateway", "", "", 0, false, true},
		{"endpoints", "", "", 0, false, true},
		{"nodes", "", "", 0, false, false},
		{"functions", "Microsoft.Web/serverFarms", "", 0, false, false},
		{"apps", "Microsoft.App/environments", "", 0, false, false},
		{"postgres", "Microsoft.DBforPostgreSQL/flexibleServers", "", 0, false, true},
		{"sqlmi", "Microsoft.Sql/managedInstances", "", 0, false, true},
	} {
		if got := formOf(c.name, c.delegation); got != (form{c.exact, c.bits, c.open, c.closed}) {
			t.Errorf("%s %s: %+v", c.name, c.delegation, got)
		}
	}
}

func TestFreeBlocks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in    string
		bits  int
		taken []string
		first string
		last  string
	}{
		{"10.0.0.0/16", 24, nil, "10.0.0.0/24", "10.0.255.0/24"},
		{"10.0.0.0/16", 16, nil, "10.0.0.0/16", "10.0.0.0/16"},
		{"10.0.0.0/16", 15, nil, "", ""},
		{"10.0.0.0/24", 28, []string{"10.0.0.0/25"}, "10.0.0.128/28", "10.0.0.240/28"},
		{"10.0.0.0/24", 28, []string{"10.0.0.0/28", "10.0.0.240/28"}, "10.0.0.16/28", "10.0.0.224/28"},
		{"10.0.0.0/24", 25, []string{"10.0.0.64/32", "10.0.0.200/32"}, "", ""},
		{"10.0.0.0/24", 29, []string{"10.0.0.0/24"}, "", ""},
		{"10.0.0.0/24", 29, []string{"0.0.0.0/0"}, "", ""},
		{"255.255.255.0/24", 26, []string{"255.255.255.0/25"}, "255.255.255.128/26", "255.255.255.192/26"},
		{"255.255.255.0/24", 24, []string{"255.255.255.255/32"}, "", ""},
		{"0.0.0.0/24", 25, []string{"0.0.0.128/25"}, "0.0.0.0/25", "0.0.0.0/25"},
		{"0.0.0.0/24", 24, []string{"0.0.0.0/32"}, "", ""},
	} {
		var taken []netip.Prefix
		for _, x := range c.taken {
			taken = append(taken, block(x))
		}
		show := func(p netip.Prefix, ok bool) string {
			if !ok {
				return ""
			}
			return p.String()
		}
		in := block(c.in)
		if got := show(firstFree(in, c.bits, in.Addr(), taken)); got != c.first {
			t.Errorf("first /%d in %s beside %v: %q, want %q", c.bits, c.in, c.taken, got, c.first)
		}
		if got := show(lastFree(in, c.bits, taken)); got != c.last {
			t.Errorf("last /%d in %s beside %v: %q, want %q", c.bits, c.in, c.taken, got, c.last)
		}
	}
}

// A VNet stands behind its VPC in the same range, and in another range when
// that one is full.
func TestNextFree(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		after string
		bits  int
		taken []string
		want  string
	}{
		{"10.0.0.0/16", 16, nil, "10.1.0.0/16"},
		{"10.255.0.0/16", 16, nil, "10.0.0.0/16"},
		{"172.31.0.0/16", 16, nil, "10.0.0.0/16"},
		{"192.168.0.0/16", 16, nil, "10.0.0.0/16"},
		{"192.168.0.0/24", 24, nil, "192.168.1.0/24"},
		{"100.64.0.0/16", 16, nil, "10.0.0.0/16"},
		{"10.0.0.0/8", 8, []string{"10.0.0.0/8"}, ""},
		{"10.0.0.0/12", 12, []string{"10.0.0.0/8"}, "172.16.0.0/12"},
		{"10.0.0.0/20", 20, []string{"10.0.16.0/24"}, "10.0.32.0/20"},
	} {
		var taken []netip.Prefix
		for _, x := range c.taken {
			taken = append(taken, block(x))
		}
		got, ok := nextFree(block(c.after), c.bits, taken)
		if (ok && got.String() != c.want) || ok != (c.want != "") {
			t.Errorf("/%d behind %s beside %v: %v %v, want %q", c.bits, c.after, c.taken, got, ok, c.want)
		}
	}
}

func TestMovedKeepsTheOffset(t *testing.T) {
	t.Parallel()
	b := Block{Source: block("10.20.0.0/16"), Target: block("10.21.0.0/16")}
	for from, to := range map[string]string{
		"10.20.0.0/16": "10.21.0.0/16", "10.20.7.0/24": "10.21.7.0/24", "10.20.255.240/28": "10.21.255.240/28", "10.20.1.4/32": "10.21.1.4/32", "10.20.255.255/32": "10.21.255.255/32",
	} {
		if got := b.moved(block(from)).String(); got != to {
			t.Errorf("%s moves to %s, want %s", from, got, to)
		}
	}
}

// Names of rules are at most 80 characters, begin and end as Azure wants, and
// differ whatever the case.
func TestRuleNames(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	seen := map[string]bool{}
	for _, text := range []string{
		"allow-tcp-443", "ALLOW-TCP-443", "allow tcp/443", "-_.", "", "ümlaut", strings.Repeat("x", 200), strings.Repeat("x", 200), strings.Repeat("x", 79) + "-y", "a" + strings.Repeat("-", 120) + "b",
	} {
		got := ruleName("r"+text, names)
		if len(got) > 80 || got == "" || strings.Trim(got, "-._") != got || seen[strings.ToLower(got)] {
			t.Errorf("%q becomes %q", text, got)
		}
		seen[strings.ToLower(got)] = true
	}
}

// Flows that say the same in fewer rules become fewer.
func TestMergedRules(t *testing.T) {
	t.Parallel()
	from := func(text string) peer { return peer{block: block(text)} }
	for name, c := range map[string]struct {
		flows []flow
		want  []rule
	}{
		"ports that touch join": {
			[]flow{{"tcp", []span{{80, 80}}, from("192.0.2.0/24")}, {"tcp", []span{{81, 90}}, from("192.0.2.0/24")}},
			[]rule{{protocol: "tcp", ports: []span{{80, 90}}, peers: []peer{from("192.0.2.0/24")}}},
		},
		"peers with the same ports share a rule": {
			[]flow{{"tcp", []span{{80, 80}}, from("192.0.2.0/25")}, {"tcp", []span{{80, 80}}, from("198.51.100.0/24")}},
			[]rule{{protocol: "tcp", ports: []span{{80, 80}}, peers: []peer{from("192.0.2.0/25"), from("198.51.100.0/24")}}},
		},
		"a block inside another says nothing": {
			[]flow{{"tcp", []span{{80, 80}}, from("192.0.2.0/24")}, {"tcp", []span{{80, 80}}, from("192.0.2.7/32")}},
			[]rule{{protocol: "tcp", ports: []span{{80, 80}}, peers: []peer{from("192.0.2.0/24")}}},
		},
		"a block inside another with more ports stays": {
			[]flow{{"tcp", []span{{80, 80}}, from("192.0.2.0/24")}, {"tcp", []span{{80, 81}}, from("192.0.2.7/32")}},
			[]rule{{protocol: "tcp", ports: []span{{80, 80}}, peers: []peer{from("192.0.2.0/24")}}, {protocol: "tcp", ports: []span{{80, 81}}, peers: []peer{from("192.0.2.7/32")}}},
		},
		"all protocols cover one": {
			[]flow{{"*", everyPort(), from("192.0.2.0/24")}, {"tcp", []span{{80, 80}}, from("192.0.2.0/24")}},
			[]rule{{protocol: "*", ports: everyPort(), peers: []peer{from("192.0.2.0/24")}}},
		},
		"tags, addresses and both families stand apart": {
			[]flow{{"tcp", []span{{443, 443}}, peer{tag: "Storage"}}, {"tcp", []span{{443, 443}}, peer{tag: "Sql"}}, {"tcp", []span{{443, 443}}, from("192.0.2.0/24")}, {"tcp", []span{{443, 443}}, from("2001:db8::/32")}},
			[]rule{
				{protocol: "tcp", ports: []span{{443, 443}}, peers: []peer{from("192.0.2.0/24")}}, {protocol: "tcp", ports: []span{{443, 443}}, peers: []peer{from("2001:db8::/32")}},
				{protocol: "tcp", ports: []span{{443, 443}}, peers: []peer{{tag: "Sql"}}}, {protocol: "tcp", ports: []span{{443, 443}}, peers: []peer{{tag: "Storage"}}},
			},
		},
	} {
		got := merged(c.flows)
		if len(got) != len(c.want) {
			t.Errorf("%s: %+v", name, got)
			continue
		}
		for i, r := range got {
			if r.protocol != c.want[i].protocol || !slices.Equal(r.ports, c.want[i].ports) || !slices.Equal(r.peers, c.want[i].peers) {
				t.Errorf("%s: rule %d is %+v, want %+v", name, i, r, c.want[i])
			}
		}
	}
}

// One side of a rule names at most ten groups, and 4,000 addresses.
func TestSidesOfRulesAreFull(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ groups, addresses, rules int }{{10, 0, 1}, {11, 0, 2}, {25, 0, 3}, {0, 4000, 1}, {0, 4001, 2}} {
		var flows []flow
		for i := range c.groups {
			flows = append(flows, flow{"tcp", []span{{80, 80}}, peer{asg: idOf(i)}})
		}
		for i := range c.addresses {
			// Every other address, so that none joins another.
			flows = append(flows, flow{"tcp", []span{{80, 80}}, peer{block: netip.PrefixFrom(netip.AddrFrom4([4]byte{192, byte(i >> 8), byte(i), 1}), 32)}})
		}
		if got := merged(flows); len(got) != c.rules {
			t.Errorf("%d groups and %d addresses need %d rules, want %d", c.groups, c.addresses, len(got), c.rules)
		}
	}
}

func TestNumbersThatNobodyMayHave(t *testing.T) {
	t.Parallel()
	for asn, kept := range map[int]bool{64512: false, 65000: false, 65514: false, 65515: true, 65516: false, 65517: true, 65520: true, 65521: false, 65534: false, 65535: true, 12076: true, 8075: true, 64496: true, 64511: true, 65551: true, 4200000000: false} {
		if keptASN(asn) != kept {
			t.Errorf("AS %d is kept: %v", asn, !kept)
		}
	}
}

func idOf(n int) cloud.ResourceID { return cloud.ResourceID("/asg/" + strconv.Itoa(n)) }
