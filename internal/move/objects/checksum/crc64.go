package checksum

import (
	"encoding/base64"
	"encoding/binary"
	"slices"

	"github.com/minio/crc64nvme"

	"example.com/landfall/internal/fault"
)

// polynomial is that of CRC-64/NVME with its bits reversed: bit 63 stands for
// x^0. The Azure SDK and hash/crc64 name the same one.
const polynomial = 0x9a6c9329ac4bc9b5

// one is x^0 in that order of bits.
const one = uint64(1) << 63

// CRC64 is the checksum of a block.
func CRC64(block []byte) uint64 { return crc64nvme.Checksum(block) }

// UpdateCRC64 carries a checksum on over more bytes.
func UpdateCRC64(crc uint64, more []byte) uint64 { return crc64nvme.Update(crc, more) }

// Combine returns the checksum of two contents, one after the other, of which
// the second has the size. The checksum of nothing is 0.
func Combine(first, second uint64, size int64) uint64 {
	return multiply(first, power(size)) ^ second
}

// multiply is the product of two polynomials modulo the polynomial.
func multiply(a, b uint64) uint64 {
	var product uint64
	for a != 0 {
		if a&one != 0 {
			product ^= b
		}
		a <<= 1
		// Times x: the highest power, which is the lowest bit, folds back.
		b = b>>1 ^ polynomial&-(b&1)
	}
	return product
}

// power is x^(8n): what n bytes behind a content do to its checksum.
func power(n int64) uint64 {
	p := one
	for bit := 62; bit >= 0; bit-- {
		if p != one {
			p = multiply(p, p)
		}
		if n>>bit&1 != 0 {
			for range 8 {
				p = p>>1 ^ polynomial&-(p&1)
			}
		}
	}
	return p
}

// Joint makes one checksum of those of successive blocks. The zero value is
// that of nothing. Blocks of equal size cost one multiplication each.
type Joint struct {
	crc   uint64
	size  int64
	last  int64
	power uint64
}

// Add puts the next block behind the ones before.
func (j *Joint) Add(crc uint64, size int64) {
	if size <= 0 {
		return
	}
	if j.last != size {
		j.last, j.power = size, power(size)
	}
	j.crc = multiply(j.crc, j.power) ^ crc
	j.size += size
}

// Sum is the checksum of all blocks so far, and how many bytes they have.
func (j *Joint) Sum() (uint64, int64) { return j.crc, j.size }

// Total makes one checksum of those of blocks that are done in any order. It
// knows which bytes are covered, so that a block that is missing or counted
// twice can not make a sum. It is not safe for concurrent use.
type Total struct {
	size, covered int64
	crc           uint64
	// done are the covered spans, sorted, with gaps between them.
	done []extent
}

type extent struct{ from, to int64 }

// NewTotal is for a content of the size.
func NewTotal(size int64) *Total { return &Total{size: size} }

// Add counts the block that begins at from. A block beyond the end, or over
// bytes that are covered, is refused: the caller has lost count.
func (t *Total) Add(from, size int64, crc uint64) error {
	if from < 0 || size < 0 || size > t.size-from {
		return fault.Newf(fault.Internal, "count the block of %d bytes at %d: the content has %d", size, from, t.size)
	}
	if size == 0 {
		return nil
	}
	to := from + size
	i, _ := slices.BinarySearchFunc(t.done, from, func(e extent, from int64) int {
		if e.to <= from {
			return -1
		}
		return 1
	})
	if i < len(t.done) && t.done[i].from < to {
		return fault.Newf(fault.Internal, "count the block of %d bytes at %d: some of them are counted", size, from)
	}
	joins := i < len(t.done) && t.done[i].from == to
	switch follows := i > 0 && t.done[i-1].to == from; {
	case follows && joins:
		t.done[i-1].to = t.done[i].to
		t.done = slices.Delete(t.done, i, i+1)
	case follows:
		t.done[i-1].to = to
	case joins:
		t.done[i].from = from
	default:
		t.done = slices.Insert(t.done, i, extent{from, to})
	}
	t.covered += size
	t.crc ^= multiply(crc, power(t.size-to))
	return nil
}

// Sum is the checksum of the content; false as long as bytes are missing.
func (t *Total) Sum() (uint64, bool) { return t.crc, t.covered == t.size }

// AzureCRC64 is the value of x-ms-content-crc64.
func AzureCRC64(crc uint64) string {
	return base64.StdEncoding.EncodeToString(binary.LittleEndian.AppendUint64(nil, crc))
}

// S3CRC64 is the value of x-amz-checksum-crc64nvme.
func S3CRC64(crc uint64) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, crc))
}

// ParseAzureCRC64 reads a value of x-ms-content-crc64.
func ParseAzureCRC64(text string) (uint64, error) {
	b, err := decode("x-ms-content-crc64", text, 8)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}

// ParseS3CRC64 reads a value of x-amz-checksum-crc64nvme.
func ParseS3CRC64(text string) (uint64, error) {
	b, err := decode("x-amz-checksum-crc64nvme", text, 8)
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(b), nil
}

func decode(header, text string, size int) ([]byte, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	// The decoder passes over line ends, which no header has.
	if err != nil || len(b) != size || len(text) != base64.StdEncoding.EncodedLen(size) {
		return nil, fault.Newf(fault.Invalid, "read %s %q: want %d bytes in base64", header, text, size)
	}
	return b, nil
}
