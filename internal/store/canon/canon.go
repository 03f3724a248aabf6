package canon

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"example.com/landfall/internal/fault"
)

// Fingerprint returns "sha256:" and the hexadecimal hash of the canonical form
// of a JSON document.
func Fingerprint(document []byte) (string, error) {
	canonical, err := JSON(document)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(canonical)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// Digest returns "sha256:" and the hexadecimal hash of the bytes themselves,
// for inputs that are not JSON.
func Digest(r io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", err
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

// JSON returns the canonical form of one JSON document. The error has the kind
// Invalid and says at which byte.
func JSON(document []byte) ([]byte, error) {
	// The standard library checks the grammar and the depth, so that what
	// follows can trust both.
	if !json.Valid(document) {
		var whole json.RawMessage
		return nil, fault.Of(fault.Invalid, "read JSON", "", json.Unmarshal(document, &whole))
	}
	w := writer{in: document, out: make([]byte, 0, len(document))}
	w.space()
	if err := w.value(); err != nil {
		return nil, err
	}
	return w.out, nil
}

// writer walks valid JSON from in[at:] and appends its canonical form to out.
type writer struct {
	in  []byte
	at  int
	out []byte
	// members are those of the objects that are open, the innermost last; spare
	// is room for putting them into order.
	members []member
	spare   []byte
}

func (w *writer) fail(at int, format string, args ...any) error {
	return fault.Newf(fault.Invalid, "read JSON at byte %d: "+format, append([]any{at}, args...)...)
}

func (w *writer) space() {
	for w.at < len(w.in) && (w.in[w.at] == ' ' || w.in[w.at] == '\t' || w.in[w.at] == '\n' || w.in[w.at] == '\r') {
		w.at++
	}
}

// next skips white space, one structural character and white space.
func (w *writer) next() byte {
	w.space()
	c := w.in[w.at]
	w.at++
	w.space()
	return c
}

func (w *writer) value() error {
	switch c := w.in[w.at]; {
	case c == '{':
		return w.object()
	case c == '[':
		return w.array()
	case c == '"':
		_, err := w.text()
		return err
	case c == '-' || c >= '0' && c <= '9':
		return w.number()
	}
	// true, false or null
	start := w.at
	for w.at < len(w.in) && w.in[w.at] >= 'a' && w.in[w.at] <= 'z' {
		w.at++
	}
	w.out = append(w.out, w.in[start:w.at]...)
	return nil
}

func (w *writer) array() error {
	w.next()
	w.out = append(w.out, '[')
	for w.in[w.at] != ']' {
		if err := w.value(); err != nil {
			return err
		}
		if w.space(); w.in[w.at] == ',' {
			w.next()
			w.out = append(w.out, ',')
		}
	}
	w.at++
	w.out = append(w.out, ']')
	return nil
}

// member is one name and value of an object, as the part of out that holds its
// canonical form.
type member struct {
	name       name
	at         int // in the input, for messages
	start, end int
}

func (w *writer) object() error {
	w.next()
	w.out = append(w.out, '{')
	first, outer, ordered := len(w.out), len(w.members), true
	for w.in[w.at] != '}' {
		m := member{at: w.at, start: len(w.out)}
		var err error
		if m.name, err = w.text(); err != nil {
			return err
		}
		w.next() // the colon
		w.out = append(w.out, ':')
		if err := w.value(); err != nil {
			return err
		}
		m.end = len(w.out)
		if len(w.members) > outer && w.members[len(w.members)-1].name.compare(m.name) >= 0 {
			ordered = false
		}
		w.members = append(w.members, m)
		if w.space(); w.in[w.at] == ',' {
			w.next()
			w.out = append(w.out, ',')
		}
	}
	w.at++
	var err error
	if !ordered {
		err = w.order(first, w.members[outer:])
	}
	w.members = w.members[:outer]
	w.out = append(w.out, '}')
	return err
}

// order puts the members that stand in out from first on into their order.
func (w *writer) order(first int, members []member) error {
	slices.SortStableFunc(members, func(a, b member) int { return a.name.compare(b.name) })
	for i := 1; i < len(members); i++ {
		if members[i-1].name.compare(members[i].name) == 0 {
			return w.fail(members[i].at, "the name %q stands twice", members[i].name.String())
		}
	}
	w.spare = append(w.spare[:0], w.out[first:]...)
	w.out = w.out[:first]
	for i, m := range members {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		w.out = append(w.out, w.spare[m.start-first:m.end-first]...)
	}
	return nil
}

// name is what a string means: bytes of ASCII without escapes, or else text.
type name struct {
	plain []byte
	text  string
}

// String returns the name.
func (n name) String() string {
	if n.plain != nil {
		return string(n.plain)
	}
	return n.text
}

// compare orders names by UTF-16 code units, which are the bytes of ASCII.
func (n name) compare(other name) int {
	if n.plain != nil && other.plain != nil {
		return bytes.Compare(n.plain, other.plain)
	}
	return slices.Compare(utf16.Encode([]rune(n.String())), utf16.Encode([]rune(other.String())))
}

// text copies one string and returns what it means.
func (w *writer) text() (name, error) {
	start := w.at
	plain, ascii := true, true
	for w.at++; w.in[w.at] != '"'; w.at++ {
		if c := w.in[w.at]; c == '\\' {
			plain = false
			w.at++
		} else if c >= utf8.RuneSelf {
			ascii = false
		}
	}
	w.at++
	raw := w.in[start:w.at]
	if plain && ascii { // most are, and are canonical as they stand
		w.out = append(w.out, raw...)
		return name{plain: raw[1 : len(raw)-1]}, nil
	}
	if !utf8.Valid(raw) {
		return name{}, w.fail(start, "the string is not UTF-8")
	}
	if halfSurrogate(raw) {
		return name{}, w.fail(start, "the string has a surrogate without its other half")
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return name{}, w.fail(start, "%v", err)
	}
	w.out = appendText(w.out, s)
	return name{text: s}, nil
}

// halfSurrogate finds a \uD800 to \uDFFF that is not part of a pair; the
// standard library would silently make it U+FFFD.
func halfSurrogate(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		if i++; raw[i] != 'u' {
			continue
		}
		first := unit(raw[i+1:])
		i += 4
		if !utf16.IsSurrogate(first) {
			continue
		}
		rest := raw[i+1:]
		if !bytes.HasPrefix(rest, []byte(`\u`)) || utf16.DecodeRune(first, unit(rest[2:])) == utf8.RuneError {
			return true
		}
		i += 6
	}
	return false
}

// unit reads four hexadecimal digits.
func unit(digits []byte) rune {
	if len(digits) < 4 {
		return 0
	}
	n, err := strconv.ParseUint(string(digits[:4]), 16, 16)
	if err != nil {
		return 0
	}
	return rune(n)
}

// appendText writes a string with the escapes of RFC 8785, section 3.2.2.2.
func appendText(out []byte, s string) []byte {
	const hexDigits = "0123456789abcdef"
	out = append(out, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\b':
			out = append(out, '\\', 'b')
		case '\f':
			out = append(out, '\\', 'f')
		case '\n':
			out = append(out, '\\', 'n')
		case '\r':
			out = append(out, '\\', 'r')
		case '\t':
			out = append(out, '\\', 't')
		default:
			if c < 0x20 {
				out = append(out, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
				continue
			}
			out = append(out, c)
		}
	}
	return append(out, '"')
}

// maxExact is the end of the whole numbers that a double holds without gaps.
const maxExact = 1 << 53

func (w *writer) number() error {
	start := w.at
	for w.at < len(w.in) && bytes.IndexByte([]byte("+-.eE0123456789"), w.in[w.at]) >= 0 {
		w.at++
	}
	if whole(w.in[start:w.at]) {
		w.out = append(w.out, w.in[start:w.at]...)
		return nil
	}
	literal := string(w.in[start:w.at])
	f, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return w.fail(start, "the number %s is too large", clip(literal))
	}
	if math.Abs(f) >= maxExact && !exact(literal, f) {
		return w.fail(start, "the whole number %s has more digits than a number can keep; write it as a string", clip(literal))
	}
	w.out = appendNumber(w.out, f)
	return nil
}

// whole reports whether a literal is a whole number that is canonical as it
// stands: few enough digits for a double, and no minus nought.
func whole(literal []byte) bool {
	digits := literal
	if digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) > 15 || digits[0] == '0' && len(literal) > 1 {
		return false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// exact reports whether a literal without fraction and exponent has the digits
// that the canonical form has. Literals with either are measurements, where
// rounding is normal.
func exact(literal string, f float64) bool {
	return strings.ContainsAny(literal, ".eE") || strconv.FormatFloat(f, 'f', -1, 64) == literal
}

func clip(literal string) string {
	if len(literal) > 40 {
		return literal[:40] + "..."
	}
	return literal
}

// appendNumber writes a double as ECMAScript's Number::toString does.
func appendNumber(out []byte, f float64) []byte {
	magnitude := math.Abs(f)
	switch {
	case f == 0:
		return append(out, '0') // also for minus nought
	case magnitude >= 1e-6 && magnitude < 1e21:
		return strconv.AppendFloat(out, f, 'f', -1, 64)
	}
	out = strconv.AppendFloat(out, f, 'e', -1, 64)
	// Go writes two digits of exponent at least, ECMAScript as few as possible.
	if n := len(out); n >= 4 && out[n-2] == '0' && (out[n-3] == '-' || out[n-3] == '+') {
		out[n-2] = out[n-1]
		out = out[:n-1]
	}
	return out
}
