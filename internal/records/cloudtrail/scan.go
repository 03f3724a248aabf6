package cloudtrail

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// verdict is how a step of the scanner ended.
type verdict uint8

const (
	fine verdict = iota
	// short: the bytes end too early; more of them may help.
	short
	// wrong: this is no JSON, or nested too deep.
	wrong
)

// maxNesting bounds nested values.
const maxNesting = 64

// scanner steps through JSON text without building values.
type scanner struct {
	b []byte
	i int
}

// space steps over white space and returns the next byte, 0 at the end.
func (s *scanner) space() byte {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\r', '\n':
			s.i++
		default:
			return c
		}
	}
	return 0
}

// text reads a string and returns what stands between the quotes, still
// escaped where escaped says so.
func (s *scanner) text() (raw []byte, escaped bool, v verdict) {
	s.i++ // the opening quote
	start := s.i
	for {
		n := bytes.IndexByte(s.b[s.i:], '"')
		if n < 0 {
			return nil, false, short
		}
		part := s.b[s.i : s.i+n]
		if bytes.IndexByte(part, '\\') < 0 {
			s.i += n + 1
			return s.b[start : s.i-1], escaped, fine
		}
		escaped = true
		if done, ok := s.escapes(n); !ok {
			return nil, false, short
		} else if done {
			return s.b[start : s.i-1], true, fine
		}
	}
}

// escapes steps through a part with backslashes that a quote follows at n, and
// reports whether that quote ends the string.
func (s *scanner) escapes(n int) (done, ok bool) {
	end := s.i + n
	for s.i < end {
		if s.b[s.i] != '\\' {
			s.i++
			continue
		}
		s.i += 2
	}
	if s.i > len(s.b) {
		return false, false
	}
	if s.i == end { // the quote is not escaped
		s.i++
		return true, true
	}
	return false, true
}

// skip steps over one value of any kind.
func (s *scanner) skip() verdict {
	depth := 0
	for {
		switch c := s.space(); c {
		case 0:
			return short
		case '"':
			if _, _, v := s.text(); v != fine {
				return v
			}
		case '{', '[':
			if depth++; depth > maxNesting {
				return wrong
			}
			s.i++
			continue
		case '}', ']':
			if depth == 0 {
				return wrong
			}
			depth--
			s.i++
		case ',', ':':
			if depth == 0 {
				return wrong
			}
			s.i++
			continue
		default:
			if v := s.word(); v != fine {
				return v
			}
		}
		if depth == 0 {
			return fine
		}
	}
}

// word steps over a number, true, false or null.
func (s *scanner) word() verdict {
	start := s.i
	for s.i < len(s.b) {
		c := s.b[s.i]
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == '-' || c == '+' || c == '.' || c == 'E' || c == 'N' || c == 'I' {
			s.i++
			continue
		}
		if s.i == start {
			return wrong
		}
		return fine
	}
	return short
}

// members calls each for every member of an object; each has to step over the
// value. stop ends early with the verdict fine.
func (s *scanner) members(each func(name []byte) (stop bool, v verdict)) verdict {
	if s.space() != '{' {
		return s.skip() // null, or something unexpected
	}
	s.i++
	for {
		switch s.space() {
		case 0:
			return short
		case '}':
			s.i++
			return fine
		case ',':
			s.i++
			continue
		case '"':
		default:
			return wrong
		}
		name, _, v := s.text()
		if v != fine {
			return v
		}
		switch s.space() {
		case 0:
			return short
		case ':':
			s.i++
		default:
			return wrong
		}
		if s.space() == 0 {
			return short
		}
		if stop, v := each(name); stop || v != fine {
			return v
		}
	}
}

// items calls each for every item of a list; each has to step over it.
func (s *scanner) items(each func() verdict) verdict {
	if s.space() != '[' {
		return s.skip()
	}
	s.i++
	for {
		switch s.space() {
		case 0:
			return short
		case ']':
			s.i++
			return fine
		case ',':
			s.i++
		default:
			if v := each(); v != fine {
				return v
			}
		}
	}
}

// value reads a string, or a number or word as its text; null and nested
// values give nothing.
func (s *scanner) value() ([]byte, verdict) {
	switch s.space() {
	case 0:
		return nil, short
	case '"':
		raw, escaped, v := s.text()
		if v == fine && escaped {
			raw = plain(raw)
		}
		return raw, v
	case '{', '[':
		return nil, s.skip()
	}
	start := s.i
	if v := s.word(); v != fine {
		return nil, v
	}
	if word := s.b[start:s.i]; string(word) != "null" {
		return word, fine
	}
	return nil, fine
}

// plain undoes the escapes of a JSON string. What is no escape stays.
func plain(raw []byte) []byte {
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' || i+1 == len(raw) {
			out = append(out, raw[i])
			continue
		}
		i++
		switch raw[i] {
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case 'r':
			out = append(out, '\r')
		case 'b', 'f':
			out = append(out, ' ')
		case 'u':
			r, used := codepoint(raw[i-1:])
			out = utf8.AppendRune(out, r)
			i += used - 2
		default:
			out = append(out, raw[i])
		}
	}
	return out
}

// codepoint reads \uXXXX, or two of them that form a pair.
func codepoint(raw []byte) (r rune, used int) {
	one, ok := unit(raw)
	if !ok {
		return utf8.RuneError, 2
	}
	if !utf16.IsSurrogate(one) {
		return one, 6
	}
	if two, ok := unit(raw[6:]); ok {
		if r := utf16.DecodeRune(one, two); r != utf8.RuneError {
			return r, 12
		}
	}
	return utf8.RuneError, 6
}

func unit(raw []byte) (rune, bool) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(raw[2:6]), 16, 32)
	return rune(n), err == nil
}
