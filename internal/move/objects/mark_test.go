package objects

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects/object"
)

// A mark is of the object that it was made of, whatever its ETag and version
// look like, and of no other; it has printable ASCII only.
func TestMarksTellObjectsApart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"", "-", "a", "a:b", "a%3Ab", "9a0364b9e99bb480dd25e1f0284c8555-3", "é", "%", "1:-"})
		draw := func(label string) object.Object {
			return object.Object{
				ETag: text.Draw(t, label+" etag"), Version: text.Draw(t, label+" version"), Size: int64(rapid.IntRange(0, 1).Draw(t, label+" size")),
				Modified: time.Unix(int64(rapid.IntRange(1, 2).Draw(t, label+" time")), 999),
			}
		}
		o, other := draw("one"), draw("other")
		proof := rapid.SampledFrom([]move.Proof{move.Unproved, move.Recorded, move.Bound, move.Read}).Draw(t, "proof")
		m := mark{etag: o.ETag, version: o.Version, size: o.Size, crc: rapid.Uint64().Draw(t, "crc"), hasCRC: rapid.Bool().Draw(t, "has"), proof: proof, modified: seconds(o.Modified), md5: rapid.Bool().Draw(t, "md5"), origin: originOf("s3://one/a")}
		for _, c := range []byte(m.String()) {
			if c <= ' ' || c > '~' {
				t.Fatalf("%q has the byte %x", m.String(), c)
			}
		}
		same, proved, crc, hasCRC := marked(m.String(), &o)
		if !same || proved != (proof == move.Bound || proof == move.Read) || hasCRC != m.hasCRC || hasCRC && crc != m.crc {
			t.Fatalf("%q: same %t, proved %t, %x", m.String(), same, proved, crc)
		}
		if keepsMD5(m.String()) != m.md5 || !markedFrom(m.String(), originOf("s3://one/b/c")) || markedFrom(m.String(), originOf("s3://other/a")) {
			t.Fatalf("%q: md5 %t, origin", m.String(), m.md5)
		}
		equal := o.ETag == other.ETag && (o.Version == other.Version || other.Version == "") && o.Size == other.Size && seconds(o.Modified) == seconds(other.Modified)
		if same, _, _, _ := marked(m.String(), &other); same != equal {
			t.Fatalf("%q is of %+v: %t", m.String(), other, same)
		}
		if torn := m.String()[:rapid.IntRange(0, len(m.String())-1).Draw(t, "torn")]; torn != "" {
			if same, _, _, _ := marked(torn, &o); same && o.Size == 0 && torn[len(torn)-1] == ':' {
				t.Fatalf("%q is a mark", torn)
			}
		}
	})
}

// Blocks cover the content once, in no more than the service allows, and their
// ids say what is in them.
func TestBlocksCoverTheContent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(1, 50<<40).Draw(t, "size")
		all := blocks(size, defaultBlock)
		var covered int64
		for i, b := range all {
			if b.index != i || b.from != covered || b.size < 1 || b.size > maxBlock {
				t.Fatalf("block %d is %+v after %d", i, b, covered)
			}
			covered += b.size
		}
		if covered != size || len(all) > maxBlocks {
			t.Fatalf("%d blocks of %d bytes cover %d", len(all), size, covered)
		}
		o := object.Object{Key: "k", ETag: "e", Size: size}
		of, b := identity(&o), all[len(all)-1]
		crc := rapid.Uint64().Draw(t, "crc")
		if got, ours := b.crcOf(b.id(of, crc), of); !ours || got != crc {
			t.Fatalf("the id of %+v is not known again", b)
		}
		o.ETag = "f"
		if _, ours := b.crcOf(b.id(of, crc), identity(&o)); ours {
			t.Fatal("a block of another version is taken for ours")
		}
	})
}

// A block that the target fetches is none that was sent: nobody knew what would be
// in it.
func TestFetchedBlocksAreNotTakenForSentOnes(t *testing.T) {
	t.Parallel()
	of := identity(&object.Object{Key: "a"})
	b := block{index: 1, from: 2, size: 3}
	if _, ours := b.crcOf(b.id(of, 0), of); !ours {
		t.Error("a block that was sent is not known again")
	}
	if _, ours := b.crcOf(b.fetchedID(of), of); ours || len(b.fetchedID(of)) != idSize {
		t.Errorf("%q is taken for one that was sent", b.fetchedID(of))
	}
}
