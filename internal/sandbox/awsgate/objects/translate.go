package objects

import (
	"bytes"
	"encoding/xml"
	"strings"

	"example.com/landfall/internal/fault"
)

// translate copies an XML document and replaces the text of its leaves by what
// change makes of them. It works on bytes, because a listing of a million keys
// passes through it and encoding/xml would take ten times as long; what it does
// not understand (comments, CDATA, nested markup) it copies as it is, or
// refuses where a key might hide in it.
func translate(text []byte, change func(name, value string) (string, error)) ([]byte, error) {
	out := make([]byte, 0, len(text)+len(text)/8)
	for {
		start := bytes.IndexByte(text, '<')
		if start < 0 {
			return append(out, text...), nil
		}
		end := bytes.IndexByte(text[start:], '>')
		if end < 0 {
			return nil, fault.Newf(fault.Invalid, "read XML: a tag does not end")
		}
		end += start + 1
		tag := text[start:end]
		if bytes.HasPrefix(tag, []byte("<!")) {
			return nil, fault.Newf(fault.Invalid, "read XML: declarations, comments and CDATA are not supported")
		}
		out = append(out, text[:end]...)
		text = text[end:]
		name := leafName(tag)
		if name == "" {
			continue
		}
		next := bytes.IndexByte(text, '<')
		if next < 0 || !bytes.HasPrefix(text[next:], []byte("</")) {
			continue // an element with children
		}
		value, err := unescapeXML(text[:next])
		if err != nil {
			return nil, err
		}
		changed, err := change(name, value)
		if err != nil {
			return nil, err
		}
		if changed == value {
			out = append(out, text[:next]...)
		} else {
			out = appendText(out, changed)
		}
		text = text[next:]
	}
}

// leafName is the local name of an opening tag, "" for any other.
func leafName(tag []byte) string {
	if tag[1] == '/' || tag[1] == '?' || tag[len(tag)-2] == '/' {
		return ""
	}
	name := strings.TrimSpace(string(tag[1 : len(tag)-1]))
	name, _, _ = strings.Cut(name, " ")
	if _, local, ok := strings.Cut(name, ":"); ok {
		return local
	}
	return name
}

func unescapeXML(text []byte) (string, error) {
	if bytes.IndexByte(text, '&') < 0 && bytes.IndexByte(text, '\r') < 0 {
		return string(text), nil
	}
	var value string
	if err := xml.Unmarshal(append(append([]byte("<v>"), text...), "</v>"...), &value); err != nil {
		return "", fault.Of(fault.Invalid, "read XML text", "", err)
	}
	return value, nil
}

// appendText escapes as S3 does: control characters that XML 1.0 cannot hold
// are written as character references, which is why clients ask for the url
// encoding type.
func appendText(out []byte, s string) []byte {
	const hexDigits = "0123456789ABCDEF"
	for i := range len(s) {
		switch c := s[i]; {
		case c == '<':
			out = append(out, "&lt;"...)
		case c == '>':
			out = append(out, "&gt;"...)
		case c == '&':
			out = append(out, "&amp;"...)
		case c == '"':
			out = append(out, "&quot;"...)
		case c < 0x20 && c >= 0x10:
			out = append(out, "&#x1"...)
			out = append(out, hexDigits[c&15], ';')
		case c < 0x20:
			out = append(out, "&#x"...)
			out = append(out, hexDigits[c], ';')
		default:
			out = append(out, c)
		}
	}
	return out
}
