package rules

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"math"
	"slices"
)

// weight is a side's part of a split.
type weight struct {
	side  string
	share float64
}

// weights returns the sides that get anything, by name.
func weights(all map[string]int) []weight {
	var out []weight
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if all[name] > 0 {
			out = append(out, weight{name, float64(all[name])})
		}
	}
	return out
}

// draw returns the side of a key. Each side draws an exponential time from the
// key at a rate of its weight; the first wins, which happens with a
// probability of its share of the weights. A side whose weight is raised only
// ever gets earlier, and the others later, so that no key leaves it: cutting
// one line into intervals does not have this property from three sides on.
//
// The route is no part of the draw: at equal weights a user is on the same
// side on each route.
func draw(list []weight, salt, key string) string {
	if len(list) == 1 {
		return list[0].side
	}
	best, side := math.Inf(1), ""
	for _, w := range list {
		if at := -math.Log(uniform(salt, w.side, key)) / w.share; at < best || side == "" {
			best, side = at, w.side
		}
	}
	return side
}

// uniform is a number above 0 and below 1 that only its arguments decide. The lengths go in
// before the texts, so that no two triples read alike.
func uniform(salt, side, key string) float64 {
	buf := make([]byte, 0, 256)
	for _, s := range []string{salt, side, key} {
		buf = binary.BigEndian.AppendUint64(buf, uint64(len(s)))
		buf = append(buf, s...)
	}
	sum := sha256.Sum256(buf)
	// The top 53 bits are what a float64 holds exactly.
	return (float64(binary.BigEndian.Uint64(sum[:8])>>11) + 0.5) / (1 << 53)
}
