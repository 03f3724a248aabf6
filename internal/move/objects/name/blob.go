package name

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// maxChars is of the name as a whole ("Naming and Referencing Containers,
	// Blobs, and Metadata", blob names). UTF-16 units are counted: they are what
	// .NET calls characters, and never fewer than code points.
	maxChars = 1024
	// maxSegments of a flat account, and of one with a hierarchical namespace
	// where account and container count among 63 (the same page).
	maxSegments             = 254
	maxSegmentsHierarchical = 61

	upperHex  = "0123456789ABCDEF"
	escapeLen = 4
)

// Blob is the name of an object at the target.
type Blob struct {
	Name string
	// Renamed says that Name is not simply the key (less and plus the prefixes),
	// Rule which rule it would have broken first.
	Renamed bool
	Rule    RuleID
	// Folder says that the object is the marker of a folder, and that the account
	// keeps folders as such: Name, less its slash at the end, is a directory and
	// no blob.
	Folder bool
}

// form is the shape that an account wants blob names in.
type form struct {
	hierarchical bool
	segments     int
}

func formOf(a Account) form {
	if a.Hierarchical {
		return form{true, maxSegmentsHierarchical}
	}
	return form{false, maxSegments}
}

// Blob returns what the object is called at the target, or why it cannot be
// there. Equal keys give equal names, different keys different names. size tells
// the marker of a folder from content: markers have none.
func (m *Mapper) Blob(key string, size int64) (Blob, *Refusal) {
	rest, ok := strings.CutPrefix(key, m.policy.SourcePrefix)
	if !ok {
		return Blob{}, m.refuseKey(key, KeyOutside, 0)
	}
	full := rest
	if m.policy.TargetPrefix != "" {
		full = m.policy.TargetPrefix + rest
	}
	if rest == "" {
		return Blob{}, m.refuseKey(key, KeyEmpty, 0)
	}
	marker := m.form.hierarchical && strings.HasSuffix(full, "/")
	broken, at := m.form.flaw(full)
	if broken == "" && marker && size != 0 {
		broken, at = KeyFolder, len(full)-1
	}
	if m.policy.Keys == Rename && broken == "" && Escaped(full) {
		broken = KeyEscape
	}
	if broken == "" {
		return Blob{Name: full, Folder: marker}, nil
	}
	if m.policy.Keys != Rename {
		return Blob{}, m.refuseKey(key, broken, at)
	}
	renamed := m.form.escape(full, size == 0)
	if units(renamed) > maxChars {
		return Blob{}, m.refuseKey(key, KeyLong, 0)
	}
	return Blob{Name: renamed, Renamed: true, Rule: broken, Folder: m.form.hierarchical && strings.HasSuffix(renamed, "/")}, nil
}

func (m *Mapper) refuseKey(key string, broken RuleID, at int) *Refusal {
	detail := ruleText(broken)
	if at > 0 {
		detail += ", at byte " + strconv.Itoa(at)
	}
	return &Refusal{Rule: broken, Name: key, Detail: detail, Fatal: m.policy.Keys == Fail}
}

// Key returns the key that a blob of this name was copied from. false means
// that the name lies outside the target prefix.
func (m *Mapper) Key(blob string) (string, bool) {
	if m.policy.Keys == Rename {
		blob = Unescape(blob)
	}
	rest, ok := strings.CutPrefix(blob, m.policy.TargetPrefix)
	return m.policy.SourcePrefix + rest, ok
}

// Validate says which rule a blob name breaks in an account, nil for none.
func Validate(blob string, a Account) *Refusal {
	if broken, at := formOf(a).flaw(blob); broken != "" {
		return &Refusal{Rule: broken, Name: blob, Detail: ruleText(broken) + ", at byte " + strconv.Itoa(at)}
	}
	return nil
}

// flaw returns the first rule that the name breaks, and where; "" for none.
func (f form) flaw(s string) (RuleID, int) {
	if s == "" {
		return KeyEmpty, 0
	}
	// Of ASCII there are as many characters as bytes, and of anything else fewer.
	if len(s) > maxChars && units(s) > maxChars {
		return KeyLong, maxChars
	}
	segments, start := 1, 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if broken := flawOfRune(r, n); broken != "" {
				return broken, i
			}
			i += n
			continue
		}
		switch {
		case c < 0x20 || c == 0x7f:
			return KeyControl, i
		case c == '\\':
			return KeyBackslash, i
		case c == '/':
			if broken := f.flawOfSegment(s[start:i], false); broken != "" {
				return broken, i
			}
			start = i + 1
			// A slash at the end opens no segment.
			if start < len(s) {
				segments++
			}
			if segments > f.segments {
				return KeySegments, i
			}
		}
		i++
	}
	return f.flawOfSegment(s[start:], true), len(s)
}

func (f form) flawOfSegment(segment string, last bool) RuleID {
	switch {
	case segment == "":
		if f.hierarchical && !last {
			return KeyEmptySegment
		}
		return ""
	case segment == "." || segment == "..":
		return KeyDots
	case segment[len(segment)-1] == '.':
		return KeyDotEnd
	}
	return ""
}

// flawOfRune judges a character outside ASCII. size is the number of bytes.
func flawOfRune(r rune, size int) RuleID {
	switch {
	case r == utf8.RuneError && size <= 1:
		return KeyUTF8
	case r <= 0x9f:
		return KeyControl
	case r < 0xe000, r == 0xfffe, r == 0xffff:
		return ""
	case r <= 0xf8ff, r >= 0xf0000 && r&0xffff <= 0xfffd:
		return KeyPrivate
	case r >= 0xfdd0 && r <= 0xfdef, r&0xfffe == 0xfffe:
		return KeyNoncharacter
	case r >= 0xfff0 && r <= 0xfffd:
		return KeySpecial
	}
	return ""
}

// escape writes the name with all that the account does not hold escaped.
// marker says that a slash at the end may stay: that the object is a folder's.
func (f form) escape(s string, marker bool) string {
	out := make([]byte, 0, len(s)+4*escapeLen)
	segments, empty := 1, true
	for i := 0; i < len(s); {
		n, bad := 1, false
		switch c := s[i]; {
		case c >= utf8.RuneSelf:
			var r rune
			r, n = utf8.DecodeRuneInString(s[i:])
			bad = flawOfRune(r, n) != ""
		case c < 0x20 || c == 0x7f || c == '\\':
			bad = true
		case c == '~':
			bad = escapeAt(s, i, 'A', "~x")
		case c == '.':
			bad = i+1 == len(s) || s[i+1] == '/'
		case c == '/':
			last := i+1 == len(s)
			switch {
			case !last && segments == f.segments, f.hierarchical && (empty || last && !marker):
				bad = true
			default:
				if !last {
					segments++
				}
				out, empty = append(out, '/'), true
				i++
				continue
			}
		}
		if bad {
			out = appendEscaped(out, s[i:i+n], "~x", upperHex)
		} else {
			out = append(out, s[i:i+n]...)
		}
		empty = false
		i += n
	}
	return string(out)
}

func appendEscaped(out []byte, bytes, sign, digits string) []byte {
	for i := 0; i < len(bytes); i++ {
		out = append(out, sign...)
		out = append(out, digits[bytes[i]>>4], digits[bytes[i]&15])
	}
	return out
}

// escapeAt reports whether an escape with the sign and hexadecimal letters from
// letter on stands at i.
func escapeAt(s string, i int, letter byte, sign string) bool {
	return len(s)-i >= escapeLen && s[i:i+2] == sign && isHex(s[i+2], letter) && isHex(s[i+3], letter)
}

func isHex(c, letter byte) bool { return c >= '0' && c <= '9' || c >= letter && c <= letter+5 }

func hexValue(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}

// Escaped reports whether a blob name contains what the renaming writes. No key
// that keeps its name under Rename does.
func Escaped(blob string) bool {
	for i := strings.Index(blob, "~x"); i >= 0 && i+escapeLen <= len(blob); i++ {
		if escapeAt(blob, i, 'A', "~x") {
			return true
		}
	}
	return false
}

// Unescape is the renaming backwards. Names without an escape come back as they
// are.
func Unescape(blob string) string { return unescape(blob, "~x", 'A') }

func unescape(s, sign string, letter byte) string {
	if !strings.Contains(s, sign) {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if escapeAt(s, i, letter, sign) {
			out = append(out, hexValue(s[i+2])<<4|hexValue(s[i+3]))
			i += escapeLen
			continue
		}
		out = append(out, s[i])
		i++
	}
	return string(out)
}

// units counts UTF-16 units.
func units(s string) int {
	n := 0
	for _, r := range s {
		if n++; r > 0xffff {
			n++
		}
	}
	return n
}
