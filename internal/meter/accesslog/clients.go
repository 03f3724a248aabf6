package accesslog

import (
	"math"
	"slices"
)

// distinct estimates how many different clients there were from the smallest
// hashes of their addresses (k minimum values): exact below its size, then with
// a standard error of 1/sqrt(size-2). It keeps no address. Which hashes are the
// smallest does not depend on the order, so parts can be merged.
type distinct struct {
	size   int
	hashes []uint64 // in order
}

func (d *distinct) add(hash uint64) {
	if len(d.hashes) == d.size && hash >= d.hashes[d.size-1] {
		return
	}
	i, found := slices.BinarySearch(d.hashes, hash)
	if found {
		return
	}
	if len(d.hashes) == d.size {
		d.hashes = d.hashes[:d.size-1]
	}
	d.hashes = slices.Insert(d.hashes, i, hash)
}

func (d *distinct) merge(o *distinct) {
	for _, h := range o.hashes {
		d.add(h)
	}
}

// count returns the estimate, and whether it is exact.
func (d *distinct) count() (n float64, exact bool) {
	if len(d.hashes) < d.size {
		return float64(len(d.hashes)), true
	}
	share := float64(d.hashes[d.size-1]) / (1 << 63) / 2
	return float64(d.size-1) / share, false
}

// hashOf is FNV-1a, with its bits spread evenly afterwards (the finishing step
// of MurmurHash3), since the estimate takes the hashes for random numbers.
func hashOf(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

func (d *distinct) standardError() float64 { return 1 / math.Sqrt(float64(d.size-2)) }
