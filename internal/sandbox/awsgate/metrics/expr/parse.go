package expr

import (
	"slices"
	"strings"
)

// maxDepth bounds nesting, so that no expression can exhaust the stack.
const maxDepth = 100

// node is a part of a parsed expression: number, text, name, list, sign or call.
type node interface{ position() int }

type (
	numberNode struct {
		at    int
		value float64
	}
	textNode struct {
		at    int
		value string
	}
	nameNode struct {
		at   int
		name string
	}
	listNode struct {
		at    int
		items []node
	}
	minusNode struct {
		at int
		of node
	}
	signNode struct {
		at          int
		sign        string
		left, right node
	}
	callNode struct {
		at   int
		name string
		args []node
	}
)

func (n numberNode) position() int { return n.at }
func (n textNode) position() int   { return n.at }
func (n nameNode) position() int   { return n.at }
func (n listNode) position() int   { return n.at }
func (n minusNode) position() int  { return n.at }
func (n signNode) position() int   { return n.at }
func (n callNode) position() int   { return n.at }

// Expression is a parsed expression.
type Expression struct {
	root  node
	names []string
}

// Names returns the ids the expression refers to, sorted, each once.
func (e *Expression) Names() []string { return e.names }

// Parse reads an expression. It refuses unknown functions by name.
func Parse(text string) (*Expression, error) {
	tokens, err := scan(text)
	if err != nil {
		return nil, err
	}
	if tokens[0].kind == tokenName && strings.EqualFold(tokens[0].text, "SELECT") {
		return nil, errorAt(0, "Metrics Insights queries (SELECT) are not supported")
	}
	p := &parser{tokens: tokens, names: map[string]bool{}}
	root, err := p.binary(0)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != tokenEnd {
		return nil, errorAt(t.at, "%q is not expected", t.text)
	}
	names := make([]string, 0, len(p.names))
	for name := range p.names {
		names = append(names, name)
	}
	slices.Sort(names)
	return &Expression{root: root, names: names}, nil
}

type parser struct {
	tokens []token
	next   int
	depth  int
	names  map[string]bool
}

func (p *parser) peek() token { return p.tokens[p.next] }

func (p *parser) take() token {
	t := p.tokens[p.next]
	if t.kind != tokenEnd {
		p.next++
	}
	return t
}

func (p *parser) expect(sign string) error {
	t := p.take()
	if t.kind != tokenSign || t.text != sign {
		return errorAt(t.at, "%q is expected", sign)
	}
	return nil
}

func (p *parser) isSign(sign string) bool {
	t := p.peek()
	return t.kind == tokenSign && t.text == sign
}

// level returns how tightly a binary operator binds and its one spelling; 0
// means the token is none.
func level(t token) (int, string) {
	text := t.text
	if t.kind == tokenName {
		switch text {
		case "AND":
			text = "&&"
		case "OR":
			text = "||"
		default:
			return 0, ""
		}
	} else if t.kind != tokenSign {
		return 0, ""
	}
	switch text {
	case "||":
		return 1, text
	case "&&":
		return 2, text
	case "<", ">", "<=", ">=", "==", "!=":
		return 3, text
	case "+", "-":
		return 4, text
	case "*", "/":
		return 5, text
	case "^":
		return 7, text
	}
	return 0, ""
}

// binary parses operators that bind tighter than floor. "^" groups to the
// right, the others to the left.
func (p *parser) binary(floor int) (node, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return nil, errorAt(p.peek().at, "expression is nested deeper than %d", maxDepth)
	}
	left, err := p.unary()
	if err != nil {
		return nil, err
	}
	for {
		t := p.peek()
		binds, sign := level(t)
		if binds <= floor {
			return left, nil
		}
		p.take()
		below := binds
		if sign == "^" {
			below--
		}
		right, err := p.binary(below)
		if err != nil {
			return nil, err
		}
		left = signNode{at: t.at, sign: sign, left: left, right: right}
	}
}

// unary parses a sign before a value: -2^2 is -(2^2), so it binds between
// "*" and "^".
func (p *parser) unary() (node, error) {
	t := p.peek()
	if t.kind != tokenSign || (t.text != "-" && t.text != "+") {
		return p.primary()
	}
	p.take()
	of, err := p.binary(6)
	if err != nil || t.text == "+" {
		return of, err
	}
	return minusNode{at: t.at, of: of}, nil
}

func (p *parser) primary() (node, error) {
	t := p.take()
	switch t.kind {
	case tokenNumber:
		return numberNode{t.at, t.number}, nil
	case tokenText:
		return textNode{t.at, t.text}, nil
	case tokenName:
		if p.isSign("(") {
			return p.call(t)
		}
		if !isWord(t.text) {
			p.names[t.text] = true
		}
		return nameNode{t.at, t.text}, nil
	case tokenEnd:
		return nil, errorAt(t.at, "expression ends where a value is expected")
	}
	switch t.text {
	case "(":
		inner, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")")
	case "[":
		items, err := p.list("]")
		return listNode{t.at, items}, err
	}
	return nil, errorAt(t.at, "%q is not expected", t.text)
}

func (p *parser) call(name token) (node, error) {
	p.take()
	upper := strings.ToUpper(name.text)
	f, ok := functionOf(upper)
	if !ok {
		if refused(upper) {
			return nil, errorAt(name.at, "function %s is not supported", upper)
		}
		return nil, errorAt(name.at, "function %q is not known", name.text)
	}
	args, err := p.list(")")
	if err != nil {
		return nil, err
	}
	if len(args) < f.least || len(args) > f.most {
		return nil, errorAt(name.at, "function %s takes %s, not %d arguments", upper, f.arity(), len(args))
	}
	return callNode{name.at, upper, args}, nil
}

// list parses values up to the closing sign; the opening one is taken.
func (p *parser) list(closing string) ([]node, error) {
	var items []node
	if p.isSign(closing) {
		p.take()
		return items, nil
	}
	for {
		item, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
		if !p.isSign(",") {
			return items, p.expect(closing)
		}
		p.take()
	}
}

// isWord reports whether the name is a word of a function's argument and no
// query id: ids start with a lower-case letter (MetricDataQuery.Id).
func isWord(name string) bool {
	switch name {
	case "AVG", "MIN", "MAX", "SUM", "ASC", "DESC", "REPEAT", "LINEAR":
		return true
	}
	return false
}
