package checksum_test

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects/checksum"
	"example.com/landfall/internal/move/objects/object"
)

// bucket answers for one object as S3 does, by how it was uploaded.
type bucket struct {
	content    []byte
	parts      []int64
	algorithm  string
	encryption string
}

func drawBucket(t *rapid.T) bucket {
	b := bucket{content: rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(t, "content"),
		algorithm:  rapid.SampledFrom([]string{"", "crc64nvme", "crc32", "crc32c", "sha1", "sha256"}).Draw(t, "algorithm"),
		encryption: rapid.SampledFrom([]string{"", "AES256", "aws:kms", "SSE-C"}).Draw(t, "encryption")}
	if rapid.Bool().Draw(t, "multipart") {
		for left := int64(len(b.content)); left > 0; {
			n := rapid.Int64Range(1, left).Draw(t, "part")
			b.parts, left = append(b.parts, n), left-n
		}
	}
	return b
}

func (b bucket) digest(algorithm string, content []byte) []byte {
	switch algorithm {
	case "crc32":
		return be(crc32.ChecksumIEEE(content))
	case "crc32c":
		return be(crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli)))
	case "sha1":
		sum := sha1.Sum(content)
		return sum[:]
	case "sha256":
		sum := sha256.Sum256(content)
		return sum[:]
	}
	sum := md5.Sum(content)
	return sum[:]
}

// composite is the hash of the hashes of the parts.
func (b bucket) composite(algorithm string) []byte {
	var all []byte
	rest := b.content
	for _, n := range b.parts {
		all = append(all, b.digest(algorithm, rest[:n])...)
		rest = rest[n:]
	}
	return b.digest(algorithm, all)
}

// head is the answer to a GET, with the checksums asked for.
func (b bucket) head(t *rapid.T) object.Head {
	h := object.Head{Size: int64(len(b.content)), Encryption: b.encryption}
	etag := b.digest("md5", b.content)
	pairs := []string{}
	suffix := ""
	if len(b.parts) > 0 {
		etag, suffix = b.composite("md5"), "-"+strconv.Itoa(len(b.parts))
	}
	if b.encryption == "aws:kms" || b.encryption == "SSE-C" {
		etag = bytes.Repeat([]byte{0x5a}, 16)
	}
	h.ETag = hex.EncodeToString(etag) + suffix
	switch {
	case b.algorithm == "":
	case b.algorithm == "crc64nvme":
		pairs = append(pairs, "x-amz-checksum-crc64nvme", checksum.S3CRC64(straight(b.content)), "x-amz-checksum-type", "FULL_OBJECT")
	case len(b.parts) > 0:
		pairs = append(pairs, "x-amz-checksum-"+b.algorithm, b64(b.composite(b.algorithm))+suffix, "x-amz-checksum-type", "COMPOSITE")
	default:
		pairs = append(pairs, "x-amz-checksum-"+b.algorithm, b64(b.digest(b.algorithm, b.content)), "x-amz-checksum-type", "FULL_OBJECT")
	}
	sums, parts, err := checksum.FromS3(headers(pairs...))
	if err != nil {
		t.Fatal(err)
	}
	h.Sums, h.Parts = sums, max(parts, len(b.parts))
	return h
}

// carry does what the plan says with what arrives, and returns what there is to
// compare at the target; false when Azure itself refused the body.
func carry(source checksum.Side, plan checksum.Plan, arrived []byte, parts []int64) (checksum.Side, bool) {
	if plan.ContentMD5 != nil {
		sum := md5.Sum(arrived)
		if !bytes.Equal(plan.ContentMD5, sum[:]) {
			return checksum.Side{}, false
		}
		return checksum.Side{Size: int64(len(arrived)), Sums: object.Sums{Known: object.MD5, MD5: sum}}, true
	}
	if plan.Parted != 0 {
		p := checksum.NewParts(plan.Parted, parts)
		_, _ = p.Write(arrived)
		return p.Side(), true
	}
	whole := checksum.NewHash(plan.Whole)
	_, _ = whole.Write(arrived)
	side := checksum.Side{Size: whole.Size(), Sums: whole.Sums()}
	total := checksum.NewTotal(int64(len(arrived)))
	half := int64(len(arrived) / 2)
	later, sooner := total.Add(half, side.Size-half, straight(arrived[half:])), total.Add(0, half, straight(arrived[:half]))
	if later != nil || sooner != nil {
		return side, false
	}
	if crc, done := total.Sum(); done {
		side.Sums.CRC64 = crc
		side.Sums.Known |= object.CRC64
	}
	return side, true
}

// However an object was uploaded: the plan that promises a proof gives one of a
// true copy, and none of any other.
func TestPlansHoldWhatTheyPromise(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := drawBucket(t)
		source := checksum.Source(b.head(t), false)
		plan := checksum.PlanOf(source, rapid.Bool().Draw(t, "one request"))
		parts := b.parts
		if len(parts) == 0 {
			parts = []int64{int64(len(b.content))}
		}
		target, taken := carry(source, plan, b.content, parts)
		verdict := checksum.Compare(source, target)
		if !taken || verdict.Differ || (verdict.Proof == move.Bound) != plan.Proves || plan.Proves != (verdict.Kind != "") {
			t.Fatalf("a true copy of %s, %q under %q: plan %+v, verdict %+v", b.algorithm, b.head(t).ETag, b.encryption, plan, verdict)
		}
		if !plan.Proves && (b.algorithm != "" || b.encryption == "" || b.encryption == "AES256") {
			t.Fatalf("there is a hash (%s, %q under %q), and no proof", b.algorithm, b.head(t).ETag, b.encryption)
		}
		bad := damage(t, b.content)
		target, taken = carry(source, plan, bad, parts)
		if !taken {
			return
		}
		if verdict = checksum.Compare(source, target); verdict.Proof != move.Unproved || plan.Proves && !verdict.Differ || verdict.Reason == "" {
			t.Fatalf("a damaged copy: plan %+v, verdict %+v", plan, verdict)
		}
	})
}

// damage is another content: shorter, longer, flipped or with parts exchanged.
func damage(t *rapid.T, content []byte) []byte {
	switch rapid.IntRange(0, 2).Draw(t, "damage") {
	case 0:
		return content[:rapid.IntRange(0, len(content)-1).Draw(t, "cut")]
	case 1:
		return append(bytes.Clone(content), 0)
	}
	bad := bytes.Clone(content)
	bad[rapid.IntRange(0, len(bad)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
	return bad
}

// FuzzFromS3: headers are others' text. What is read is written again the same.
func FuzzFromS3(f *testing.F) {
	f.Add("Oz/lPDTw94s=", "FULL_OBJECT", "")
	f.Add("", "COMPOSITE", "AAAAAA==-3")
	f.Fuzz(func(t *testing.T, crc64, kind, crc32c string) {
		sums, parts, err := checksum.FromS3(headers("x-amz-checksum-crc64nvme", crc64, "x-amz-checksum-type", kind, "x-amz-checksum-crc32c", crc32c))
		if err != nil {
			if !fault.Is(err, fault.Invalid) || sums.Known != 0 || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%+v, %v", sums, err)
			}
			return
		}
		if sums.Known.Has(object.CRC64) && checksum.S3CRC64(sums.CRC64) != crc64 {
			t.Fatalf("%q is read as %x", crc64, sums.CRC64)
		}
		want := b64(be(sums.CRC32C))
		if parts > 0 {
			want += "-" + strconv.Itoa(parts)
		}
		if sums.Known.Has(object.CRC32C) && want != crc32c || sums.Composite && !sums.Known.Has(object.CRC32C) {
			t.Fatalf("%q is read as %q, %+v", crc32c, want, sums)
		}
	})
}
