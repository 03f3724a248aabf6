package dump

import "strings"

// lexer cuts a script into statements and the comment lines between them. It
// follows psql's own rules (psqlscan.l): quotes, dollar quotes, nested comments,
// parentheses, and the bodies of functions in standard SQL, which hold semicolons.
type lexer struct {
	text string
	at   int
}

// next returns the next statement without its semicolon, or a comment line that
// stands between statements; "" at the end.
func (l *lexer) next() (token string, isStatement bool) {
	for l.at < len(l.text) {
		switch rest := l.text[l.at:]; {
		case strings.ContainsRune(" \t\r\n\f;", rune(rest[0])):
			l.at++
		case strings.HasPrefix(rest, "--"):
			return l.line(), false
		case rest[0] == '\\': // a command of psql: \restrict
			l.line()
		default:
			return l.statement(), true
		}
	}
	return "", false
}

func (l *lexer) line() string {
	line, _, _ := strings.Cut(l.text[l.at:], "\n")
	l.at += len(line)
	return strings.TrimSuffix(line, "\r")
}

// statement reads up to the semicolon that ends it.
func (l *lexer) statement() string {
	from := l.at
	var words []string
	parens, begins := 0, 0
	for l.at < len(l.text) {
		switch c := l.text[l.at]; {
		case c == ';' && parens == 0 && begins == 0:
			text := l.text[from:l.at]
			l.at++
			return strings.TrimSpace(text)
		case c == '(':
			parens++
			l.at++
		case c == ')':
			parens = max(parens-1, 0)
			l.at++
		case letter(c):
			word := strings.ToLower(l.word())
			if len(words) < 4 {
				words = append(words, word)
			}
			if parens == 0 && makesRoutine(words) {
				begins = nest(begins, word)
			}
		default:
			l.skip()
		}
	}
	return strings.TrimSpace(l.text[from:])
}

// nest counts BEGIN and CASE against END, in the body of a routine.
func nest(begins int, word string) int {
	switch {
	case word == "begin", word == "case" && begins > 0:
		return begins + 1
	case word == "end" && begins > 0:
		return begins - 1
	}
	return begins
}

// makesRoutine reports whether a statement is one whose body may be in standard SQL.
func makesRoutine(words []string) bool {
	if words[0] != "create" {
		return false
	}
	at := 1
	if len(words) > 3 && words[1] == "or" && words[2] == "replace" {
		at = 3
	}
	return len(words) > at && (words[at] == "function" || words[at] == "procedure")
}

// skip passes one token that is not a word: a quoted one as a whole.
func (l *lexer) skip() {
	rest := l.text[l.at:]
	switch {
	case rest[0] == '\'':
		// E'...' alone has backslashes that hide quotes.
		escapes := l.at > 0 && (l.text[l.at-1] == 'E' || l.text[l.at-1] == 'e') && (l.at < 2 || !wordByte(l.text[l.at-2]))
		l.quoted('\'', escapes)
	case rest[0] == '"':
		l.quoted('"', false)
	case strings.HasPrefix(rest, "--"):
		l.line()
	case strings.HasPrefix(rest, "/*"):
		l.block()
	case rest[0] == '$':
		l.dollars()
	case rest[0] >= '0' && rest[0] <= '9':
		l.word()
	default:
		l.at++
	}
}

func (l *lexer) quoted(quote byte, escapes bool) {
	for l.at++; l.at < len(l.text); l.at++ {
		switch c := l.text[l.at]; {
		case c == '\\' && escapes:
			l.at++
		case c == quote:
			// A doubled quote begins the next part at once, which comes to the same.
			l.at++
			return
		}
	}
	l.at = min(l.at, len(l.text))
}

func (l *lexer) block() {
	depth := 0
	for l.at < len(l.text) {
		switch rest := l.text[l.at:]; {
		case strings.HasPrefix(rest, "/*"):
			depth++
			l.at += 2
		case strings.HasPrefix(rest, "*/"):
			depth--
			l.at += 2
		default:
			l.at++
		}
		if depth == 0 {
			return
		}
	}
}

// dollars passes $tag$...$tag$; a $ that begins none is passed alone.
func (l *lexer) dollars() {
	rest := l.text[l.at:]
	end := 1
	for end < len(rest) && (letter(rest[end]) || end > 1 && rest[end] >= '0' && rest[end] <= '9') {
		end++
	}
	if end == len(rest) || rest[end] != '$' {
		l.at++
		return
	}
	tag := rest[:end+1]
	if body := strings.Index(rest[len(tag):], tag); body >= 0 {
		l.at += len(tag) + body + len(tag)
		return
	}
	l.at = len(l.text)
}

// word passes an identifier, keyword or number. A dollar sign may be part of one.
func (l *lexer) word() string {
	from := l.at
	for l.at < len(l.text) && wordByte(l.text[l.at]) {
		l.at++
	}
	return l.text[from:l.at]
}

func letter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func wordByte(c byte) bool { return letter(c) || c >= '0' && c <= '9' || c == '$' }
