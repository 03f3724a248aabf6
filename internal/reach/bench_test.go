package reach

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// large makes groups with rules, and endpoints in two groups each, in 40
// subnets of one VPC.
func large(groups, rules, endpoints int) Network {
	m := rand.New(rand.NewPCG(1, 1))
	n := Network{Spaces: []Space{{ID: "v", Prefixes: []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16")}}}, Tables: []Table{{ID: "r", Routes: []Route{{Prefix: wholeWorld()[0], Hop: HopInternet}}}}}
	for i := range 40 {
		n.Subnets = append(n.Subnets, Subnet{ID: fmt.Sprint("s", i), Space: "v", Table: "r", Prefixes: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 20, byte(i), 0}), 24)}})
	}
	for i := range groups {
		f := Filter{ID: fmt.Sprint("g", i)}
		for j := range rules {
			r := Rule{Name: fmt.Sprint("rule ", j), Protocol: []int{6, 6, 6, 17}[m.IntN(4)], From: Peers{Any: true}, To: Peers{Any: true}}
			port := uint16(m.IntN(65000))
			r.Ports = []Range{{port, port + uint16(m.IntN(3))}}
			peer := Peers{Labels: []string{fmt.Sprint("g", m.IntN(groups))}}
			switch m.IntN(4) {
			case 0:
				peer = Peers{Prefixes: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 20, byte(m.IntN(40)), 0}), 24)}}
			case 1:
				peer = Peers{Prefixes: []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{203, byte(m.IntN(100)), 113, byte(m.IntN(256))}), 32)}}
			}
			if j%5 == 4 {
				r.To = peer
				f.Out = append(f.Out, r)
			} else {
				r.From = peer
				f.In = append(f.In, r)
			}
		}
		f.Out = append(f.Out, Rule{Name: "open", Protocol: -1, From: Peers{Any: true}, To: Peers{Prefixes: wholeWorld()[:1]}})
		n.Filters = append(n.Filters, f)
	}
	for i := range endpoints {
		n.Interfaces = append(n.Interfaces, Interface{ID: fmt.Sprint("i", i), Public: true, Labels: []string{fmt.Sprint("g", i%groups), fmt.Sprint("g", m.IntN(groups))},
			Places: []Place{{Subnet: fmt.Sprint("s", i%40), Address: netip.AddrFrom4([4]byte{10, 20, byte(i % 40), byte(4 + i/40)})}}})
	}
	return n
}

func largePair(groups, rules, endpoints int) (Network, Network, Pairing) {
	source := large(groups, rules, endpoints)
	p := Pairing{Blocks: []BlockPair{{netip.MustParsePrefix("10.20.0.0/16"), netip.MustParsePrefix("10.40.0.0/16")}}}
	for i := range endpoints {
		p.Ends = append(p.Ends, Pair{Source: fmt.Sprint("i", i), Target: fmt.Sprint("i", i)})
	}
	return source, mirrored(source, p), p
}

// BenchmarkCompare proves 1,000 security groups of 50 rules with 2,000
// endpoints: four million ordered pairs.
func BenchmarkCompare(b *testing.B) {
	source, target, p := largePair(1000, 50, 2000)
	for b.Loop() {
		if proof := Compare(source, target, p); !proof.Equal {
			b.Fatal(proof.Differences[:1])
		}
	}
}

// TestLargeMutantIsFound changes one rule among tens of thousands.
func TestLargeMutantIsFound(t *testing.T) {
	t.Parallel()
	source, target, p := largePair(60, 20, 120)
	if proof := Compare(source, target, p); !proof.Equal {
		t.Fatal(proof.Differences, proof.Undecided)
	}
	rule := &target.Filters[17].In[5]
	rule.Ports = []Range{{rule.Ports[0].First, rule.Ports[0].Last + 1}}
	proof := Compare(source, target, p)
	if proof.Equal || len(proof.Differences) != 1 || !proof.Differences[0].Wider {
		t.Fatalf("%+v", proof)
	}
}
