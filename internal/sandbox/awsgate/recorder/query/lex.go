package query

import (
	"fmt"
	"strings"
)

// maxText is the length that SelectResourceConfig's Expression may have.
const maxText = 4096

// Error is a query that cannot be understood.
type Error struct {
	At     int
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("%s at character %d", e.Reason, e.At+1) }

func errorAt(at int, format string, args ...any) error {
	return &Error{At: at, Reason: fmt.Sprintf(format, args...)}
}

type tokenKind int

const (
	end tokenKind = iota
	word
	text
	number
	sign
)

type token struct {
	kind tokenKind
	// text is the word or sign as written, or the text without its quotes.
	text string
	at   int
}

// is reports whether the token is the keyword, in any case.
func (t token) is(keyword string) bool { return t.kind == word && strings.EqualFold(t.text, keyword) }

func (t token) isSign(s string) bool { return t.kind == sign && t.text == s }

func (t token) show() string {
	if t.kind == end {
		return "the end"
	}
	return fmt.Sprintf("%q", t.text)
}

func scan(from string) ([]token, error) {
	if len(from) > maxText {
		return nil, errorAt(maxText, "query has %d characters, the limit is %d", len(from), maxText)
	}
	var tokens []token
	for at := 0; at < len(from); {
		if strings.IndexByte(" \t\r\n", from[at]) >= 0 {
			at++
			continue
		}
		t, length, err := scanOne(from, at)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
		at += length
	}
	return append(tokens, token{kind: end, at: len(from)}), nil
}

func scanOne(from string, at int) (token, int, error) {
	c := from[at]
	switch {
	case c == '\'' || c == '"':
		return scanText(from, at)
	case isDigit(c), c == '-' && at+1 < len(from) && isDigit(from[at+1]):
		stop := at + 1
		for stop < len(from) && (isDigit(from[stop]) || from[stop] == '.') {
			stop++
		}
		return token{number, from[at:stop], at}, stop - at, nil
	case isLetter(c):
		stop := at + 1
		for stop < len(from) && (isLetter(from[stop]) || isDigit(from[stop]) || strings.IndexByte(".:-", from[stop]) >= 0) {
			stop++
		}
		return token{word, from[at:stop], at}, stop - at, nil
	}
	for _, s := range []string{"<>", "!=", "<=", ">=", "=", "<", ">", "(", ")", ",", "*"} {
		if strings.HasPrefix(from[at:], s) {
			return token{sign, s, at}, len(s), nil
		}
	}
	return token{}, 0, errorAt(at, "character %q is not known", c)
}

// scanText reads a quoted text; a doubled quote stands for itself.
func scanText(from string, at int) (token, int, error) {
	quote := from[at]
	var b strings.Builder
	for i := at + 1; i < len(from); i++ {
		if from[i] != quote {
			b.WriteByte(from[i])
			continue
		}
		if i+1 < len(from) && from[i+1] == quote {
			b.WriteByte(quote)
			i++
			continue
		}
		return token{text, b.String(), at}, i + 1 - at, nil
	}
	return token{}, 0, errorAt(at, "text without closing %q", quote)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }
