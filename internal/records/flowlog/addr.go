package flowlog

import (
	"encoding/binary"
	"net/netip"
)

// addr is an IP address without pointers, so that tables of millions of them
// cost the garbage collector nothing. IPv4 is kept in its IPv6-mapped form.
type addr struct{ hi, lo uint64 }

const mapped = 0xffff << 32

func v4(n uint32) addr { return addr{0, mapped | uint64(n)} }

func (a addr) is4() bool { return a.hi == 0 && a.lo>>32 == 0xffff }

func (a addr) less(b addr) bool { return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo }

func (a addr) netip() netip.Addr {
	if a.is4() {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(a.lo))
		return netip.AddrFrom4(b)
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], a.hi)
	binary.BigEndian.PutUint64(b[8:], a.lo)
	return netip.AddrFrom16(b)
}

func (a addr) String() string {
	if a == (addr{}) {
		return ""
	}
	return a.netip().String()
}

// private reports whether the address belongs to a network of its own rather
// than the internet. 100.64.0.0/10 is used inside VPCs (secondary CIDR blocks).
func (a addr) private() bool {
	if a.is4() {
		n := uint32(a.lo)
		return n>>24 == 10 || n>>20 == 0xac1 || n>>16 == 0xc0a8 || n>>22 == 0x191 || n>>16 == 0xa9fe
	}
	return a.hi>>57 == 0x7e // fc00::/7
}

// parseAddr reads an address; ok is false for "-" and what is none.
func parseAddr(b []byte) (addr, bool) {
	var n, octet uint32
	dots, digits := 0, 0
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			octet = octet*10 + uint32(c-'0')
			if digits++; digits > 3 || octet > 255 {
				return parseWide(b)
			}
		case c == '.' && digits > 0 && dots < 3:
			n, octet, digits = n<<8|octet, 0, 0
			dots++
		default:
			return parseWide(b)
		}
	}
	if dots != 3 || digits == 0 {
		return parseWide(b)
	}
	return v4(n<<8 | octet), true
}

func parseWide(b []byte) (addr, bool) {
	if len(b) < 2 || len(b) > 45 {
		return addr{}, false
	}
	a, err := netip.ParseAddr(string(b))
	if err != nil {
		return addr{}, false
	}
	w := a.As16()
	return addr{binary.BigEndian.Uint64(w[:8]), binary.BigEndian.Uint64(w[8:])}, true
}

// parseNumber reads a decimal number; ok is false for "-" and what is none.
func parseNumber(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
