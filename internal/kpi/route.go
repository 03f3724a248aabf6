package kpi

import (
	"strings"

	"example.com/landfall/internal/cloud"
)

const (
	maxSegments = 12
	maxSegment  = 80
)

// Route folds the ids of a path, so that requests which do the same have the
// same route. Each segment between slashes is looked at by itself:
//
//   - digits only become {n}: /books/17 is /books/{n}
//   - a UUID becomes {uuid}, a date such as 2026-01-31 becomes {date}
//   - eight or more hexadecimal digits, at least one of them 0 to 9, become {hex}
//   - twenty or more letters, digits, "-" and "_", in which a letter and a digit
//     are neighbours at least three times and no run of letters is longer than
//     fifteen, become {id}
//   - an "@" (or %40) makes {mail}; more than 80 bytes make {long}
//   - otherwise the parts between ".", "-", "_", "~", "," and ":" follow the
//     first and the third rule each: /covers/17.jpg is /covers/{n}.jpg
//
// Parameters after ";" and the query are left out, and so are empty segments.
// More than twelve segments end in {rest}. Names are kept in their own case,
// and whatever holds digits without being an id by these rules (v1, oauth2,
// s3) is kept too. Secrets in a path, such as a token of a link, are ids by
// these rules and so never reach the baseline.
func Route(path string) string { return string(AppendRoute(nil, path)) }

// AppendRoute appends the route of the path to b, without making a string of it.
func AppendRoute(b []byte, path string) []byte {
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	start, segments := len(b), 0
	for len(path) > 0 {
		var segment string
		segment, path, _ = strings.Cut(path, "/")
		if segment, _, _ = strings.Cut(segment, ";"); segment == "" {
			continue
		}
		b = append(b, '/')
		if segments++; segments > maxSegments {
			return append(b, "{rest}"...)
		}
		b = appendSegment(b, segment)
	}
	if len(b) == start {
		b = append(b, '/')
	}
	return b
}

func appendSegment(b []byte, s string) []byte {
	c := countBytes(s)
	switch {
	case c.digits == len(s):
		return append(b, "{n}"...)
	case len(s) > maxSegment:
		return append(b, "{long}"...)
	case c.mail || strings.Contains(s, "%40"):
		return append(b, "{mail}"...)
	case isUUID(s):
		return append(b, "{uuid}"...)
	case isDate(s):
		return append(b, "{date}"...)
	case isHex(s, c):
		return append(b, "{hex}"...)
	case len(s) >= 20 && c.mixed >= 3 && c.other == 0 && c.word <= 15:
		return append(b, "{id}"...)
	case c.separators == 0:
		return append(b, s...)
	}
	from := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && !isSeparator(s[i]) {
			continue
		}
		part := s[from:i]
		switch counted := countBytes(part); {
		case part == "":
		case counted.digits == len(part):
			b = append(b, "{n}"...)
		case isHex(part, counted):
			b = append(b, "{hex}"...)
		default:
			b = append(b, part...)
		}
		if i < len(s) {
			b = append(b, s[i])
		}
		from = i + 1
	}
	return b
}

// counts are what a segment is made of.
type counts struct {
	digits, hex, separators int
	// other are bytes that no id has; word is the longest run of letters.
	other, word int
	// mixed is how often a letter and a digit are neighbours.
	mixed int
	mail  bool
}

func countBytes(s string) counts {
	var c counts
	run, lettered := 0, false
	for i := range len(s) {
		b := s[i]
		letter := b|0x20 >= 'a' && b|0x20 <= 'z'
		switch {
		case isDigit(b):
			c.digits++
			c.hex++
		case b|0x20 >= 'a' && b|0x20 <= 'f':
			c.hex++
		case isSeparator(b):
			c.separators++
			if b != '-' && b != '_' {
				c.other++
			}
		case b == '@':
			c.mail = true
		case !letter:
			c.other++
		}
		if run++; !letter {
			run = 0
		}
		c.word = max(c.word, run)
		if i > 0 && letter != lettered && (letter || isDigit(b)) && (lettered || isDigit(s[i-1])) {
			c.mixed++
		}
		lettered = letter
	}
	return c
}

func isSeparator(b byte) bool {
	switch b {
	case '.', '-', '_', '~', ',', ':':
		return true
	}
	return false
}

func isHex(s string, c counts) bool { return len(s) >= 8 && c.hex == len(s) && c.digits > 0 }

// isUUID reports whether s is 8-4-4-4-12 hexadecimal digits.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (s[i] == '-') || !dash && !isHexDigit(s[i]) {
			return false
		}
	}
	return true
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

func isHexDigit(b byte) bool {
	return isDigit(b) || b|0x20 >= 'a' && b|0x20 <= 'f'
}

// isDate reports whether s looks like 2026-01-31.
func isDate(s string) bool {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return false
	}
	for i := range len(s) {
		if i != 4 && i != 7 && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return true
}

// FlowOf names a flow: requests with the method, to the host, on the route, at
// the front (a balancer's name in its log; "" when it is not known).
func FlowOf(front, method, host, route string) Subject {
	name := method + " " + host + route
	id := name
	if front != "" {
		id = front + " " + name
	}
	return Subject{Kind: Flow, ID: cloud.ResourceID(id), Name: name}
}
