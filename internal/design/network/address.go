package network

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// Block is a pair of equally large blocks of addresses: what is at an offset
// in Source is at the same offset in Target.
type Block struct {
	Source, Target netip.Prefix
}

// moved returns where a block inside Source stands at the target.
func (b Block) moved(p netip.Prefix) netip.Prefix {
	source, target, inside := b.Source.Masked().Addr().AsSlice(), b.Target.Masked().Addr().AsSlice(), p.Masked().Addr().AsSlice()
	for i := range inside {
		inside[i] = target[i] | inside[i]&^source[i]
	}
	addr, _ := netip.AddrFromSlice(inside)
	return netip.PrefixFrom(addr, p.Bits())
}

// contains reports whether inner is all in outer.
func contains(outer, inner netip.Prefix) bool {
	return outer.Addr().Is4() == inner.Addr().Is4() && outer.Bits() <= inner.Bits() && outer.Overlaps(inner)
}

// parsePrefix reads a block or a single address, IPv4 or IPv6.
func parsePrefix(text string) (netip.Prefix, bool) {
	text = strings.TrimSpace(text)
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.Masked(), true
	}
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	return netip.Prefix{}, false
}

// private are the ranges in which VNets are placed (RFC 1918).
func private() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16")}
}

// reserved are blocks that no VNet gets: AWS puts the default VPC of every
// account into 172.31.0.0/16, and AKS refuses 172.30.0.0/16 and 172.31.0.0/16
// beside its own ranges (Microsoft Learn, "Configure Azure CNI networking in
// AKS"); container hosts use 172.17.0.0/16 for themselves.
func reserved() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("172.17.0.0/16"), netip.MustParsePrefix("172.30.0.0/16"), netip.MustParsePrefix("172.31.0.0/16")}
}

// nextFree returns the first free block of a length: behind the given one in
// its own private range, then from the beginning of all of them.
func nextFree(after netip.Prefix, bits int, taken []netip.Prefix) (netip.Prefix, bool) {
	for _, in := range private() {
		if after.IsValid() && in.Overlaps(after) {
			if p, ok := firstFree(in, bits, behind(after), taken); ok {
				return p, true
			}
		}
	}
	for _, in := range private() {
		if p, ok := firstFree(in, bits, in.Addr(), taken); ok {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

// firstFree returns the first free block of a length inside another, not
// before an address.
func firstFree(in netip.Prefix, bits int, from netip.Addr, taken []netip.Prefix) (netip.Prefix, bool) {
	if bits < in.Bits() || !from.IsValid() {
		return netip.Prefix{}, false
	}
	p := netip.PrefixFrom(from, bits).Masked()
	if p.Addr() != from {
		p = netip.PrefixFrom(behind(p), bits)
	}
	for p.Addr().IsValid() && contains(in, p) {
		i := slices.IndexFunc(taken, p.Overlaps)
		if i < 0 {
			return p, true
		}
		// Behind whichever is larger: both begin at a multiple of their size.
		next := behind(p)
		if t := behind(taken[i]); !t.IsValid() || next.Less(t) {
			next = t
		}
		p = netip.PrefixFrom(next, bits)
	}
	return netip.Prefix{}, false
}

// lastFree returns the last free block of a length inside another, so that
// subnets of our own keep out of the way of those that follow the source.
func lastFree(in netip.Prefix, bits int, taken []netip.Prefix) (netip.Prefix, bool) {
	if bits < in.Bits() {
		return netip.Prefix{}, false
	}
	p := netip.PrefixFrom(last(in), bits).Masked()
	for contains(in, p) {
		i := slices.IndexFunc(taken, p.Overlaps)
		if i < 0 {
			return p, true
		}
		before := p.Addr()
		if t := taken[i].Masked().Addr(); t.Less(before) {
			before = t
		}
		before = before.Prev()
		if !before.IsValid() {
			break
		}
		p = netip.PrefixFrom(before, bits).Masked()
	}
	return netip.Prefix{}, false
}

// last returns the last address of a block.
func last(p netip.Prefix) netip.Addr {
	bytes := p.Masked().Addr().AsSlice()
	for bit := p.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	addr, _ := netip.AddrFromSlice(bytes)
	return addr
}

// behind returns the first address behind a block; it is not valid behind the
// last block there is.
func behind(p netip.Prefix) netip.Addr { return last(p).Next() }

// nth returns the address at an offset in a block.
func nth(p netip.Prefix, n int) netip.Addr {
	addr := p.Masked().Addr()
	for range n {
		addr = addr.Next()
	}
	return addr
}

// sorted orders blocks and drops those that another one contains.
func sorted(list []netip.Prefix) []netip.Prefix {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b netip.Prefix) int {
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
	})
	var out []netip.Prefix
	for _, p := range list {
		if len(out) == 0 || !contains(out[len(out)-1], p) {
			out = append(out, p)
		}
	}
	return out
}

func texts(list []netip.Prefix) []string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = p.String()
	}
	return out
}
