package reach

import (
	"net/netip"
	"slices"
	"sort"
)

// one is a single packet with what it wants in return.
type one struct {
	from, to   int // interfaces, -1 for outside
	a, b       netip.Addr
	tagA, tagB string
	subA, subB int
	protocol   int
	sport      uint16
	x          uint16 // destination port, or ICMP type<<8|code
}

func has(prefixes []netip.Prefix, a netip.Addr) bool {
	for _, p := range prefixes {
		if a.IsValid() && p.Contains(a) {
			return true
		}
	}
	return false
}

// bruteAWS asks for the straight way and for those through balancers.
func bruteAWS(n *Network, p one) bool { return bruteStraight(n, p) || bruteDoors(n, p) }

// bruteStraight follows one packet and its answer through the documented steps
// of a VPC, rule by rule, without any of the package's own machinery.
func bruteStraight(n *Network, p one) bool {
	var nat *NAT
	exposedOnly := false
	switch {
	case p.tagA == TagBalancer:
	case p.subA >= 0 && p.subB >= 0:
		if !bruteJoin(n, true, p.subA, p.subB, p.b, p.tagB) || !bruteJoin(n, true, p.subB, p.subA, p.a, p.tagA) {
			return false
		}
	case p.subA >= 0:
		hop, via, _ := bruteRoute(n, true, p.subA, -1, p.b, p.tagB)
		switch hop {
		case HopLocal, HopLink, HopTransit, HopPremises, HopService:
		case HopInternet:
			if bruteInternal(p.b, p.tagB) || !p.a.Is6() && !n.Interfaces[p.from].Public {
				return false
			}
		case HopEgressOnly:
			if !p.a.Is6() || bruteInternal(p.b, p.tagB) {
				return false
			}
		case HopNAT:
			nat = &n.NATs[slices.IndexFunc(n.NATs, func(x NAT) bool { return x.ID == via })]
			at := slices.IndexFunc(n.Subnets, func(s Subnet) bool { return s.ID == nat.Subnet })
			if h, _, _ := bruteRoute(n, true, at, -1, p.b, p.tagB); h != HopInternet || p.a.Is6() || bruteInternal(p.b, p.tagB) {
				return false
			}
		default:
			return false
		}
	default:
		hop, _, _ := bruteRoute(n, true, p.subB, -1, p.a, p.tagA)
		ok := hop == HopLocal || hop == HopLink || hop == HopTransit || hop == HopPremises
		if hop == HopInternet && !bruteInternal(p.a, p.tagA) && (p.b.Is6() || n.Interfaces[p.to].Public) {
			ok = true
		}
		if !ok {
			exposedOnly = !bruteInternal(p.a, p.tagA)
			if !exposedOnly {
				return false
			}
		}
	}
	if exposedOnly && !bruteExposed(n, p) {
		return false
	}
	// Groups of the sender, then of the receiver.
	same := p.subA < 0 || p.subB < 0 || n.Subnets[p.subA].Space == n.Subnets[p.subB].Space
	named := same
	if !same {
		_, via, kind := bruteRoute(n, true, p.subA, p.subB, p.b, p.tagB)
		named = kind == HopLink
		for _, t := range n.Transits {
			named = named || t.ID == via && t.Labels
		}
	}
	if p.from >= 0 && !bruteGroups(n, p.from, p.to, p, true, named) || p.to >= 0 && !bruteGroups(n, p.to, p.from, p, false, named) {
		return false
	}
	if p.subA >= 0 && p.subA == p.subB {
		return true
	}
	ack := bruteAnswer(p)
	if p.from >= 0 {
		f := n.Subnets[p.subA].Filter
		if !bruteList(n, f, p, false, true) || ack != nil && !bruteList(n, f, *ack, true, false) {
			return false
		}
	}
	if nat != nil {
		at := slices.IndexFunc(n.Subnets, func(s Subnet) bool { return s.ID == nat.Subnet })
		f := n.Subnets[at].Filter
		if at != p.subA && (!bruteList(n, f, p, false, false) || ack != nil && !bruteList(n, f, *ack, true, true)) {
			return false
		}
		if !bruteList(n, f, p, false, true) || ack != nil && !bruteList(n, f, *ack, true, false) {
			return false
		}
	}
	if p.to >= 0 {
		f := n.Subnets[p.subB].Filter
		if !bruteList(n, f, p, false, false) || ack != nil && !bruteList(n, f, *ack, true, true) {
			return false
		}
	}
	return true
}

func bruteInternal(a netip.Addr, tag string) bool { return tag == "" && a.IsPrivate() }

func bruteExposed(n *Network, p one) bool {
	return p.to >= 0 && (p.protocol == 6 || p.protocol == 17) && slices.ContainsFunc(n.Interfaces[p.to].Exposed, func(r Range) bool { return r.First <= p.x && p.x <= r.Last })
}

// bruteAnswer is the packet that comes back, nil when nobody answers.
func bruteAnswer(p one) *one {
	q := one{from: p.to, to: p.from, a: p.b, b: p.a, tagA: p.tagB, tagB: p.tagA, subA: p.subB, subB: p.subA, protocol: p.protocol, sport: p.x, x: p.sport}
	if p.protocol == 1 || p.protocol == 58 {
		switch {
		case p.protocol == 1 && p.x>>8 == 8:
			q.x = 0
		case p.protocol == 1 && p.x>>8 == 13:
			q.x = 14 << 8
		case p.protocol == 58 && p.x>>8 == 128:
			q.x = 129 << 8
		default:
			return nil
		}
	}
	if p.protocol != 1 && p.protocol != 58 && p.protocol != 6 && p.protocol != 17 {
		q.x = p.x
	}
	return &q
}

// bruteList tries an ACL's entries in order; the remote end is the sender of
// what comes in and the receiver of what goes out. back swaps nothing: the
// answer is a packet of its own.
func bruteList(n *Network, id string, p one, _ bool, out bool) bool {
	if id == "" {
		return true
	}
	f := n.Filters[slices.IndexFunc(n.Filters, func(f Filter) bool { return f.ID == id })]
	rules, remote, tag := slices.Clone(f.In), p.a, p.tagA
	if out {
		rules, remote, tag = slices.Clone(f.Out), p.b, p.tagB
	}
	sort.SliceStable(rules, func(i, j int) bool { return rules[i].Order < rules[j].Order })
	for _, r := range rules {
		peers := r.From
		if out {
			peers = r.To
		}
		if bruteCovers(r, p) && brutePeer(peers, remote, tag, nil) {
			return !r.Deny
		}
	}
	return false
}

func bruteCovers(r Rule, p one) bool {
	if r.Protocol >= 0 && r.Protocol != p.protocol {
		return false
	}
	if r.Protocol < 0 && (len(r.Ports) > 0 || len(r.SourcePorts) > 0) && p.protocol != 6 && p.protocol != 17 {
		return false
	}
	if len(r.Ports) > 0 && !slices.ContainsFunc(r.Ports, func(x Range) bool { return x.First <= p.x && p.x <= x.Last }) {
		return false
	}
	if len(r.SourcePorts) > 0 && (p.protocol == 6 || p.protocol == 17) {
		return slices.ContainsFunc(r.SourcePorts, func(x Range) bool { return x.First <= p.sport && p.sport <= x.Last })
	}
	return true
}

func brutePeer(peers Peers, a netip.Addr, tag string, labels []string) bool {
	if peers.Any || has(peers.Prefixes, a) {
		return true
	}
	if tag != "" && !a.IsValid() && slices.ContainsFunc(peers.Prefixes, func(p netip.Prefix) bool { return p.Bits() == 0 && p.Addr().Is4() }) {
		return true
	}
	for _, l := range labels {
		if slices.Contains(peers.Labels, l) {
			return true
		}
	}
	return tag != "" && slices.Contains(peers.Tags, tag)
}

// bruteGroups asks all groups of one end: one allow is enough.
func bruteGroups(n *Network, own, other int, p one, out, named bool) bool {
	if len(n.Interfaces[own].Labels) == 0 {
		return true
	}
	var labels []string
	if other >= 0 && named {
		labels = n.Interfaces[other].Labels
	}
	for _, id := range n.Interfaces[own].Labels {
		f := n.Filters[slices.IndexFunc(n.Filters, func(f Filter) bool { return f.ID == id })]
		rules := f.In
		if out {
			rules = f.Out
		}
		for _, r := range rules {
			peers, a, tag := r.From, p.a, p.tagA
			if out {
				peers, a, tag = r.To, p.b, p.tagB
			}
			if bruteCovers(r, p) && brutePeer(peers, a, tag, labels) {
				return true
			}
		}
	}
	return false
}

func bruteJoin(n *Network, aws bool, from, to int, a netip.Addr, tag string) bool {
	hop, via, kind := bruteRoute(n, aws, from, to, a, tag)
	here, there := n.Subnets[from].Space, n.Subnets[to].Space
	switch hop {
	case HopLocal:
		return here == there
	case HopLink:
		for _, l := range n.Links {
			if l.ID == via {
				return l.A == here && l.B == there || l.B == here && l.A == there
			}
		}
	case HopTransit:
		// via names the attachment at which the packet leaves.
		for _, t := range n.Transits {
			for _, x := range t.Attachments {
				if t.ID == via && x.Space == there && kind == HopTransit {
					return true
				}
			}
		}
	}
	return false
}

// bruteRoute looks for the longest prefix; what leads to a third network leads
// nowhere.
func bruteRoute(n *Network, aws bool, from, to int, a netip.Addr, tag string) (Hop, string, Hop) {
	sub := n.Subnets[from]
	if aws && from == to {
		return HopLocal, "", HopLocal
	}
	if tag == TagBalancer {
		return HopLocal, "", HopLocal
	}
	type option struct {
		bits, rank int
		hop        Hop
		via        string
	}
	var options []option
	hit := func(p netip.Prefix) bool {
		return a.IsValid() && p.Contains(a) || !a.IsValid() && p.Bits() == 0 && p.Addr().Is4()
	}
	for _, t := range n.Tables {
		for _, r := range t.Routes {
			if t.ID != sub.Table {
				continue
			}
			rank := 3
			if r.Learned {
				if rank = 2; bruteNear(n, aws, sub.Space, a) {
					continue
				}
			}
			if r.Tag != "" && r.Tag == tag {
				options = append(options, option{128, rank, r.Hop, r.Via})
			} else if r.Tag == "" && hit(r.Prefix) {
				options = append(options, option{r.Prefix.Bits(), rank, r.Hop, r.Via})
			}
		}
	}
	for _, s := range n.Spaces {
		for _, p := range s.Prefixes {
			if s.ID == sub.Space && hit(p) {
				options = append(options, option{p.Bits(), 1, HopLocal, ""})
			}
			for _, l := range n.Links {
				if !aws && hit(p) && (l.A == sub.Space && l.B == s.ID || l.B == sub.Space && l.A == s.ID) {
					options = append(options, option{p.Bits(), 1, HopLink, l.ID})
				}
			}
		}
	}
	if !aws {
		for _, text := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"} {
			if p := netip.MustParsePrefix(text); hit(p) {
				options = append(options, option{p.Bits(), 0, HopNone, ""})
			}
		}
		options = append(options, option{0, 0, HopInternet, ""})
	}
	if len(options) == 0 {
		return HopNone, "", HopNone
	}
	sort.SliceStable(options, func(i, j int) bool {
		return options[i].bits > options[j].bits || options[i].bits == options[j].bits && options[i].rank > options[j].rank
	})
	best := options[0]
	switch best.hop {
	case HopLink:
		for _, l := range n.Links {
			for _, s := range n.Spaces {
				if l.ID == best.via && (l.A == sub.Space && l.B == s.ID || l.B == sub.Space && l.A == s.ID) && has(s.Prefixes, a) {
					return HopLink, l.ID, HopLink
				}
			}
		}
		return HopNone, "", HopNone
	case HopTransit:
		return bruteTransit(n, best.via, sub.Space, a, tag)
	}
	return best.hop, best.via, best.hop
}

// bruteNear: no learned route leads away from what is near.
func bruteNear(n *Network, aws bool, space string, a netip.Addr) bool {
	for _, s := range n.Spaces {
		near := s.ID == space
		for _, l := range n.Links {
			near = near || !aws && (l.A == space && l.B == s.ID || l.B == space && l.A == s.ID)
		}
		if near && has(s.Prefixes, a) {
			return true
		}
	}
	return false
}

func bruteTransit(n *Network, id, space string, a netip.Addr, tag string) (Hop, string, Hop) {
	for _, t := range n.Transits {
		if t.ID != id {
			continue
		}
		for _, x := range t.Attachments {
			if x.Space != space {
				continue
			}
			bits, to, hop := -1, "", HopNone
			for _, table := range t.Tables {
				for _, r := range table.Routes {
					if table.ID == x.Table && r.Prefix.Bits() > bits && (has([]netip.Prefix{r.Prefix}, a) || !a.IsValid() && tag != "" && r.Prefix.Bits() == 0 && r.Prefix.Addr().Is4()) {
						bits, to, hop = r.Prefix.Bits(), r.Via, r.Hop
					}
				}
			}
			for _, y := range t.Attachments {
				if hop == HopTransit && y.ID == to {
					if y.Space == "" {
						return HopPremises, "", HopPremises
					}
					for _, s := range n.Spaces {
						if s.ID == y.Space && has(s.Prefixes, a) {
							return HopTransit, t.ID, HopTransit
						}
					}
				}
			}
			return HopNone, "", HopNone
		}
	}
	return HopNone, "", HopNone
}

// bruteAzure follows one packet through NSGs and routes of Azure.
func bruteAzure(n *Network, p one) bool {
	switch {
	case p.subA >= 0 && p.subB >= 0:
		if !bruteJoin(n, false, p.subA, p.subB, p.b, p.tagB) || !bruteJoin(n, false, p.subB, p.subA, p.a, p.tagA) {
			return false
		}
	case p.subA >= 0:
		hop, _, _ := bruteRoute(n, false, p.subA, -1, p.b, p.tagB)
		sub := n.Subnets[p.subA]
		switch hop {
		case HopLocal, HopLink, HopTransit, HopPremises, HopService:
		case HopInternet:
			if bruteInternal(p.b, p.tagB) || !n.Interfaces[p.from].Public && (p.a.Is6() || !sub.NAT && !sub.Outbound && !n.Interfaces[p.from].Translated) {
				return false
			}
		default:
			return false
		}
	default:
		hop, _, _ := bruteRoute(n, false, p.subB, -1, p.a, p.tagA)
		switch hop {
		case HopLocal, HopLink, HopTransit, HopPremises:
		case HopInternet:
			f := n.Interfaces[p.to]
			if bruteInternal(p.a, p.tagA) || !f.Public && !bruteExposed(n, p) || f.Closed && (f.Open || f.Filter == "" && n.Subnets[p.subB].Filter == "") {
				return false
			}
		default:
			return false
		}
	}
	if p.from >= 0 {
		if !bruteNSG(n, n.Interfaces[p.from].Filter, p, true) || !bruteNSG(n, n.Subnets[p.subA].Filter, p, true) {
			return false
		}
	}
	return p.to < 0 || n.Interfaces[p.to].Open || bruteNSG(n, n.Subnets[p.subB].Filter, p, false) && bruteNSG(n, n.Interfaces[p.to].Filter, p, false)
}

func bruteNSG(n *Network, id string, p one, out bool) bool {
	if id == "" {
		return true
	}
	f := n.Filters[slices.IndexFunc(n.Filters, func(f Filter) bool { return f.ID == id })]
	rules, near := slices.Clone(f.In), p.subB
	if out {
		rules, near = slices.Clone(f.Out), p.subA
	}
	sort.SliceStable(rules, func(i, j int) bool { return rules[i].Order < rules[j].Order })
	var fromLabels, toLabels []string
	if p.from >= 0 {
		fromLabels = n.Interfaces[p.from].Labels
	}
	if p.to >= 0 {
		toLabels = n.Interfaces[p.to].Labels
	}
	for _, r := range rules {
		if bruteCovers(r, p) && bruteTagged(n, r.From, near, p.a, p.tagA, fromLabels) && bruteTagged(n, r.To, near, p.b, p.tagB, toLabels) {
			return !r.Deny
		}
	}
	return false
}

// bruteTagged adds what Azure's own tags mean at a subnet.
func bruteTagged(n *Network, peers Peers, near int, a netip.Addr, tag string, labels []string) bool {
	if brutePeer(peers, a, tag, labels) {
		return true
	}
	sub := n.Subnets[near]
	inside := a == hostAddress()
	for _, s := range n.Spaces {
		joined := s.ID == sub.Space
		for _, l := range n.Links {
			joined = joined || l.A == s.ID && l.B == sub.Space || l.B == s.ID && l.A == sub.Space
		}
		inside = inside || joined && has(s.Prefixes, a)
	}
	for _, t := range n.Tables {
		for _, r := range t.Routes {
			if t.ID == sub.Table && r.Tag == "" && r.Hop != HopInternet && r.Hop != HopNone {
				inside = inside || has([]netip.Prefix{r.Prefix}, a) || !a.IsValid() && r.Prefix.Bits() == 0 && r.Prefix.Addr().Is4()
			}
		}
	}
	return slices.Contains(peers.Tags, TagNetwork) && inside || slices.Contains(peers.Tags, TagInternet) && !inside && tag != TagBalancer
}
