package reach

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// two is a pair of networks with a machine each for web and db, in which web
// may reach db on 5432 and everything may go out, and their pairing.
func two() (Network, Network, Pairing) {
	world := from("0.0.0.0/0")
	source := Network{
		Spaces:  []Space{{ID: "vpc", Prefixes: prefixesOf("10.0.0.0/16")}},
		Subnets: []Subnet{{ID: "s", Space: "vpc", Prefixes: prefixesOf("10.0.1.0/24"), Table: "r"}},
		Tables:  []Table{{ID: "r", Routes: []Route{{Prefix: world.Prefixes[0], Hop: HopInternet}}}},
		Filters: []Filter{
			{ID: "web", Out: []Rule{allow(0, -1, nil, anyone(), world)}},
			{ID: "db", In: []Rule{allow(0, 6, portsFrom(5432, 5432), Peers{Labels: []string{"web"}}, anyone())}, Out: []Rule{allow(0, -1, nil, anyone(), world)}},
		},
		Interfaces: []Interface{
			{ID: "web1", Labels: []string{"web"}, Places: []Place{{"s", netip.MustParseAddr("10.0.1.4")}}, Public: true}, {ID: "db1", Labels: []string{"db"}, Places: []Place{{"s", netip.MustParseAddr("10.0.1.5")}}},
		},
	}
	shut := deny(4096, -1, nil, anyone(), anyone())
	open := allow(100, -1, nil, anyone(), world)
	target := Network{
		Spaces:  []Space{{ID: "vnet", Prefixes: prefixesOf("10.7.0.0/16")}},
		Subnets: []Subnet{{ID: "t", Space: "vnet", Prefixes: prefixesOf("10.7.1.0/24")}},
		Filters: []Filter{
			{ID: "nsg-web", In: []Rule{shut}, Out: []Rule{open, shut}},
			{ID: "nsg-db", In: []Rule{allow(100, 6, portsFrom(5432, 5432), Peers{Labels: []string{"asg-web"}}, anyone()), shut}, Out: []Rule{open, shut}},
		},
		Interfaces: []Interface{
			{ID: "nic-web", Filter: "nsg-web", Labels: []string{"asg-web"}, Places: []Place{{Subnet: "t"}}, Public: true}, {ID: "nic-db", Filter: "nsg-db", Places: []Place{{Subnet: "t"}}},
		},
	}
	return source, target, Pairing{Ends: []Pair{{Source: "web1", Target: "nic-web"}, {Source: "db1", Target: "nic-db"}}, Blocks: []BlockPair{{netip.MustParsePrefix("10.0.0.0/16"), netip.MustParsePrefix("10.7.0.0/16")}}}
}

// TestCompareSays changes one thing at a time and looks for what the proof says.
func TestCompareSays(t *testing.T) {
	t.Parallel()
	world := from("0.0.0.0/0")
	cases := []struct {
		name   string
		change func(s, t *Network, p *Pairing)
		// want are the names of the differences, undecided a part of the first
		// undecided text.
		want      []string
		undecided string
	}{
		{"nothing", func(s, t *Network, p *Pairing) {}, nil, ""},
		{"a wider port", func(s, t *Network, p *Pairing) { t.Filters[1].In[0].Ports = portsFrom(5432, 5440) }, []string{"network.wider:web1:db1:tcp:5433-5440"}, ""},
		{"a dropped rule", func(s, t *Network, p *Pairing) { t.Filters[1].In = t.Filters[1].In[1:] }, []string{"network.narrower:web1:db1:tcp:5432"}, ""},
		{"a block instead of the group", func(s, t *Network, p *Pairing) { t.Filters[1].In[0].From = from("10.7.1.0/24") }, []string{"network.wider:10.0.1.0/24:db1:tcp:5432"}, ""},
		{"ICMP types, which an NSG does not know", func(s, t *Network, p *Pairing) {
			s.Filters[1].In = append(s.Filters[1].In, allow(0, 1, portsFrom(8<<8, 8<<8|255), world, anyone()))
			t.Filters[1].In = append([]Rule{allow(90, 1, nil, world, anyone())}, t.Filters[1].In...)
		}, []string{"network.wider:web1:db1:icmp:types-0-7,types-9-255"}, ""},
		{"GRE that a rule names", func(s, t *Network, p *Pairing) {
			s.Filters[1].In = append(s.Filters[1].In, allow(0, 47, nil, Peers{Labels: []string{"web"}}, anyone()))
		}, []string{"network.narrower:web1:db1:gre:all"}, ""},
		{"another port", func(s, t *Network, p *Pairing) {
			t.Filters[1].In[0].Ports = []Range{{5432, 5432}, {10000, 10000}}
			p.Ends[1].Ports = []PortPair{{5432, 10000}}
		}, nil, ""},
		{"the other port missing", func(s, t *Network, p *Pairing) { p.Ends[1].Ports = []PortPair{{5432, 10000}} }, []string{"network.narrower:web1:db1:tcp:10000"}, ""},
		{"the platform's own port", func(s, t *Network, p *Pairing) {
			t.Filters[1].In = append([]Rule{{Name: "platform", Order: 90, Protocol: 6, Ports: portsFrom(65200, 65535), From: Peers{Tags: []string{"GatewayManager"}}, To: anyone()}}, t.Filters[1].In...)
			t.Interfaces[1].Public, s.Interfaces[1].Public = true, true
			p.Expected = []Expected{{"nsg-db: platform", "demanded"}}
		}, []string{"network.platform:gatewaymanager:db1:tcp:65200-65535"}, ""},
		{"prefix list and service tag", func(s, t *Network, p *Pairing) {
			s.Filters[0].Out = []Rule{allow(0, 6, portsFrom(443, 443), anyone(), Peers{Tags: []string{"aws:s3"}})}
			t.Filters[0].Out[0] = allow(100, 6, portsFrom(443, 443), anyone(), Peers{Tags: []string{"Storage"}})
			p.Tags = map[string]string{"Storage": "aws:s3"}
		}, nil, ""},
		{"no public address", func(s, t *Network, p *Pairing) { t.Interfaces[0].Public = false }, []string{"network.narrower:web1:0.0.0.0/0:any:all"}, ""},
		{"a way out that was none", func(s, t *Network, p *Pairing) { t.Subnets[0].Outbound = true }, []string{"network.wider:db1:0.0.0.0/0:any:all"}, ""},
		{"a port that is not known", func(s, t *Network, p *Pairing) {
			s.Filters[1].In[0].Unknown = "ports ${param:Port} are not known"
		}, nil, "ports ${param:Port} are not known"},
		{"a route through a machine", func(s, t *Network, p *Pairing) {
			t.Subnets[0].Table = "own"
			t.Tables = []Table{{ID: "own", Routes: []Route{{Prefix: netip.MustParsePrefix("0.0.0.0/0"), Hop: HopUnknown, Via: "10.7.9.4"}}}}
		}, nil, "0.0.0.0/0 to unknown 10.7.9.4"},
		{"a group that is not known", func(s, t *Network, p *Pairing) { s.Interfaces[1].Labels = []string{"gone"} }, nil, "filter gone is not known"},
		{"a subnet that is not known", func(s, t *Network, p *Pairing) { t.Interfaces[1].Places[0].Subnet = "[parameters('subnet')]" }, nil, "place of db1"},
		{"IPv6 on one side only", func(s, t *Network, p *Pairing) {
			s.Subnets[0].Prefixes = prefixesOf("10.0.1.0/24", "2001:db8::/64")
			s.Interfaces[0].Places = append(s.Interfaces[0].Places, Place{"s", netip.MustParseAddr("2001:db8::4")})
		}, nil, "IPv6 of web1"},
		{"a doubt about its network", func(s, t *Network, p *Pairing) { s.Doubts = []Doubt{{"vpc", "BGP"}, {"elsewhere", "nothing"}} }, nil, "BGP"},
		{"a doubt about another network", func(s, t *Network, p *Pairing) { s.Doubts = []Doubt{{"elsewhere", "nothing"}} }, nil, ""},
		{"a pair that is not there", func(s, t *Network, p *Pairing) { p.Ends = append(p.Ends, Pair{Source: "gone", Target: "nic-db"}) }, nil, "pair of gone and nic-db"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, g, p := two()
			c.change(&s, &g, &p)
			cmp, proof := run(s, g, p)
			var names []string
			platform := true
			for _, d := range proof.Differences {
				names = append(names, d.Name)
				platform = platform && strings.HasPrefix(d.Name, "network.platform:") && d.Accepted != ""
			}
			for _, want := range c.want {
				if !slices.Contains(names, want) {
					t.Errorf("no %q in %q", want, names)
				}
			}
			if len(c.want) == 0 && len(names) > 0 {
				t.Errorf("differences %q", names)
			}
			if c.undecided == "" && len(proof.Undecided) > 0 || c.undecided != "" && !strings.Contains(strings.Join(proof.Undecided, "\n"), c.undecided) {
				t.Errorf("undecided %q", proof.Undecided)
			}
			if proof.Equal != (platform && c.undecided == "") {
				t.Errorf("equal is %v: %+v", proof.Equal, proof)
			}
			if c.undecided == "" {
				if err := cmp.sound(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestAcceptedByName keeps the difference, and does not call it equal.
func TestAcceptedByName(t *testing.T) {
	t.Parallel()
	s, g, p := two()
	g.Filters[1].In[0].Ports = portsFrom(5432, 5433)
	p.Accepted = map[string]string{"network.wider:web1:db1:tcp:5433": "for the admin tool"}
	proof := Compare(s, g, p)
	want := []Difference{{
		Name: "network.wider:web1:db1:tcp:5433", Wider: true, From: "web1", To: "db1", Packet: "tcp 10.0.1.4 -> 10.0.1.5 (at the target 10.7.1.4 -> 10.7.1.5) port 5433", Protocol: "tcp", Ports: "5433",
		SourceRule: "db: no rule allows it", TargetRule: "nsg-db: allow", Accepted: "for the admin tool",
	}}
	if proof.Equal || !reflect.DeepEqual(proof.Differences, want) {
		t.Errorf("%+v", proof)
	}
}

// FuzzLines checks the algebra of sets against single points.
func FuzzLines(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6}, uint16(3))
	f.Fuzz(func(t *testing.T, data []byte, at uint16) {
		var a, b lines
		for i := 0; i+2 < len(data); i += 3 {
			s := span{uint32(data[i]), uint32(data[i]) + uint32(data[i+1]%9)}
			if data[i+2]%2 == 0 {
				a = append(a, s)
			} else {
				b = append(b, s)
			}
		}
		a, b = a.tidy(), b.tidy()
		p := uint32(at % 300)
		if x, y := a.has(p), b.has(p); a.union(b).has(p) != (x || y) || a.intersect(b).has(p) != (x && y) || a.minus(b).has(p) != (x && !y) {
			t.Errorf("%v %v at %d", a, b, p)
		}
	})
}

// TestCells checks that the cells of prefixes are all different to them, and
// together everything.
func TestCells(t *testing.T) {
	t.Parallel()
	prefixes := prefixesOf("0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.0.0.4/32", "203.0.113.0/24", "10.0.0.0/8")
	got := map[string]string{}
	for _, c := range cells(prefixes, map[netip.Addr]bool{netip.MustParseAddr("10.0.0.0"): true}) {
		got[c.block.String()] = c.addr.String()
	}
	want := map[string]string{"0.0.0.0/0": "0.0.0.0", "10.0.0.0/9": "10.0.0.1", "10.128.0.0/9": "10.128.0.0", "10.0.0.4/32": "10.0.0.4", "203.0.113.0/24": "203.0.113.0"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
