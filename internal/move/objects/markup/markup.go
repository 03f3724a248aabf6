package markup

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"
)

const (
	window = 64 << 10
	// longest is the most that one piece of text with its tag may take: a key
	// of 1,024 bytes, each as a character reference, is below 10 KiB, and 8 KiB
	// is the bound of metadata.
	longest = 1 << 20
)

// ErrMarkup is a document that is not what a service writes.
var ErrMarkup = errors.New("the answer is not the XML that the service documents")

// Kind is what a step came to.
type Kind uint8

// What a step can come to.
const (
	// Open is an opening tag, Close a closing one; an empty element is an Open
	// followed by a Close.
	Open Kind = iota + 1
	Close
	// End is the end of the document.
	End
)

// Scanner walks through one document.
type Scanner struct {
	r          io.Reader
	buf        []byte
	start, end int
	ended      bool
	err        error

	kind       Kind
	name       []byte
	text       []byte
	attributes []byte
	empty      bool
	depth      int
}

// NewScanner returns a scanner of r.
func NewScanner(r io.Reader) *Scanner { return &Scanner{r: r, buf: make([]byte, window)} }

// Name of the tag, until the next step.
func (s *Scanner) Name() []byte { return s.name }

// Text between the tag before and this one, with references resolved, until
// the next step. Of a closing tag it is the content of a simple element.
func (s *Scanner) Text() []byte { return s.text }

// Has reports whether the opening tag has this attribute text, as in
// Encoded="true".
func (s *Scanner) Has(attribute string) bool {
	return len(s.attributes) > 0 && bytes.Contains(s.attributes, []byte(attribute))
}

// Depth is how many elements are open, with the one that was just opened and
// without the one that was just closed.
func (s *Scanner) Depth() int { return s.depth }

// Err is what stopped the walk, nil at a proper end.
func (s *Scanner) Err() error { return s.err }

// Step goes to the next tag. It ends with End, also on errors: see Err.
func (s *Scanner) Step() Kind {
	if s.empty {
		s.empty, s.text, s.kind = false, nil, Close
		s.depth--
		return Close
	}
	for s.err == nil {
		text, tag, ok := s.next()
		if !ok {
			break
		}
		if tag[0] == '?' || tag[0] == '!' {
			continue
		}
		s.take(text, tag)
		return s.kind
	}
	if s.err == nil && s.depth != 0 {
		s.err = ErrMarkup
	}
	s.name, s.text, s.kind = nil, nil, End
	return End
}

func (s *Scanner) take(text, tag []byte) {
	s.attributes = nil
	if tag[0] == '/' {
		s.kind, s.name = Close, bytes.TrimRight(tag[1:], " \t\r\n")
		s.text = unescape(text)
		s.depth--
		if s.depth < 0 {
			s.err = ErrMarkup
		}
		return
	}
	s.kind = Open
	s.text = nil
	s.depth++
	if tag[len(tag)-1] == '/' {
		s.empty = true
		tag = tag[:len(tag)-1]
	}
	s.name = tag
	if at := bytes.IndexAny(tag, " \t\r\n"); at >= 0 {
		s.name, s.attributes = tag[:at], tag[at:]
	}
}

// next returns the text before the next tag and what stands between its angle
// brackets.
func (s *Scanner) next() (text, tag []byte, ok bool) {
	seen := 0
	for {
		// Look only at what has come since the last look.
		if at := bytes.IndexByte(s.buf[s.start+seen:s.end], '<'); at >= 0 {
			seen += at
			break
		}
		seen = s.end - s.start
		if !s.fill() {
			if s.err == nil && len(bytes.TrimSpace(s.buf[s.start:s.end])) > 0 {
				s.err = ErrMarkup
			}
			return nil, nil, false
		}
	}
	less := seen
	for {
		if at := bytes.IndexByte(s.buf[s.start+seen:s.end], '>'); at >= 0 {
			seen += at
			break
		}
		seen = s.end - s.start
		if !s.fill() {
			if s.err == nil {
				s.err = ErrMarkup
			}
			return nil, nil, false
		}
	}
	text, tag = s.buf[s.start:s.start+less], s.buf[s.start+less+1:s.start+seen]
	s.start += seen + 1
	if len(tag) == 0 || string(tag) == "/" {
		s.err = ErrMarkup
		return nil, nil, false
	}
	return text, tag, true
}

// fill reads more. It moves what is left to the front first, so slices of the
// step before are gone.
func (s *Scanner) fill() bool {
	if s.ended || s.err != nil {
		return false
	}
	copy(s.buf, s.buf[s.start:s.end])
	s.end -= s.start
	s.start = 0
	if s.end == len(s.buf) {
		if len(s.buf) >= longest {
			s.err = ErrMarkup
			return false
		}
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	const idle = 100 // reads that give neither bytes nor an error
	for range idle {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		switch {
		case err == io.EOF:
			s.ended = true
			return n > 0
		case err != nil:
			s.err = err
			return false
		case n > 0:
			return true
		}
	}
	s.err = io.ErrNoProgress
	return false
}

// unescape resolves references in place: each is longer than what it stands
// for. What is none is kept.
func unescape(b []byte) []byte {
	at := bytes.IndexByte(b, '&')
	if at < 0 {
		return b
	}
	out := b[:at]
	b = b[at:]
	for len(b) > 0 {
		if b[0] != '&' {
			next := bytes.IndexByte(b, '&')
			if next < 0 {
				next = len(b)
			}
			out = append(out, b[:next]...)
			b = b[next:]
			continue
		}
		const longestReference = 12 // &#1114111; and some zeros
		end := bytes.IndexByte(b[:min(len(b), longestReference)], ';')
		r, ok := rune(0), false
		if end > 1 {
			r, ok = reference(b[1:end])
		}
		if !ok {
			out, b = append(out, '&'), b[1:]
			continue
		}
		out, b = utf8.AppendRune(out, r), b[end+1:]
	}
	return out
}

func reference(name []byte) (rune, bool) {
	switch string(name) {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if name[0] != '#' || len(name) < 2 {
		return 0, false
	}
	digits, base := name[1:], 10
	if digits[0] == 'x' || digits[0] == 'X' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(string(digits), base, 32)
	if err != nil || n > utf8.MaxRune || n >= 0xD800 && n < 0xE000 {
		return 0, false
	}
	return rune(n), true
}
