package checksum

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"hash/crc32"
	"slices"

	"github.com/minio/crc64nvme"

	"example.com/landfall/internal/move/objects/object"
)

// Hash computes hashes of a content as it goes by. It is an io.Writer that
// never fails.
type Hash struct {
	hashes []running
	size   int64
}

type running struct {
	kind object.Sum
	hash hash.Hash
}

// NewHash is for the kinds of hashes that are wanted.
func NewHash(kinds object.Sum) *Hash { return &Hash{hashes: hashesOf(kinds)} }

func hashesOf(kinds object.Sum) []running {
	var out []running
	for _, one := range []struct {
		kind object.Sum
		make func() hash.Hash
	}{
		{object.CRC64, func() hash.Hash { return crc64nvme.New() }},
		{object.CRC32, func() hash.Hash { return crc32.NewIEEE() }},
		{object.CRC32C, func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }},
		{object.MD5, md5.New}, {object.SHA1, sha1.New}, {object.SHA256, sha256.New},
	} {
		if kinds.Has(one.kind) {
			out = append(out, running{one.kind, one.make()})
		}
	}
	return out
}

// Write takes the next bytes.
func (h *Hash) Write(p []byte) (int, error) {
	for _, r := range h.hashes {
		_, _ = r.hash.Write(p) // a hash.Hash never fails
	}
	h.size += int64(len(p))
	return len(p), nil
}

// Size is how many bytes went by.
func (h *Hash) Size() int64 { return h.size }

// Sums are the hashes of what went by.
func (h *Hash) Sums() object.Sums {
	var sums object.Sums
	for _, r := range h.hashes {
		put(&sums, r.kind, r.hash.Sum(nil))
	}
	return sums
}

func put(sums *object.Sums, kind object.Sum, digest []byte) {
	sums.Known |= kind
	switch kind {
	case object.CRC64:
		sums.CRC64 = binary.BigEndian.Uint64(digest)
	case object.CRC32:
		sums.CRC32 = binary.BigEndian.Uint32(digest)
	case object.CRC32C:
		sums.CRC32C = binary.BigEndian.Uint32(digest)
	case object.MD5:
		copy(sums.MD5[:], digest)
	case object.SHA1:
		copy(sums.SHA1[:], digest)
	case object.SHA256:
		copy(sums.SHA256[:], digest)
	}
}

// Parts computes what S3 computes of an object that was uploaded in parts: per
// part a hash, and of all of those together, in order, another one ("Checking
// object integrity in Amazon S3"). It is an io.Writer that never fails, and
// remembers no part.
type Parts struct {
	sizes   []int64
	assumed bool
	inner   []running
	outer   []running
	part    int
	left    int64
	size    int64
}

// NewParts is for parts of these sizes. kinds are the composite hashes that are
// wanted; object.MD5 stands for the ETag.
func NewParts(kinds object.Sum, sizes []int64) *Parts {
	if slices.ContainsFunc(sizes, func(size int64) bool { return size < 1 }) {
		sizes = nil // no upload has such parts, and nothing can be proved by them
	}
	p := &Parts{sizes: sizes, inner: hashesOf(kinds &^ object.CRC64), outer: hashesOf(kinds &^ object.CRC64)}
	if len(sizes) > 0 {
		p.left = sizes[0]
	}
	return p
}

// Assume says that the sizes were not told by S3 but follow from the size of
// the first part. A hash that does not agree then proves no difference.
func (p *Parts) Assume() *Parts {
	p.assumed = true
	return p
}

// Write takes the next bytes.
func (p *Parts) Write(b []byte) (int, error) {
	n := len(b)
	p.size += int64(n)
	for len(b) > 0 && p.part < len(p.sizes) {
		now := b[:min(int64(len(b)), p.left)]
		for _, r := range p.inner {
			_, _ = r.hash.Write(now) // a hash.Hash never fails
		}
		b, p.left = b[len(now):], p.left-int64(len(now))
		if p.left == 0 {
			p.endPart()
		}
	}
	return n, nil
}

func (p *Parts) endPart() {
	for i, r := range p.inner {
		_, _ = p.outer[i].hash.Write(r.hash.Sum(nil))
		r.hash.Reset()
	}
	if p.part++; p.part < len(p.sizes) {
		p.left = p.sizes[p.part]
	}
}

// Side is what went by, for Compare. Where it ended within a part, or went on
// after the last one, it holds the size alone.
func (p *Parts) Side() Side {
	side := Side{Size: p.size, Read: true, Assumed: p.assumed}
	var planned int64
	for _, size := range p.sizes {
		planned += size
	}
	if p.part != len(p.sizes) || planned != p.size {
		return side
	}
	side.Parts, side.Sums.Composite = len(p.sizes), true
	for _, r := range p.outer {
		digest := r.hash.Sum(nil)
		if r.kind == object.MD5 {
			copy(side.ETag[:], digest)
			side.HasETag = true
			continue
		}
		put(&side.Sums, r.kind, digest)
	}
	return side
}

// EqualParts returns the sizes of the parts of an object that was uploaded in
// parts of the size of its first one, as all tools do that are known here;
// false when that many parts of that size do not make up the object.
func EqualParts(size, first int64, parts int) ([]int64, bool) {
	if parts < 1 || parts > maxParts || first < 1 || size < 1 {
		return nil, false
	}
	before := first * int64(parts-1)
	if before/max(int64(parts-1), 1) != first && parts > 1 {
		return nil, false
	}
	last := size - before
	if last < 1 || last > first {
		return nil, false
	}
	sizes := make([]int64, parts)
	for i := range sizes {
		sizes[i] = first
	}
	sizes[parts-1] = last
	return sizes, true
}
