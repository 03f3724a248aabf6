package objects

import (
	"strings"
	"unicode/utf8"

	"example.com/landfall/internal/fault"
)

// The code of keys. Every byte of a key becomes a code word:
//
//	/                  "-/"   a directory's name ends with "-", a file's does not
//	0x00 to 0x21       "-!" and two digits of base 11, from '"' to ","
//	0x22 to 0x2e       "-" and the byte
//	0x30 and above     the byte
//
// Code words sort as their bytes do ("-" sorts before "0", and what follows
// "-" keeps the order), so stored keys sort as keys. No name is empty, "." or
// "..", and "d" and "d/e" are the file "d" and the directory "d-". The first
// place where a word is found in a stored name is that of the byte it stands
// for, so the store can look for delimiters. Two more words stand where no
// byte can:
//
//	" /"               within a name that grew too long for the file system
//	"!"                ends a key that ends with a slash, so that it is a file
//	                   with data and not a directory
//
// Both sort before every code word, and stand in the same places in two keys
// as long as these are equal, so the order still holds.
const (
	escapeByte = '-'
	controlTag = '!'
	controlMax = 0x21
	digitZero  = '"'
	digits     = 11
	splitMark  = " /"
	slashWord  = "-/"
	emptyName  = "!"
	// nameBytes is where a name is split. File systems allow 255; a word and
	// the mark still have to fit.
	nameBytes = 200
)

// encodeKey returns the name under which the store keeps a key.
func encodeKey(key string) string {
	stored := encodePrefix(key)
	if strings.HasSuffix(key, "/") {
		stored += emptyName
	}
	return stored
}

// encodePrefix returns what the stored names of all keys with the prefix begin
// with.
func encodePrefix(prefix string) string {
	var b strings.Builder
	b.Grow(len(prefix) + len(prefix)/4)
	length := 0 // of the name so far
	for i := range len(prefix) {
		c := prefix[i]
		// A split inside a character would make two names that are not UTF-8.
		if length >= nameBytes && utf8.RuneStart(c) {
			b.WriteString(splitMark)
			length = 0
		}
		before := b.Len()
		switch {
		case c == '/':
			b.WriteString(slashWord)
		case c <= controlMax:
			b.WriteByte(escapeByte)
			b.WriteByte(controlTag)
			b.WriteByte(digitZero + c/digits)
			b.WriteByte(digitZero + c%digits)
		case c < '/':
			b.WriteByte(escapeByte)
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
		length += b.Len() - before
		if c == '/' {
			length = 0
		}
	}
	return b.String()
}

// decodeKey returns the key of a stored name or of a prefix of one.
func decodeKey(stored string) (string, error) {
	var b strings.Builder
	b.Grow(len(stored))
	for i := 0; i < len(stored); {
		n, c, ok := word(stored[i:], strings.HasSuffix(stored[:i], slashWord))
		if !ok {
			return "", fault.Of(fault.Invalid, "decode stored key", stored, nil).
				Hintf("put objects through the gate, not into the object store's folder")
		}
		if n > 0 && c >= 0 {
			b.WriteByte(byte(c))
		}
		i += n
	}
	return b.String(), nil
}

// word reads the first code word: its length and byte, -1 for a word that
// stands for none.
func word(s string, afterSlash bool) (length, value int, ok bool) {
	switch {
	case s[0] >= '0':
		return 1, int(s[0]), true
	case strings.HasPrefix(s, splitMark):
		return len(splitMark), -1, true
	case s == emptyName && afterSlash:
		return len(emptyName), -1, true
	case s[0] != escapeByte || len(s) < 2:
		return 0, 0, false
	case s[1] == controlTag:
		return control(s)
	case s[1] > controlMax && s[1] <= '/':
		return 2, int(s[1]), true
	}
	return 0, 0, false
}

func control(s string) (length, value int, ok bool) {
	if len(s) < 4 {
		return 0, 0, false
	}
	high, low := int(s[2])-digitZero, int(s[3])-digitZero
	value = high*digits + low
	return 4, value, high >= 0 && low >= 0 && high < digits && low < digits && value <= controlMax
}
