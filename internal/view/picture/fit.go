package picture

import (
	"html"
	"strings"
	"unicode/utf8"
)

// advance estimates how wide a character is, in parts of the font's size. The
// classes are those of a wide face (DejaVu Sans, which stands in for the system
// face on most servers), so that others only leave room.
func advance(r rune) float64 {
	switch {
	case r >= 0x1100:
		return 1.1
	case r >= 0x300:
		return 0.88
	case r >= 0x80:
		return 0.82
	}
	switch {
	case strings.ContainsRune(" !',.:;Iijl|", r):
		return 0.41
	case strings.ContainsRune("\"()*-/J[\\]frst{}`_?", r):
		return 0.54
	case strings.ContainsRune("mMWw%@", r):
		return 1.01
	case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r == '$':
		return 0.645
	}
	return 0.85
}

// width estimates how wide a text is at the size.
func width(s string, size float64) float64 {
	sum := 0.0
	for _, r := range s {
		sum += advance(r)
	}
	return sum * size
}

// fit cuts a text in the middle to the width: the ends of names tell them apart.
func fit(s string, room, size float64) string {
	s = Clean(s) // what stands for a character may be wider than it
	if width(s, size) <= room {
		return s
	}
	runes := []rune(s)
	room -= advance('…') * size
	head, tail, used := 0, len(runes), 0.0
	for head < tail {
		next := runes[head]
		if head > len(runes)-tail {
			next = runes[tail-1]
		}
		if used += advance(next) * size; used > room {
			break
		}
		if head > len(runes)-tail {
			tail--
		} else {
			head++
		}
	}
	return string(runes[:head]) + "…" + string(runes[tail:])
}

// brief bounds a text that stands where there is room, in the same way.
func brief(s string, most int) string {
	if len(s) <= most {
		return s
	}
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	head := (most - 1) / 2
	return string(runes[:head]) + "…" + string(runes[len(runes)-(most-1-head):])
}

// label is a name as a box shows it: of an ARN that which tells it apart, in
// one line, without the account that names of buckets often end in.
func label(name string) string {
	const fields = 6 // arn:partition:service:region:account:resource
	const account = 12
	name = strings.Join(strings.Fields(name), " ")
	if cut := len(name) - account; cut > 1 && (name[cut-1] == '-' || name[cut-1] == '.') && strings.Trim(name[cut:], "0123456789") == "" {
		return name[:cut] + "…"
	}
	if part := strings.SplitN(name, ":", fields); len(part) == fields && part[0] == "arn" {
		short := part[5][strings.LastIndexByte(part[5], '/')+1:]
		if short != "" {
			return short
		}
		return part[5]
	}
	return name
}

// Clean replaces what pictures and pages cannot hold: control characters, those that turn
// the direction of writing, and bytes that are no text.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r < 0x20, r >= 0x7f && r <= 0x9f, r == 0x61c, r == 0x200e, r == 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfffe, r == 0xffff, r == utf8.RuneError:
			return '�'
		}
		return r
	}, s)
}

// esc makes any text safe inside XML.
func esc(s string) string { return html.EscapeString(Clean(s)) }
