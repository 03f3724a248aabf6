package s3

import (
	"net/http"
	"strconv"
	"strings"

	"example.com/landfall/internal/move/objects/checksum"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/move/objects/rest"
)

const metaPrefix = "X-Amz-Meta-"

// head reads the headers of an answer to GET or HEAD. Go writes their names in
// its own canonical form, S3 stores names of metadata in lower case.
func head(h http.Header) (object.Head, error) {
	o := object.Head{ETag: unquote(first(h, "Etag")), Version: first(h, "X-Amz-Version-Id")}
	o.Size, _ = strconv.ParseInt(first(h, "Content-Length"), 10, 64)
	o.Modified, _ = http.ParseTime(first(h, "Last-Modified"))
	o.Headers = object.Headers{
		Type: first(h, "Content-Type"), Encoding: encoding(h), Language: first(h, "Content-Language"),
		Disposition: first(h, "Content-Disposition"), CacheControl: first(h, "Cache-Control"), Expires: first(h, "Expires"),
		Redirect: first(h, "X-Amz-Website-Redirect-Location"),
	}
	for name, values := range h {
		if len(name) <= len(metaPrefix) || name[:len(metaPrefix)] != metaPrefix {
			continue
		}
		if o.Metadata == nil {
			o.Metadata = map[string]string{}
		}
		o.Metadata[strings.ToLower(name[len(metaPrefix):])] = strings.Join(values, ",")
	}
	o.Hidden, _ = strconv.Atoi(first(h, "X-Amz-Missing-Meta"))
	o.Tags, _ = strconv.Atoi(first(h, "X-Amz-Tagging-Count"))
	o.Encryption = first(h, "X-Amz-Server-Side-Encryption")
	if first(h, "X-Amz-Server-Side-Encryption-Customer-Algorithm") != "" {
		o.Encryption = "SSE-C"
	}
	o.Parts = parts(h, o.ETag)
	var err error
	o.Sums, _, err = checksum.FromS3(func(name string) string { return first(h, canonical(name)) })
	return o, err
}

// canonical is http.CanonicalHeaderKey of the names that are asked for with
// every object, without making them anew.
func canonical(name string) string {
	switch name {
	case "x-amz-checksum-type":
		return "X-Amz-Checksum-Type"
	case "x-amz-checksum-crc64nvme":
		return "X-Amz-Checksum-Crc64nvme"
	case "x-amz-checksum-crc32":
		return "X-Amz-Checksum-Crc32"
	case "x-amz-checksum-crc32c":
		return "X-Amz-Checksum-Crc32c"
	case "x-amz-checksum-sha1":
		return "X-Amz-Checksum-Sha1"
	case "x-amz-checksum-sha256":
		return "X-Amz-Checksum-Sha256"
	}
	return http.CanonicalHeaderKey(name)
}

// encoding leaves out aws-chunked, which is how the body once travelled and no
// part of it (Amazon S3 API Reference, "PutObject").
func encoding(h http.Header) string {
	text := first(h, "Content-Encoding")
	if !strings.Contains(text, "aws-chunked") {
		return text
	}
	var kept []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "aws-chunked" && part != "" {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, ",")
}

func first(h http.Header, name string) string {
	if values := h[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

func unquote(etag string) string { return strings.Trim(etag, `"`) }

// parts counts the parts of an upload: the service says so, or the ETag does
// behind its dash.
func parts(h http.Header, etag string) int {
	if n, err := strconv.Atoi(first(h, "X-Amz-Mp-Parts-Count")); err == nil {
		return n
	}
	if _, count, ok := strings.Cut(etag, "-"); ok {
		n, err := strconv.Atoi(count)
		if err != nil {
			return 0
		}
		return n
	}
	if len(etag) == 2*16 {
		return 1
	}
	return 0
}

// check compares the body with a hash of all of it that came along.
type check struct {
	hash *checksum.Hash
	kind object.Sum
	want object.Sums
}

// newCheck takes the widest of the hashes that cost next to nothing (a CRC runs
// at tens of GiB/s, SHA and MD5 at one); nil where there is none.
func newCheck(s object.Sums) rest.Check {
	for _, kind := range []object.Sum{object.CRC64, object.CRC32C, object.CRC32} {
		// S3 has CRC64NVME of whole objects only; of the others it may have hashes
		// of the hashes of parts.
		if s.Known.Has(kind) && (kind == object.CRC64 || !s.Composite) {
			return &check{checksum.NewHash(kind), kind, s}
		}
	}
	return nil
}

func (c *check) Write(p []byte) (int, error) { return c.hash.Write(p) }

// Matches reports whether the body was the one that the service holds.
func (c *check) Matches() bool {
	got := c.hash.Sums()
	switch c.kind {
	case object.CRC64:
		return got.CRC64 == c.want.CRC64
	case object.CRC32C:
		return got.CRC32C == c.want.CRC32C
	}
	return got.CRC32 == c.want.CRC32
}
