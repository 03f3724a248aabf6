package reach

import (
	"net/netip"
	"slices"
)

// atlas finds the first of many blocks that holds an address: by the lengths
// that occur, instead of going through all blocks.
type atlas struct {
	first map[netip.Prefix]int
	bits  []int
}

// add notes a block under a number; of equal blocks the first one counts.
func (a *atlas) add(p netip.Prefix, n int) {
	if a.first == nil {
		a.first = map[netip.Prefix]int{}
	}
	p = p.Masked()
	if old, ok := a.first[p]; !ok || n < old {
		a.first[p] = n
	}
	if !slices.Contains(a.bits, p.Bits()) {
		a.bits = append(a.bits, p.Bits())
	}
}

// at returns the lowest number of a block with the address, -1 for none.
func (a *atlas) at(addr netip.Addr) int {
	found := -1
	for _, bits := range a.bits {
		p, err := addr.Prefix(bits)
		if err != nil {
			continue
		}
		if n, ok := a.first[p]; ok && (found < 0 || n < found) {
			found = n
		}
	}
	return found
}
