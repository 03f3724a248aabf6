package template

import (
	"fmt"
	"strconv"
	"strings"
)

// Resource Manager's own limit on an expression is 24,576 characters.
const (
	maxExpression = 24576
	maxNesting    = 100
)

// expr is a parsed expression.
type expr interface{ isExpr() }

type literal struct{ value any }

type call struct {
	name string
	args []expr
}

// member is a.b, a['b'], a[0] and the safe forms a.?b and a[?b].
type member struct {
	of   expr
	key  expr
	safe bool
}

func (literal) isExpr() {}
func (call) isExpr()    {}
func (member) isExpr()  {}

// IsExpression reports whether a template string is an expression: it starts
// with "[" and ends with "]". "[[" starts a plain text that begins with "[".
func IsExpression(s string) bool {
	return strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") && !strings.HasPrefix(s, "[[")
}

// parse reads the expression inside the brackets of s.
func parse(s string) (expr, error) {
	if len(s) > maxExpression {
		return nil, fmt.Errorf("the expression has %d characters, the limit is %d", len(s), maxExpression)
	}
	p := &parser{text: s[1 : len(s)-1]}
	e, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	p.space()
	if p.at < len(p.text) {
		return nil, p.errorf("unexpected %q after the expression", p.text[p.at:p.at+1])
	}
	return e, nil
}

type parser struct {
	text string
	at   int
}

func (p *parser) errorf(format string, args ...any) error {
	return fmt.Errorf("%s at position %d of '%s'", fmt.Sprintf(format, args...), p.at+1, short(p.text))
}

func short(s string) string {
	if len(s) > 80 {
		return s[:80] + "..."
	}
	return s
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// peek skips space and returns the next byte, 0 at the end.
func (p *parser) peek() byte {
	p.space()
	if p.at >= len(p.text) {
		return 0
	}
	return p.text[p.at]
}

func (p *parser) take(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.at++
	return true
}

func (p *parser) expression(depth int) (expr, error) {
	if depth > maxNesting {
		return nil, p.errorf("the expression is nested more than %d deep", maxNesting)
	}
	e, err := p.primary(depth)
	for err == nil {
		switch p.peek() {
		case '.':
			p.at++
			e, err = p.property(e)
		case '[':
			p.at++
			e, err = p.index(e, depth)
		default:
			return e, nil
		}
	}
	return nil, err
}

func (p *parser) property(of expr) (expr, error) {
	safe := p.take('?')
	name := p.identifier()
	if name == "" {
		return nil, p.errorf("a property name is missing after the dot")
	}
	if p.peek() == '(' {
		return nil, p.errorf("user-defined functions are not supported, here %q", name)
	}
	return member{of: of, key: literal{name}, safe: safe}, nil
}

func (p *parser) index(of expr, depth int) (expr, error) {
	safe := p.take('?')
	key, err := p.expression(depth + 1)
	if err != nil {
		return nil, err
	}
	if !p.take(']') {
		return nil, p.errorf("']' is missing")
	}
	return member{of: of, key: key, safe: safe}, nil
}

func (p *parser) primary(depth int) (expr, error) {
	c := p.peek()
	switch {
	case c == '\'':
		return p.quoted()
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	name := p.identifier()
	if name == "" {
		if c == 0 {
			return nil, p.errorf("the expression ends too early")
		}
		return nil, p.errorf("unexpected %q", string(c))
	}
	if p.peek() == '.' {
		return nil, p.errorf("%q is no function call; user-defined functions are not supported", name)
	}
	if !p.take('(') {
		return nil, p.errorf("'(' is missing after %q", name)
	}
	return p.arguments(name, depth)
}

func (p *parser) arguments(name string, depth int) (expr, error) {
	c := call{name: name}
	if p.take(')') {
		return c, nil
	}
	for {
		arg, err := p.expression(depth + 1)
		if err != nil {
			return nil, err
		}
		c.args = append(c.args, arg)
		if p.take(')') {
			return c, nil
		}
		if !p.take(',') {
			return nil, p.errorf("',' or ')' is missing in the call of %q", name)
		}
	}
}

// quoted reads a text in single quotes; a quote inside is written twice.
func (p *parser) quoted() (expr, error) {
	var b strings.Builder
	for i := p.at + 1; i < len(p.text); i++ {
		if p.text[i] != '\'' {
			b.WriteByte(p.text[i])
			continue
		}
		if i+1 < len(p.text) && p.text[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		p.at = i + 1
		return literal{b.String()}, nil
	}
	return nil, p.errorf("the text is not closed")
}

func (p *parser) number() (expr, error) {
	start := p.at
	if p.text[p.at] == '-' {
		p.at++
	}
	for p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9' {
		p.at++
	}
	n, err := strconv.ParseInt(p.text[start:p.at], 10, 64)
	if err != nil {
		return nil, p.errorf("%q is no whole number", p.text[start:p.at])
	}
	return literal{n}, nil
}

func (p *parser) identifier() string {
	p.space()
	start := p.at
	for p.at < len(p.text) && wordByte(p.text[p.at], p.at > start) {
		p.at++
	}
	return p.text[start:p.at]
}

func wordByte(c byte, digits bool) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || digits && c >= '0' && c <= '9'
}
