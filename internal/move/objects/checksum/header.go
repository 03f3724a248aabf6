package checksum

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/object"
)

// maxParts of a multipart upload ("Amazon S3 multipart upload limits").
const maxParts = 10000

// FromS3 reads the checksums of an answer of S3 ("Checking object integrity in
// Amazon S3"). get returns the value of a header, "" for none; in answers to
// GetObjectAttributes the elements have the same forms. parts is how many parts
// composite checksums are made of, 0 for unknown. S3 answers checksums only
// where the request asked with "x-amz-checksum-mode: ENABLED".
func FromS3(get func(header string) string) (sums object.Sums, parts int, err error) {
	composite := false
	switch kind := get("x-amz-checksum-type"); {
	case strings.EqualFold(kind, "COMPOSITE"):
		composite = true
	case kind != "" && !strings.EqualFold(kind, "FULL_OBJECT"):
		return sums, 0, fault.Newf(fault.Invalid, "read x-amz-checksum-type %q: want FULL_OBJECT or COMPOSITE", kind)
	}
	for _, one := range fields(&sums) {
		text := get("x-amz-checksum-" + one.header)
		if text == "" {
			continue
		}
		value, count, err := cutParts(text)
		if err != nil {
			return object.Sums{}, 0, err
		}
		// Services that answer no type still put the number of parts behind a
		// composite value.
		if count > 0 {
			composite, parts = true, count
		}
		b, err := decode("x-amz-checksum-"+one.header, value, one.size)
		if err != nil {
			return object.Sums{}, 0, err
		}
		one.set(b)
		sums.Known |= one.kind
	}
	if sums.Known == 0 {
		return object.Sums{}, 0, nil
	}
	if composite {
		// CRC64NVME is always of the full object; S3 never stores a composite one.
		sums.Composite = sums.Known&^object.CRC64 != 0
	}
	return sums, parts, nil
}

// field is one kind of hash in a set.
type field struct {
	kind   object.Sum
	header string
	size   int
	set    func([]byte)
	get    func() []byte
}

// fields lists the kinds that S3 has headers for, of a set.
func fields(s *object.Sums) []field {
	four := func(v *uint32) (func([]byte), func() []byte) {
		return func(b []byte) { *v = binary.BigEndian.Uint32(b) }, func() []byte { return binary.BigEndian.AppendUint32(nil, *v) }
	}
	set32, get32 := four(&s.CRC32)
	set32c, get32c := four(&s.CRC32C)
	return []field{
		{object.CRC64, "crc64nvme", 8, func(b []byte) { s.CRC64 = binary.BigEndian.Uint64(b) }, func() []byte { return binary.BigEndian.AppendUint64(nil, s.CRC64) }},
		{object.CRC32C, "crc32c", 4, set32c, get32c},
		{object.CRC32, "crc32", 4, set32, get32},
		{object.SHA1, "sha1", len(s.SHA1), func(b []byte) { copy(s.SHA1[:], b) }, func() []byte { return s.SHA1[:] }},
		{object.SHA256, "sha256", len(s.SHA256), func(b []byte) { copy(s.SHA256[:], b) }, func() []byte { return s.SHA256[:] }},
	}
}

// cutParts splits "value-3". Base64 has no hyphen.
func cutParts(text string) (string, int, error) {
	value, count, found := strings.Cut(text, "-")
	if !found {
		return text, 0, nil
	}
	n, ok := partCount(count)
	if !ok {
		return "", 0, fault.Newf(fault.Invalid, "read the checksum %q: what follows the hyphen is no number of parts", text)
	}
	return value, n, nil
}

func partCount(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n > 0 && n <= maxParts && strconv.Itoa(n) == text
}

// FromAzure reads the hashes of an answer of Azure Blob Storage. What it
// answers to a write it has computed of the body that it got ("Put Blob", "Put
// Block"); the Content-MD5 of a blob that is read was computed by it only if
// the blob was written in one request, otherwise it is what its writer said.
func FromAzure(get func(header string) string) (object.Sums, error) {
	var sums object.Sums
	if text := get("x-ms-content-crc64"); text != "" {
		crc, err := ParseAzureCRC64(text)
		if err != nil {
			return object.Sums{}, err
		}
		sums.CRC64, sums.Known = crc, object.CRC64
	}
	text := get("x-ms-blob-content-md5")
	if text == "" {
		text = get("Content-MD5")
	}
	if text != "" {
		b, err := decode("Content-MD5", text, md5.Size)
		if err != nil {
			return object.Sums{}, err
		}
		copy(sums.MD5[:], b)
		sums.Known |= object.MD5
	}
	return sums, nil
}

// ContentMD5 is the value of a Content-MD5 header.
func ContentMD5(sum [16]byte) string { return base64.StdEncoding.EncodeToString(sum[:]) }

// MD5OfETag returns the MD5 of the content that an ETag of S3 is, if it is one:
// of an object that was uploaded in one part, with no encryption of its own or
// SSE-S3 ("Object", API reference). Those of SSE-KMS, of SSE-C and of directory
// buckets are no hash of the content. An object in one part of a multipart
// upload has "-1" behind its ETag, and is no MD5 of the content either.
func MD5OfETag(etag, encryption string, directory bool) (sum [16]byte, ok bool) {
	if directory || encryption != "" && encryption != "AES256" {
		return sum, false
	}
	return parseMD5(strings.Trim(etag, `"`))
}

func parseMD5(text string) (sum [16]byte, ok bool) {
	if len(text) != 2*md5.Size {
		return sum, false
	}
	_, err := hex.Decode(sum[:], []byte(text))
	return sum, err == nil
}

// Multipart reads the ETag of a multipart upload: the MD5 of the MD5s of its
// parts, and how many there are. It is one of the content only under the same
// conditions as MD5OfETag.
func Multipart(etag, encryption string, directory bool) (sum [16]byte, parts int, ok bool) {
	if directory || encryption != "" && encryption != "AES256" {
		return sum, 0, false
	}
	text, count, found := strings.Cut(strings.Trim(etag, `"`), "-")
	if !found {
		return sum, 0, false
	}
	if parts, ok = partCount(count); !ok {
		return sum, 0, false
	}
	sum, ok = parseMD5(text)
	return sum, parts, ok
}
