package reach

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
	"strings"
)

// party is one end of a packet: an interface at one address, or an address
// that no known interface has, or a tag's addresses.
type party struct {
	addr netip.Addr
	tag  string
	v6   bool
	// iface and subnet index the network's lists, -1 for none.
	iface, subnet int
	// spot indexes the side's list of interfaces at addresses, -1 for a block.
	spot   int
	labels []string
}

// matcher is a compiled Peers.
type matcher struct {
	any      bool
	prefixes []netip.Prefix
	// except holds what the Internet tag leaves out.
	except       []netip.Prefix
	internet     bool
	labels, tags []string
}

func contains(prefixes []netip.Prefix, p *party) bool {
	for _, x := range prefixes {
		if covers(x, p) {
			return true
		}
	}
	return false
}

// covers reports whether a prefix has a party's address. Of a tag's addresses
// nothing is known but that they are addresses of the internet.
func covers(x netip.Prefix, p *party) bool {
	if p.addr.IsValid() {
		return x.Contains(p.addr)
	}
	return x.Bits() == 0 && x.Addr().Is6() == p.v6
}

func (m *matcher) match(p *party) bool {
	if m.any || contains(m.prefixes, p) {
		return true
	}
	if p.tag != "" && slices.Contains(m.tags, p.tag) {
		return true
	}
	if m.internet && p.tag != TagBalancer && !contains(m.except, p) {
		return true
	}
	for _, l := range m.labels {
		if slices.Contains(p.labels, l) {
			return true
		}
	}
	return false
}

// Service tags of Azure with a meaning of their own (Microsoft Learn, "Virtual
// network service tags").
const (
	TagNetwork  = "VirtualNetwork"
	TagInternet = "Internet"
	TagBalancer = "AzureLoadBalancer"
)

// crule is a compiled rule.
type crule struct {
	name          string
	deny          bool
	points        lines
	sports        []Range
	local, remote *matcher
	everywhere    bool // local matches everything
	unknown       string
}

// policy is a filter in one direction, seen from an interface: its rules in
// the order in which they are tried, or (union) in no order.
type policy struct {
	name  string
	union bool
	rules []crule
	cases map[string]int32
	views map[string]*view
	whole *view
}

// view is a policy with the rules that concern one interface; row holds the
// case for each spot of the side, -1 where it was not asked for.
type view struct {
	p    *policy
	mask []uint64
	row  []int32
}

// kase is the outcome for one choice of matching rules.
type kase struct {
	p    *policy
	bits []uint64
	// sets are what is let through, by class of source ports; mask what cannot
	// be told.
	sets []lineID
	mask lineID
}

func words(n int) int { return (n + 63) / 64 }

func setBit(b []uint64, i int) { b[i/64] |= 1 << (i % 64) }

func keyOf(b []uint64) string {
	out := make([]byte, 0, 8*len(b))
	for _, w := range b {
		out = binary.LittleEndian.AppendUint64(out, w)
	}
	return string(out)
}

// eachBit calls yield with the bits that are set, in order.
func eachBit(b []uint64, yield func(int) bool) {
	for i, w := range b {
		for ; w != 0; w &= w - 1 {
			if !yield(i*64 + bits.TrailingZeros64(w)) {
				return
			}
		}
	}
}

// pointsOf are the points that a rule speaks of. Ports of a rule for all
// protocols, and source ports, only mean TCP and UDP.
func pointsOf(r *Rule) lines {
	if r.Protocol >= 0 && (len(r.SourcePorts) == 0 || r.Protocol != protocolTCP && r.Protocol != protocolUDP) {
		return ofProtocol(r.Protocol, r.Ports)
	}
	if r.Protocol >= 0 {
		return ofProtocol(r.Protocol, r.Ports)
	}
	if len(r.Ports) == 0 && len(r.SourcePorts) == 0 {
		return everything()
	}
	return ofProtocol(protocolTCP, r.Ports).union(ofProtocol(protocolUDP, r.Ports))
}

func (r *crule) matchesSource(port uint16) bool {
	return len(r.sports) == 0 || slices.ContainsFunc(r.sports, func(x Range) bool { return x.First <= port && port <= x.Last })
}

// viewFor returns the policy as an interface sees it.
func (p *policy) viewFor(local *party) *view {
	if p.whole == nil {
		p.whole = &view{p: p}
		plain := true
		for i := range p.rules {
			plain = plain && p.rules[i].everywhere
		}
		if plain {
			p.whole.mask = p.full()
		}
	}
	if p.whole.mask != nil {
		return p.whole
	}
	mask := make([]uint64, words(len(p.rules)))
	for i := range p.rules {
		if r := &p.rules[i]; r.everywhere || r.unknown != "" || r.local.match(local) {
			setBit(mask, i)
		}
	}
	key := keyOf(mask)
	v := p.views[key]
	if v == nil {
		v = &view{p: p, mask: mask}
		p.views[key] = v
	}
	return v
}

func (p *policy) full() []uint64 {
	mask := make([]uint64, words(len(p.rules)))
	for i := range p.rules {
		setBit(mask, i)
	}
	return mask
}

// caseOf returns the case for one remote party.
func (s *side) caseOf(v *view, remote *party) int32 {
	if remote.spot >= 0 {
		if v.row == nil {
			s.fill(v)
		}
		return v.row[remote.spot]
	}
	chosen := make([]uint64, len(v.mask))
	eachBit(v.mask, func(i int) bool {
		if r := &v.p.rules[i]; r.unknown != "" || r.remote.match(remote) {
			setBit(chosen, i)
		}
		return true
	})
	return s.intern(v.p, chosen)
}

// fill computes the cases for all spots at once, rule by rule, because a rule
// names few of them.
func (s *side) fill(v *view) {
	n := len(v.mask)
	chosen := make([]uint64, n*len(s.spots))
	eachBit(v.mask, func(i int) bool {
		r := &v.p.rules[i]
		mark := func(spot int) bool { setBit(chosen[spot*n:], i); return true }
		if r.unknown != "" || r.remote.any {
			for spot := range s.spots {
				mark(spot)
			}
			return true
		}
		eachBit(s.spotsOf(r.remote), mark)
		return true
	})
	v.row = make([]int32, len(s.spots))
	for spot := range s.spots {
		v.row[spot] = s.intern(v.p, chosen[spot*n:(spot+1)*n])
	}
}

// spotsOf are the spots that a matcher matches.
func (s *side) spotsOf(m *matcher) []uint64 {
	if b, ok := s.matched[m]; ok {
		return b
	}
	b := make([]uint64, words(len(s.spots)))
	for i := range s.spots {
		if m.match(&s.spots[i]) {
			setBit(b, i)
		}
	}
	s.matched[m] = b
	return b
}

// intern computes what a choice of matching rules lets through.
func (s *side) intern(p *policy, chosen []uint64) int32 {
	key := keyOf(chosen)
	if id, ok := p.cases[key]; ok {
		return id
	}
	k := kase{p: p, bits: slices.Clone(chosen), sets: make([]lineID, len(s.sports))}
	var mask lines
	for i, port := range s.sports {
		var covered, allowed lines
		eachBit(chosen, func(n int) bool {
			r := &p.rules[n]
			switch {
			case r.unknown != "":
				mask = mask.union(r.points.minus(covered))
				return true
			case !r.matchesSource(port):
				return true
			case !r.deny:
				allowed = allowed.union(r.points.minus(covered))
			}
			if !p.union {
				covered = covered.union(r.points)
			}
			return true
		})
		k.sets[i] = s.book.put(allowed)
	}
	if p.union {
		mask = mask.minus(s.book.sets[k.sets[0]])
	}
	k.mask = s.book.put(mask)
	id := int32(len(s.cases))
	s.cases = append(s.cases, k)
	p.cases[key] = id
	return id
}

// explain names the rule of a case that decides over a point.
func (k *kase) explain(point uint32, port uint16) (text string, allowed bool) {
	eachBit(k.bits, func(i int) bool {
		r := &k.p.rules[i]
		if r.unknown == "" && r.points.has(point) && r.matchesSource(port) {
			text, allowed = k.p.name+": "+r.name, !r.deny
			return false
		}
		return true
	})
	if text == "" {
		text = k.p.name + ": no rule allows it"
	}
	return strings.TrimPrefix(text, ": "), allowed
}
