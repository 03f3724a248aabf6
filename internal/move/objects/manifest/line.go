package manifest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects/object"
)

const (
	// maxLine bounds what a reader holds in memory.
	maxLine = 256 << 10
	// maxReason and maxLosses bound the parts of a line that others write.
	maxReason = 2 << 10
	maxLosses = 64 << 10
)

// Result is what became of an object. Every object of a listing has exactly
// one.
type Result string

// The results.
const (
	Copied   Result = "copied"
	Same     Result = "same"
	Refused  Result = "refused"
	Archived Result = "archived"
	Denied   Result = "denied"
	Changing Result = "changing"
	Failed   Result = "failed"
	// Extra is a blob that no object answers to, Deleted one that was removed for
	// that reason.
	Extra   Result = "extra"
	Deleted Result = "deleted"
	// Different and Missing are of verifying.
	Different Result = "different"
	Missing   Result = "missing"
)

// Results lists all of them, in the order of reports.
func Results() []Result {
	return []Result{Copied, Same, Refused, Archived, Denied, Changing, Failed, Extra, Deleted, Different, Missing}
}

// Good reports whether the target has what the source has.
func (r Result) Good() bool { return r == Copied || r == Same || r == Deleted }

// Line is one object.
type Line struct {
	// Key is the key at the source; of an extra blob the one that it would have
	// come from.
	Key     string
	Version string
	// Name is what the blob is called, "" when that is the key.
	Name string
	ETag string
	Size int64
	// Sums is what is known of the content, Parts in how many parts the object was
	// uploaded, 0 for unknown.
	Sums   object.Sums
	Parts  int
	Proof  move.Proof
	Result Result
	// Reason is one line for people: the rule that was broken, the error, the
	// difference. It holds no secret.
	Reason string
	// Losses are what the blob does not have that the object has.
	Losses []string
}

// wire is the spelling of a line. Its order is that of appendLine.
type wire struct {
	Key       *string  `json:"key"`
	Key64     *string  `json:"key64"`
	Version   string   `json:"version"`
	Name      string   `json:"name"`
	ETag      string   `json:"etag"`
	Size      int64    `json:"size"`
	SHA256    string   `json:"sha256"`
	SHA1      string   `json:"sha1"`
	MD5       string   `json:"md5"`
	CRC64     string   `json:"crc64"`
	CRC32C    string   `json:"crc32c"`
	CRC32     string   `json:"crc32"`
	Composite bool     `json:"composite"`
	Parts     int      `json:"parts"`
	Proof     string   `json:"proof"`
	Result    Result   `json:"result"`
	Reason    string   `json:"reason"`
	Losses    []string `json:"losses"`
}

// appendLine writes the one spelling of a line, without its end.
func appendLine(b []byte, l *Line) []byte {
	if utf8.ValidString(l.Key) {
		b = appendText(append(b, `{"key":`...), l.Key)
	} else {
		// JSON has no bytes: such a key cannot be a blob, but it is listed.
		b = appendText(append(b, `{"key64":`...), base64.StdEncoding.EncodeToString([]byte(l.Key)))
	}
	b = appendField(b, "version", l.Version)
	b = appendField(b, "name", l.Name)
	b = appendField(b, "etag", l.ETag)
	b = strconv.AppendInt(append(b, `,"size":`...), l.Size, 10)
	b = appendSums(b, &l.Sums)
	if l.Sums.Composite {
		b = append(b, `,"composite":true`...)
	}
	if l.Parts != 0 {
		b = strconv.AppendInt(append(b, `,"parts":`...), int64(l.Parts), 10)
	}
	b = appendField(b, "proof", proofName(l.Proof))
	b = appendField(b, "result", string(l.Result))
	b = appendField(b, "reason", cut(l.Reason, maxReason))
	for i, loss := range bounded(l.Losses) {
		if i == 0 {
			b = append(b, `,"losses":[`...)
		} else {
			b = append(b, ',')
		}
		b = appendText(b, loss)
	}
	if len(l.Losses) > 0 {
		b = append(b, ']')
	}
	return append(b, '}')
}

func appendSums(b []byte, s *object.Sums) []byte {
	digest := func(kind object.Sum, name string, sum []byte) {
		if s.Known.Has(kind) {
			b = append(append(append(b, `,"`...), name...), `":"`...)
			b = append(hex.AppendEncode(b, sum), '"')
		}
	}
	number := func(kind object.Sum, name string, value uint64, bytes int) {
		var sum [8]byte
		for i := range bytes {
			sum[i] = byte(value >> (8 * (bytes - 1 - i)))
		}
		digest(kind, name, sum[:bytes])
	}
	digest(object.SHA256, "sha256", s.SHA256[:])
	digest(object.SHA1, "sha1", s.SHA1[:])
	digest(object.MD5, "md5", s.MD5[:])
	number(object.CRC64, "crc64", s.CRC64, 8)
	number(object.CRC32C, "crc32c", uint64(s.CRC32C), 4)
	number(object.CRC32, "crc32", uint64(s.CRC32), 4)
	return b
}

func appendField(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(append(b, `,"`...), name...), `":`...)
	return appendText(b, value)
}

// appendText writes a JSON string: what must be escaped is, and nothing else.
// Bytes that are no UTF-8 become U+FFFD, as they would in any JSON.
func appendText(b []byte, s string) []byte {
	s = valid(s)
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		if c == '"' || c == '\\' {
			b = append(b, '\\', c)
			continue
		}
		const digits = "0123456789abcdef"
		b = append(b, `\u00`...)
		b = append(b, digits[c>>4], digits[c&15])
	}
	return append(append(b, s[from:]...), '"')
}

func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// bounded keeps as many losses as a line has room for, and says how many more
// there are.
func bounded(losses []string) []string {
	size := 0
	for i, loss := range losses {
		if size += len(loss); size > maxLosses {
			return append(slices.Clone(losses[:i]), "and "+strconv.Itoa(len(losses)-i)+" more")
		}
	}
	return losses
}

func proofName(p move.Proof) string {
	switch p {
	case move.Recorded:
		return "recorded"
	case move.Bound:
		return "bound"
	case move.Read:
		return "read"
	}
	return ""
}

func parseProof(text string) (move.Proof, bool) {
	for _, p := range []move.Proof{move.Unproved, move.Recorded, move.Bound, move.Read} {
		if proofName(p) == text {
			return p, true
		}
	}
	return move.Unproved, false
}

// parseLine reads a line, and refuses every spelling but the one of appendLine:
// what is hashed and signed then has one meaning.
func parseLine(text []byte) (Line, error) {
	var w wire
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&w); err != nil {
		return Line{}, fault.Of(fault.Invalid, "it is no line of an object", "", err)
	}
	l := Line{Version: w.Version, Name: w.Name, ETag: w.ETag, Size: w.Size, Parts: w.Parts, Result: w.Result, Reason: w.Reason, Losses: w.Losses}
	if w.Key != nil {
		l.Key = *w.Key
	} else if w.Key64 != nil {
		key, err := base64.StdEncoding.DecodeString(*w.Key64)
		if err != nil {
			return Line{}, fault.Newf(fault.Invalid, "its key is no base64")
		}
		l.Key = string(key)
	}
	proof, ok := parseProof(w.Proof)
	switch {
	case !ok:
		return Line{}, fault.Newf(fault.Invalid, "its proof %q is none", cut(w.Proof, 40))
	case !slices.Contains(Results(), w.Result):
		return Line{}, fault.Newf(fault.Invalid, "its result %q is none", cut(string(w.Result), 40))
	case w.Size < 0 || w.Parts < 0:
		return Line{}, fault.Newf(fault.Invalid, "its size or its parts are less than nothing")
	}
	l.Proof = proof
	if err := parseSums(&l, &w); err != nil {
		return Line{}, err
	}
	if !bytes.Equal(appendLine(nil, &l), text) {
		return Line{}, fault.Newf(fault.Invalid, "it is not spelled as Landfall spells it")
	}
	return l, nil
}

func parseSums(l *Line, w *wire) error {
	s := &l.Sums
	var broken error
	digest := func(kind object.Sum, text string, sum []byte) {
		if text == "" {
			return
		}
		if len(text) != 2*len(sum) {
			broken = fault.Newf(fault.Invalid, "a hash of it has %d characters, and not %d", len(text), 2*len(sum))
			return
		}
		if _, err := hex.Decode(sum, []byte(text)); err != nil {
			broken = fault.Newf(fault.Invalid, "a hash of it is not hexadecimal")
			return
		}
		s.Known |= kind
	}
	number := func(kind object.Sum, text string, bytes int) (value uint64) {
		var sum [8]byte
		digest(kind, text, sum[:bytes])
		for _, b := range sum[:bytes] {
			value = value<<8 | uint64(b)
		}
		return value
	}
	digest(object.SHA256, w.SHA256, s.SHA256[:])
	digest(object.SHA1, w.SHA1, s.SHA1[:])
	digest(object.MD5, w.MD5, s.MD5[:])
	s.CRC64 = number(object.CRC64, w.CRC64, 8)
	s.CRC32C = uint32(number(object.CRC32C, w.CRC32C, 4))
	s.CRC32 = uint32(number(object.CRC32, w.CRC32, 4))
	s.Composite = w.Composite
	return broken
}
