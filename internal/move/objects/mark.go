package objects

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/move/objects/object"
)

// mark is what a blob's metadata say of the object that it was copied from.
type mark struct {
	etag, version string
	size          int64
	crc           uint64
	hasCRC        bool
	proof         move.Proof
	// modified is the object's time in seconds: an object that was written again
	// with the same content has the same ETag, but may have other metadata.
	modified int64
	// md5 says that the blob keeps the ETag as its Content-MD5. Whoever writes
	// other content, and takes the metadata along, changes that.
	md5 bool
	// origin stands for the bucket.
	origin string
}

// String is "1:ETag:version:size:crc64:proof:modified:origin", with "-" for what
// there is none of. The letter of the proof is a capital for md5.
func (m mark) String() string {
	b := make([]byte, 0, 112)
	b = append(b, "1:"...)
	b = append(appendField(b, m.etag), ':')
	b = append(appendField(b, m.version), ':')
	b = append(strconv.AppendInt(b, m.size, 10), ':')
	if m.hasCRC {
		hex := strconv.FormatUint(m.crc, 16)
		b = append(b, "0000000000000000"[len(hex):]...)
		b = append(b, hex...)
	} else {
		b = append(b, '-')
	}
	letter := letterOf(m.proof)
	if m.md5 {
		letter -= 'a' - 'A'
	}
	b = append(b, ':', letter, ':')
	b = append(strconv.AppendInt(b, m.modified, 10), ':')
	return string(appendField(b, m.origin))
}

// originOf is what a mark says of the bucket of a source such as
// "s3://bucket/prefix".
func originOf(source string) string {
	_, rest, _ := strings.Cut(source, "://")
	bucket, _, _ := strings.Cut(rest, "/")
	sum := sha256.Sum256([]byte(bucket))
	return hex.EncodeToString(sum[:4])
}

// appendField escapes what would end a field or is no part of a header.
func appendField(b []byte, s string) []byte {
	if s == "" {
		return append(b, '-')
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c > '~' || c == ':' || c == '%' || c == '-' && len(s) == 1 {
			const digits = "0123456789ABCDEF"
			b = append(b, '%', digits[c>>4], digits[c&15])
		} else {
			b = append(b, c)
		}
	}
	return b
}

// isField reports whether an escaped field stands for s.
func isField(field, s string) bool {
	if field == s {
		return s != "-" && s != "" && strings.IndexByte(s, '%') < 0
	}
	return field == string(appendField(nil, s))
}

func letterOf(p move.Proof) byte {
	switch p {
	case move.Bound:
		return 'b'
	case move.Read:
		return 'r'
	case move.Recorded:
		return 'm'
	}
	return 'u'
}

// markIn finds the mark among metadata. Their names count without case, and come
// back in the case that a request happened to have ("Setting and retrieving
// properties and metadata for Blob service resources").
func markIn(metadata map[string]string) string {
	if text, ok := metadata[name.Mark]; ok {
		return text
	}
	for key, text := range metadata {
		if len(key) == len(name.Mark) && strings.EqualFold(key, name.Mark) {
			return text
		}
	}
	return ""
}

// markOf is the mark of a blob, wherever the listing has put it.
func markOf(b *object.Blob) string {
	if b.Mark != "" {
		return b.Mark
	}
	return markIn(b.Metadata)
}

// markSize is how many fields a mark has.
const markSize = 8

// markFields cuts a mark without allocating; false for what is none.
func markFields(text string) (fields [markSize]string, ok bool) {
	for i := range markSize - 1 {
		field, rest, found := strings.Cut(text, ":")
		if !found {
			return fields, false
		}
		fields[i], text = field, rest
	}
	fields[markSize-1] = text
	return fields, fields[0] == "1" && text != ""
}

// marked reads the mark of a blob against the object that it may be a copy of.
// same says that it is one of this very version; proved and crc are of the copy.
func marked(text string, o *object.Object) (same, proved bool, crc uint64, hasCRC bool) {
	fields, ok := markFields(text)
	if !ok || !isField(fields[1], o.ETag) || o.Version != "" && !isField(fields[2], o.Version) {
		return false, false, 0, false
	}
	if size, err := strconv.ParseInt(fields[3], 10, 64); err != nil || size != o.Size {
		return false, false, 0, false
	}
	if at, err := strconv.ParseInt(fields[6], 10, 64); err != nil || at != seconds(o.Modified) {
		return false, false, 0, false
	}
	if len(fields[4]) == 16 {
		value, err := strconv.ParseUint(fields[4], 16, 64)
		crc, hasCRC = value, err == nil
	}
	switch fields[5] {
	case "b", "B", "r", "R":
		proved = true
	}
	return true, proved, crc, hasCRC
}

// keepsMD5 reports whether a blob with this mark has the ETag as its MD5 as long
// as nobody else writes it.
func keepsMD5(text string) bool {
	fields, ok := markFields(text)
	return ok && fields[5] >= "A" && fields[5] <= "Z"
}

// markedFrom reports whether a text is a mark of an object of this origin.
func markedFrom(text, origin string) bool {
	fields, ok := markFields(text)
	return ok && fields[markSize-1] == origin
}

// isMark reports whether a text is a mark, of whatever object.
func isMark(text string) bool {
	_, ok := markFields(text)
	return ok
}

// seconds of a time; S3's headers have no finer ones than that.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
