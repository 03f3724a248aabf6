package expr

import (
	"fmt"
	"strconv"
	"strings"
)

// maxText is the length that MetricDataQuery.Expression may have.
const maxText = 2048

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenNumber
	tokenName
	tokenText
	tokenSign
)

type token struct {
	kind   tokenKind
	text   string
	number float64
	at     int
}

// Error is an expression that cannot be parsed or computed.
type Error struct {
	// At is the byte offset in the expression; -1 when the trouble has no place.
	At     int
	Reason string
}

func (e *Error) Error() string {
	if e.At < 0 {
		return e.Reason
	}
	return fmt.Sprintf("%s at character %d", e.Reason, e.At+1)
}

func errorAt(at int, format string, args ...any) error {
	return &Error{At: at, Reason: fmt.Sprintf(format, args...)}
}

func errorf(format string, args ...any) error { return errorAt(-1, format, args...) }

// signs are tried in this order, so the longer ones stand first.
const signs = "&& || <= >= == != ( ) [ ] , + - * / ^ < >"

// scan cuts text into tokens; the last one is tokenEnd.
func scan(text string) ([]token, error) {
	if len(text) > maxText {
		return nil, errorf("expression has %d characters, the limit is %d", len(text), maxText)
	}
	var tokens []token
	for at := 0; at < len(text); {
		if strings.IndexByte(" \t\r\n", text[at]) >= 0 {
			at++
			continue
		}
		t, err := scanOne(text, at)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
		at += len(t.text)
		if t.kind == tokenText {
			at += 2
		}
	}
	return append(tokens, token{kind: tokenEnd, at: len(text)}), nil
}

func scanOne(text string, at int) (token, error) {
	c := text[at]
	switch {
	case isDigit(c), c == '.':
		return scanNumber(text, at)
	case isLetter(c):
		end := at
		for end < len(text) && (isLetter(text[end]) || isDigit(text[end])) {
			end++
		}
		return token{kind: tokenName, text: text[at:end], at: at}, nil
	case c == '\'', c == '"':
		length := strings.IndexByte(text[at+1:], c)
		if length < 0 {
			return token{}, errorAt(at, "text without closing %q", c)
		}
		return token{kind: tokenText, text: text[at+1 : at+1+length], at: at}, nil
	}
	for sign := range strings.FieldsSeq(signs) {
		if strings.HasPrefix(text[at:], sign) {
			return token{kind: tokenSign, text: sign, at: at}, nil
		}
	}
	return token{}, errorAt(at, "character %q is not known", c)
}

func scanNumber(text string, at int) (token, error) {
	end := at
	for end < len(text) && (isDigit(text[end]) || text[end] == '.') {
		end++
	}
	// An exponent counts only with digits behind it: "2e" could be a name.
	if rest := text[end:]; len(rest) > 1 && (rest[0] == 'e' || rest[0] == 'E') {
		digits := 1
		if rest[1] == '+' || rest[1] == '-' {
			digits = 2
		}
		stop := digits
		for stop < len(rest) && isDigit(rest[stop]) {
			stop++
		}
		if stop > digits {
			end += stop
		}
	}
	number, err := strconv.ParseFloat(text[at:end], 64)
	if err != nil {
		return token{}, errorAt(at, "%q is no number", text[at:end])
	}
	return token{kind: tokenNumber, text: text[at:end], number: number, at: at}, nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}
