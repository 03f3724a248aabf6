package manifest

import (
	"crypto/sha256"
	"encoding/hex"
)

// digest is a hash of a tree.
type digest [sha256.Size]byte

func (d digest) String() string { return hex.EncodeToString(d[:]) }

func parseDigest(text string) (d digest, ok bool) {
	if len(text) != 2*len(d) {
		return d, false
	}
	_, err := hex.Decode(d[:], []byte(text))
	return d, err == nil && d.String() == text
}

// leaf and join are apart, so that no inner node can be taken for a line (RFC
// 6962, section 2.1).
func leaf(line []byte) digest {
	h := sha256.New()
	_, _ = h.Write([]byte{0}) // a hash never fails
	_, _ = h.Write(line)
	var d digest
	h.Sum(d[:0])
	return d
}

func join(left, right digest) digest {
	var b [1 + 2*sha256.Size]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}

// tree hashes lines as they come: it keeps one hash for each bit of their
// number. The zero value is empty.
type tree struct {
	nodes []node
	count int64
	// path is the way from the watched line to the root, as far as it is known.
	path []Sibling
}

type node struct {
	hash    digest
	watched bool
}

// Sibling is one step of the way from a line to a root: the hash beside it, and
// on which side.
type Sibling struct {
	Hash string `json:"hash"`
	Left bool   `json:"left,omitempty"`
}

func (t *tree) add(d digest, watched bool) {
	t.nodes = append(t.nodes, node{d, watched})
	for n := t.count; n&1 == 1; n >>= 1 {
		t.merge()
	}
	t.count++
}

// merge makes one node of the last two.
func (t *tree) merge() {
	last := len(t.nodes) - 1
	left, right := t.nodes[last-1], t.nodes[last]
	switch {
	case left.watched:
		t.path = append(t.path, Sibling{Hash: right.hash.String()})
	case right.watched:
		t.path = append(t.path, Sibling{Hash: left.hash.String(), Left: true})
	}
	t.nodes = append(t.nodes[:last-1], node{join(left.hash, right.hash), left.watched || right.watched})
}

// root ends the tree. That of nothing is the hash of nothing.
func (t *tree) root() digest {
	if len(t.nodes) == 0 {
		return sha256.Sum256(nil)
	}
	for len(t.nodes) > 1 {
		t.merge()
	}
	return t.nodes[0].hash
}

// climb follows a path from a leaf to the root that it leads to.
func climb(d digest, path []Sibling) (digest, bool) {
	for _, s := range path {
		beside, ok := parseDigest(s.Hash)
		if !ok {
			return d, false
		}
		if s.Left {
			d = join(beside, d)
		} else {
			d = join(d, beside)
		}
	}
	return d, true
}
