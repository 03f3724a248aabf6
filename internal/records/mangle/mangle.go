package mangle

import "math/rand/v2"

// Each calls try with n spoilt copies of the fixtures. Equal seeds give equal
// copies; try must not keep its argument.
func Each(seed uint64, n int, fixtures [][]byte, try func([]byte)) {
	r := rand.New(rand.NewPCG(seed, 0x6d616e676c65))
	var b []byte
	for i := range n {
		b = append(b[:0], fixtures[i%len(fixtures)]...)
		for range 1 + r.IntN(3) {
			b = spoil(r, b)
		}
		try(b)
	}
}

// signs are bytes that formats give a meaning to.
const signs = "\"\\{}[]:, \t\n\r-0\x00\xff"

func spoil(r *rand.Rand, b []byte) []byte {
	if len(b) == 0 {
		return append(b, signs[r.IntN(len(signs))])
	}
	at := r.IntN(len(b))
	length := min(len(b)-at, 1+r.IntN(40))
	switch r.IntN(6) {
	case 0, 1:
		return b[:at]
	case 2:
		b[at] ^= byte(1 + r.IntN(255))
		return b
	case 3:
		b[at] = signs[r.IntN(len(signs))]
		return b
	case 4:
		return append(b[:at], b[at+length:]...)
	}
	piece := append([]byte(nil), b[at:at+length]...)
	return append(b[:at], append(piece, b[at:]...)...)
}
