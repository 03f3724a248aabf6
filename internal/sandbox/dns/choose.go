package dns

import (
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync"
)

// maxStreams bounds the groups that choices are counted for. Groups are those
// of records that exist, so a sandbox comes nowhere near it; beyond it all
// begin anew.
const maxStreams = 1 << 16

// maxMultiValue is how many records a multivalue answer has at most.
const maxMultiValue = 8

// dice make choices. Each group of records has a stream of random numbers of
// its own: the n-th choice in a group is the same whatever else is asked in
// between.
type dice struct {
	seed    uint64
	mu      sync.Mutex
	streams map[string]*rand.Rand
}

func newDice(seed uint64) *dice { return &dice{seed: seed, streams: map[string]*rand.Rand{}} }

// with calls use with the stream of the group.
func (d *dice) with(group string, use func(*rand.Rand)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.streams[group]
	if r == nil {
		if len(d.streams) >= maxStreams {
			clear(d.streams)
		}
		h := fnv.New64a()
		h.Write([]byte(group))
		r = rand.New(rand.NewPCG(d.seed, h.Sum64()))
		d.streams[group] = r
	}
	use(r)
}

// weighted returns the position of the choice: each with the probability of
// its weight in the sum. A weight of 0 is never chosen, unless all are 0: then
// all are equal ("Values specific for weighted records", Route 53 developer
// guide; Traffic Manager has no weight 0).
func (d *dice) weighted(group string, weights []uint64) int {
	var sum uint64
	for _, w := range weights {
		sum += w
	}
	if sum == 0 {
		weights = slices.Repeat([]uint64{1}, len(weights))
		sum = uint64(len(weights))
	}
	var x uint64
	d.with(group, func(r *rand.Rand) { x = r.Uint64N(sum) })
	for i, w := range weights {
		if x < w {
			return i
		}
		x -= w
	}
	panic("dns: a draw beyond the sum of the weights") // Uint64N is below sum
}

// shuffle mixes n things.
func (d *dice) shuffle(group string, n int, swap func(i, j int)) {
	if n > 1 {
		d.with(group, func(r *rand.Rand) { r.Shuffle(n, swap) })
	}
}

// choose picks among the record sets of one name and type, which are in the
// order of their SetID. More than one comes back for multivalue answers only;
// false when the policy is one that is not supported.
func (d *dice) choose(group, region string, sets []RecordSet) ([]RecordSet, bool) {
	one := func(i int) ([]RecordSet, bool) { return sets[i : i+1], true }
	first := func(is func(RecordSet) bool) ([]RecordSet, bool) { return one(max(0, slices.IndexFunc(sets, is))) }
	switch sets[0].Policy {
	case Simple:
		return one(0)
	case Weighted:
		weights := make([]uint64, len(sets))
		for i, s := range sets {
			weights[i] = s.Weight
		}
		return one(d.weighted(group, weights))
	case MultiValue:
		mixed := slices.Clone(sets)
		d.shuffle(group, len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		return mixed[:min(len(mixed), maxMultiValue)], true
	case Failover:
		return first(func(s RecordSet) bool { return s.Primary })
	case Latency:
		return first(func(s RecordSet) bool { return s.Region == region })
	case Geolocation:
		return first(func(s RecordSet) bool { return s.Default })
	}
	return nil, false
}
