package manifest

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// treeHash is section 2.1 of RFC 6962, word for word: the split is at the
// largest power of two below the number of leaves.
func treeHash(leaves [][]byte) digest {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256(append([]byte{0}, leaves[0]...))
	}
	split := 1
	for split*2 < len(leaves) {
		split *= 2
	}
	left, right := treeHash(leaves[:split]), treeHash(leaves[split:])
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

// The tree that is built on the way has the root of the one of the RFC, and
// the path from each leaf leads there, and from nothing else.
func TestTreeIsThatOfTheRFC(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		leaves := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 5), 0, 70).Draw(t, "leaves")
		want := treeHash(leaves)
		var plain tree
		for _, l := range leaves {
			plain.add(leaf(l), false)
		}
		if len(plain.nodes) > 8 {
			t.Fatalf("%d leaves are kept as %d hashes", len(leaves), len(plain.nodes))
		}
		if got := plain.root(); got != want {
			t.Fatalf("the root of %d leaves is %s, not %s", len(leaves), got, want)
		}
		if len(leaves) == 0 {
			return
		}
		watched := rapid.IntRange(0, len(leaves)-1).Draw(t, "watched")
		var one tree
		for i, l := range leaves {
			one.add(leaf(l), i == watched)
		}
		if got := one.root(); got != want {
			t.Fatal("to watch a leaf changes the root")
		}
		if got, ok := climb(leaf(leaves[watched]), one.path); !ok || got != want {
			t.Fatalf("from leaf %d of %d the path leads to %s", watched, len(leaves), got)
		}
		if got, _ := climb(leaf(append(leaves[watched], 'x')), one.path); got == want {
			t.Fatal("from another leaf the path leads to the root as well")
		}
	})
}

// An inner node is no leaf, whatever stands in it.
func TestLeavesAndNodesAreApart(t *testing.T) {
	t.Parallel()
	a, b := leaf([]byte("a")), leaf([]byte("b"))
	if leaf(append(a[:], b[:]...)) == join(a, b) {
		t.Error("a line has the hash of two lines")
	}
	for _, bad := range []string{"", "00", fmt.Sprintf("%064X", 255), fmt.Sprintf("%063dx", 0)} {
		if _, ok := parseDigest(bad); ok {
			t.Errorf("%q is a digest", bad)
		}
	}
	if d, ok := parseDigest(a.String()); !ok || d != a {
		t.Error("a digest is not read again")
	}
}
