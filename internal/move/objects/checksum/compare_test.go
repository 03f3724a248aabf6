package checksum_test

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects/checksum"
	"example.com/landfall/internal/move/objects/object"
)

const all = object.CRC64 | object.CRC32 | object.CRC32C | object.MD5 | object.SHA1 | object.SHA256

func headers(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if strings.EqualFold(pairs[i], name) {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// be is a number as S3 writes it.
func be(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }

func TestFromS3(t *testing.T) {
	t.Parallel()
	content := []byte("landfall")
	one := checksum.NewHash(all)
	_, _ = one.Write(content)
	want := one.Sums()
	sha := sha256.Sum256(content)
	sums, parts, err := checksum.FromS3(headers("x-amz-checksum-crc64nvme", checksum.S3CRC64(straight(content)), "x-amz-checksum-type", "FULL_OBJECT",
		"x-amz-checksum-crc32", b64(be(crc32.ChecksumIEEE(content))), "x-amz-checksum-crc32c", b64(be(crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli)))),
		"x-amz-checksum-sha256", b64(sha[:])))
	if err != nil || parts != 0 || sums.Composite || sums.Known != object.CRC64|object.CRC32|object.CRC32C|object.SHA256 ||
		sums.CRC64 != want.CRC64 || sums.CRC32 != want.CRC32 || sums.CRC32C != want.CRC32C || sums.SHA256 != want.SHA256 {
		t.Errorf("full object: %+v, %d, %v", sums, parts, err)
	}
	sum := sha1.Sum(content)
	for _, h := range []func(string) string{
		headers("x-amz-checksum-sha1", b64(sum[:])+"-3", "x-amz-checksum-type", "COMPOSITE"),
		headers("x-amz-checksum-sha1", b64(sum[:])+"-3"),
	} {
		if sums, parts, err := checksum.FromS3(h); err != nil || parts != 3 || !sums.Composite || sums.SHA1 != sum {
			t.Errorf("composite: %+v, %d, %v", sums, parts, err)
		}
	}
	if sums, parts, err := checksum.FromS3(headers("x-amz-checksum-type", "COMPOSITE")); err != nil || sums != (object.Sums{}) || parts != 0 {
		t.Errorf("nothing: %+v, %d, %v", sums, parts, err)
	}
	for _, bad := range []func(string) string{
		headers("x-amz-checksum-type", "PARTIAL"),
		headers("x-amz-checksum-crc64nvme", "x"),
		headers("x-amz-checksum-crc32", b64(sum[:])),
		headers("x-amz-checksum-sha1", b64(sum[:])+"-"),
		headers("x-amz-checksum-sha1", b64(sum[:])+"-0"),
		headers("x-amz-checksum-sha1", b64(sum[:])+"-10001"),
		headers("x-amz-checksum-sha1", b64(sum[:])+"-+3"),
	} {
		if sums, _, err := checksum.FromS3(bad); !fault.Is(err, fault.Invalid) || sums != (object.Sums{}) {
			t.Errorf("read %+v, %v", sums, err)
		}
	}
}

func TestFromAzure(t *testing.T) {
	t.Parallel()
	sum := md5.Sum([]byte("a"))
	got, err := checksum.FromAzure(headers("x-ms-content-crc64", checksum.AzureCRC64(7), "Content-MD5", checksum.ContentMD5(sum)))
	if err != nil || got.Known != object.CRC64|object.MD5 || got.CRC64 != 7 || got.MD5 != sum {
		t.Errorf("%+v, %v", got, err)
	}
	// Of a range, Content-MD5 is that of the range.
	got, err = checksum.FromAzure(headers("Content-MD5", b64(make([]byte, 16)), "x-ms-blob-content-md5", checksum.ContentMD5(sum)))
	if err != nil || got.MD5 != sum {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []func(string) string{headers("x-ms-content-crc64", "AAAA"), headers("Content-MD5", "AAAA")} {
		if _, err := checksum.FromAzure(bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("got %v", err)
		}
	}
}

func TestWhenAnETagIsAnMD5(t *testing.T) {
	t.Parallel()
	sum := md5.Sum([]byte("a"))
	text := hex.EncodeToString(sum[:])
	for _, c := range []struct {
		etag, encryption string
		directory        bool
		md5              bool
		parts            int
	}{
		{text, "", false, true, 0},
		{`"` + text + `"`, "AES256", false, true, 0},
		{strings.ToUpper(text), "", false, true, 0},
		{text, "aws:kms", false, false, 0},
		{text, "aws:kms:dsse", false, false, 0},
		{text, "SSE-C", false, false, 0},
		{text, "", true, false, 0},
		{text + "-1", "", false, false, 1},
		{text + "-10000", "AES256", false, false, 10000},
		{text + "-2", "aws:kms", false, false, 0},
		{text + "-2", "", true, false, 0},
		{text + "-0", "", false, false, 0},
		{text + "-02", "", false, false, 0},
		{text + "-99999999999999999999", "", false, false, 0},
		{text[1:], "", false, false, 0},
		{"x" + text[1:], "", false, false, 0},
		{"", "", false, false, 0},
	} {
		got, ok := checksum.MD5OfETag(c.etag, c.encryption, c.directory)
		if ok != c.md5 || ok && got != sum {
			t.Errorf("%q under %q: %x, %v", c.etag, c.encryption, got, ok)
		}
		digest, parts, ok := checksum.Multipart(c.etag, c.encryption, c.directory)
		if ok != (c.parts > 0) || ok && (parts != c.parts || digest != sum) {
			t.Errorf("%q under %q: %x of %d parts, %v", c.etag, c.encryption, digest, parts, ok)
		}
	}
}

// What goes by in pieces is what S3 computes of the parts, done here the long
// way.
func TestPartsAgainstTheLongWay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.SliceOfN(rapid.Byte(), 1, 400).Draw(t, "content")
		first := rapid.Int64Range(1, int64(len(content))).Draw(t, "part")
		count := int((int64(len(content)) + first - 1) / first)
		sizes, ok := checksum.EqualParts(int64(len(content)), first, count)
		if !ok {
			t.Fatal("the parts do not make up the content")
		}
		var md5s, shas, crcs []byte
		for rest := content; len(rest) > 0; {
			part := rest[:min(int(first), len(rest))]
			rest = rest[len(part):]
			m, s := md5.Sum(part), sha256.Sum256(part)
			md5s, shas, crcs = append(md5s, m[:]...), append(shas, s[:]...), append(crcs, be(crc32.ChecksumIEEE(part))...)
		}
		p := checksum.NewParts(object.MD5|object.SHA256|object.CRC32, sizes)
		whole := checksum.NewHash(all)
		for rest := content; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			_, _ = p.Write(rest[:n])
			_, _ = whole.Write(rest[:n])
			rest = rest[n:]
		}
		got := p.Side()
		if !got.HasETag || got.ETag != md5.Sum(md5s) || got.Sums.SHA256 != sha256.Sum256(shas) || got.Sums.CRC32 != crc32.ChecksumIEEE(crcs) ||
			got.Parts != count || !got.Sums.Composite || got.Size != int64(len(content)) {
			t.Fatalf("got %+v", got)
		}
		sums := whole.Sums()
		if sums.CRC64 != straight(content) || sums.MD5 != md5.Sum(content) || sums.SHA1 != sha1.Sum(content) || sums.SHA256 != sha256.Sum256(content) ||
			sums.CRC32C != crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli)) || sums.Known != all || whole.Size() != int64(len(content)) {
			t.Fatalf("got %+v", sums)
		}
	})
}

func TestPartsThatDoNotFitProveNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sizes   []int64
		content string
	}{{[]int64{2, 2}, "abc"}, {[]int64{2, 2}, "abcde"}, {nil, "a"}, {[]int64{0, 1}, "a"}, {[]int64{-1}, "a"}, {[]int64{2}, "ab" + "c"}} {
		p := checksum.NewParts(object.MD5, c.sizes)
		_, _ = p.Write([]byte(c.content))
		if got := p.Side(); got.HasETag || got.Sums.Known != 0 || got.Size != int64(len(c.content)) {
			t.Errorf("%v of %q: %+v", c.sizes, c.content, got)
		}
	}
	for _, c := range [][3]int64{{10, 4, 2}, {10, 4, 4}, {10, 0, 1}, {0, 1, 1}, {10, 1 << 62, 9}, {10, 10, 0}, {1, 1, 10001}} {
		if sizes, ok := checksum.EqualParts(c[0], c[1], int(c[2])); ok {
			t.Errorf("%v gives %v", c, sizes)
		}
	}
	if sizes, ok := checksum.EqualParts(10, 4, 3); !ok || !slices.Equal(sizes, []int64{4, 4, 2}) {
		t.Errorf("got %v, %v", sizes, ok)
	}
}

func side(size int64, kinds object.Sum, change byte) checksum.Side {
	s := checksum.Side{Size: size, Sums: object.Sums{Known: kinds, CRC64: uint64(change), CRC32: uint32(change), CRC32C: uint32(change)}}
	s.Sums.MD5[3], s.Sums.SHA1[3], s.Sums.SHA256[3] = change, change, change
	return s
}

func TestCompare(t *testing.T) {
	t.Parallel()
	with := func(s checksum.Side, change func(*checksum.Side)) checksum.Side { change(&s); return s }
	composite := func(parts int) func(*checksum.Side) {
		return func(s *checksum.Side) { s.Sums.Composite, s.Parts = true, parts }
	}
	etag := func(first byte, parts int) func(*checksum.Side) {
		return func(s *checksum.Side) { s.ETag[0], s.HasETag, s.Parts = first, true, parts }
	}
	read := func(s *checksum.Side) { s.Read = true }
	plain, none := side(5, all, 1), side(5, 0, 0)
	for _, c := range []struct {
		what           string
		source, target checksum.Side
		want           checksum.Verdict
	}{
		{"size", plain, side(6, all, 1), checksum.Verdict{Differ: true, Reason: "5 bytes at the source, 6 at the target"}},
		{"empty", side(0, 0, 0), side(0, 0, 0), checksum.Verdict{Proof: move.Bound, Kind: "size"}},
		{"all", plain, plain, checksum.Verdict{Proof: move.Bound, Kind: "sha256"}},
		{"both read", with(plain, read), with(plain, read), checksum.Verdict{Proof: move.Read, Kind: "sha256"}},
		{"one read", with(plain, read), plain, checksum.Verdict{Proof: move.Bound, Kind: "sha256"}},
		{"crc64", side(5, object.CRC64, 1), plain, checksum.Verdict{Proof: move.Bound, Kind: "crc64"}},
		{"crc64 differs", side(5, object.CRC64, 2), plain, checksum.Verdict{Differ: true, Reason: "crc64 0000000000000002 at the source, 0000000000000001 at the target"}},
		{"crc64 is of the whole even so", with(side(5, object.CRC64, 1), composite(2)), side(5, object.CRC64, 1), checksum.Verdict{Proof: move.Bound, Kind: "crc64"}},
		{"one kind differs", with(plain, func(s *checksum.Side) { s.Sums.CRC32 = 9 }), plain, checksum.Verdict{Differ: true, Reason: "crc32 00000009 at the source, 00000001 at the target"}},
		{"claimed", side(5, object.MD5, 1), with(side(5, object.MD5, 1), func(s *checksum.Side) { s.Claimed = true }),
			checksum.Verdict{Proof: move.Recorded, Kind: "md5", Reason: "the md5 is what the writer said, the service did not compute it"}},
		{"composite", with(side(5, object.SHA256, 1), composite(2)), with(side(5, object.SHA256, 1), composite(2)), checksum.Verdict{Proof: move.Bound, Kind: "sha256 of parts"}},
		{"composite against whole", with(side(5, object.SHA256, 1), composite(2)), side(5, object.SHA256, 2),
			checksum.Verdict{Reason: "nothing to compare: the source has sha256 of parts, the target sha256"}},
		{"other parts", with(side(5, object.SHA256, 1), composite(2)), with(side(5, object.SHA256, 2), composite(3)),
			checksum.Verdict{Reason: "nothing to compare: the source has sha256 of parts, the target sha256 of parts"}},
		{"etag", with(none, etag(1, 3)), with(none, etag(1, 3)), checksum.Verdict{Proof: move.Bound, Kind: "etag"}},
		{"etag differs", with(none, etag(1, 3)), with(none, etag(2, 3)),
			checksum.Verdict{Differ: true, Reason: "etag 01" + strings.Repeat("0", 30) + " at the source, 02" + strings.Repeat("0", 30) + " at the target"}},
		{"etag of assumed parts differs", with(none, etag(1, 3)), with(with(none, etag(2, 3)), func(s *checksum.Side) { s.Assumed = true }),
			checksum.Verdict{Reason: "nothing to compare: the source has the ETag of 3 parts, the target the ETag of 3 parts"}},
		{"nothing", with(none, func(s *checksum.Side) { s.Without = "the ETag under aws:kms is no MD5" }), side(5, object.MD5, 1),
			checksum.Verdict{Reason: "nothing to compare: the source has no hash (the ETag under aws:kms is no MD5), the target md5"}},
	} {
		if got := checksum.Compare(c.source, c.target); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.what, got, c.want)
		}
	}
}

func TestSource(t *testing.T) {
	t.Parallel()
	sum := md5.Sum([]byte("a"))
	text := hex.EncodeToString(sum[:])
	for _, c := range []struct {
		head      object.Head
		directory bool
		known     object.Sum
		etag      bool
		without   string
	}{
		{object.Head{ETag: text}, false, object.MD5, false, ""},
		{object.Head{ETag: text + "-2"}, false, 0, true, ""},
		{object.Head{ETag: text, Parts: 2}, false, 0, false, "the ETag is no MD5"},
		{object.Head{ETag: text, Encryption: "aws:kms", Sums: object.Sums{Known: object.CRC64}}, false, object.CRC64, false, "the ETag under aws:kms is no MD5"},
		{object.Head{ETag: text, Encryption: "SSE-C"}, false, 0, false, "the ETag under SSE-C is no MD5"},
		{object.Head{ETag: text}, true, 0, false, "the ETag of a directory bucket is no MD5"},
	} {
		got := checksum.Source(c.head, c.directory)
		if got.Sums.Known != c.known || got.HasETag != c.etag || got.Without != c.without {
			t.Errorf("%+v: got %+v", c.head, got)
		}
	}
}

func TestPlanOf(t *testing.T) {
	t.Parallel()
	md5Side := side(5, object.MD5, 1)
	for _, c := range []struct {
		what   string
		source checksum.Side
		one    bool
		want   checksum.Plan
	}{
		{"empty", side(0, 0, 0), false, checksum.Plan{Proves: true}},
		{"crc64 first", side(5, all, 1), true, checksum.Plan{Proves: true}},
		{"md5 in one request", md5Side, true, checksum.Plan{ContentMD5: md5Side.Sums.MD5[:], Proves: true}},
		{"md5 in blocks", md5Side, false, checksum.Plan{Whole: object.MD5, Proves: true}},
		{"cheaper than md5", side(5, object.MD5|object.SHA1, 1), false, checksum.Plan{Whole: object.SHA1, Proves: true}},
		{"composite", checksum.Side{Size: 5, Sums: object.Sums{Known: object.SHA256, Composite: true}, HasETag: true, Parts: 2}, true, checksum.Plan{Parted: object.SHA256, Proves: true}},
		{"etag", checksum.Side{Size: 5, HasETag: true, Parts: 2}, true, checksum.Plan{Parted: object.MD5, Proves: true}},
		{"nothing", side(5, 0, 0), true, checksum.Plan{}},
	} {
		if got := checksum.PlanOf(c.source, c.one); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: got %+v, want %+v", c.what, got, c.want)
		}
	}
	if got := checksum.Kinds(all); got != "sha256, sha1, md5, crc64, crc32c, crc32" {
		t.Errorf("the kinds are %q", got)
	}
}

func BenchmarkPartsMD5(b *testing.B) {
	block := make([]byte, 8<<20)
	sizes, _ := checksum.EqualParts(int64(len(block)), 5<<20, 2)
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		_, _ = checksum.NewParts(object.MD5, sizes).Write(block)
	}
}
