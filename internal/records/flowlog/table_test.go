package flowlog

import (
	"maps"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

func drawKey(rt *rapid.T) key {
	n := uint32(rapid.IntRange(0, 300).Draw(rt, "client"))
	return key{client: v4(0x0a000000 + n), server: v4(uint32(rapid.SampledFrom([]int{0x0a000001, 0x08080808}).Draw(rt, "server"))), face: n % 3, port: 443, protocol: protoTCP}
}

// The table holds what a map holds, whatever the order and the workers; beyond
// the limit, nothing is lost and the same keys stay.
func TestTheTableIsAMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		keys := rapid.SliceOfN(rapid.Custom(drawKey), 1, 600).Draw(rt, "keys")
		want := map[key]int64{}
		for _, k := range keys {
			want[k]++
		}
		whole := filledTable(keys, 1<<20)
		if got := recordsOf(whole); !maps.Equal(got, want) || whole.overflow() != (Overflow{}) {
			rt.Fatalf("%d rows, want %d", len(got), len(want))
		}
		limit := rapid.IntRange(1, 40).Draw(rt, "limit")
		one, other := filledTable(keys, limit), filledTable(rapid.Permutation(keys).Draw(rt, "order"), limit)
		got := recordsOf(one)
		if !maps.Equal(got, recordsOf(other)) || one.overflow() != other.overflow() || len(got) > limit {
			rt.Fatalf("order changes what stays: %v, %v", got, recordsOf(other))
		}
		sum := one.overflow().Records
		for k, n := range got {
			if sum += n; n != want[k] {
				rt.Fatalf("%+v has %d records, want %d", k, n, want[k])
			}
		}
		if sum != int64(len(keys)) {
			rt.Fatalf("%d records of %d", sum, len(keys))
		}
	})
}

// filledTable adds one record of each key, from two workers.
func filledTable(keys []key, limit int) *table {
	t := newTable(limit)
	var workers sync.WaitGroup
	for _, part := range [][]key{keys[:len(keys)/2], keys[len(keys)/2:]} {
		workers.Go(func() {
			for i := range part {
				t.add(&part[i], &counts{asked: flow{records: 1}})
			}
		})
	}
	workers.Wait()
	return t
}

func recordsOf(t *table) map[key]int64 {
	out := map[key]int64{}
	for r := range t.rows() {
		out[r.key] += r.asked.records
	}
	return out
}
