package checksum_test

import (
	"hash/crc64"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/move/objects/checksum"
)

// straight is the computation of the standard library, bit for bit another one.
func straight(b []byte) uint64 { return crc64.Checksum(b, crc64.MakeTable(0x9a6c9329ac4bc9b5)) }

func TestCRC64IsThatOfBothClouds(t *testing.T) {
	t.Parallel()
	// The check value of CRC-64/NVME in the catalogue of CRC algorithms.
	if got := checksum.CRC64([]byte("123456789")); got != 0xae8b14860a799888 {
		t.Errorf("CRC-64/NVME of 123456789 is %x", got)
	}
	// Azurite accepts the first form and refuses the second, versitygw the other
	// way round; both were asked with a body of this checksum.
	const crc = 0x3b3fe53c34f0f78b
	if got := checksum.AzureCRC64(crc); got != "i/fwNDzlPzs=" {
		t.Errorf("Azure's form is %q", got)
	}
	if got := checksum.S3CRC64(crc); got != "Oz/lPDTw94s=" {
		t.Errorf("S3's form is %q", got)
	}
	for text, parse := range map[string]func(string) (uint64, error){"i/fwNDzlPzs=": checksum.ParseAzureCRC64, "Oz/lPDTw94s=": checksum.ParseS3CRC64} {
		if got, err := parse(text); err != nil || got != crc {
			t.Errorf("%q is read as %x, %v", text, got, err)
		}
		for _, bad := range []string{"", "AAAA", text + "A", text[:11], "i/fwNDzlPzt=", "\n" + text, "%%%%%%%%%%%="} {
			if _, err := parse(bad); err == nil {
				t.Errorf("%q is read", bad)
			}
		}
	}
}

// Blocks of whatever sizes, in order and in any order, make up the checksum of
// the whole.
func TestBlocksMakeUpTheWhole(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.SliceOfN(rapid.Byte(), 0, 3000).Draw(t, "content")
		want := straight(content)
		if checksum.CRC64(content) != want {
			t.Fatal("the fast checksum is another one")
		}
		type block struct{ from, to int }
		var blocks []block
		for from := 0; from < len(content); {
			to := from + rapid.IntRange(1, min(len(content)-from, 700)).Draw(t, "size")
			blocks = append(blocks, block{from, to})
			from = to
		}
		var joint checksum.Joint
		var running uint64
		for _, b := range blocks {
			crc := straight(content[b.from:b.to])
			joint.Add(crc, int64(b.to-b.from))
			running = checksum.Combine(running, crc, int64(b.to-b.from))
		}
		if got, size := joint.Sum(); got != want || size != int64(len(content)) || running != want {
			t.Fatalf("in order: %x of %d bytes and %x, want %x", got, size, running, want)
		}
		total := checksum.NewTotal(int64(len(content)))
		for i, n := range rapid.Permutation(blocks).Draw(t, "order") {
			if _, whole := total.Sum(); whole && i < len(blocks) {
				t.Fatal("it is whole before its last block")
			}
			if err := total.Add(int64(n.from), int64(n.to-n.from), straight(content[n.from:n.to])); err != nil {
				t.Fatal(err)
			}
			if err := total.Add(int64(n.from), int64(n.to-n.from), 1); err == nil {
				t.Fatal("a block is counted twice")
			}
		}
		if got, whole := total.Sum(); got != want || !whole {
			t.Fatalf("in any order: %x, whole %v, want %x", got, whole, want)
		}
	})
}

// A bit that is flipped, a byte that is lost and blocks that change places are
// all seen.
func TestDamageIsSeen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.SliceOfN(rapid.Byte(), 2, 500).Draw(t, "content")
		cut := rapid.IntRange(1, len(content)-1).Draw(t, "cut")
		a, b := content[:cut], content[cut:]
		crc := func(first, second []byte) uint64 {
			return checksum.Combine(checksum.CRC64(first), checksum.CRC64(second), int64(len(second)))
		}
		want := straight(content)
		flipped := append([]byte(nil), a...)
		flipped[rapid.IntRange(0, len(a)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if crc(flipped, b) == want {
			t.Fatal("a flipped bit is not seen")
		}
		if crc(a, b[1:]) == want && len(content) > 1 && (b[0] != 0 || cut != 0) {
			t.Fatal("a lost byte is not seen")
		}
	})
}

// Sizes beyond any object, against the same in two steps.
func TestCombineOverLongContents(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		a, b, c := r.Uint64(), r.Uint64(), r.Uint64()
		n, m := r.Int64N(1<<46), r.Int64N(1<<46)
		left := checksum.Combine(checksum.Combine(a, b, n), c, m)
		right := checksum.Combine(a, checksum.Combine(b, c, m), n+m)
		if left != right {
			t.Fatalf("%x, %x of %d, %x of %d: %x and %x", a, b, n, c, m, left, right)
		}
	}
	if checksum.Combine(7, 9, 0) != 7^9 || checksum.Combine(0, 5, 1<<40) != 5 {
		t.Error("nothing is not neutral")
	}
}

func TestTotalRefusesWhatIsBeyond(t *testing.T) {
	t.Parallel()
	total := checksum.NewTotal(10)
	for _, bad := range [][2]int64{{-1, 2}, {0, 11}, {5, 6}, {10, 1}, {0, -1}, {1 << 62, 1 << 62}} {
		if err := total.Add(bad[0], bad[1], 0); err == nil {
			t.Errorf("%d bytes at %d are counted", bad[1], bad[0])
		}
	}
	for _, good := range [][2]int64{{10, 0}, {0, 2}, {8, 2}, {4, 2}, {2, 2}} {
		if err := total.Add(good[0], good[1], 0); err != nil {
			t.Error(err)
		}
	}
	if err := total.Add(5, 3, 0); err == nil {
		t.Error("an overlap is counted")
	}
	if _, whole := total.Sum(); whole {
		t.Error("it is whole with a gap")
	}
	if err := total.Add(6, 2, 0); err != nil {
		t.Error(err)
	}
	if _, whole := total.Sum(); !whole {
		t.Error("it is not whole")
	}
	if _, whole := checksum.NewTotal(0).Sum(); !whole {
		t.Error("nothing is not whole")
	}
}

func BenchmarkCRC64(b *testing.B) {
	block := make([]byte, 8<<20)
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		checksum.CRC64(block)
	}
}

func BenchmarkCombine(b *testing.B) {
	for b.Loop() {
		checksum.Combine(1, 2, 8<<20)
	}
}

// 5 TiB in blocks of 100 MiB, in order.
func BenchmarkJoint50000Blocks(b *testing.B) {
	for b.Loop() {
		var joint checksum.Joint
		for i := range uint64(50000) {
			joint.Add(i, 100<<20)
		}
	}
}

func BenchmarkTotal50000Blocks(b *testing.B) {
	for b.Loop() {
		total := checksum.NewTotal(50000 * 100 << 20)
		for i := range int64(50000) {
			if err := total.Add(i*100<<20, 100<<20, uint64(i)); err != nil {
				b.Fatal(err)
			}
		}
	}
}
